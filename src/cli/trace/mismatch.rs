//! The first thing on the way that keeps the nodes of a workload from finding each other.

use schemars::JsonSchema;
use serde::Serialize;

use super::now::{Member, Now};
use crate::discovery::Query;
use crate::trace::Trace;

/// What keeps nodes from finding each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Mismatch {
    /// The step of the way that it is on.
    pub(super) step: Step,
    /// The pod, or the address.
    pub(super) member: Option<String>,
    /// One line.
    pub(super) message: String,
    /// The name that peers dial, where it is about names.
    pub(super) dials: Option<String>,
    /// The name that the node answers.
    pub(super) answers: Option<String>,
    /// How many others it is the same with.
    pub(super) others: usize,
    /// What to do next.
    pub(super) next: String,
}

/// The steps of the way, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Step {
    /// There are pods.
    Pods,
    /// Something runs in them.
    Runs,
    /// The strategy's question is answered with them.
    Found,
    /// The nodes in them say their names.
    Answers,
    /// The names are those that are dialled.
    Named,
}

impl Mismatch {
    /// The first of them: of the earliest step, and of that the first member. The fault is the rule that explains it, where one does.
    pub(super) fn first(now: &Now, trace: &Trace<'_>, fault: Option<&str>) -> Option<Self> {
        let namespace = trace.object.namespace.as_deref().unwrap_or_default();
        if !now.members.iter().any(|member| member.own) {
            let (kind, name) = (trace.object.kind.to_lowercase(), &trace.object.name);
            return Some(Self {
                step: Step::Pods,
                member: None,
                message: "it has no pods".to_owned(),
                dials: None,
                answers: None,
                others: 0,
                next: format!("`kubectl -n {namespace} describe {kind}/{name}` says why"),
            });
        }
        let found = [Step::Runs, Step::Found, Step::Answers, Step::Named].into_iter().find_map(|step| {
            let mut those = now.members.iter().filter(|member| fails(member, step));
            Some((step, those.next()?, those.count()))
        });
        let (step, member, others) = found?;
        Some(Self {
            step,
            member: Some(member.name()),
            message: message(step, member, now),
            dials: member.dials.clone().filter(|_| step == Step::Named),
            answers: member.answer().filter(|_| step == Step::Named),
            others,
            next: next(step, member, trace, namespace, fault),
        })
    }

    /// Tells it, line by line.
    pub(super) fn tell(&self, mut line: impl FnMut(&str, &str)) {
        let member = self.member.as_ref().map_or_else(String::new, |member| format!("{member}: "));
        let others = match self.others {
            0 => String::new(),
            1 => " (and one more)".to_owned(),
            more => format!(" (and {more} more)"),
        };
        line("mismatch", &format!("{member}{}{others}", self.message));
        if let (Some(dialled), Some(answered)) = (&self.dials, &self.answers) {
            let common = dialled.chars().zip(answered.chars()).take_while(|(one, other)| one == other).count();
            line("", &format!("peers dial  {dialled}"));
            line("", &format!("it answers  {answered}"));
            line("", &format!("            {:common$}^ differs from here", ""));
        }
        line("next", &self.next);
    }
}

/// Whether a member does not get past a step; of one that does not get to it, nothing is said. Whom else the strategy finds is no
/// matter of this workload, unless it cannot read the answer.
fn fails(member: &Member, step: Step) -> bool {
    match step {
        Step::Pods => false,
        Step::Runs => member.own && !member.runs(),
        Step::Found => member.unreadable || (member.own && member.found == Some(false)),
        Step::Answers => member.own && member.error.is_some() && !member.is_unasked(),
        Step::Named => member.own && member.agrees == Some(false),
    }
}

fn message(step: Step, member: &Member, now: &Now) -> String {
    let trouble = || member.error.as_ref().map(|trouble| trouble.message.clone());
    match step {
        Step::Pods | Step::Runs => trouble().unwrap_or_else(|| "nothing runs in the pod".to_owned()),
        Step::Found if member.unreadable => {
            "the endpoints have it without a `targetRef`, which libcluster cannot read".to_owned()
        }
        Step::Found if member.unready => {
            "peers do not find it: it is not ready, and its Service publishes only what is".to_owned()
        }
        Step::Found => format!("peers do not find it: {}", now.answered_by.join(", ")),
        Step::Answers => trouble().unwrap_or_default(),
        Step::Named => "peers dial another name than it answers".to_owned(),
    }
}

fn next(step: Step, member: &Member, trace: &Trace<'_>, namespace: &str, fault: Option<&str>) -> String {
    let pod = member.pod.as_deref().unwrap_or_default();
    let from_trouble = || member.error.as_ref().map_or_else(String::new, |trouble| trouble.next.to_owned());
    match (step, fault) {
        (Step::Pods | Step::Runs | Step::Answers, _) => from_trouble(),
        (Step::Found | Step::Named, Some(fault)) => format!("`beamgate explain {fault}` says why, and how to mend it"),
        (Step::Found, None) if member.unreadable => "`beamgate explain BG210` says how to mend it".to_owned(),
        (Step::Found, None) if member.unready => format!(
            "`kubectl -n {namespace} describe pod/{pod}` says what it waits for; if that is its peers, `publishNotReadyAddresses: \
             true` on the Service lets them find it before"
        ),
        (Step::Found, None) => shown(trace, namespace),
        (Step::Named, None) => format!(
            "the manifest says otherwise, so the pod is older than it, or the image has the last word: `kubectl -n {namespace} \
             delete pod/{pod}` has it made anew, and `beamgate.dev/node-name` says what the image does"
        ),
    }
}

/// How to see by hand what the strategy is answered.
fn shown(trace: &Trace<'_>, namespace: &str) -> String {
    let command = match &trace.query {
        Query::Labels(query) => format!(
            "kubectl -n {} get {} -l '{}' -o wide",
            query.namespace.as_deref().unwrap_or(namespace),
            query.on.name(),
            query.selector
        ),
        Query::Service(service, _) => format!(
            "kubectl -n {} get endpointslices -l kubernetes.io/service-name={}",
            service.namespace.as_deref().unwrap_or(namespace),
            service.name
        ),
        Query::Elsewhere(_) | Query::Unknown(_) | Query::Undeclared => return String::new(),
    };
    format!("`{command}` shows what is answered")
}
