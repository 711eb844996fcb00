//! The acceptor's name: what the node calls itself when it boots.

use std::sync::Arc;

pub use super::args_file::VM_ARGS;
use super::args_file::{self, VmArgs};
use super::complete::{Pod, complete, without_host};
use super::env::{Env, Lookup, Scope};
use super::flags::{BEFORE, ByScript, ELIXIR_ERL_OPTIONS, flag_of};
pub use super::flags::{FLAGS, Flags, LIVEBOOK_COOKIE, LIVEBOOK_NODE};
use super::inputs::{self, Input};
use super::launcher::{Launch, NameFlag, Program, Verb};
use super::livebook::Livebook;
use super::release;
use super::same::Identity;
use super::script::{self, Run};
use super::template::{Template, Why};
use crate::place::Loc;
use crate::world::declared::{Key, Sourced};
use crate::world::pod::Container;
use crate::world::project::Release;
use crate::world::workload::{Workload, WorkloadKind};

/// What becomes of a node's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boot {
    /// It boots under this full name.
    Named(Template),
    /// It boots, and nobody can reach it.
    Undistributed(Undistributed),
    /// It does not boot.
    Crash(Crash),
    /// Who decides it is not in the input.
    Opaque(Why),
}

/// Why a node has no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undistributed {
    /// `RELEASE_DISTRIBUTION=none`.
    None,
    /// A value that the release script does not know.
    Misspelt(String),
    /// `eval`, `rpc` and the like have no node of their own that stays.
    Verb,
    /// `erl` or `elixir` without a name.
    NoName,
}

/// Why a node does not boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// A dotted host with short names.
    ShortName,
    /// Long names and no host.
    LongName,
    /// A part before `@` that the VM refuses, or two `@`.
    InvalidName,
    /// A name with spaces falls apart into arguments.
    Words,
}

/// A setting of the release and who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// This value, written here.
    Set(Sourced<Template>),
    /// The manifest leaves it out.
    Unset,
    /// Something that was not read may set it.
    Open(Why),
}

/// Everything that decides a node's name.
#[derive(Debug, Clone)]
pub struct Naming {
    /// What the container starts.
    pub launch: Launch,
    /// The environment with which the release boots: the container's, after the scripts on the way.
    pub env: Env,
    /// `RELEASE_DISTRIBUTION`.
    pub distribution: Setting,
    /// `RELEASE_NODE`, or the whole name where an annotation declares it.
    pub node: Setting,
    /// The variables with flags for the VM.
    pub flags: Vec<Flags>,
    /// A name in the VM's flags, and the variable or command that holds it.
    pub flag: Option<Sourced<NameFlag>>,
    /// The `rel/env.sh` that was read, and where.
    pub env_sh: Option<Sourced<String>>,
    /// The release of the app's project, where it is clear which one runs.
    pub release: Option<Arc<Release>>,
    /// Whether the image can change nothing any more: its `rel/env.sh` was read, or the name was declared.
    pub closed: bool,
    /// The `node-name` annotation.
    pub declared: Option<Sourced<Template>>,
    /// RELEASE_NODE as the pod sets it, where the image's `rel/env.sh` says otherwise.
    pub overridden: Option<Sourced<Template>>,
    /// The name in a `vm.args` of which nobody can say whether it is the node's.
    pub unclear: Option<Loc>,
    /// The command that starts the node, where a script does so without `exec`.
    pub child: Option<Loc>,
    /// `sed 's/./-/g'` in a script that is read.
    pub dashes_everything: Option<Loc>,
    /// Variables that the image reads and the pod does not set.
    pub missing_inputs: Vec<Input>,
    /// What comes of it.
    pub boot: Boot,
}

/// The release's variables that decide its name.
const NODE: &str = "RELEASE_NODE";
const DISTRIBUTION: &str = "RELEASE_DISTRIBUTION";

impl Setting {
    fn of(env: &Env, name: &str) -> Self {
        match env.lookup(name) {
            // `${RELEASE_NODE:-…}`: the start script takes an empty value for none.
            Lookup::Set(var) if var.value.is_empty() => Self::Unset,
            Lookup::Set(var) => Self::Set(Sourced { value: var.value.clone(), at: var.at.clone() }),
            Lookup::Unset => Self::Unset,
            Lookup::Open(why) => Self::Open(why.clone()),
        }
    }

