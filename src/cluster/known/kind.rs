//! The kinds that are watched.

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
