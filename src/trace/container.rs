//! Which container of a pod runs the node.

use crate::name::boot::Naming;
use crate::name::launcher::{Program, Verb, is_start_script};
use crate::world::declared::{Key, Sourced};
use crate::world::object::value_of;
use crate::world::pod::{Container, PodTemplate};

/// Variables that only a BEAM release or VM reads.
pub(crate) const VARIABLES: [&str; 15] = [
    "RELEASE_NODE",
    "RELEASE_DISTRIBUTION",
    "RELEASE_COOKIE",
    "RELEASE_MODE",
    "RELEASE_TMP",
    "RELEASE_VM_ARGS",
    "RELX_REPLACE_OS_VARS",
    "ERL_AFLAGS",
    "ERL_FLAGS",
    "ERL_ZFLAGS",
    "ERL_EPMD_PORT",
    "ERL_DIST_PORT",
    "ELIXIR_ERL_OPTIONS",
    "ERLANG_COOKIE",
    "DNS_CLUSTER_QUERY",
];

/// Images that stand beside an app and are none.
pub(crate) const SIDECARS: [&str; 14] = [
    "istio",
    "linkerd",
    "envoy",
    "proxyv2",
    "cloud-sql-proxy",
    "cloudsql-proxy",
    "vault",
    "fluent",
    "filebeat",
    "datadog",
    "oauth2-proxy",
    "nginx",
    "statsd",
    "exporter",
];

/// Servers that form clusters in a way of their own, by a word of their image.
pub(crate) const SERVERS: [&str; 5] = ["rabbitmq", "emqx", "couchdb", "vernemq", "ejabberd"];

/// The container of the node.
#[derive(Debug, Clone, Copy)]
pub enum Choice<'w> {
    /// This one.
    One(&'w Container),
    /// It could be any of several.
    Unclear,
}

/// What shows that a container runs a BEAM node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence(pub String);

impl<'w> Choice<'w> {
    /// Chooses: the `container` annotation, the default-container annotation, the only one with variables of a release, the
    /// only one that is no known sidecar.
    pub fn of(pod: &'w PodTemplate, keys: &[(Key, Sourced<String>)]) -> Self {
        let declared = keys.iter().find(|(key, _)| *key == Key::Container).map(|(_, value)| value.value.as_str());
        let default = value_of(&pod.annotations, "kubectl.kubernetes.io/default-container");
        let candidates = || pod.containers.iter().filter(|container| !container.init);
        if let Some(name) = declared.or(default)
            && let Some(found) = candidates().find(|container| container.name == name)
        {
            return Self::One(found);
        }
        let only = |wanted: &dyn Fn(&Container) -> bool| {
            let mut found = candidates().filter(|container| wanted(container));
            found.next().filter(|_| found.next().is_none())
        };
        only(&|_| true)
            .or_else(|| only(&|container| container.env.iter().any(|var| VARIABLES.contains(&var.name.as_str()))))
            .or_else(|| only(&|container| !container.sidecar && !stands_beside_an_app(container)))
            .map_or(Self::Unclear, Self::One)
    }

    /// The container, if it is clear.
    pub fn get(self) -> Option<&'w Container> {
        match self {
            Self::One(container) => Some(container),
            Self::Unclear => None,
        }
    }
}

/// Whether its image, or its name, is that of a known program which runs beside apps.
pub fn stands_beside_an_app(container: &Container) -> bool {
    let image = container.image.as_deref().unwrap_or_default();
    SIDECARS.iter().any(|word| image.contains(word) || container.name.contains(word))
}

/// What shows that a container runs a BEAM node, if anything does.
pub fn evidence(container: &Container, naming: &Naming) -> Option<Evidence> {
    if let Some(var) = container.env.iter().find(|var| VARIABLES.contains(&var.name.as_str())) {
        return Some(Evidence(format!("`{}` is set", var.name)));
    }
    if container.ports.iter().any(|port| port.name.as_deref() == Some("epmd") || port.number == Some(4369)) {
        return Some(Evidence("it declares epmd's port".to_owned()));
    }
    match &naming.launch.program {
        // What a `vm.args` says of a release is no sign that this is one.
        Program::Vm(_) if !naming.is_by_vm_args() => Some(Evidence("it starts the Erlang VM".to_owned())),
        Program::Release(Verb::Start) if is_release(container) => Some(Evidence("it starts a release".to_owned())),
        _ => None,
    }
}

/// `start` is a verb of many programs.
fn is_release(container: &Container) -> bool {
    let words = || container.command.iter().chain(&container.args);
    words().any(|word| word == "start" || word == "start_iex") && words().any(|word| is_start_script(word))
}

/// The server that forms clusters in a way of its own, if a pod runs one.
pub fn own_clustering(pod: &PodTemplate) -> Option<&'static str> {
    let images =
        pod.containers.iter().filter(|container| !container.init).filter_map(|container| container.image.as_deref());
    // With the tag, which may say that it is the exporter.
    let images: Vec<&str> = images.filter_map(|image| image.rsplit('/').next()).collect();
    SERVERS.into_iter().find(|server| {
        let is_it = |image: &&str| image.starts_with(server) && !image.contains("exporter");
        images.iter().any(is_it)
    })
}

/// The same of a node's container where a strategy is declared. Its owner knows better what `rabbitmq-consumer` is, and that
/// what stands beside it is something else.
pub fn is_server(container: &Container) -> Option<&'static str> {
    let name = container.image_name()?;
    SERVERS.into_iter().find(|server| *server == name)
}
