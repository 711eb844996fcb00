//! # shared-epmd (BG118)
//!
//! epmd knows a node by what stands before `@`, and the host does not count. All containers of a pod ask the same epmd, and
//! with `hostNetwork` so do all pods of a machine: of two nodes with one such part the second does not boot.
//!
//! ## At run time
//!
//! `Protocol 'inet_tcp': the name cart@10.42.1.7 seems to be in use by another Erlang node`, and that container restarts for
//! ever.
//!
//! ## Example
//!
//! ```yaml
//! spec:
//!   containers:
//!     - name: cart
//!       env:
//!         - name: RELEASE_NODE
//!           value: cart@$(MY_POD_IP)
//!     - name: worker
//!       env:
//!         - name: RELEASE_NODE
//!           value: cart@$(MY_POD_IP)
//! ```
//!
//! ## Fix
//!
//! Give the second node a pod of its own. Where it has to stay, give it another name; peers that look for `cart` do not find it
//! then. What needs no node runs with `eval`, which has no name.
//!
//! ```yaml
//!     - name: worker
//!       env:
//!         - name: RELEASE_NODE
//!           value: worker@$(MY_POD_IP)
//! ```
//!
//! On the host's network, keep the replicas on different machines: with `podAntiAffinity`, with a DaemonSet, or by declaring a
//! port, of which a machine has one. Where any of these is there, this is silent; it cannot know whether the machines run other
//! apps of that name.
//!
//! Containers with an `ERL_EPMD_PORT` of their own each have an epmd of their own, and so does nobody with `-start_epmd false`.
//!
//! ## Facts
//!
//! OTP 25.2.3, `erl_epmd.erl`: `register_node/3` sends the part before `@` alone. Kubernetes 1.35 takes a port of a container
//! on the host's network for the host's (`pkg/apis/core/v1/defaults.go`, `defaultHostNetworkPorts`), and the scheduler gives it to one pod.

use crate::name::boot::{Boot, Naming};
use crate::name::env::Env;
use crate::name::launcher::{Program, Verb};
use crate::name::template::Template;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::container::stands_beside_an_app;
use crate::trace::listening::EPMD_PORT;
use crate::world::declared::Key;
use crate::world::pod::Container;

pub(super) static RULE: Rule = Rule {
    code: 118,
    slug: "shared-epmd",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Person("which of the nodes goes elsewhere, or is called otherwise"),
    summary: "two nodes with one name before `@` share an epmd",
    source: include_str!("shared_epmd.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs the names of two containers, of which a policy solves one"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let containers = trace.pod.containers.iter().filter(|container| !container.init);
    if containers.clone().count() < 2 && !trace.pod.host_network {
        return;
    }
    let nodes: Vec<Node<'_>> = containers.filter_map(|container| Node::of(trace, container)).collect();
    for (index, second) in nodes.iter().enumerate() {
        if let Some(first) = nodes[..index].iter().find(|first| first.base == second.base && first.epmd == second.epmd)
        {
            in_one_pod(trace, first, second, found);
        }
    }
    if let Some(node) = nodes.first().filter(|_| trace.pod.host_network) {
        on_one_machine(trace, node, found);
    }
}

fn in_one_pod(trace: &Trace<'_>, first: &Node<'_>, second: &Node<'_>, found: &mut Findings) {
    let message = format!(
        "containers `{}` and `{}` both run a node `{}@...`, and ask one epmd",
        first.container.name, second.container.name, first.base
    );
    let is_certain = first.starts_like(second);
    let finding = if is_certain { found.refute(&RULE, message) } else { found.suspect(&RULE, message) };
    for node in [second, first] {
        let at = node.naming.written().map_or_else(|| trace.at_container(node.container), |(_, at)| at);
        finding.label(at, format!("`{}` in container `{}`", node.base, node.container.name));
    }
    finding
        .symptom(Symptom::NameInUse(trace.identity.example(&second.name)))
        .fix(Safety::Unsafe, "give the second node a pod of its own, or another name");
}

/// A port that a container declares is the machine's, and the scheduler gives it to one pod.
fn on_one_machine(trace: &Trace<'_>, node: &Node<'_>, found: &mut Findings) {
    let declares_a_port = trace.pod.containers.iter().any(|container| !container.ports.is_empty());
    let Some(replicas) = trace.replicas().filter(|count| *count > 1) else { return };
    if declares_a_port || trace.pod.kept_apart {
        return;
    }
    let message =
        format!("{replicas} replicas on the host's network: two on one machine ask one epmd for `{}`", node.base);
    let finding = found.suspect(&RULE, message);
    finding.label(trace.at_pod_spec(&["hostNetwork"]), "the machine's own epmd");
    if let Some((_, at)) = node.naming.written() {
        finding.label(at, format!("`{}` in every pod", node.base));
    }
    finding
        .symptom(Symptom::NameInUse(trace.identity.example(&node.name)))
        .note("unless the machines are so many that no two replicas meet")
        .fix(Safety::Unsafe, "leave `hostNetwork` out, or keep the replicas apart with `podAntiAffinity`");
}

/// A container that starts a node which asks epmd for its name.
struct Node<'w> {
    container: &'w Container,
    naming: Naming,
    name: Template,
    base: String,
    /// The port of its epmd, if it says one.
    epmd: Option<String>,
}

impl<'w> Node<'w> {
    fn of(trace: &Trace<'w>, container: &'w Container) -> Option<Self> {
        if stands_beside_an_app(container) {
            return None;
        }
        let naming = naming(trace, container);
        let Boot::Named(name) = &naming.boot else { return None };
        let base = name.split_once('@')?.0.literal()?;
        let is_node = matches!(naming.launch.program, Program::Release(Verb::Start) | Program::Vm(_) | Program::Image);
        let has_no_epmd = |word: &Template| word.literal().is_none_or(|word| word.contains("epmd"));
        if !is_node || naming.flags.iter().any(|flags| flags.words.iter().any(has_no_epmd)) {
            return None;
        }
        let epmd = match naming.env.get(EPMD_PORT) {
            Some(port) => Some(port.value.literal()?),
            None => None,
        };
        Some(Self { name: name.clone(), container, base, epmd, naming })
    }

    /// Whether both certainly start: by their commands, or with the same image's own entry point. An entry point of another
    /// image may ignore what the environment says.
    fn starts_like(&self, other: &Self) -> bool {
        let says_so = |node: &Self| node.naming.launch.program != Program::Image;
        (says_so(self) && says_so(other)) || self.container.image == other.container.image
    }
}

/// What a container calls its node. What is declared of the node's container is not said of the others.
fn naming(trace: &Trace<'_>, container: &Container) -> Naming {
    let env = Env::of(trace.scope(), container);
    let is_the_node = trace.container.is_some_and(|node| node.name == container.name);
    let mut keys = trace.keys.clone();
    keys.retain(|(key, _)| is_the_node || !matches!(key, Key::NodeName | Key::Inputs));
    Naming::of(trace.scope(), trace.workload, container, &env, &keys)
}
