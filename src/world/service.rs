//! Services.

use super::node::{Node, Value};
use super::object::{Pairs, is_placeholder, value_of};
use super::pod::is_added_to_pods;

/// What a Service says of itself.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// `spec.clusterIP`.
    pub cluster_ip: Option<String>,
    /// `spec.type`; unset means `ClusterIP`.
    pub kind: Option<String>,
    /// `spec.externalName`.
    pub external_name: Option<String>,
    /// `spec.selector`; absent or empty selects nothing, and the endpoints are somebody else's.
    pub selector: Pairs,
    /// `spec.ports`.
    pub ports: Vec<ServicePort>,
    /// `spec.publishNotReadyAddresses`.
    pub publishes_unready: bool,
    /// `spec.ipFamilies`.
    pub ip_families: Vec<String>,
    /// Whether `spec.ipFamilyPolicy` asks for a second family.
    pub is_dual_stack: bool,
}

/// A port of a Service.
#[derive(Debug, Clone, Default)]
pub struct ServicePort {
    /// `name`.
    pub name: Option<String>,
    /// `port`.
    pub port: Option<u32>,
    /// `targetPort`; unset means the same number as `port`.
    pub target: TargetPort,
}

/// Where a port of a Service leads in the pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TargetPort {
    /// The same number.
    #[default]
    Same,
    /// Another number.
    Number(u32),
    /// A port that the pod declares under this name.
    Name(String),
}

/// What DNS answers for the name of a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Every ready pod: `clusterIP: None`.
    Pods,
    /// One virtual address.
    VirtualIp,
    /// A CNAME: `type: ExternalName`.
    Alias,
}

impl Service {
    pub(super) fn read(root: &Node<'_>) -> Self {
        let Some(spec) = root.get("spec") else { return Self::default() };
        Self {
            cluster_ip: spec.text("clusterIP"),
            kind: spec.text("type"),
            external_name: spec.text("externalName"),
            selector: spec.strings("selector"),
            ports: spec.list("ports").iter().map(ServicePort::read).collect(),
            publishes_unready: spec.flag("publishNotReadyAddresses").unwrap_or(false),
            ip_families: spec.texts("ipFamilies"),
            is_dual_stack: spec.text("ipFamilyPolicy").is_some_and(|policy| policy != "SingleStack"),
        }
    }

    /// What DNS answers for its name.
    pub fn answers(&self) -> Answers {
        match (self.kind.as_deref(), self.cluster_ip.as_deref()) {
            (Some("ExternalName"), _) => Answers::Alias,
            (_, Some("None")) => Answers::Pods,
            _ => Answers::VirtualIp,
        }
    }

    /// `type: ExternalName`: a name in DNS and nothing else.
    pub fn is_alias(&self) -> bool {
        self.answers() == Answers::Alias
    }

    /// `clusterIP: None`.
    pub fn is_headless(&self) -> bool {
        self.answers() == Answers::Pods
    }

    /// No ports, and not headless either: the API server refuses it (`pkg/apis/core/validation`, `ValidateService`).
    pub fn is_refused(&self) -> bool {
        self.ports.is_empty() && self.answers() == Answers::VirtualIp
    }

    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub fn type_name(&self) -> &str {
        self.kind.as_deref().unwrap_or("ClusterIP")
    }

    /// Whether it selects pods with these labels.
    pub fn selects(&self, labels: &[(String, String)]) -> bool {
        !self.selector.is_empty() && self.selector.iter().all(|pair| labels.contains(pair))
    }

    /// Whether it may select pods with these labels: their controller adds some, and placeholders are filled in later.
    pub fn may_select(&self, labels: &[(String, String)]) -> bool {
        let may_hold = |(key, value): &(String, String)| match value_of(labels, key) {
            Some(found) => found == value || is_placeholder(found) || is_placeholder(value),
            None => is_added_to_pods(key),
        };
        !self.selector.is_empty() && self.selector.iter().all(may_hold)
    }
}

impl ServicePort {
    fn read(port: &Node<'_>) -> Self {
        Self {
            name: port.text("name"),
            port: port.get("port").and_then(Node::as_u32),
            target: match port.get("targetPort").map(|target| &target.value) {
                Some(Value::Number(number)) => number.parse().map_or(TargetPort::Same, TargetPort::Number),
                Some(Value::String(name)) if !name.is_empty() => {
                    name.parse().map_or_else(|_| TargetPort::Name(name.to_string()), TargetPort::Number)
                }
                _ => TargetPort::Same,
            },
        }
    }
}
