//! What the admission webhook puts into a pod, so that its node is called as its peers dial it.
//!
//! The plan is made of the pod alone, by solving: RELEASE_NODE is the name that is dialled, spelled with `$(VAR)`. It changes
//! nothing that anybody wrote, defines nothing twice, and planned again of its own result it is empty. Its changes are
//! symbolic; [`fix`](crate::fix) makes them, of the model that is judged and of the JSON that is sent.
//!
//! The label on the pod is the consent, also on that of a Job: one that runs `eval` is given no name, one that starts a node
//! is a node of the cluster like all others, and BG701 says so.

mod carried;
mod container;
mod decide;
mod sent;

use std::borrow::Cow;

use crate::fix::{Edit, model};
use crate::name::env::{Env, NAME_TEMPLATE, NAME_WRITER};
use crate::name::inputs::{self, Input};
use crate::name::spelling::{self, Spelled};
use crate::name::template::{Part, Piece, Sym, Template};
use crate::trace::Trace;
use crate::world::World;
use crate::world::declared::{INJECTED, Key, STRATEGY};
use crate::world::facts::Facts;
use crate::world::object::{Object, value_of};
use crate::world::pod::{Container, EnvSource, EnvVar, PodTemplate};
use crate::world::workload::Workload;
use container::Changes;
use decide::{DISTRIBUTION, Decision, Inputs, Leave};
pub use sent::Sent;

/// What is to be done to a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes, in order.
    pub edits: Vec<Edit>,
    /// What they put where: `cart: MY_POD_IP RELEASE_NODE`.
    pub summary: Vec<String>,
    /// What whoever makes the pod ought to know, at most 120 characters each, the rule's code first.
    pub warnings: Vec<String>,
    /// Why no name is among it, where none is.
    pub why: Option<String>,
}

/// More is cut off by the API server (`MaxWarningLength` of `admission.k8s.io`).
const LONGEST_WARNING: usize = 120;

impl Plan {
    /// Plans what a pod, or the pods of a workload, are to get.
    pub fn of(object: &Object, workload: &Workload, facts: &Facts) -> Self {
        let pod = &workload.template;
        if value_of(&pod.labels, STRATEGY).is_none() {
            return Self::nothing(format!("the pod has no label `{STRATEGY}`"));
        }
        if let Some(namespace) = object.namespace.as_ref().filter(|namespace| facts.left_out.contains(namespace)) {
            return Self::nothing(format!("the namespace `{namespace}` is left out"));
        }
        if carried::carries_everything(pod) {
            return Self::nothing("the pod carries everything".to_owned());
        }
        let alone = World::alone(facts);
        let pod = without_volumes(pod);
        let trace = Trace::to_pods(&alone, object, workload, &pod);
        Self::of_trace(&trace)
    }

    fn nothing(why: String) -> Self {
        Self { why: Some(why), ..Self::default() }
    }

    fn of_trace(trace: &Trace<'_>) -> Self {
        if let Some(server) = trace.server {
            return Self::nothing(format!("{server} clusters by itself"));
        }
        let (Some(container), Some(naming)) = (trace.container, &trace.naming) else {
            let why = "it is not clear which container runs the node: nothing is injected".to_owned();
            let mut plan = Self::nothing(why.clone());
            plan.warn(None, &format!("{why}; `{}` says it", Key::Container.annotation()));
            return plan;
        };
        let decision = decide::decide(trace, container, naming);
        Planner { trace, container, plan: Self::default() }.plan(decision)
    }

    fn warn(&mut self, rule: Option<u16>, text: &str) {
        self.warnings.push(warning(rule, text));
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// What is injected, or why nothing is, in one line.
    pub fn describe(&self) -> String {
        match (&self.why, self.is_empty()) {
            (Some(why), true) => format!("nothing: {why}"),
            (None, true) => "nothing: nothing is missing".to_owned(),
            (_, false) => self.summary.join("; "),
        }
    }
}

/// A warning that the API server passes on as it is.
pub fn warning(rule: Option<u16>, text: &str) -> String {
    let text = rule.map_or_else(|| text.to_owned(), |rule| format!("BG{rule:03}: {text}"));
    match text.char_indices().nth(LONGEST_WARNING - 1) {
        Some((cut, last)) if cut + last.len_utf8() < text.len() => format!("{}…", &text[..cut]),
        _ => text,
    }
}

impl<'w> Trace<'w> {
    /// Follows the connection to a workload as it will run: where the webhook injects, to its pods as it leaves them.
    pub fn of(world: &'w World, object: &'w Object, workload: &'w Workload) -> Self {
        Self::to_pods(world, object, workload, pods(object, workload, &world.facts))
    }
}

/// The pods of a workload, as they will run.
fn pods<'w>(object: &Object, workload: &'w Workload, facts: &Facts) -> &'w PodTemplate {
    if !facts.injection {
        return &workload.template;
    }
    let inject = || {
        let plan = Plan::of(object, workload, facts);
        (!plan.is_empty()).then(|| Box::new(model::apply(&workload.template, &plan.edits)))
    };
    workload.injected.get_or_init(inject).as_deref().unwrap_or(&workload.template)
}

