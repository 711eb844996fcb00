//! Reach: whether NetworkPolicies let a connection pass, as their specification says it (`networking.k8s.io/v1`).
//!
//! A pod that no policy selects takes and makes every connection. One that some select takes, or makes, what any of them lets
//! pass. A connection has to leave the one pod and to enter the other. What is not known before pods run (who has an address,
//! which labels a namespace has that is not in the input) makes the answer *perhaps*, never *no*.

use crate::world::network::{NetworkPolicy, Peer, Port, Ports, Protocol, Traffic};
use crate::world::object::{Object, Pairs};
use crate::world::pod::{PodTemplate, is_added_to_pods};
use crate::world::selector::{Selected, Selector};
use crate::world::{SameNamespace, World, same_namespace};

/// The label that every namespace has, with its own name.
const NAME_OF_NAMESPACE: &str = "kubernetes.io/metadata.name";

/// Which way a connection goes, seen from the pod whose policies are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It takes it.
    Ingress,
    /// It makes it.
    Egress,
}

/// A pod whose policies are asked: its object gives the namespace.
#[derive(Debug, Clone, Copy)]
pub struct Near<'w> {
    /// The object that makes it.
    pub object: &'w Object,
    /// The pod.
    pub pod: &'w PodTemplate,
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub enum Far<'w> {
    /// A pod like this.
    Pod(Near<'w>),
    /// A pod of this namespace whose labels and ports nobody knows.
    PodOf(&'w str),
    /// No pod: an address.
    Address,
}

/// What is connected to: every port from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The protocol.
    pub protocol: Protocol,
    /// The first port.
    pub first: u16,
    /// The last one.
    pub last: u16,
}

/// What the policies of a pod say of a connection.
#[derive(Debug, Clone)]
pub struct Passage<'w> {
    /// Whether they let it pass.
    pub passes: Selected,
    /// The policies that select the pod for certain, in that direction.
    pub policies: Vec<&'w Object>,
}

impl Wanted {
    /// A port of TCP.
    pub fn tcp(port: u16) -> Self {
        Self::range(port, port)
    }

    /// Some ports of TCP.
    pub fn range(first: u16, last: u16) -> Self {
        Self { protocol: Protocol::Tcp, first, last }
    }
}

/// Whether the policies of a pod let a connection with the other end pass.
pub fn passage<'w>(
    world: &'w World,
    near: Near<'w>,
    direction: Direction,
    far: Far<'w>,
    wanted: Wanted,
) -> Passage<'w> {
    let mut policies = Vec::new();
    let mut open = Open::default();
    let mut perhaps_isolated = false;
    for (object, policy) in world.network_policies(near.object) {
        let Some(traffic) = policy.of(direction) else { continue };
        let selected = selects(object, policy, near);
        match selected {
            Selected::No => continue,
            Selected::Perhaps => perhaps_isolated = true,
            Selected::Yes => policies.push(object),
        }
        for item in traffic {
            open.add(world, item, Ends { policy: object, near, direction, far }, wanted.protocol, selected);
        }
    }
    let passes = match (open.cover(wanted), policies.is_empty()) {
        (Selected::Yes, _) => Selected::Yes,
        (_, true) if !perhaps_isolated => Selected::Yes,
        (_, true) => Selected::Perhaps,
        (covered, false) => covered,
    };
    Passage { passes, policies }
}

impl NetworkPolicy {
    /// What it lets pass in a direction; none if it leaves that alone.
    fn of(&self, direction: Direction) -> Option<&[Traffic]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

/// Whether a policy is about a pod.
fn selects(object: &Object, policy: &NetworkPolicy, near: Near<'_>) -> Selected {
    let here = same(object.namespace.as_deref(), near.object.namespace.as_deref());
    here.min(policy.pods.selects(&near.pod.labels, is_added_to_pods))
}

fn same(a: Option<&str>, b: Option<&str>) -> Selected {
    match same_namespace(a, b) {
        SameNamespace::Yes => Selected::Yes,
        SameNamespace::Open => Selected::Perhaps,
        SameNamespace::No => Selected::No,
    }
}

/// Between what an item of a policy is asked to decide.
#[derive(Clone, Copy)]
struct Ends<'w> {
    policy: &'w Object,
    near: Near<'w>,
    direction: Direction,
    far: Far<'w>,
}

