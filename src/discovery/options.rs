//! The options of a declaration, as a strategy reads them.

use super::Problem;
use super::query::{Form, Query, Record, ServiceRef};
use crate::name::env::{Env, Scope};
use crate::name::template::{Part, Sym, Template, Why};
use crate::place::Loc;
use crate::world::declared::{Declared, Key, Sourced};

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

impl<'a> Options<'a> {
    pub(super) fn new(scope: Scope<'a>, declared: &'a Declared, env: &'a Env, own_base: Option<Template>) -> Self {
        Self { scope, declared, env, own_base, problems: Vec::new(), used: Vec::new() }
    }

    /// What was wrong with them, and which of them were read.
    pub(super) fn into_parts(self) -> (Vec<Problem>, Vec<Key>) {
        (self.problems, self.used)
    }
}

impl Options<'_> {
    /// An option, with references to the container's variables resolved.
    pub(super) fn get(&mut self, key: Key) -> Option<Sourced<Template>> {
        self.used.push(key);
        let declared = self.declared.get(key)?;
        let value = self.env.expand_argument(declared.value.trim(), &declared.at, self.scope);
        Some(Sourced { value: value.with_references_open(), at: declared.at.clone() })
    }

    /// The variable that an option is taken from, where the declaration points at one: `$(PEERS)`.
    pub(super) fn variable_of(&self, key: Key) -> Option<String> {
        let name = self.declared.get(key)?.value.trim().strip_prefix("$(")?.strip_suffix(')')?;
        self.env.get(name).map(|var| var.name.clone())
    }

    /// An option that the strategy needs; `called` is libcluster's name for it.
    pub(super) fn require(&mut self, key: Key, called: &'static str) -> Option<Sourced<Template>> {
        let found = self.get(key).filter(|found| !found.value.is_empty());
        if found.is_none() {
            self.problems.push(Problem::Missing(key, called));
        }
        found
    }

    /// The part before `@`. Where it is not declared, it is taken to be the one that the node itself has.
    pub(super) fn basename(&mut self, called: &'static str) -> Template {
        if let Some(found) = self.get(Key::Basename).filter(|found| !found.value.is_empty()) {
            return found.value;
        }
        // A further topology may look for nodes of any other.
        self.own_base.clone().filter(|_| !self.declared.is_further).unwrap_or_else(|| {
            self.problems.push(Problem::Missing(Key::Basename, called));
            Template::opaque(Why::Image, &self.declared.strategy.at)
        })
    }

    /// A variable of the container.
    pub(super) fn variable(&self, name: &str) -> Option<Sourced<Template>> {
        let var = self.env.get(name)?;
        Some(Sourced { value: var.value.with_references_open(), at: var.at.clone() })
    }

    /// The part before `@` of a strategy that takes the node's own.
    pub(super) fn own_or_declared_basename(&mut self) -> Template {
        let declared = self.get(Key::Basename).map(|found| found.value);
        self.own_base.clone().or(declared).unwrap_or_else(|| Template::opaque(Why::Image, &self.declared.strategy.at))
    }

    /// The part before `@` of a strategy that makes no names: the node's own, else what is declared, which nobody has tried yet.
    pub(super) fn any_basename(&mut self) -> Option<Template> {
        let declared = self.get(Key::Basename).map(|found| found.value);
        self.own_base.clone().or(declared).filter(|base| self.is_taken_by_the_vm(base))
    }

    /// Whether the VM takes it before `@`, as far as it is known: pods are called after their workload.
    fn is_taken_by_the_vm(&self, base: &Template) -> bool {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let is_taken = |part: &Part| match part {
            Part::Sym(Sym::PodName | Sym::Hostname) => !self.scope.object.name.contains('.'),
            Part::Sym(Sym::PodIpDashed | Sym::Namespace | Sym::Uid) => true,
            Part::Sym(_) => false,
            part => part.text().is_none_or(|text| text.chars().all(is_plain)),
        };
        !base.is_empty() && base.pieces().iter().all(|piece| is_taken(&piece.part))
    }

    /// An option with a few allowed values, the first of which is the default.
    pub(super) fn choice<T: Copy>(&mut self, key: Key, allowed: &'static [&'static str], values: &[T]) -> Choice<T> {
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
    pub(super) fn namespace(&mut self) -> Result<Option<String>, Why> {
        match self.get(Key::Namespace) {
            None => Ok(self.scope.object.namespace.clone()),
            Some(found) if is_own_namespace(&found.value) => Ok(self.scope.object.namespace.clone()),
            Some(found) => known(&found.value).map(Some),
        }
    }

    /// The DNS domain of the cluster, without dots at its ends.
    pub(super) fn cluster_domain(&mut self) -> String {
        let declared = self.get(Key::ClusterDomain).and_then(|found| found.value.literal());
        declared
            .map_or_else(|| self.scope.world.facts.cluster_domain.clone(), |domain| domain.trim_matches('.').to_owned())
    }

    /// A Service that DNS is asked for by a name of whatever length.
    pub(super) fn service(
        &mut self,
        found: Option<&Sourced<Template>>,
        search: bool,
    ) -> Result<Option<ServiceRef>, Why> {
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
                // The search list begins at home, whatever namespace is declared.
                None if search && self.is_at_home(asked.name) => self.scope.object.namespace.clone(),
                None => namespace,
            },
            at: found.at.clone(),
            variable: self.variable_of(Key::Service),
            form: asked.form,
            search,
            cluster_domain: asked.domain.map_or(cluster_domain, str::to_owned),
        }))
    }

    /// Whether the pod's own namespace has a Service of this name.
    fn is_at_home(&self, service: &str) -> bool {
        let own = self.scope.object;
        !self.scope.world.services_named(own, own.namespace.as_deref(), service).is_empty()
    }

    /// A Service whose name alone the strategy is given, and makes a longer one of.
    pub(super) fn service_name(&mut self, found: Option<&Sourced<Template>>) -> Result<Option<ServiceRef>, Why> {
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
    pub(super) fn spell(&self, value: &Template) -> Result<String, Why> {
        let namespace = self.scope.object.namespace.as_deref().unwrap_or(OWN);
        let spelt = value.pieces().iter().map(|piece| match &piece.part {
            Part::Sym(Sym::Namespace) => Some(namespace),
            part => part.text(),
        });
        spelt.collect::<Option<String>>().ok_or_else(|| unknown(value))
    }

    /// The place of the declaration.
    pub(super) fn at(&self) -> Loc {
        self.declared.strategy.at.clone()
    }
}

/// A choice that may be unknown.
#[derive(Debug, Clone)]
pub(super) enum Choice<T> {
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

pub(super) fn known(value: &Template) -> Result<String, Why> {
    value.literal().ok_or_else(|| unknown(value))
}

fn unknown(value: &Template) -> Why {
    value.unknown().cloned().unwrap_or(Why::Placeholder(value.to_string()))
}

fn is_own_namespace(value: &Template) -> bool {
    value.pieces().len() == 1 && value.syms().next() == Some(Sym::Namespace)
}

/// The namespace of a pod or Service as it appears in names.
pub(super) fn namespace_of(namespace: Option<&String>, at: &Loc) -> Template {
    namespace.map_or_else(|| Template::sym(Sym::Namespace, at), |name| Template::lit(name.clone(), at))
}

/// `base@`.
pub(super) fn at_sign(base: &Template, at: &Loc) -> Template {
    let mut name = base.clone();
    name.push_lit("@", at);
    name
}

/// A query for a Service, or why there is none.
pub(super) fn service_query(service: &Result<Option<ServiceRef>, Why>, record: Record) -> Query {
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
