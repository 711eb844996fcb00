//! The initiator's side: what a strategy asks, what answers, and the name that it dials. One file for each strategy.
//!
//! Facts are those of libcluster 3.5.0 (`lib/strategy/`), of Kubernetes 1.35's endpoints controller and of CoreDNS, as
//! measured on a real cluster.

mod dns_poll;
mod kubernetes;
mod kubernetes_dns;
mod kubernetes_dns_srv;

use std::fmt;

use crate::name::env::{Env, Scope};
use crate::name::template::{Part, Sym, Template, Why};
use crate::place::Loc;
use crate::world::declared::{Declared, Key, Sourced};
use crate::world::selector::Selector;

/// A strategy with its options.
pub trait Discovery: fmt::Debug + Send + Sync {
    /// What it asks.
    fn query(&self) -> Query;

    /// The name that it makes of an answer.
    fn dials(&self, answer: &Answer) -> Template;

    /// What it needs besides an answer.
    fn needs(&self) -> Needs;

    /// The Service whose name is a part of the names that are dialled, where the query is about something else.
    fn service(&self) -> Option<&ServiceRef> {
        None
    }
}

/// What a strategy asks.
#[derive(Debug, Clone)]
pub enum Query {
    /// The records of a Service's name.
    Service(ServiceRef, Record),
    /// The objects that carry labels.
    Labels(LabelQuery),
    /// It cannot be known from here, and why.
    Unknown(Why),
    /// The declaration leaves out what to ask; said by rule 003.
    Undeclared,
}

/// A request to the API server for everything that carries labels.
#[derive(Debug, Clone)]
pub struct LabelQuery {
    /// What is listed.
    pub on: Resource,
    /// The labels.
    pub selector: Selector,
    /// Where the selector was written.
    pub at: Loc,
    /// The namespace.
    pub namespace: Option<String>,
}

/// What a label query lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// `endpoints`, which carry the labels of their *Service*.
    Endpoints,
    /// `pods`.
    Pods,
}

impl Resource {
    /// The name in URLs and roles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Endpoints => "endpoints",
            Self::Pods => "pods",
        }
    }
}

/// The type of DNS record that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Addresses.
    A,
    /// Host names and ports.
    Srv,
}

/// A Service addressed by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRef {
    /// `metadata.name`.
    pub name: String,
    /// The namespace in which it is looked for.
    pub namespace: Option<String>,
    /// Where it was written.
    pub at: Loc,
    /// The variable of the container that holds it, if it is not written in the declaration itself.
    pub variable: Option<String>,
    /// How much of the full name is written.
    pub form: Form,
    /// Whether the resolver's search list completes it. `inet_res:lookup` does not use one.
    pub search: bool,
    /// The domain that follows `svc`.
    pub cluster_domain: String,
}

/// How much of a Service's full name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `cart`, where the resolver's search list has to find the rest.
    Bare,
    /// `cart.shop`.
    InNamespace,
    /// `cart.shop.svc`.
    InZone,
    /// `cart.shop.svc.cluster.local`.
    Full,
    /// The strategy asks for the Service by its name and makes the full name of it.
    Composed,
}

impl ServiceRef {
    /// Whether the query says the namespace itself.
    pub fn says_namespace(&self) -> bool {
        matches!(self.form, Form::InNamespace | Form::InZone | Form::Full)
    }

    /// Whether the query is one that DNS can answer: a part of a name needs the search list.
    pub fn is_asked_in_full(&self) -> bool {
        self.search || matches!(self.form, Form::Full | Form::Composed)
    }

    /// The name as the strategy is given it, and as it logs it.
    pub fn written(&self) -> String {
        let namespace = self.namespace.as_deref().unwrap_or("<namespace>");
        match self.form {
            Form::Bare | Form::Composed => self.name.clone(),
            Form::InNamespace => format!("{}.{namespace}", self.name),
            Form::InZone => format!("{}.{namespace}.svc", self.name),
            Form::Full => self.fqdn(),
        }
    }

    /// The full name that DNS knows it by.
    pub fn fqdn(&self) -> String {
        let namespace = self.namespace.as_deref().unwrap_or("<namespace>");
        format!("{}.{namespace}.svc.{}", self.name, self.cluster_domain)
    }
}

/// `shop/cart`.
impl fmt::Display for ServiceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// One peer as discovery shows it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The `hostname` of the address: there only where the pod has one and its subdomain is the Service.
    pub hostname: Option<Template>,
    /// The Service whose answer it is.
    pub service: Option<String>,
    /// Whether DNS answers with one virtual address.
    pub virtual_ip: bool,
    /// Where the answer comes from.
    pub at: Loc,
}