impl<'w> Ends<'w> {
    /// The pod that is connected to, if it is known: names of ports are its own.
    fn target(self) -> Option<&'w PodTemplate> {
        match (self.direction, self.far) {
            (Direction::Ingress, _) => Some(self.near.pod),
            (Direction::Egress, Far::Pod(far)) => Some(far.pod),
            (Direction::Egress, _) => None,
        }
    }

    /// Whether the other end is among the peers of an item.
    fn is_peer(self, world: &World, peers: &[Peer]) -> Selected {
        peers.iter().map(|peer| self.is(world, peer)).max().unwrap_or(Selected::Yes)
    }

    fn is(self, world: &World, peer: &Peer) -> Selected {
        let (pods, namespaces) = match peer {
            // The specification leaves open what a block says of pods, and addresses are not known.
            Peer::Block => return Selected::Perhaps,
            Peer::Pods { pods, namespaces } => (pods, namespaces),
        };
        let (namespace, labels): (_, Option<&Pairs>) = match self.far {
            // Who selects pods means no address. The API server's may be one of a pod on the host's network, which the
            // specification leaves open too.
            Far::Address if namespaces.is_none() => return Selected::No,
            Far::Address => return Selected::Perhaps,
            Far::PodOf(namespace) => (Some(namespace), None),
            Far::Pod(far) => (far.object.namespace.as_deref(), Some(&far.pod.labels)),
        };
        let there = match namespaces {
            None => same(self.policy.namespace.as_deref(), namespace),
            Some(selector) => is_in(world, selector, namespace),
        };
        let like = match labels {
            Some(labels) => pods.selects(labels, is_added_to_pods),
            None => pods.selects(&[], |_| true),
        };
        there.min(like)
    }
}

/// Whether a namespace is selected. One that is not in the input has labels that nobody knows, but for its name.
fn is_in(world: &World, selector: &Selector, namespace: Option<&str>) -> Selected {
    let Some(name) = namespace else { return selector.selects(&[], |_| true) };
    let known = world.namespace(name);
    let mut labels = known.map(|object| object.labels.clone()).unwrap_or_default();
    labels.push((NAME_OF_NAMESPACE.to_owned(), name.to_owned()));
    selector.selects(&labels, |_| known.is_none())
}

/// The ports that are let pass, and how certain that is.
#[derive(Default)]
struct Open(Vec<(u16, u16, Selected)>);

impl Open {
    fn add(&mut self, world: &World, item: &Traffic, ends: Ends<'_>, protocol: Protocol, selected: Selected) {
        let certain = selected.min(ends.is_peer(world, &item.peers));
        if certain == Selected::No {
            return;
        }
        if item.ports.is_empty() {
            self.0.push((0, u16::MAX, certain));
        }
        for port in item.ports.iter().filter(|port| port.protocol == protocol) {
            self.add_port(port, ends.target(), certain);
        }
    }

    fn add_port(&mut self, port: &Port, target: Option<&PodTemplate>, certain: Selected) {
        match (&port.which, target) {
            (Ports::All, _) => self.0.push((0, u16::MAX, certain)),
            (Ports::Range(first, last), _) => self.0.push((*first, *last, certain)),
            (Ports::Named(name), Some(pod)) => {
                let numbers = pod.ports_named(name).filter_map(|number| u16::try_from(number).ok());
                self.0.extend(numbers.map(|number| (number, number, certain)));
            }
            (Ports::Named(_), None) => self.0.push((0, u16::MAX, Selected::Perhaps.min(certain))),
        }
    }

    /// Whether all of these ports are among them.
    fn cover(&self, wanted: Wanted) -> Selected {
        let covered = |least: Selected| {
            let mut ranges: Vec<(u32, u32)> = self
                .0
                .iter()
                .filter(|(_, _, certain)| *certain >= least)
                .map(|(first, last, _)| (u32::from(*first), u32::from(*last)))
                .collect();
            ranges.sort_unstable();
            let next = ranges.into_iter().fold(u32::from(wanted.first), |next, (first, last)| match first <= next {
                true => next.max(last + 1),
                false => next,
            });
            next > u32::from(wanted.last)
        };
        let levels = [Selected::Yes, Selected::Perhaps];
        levels.into_iter().find(|least| covered(*least)).unwrap_or(Selected::No)
    }
}
