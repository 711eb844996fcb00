//! The initiator's side: what a strategy asks, what answers, and the name that it dials. One file for each strategy.
//!
//! Facts are those of libcluster 3.5.0 (`lib/strategy/`), of Kubernetes 1.35's endpoints controller and of CoreDNS, as
//! measured on a real cluster.

mod addresses;
pub mod configured;
mod kubernetes;
mod kubernetes_dns_srv;
mod options;
mod query;
mod unasked;

use std::fmt;

use crate::name::env::{Env, Scope};
use crate::name::template::{Template, Why};
use crate::place::Loc;
use crate::world::declared::{Declared, Key, Sourced};
pub use options::Options;
use options::{Choice, at_sign, known, namespace_of, service_query};
pub use query::{Form, LabelQuery, Query, Record, Resource, ServiceRef};

/// A strategy with its options.
pub trait Discovery: fmt::Debug + Send + Sync {
    /// What it asks.
    fn query(&self) -> Query;

    /// The name that it makes of an answer; where it makes none, one that would do.
    fn dials(&self, answer: &Answer) -> Template;

    /// What it needs besides an answer.
    fn needs(&self) -> Needs;

    /// Whose names it dials.
    fn dialled(&self) -> Dialled {
        Dialled::Made
    }

    /// The Service whose name is a part of the names that are dialled, where the query is about something else.
    fn service(&self) -> Option<&ServiceRef> {
        None
    }
}

/// Whose names a strategy dials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialled {
    /// Those that it makes of answers.
    Made,
    /// Those that nodes say they have.
    Announced,
    /// Those that the epmd of its own host knows.
    Local,
    /// Those of a list that is not in the input.
    Listed(Why),
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

/// An address that a question is answered with on a live cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The address.
    pub ip: String,
    /// Its host name, where it has one.
    pub hostname: Option<String>,
    /// The pod that has it, where it is said.
    pub pod: Option<String>,
    /// The Service whose answer it is.
    pub service: Option<String>,
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
    /// Addresses of IPv4: it asks for A records alone, or makes a DNS name of the dots.
    pub ipv4: bool,
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
const STRATEGIES: [(&str, Reader); 11] = [
    ("Kubernetes", kubernetes::read),
    ("Kubernetes.DNS", addresses::read_kubernetes),
    ("Kubernetes.DNSSRV", kubernetes_dns_srv::read),
    ("DNSPoll", addresses::read_poll),
    ("DNSCluster", addresses::read_cluster),
    ("Peerage", addresses::read_peerage),
    ("Gossip", unasked::read_gossip),
    ("Epmd", unasked::read_epmd),
    ("LocalEpmd", unasked::read_local_epmd),
    ("ErlangHosts", unasked::read_erlang_hosts),
    ("Announced", unasked::read_announced),
];

/// Strategies that exist and are not checked.
const UNCHECKED: [&str; 1] = ["Rancher"];

impl Strategy {
    /// Reads a declaration.
    pub fn read(scope: Scope<'_>, declared: &Declared, env: &Env, own_base: Option<Template>) -> Self {
        let name = canonical(declared.strategy.value.trim());
        let Some((_, reader)) = STRATEGIES.iter().find(|(known, _)| *known == name) else {
            let unchecked = UNCHECKED.iter().find(|known| **known == name);
            let problem =
                unchecked.map_or_else(|| Problem::UnknownStrategy(nearest(name)), |name| Problem::Unchecked(name));
            return Self { name: name.to_owned(), discovery: None, problems: vec![problem], used: Vec::new() };
        };
        let mut options = Options::new(scope, declared, env, own_base);
        let discovery = reader(&mut options);
        let (problems, used) = options.into_parts();
        Self { name: name.to_owned(), discovery: Some(discovery), problems, used }
    }

    /// The names that a declaration may say.
    pub fn names() -> impl Iterator<Item = &'static str> {
        STRATEGIES.iter().map(|(name, _)| *name).chain(UNCHECKED)
    }
}

/// `Cluster.Strategy.Kubernetes.DNS` is what stands in an Elixir configuration; the module's prefix may stay.
pub fn canonical(name: &str) -> &str {
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
