//! `/validate`: denies a contradiction, and warns of what is not certain.
//!
//! A workload is judged twice, as it was and as it will be, and only what is new may be denied. It is judged alone first:
//! what is false there is false whatever else there is. What is false only in the world around it is read anew, in 300 ms,
//! before anything is denied for its sake. Services and all that pods never come to depend on are answered at once.

mod judgement;
mod live;
mod say;
mod service;
mod subject;

use std::time::Instant;

use super::review::{Answer, Operation, Request};
use super::settings::Settings;
use crate::cluster::known::{self, Known};
use crate::cluster::live::{Live, Reference};
use crate::policy::admission::Enforce;
use crate::policy::decide::{Case, Decision, Doing, Subject, decide};
use crate::policy::silence::{self, Annotated};
use crate::rules::Rule;
use crate::rules::finding::Severity;
use crate::world::node::Node;
use judgement::{Judgement, Ruling};
use subject::read;

/// What a validation asks beyond the request.
#[derive(Debug)]
struct Asked<'a, L> {
    settings: &'a Settings,
    known: &'a Known,
    live: live::Reader<'a, L>,
}

/// Answers a question about a workload, a bare pod or a Service before the API server stops waiting.
pub async fn validate<L: Live>(
    request: &Request<'_>,
    settings: &Settings,
    known: &Known,
    live: &L,
    until: Instant,
) -> Answer {
    let webhook = &settings.policy.config.webhook;
    if request.is_about_a_part() || request.operation == Operation::Connect {
        return Answer::default();
    }
    let name = request.name.as_ref().map_or("", |name| name.0.as_ref());
    if webhook.exempts(request.namespace(), name, request.user()) {
        return Answer::default();
    }
    if !subject::may_be_ours(request, settings) {
        return Answer::default();
    }
    let asked = Asked { settings, known, live: live::Reader::new(live, until) };
    // Most questions do not come this far, and should not carry around the room that the judgement takes.
    Box::pin(read_and_judge(request, &asked)).await
}

async fn read_and_judge<L: Live>(request: &Request<'_>, asked: &Asked<'_, L>) -> Answer {
    let (before, after) = match (request.before(), request.after()) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(error), _) | (_, Err(error)) => return say::not_judged(&error),
    };
    if request.kind.group.0.is_empty() && request.kind.kind.0 == "Service" {
        return service::answer(request, before.as_ref(), after.as_ref(), asked);
    }
    workload(request, before.as_ref(), after.as_ref(), asked).await
}

async fn workload<L: Live>(
    request: &Request<'_>,
    before: Option<&Node<'_>>,
    after: Option<&Node<'_>>,
    asked: &Asked<'_, L>,
) -> Answer {
    let Some(node) = after.filter(|node| subject::is_judged(request, node)) else { return Answer::default() };
    let subject = subject::of(request, node);
    let paths = &asked.settings.policy.paths;
    let Some(after) = read(node, request, paths) else { return Answer::default() };
    let before = before.and_then(|node| read(node, request, paths));
    let facts = &asked.settings.facts;
    if !judgement::is_opted_in(&after, facts)
        && before.as_ref().is_none_or(|before| !judgement::is_opted_in(before, facts))
    {
        return Answer::default();
    }
    let watched = watched_enforce(request, asked);
    let namespace = match watched {
        Some(enforce) => Some(enforce),
        // A namespace may be younger than what the watch has seen.
        None => live_enforce(request, asked).await.or(off_unless_labelled(asked)),
    };
    if namespace == Some(Enforce::Off) {
        return Answer::default();
    }
    let confirm = may_deny(request, subject, namespace);
    let judged = judgement::judge(asked, before, after, confirm).await;
    let answered = answer(request, asked, subject, namespace, &judged);
    if answered.denial.is_none() || watched.is_none() {
        return answered;
    }
    // Who has just relabelled the namespace applies again at once, and the watch may lag behind.
    match live_enforce(request, asked).await {
        Some(Enforce::Off) => Answer::default(),
        same if same == namespace => answered,
        other => answer(request, asked, subject, other, &judged),
    }
}

/// Whether a finding that rests on other objects may be denied at all.
fn may_deny(request: &Request<'_>, subject: Subject, enforce: Option<Enforce>) -> bool {
    let enforced = match enforce {
        Some(Enforce::Strict) => true,
        Some(Enforce::Deny) => !request.is_dry_run(),
        _ => false,
    };
    enforced && matches!(subject, Subject::Template | Subject::Pod)
}

/// What the namespace's label says, else the configuration; as the watch has seen it. Where nobody knows the label, nothing is
/// denied.
fn watched_enforce<L>(request: &Request<'_>, asked: &Asked<'_, L>) -> Option<Enforce> {
    let label = asked.known.enforce(request.namespace()?)?;
    Some(label.unwrap_or(asked.settings.policy.config.webhook.enforce))
}

fn off_unless_labelled<L>(asked: &Asked<'_, L>) -> Option<Enforce> {
    (asked.settings.policy.config.webhook.enforce == Enforce::Off).then_some(Enforce::Off)
}

/// The same, as the namespace is now.
async fn live_enforce<L: Live>(request: &Request<'_>, asked: &Asked<'_, L>) -> Option<Enforce> {
    let name = request.namespace()?.to_owned();
    let what = Reference { kind: "Namespace".to_owned(), namespace: None, name };
    let seen = asked.live.get(&what).await.ok().flatten()?;
    Some(known::enforce_of(&seen.object).unwrap_or(asked.settings.policy.config.webhook.enforce))
}

/// Decides about each finding, and says what came of it.
fn answer<L>(
    request: &Request<'_>,
    asked: &Asked<'_, L>,
    subject: Subject,
    enforce: Option<Enforce>,
    judged: &Judgement,
) -> Answer {
    let wishes = judged.object().map(silence::wishes).unwrap_or_default();
    let decided: Vec<Decided<'_>> = judged
        .rulings
        .iter()
        .map(|ruling| {
            let ignored = is_ignored(&wishes, ruling.finding.rule);
            Decided::of(ruling, request, asked, Circumstances { enforce, ignored, subject })
        })
        .collect();
    say::answer(&decided, &judged.world, &judged.read)
}

/// Whether somebody wants silence of a rule today.
fn is_ignored(wishes: &[Annotated], rule: &Rule) -> bool {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    silence::silenced(wishes, rule, today).is_some()
}

/// What a decision takes into account beside the finding and the request.
#[derive(Debug, Clone, Copy)]
struct Circumstances {
    enforce: Option<Enforce>,
    ignored: bool,
    subject: Subject,
}

/// A finding and what came of it.
#[derive(Debug)]
struct Decided<'j> {
    ruling: &'j Ruling,
    severity: Option<Severity>,
    decision: Decision,
}

impl<'j> Decided<'j> {
    fn of<L>(ruling: &'j Ruling, request: &Request<'_>, asked: &Asked<'_, L>, around: Circumstances) -> Self {
        let finding = &ruling.finding;
        let severity = asked.settings.policy.config.severity(finding.rule, finding.severity);
        let decision = decide(Case {
            enforce: around.enforce,
            ignored: around.ignored,
            severity,
            verdict: finding.verdict,
            new: ruling.new,
            rests_on: ruling.rests_on,
            dry_run: request.is_dry_run(),
            doing: match request.operation {
                Operation::Create => Doing::Create,
                Operation::Delete => Doing::Remove,
                Operation::Update | Operation::Connect => Doing::Update,
            },
            subject: around.subject,
        });
        Self { ruling, severity, decision }
    }
}
