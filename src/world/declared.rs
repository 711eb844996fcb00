//! What people declare of a workload: the strategy label, the annotations beside it, and `beamgate.toml`.

use std::sync::Arc;

use super::code::Code;
use super::facts::Facts;
use super::object::{Object, value_of};
use super::workload::Workload;
use super::{project, topologies};
use crate::place::{Loc, ObjectId, Pointer};

/// The prefix of everything that is ours.
pub const PREFIX: &str = "beamgate.dev/";

/// The label that opts a pod template in.
pub const STRATEGY: &str = "beamgate.dev/strategy";

/// The annotation in which the webhook says what it has put into a pod.
pub const INJECTED: &str = "beamgate.dev/injected";

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub at: Loc,
}

/// An annotation that says more about the strategy. The names are those of `beamgate.dev/…`, the meanings those of
/// libcluster's options (3.5.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// The part before `@`: `kubernetes_node_basename`, `application_name`.
    Basename,
    /// `ip`, `dns`, `hostname`.
    Mode,
    /// `endpoints`, `pods`: `kubernetes_ip_lookup_mode`.
    Lookup,
    /// `kubernetes_selector`.
    Selector,
    /// `kubernetes_service_name`, `service`.
    Service,
    /// `kubernetes_namespace`, `namespace`.
    Namespace,
    /// The DNS domain of the cluster.
    ClusterDomain,
    /// Further strategies, beside the one of the label.
    Topologies,
    /// The whole boot name, where the image sets it.
    NodeName,
    /// The variables that the image reads to make its name.
    Inputs,
    /// The BEAM container.
    Container,
    /// Rules that are to be silent, with reasons.
    Ignore,
}

impl Key {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::Basename,
        Self::Mode,
        Self::Lookup,
        Self::Selector,
        Self::Service,
        Self::Namespace,
        Self::ClusterDomain,
        Self::Topologies,
        Self::NodeName,
        Self::Inputs,
        Self::Container,
        Self::Ignore,
    ];

    /// Its name after the prefix, and in `beamgate.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Basename => "basename",
            Self::Mode => "mode",
            Self::Lookup => "lookup",
            Self::Selector => "selector",
            Self::Service => "service",
            Self::Namespace => "namespace",
            Self::ClusterDomain => "cluster-domain",
            Self::Topologies => "topologies",
            Self::NodeName => "node-name",
            Self::Inputs => "inputs",
            Self::Container => "container",
            Self::Ignore => "ignore",
        }
    }

    /// The annotation: `beamgate.dev/mode`.
    pub fn annotation(self) -> String {
        format!("{PREFIX}{}", self.name())
    }

    /// The key of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }
}

/// What `beamgate.toml` says of workloads that cannot be annotated.
#[derive(Debug, Clone, Default)]
pub struct App {
    /// The workload's name; unset matches all.
    pub name: Option<String>,
    /// Its namespace; unset matches all.
    pub namespace: Option<String>,
    /// The strategy.
    pub strategy: Option<Sourced<String>>,
    /// The keys beside it.
    pub keys: Vec<(Key, Sourced<String>)>,
    /// The text of the image's `rel/env.sh`, if its path was given.
    pub env_sh: Option<Script>,
    /// The image's `vm.args`, if its path was given.
    pub vm_args: Option<VmArgs>,
    /// What the app's own code says, if its folder was given.
    pub code: Option<Arc<Code>>,
    /// The releases of its project, if its folder was given or found.
    pub project: Option<project::Sourced>,
}

/// A file that is no manifest: `rel/env.sh`, `config/runtime.exs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its number among the plain texts.
    pub id: ObjectId,
    /// What it says.
    pub text: String,
}

/// The flags that an image gives to the VM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VmArgs {
    /// The file.
    pub script: Script,
    /// Whether it is a `vm.args.src`, in which relx always replaces variables.
    pub is_source: bool,
}

impl App {
    fn matches(&self, object: &Object) -> bool {
        self.name.as_ref().is_none_or(|name| *name == object.name)
            && self
                .namespace
                .as_ref()
                .is_none_or(|namespace| object.namespace.as_ref().is_none_or(|own| own == namespace))
    }
}

/// A declaration: the strategy that the app was compiled with, and its options.
#[derive(Debug, Clone)]
pub struct Declared {
    /// The strategy's name as written.
    pub strategy: Sourced<String>,
    /// Whether it is a line of `topologies`, not the label and the annotations beside it.
    pub is_further: bool,
    keys: Vec<(Key, Sourced<String>)>,
}