/// The webhook is not sent what volumes put into a pod, and who plans beforehand plans what it will do.
fn without_volumes(pod: &PodTemplate) -> Cow<'_, PodTemplate> {
    if pod.containers.iter().all(|container| container.volume_mounts.is_empty()) {
        return Cow::Borrowed(pod);
    }
    let mut pod = pod.clone();
    for container in &mut pod.containers {
        container.volume_mounts.clear();
    }
    Cow::Owned(pod)
}

/// A plan in the making.
struct Planner<'t> {
    trace: &'t Trace<'t>,
    container: &'t Container,
    plan: Plan,
}

impl Planner<'_> {
    fn plan(mut self, decision: Decision) -> Plan {
        let declared = self.declared();
        let mut changes = Changes::of(self.number(), self.container);
        let mut written = None;
        let wanted = match decision {
            Decision::Theirs { users, distribution, inputs } => {
                for stuck in changes.settle(users, &declared) {
                    self.plan.warn(Some(105), &stuck);
                }
                changes.add_inputs(&self.trace.env, inputs, &declared);
                if distribution {
                    self.make_long(&mut changes);
                }
                self.plan.why = Some("the pod names its node itself".to_owned());
                inputs
            }
            Decision::Leave(leave) => {
                changes.add_inputs(&self.trace.env, leave.inputs, &declared);
                self.leave(&leave)
            }
            Decision::Name(name) => {
                written = self.name(&name, &mut changes, &declared);
                Inputs::Usual
            }
        };
        self.finish(changes);
        self.init_containers(wanted, &declared);
        self.annotate();
        self.plan.edits.extend(written);
        self.plan
    }

    /// The inputs that are declared; none of them, and a warning, where one is none.
    fn declared(&mut self) -> Vec<Input> {
        inputs::declared(&self.trace.keys).unwrap_or_else(|bad| {
            let what = format!("`{}`: {bad}", Key::Inputs.annotation());
            self.plan.warn(Some(2), &what);
            Vec::new()
        })
    }

    fn number(&self) -> usize {
        let is_it = |container: &Container| std::ptr::eq(container, self.container);
        self.trace.pod.containers.iter().position(is_it).unwrap_or(usize::MAX)
    }

    fn leave(&mut self, leave: &Leave) -> Inputs {
        if leave.loud {
            self.plan.warn(leave.rule, &leave.why);
        }
        self.plan.why = Some(leave.why.clone());
        leave.inputs
    }

    /// The user's own RELEASE_NODE is never changed; without RELEASE_DISTRIBUTION it would be taken for a short name.
    fn make_long(&mut self, changes: &mut Changes<'_>) {
        let Trace { world, object, workload, pod, .. } = self.trace;
        let pod = model::apply(pod, &changes.edits);
        let trace = Trace::to_pods(world, object, workload, &pod);
        match decide::refused(&trace) {
            None => {
                if let Some(why) = trace.naming.as_ref().and_then(|naming| naming.node.value()?.unknown()) {
                    self.plan.warn(Some(307), &format!("{why}: RELEASE_NODE is taken for a long name"));
                }
                changes.append(DISTRIBUTION, EnvSource::Value("name".to_owned()));
            }
            Some((rule, what)) => {
                self.plan.warn(Some(rule), &format!("{what}: long names would keep the node from booting"))
            }
        }
    }

    /// Names the node; gives what writes the name, where no variable can.
    fn name(&mut self, name: &Template, changes: &mut Changes<'_>, declared: &[Input]) -> Option<Edit> {
        let env = container::with_declared(&self.trace.env, declared);
        let spelled = spelling::spell(name, &env, None);
        changes.add_inputs(&self.trace.env, Inputs::Usual, declared);
        if let Some(Spelled { text, missing }) = spelled {
            changes.add_missing(&missing);
            changes.append(DISTRIBUTION, EnvSource::Value("name".to_owned()));
            changes.append("RELEASE_NODE", EnvSource::Value(text));
            return None;
        }
        if self.trace.world.facts.name_files && self.container.image.is_some() {
            changes.append(DISTRIBUTION, EnvSource::Value("name".to_owned()));
            changes.append("RELEASE_NODE", EnvSource::File(NAME_WRITER.to_owned()));
            self.plan.summary.push(format!("init container {NAME_WRITER}"));
            return self.writer(name);
        }
        self.show_the_way(name, &env);
        None
    }

    /// The init container that writes a name with dashes.
    fn writer(&self, name: &Template) -> Option<Edit> {
        let placeholder = format!("{{{}}}", Sym::PodIpDashed.name());
        let at = self.trace.declared.as_ref()?.strategy.at.clone();
        let dashed = |sym| (sym == Sym::PodIpDashed).then(|| Template::lit(placeholder.as_str(), &at));
        let Spelled { text, missing } = spelling::spell(&name.replace(dashed), &Env::default(), None)?;
        let fields = std::iter::once((spelling::usual(Sym::PodIp)?.to_owned(), Sym::PodIp)).chain(missing);
        let bound =
            |(name, sym): (String, Sym)| Some(EnvVar::new(name, EnvSource::Field(spelling::field(sym)?.to_owned())));
        let mut env: Vec<EnvVar> = fields.filter_map(bound).collect();
        env.push(EnvVar::new(NAME_TEMPLATE, EnvSource::Value(text)));
        Some(Edit::WriteName { like: self.number(), env })
    }

    /// What to do where the webhook cannot.
    fn show_the_way(&mut self, name: &Template, env: &Env) {
        let why = "`$(VAR)` cannot put dashes for dots: no name is injected".to_owned();
        self.plan.warn(Some(307), &format!("{why}. Use `mode: ip`, or name the node in rel/env.sh:"));
        let variable = |sym: Sym| {
            let known = spelling::holder(sym, env, None).or_else(|| spelling::usual(sym));
            format!("${{{}}}", known.unwrap_or_default())
        };
        let shell = |piece: &Piece| match &piece.part {
            Part::Sym(Sym::PodIpDashed) => {
                format!("$(echo {} | tr . -)", variable(Sym::PodIp))
            }
            Part::Sym(sym) => variable(*sym),
            part => part.text().unwrap_or_default().to_owned(),
        };
        let text: String = name.pieces().iter().map(shell).collect();
        self.plan.warn(None, "export RELEASE_DISTRIBUTION=name");
        self.plan.warn(None, &format!("export RELEASE_NODE={text}"));
        self.plan.why = Some(why);
    }

    /// Init containers of the same image run the same `rel/env.sh`.
    fn init_containers(&mut self, wanted: Inputs, declared: &[Input]) {
        if wanted == Inputs::None || self.container.image.is_none() {
            return;
        }
        let all = self.trace.pod.containers.iter().enumerate();
        let same = all.filter(|(_, container)| {
            (container.init || container.sidecar)
                && container.image == self.container.image
                && container.name != NAME_WRITER
                && !std::ptr::eq(*container, self.container)
        });
        for (number, container) in same {
            let mut changes = Changes::of(number, container);
            changes.add_inputs(&Env::of(self.trace.scope(), container), wanted, declared);
            self.finish(changes);
        }
    }

    fn finish(&mut self, changes: Changes<'_>) {
        self.plan.summary.extend(changes.summary());
        self.plan.edits.extend(changes.edits);
    }

    /// Says on the pod what was done to it.
    fn annotate(&mut self) {
        if self.plan.edits.is_empty() {
            return;
        }
        let before = value_of(&self.trace.pod.annotations, INJECTED).filter(|before| !before.is_empty());
        let all: Vec<&str> = before.into_iter().chain(self.plan.summary.iter().map(String::as_str)).collect();
        self.plan.edits.push(Edit::Annotate { key: INJECTED, value: all.join("; ") });
    }
}