/// What a strategy needs besides an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// The right to list a resource.
    pub list: Option<Resource>,
    /// A Service that answers with the pods, not with one address of its own.
    pub headless: bool,
    /// A port on that Service.
    pub ports: bool,
    /// Pods with host names that the Service publishes.
    pub hostname: bool,
    /// Names that end in `.local`.
    pub local_domain: bool,
    /// Addresses without a CNAME before them, which `type: ExternalName` gives.
    pub no_alias: bool,
}

/// Something that is wrong with a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Nothing is called so; with the strategy that may be meant.
    UnknownStrategy(Option<&'static str>),
    /// libcluster or another library has it, and nothing here checks it yet.
    Unchecked(&'static str),
    /// A key with a value that is not among those allowed.
    BadValue {
        /// The key.
        key: Key,
        /// Its value.
        value: Sourced<String>,
        /// What it may be.
        allowed: &'static [&'static str],
    },
    /// A key that the strategy needs, and what libcluster calls it.
    Missing(Key, &'static str),
}

/// A declaration made into a strategy.
#[derive(Debug)]
pub struct Strategy {
    /// Its name, without the module's prefix.
    pub name: String,
    /// The strategy, if it is one that is known here.
    pub discovery: Option<Box<dyn Discovery>>,
    /// What is wrong with the declaration.
    pub problems: Vec<Problem>,
    /// The keys that the strategy reads.
    pub used: Vec<Key>,
}

/// Makes a strategy of its options.
type Reader = fn(&mut Options<'_>) -> Box<dyn Discovery>;

/// The strategies by libcluster's names.
const STRATEGIES: [(&str, Reader); 6] = [
    ("Kubernetes", kubernetes::read),
    ("Kubernetes.DNS", kubernetes_dns::read),
    ("Kubernetes.DNSSRV", kubernetes_dns_srv::read),
    ("DNSPoll", dns_poll::read_poll),
    ("DNSCluster", dns_poll::read_cluster),
    ("Peerage", dns_poll::read_peerage),
];

/// Strategies that exist and are not checked.
const UNCHECKED: [&str; 6] = ["Gossip", "Epmd", "LocalEpmd", "ErlangHosts", "Announced", "Rancher"];

impl Strategy {
    /// Reads a declaration.
    pub fn read(scope: Scope<'_>, declared: &Declared, env: &Env, own_base: Option<Template>) -> Self {
        let name = canonical(&declared.strategy.value);
        let Some((_, reader)) = STRATEGIES.iter().find(|(known, _)| *known == name) else {
            let unchecked = UNCHECKED.iter().find(|known| **known == name);
            let problem =
                unchecked.map_or_else(|| Problem::UnknownStrategy(nearest(name)), |name| Problem::Unchecked(name));
            return Self { name: name.to_owned(), discovery: None, problems: vec![problem], used: Vec::new() };
        };
        let mut options = Options { scope, declared, env, own_base, problems: Vec::new(), used: Vec::new() };
        let discovery = reader(&mut options);
        Self { name: name.to_owned(), discovery: Some(discovery), problems: options.problems, used: options.used }
    }

    /// The names that a declaration may say.
    pub fn names() -> impl Iterator<Item = &'static str> {
        STRATEGIES.iter().map(|(name, _)| *name).chain(UNCHECKED)
    }
}

/// `Cluster.Strategy.Kubernetes.DNS` is what stands in an Elixir configuration; the module's prefix may stay.
fn canonical(name: &str) -> &str {
    let name = name.strip_prefix("Elixir.").unwrap_or(name);
    name.strip_prefix("Cluster.Strategy.").unwrap_or(name)
}

fn nearest(name: &str) -> Option<&'static str> {
    let distance = |known: &str| edit_distance(&known.to_lowercase(), &name.to_lowercase());
    Strategy::names()
        .map(|known| (distance(known), known))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, known)| known)
}

/// Levenshtein's distance in characters.
pub fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The options of a declaration, as a strategy reads them.
#[derive(Debug)]
pub struct Options<'a> {
    scope: Scope<'a>,
    declared: &'a Declared,
    env: &'a Env,
    /// What stands before `@` in the node's own name.
    own_base: Option<Template>,
    problems: Vec<Problem>,
    used: Vec<Key>,
}

