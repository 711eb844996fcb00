//! The kinds that are read of a cluster. Secrets are none of them.

use kube::api::{ApiResource, GroupVersionKind};

use crate::world::facts::Kinds;

/// A kind that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// `namespaces`.
    Namespace,
    /// `deployments`.
    Deployment,
    /// `statefulsets`.
    StatefulSet,
    /// `daemonsets`.
    DaemonSet,
    /// `jobs`.
    Job,
    /// `cronjobs`.
    CronJob,
    /// `pods`.
    Pod,
    /// `horizontalpodautoscalers`.
    Autoscaler,
    /// `networkpolicies`.
    NetworkPolicy,
    /// `configmaps`, one by one: a namespace has large ones that concern nobody.
    ConfigMap,
}

impl Kind {
    /// Those that the webhook watches. Jobs are not: they come and go by the thousand, and nobody finds a peer in one.
    pub const WATCHED: [Self; 10] = [
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

    /// Those of the watched that make pods; kept are the ones with a declaration.
    pub const WORKLOADS: [Self; 3] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet];

    /// Those that make pods, and bare pods.
    pub const MAKERS: [Self; 6] =
        [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::Job, Self::CronJob, Self::Pod];

    /// Those that lint and trace list in a namespace, in the order in which they are spoken of.
    pub const IN_NAMESPACES: [Self; 12] = [
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::Pod,
        Self::Autoscaler,
        Self::Service,
        Self::ServiceAccount,
        Self::Role,
        Self::RoleBinding,
        Self::NetworkPolicy,
    ];

    /// Those that they list beside the namespaces.
    pub const IN_NONE: [Self; 2] = [Self::ClusterRole, Self::ClusterRoleBinding];

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
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::Pod => "Pod",
            Self::Autoscaler => "HorizontalPodAutoscaler",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::ConfigMap => "ConfigMap",
        }
    }

    /// The group of kinds that it belongs to, where it is known or missing as a whole.
    pub fn group(self) -> Option<Kinds> {
        match self {
            Self::Service => Some(Kinds::SERVICES),
            Self::ServiceAccount | Self::Role | Self::ClusterRole | Self::RoleBinding | Self::ClusterRoleBinding => {
                Some(Kinds::RBAC)
            }
            Self::ConfigMap => Some(Kinds::CONFIG),
            Self::NetworkPolicy => Some(Kinds::NETWORK),
            _ if Self::MAKERS.contains(&self) => Some(Kinds::WORKLOADS),
            _ => None,
        }
    }

    /// Where the API has it.
    pub(super) fn resource(self) -> ApiResource {
        let (group, version) = match self {
            Self::Role | Self::ClusterRole | Self::RoleBinding | Self::ClusterRoleBinding => {
                ("rbac.authorization.k8s.io", "v1")
            }
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => ("apps", "v1"),
            Self::Job | Self::CronJob => ("batch", "v1"),
            Self::Autoscaler => ("autoscaling", "v2"),
            Self::NetworkPolicy => ("networking.k8s.io", "v1"),
            Self::Service | Self::ServiceAccount | Self::Namespace | Self::Pod | Self::ConfigMap => ("", "v1"),
        };
        ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, self.name()))
    }

    /// `rolebindings`.
    pub fn plural(self) -> String {
        self.resource().plural
    }
}