    /// The value, where it is set.
    pub fn value(&self) -> Option<&Template> {
        match self {
            Self::Set(sourced) => Some(&sourced.value),
            _ => None,
        }
    }

    /// The value, where it is set to known text.
    pub fn literal(&self) -> Option<String> {
        self.value()?.literal()
    }

    /// The place, where it is set.
    pub fn at(&self) -> Option<&Loc> {
        match self {
            Self::Set(sourced) => Some(&sourced.at),
            _ => None,
        }
    }
}

impl Naming {
    /// Solves the name of the node in a container.
    pub fn of(
        scope: Scope<'_>,
        workload: &Workload,
        container: &Container,
        env: &Env,
        keys: &[(Key, Sourced<String>)],
    ) -> Self {
        let launch = Launch::of(scope, container, env);
        let given = launch.environment(env);
        let Run { mut launch, env: mut boot_env, child, mut dashes_everything } =
            script::run(scope, workload, container, launch, &given);
        let from_pod = Setting::of(&boot_env, NODE);
        let (mut closed, mut env_sh) = (false, None);
        let release = release::picked(scope, workload, container, &launch, &boot_env, keys);
        if launch.program.may_be_a_release()
            && let Some(sourced) =
                script::sourced(scope, workload, container, &boot_env, release.as_ref(), &launch.program)
        {
            (boot_env, closed, env_sh) = (sourced.env, sourced.closed, sourced.text);
            dashes_everything = dashes_everything.or(sourced.dashes_everything);
        }
        let livebook = Livebook::of(container, &boot_env, launch.start_script.as_deref());
        let livebook = livebook.filter(|_| launch.program.may_be_a_release());
        // `rpc` and `remote` take its name for RELEASE_NODE.
        if let Some((name, at)) = livebook.as_ref().and_then(Livebook::name) {
            boot_env.set(NODE, name.clone(), at.clone());
        }
        // What BG002 finds wrong is none.
        let inputs = inputs::declared(keys).unwrap_or_default();
        let declared = declared_name(scope, env, keys)
            .map(|declared| Sourced { value: inputs::bind(&declared.value, &inputs, env), at: declared.at });
        let node = Setting::of(&boot_env, NODE);
        let distribution = Setting::of(&boot_env, DISTRIBUTION);
        // An image that is declared to give a name gives a long one.
        let script = match (distribution.literal().as_deref(), &distribution) {
            _ if declared.is_some() => ByScript::Long,
            (None, Setting::Unset) if closed => ByScript::Short,
            (Some("sname"), _) => ByScript::Short,
            (Some("none"), _) => ByScript::None,
            _ => ByScript::Long,
        };
        let closed = closed || declared.is_some();
        let mut flags = Flags::of(&boot_env);
        let vm_args = args_file::read(scope, container, &boot_env, &launch, release.as_ref());
        let unclear = add_vm_args(&mut flags, &mut launch, vm_args);
        flags.retain(|flags| launch.by_elixir || flags.variable != ELIXIR_ERL_OPTIONS);
        let overridden = overridden(from_pod, &node).filter(|_| livebook.is_none());
        add_livebook(&mut flags, &mut launch, livebook);
        let mut naming = Self {
            flag: flag_of(&flags, &launch, &script),
            flags,
            distribution,
            env_sh,
            release: release.map(|picked| picked.release),
            closed,
            overridden,
            unclear,
            child,
            dashes_everything,
            missing_inputs: missing(inputs, env),
            boot: Boot::Opaque(Why::Image),
            node,
            env: boot_env,
            launch,
            declared,
        };
        naming.boot = naming.solve(&Pod::of(workload));
        naming
    }

    /// The name as it was written, and where: declared, in the VM's flags, or in RELEASE_NODE.
    pub fn written(&self) -> Option<(&Template, Loc)> {
        if let Some(flag) = &self.flag {
            return Some((&flag.value.name, flag.at.clone()));
        }
        if let Some(declared) = &self.declared {
            return Some((&declared.value, declared.at.clone()));
        }
        match &self.node {
            Setting::Set(node) => Some((&node.value, node.at.clone())),
            _ => None,
        }
    }

