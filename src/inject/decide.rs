//! What is to become of a node's name: solved, left to those who give it, or left alone.

use crate::discovery::{Dialled, Problem, Strategy};
use crate::name::boot::{self, Boot, Crash, FLAGS, Naming, Setting};
use crate::name::launcher::{Program, Verb};
use crate::name::template::{Sym, Template, Why};
use crate::trace::Trace;
use crate::world::declared::Key;
use crate::world::pod::Container;

/// The variable that says whether names are long.
pub(super) const DISTRIBUTION: &str = "RELEASE_DISTRIBUTION";

/// What is to become of it.
#[derive(Debug)]
pub(super) enum Decision {
    /// RELEASE_NODE becomes this.
    Name(Template),
    /// They name the node, in these variables, which are to find what they refer to.
    Theirs {
        /// The variables.
        users: &'static [&'static str],
        /// Whether RELEASE_DISTRIBUTION is still to be set.
        distribution: bool,
        /// The variables that are injected for it.
        inputs: Inputs,
    },
    /// No name.
    Leave(Leave),
}

/// Why no name is injected, and what is.
#[derive(Debug)]
pub(super) struct Leave {
    /// Why: a whole sentence without a full stop.
    pub(super) why: String,
    /// The rule that says more.
    pub(super) rule: Option<u16>,
    /// Whether anybody ought to hear of it.
    pub(super) loud: bool,
    /// The variables that are injected all the same.
    pub(super) inputs: Inputs,
}

/// Which variables for others to make a name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inputs {
    /// The address, the namespace, and those that are declared.
    Usual,
    /// Those that are declared.
    Declared,
    /// None at all.
    None,
}

impl Leave {
    fn quiet(why: impl Into<String>, inputs: Inputs) -> Self {
        Self { why: why.into(), rule: None, loud: false, inputs }
    }

    fn loud(rule: u16, why: impl Into<String>) -> Self {
        Self { why: why.into(), rule: Some(rule), loud: true, inputs: Inputs::Usual }
    }

    fn without_inputs(self) -> Self {
        Self { inputs: Inputs::None, ..self }
    }
}

/// Decides about the name of a pod that is traced alone.
pub(super) fn decide(trace: &Trace<'_>, container: &Container, naming: &Naming) -> Decision {
    if naming.declared.is_some() {
        let why = "the image names the node, as `beamgate.dev/node-name` says";
        return Decision::Leave(Leave::quiet(why, Inputs::Declared));
    }
    if let Some(leave) = of_the_program(naming) {
        return Decision::Leave(leave);
    }
    if naming.flag.is_some() {
        return Decision::Theirs { users: &FLAGS, distribution: false, inputs: of_a_name(naming, &FLAGS) };
    }
    let is_theirs = matches!(naming.node, Setting::Set(_)) || container.env_index("RELEASE_NODE").is_some();
    if is_theirs {
        let distribution = naming.distribution == Setting::Unset && container.env_index(DISTRIBUTION).is_none();
        let users = &["RELEASE_NODE"];
        return Decision::Theirs { users, distribution, inputs: of_a_name(naming, users) };
    }
    match unread(naming).or_else(|| of_the_distribution(container, naming)) {
        Some(leave) => Decision::Leave(leave),
        None => solved(trace).map_or_else(Decision::Leave, Decision::Name),
    }
}

/// The variables for a name that they give. A script reads those that every script reads; `env` says itself what it needs.
fn of_a_name(naming: &Naming, users: &[&str]) -> Inputs {
    let is_of_a_script = |name: &&str| naming.env.get(name).is_some_and(|var| var.index.is_none());
    if users.iter().any(is_of_a_script) { Inputs::Usual } else { Inputs::Declared }
}

/// Programs that take no name from RELEASE_NODE.
fn of_the_program(naming: &Naming) -> Option<Leave> {
    let why = match &naming.launch.program {
        Program::Release(Verb::Eval | Verb::Talk | Verb::Other) => "what the container runs starts no node",
        Program::Vm(_) if naming.is_by_vm_args() => "the image's vm.args names the node",
        Program::Vm(_) if naming.flag.is_some() => "the command names the node",
        Program::Vm(_) => "the command starts a VM, which does not read RELEASE_NODE",
        Program::Foreign(_) | Program::Relx(_) => "the command does not read RELEASE_NODE",
        Program::Image | Program::Release(Verb::Start) | Program::Wrapper(_) => return None,
    };
    Some(Leave::quiet(why, Inputs::Usual))
}

