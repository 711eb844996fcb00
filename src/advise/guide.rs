//! The guide at the end of the article that started this ("libcluster and Kubernetes", blog.differentpla.net, 2022-01-08:
//! "Which one to use?"), and where what was read and measured since says something else.

use super::Candidate;
use crate::trace::Trace;

/// What the guide asks and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// Whether the pods may run under an account of their own.
    pub account: bool,
    /// Whether it is a StatefulSet.
    pub stateful: bool,
    /// The strategy and mode that it comes to.
    pub comes_to: &'static str,
}

/// Its five leaves.
pub const LEAVES: [Leaf; 5] = [
    Leaf { account: false, stateful: false, comes_to: "Kubernetes.DNS" },
    Leaf { account: false, stateful: true, comes_to: "Kubernetes.DNSSRV" },
    Leaf { account: true, stateful: false, comes_to: "Kubernetes:ip" },
    Leaf { account: true, stateful: false, comes_to: "Kubernetes:dns" },
    Leaf { account: true, stateful: true, comes_to: "Kubernetes:hostname" },
];

/// The leaves for a workload.
pub fn leaves(trace: &Trace<'_>) -> impl Iterator<Item = Leaf> {
    let stateful = trace.workload.has_stable_hostnames();
    LEAVES.into_iter().filter(move |leaf| leaf.stateful == stateful)
}

/// Whether the guide comes to a candidate for a workload.
pub fn comes_to(trace: &Trace<'_>, candidate: Candidate) -> bool {
    leaves(trace).any(|leaf| candidate.is_meant(leaf.comes_to))
}

/// The leaves for a workload, in a sentence.
pub fn sentence(trace: &Trace<'_>) -> String {
    let of = |account: bool| {
        let names: Vec<&str> = leaves(trace).filter(|leaf| leaf.account == account).map(|leaf| leaf.comes_to).collect();
        names.join(" or ")
    };
    format!("{} for pods that have no account for the API, {} for those that have one", of(false), of(true))
}

/// Where the article is not right about a candidate, or leaves something out: a sentence each.
pub fn corrections(trace: &Trace<'_>, candidate: Candidate) -> Vec<&'static str> {
    let stateful = trace.workload.has_stable_hostnames();
    let (mode, lookup) = (candidate.mode.unwrap_or_default(), candidate.lookup.unwrap_or_default());
    let srv = candidate.strategy == "Kubernetes.DNSSRV";
    let all = [
        (
            srv && !stateful,
            "it takes a StatefulSet to be assumed; the strategy dials whatever the SRV record says, and CoreDNS has the \
             dashed address there for pods without a host name",
        ),
        (
            srv,
            "a headless Service without a port has no SRV record, and a record without a port's name is no part of the \
             Kubernetes DNS specification: CoreDNS answers it, others need not",
        ),
        (
            mode == "dns",
            "names below `pod.cluster.local` are no part of the Kubernetes DNS specification; CoreDNS has none of them \
             unless its Corefile says `pods insecure` or `pods verified`",
        ),
        (
            mode == "dns",
            "`sed 's/\\./-/g'` is right; libcluster's rendered page shows `s/./-/g`, which leaves only dashes",
        ),
        (
            matches!(mode, "dns" | "hostname"),
            "`CLUSTER_DOMAIN` changes no name that is dialled: names end in `<kubernetes_cluster_name>.local`",
        ),
        (
            mode == "hostname" && lookup == "pods",
            "it says that `:pods` knows no host name; since libcluster 3.3.0 it reads `spec.hostname`",
        ),
        (mode == "hostname" && !stateful, "it takes no StatefulSet, but pods with a `hostname` and a `subdomain` each"),
        (
            lookup == "endpoints",
            "the selector is about the labels of the Service, which its Endpoints carry, not about those of the pods",
        ),
        (true, "`RELEASE_NODE` takes `RELEASE_DISTRIBUTION=name` beside it, which most of its examples leave out"),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, says)| says).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::CANDIDATES;

    #[test]
    fn every_leaf_is_a_candidate() {
        for leaf in LEAVES {
            assert!(CANDIDATES.iter().any(|candidate| candidate.is_meant(leaf.comes_to)), "{}", leaf.comes_to);
        }
    }
}