impl Options<'_> {
    /// An option, with references to the container's variables resolved.
    fn get(&mut self, key: Key) -> Option<Sourced<Template>> {
        self.used.push(key);
        let declared = self.declared.get(key)?;
        let value = self.env.expand_argument(declared.value.trim(), &declared.at, self.scope);
        Some(Sourced { value: value.with_references_open(), at: declared.at.clone() })
    }

    /// The variable that an option is taken from, where the declaration points at one: `$(PEERS)`.
    fn variable_of(&self, key: Key) -> Option<String> {
        let name = self.declared.get(key)?.value.trim().strip_prefix("$(")?.strip_suffix(')')?;
        self.env.get(name).map(|var| var.name.clone())
    }

    /// An option that the strategy needs; `called` is libcluster's name for it.
    fn require(&mut self, key: Key, called: &'static str) -> Option<Sourced<Template>> {
        let found = self.get(key).filter(|found| !found.value.is_empty());
        if found.is_none() {
            self.problems.push(Problem::Missing(key, called));
        }
        found
    }

    /// The part before `@`. Where it is not declared, it is taken to be the one that the node itself has.
    fn basename(&mut self, called: &'static str) -> Template {
        if let Some(found) = self.get(Key::Basename).filter(|found| !found.value.is_empty()) {
            return found.value;
        }
        self.own_base.clone().unwrap_or_else(|| {
            self.problems.push(Problem::Missing(Key::Basename, called));
            Template::opaque(Why::Image, &self.declared.strategy.at)
        })
    }

    /// A variable of the container.
    fn variable(&self, name: &str) -> Option<Sourced<Template>> {
        let var = self.env.get(name)?;
        Some(Sourced { value: var.value.with_references_open(), at: var.at.clone() })
    }

    /// The part before `@` of a strategy that takes the node's own.
    fn own_or_declared_basename(&mut self) -> Template {
        let declared = self.get(Key::Basename).map(|found| found.value);
        self.own_base.clone().or(declared).unwrap_or_else(|| Template::opaque(Why::Image, &self.declared.strategy.at))
    }

    /// An option with a few allowed values, the first of which is the default.
    fn choice<T: Copy>(&mut self, key: Key, allowed: &'static [&'static str], values: &[T]) -> Choice<T> {
        let found = self.get(key);
        let Some(found) = found else { return Choice::Is(values[0]) };
        let Some(text) = found.value.literal() else {
            return Choice::Unknown(found.value.unknown().cloned().unwrap_or(Why::Image));
        };
        let text = text.trim_start_matches(':');
        if let Some(position) = allowed.iter().position(|word| *word == text) {
            return Choice::Is(values[position]);
        }
        let value = Sourced { value: text.to_owned(), at: found.at };
        self.problems.push(Problem::BadValue { key, value, allowed });
        Choice::Unknown(Why::Image)
    }

    /// The namespace that is asked about, by default the pod's own.
    fn namespace(&mut self) -> Result<Option<String>, Why> {
        match self.get(Key::Namespace) {
            None => Ok(self.scope.object.namespace.clone()),
            Some(found) if is_own_namespace(&found.value) => Ok(self.scope.object.namespace.clone()),
            Some(found) => known(&found.value).map(Some),
        }
    }

    /// The DNS domain of the cluster, without dots at its ends.
    fn cluster_domain(&mut self) -> String {
        let declared = self.get(Key::ClusterDomain).and_then(|found| found.value.literal());
        declared
            .map_or_else(|| self.scope.world.facts.cluster_domain.clone(), |domain| domain.trim_matches('.').to_owned())
    }

    /// A Service that DNS is asked for by a name of whatever length.
    fn service(&mut self, found: Option<&Sourced<Template>>, search: bool) -> Result<Option<ServiceRef>, Why> {
        let namespace = self.namespace()?;
        let cluster_domain = self.cluster_domain();
        let Some(found) = found else { return Ok(None) };
        let text = self.spell(&found.value)?;
        // A dot at the end says that nothing is to be added.
        let (text, search) = text.strip_suffix('.').map_or((text.as_str(), search), |text| (text, false));
        let asked = parse_query(text).ok_or_else(|| Why::Placeholder(text.to_owned()))?;
        Ok(Some(ServiceRef {
            name: asked.name.to_owned(),
            namespace: match asked.namespace {
                Some(OWN) => self.scope.object.namespace.clone(),
                Some(written) => Some(written.to_owned()),
                None => namespace,
            },
            at: found.at.clone(),
            variable: self.variable_of(Key::Service),
            form: asked.form,
            search,
            cluster_domain: asked.domain.map_or(cluster_domain, str::to_owned),
        }))
    }

    /// A Service whose name alone the strategy is given, and makes a longer one of.
    fn service_name(&mut self, found: Option<&Sourced<Template>>) -> Result<Option<ServiceRef>, Why> {
        let namespace = self.namespace()?;
        let cluster_domain = self.cluster_domain();
        let Some(found) = found else { return Ok(None) };
        Ok(Some(ServiceRef {
            name: known(&found.value)?,
            namespace,
            at: found.at.clone(),
            variable: self.variable_of(Key::Service),
            form: Form::Composed,
            search: false,
            cluster_domain,
        }))
    }

    /// A name with the namespace of the pod filled in, as far as that is written.
    fn spell(&self, value: &Template) -> Result<String, Why> {
        let namespace = self.scope.object.namespace.as_deref().unwrap_or(OWN);
        let spelt = value.pieces().iter().map(|piece| match &piece.part {
            Part::Sym(Sym::Namespace) => Some(namespace),
            part => part.text(),
        });
        spelt.collect::<Option<String>>().ok_or_else(|| unknown(value))
    }

    /// The place of the declaration.
    fn at(&self) -> Loc {
        self.declared.strategy.at.clone()
    }
}

