//! What the options of a strategy are called in an app's configuration (libcluster 3.5.0, `lib/strategy/`; dns_cluster 0.2.0;
//! Peerage 1.0.3).

use crate::world::declared::Key;

/// An option: its name in the configuration, and the annotation that says the same.
pub type Named = (&'static str, Key);

const KUBERNETES: [Named; 7] = [
    ("kubernetes_node_basename", Key::Basename),
    ("mode", Key::Mode),
    ("kubernetes_ip_lookup_mode", Key::Lookup),
    ("kubernetes_selector", Key::Selector),
    ("kubernetes_service_name", Key::Service),
    ("kubernetes_namespace", Key::Namespace),
    // What stands before `.local`.
    ("kubernetes_cluster_name", Key::ClusterDomain),
];

const DNS: [Named; 2] = [("application_name", Key::Basename), ("service", Key::Service)];

const DNSSRV: [Named; 3] =
    [("application_name", Key::Basename), ("service", Key::Service), ("namespace", Key::Namespace)];

const POLL: [Named; 2] = [("query", Key::Service), ("node_basename", Key::Basename)];

/// The part before `@` is the node's own.
const CLUSTER: [Named; 1] = [("query", Key::Service)];

const PEERAGE: [Named; 2] = [("dns_name", Key::Service), ("app_name", Key::Basename)];

/// The options of a strategy that decide whom it finds. Those that ask neither DNS nor the API server have none.
pub fn options(strategy: &str) -> &'static [Named] {
    match strategy {
        "Kubernetes" => &KUBERNETES,
        "Kubernetes.DNS" => &DNS,
        "Kubernetes.DNSSRV" => &DNSSRV,
        "DNSPoll" => &POLL,
        "Peerage" => &PEERAGE,
        "DNSCluster" => &CLUSTER,
        _ => &[],
    }
}

/// Strategies of other libraries whose nodes announce their names (libcluster_postgres 0.2.0).
const ANNOUNCING: [&str; 1] = ["LibclusterPostgres.Strategy"];

/// What a declaration calls a module that an app configures, if it is a strategy that is known.
pub fn strategy(module: &str) -> Option<&str> {
    match module.strip_prefix("Cluster.Strategy.") {
        Some(_) => Some(super::canonical(module)),
        None => ANNOUNCING.contains(&module).then_some("Announced"),
    }
}

/// What libcluster takes for an option of `Kubernetes` that the configuration leaves out.
pub fn default(strategy: &str, key: Key) -> Option<&'static str> {
    match (strategy, key) {
        ("Kubernetes", Key::Mode) => Some("ip"),
        ("Kubernetes", Key::Lookup) => Some("endpoints"),
        ("Kubernetes", Key::ClusterDomain) => Some("cluster.local"),
        _ => None,
    }
}
