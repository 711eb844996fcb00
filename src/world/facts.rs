//! What is known of the cluster beyond its objects.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The namespaces about whose pods the manifests of the webhook do not let it be asked (`namespaceSelector` in
/// `deploy/kustomize/base/injector.yaml`).
pub const NEVER_ASKED: [&str; 2] = ["beamgate-system", "kube-system"];

/// What the configuration and the command line say of the cluster and of the input.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The namespace of objects that say none (`--namespace`).
    pub namespace: Option<String>,
    /// The cluster's DNS domain, without dots at its ends.
    pub cluster_domain: String,
    /// The kinds of which the input holds every object of its namespaces (`--complete`).
    pub complete: Kinds,
    /// Whether the admission webhook runs on the cluster, so that missing names are injected there.
    pub injection: bool,
    /// The namespaces whose pods it leaves alone.
    pub left_out: Vec<String>,
    /// Whether it has a name that `$(VAR)` cannot say written by an init container (`fileKeyRef`, Kubernetes 1.35 and later).
    pub name_files: bool,
    /// What serves DNS in the cluster.
    pub dns: Dns,
    /// Where the objects come from.
    pub source: Source,
    /// What a cluster was seen to hold, where one was read.
    pub seen: Seen,
    /// What people declared for workloads that they cannot annotate.
    pub apps: Vec<super::declared::App>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            namespace: None,
            cluster_domain: "cluster.local".to_owned(),
            complete: Kinds::default(),
            injection: false,
            left_out: NEVER_ASKED.map(str::to_owned).to_vec(),
            name_files: false,
            dns: Dns::default(),
            source: Source::default(),
            seen: Seen::default(),
            apps: Vec::new(),
        }
    }
}

/// Where the objects come from, for what is said of one that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// Files.
    #[default]
    Input,
    /// A cluster.
    Cluster,
    /// Files, and a cluster around them.
    Both,
}

/// `in the input`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "in the input",
            Self::Cluster => "on the cluster",
            Self::Both => "in the input or on the cluster",
        })
    }
}

/// Which kinds of a cluster were listed, and which may not be: in a namespace, or (none) in all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    listed: BTreeMap<Option<String>, Kinds>,
    refused: BTreeMap<Option<String>, Kinds>,
}

impl Seen {
    /// All objects of these kinds were listed there.
    pub fn list(&mut self, namespace: Option<&str>, kinds: Kinds) {
        add(&mut self.listed, namespace, kinds);
    }

    /// Some of these kinds may not be listed there.
    pub fn refuse(&mut self, namespace: Option<&str>, kinds: Kinds) {
        add(&mut self.refused, namespace, kinds);
    }

    /// Whether every object of these kinds is known there.
    pub fn holds(&self, namespace: Option<&str>, kinds: Kinds) -> bool {
        within(&self.listed, namespace).contains(kinds)
    }

    /// Whether some of these kinds may not be listed there: what is missing among them is not known to be.
    pub fn hides(&self, namespace: Option<&str>, kinds: Kinds) -> bool {
        within(&self.refused, namespace).overlaps(kinds)
    }
}

fn add(all: &mut BTreeMap<Option<String>, Kinds>, namespace: Option<&str>, kinds: Kinds) {
    let here = all.entry(namespace.map(str::to_owned)).or_default();
    *here = here.and(kinds);
}

fn within(all: &BTreeMap<Option<String>, Kinds>, namespace: Option<&str>) -> Kinds {
    let of = |key: Option<String>| all.get(&key).copied().unwrap_or_default();
    of(None).and(namespace.map_or_else(Kinds::default, |name| of(Some(name.to_owned()))))
}

/// What serves DNS in a cluster, as far as it decides the names of pods without a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dns {
    /// CoreDNS: `10-42-1-7.cart.shop.svc.cluster.local`.
    #[default]
    CoreDns,
    /// CoreDNS with `endpoint_pod_names` in its Corefile: `cart-6c7d9f8b5-x2x7p.cart.shop.svc.cluster.local`.
    EndpointPodNames,
    /// Something else, which may name them as it likes (Kubernetes DNS specification 1.1.0, section 2.4.1).
    Other,
}

/// Groups of kinds that an input may be declared to hold completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u8);

impl Kinds {
    /// Services and Endpoints.
    pub const SERVICES: Self = Self(1);
    /// ServiceAccounts, roles and bindings.
    pub const RBAC: Self = Self(2);
    /// NetworkPolicies.
    pub const NETWORK: Self = Self(4);
    /// ConfigMaps.
    pub const CONFIG: Self = Self(8);
    /// Everything with a pod template.
    pub const WORKLOADS: Self = Self(16);
    /// All of them.
    pub const ALL: Self = Self(31);

    const NAMES: [(&'static str, Self); 5] = [
        ("services", Self::SERVICES),
        ("rbac", Self::RBAC),
        ("network", Self::NETWORK),
        ("config", Self::CONFIG),
        ("workloads", Self::WORKLOADS),
    ];

    /// Whether all of `other` is in it.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some of `other` is in it.
    pub fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Kinds {
    const WORDS: [(&'static str, Self); 5] = [
        ("Services", Self::SERVICES),
        ("roles and their bindings", Self::RBAC),
        ("network policies", Self::NETWORK),
        ("ConfigMaps", Self::CONFIG),
        ("workloads", Self::WORKLOADS),
    ];

    /// `Services and workloads`, for a sentence.
    pub fn in_words(self) -> String {
        let words = Self::WORDS.iter().filter(|(_, kinds)| self.contains(*kinds)).map(|(word, _)| *word);
        words.collect::<Vec<_>>().join(" and ")
    }
}

/// A word that names no kinds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of services, rbac, network, config, workloads, all")]
pub struct UnknownKinds(pub String);

impl FromStr for Kinds {
    type Err = UnknownKinds;

    fn from_str(word: &str) -> Result<Self, UnknownKinds> {
        if word == "all" {
            return Ok(Self::ALL);
        }
        let known = Self::NAMES.iter().find(|(name, _)| *name == word);
        known.map(|(_, kinds)| *kinds).ok_or_else(|| UnknownKinds(word.to_owned()))
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            Self::NAMES.iter().filter(|(_, kinds)| self.contains(*kinds)).map(|(name, _)| *name).collect();
        f.write_str(&names.join(","))
    }
}