impl Declared {
    /// What is declared of a workload. What stands on the template wins over `beamgate.toml`.
    pub fn of(object: &Object, workload: &Workload, facts: &Facts) -> Option<Self> {
        let app = app_of(object, facts);
        let template = &workload.template;
        let label = value_of(&template.labels, STRATEGY)
            .map(|value| Sourced { value: value.to_owned(), at: template.at_label(STRATEGY).of(object.id) });
        let strategy = label.or_else(|| app.and_then(|app| app.strategy.clone()))?;
        Some(Self { strategy, is_further: false, keys: keys_of(object, workload, app) })
    }

    /// The declarations of the further topologies: none, where one of them is not understood.
    pub fn further(&self) -> Vec<Self> {
        let read = self.get(Key::Topologies).and_then(|written| topologies::read(written).ok()).unwrap_or_default();
        let declared = |(strategy, mut keys): topologies::Topology| {
            let is_about_the_pod = |(key, _): &&(Key, _)| match key {
                Key::NodeName | Key::Inputs | Key::Container | Key::Ignore => true,
                // The domain is the cluster's, whatever is looked for in it.
                Key::ClusterDomain => !keys.iter().any(|(known, _)| known == key),
                _ => false,
            };
            let shared: Vec<_> = self.keys.iter().filter(is_about_the_pod).cloned().collect();
            keys.extend(shared);
            Self { strategy, is_further: true, keys }
        };
        read.into_iter().map(declared).collect()
    }

    /// Whether a workload is opted in at all.
    pub fn is_there(object: &Object, workload: &Workload, facts: &Facts) -> bool {
        value_of(&workload.template.labels, STRATEGY).is_some()
            || app_of(object, facts).is_some_and(|app| app.strategy.is_some())
    }

    /// All options.
    pub fn keys(&self) -> &[(Key, Sourced<String>)] {
        &self.keys
    }

    /// How an option is written in it: `beamgate.dev/mode`, `mode`.
    pub fn spelling(&self, key: Key) -> String {
        if self.is_further { key.name().to_owned() } else { key.annotation() }
    }

    /// An option.
    pub fn get(&self, key: Key) -> Option<&Sourced<String>> {
        self.keys.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }
}

fn app_of<'f>(object: &Object, facts: &'f Facts) -> Option<&'f App> {
    facts.apps.iter().find(|app| app.matches(object))
}

/// The options of a workload, opted in or not: `container` and `node-name` matter to naming alone.
pub fn keys_of(object: &Object, workload: &Workload, app: Option<&App>) -> Vec<(Key, Sourced<String>)> {
    let template = &workload.template;
    let annotated = template.annotations.iter().filter_map(|(name, value)| {
        let key = Key::named(name.strip_prefix(PREFIX)?)?;
        Some((key, Sourced { value: value.clone(), at: template.at_annotation(name).of(object.id) }))
    });
    let mut keys: Vec<_> = annotated.collect();
    for (key, value) in app.map_or(&[] as &[_], |app| &app.keys) {
        if !keys.iter().any(|(known, _)| known == key) {
            keys.push((*key, value.clone()));
        }
    }
    keys
}

/// The `rel/env.sh` that belongs to a workload, if one was given.
pub fn env_sh_of<'f>(object: &Object, facts: &'f Facts) -> Option<&'f Script> {
    facts.apps.iter().filter(|app| app.matches(object)).find_map(|app| app.env_sh.as_ref())
}

/// The `vm.args` that belongs to a workload, if one was given.
pub fn vm_args_of<'f>(object: &Object, facts: &'f Facts) -> Option<&'f VmArgs> {
    facts.apps.iter().filter(|app| app.matches(object)).find_map(|app| app.vm_args.as_ref())
}

/// What the code of a workload's app says, if it was given.
pub fn code_of<'f>(object: &Object, facts: &'f Facts) -> Option<&'f Code> {
    facts.apps.iter().filter(|app| app.matches(object)).find_map(|app| app.code.as_deref())
}

/// The projects whose releases a workload may run.
pub fn projects_of<'f>(object: &'f Object, facts: &'f Facts) -> impl Iterator<Item = &'f project::Sourced> {
    let apps = facts.apps.iter().filter(|app| app.matches(object));
    apps.filter_map(|app| app.project.as_ref()).filter(|project| project.may_be_of(object.id))
}

/// The place of the strategy label, where it is or ought to be.
pub fn strategy_place(workload: &Workload) -> Pointer {
    workload.template.at_label(STRATEGY)
}
