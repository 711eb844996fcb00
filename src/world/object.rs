//! What every Kubernetes object has, and the kinds that some rule reads.

use super::config::{Autoscaler, ConfigMap, Endpoints};
use super::network::NetworkPolicy;
use super::node::Node;
use super::rbac::{Binding, Role, ServiceAccount};
use super::service::Service;
use super::workload::{Workload, WorkloadPath};
use crate::place::{Loc, ObjectId, Pointer};

/// Labels or annotations, in the order written.
pub type Pairs = Vec<(String, String)>;

/// The value of a key in some labels or annotations.
pub fn value_of<'p>(pairs: &'p [(String, String)], key: &str) -> Option<&'p str> {
    pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}

/// `app=cart,tier=web`.
pub fn show_pairs(pairs: &[(String, String)]) -> String {
    let shown: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    shown.join(",")
}

/// Whether a value holds a placeholder that something else fills in before it is applied (`${APP}`, `{{ .Values.app }}`).
pub fn is_placeholder(text: &str) -> bool {
    text.contains("${") || text.contains("{{")
}

/// An object of a world.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its number in the world.
    pub id: ObjectId,
    /// `apps/v1`, as written: legacy versions are read like the current one.
    pub api_version: String,
    /// `StatefulSet`.
    pub kind: String,
    /// `metadata.namespace`. Absent on objects that take it from the command line or a kustomization.
    pub namespace: Option<String>,
    /// `metadata.name`, or `metadata.generateName` followed by `*`.
    pub name: String,
    /// `metadata.labels`.
    pub labels: Pairs,
    /// `metadata.annotations`.
    pub annotations: Pairs,
    /// The folder that holds its file: of several objects of one identity, the nearest answers.
    pub folder: Box<str>,
    /// What its kind says.
    pub body: Body,
}

/// The part of an object that depends on its kind.
#[derive(Debug, Clone)]
pub enum Body {
    /// Anything with a pod template, and bare pods.
    Workload(Box<Workload>),
    /// A Service.
    Service(Service),
    /// A ServiceAccount.
    ServiceAccount(ServiceAccount),
    /// A Role or ClusterRole.
    Role(Role),
    /// A RoleBinding or ClusterRoleBinding.
    Binding(Binding),
    /// A ConfigMap.
    ConfigMap(ConfigMap),
    /// Endpoints written by hand.
    Endpoints(Endpoints),
    /// A HorizontalPodAutoscaler.
    Autoscaler(Autoscaler),
    /// A NetworkPolicy.
    NetworkPolicy(NetworkPolicy),
    /// A Namespace.
    Namespace,
}

/// Why a document that says `apiVersion` and `kind` gives no object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// No rule reads this kind.
    Kind,
    /// It has no name, so nothing can refer to it: a patch or a fragment.
    Nameless,
}

impl Object {
    /// Whether [`Object::read`] reads this kind, so that other documents need no tree.
    pub fn reads(kind: &str, paths: &[WorkloadPath]) -> bool {
        matches!(
            kind,
            "Service"
                | "ServiceAccount"
                | "Role"
                | "ClusterRole"
                | "RoleBinding"
                | "ClusterRoleBinding"
                | "ConfigMap"
                | "Endpoints"
                | "HorizontalPodAutoscaler"
                | "NetworkPolicy"
                | "Namespace"
        ) || WorkloadPath::of(kind, paths).is_some()
    }

    /// Reads an object leniently: what has the wrong type counts as absent, for the API server will say so itself.
    ///
    /// The id is set when the object joins a world.
    pub fn read(root: &Node<'_>, folder: &str, paths: &[WorkloadPath]) -> Result<Self, Unread> {
        let kind = root.text("kind").ok_or(Unread::Kind)?;
        let body = read_body(root, &kind, paths).ok_or(Unread::Kind)?;
        let metadata = root.get("metadata").ok_or(Unread::Nameless)?;
        let generated = || metadata.text("generateName").map(|prefix| prefix + "*");
        let name = metadata.text("name").or_else(generated).ok_or(Unread::Nameless)?;
        Ok(Self {
            id: ObjectId(0),
            api_version: root.text("apiVersion").unwrap_or_default(),
            namespace: metadata.text("namespace").filter(|_| !is_cluster_scoped(&kind)),
            kind,
            name,
            labels: metadata.strings("labels"),
            annotations: metadata.strings("annotations"),
            folder: folder.into(),
            body,
        })
    }

    /// A place in this object.
    pub fn at(&self, keys: &[&'static str]) -> Loc {
        Pointer::keys(keys).of(self.id)
    }

    /// The place of one of its own labels.
    pub fn at_label(&self, key: &str) -> Loc {
        Pointer::keys(&["metadata", "labels"]).key(key.to_owned()).of(self.id)
    }

    /// The place of one of its own annotations.
    pub fn at_annotation(&self, key: &str) -> Loc {
        Pointer::keys(&["metadata", "annotations"]).key(key.to_owned()).of(self.id)
    }

    /// Its workload, if it is one.
    pub fn workload(&self) -> Option<&Workload> {
        match &self.body {
            Body::Workload(workload) => Some(workload),
            _ => None,
        }
    }

    /// Its Service, if it is one.
    pub fn service(&self) -> Option<&Service> {
        match &self.body {
            Body::Service(service) => Some(service),
            _ => None,
        }
    }

    /// Its NetworkPolicy, if it is one.
    pub fn network_policy(&self) -> Option<&NetworkPolicy> {
        match &self.body {
            Body::NetworkPolicy(policy) => Some(policy),
            _ => None,
        }
    }

    /// Kind, namespace and name: what the API server tells objects apart by, and the order to list them in.
    pub fn identity(&self) -> (&str, Option<&str>, &str) {
        (&self.kind, self.namespace.as_deref(), &self.name)
    }

    /// `shop/cart`, or `cart` where no namespace is written.
    pub fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }

    /// `StatefulSet shop/cart`.
    pub fn title(&self) -> String {
        format!("{} {}", self.kind, self.full_name())
    }
}

fn read_body(root: &Node<'_>, kind: &str, paths: &[WorkloadPath]) -> Option<Body> {
    Some(match kind {
        "Service" => Body::Service(Service::read(root)),
        "ServiceAccount" => Body::ServiceAccount(ServiceAccount::read(root)),
        "Role" | "ClusterRole" => Body::Role(Role::read(root)),
        "RoleBinding" | "ClusterRoleBinding" => Body::Binding(Binding::read(root)),
        "ConfigMap" => Body::ConfigMap(ConfigMap::read(root)),
        "Endpoints" => Body::Endpoints(Endpoints::read(root)),
        "HorizontalPodAutoscaler" => Body::Autoscaler(Autoscaler::read(root)),
        "NetworkPolicy" => Body::NetworkPolicy(NetworkPolicy::read(root)?),
        "Namespace" => Body::Namespace,
        _ => Body::Workload(Box::new(Workload::read(root, WorkloadPath::of(kind, paths)?)?)),
    })
}

fn is_cluster_scoped(kind: &str) -> bool {
    matches!(kind, "ClusterRole" | "ClusterRoleBinding" | "Namespace")
}
