//! NetworkPolicies (`networking.k8s.io/v1`), as they are written.

use super::node::{Node, Value};
use super::object::Object;
use super::selector::Selector;
use super::{Group, World};

/// Which connections some pods may take, and make.
#[derive(Debug, Clone, Default)]
pub struct NetworkPolicy {
    /// `spec.podSelector`: the pods of its namespace that it isolates.
    pub pods: Selector,
    /// What may come in; none if it leaves that direction alone.
    pub ingress: Option<Vec<Traffic>>,
    /// What may go out; none if it leaves that direction alone.
    pub egress: Option<Vec<Traffic>>,
}

/// An item of `ingress` or `egress`: what it lets pass.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// `from` or `to`; empty means everybody.
    pub peers: Vec<Peer>,
    /// `ports` of the pod that is connected to; empty means all of every protocol.
    pub ports: Vec<Port>,
}

/// An item of `from` or `to`.
#[derive(Debug, Clone)]
pub enum Peer {
    /// Pods.
    Pods {
        /// `podSelector`; absent means all pods of the namespaces.
        pods: Selector,
        /// `namespaceSelector`; none means the policy's own namespace.
        namespaces: Option<Selector>,
    },
    /// `ipBlock`: addresses, and who has them is not known before pods run.
    Block,
}

/// An item of `ports`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// `protocol`; unset means `TCP`.
    pub protocol: Protocol,
    /// `port` and `endPort`.
    pub which: Ports,
}

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `TCP`.
    Tcp,
    /// `UDP`.
    Udp,
    /// `SCTP`, or something newer.
    Other,
}

/// Which ports an item is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ports {
    /// All: no `port`.
    All,
    /// These numbers, both included.
    Range(u16, u16),
    /// The one that the pod which is connected to declares under this name.
    Named(String),
}

impl NetworkPolicy {
    /// Nothing for one with a selector that the API server refuses.
    pub(super) fn read(root: &Node<'_>) -> Option<Self> {
        let spec = root.get("spec")?;
        let pods = spec.get("podSelector").map_or_else(|| Some(Selector::default()), Selector::read)?;
        let (ingress, egress) = (directions(spec, "ingress", "from")?, directions(spec, "egress", "to")?);
        let types = spec.texts("policyTypes");
        // Without types: ingress always, egress if it says any (`pkg/apis/networking/v1/defaults.go`).
        let says = |word: &str| types.iter().any(|known| known == word);
        let takes = types.is_empty() || says("Ingress");
        let makes = if types.is_empty() { !egress.is_empty() } else { says("Egress") };
        Some(Self { pods, ingress: takes.then_some(ingress), egress: makes.then_some(egress) })
    }
}

fn directions(spec: &Node<'_>, direction: &str, peers: &str) -> Option<Vec<Traffic>> {
    spec.list(direction).iter().map(|item| Traffic::read(item, peers)).collect()
}

impl Traffic {
    fn read(item: &Node<'_>, peers: &str) -> Option<Self> {
        let peers = item.list(peers).iter().map(Peer::read).collect::<Option<_>>()?;
        let ports = item.list("ports").iter().map(Port::read).collect::<Option<_>>()?;
        Some(Self { peers, ports })
    }
}

impl Peer {
    fn read(node: &Node<'_>) -> Option<Self> {
        if node.get("ipBlock").is_some() {
            return Some(Self::Block);
        }
        let pods = node.get("podSelector").map(Selector::read);
        let namespaces = node.get("namespaceSelector").map(Selector::read);
        match (pods, namespaces) {
            (None, None) => None,
            (pods, namespaces) => Some(Self::Pods {
                pods: pods.unwrap_or_else(|| Some(Selector::default()))?,
                namespaces: namespaces.map_or(Some(None), |selector| selector.map(Some))?,
            }),
        }
    }
}

impl Port {
    fn read(node: &Node<'_>) -> Option<Self> {
        let protocol = match node.text("protocol").as_deref() {
            None | Some("TCP") => Protocol::Tcp,
            Some("UDP") => Protocol::Udp,
            Some(_) => Protocol::Other,
        };
        let last = |first| node.get("endPort").and_then(Node::as_u32).map_or(Some(first), |last| last.try_into().ok());
        let which = match node.get("port").map(|port| &port.value) {
            None => Ports::All,
            Some(Value::Number(number)) => {
                let first = number.parse().ok()?;
                Ports::Range(first, last(first)?)
            }
            Some(Value::String(name)) => Ports::Named(name.to_string()),
            Some(_) => return None,
        };
        Some(Self { protocol, which })
    }
}

impl World {
    /// The NetworkPolicies of an object's namespace, or that say none.
    pub fn network_policies(&self, from: &Object) -> impl Iterator<Item = (&Object, &NetworkPolicy)> {
        self.within(&self.network_policies, from.namespace.as_deref())
            .filter(|object| self.is_nearest(Group::NetworkPolicy, &from.folder, object))
            .filter_map(|object| Some((object, object.network_policy()?)))
    }

    /// The Namespace of this name, where it is there.
    pub fn namespace(&self, name: &str) -> Option<&Object> {
        self.in_group(Group::Namespace, name).next()
    }
}
