//! ConfigMaps, Endpoints written by hand, autoscalers.

use super::node::Node;
use super::object::Pairs;

/// A ConfigMap's text entries.
#[derive(Debug, Clone, Default)]
pub struct ConfigMap {
    /// `data`.
    pub data: Pairs,
}

impl ConfigMap {
    pub(super) fn read(root: &Node<'_>) -> Self {
        Self { data: root.strings("data") }
    }
}

/// Endpoints written by hand; those of a Service with a selector are made by a controller.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// Whether some address has no `targetRef`: libcluster 3.5.0's `parse_response/2` has no clause for it.
    pub without_target: bool,
}

impl Endpoints {
    pub(super) fn read(root: &Node<'_>) -> Self {
        let addresses = root.list("subsets").iter().flat_map(|subset| subset.list("addresses"));
        Self { without_target: addresses.into_iter().any(|address| address.get("targetRef").is_none()) }
    }
}

/// A HorizontalPodAutoscaler.
#[derive(Debug, Clone, Default)]
pub struct Autoscaler {
    /// `spec.scaleTargetRef.kind`.
    pub target_kind: Option<String>,
    /// `spec.scaleTargetRef.name`.
    pub target_name: Option<String>,
    /// `spec.maxReplicas`.
    pub max: Option<u32>,
}

impl Autoscaler {
    pub(super) fn read(root: &Node<'_>) -> Self {
        let target = root.path(&["spec", "scaleTargetRef"]);
        Self {
            target_kind: target.and_then(|target| target.text("kind")),
            target_name: target.and_then(|target| target.text("name")),
            max: root.path(&["spec", "maxReplicas"]).and_then(Node::as_u32),
        }
    }
}