    /// Whether RELEASE_NODE comes out of the image's `rel/env.sh`.
    pub fn is_by_env_sh(&self) -> bool {
        let is_there = |at: &Loc, script: &Loc| (at.object, &at.pointer) == (script.object, &script.pointer);
        self.node.at().zip(self.env_sh.as_ref()).is_some_and(|(at, script)| is_there(at, &script.at))
    }

    /// Whether a `vm.args` is all that names the node, as that of relx is.
    pub fn is_by_vm_args(&self) -> bool {
        matches!(self.launch.program, Program::Vm(_)) && self.is_in_vm_args(&self.launch.at)
    }

    /// Whether this is the place of a `vm.args`.
    pub fn is_in_vm_args(&self, at: &Loc) -> bool {
        self.flags.iter().any(|flags| flags.variable == VM_ARGS && flags.at == *at)
    }

    /// Whether a Livebook names the node by itself.
    pub fn is_livebook(&self) -> bool {
        self.flags.iter().any(Flags::is_livebook)
    }

    /// Whether names are long, or would be if the image says what the name needs.
    pub fn is_presumed_long(&self) -> bool {
        match &self.flag {
            Some(flag) => flag.value.long,
            None => self.declared.is_some() || self.distribution.literal().as_deref() == Some("name"),
        }
    }

    fn solve(&self, pod: &Pod) -> Boot {
        match &self.launch.program {
            Program::Release(Verb::Eval | Verb::Talk | Verb::Other) => return Boot::Undistributed(Undistributed::Verb),
            Program::Foreign(why) if self.declared.is_none() => return Boot::Opaque(why.clone()),
            Program::Relx(run) if self.declared.is_none() => return Boot::Opaque(Why::Program(run.clone())),
            _ => {}
        }
        if let Some(declared) = self.declared.as_ref().filter(|_| self.flag.is_none()) {
            return complete(&declared.value, Some(true), pod);
        }
        if let Some(flag) = &self.flag {
            return match self.may_be_outdone(&flag.value) {
                true => Boot::Opaque(Why::Image),
                false => complete(&flag.value.name, Some(flag.value.long), pod),
            };
        }
        if matches!(self.launch.program, Program::Vm(_)) {
            return Boot::Undistributed(Undistributed::NoName);
        }
        let long = match self.is_long() {
            Ok(long) => long,
            Err(boot) => return boot,
        };
        match &self.node {
            Setting::Set(node) => complete(&node.value, long, pod),
            Setting::Open(why) => Boot::Opaque(why.clone()),
            Setting::Unset if self.closed => without_host(&self.release_name(), long, pod),
            Setting::Unset => Boot::Opaque(Why::Image),
        }
    }

    /// The release's own name, which the start script takes where there is no RELEASE_NODE. The image knows it, unless the
    /// pod says otherwise.
    fn release_name(&self) -> Template {
        match Setting::of(&self.env, "RELEASE_NAME") {
            Setting::Set(name) => name.value,
            Setting::Unset if self.release.is_some() => {
                let name = self.release.as_ref().map_or("", |release| &release.name);
                Template::lit(name, &self.launch.at)
            }
            _ => Template::opaque(Why::Image, &self.launch.at),
        }
    }

    /// Whether the start script may give a short name, which beats every long one (`erl_distribution.erl`): it does
    /// unless something that is not read sets RELEASE_DISTRIBUTION.
    fn may_be_outdone(&self, flag: &NameFlag) -> bool {
        flag.long
            && self.declared.is_none()
            && !matches!(self.launch.program, Program::Vm(_))
            && matches!(self.is_long(), Ok(None))
    }

    /// Whether names are long; none where only the image says so.
    fn is_long(&self) -> Result<Option<bool>, Boot> {
        match &self.distribution {
            Setting::Unset if self.closed => Ok(Some(false)),
            Setting::Unset | Setting::Open(_) => Ok(None),
            Setting::Set(value) => match value.value.literal().as_deref() {
                Some("name") => Ok(Some(true)),
                Some("sname") => Ok(Some(false)),
                Some("none") => Err(Boot::Undistributed(Undistributed::None)),
                Some(other) => Err(Boot::Undistributed(Undistributed::Misspelt(other.to_owned()))),
                None => Ok(None),
            },
        }
    }
}