/// Why the VM would not boot with long names under the name that it is given, if it would not.
pub(super) fn refused(trace: &Trace<'_>) -> Option<(u16, &'static str)> {
    match &trace.naming.as_ref()?.node {
        Setting::Set(node) => refusal(&boot::long(&node.value, trace.workload)),
        _ => Some((104, "RELEASE_NODE is empty")),
    }
}

/// Something that is never read may name the node: an `envFrom`, or a script.
fn unread(naming: &Naming) -> Option<Leave> {
    let settings = [("RELEASE_NODE", &naming.node), (DISTRIBUTION, &naming.distribution)];
    let (name, why) = settings.into_iter().find_map(|(name, setting)| match setting {
        Setting::Open(why) => Some((name, why)),
        _ => None,
    })?;
    let who = match why {
        Why::EnvFrom(from) => format!("`envFrom` of `{from}`"),
        Why::Shell(_) => "the command's script".to_owned(),
        other => other.to_string(),
    };
    Some(Leave::loud(307, format!("{who} may set {name}: no name is injected")))
}

/// A name that is dialled has dots, and with any other distribution than `name` a node of such a name does not boot.
fn of_the_distribution(container: &Container, naming: &Naming) -> Option<Leave> {
    let set = match &naming.distribution {
        Setting::Unset if container.env_index(DISTRIBUTION).is_some() => String::new(),
        Setting::Set(value) => value.value.literal().unwrap_or_else(|| value.value.to_string()),
        Setting::Unset | Setting::Open(_) => return None,
    };
    (set != "name").then(|| {
        let rule = if matches!(set.as_str(), "" | "sname") { 101 } else { 102 };
        Leave::loud(rule, format!("RELEASE_DISTRIBUTION is `{set}`, not `name`: no name is injected"))
    })
}

/// The name that the peers dial, where this pod can have it.
fn solved(trace: &Trace<'_>) -> Result<Template, Leave> {
    if let Some(strategy) = &trace.strategy
        && let Some(leave) = strategy.problems.iter().find_map(|problem| of_the_declaration(strategy, problem))
    {
        return Err(leave);
    }
    if let Some(strategy) = trace.strategy.as_ref().filter(|_| trace.dialled() != Dialled::Made) {
        let why = format!("with `{}` peers make no name that could be injected", strategy.name);
        return Err(Leave { rule: None, ..Leave::loud(2, why) });
    }
    let Some((dial, discovery)) = trace.dials.first().zip(trace.discovery()) else {
        return Err(Leave::loud(2, "nothing is known of the strategy: no name is injected"));
    };
    let is_dashed = dial.name.syms().any(|sym| sym == Sym::PodIpDashed);
    if discovery.needs().hostname && dial.answer.hostname.is_none() && !(is_dashed && trace.world.facts.name_files) {
        let why = "the pod has no host name that peers could dial, as a StatefulSet's have: nothing is injected";
        return Err(Leave::loud(212, why).without_inputs());
    }
    if let Some(why) = dial.name.unknown() {
        return Err(Leave::loud(307, format!("{why}: no name is injected")));
    }
    match refusal(&boot::long(&dial.name, trace.workload)) {
        Some((rule, what)) => Err(Leave::loud(rule, format!("{what}: no name is injected"))),
        None => Ok(trace.identity.with_own_namespace(&dial.name)),
    }
}

/// A declaration that gives no name.
fn of_the_declaration(strategy: &Strategy, problem: &Problem) -> Option<Leave> {
    Some(match problem {
        Problem::UnknownStrategy(_) => {
            Leave::loud(2, format!("`{}` is no strategy: nothing is injected", strategy.name)).without_inputs()
        }
        Problem::Unchecked(what) => {
            let why = format!("`{what}` is not solved yet: no name is injected");
            Leave { rule: None, ..Leave::loud(2, why) }
        }
        Problem::BadValue { key, value, .. } => {
            let why = format!("`{}` cannot be `{}`: no name is injected", key.annotation(), value.value);
            Leave::loud(2, why)
        }
        // The name of a node says nothing of these.
        Problem::Missing(Key::Selector | Key::Namespace, _) => return None,
        Problem::Missing(Key::Service, "service" | "query" | "dns_name") if strategy.name != "Kubernetes.DNSSRV" => {
            return None;
        }
        Problem::Missing(key, _) => Leave::loud(3, format!("`{}` is missing: no name is injected", key.annotation())),
    })
}

/// Why the VM would not boot under a name.
fn refusal(boot: &Boot) -> Option<(u16, &'static str)> {
    match boot {
        Boot::Crash(Crash::LongName) => Some((104, "the name has no host")),
        Boot::Crash(_) => Some((107, "the VM refuses the name")),
        _ => None,
    }
}
