//! The kinds that are watched, and what is kept of an object.

use crate::world::declared::PREFIX;
use crate::world::node::{Entry, Node, Span, Value};
use crate::world::object::{Body, Object};
use crate::world::rbac::PolicyRule;

/// A kind that is watched. Jobs are not: they come and go by the thousand, and nobody finds a peer in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `services`.
    Service,
    /// `serviceaccounts`.
    ServiceAccount,
    /// `roles`.
    Role,
    /// `clusterroles`.
    ClusterRole,
    /// `rolebindings`.
    RoleBinding,
    /// `clusterrolebindings`.
    ClusterRoleBinding,
    /// `namespaces`, for one label.
    Namespace,
    /// `deployments` with a declaration.
    Deployment,
    /// `statefulsets` with a declaration.
    StatefulSet,
    /// `daemonsets` with a declaration.
    DaemonSet,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Service,
        Self::ServiceAccount,
        Self::Role,
        Self::ClusterRole,
        Self::RoleBinding,
        Self::ClusterRoleBinding,
        Self::Namespace,
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
    ];

    /// Those that make pods.
    pub const WORKLOADS: [Self; 3] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet];

    /// `Service`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "Service",
            Self::ServiceAccount => "ServiceAccount",
            Self::Role => "Role",
            Self::ClusterRole => "ClusterRole",
            Self::RoleBinding => "RoleBinding",
            Self::ClusterRoleBinding => "ClusterRoleBinding",
            Self::Namespace => "Namespace",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
        }
    }
}

/// Reads what a list or a watch says; the items of a list leave out their kind. None for what cannot be read.
pub fn read(mut root: Node<'_>, kind: &str) -> Option<Object> {
    if root.get("kind").is_none()
        && let Value::Map(entries) = &mut root.value
    {
        let node = Node::nowhere(Value::String(kind.to_owned().into()));
        entries.push(Entry { key: "kind".into(), key_span: Span::default(), node });
    }
    Object::read(&root, "", &[]).ok().map(reduce)
}

/// Leaves out what no judgement reads: there may be ten thousand of them.
fn reduce(mut object: Object) -> Object {
    object.annotations.retain(|(key, _)| key.starts_with(PREFIX));
    if let Body::Namespace = object.body {
        object.labels.retain(|(key, _)| key.starts_with(PREFIX));
    }
    if let Body::Role(role) = &mut object.body {
        // A near miss is pointed at by its position, so the others stay as empty ones.
        for rule in role.rules.iter_mut().filter(|rule| !is_about_peers(rule)) {
            *rule = PolicyRule::default();
        }
    }
    object.annotations.shrink_to_fit();
    object.labels.shrink_to_fit();
    if let Body::Service(service) = &mut object.body {
        service.selector.shrink_to_fit();
        service.ports.shrink_to_fit();
    }
    object
}

/// Whether a rule is about what a strategy lists, or is mistaken for it.
fn is_about_peers(rule: &PolicyRule) -> bool {
    let near = |name: &String| matches!(name.as_str(), "*" | "pods" | "endpoints" | "endpointslices" | "services");
    rule.resources.iter().any(near)
}