/// Where a file's flags stand on the command line, as far as the last of several counts; those of relx are all of it. Of one that
/// is unclear it is the place of the name that is left.
fn add_vm_args(flags: &mut Vec<Flags>, launch: &mut Launch, given: Option<VmArgs>) -> Option<Loc> {
    let before = flags.iter().take_while(|flags| BEFORE.contains(&flags.variable)).count();
    match given {
        Some(VmArgs::Whole(words, at)) => {
            launch.by_elixir = false;
            flags.insert(before, Flags { variable: VM_ARGS, words: words.clone(), at: at.clone() });
            (launch.program, launch.at) = (Program::Vm(words), at);
        }
        Some(VmArgs::Beside(words, at)) => flags.insert(before, Flags { variable: VM_ARGS, words, at }),
        Some(VmArgs::Unclear(why, at)) => {
            launch.program = Program::Foreign(why);
            return at;
        }
        None => {}
    }
    None
}

fn add_livebook(flags: &mut Vec<Flags>, launch: &mut Launch, livebook: Option<Livebook>) {
    match livebook {
        Some(Livebook::Named(own)) => {
            launch.program = Program::Vm(Vec::new());
            flags.extend(own);
        }
        Some(Livebook::Unnamed(why)) => launch.program = Program::Foreign(why),
        None => {}
    }
}

fn missing(mut inputs: Vec<Input>, env: &Env) -> Vec<Input> {
    inputs.retain(|input| input.is_missing(env));
    inputs
}

/// RELEASE_NODE as the pod has it, if the image makes another one of it.
fn overridden(from_pod: Setting, node: &Setting) -> Option<Sourced<Template>> {
    match (from_pod, node) {
        (Setting::Set(pod), Setting::Set(node)) if pod.value.to_string() != node.value.to_string() => Some(pod),
        _ => None,
    }
}

/// The declared name. Like every annotation it may point at a variable of the container.
fn declared_name(scope: Scope<'_>, env: &Env, keys: &[(Key, Sourced<String>)]) -> Option<Sourced<Template>> {
    let (_, declared) = keys.iter().find(|(key, _)| *key == Key::NodeName)?;
    let written = env.expand_argument(declared.value.trim(), &declared.at, scope).with_references_open();
    Some(Sourced { value: written.with_placeholders(), at: declared.at.clone() })
}

/// What becomes of a long name in the pods of a workload.
pub fn long(name: &Template, workload: &Workload) -> Boot {
    complete(name, Some(true), &Pod::of(workload))
}

/// What is known of a workload's pods before they run, in a cluster of this domain.
pub fn identity(scope: Scope<'_>, workload: &Workload, cluster_domain: String) -> Identity {
    let only = workload.kind == WorkloadKind::StatefulSet
        && workload.replicas.unwrap_or(1) == 1
        && scope.world.autoscalers_of(scope.object).is_empty();
    let pod_name = match workload.kind {
        // Of a generated name only the beginning is known.
        WorkloadKind::Pod => Some(scope.object.name.clone()).filter(|name| !name.ends_with('*')),
        WorkloadKind::StatefulSet if only => Some(format!("{}-{}", scope.object.name, workload.first_ordinal)),
        _ => None,
    };
    let example = match workload.kind {
        WorkloadKind::Pod => scope.object.name.clone(),
        WorkloadKind::StatefulSet => format!("{}-{}", scope.object.name, workload.first_ordinal),
        WorkloadKind::Replicas => format!("{}-6c7d9f8b5-x2x7p", scope.object.name),
        WorkloadKind::DaemonSet | WorkloadKind::Job => format!("{}-x2x7p", scope.object.name),
    };
    Identity {
        example,
        namespace: scope.object.namespace.clone(),
        cluster_domain,
        pod_name,
        hostname: workload.hostname().map(str::to_owned),
        odd_hostname: workload.template.hostname_as_fqdn || workload.template.hostname_override.is_some(),
        host_network: workload.template.host_network,
    }
}
