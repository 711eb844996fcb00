//! Which strategy a workload could use: each of them, declared by changes of the workload, and what the app has to say for it.
//!
//! Nothing is judged here. A candidate is [declared](declare); the rules mend what they can; what is then left, they say. The
//! [lines] that the app needs are read off the trace of what came of it.

mod declare;
pub mod guide;
mod lines;
mod name;
mod service;

use std::fmt;

use crate::discovery::Resource;
use crate::trace::Trace;
use crate::world::access::{Access, Question};
use crate::world::declared::Key;
pub use declare::{Declaration, declare};
pub use lines::{Lines, lines};
pub use name::{Naming, is_named_by_its_image, name};

/// A strategy, and the options of it that decide what is asked and dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its name, as it is declared: `Kubernetes.DNS`.
    pub strategy: &'static str,
    /// `ip`, `dns` or `hostname`, where it has modes.
    pub mode: Option<&'static str>,
    /// `endpoints` or `pods`, where it lists one of them.
    pub lookup: Option<&'static str>,
}

/// All of them. Where nothing else tells two apart, the first is the better one: `Kubernetes.DNS` says what goes wrong, which
/// `DNSCluster` and `DNSPoll` do not, and Peerage had its last release in 2018.
pub const CANDIDATES: [Candidate; 11] = [
    Candidate::of_dns("Kubernetes.DNS"),
    Candidate::of_dns("DNSCluster"),
    Candidate::of_dns("DNSPoll"),
    Candidate::of_dns("Kubernetes.DNSSRV"),
    Candidate::of_the_api("ip", "endpoints"),
    Candidate::of_the_api("ip", "pods"),
    Candidate::of_the_api("hostname", "endpoints"),
    Candidate::of_the_api("hostname", "pods"),
    Candidate::of_the_api("dns", "endpoints"),
    Candidate::of_the_api("dns", "pods"),
    Candidate::of_dns("Peerage"),
];

impl Candidate {
    const fn of_dns(strategy: &'static str) -> Self {
        Self { strategy, mode: None, lookup: None }
    }

    const fn of_the_api(mode: &'static str, lookup: &'static str) -> Self {
        Self { strategy: "Kubernetes", mode: Some(mode), lookup: Some(lookup) }
    }

    /// What a workload declares, if it is one of them.
    pub fn declared(trace: &Trace<'_>) -> Option<Self> {
        let strategy = trace.strategy.as_ref()?;
        let option = |key: Key, usual: &'static str| match trace.option(key) {
            Some(option) => option.value.literal().map(|word| word.trim_start_matches(':').to_owned()),
            None => Some(usual.to_owned()),
        };
        let (mode, lookup) = (option(Key::Mode, "ip"), option(Key::Lookup, "endpoints"));
        CANDIDATES.into_iter().find(|candidate| {
            candidate.strategy == strategy.name
                && candidate.mode.is_none_or(|word| mode.as_deref() == Some(word))
                && candidate.lookup.is_none_or(|word| lookup.as_deref() == Some(word))
        })
    }

    /// Whether it is what `Kubernetes`, `Kubernetes:ip` or `Cluster.Strategy.Kubernetes:ip:pods` means.
    pub fn is_meant(self, said: &str) -> bool {
        let said = said.strip_prefix("Cluster.Strategy.").unwrap_or(said);
        let mut words = said.split(':');
        let is_strategy = words.next() == Some(self.strategy);
        let rest: Vec<&str> = words.collect();
        let own: Vec<&str> = [self.mode, self.lookup].into_iter().flatten().collect();
        is_strategy && own.starts_with(&rest)
    }

    /// Whether it asks the API server.
    pub fn lists(self) -> Option<Resource> {
        match self.lookup? {
            "pods" => Some(Resource::Pods),
            _ => Some(Resource::Endpoints),
        }
    }

    /// Whether the names that it dials are those of pods with host names, where the pods have some.
    pub(crate) fn dials_hostnames(self) -> bool {
        self.mode == Some("hostname") || self.strategy == "Kubernetes.DNSSRV"
    }

    /// Whether it dials addresses with dashes, which no variable of a manifest can say.
    fn dials_dashes(self, trace: &Trace<'_>) -> bool {
        let has_hostnames = trace.workload.has_stable_hostnames() || trace.workload.hostname().is_some();
        self.mode == Some("dns") || (self.strategy == "Kubernetes.DNSSRV" && !has_hostnames)
    }

    /// Whether it asks for records of IPv6 addresses, or makes names of such addresses that somebody could resolve:
    /// `Kubernetes.DNS` and Peerage ask for A records alone, and `dns` mode replaces dots (libcluster 3.5.0,
    /// `lib/strategy/kubernetes_dns.ex`, `lib/strategy/kubernetes.ex`).
    pub fn knows_ipv6(self) -> bool {
        self.mode != Some("dns") && !matches!(self.strategy, "Kubernetes.DNS" | "Peerage")
    }
}

/// `Kubernetes:ip:pods`.
impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.strategy)?;
        [self.mode, self.lookup].into_iter().flatten().try_for_each(|word| write!(f, ":{word}"))
    }
}

/// Whether the pods' account may list something in their own namespace already.
pub fn may_list(trace: &Trace<'_>, resource: Resource) -> bool {
    let namespace = trace.object.namespace.as_deref();
    let question = Question {
        account_namespace: namespace,
        account: trace.account(),
        resource: resource.name(),
        namespace,
        folder: &trace.object.folder,
    };
    matches!(trace.world.may_list(&question), Access::Granted)
}

/// Whether the pods have addresses of IPv6, as far as their Services or the VM's flags say it.
pub fn is_ipv6(trace: &Trace<'_>) -> bool {
    let services = trace.world.services_selecting(trace.object, trace.workload);
    let mut services = services.iter().filter_map(|object| object.service());
    services.any(|service| service.ip_families.first().is_some_and(|family| family == "IPv6")) || speaks_ipv6(trace)
}

/// Whether the VM is told to use IPv6 between nodes.
fn speaks_ipv6(trace: &Trace<'_>) -> bool {
    let flags = trace.naming.iter().flat_map(|naming| &naming.flags);
    let mut words = flags.flat_map(|flags| &flags.words).filter_map(|word| word.literal());
    words.any(|word| word.starts_with("inet6_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_is_called_by_as_much_of_its_name_as_it_takes() {
        let meant = |said: &str| CANDIDATES.iter().filter(|candidate| candidate.is_meant(said)).count();
        for (said, count) in [
            ("Kubernetes", 6),
            ("Kubernetes:ip", 2),
            ("Cluster.Strategy.Kubernetes:ip:pods", 1),
            ("Kubernetes.DNS", 1),
            ("Kubernetes.DNS:ip", 0),
            ("Kubernetes:pods", 0),
            ("kubernetes", 0),
        ] {
            assert_eq!(meant(said), count, "{said}");
        }
        for candidate in CANDIDATES {
            assert_eq!(meant(&candidate.to_string()), 1);
        }
    }
}