/// A choice that may be unknown.
#[derive(Debug, Clone)]
enum Choice<T> {
    Is(T),
    Unknown(Why),
}

/// Stands for the pod's own namespace in a name, where that is not written; no name can hold it.
const OWN: &str = "{namespace}";

/// What a name asks the cluster's DNS for.
#[derive(Debug, PartialEq, Eq)]
struct Asked<'t> {
    name: &'t str,
    namespace: Option<&'t str>,
    form: Form,
    domain: Option<&'t str>,
}

/// Reads a name as the cluster's DNS would. Names of single pods, of ports and of other zones are not a Service's.
fn parse_query(text: &str) -> Option<Asked<'_>> {
    let mut parts = text.splitn(4, '.');
    let name = parts.next().filter(|name| !name.is_empty())?;
    let (namespace, zone, domain) = (parts.next(), parts.next(), parts.next());
    let form = match (namespace, zone, domain) {
        (None, ..) => Form::Bare,
        (Some(_), None, _) => Form::InNamespace,
        (Some(_), Some("svc"), None) => Form::InZone,
        (Some(_), Some("svc"), Some(_)) => Form::Full,
        _ => return None,
    };
    Some(Asked { name, namespace, form, domain })
}

fn known(value: &Template) -> Result<String, Why> {
    value.literal().ok_or_else(|| unknown(value))
}

fn unknown(value: &Template) -> Why {
    value.unknown().cloned().unwrap_or(Why::Placeholder(value.to_string()))
}

fn is_own_namespace(value: &Template) -> bool {
    value.pieces().len() == 1 && value.syms().next() == Some(Sym::Namespace)
}

/// The namespace of a pod or Service as it appears in names.
fn namespace_of(namespace: Option<&String>, at: &Loc) -> Template {
    namespace.map_or_else(|| Template::sym(Sym::Namespace, at), |name| Template::lit(name.clone(), at))
}

/// `base@`.
fn at_sign(base: &Template, at: &Loc) -> Template {
    let mut name = base.clone();
    name.push_lit("@", at);
    name
}

/// A query for a Service, or why there is none.
fn service_query(service: &Result<Option<ServiceRef>, Why>, record: Record) -> Query {
    match service {
        Ok(Some(service)) => Query::Service(service.clone(), record),
        Ok(None) => Query::Undeclared,
        Err(why) => Query::Unknown(why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_the_clusters_dns_reads_them() {
        for (text, read) in [
            ("cart", Some(("cart", None, Form::Bare, None))),
            ("cart.shop", Some(("cart", Some("shop"), Form::InNamespace, None))),
            ("cart.shop.svc", Some(("cart", Some("shop"), Form::InZone, None))),
            ("cart.shop.svc.cluster.local", Some(("cart", Some("shop"), Form::Full, Some("cluster.local")))),
            ("cart.{namespace}.svc.a.b.c", Some(("cart", Some(OWN), Form::Full, Some("a.b.c")))),
            ("cart-0.cart.shop.svc.cluster.local", None),
            ("_epmd._tcp.cart.shop.svc.cluster.local", None),
            ("nodes.consul.example.com", None),
            ("", None),
        ] {
            let read = read.map(|(name, namespace, form, domain)| Asked { name, namespace, form, domain });
            assert_eq!(parse_query(text), read, "{text}");
        }
    }
}
