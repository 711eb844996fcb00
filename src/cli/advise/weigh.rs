//! A candidate, declared, mended and judged.

use std::collections::BTreeMap;

use super::advice::{Advice, look};
use crate::advise::{self, Candidate, Declaration, Lines, Naming, guide};
use crate::cli::assemble::assemble;
use crate::cli::fix::repair::{Done, Only, Repair, Wanted, Why};
use crate::cli::lint::LintArgs;
use crate::cli::session::{InputArgs, Session};
use crate::discovery::Resource;
use crate::fix::change::{Change, Tree};
use crate::manifest::Source;
use crate::name::template::Sym;
use crate::place::ObjectId;
use crate::policy::config::Injection;
use crate::rules::finding::{Effect, Fix, Safety, Severity};
use crate::rules::{Rule, TraceVerdict, judge_trace};
use crate::trace::Trace;

/// A candidate, and what would come of it.
pub(super) struct Weighed {
    pub(super) candidate: Candidate,
    /// Whether the article's guide comes to it.
    pub(super) guided: bool,
    /// What `lint` says of the workload then.
    pub(super) verdict: TraceVerdict,
    /// What `lint` finds then, but for what is only good to know.
    pub(super) left: Vec<Left>,
    /// What the rules had written, and what makes another Service the governing one.
    pub(super) made: Vec<Made>,
    /// The objects that are new: `Service cart-headless`.
    pub(super) created: Vec<String>,
    /// What the pods' account is to list, and may not yet.
    pub(super) rights: Option<Resource>,
    /// What it asks of DNS that the Kubernetes DNS specification does not promise.
    pub(super) outside: Option<&'static str>,
    /// Whether a pod that is made again has its name again.
    pub(super) stable: bool,
    /// The pods have addresses of IPv6, and it cannot dial those.
    pub(super) blind: bool,
    pub(super) naming: Naming,
    /// How many changes it takes besides the declaration, those of the image's script being one.
    pub(super) edits: usize,
    pub(super) lines: Lines,
    pub(super) texts: Vec<Text>,
    /// Where the article says something else than the facts.
    pub(super) corrections: Vec<&'static str>,
}

/// A fix that was made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    /// The rule that asked for it, if one did.
    pub(super) rule: Option<&'static Rule>,
    pub(super) fix: Fix,
}

impl From<&Done> for Made {
    fn from(done: &Done) -> Self {
        Self { rule: Some(done.rule), fix: done.fix.clone() }
    }
}

/// A finding that is left.
#[derive(Debug, Clone)]
pub(super) struct Left {
    pub(super) rule: &'static Rule,
    pub(super) severity: Severity,
    pub(super) effect: Effect,
    pub(super) message: String,
}

/// A text that would change.
pub(super) struct Text {
    pub(super) after: Source,
    pub(super) before: String,
}

impl Weighed {
    /// What it is ranked by: what is left, what has to be made again, names that do not stay where pods' do, rights, DNS beyond
    /// its specification, the number of edits.
    pub(super) fn standing(&self, advice: &Advice) -> impl Ord + use<> {
        let verdict = match self.verdict {
            TraceVerdict::Forms => 0,
            TraceVerdict::Breaks => 2,
            _ => 1,
        };
        (
            (verdict, self.blind, self.left.len()),
            self.recreated().count(),
            advice.stateful && !self.stable,
            self.rights.is_some(),
            self.outside.is_some(),
            self.edits,
            advice.declared != Some(self.candidate),
        )
    }

    /// The fixes that take to delete an object.
    pub(super) fn recreated(&self) -> impl Iterator<Item = &Fix> {
        self.made.iter().map(|made| &made.fix).filter(|fix| fix.safety == Safety::Recreate)
    }
}

/// A candidate that was weighed, or why it was not.
pub(super) type Tried = Result<Weighed, String>;

/// Objects move when others are made; that the one in question is lost is not known to happen.
const LOST: &str = "the workload is not found again in what was written";

/// What is the same for all candidates.
pub(super) struct Bench<'a> {
    pub(super) input: &'a InputArgs,
    pub(super) subject: (usize, ObjectId),
    pub(super) injection: Injection,
    /// The candidate whose declaration may stay as it is.
    pub(super) kept: Option<Candidate>,
}

/// What is known of a candidate before anything is changed.
struct Before {
    guided: bool,
    rights: Option<Resource>,
    blind: bool,
    /// Whether the image names the node now, so that the pod need not.
    by_the_image: bool,
    declaration: Declaration,
}

impl Before {
    fn of(trace: &Trace<'_>, candidate: Candidate, keeps: bool) -> Self {
        Self {
            guided: guide::comes_to(trace, candidate),
            rights: candidate.lists().filter(|resource| !advise::may_list(trace, *resource)),
            blind: advise::is_ipv6(trace) && !candidate.knows_ipv6(),
            by_the_image: advise::is_named_by_its_image(trace),
            declaration: if keeps { Declaration::default() } else { advise::declare(trace, candidate) },
        }
    }

    /// All that is written before any rule speaks.
    fn changes(&self) -> Vec<Change> {
        let Declaration { says, brings, governs } = &self.declaration;
        let governs = governs.iter().flat_map(|fix| &fix.changes);
        says.iter().chain(brings).chain(governs).cloned().collect()
    }
}

impl Bench<'_> {
    /// Weighs a candidate, and gives the session back as it was.
    pub(super) fn weigh(
        &self,
        mut session: Session,
        candidate: Candidate,
        keeps: bool,
    ) -> anyhow::Result<(Session, Tried)> {
        let subject = self.subject;
        let Some(before) = look(&session, subject, |trace| Before::of(trace, candidate, keeps)) else {
            return Ok((session, Err(LOST.to_owned())));
        };
        let injected = self.injection == Injection::None && !before.by_the_image;
        if injected {
            // What the webhook would inject is what the manifest lacks; a rule writes it.
            session.policy.config.injection = Injection::Webhook;
        }
        let only = Only { subject, injected };
        let wanted = Wanted { input: self.input, unsafe_too: true, select: &[], only: Some(only) };
        let (repair, naming) = written(Repair::new(session, wanted), &before, (candidate, subject))?;
        let governs = before.declaration.governs.clone().map(|fix| Made { rule: None, fix });
        let made = governs.into_iter().chain(repair.done().iter().map(Made::from)).collect();
        let (mut session, was) = repair.into_session();
        session.policy.config.injection = self.injection;
        let session = session.with_texts(self.input, &BTreeMap::new())?;
        let judged = |naming| self.judge(&session, (candidate, naming), before, made, &was).ok_or(LOST.to_owned());
        let tried = naming.map_err(|why| why.reason()).and_then(judged);
        Ok((session.with_texts(self.input, &was)?, tried))
    }

    /// What `lint` says of the session as it is now.
    fn judge(
        &self,
        session: &Session,
        (candidate, naming): (Candidate, Naming),
        before: Before,
        made: Vec<Made>,
        was: &BTreeMap<usize, String>,
    ) -> Option<Weighed> {
        let after = look(session, self.subject, |trace| After::of(trace, candidate, naming))?;
        let changes: Vec<&Change> =
            before.declaration.brings.iter().chain(made.iter().flat_map(|made| &made.fix.changes)).collect();
        Some(Weighed {
            candidate,
            guided: before.guided,
            verdict: after.verdict,
            left: self.left(session),
            created: changes.iter().filter_map(|change| created(change)).collect(),
            rights: before.rights,
            outside: after.outside,
            stable: after.stable,
            blind: before.blind,
            naming,
            edits: changes.len() + usize::from(naming == Naming::OtherImage),
            lines: after.lines,
            texts: texts(session, was),
            corrections: after.corrections,
            made,
        })
    }

    fn left(&self, session: &Session) -> Vec<Left> {
        let judged = assemble(session, &LintArgs::default());
        let findings = judged.report.findings.into_iter().zip(judged.subjects);
        let ours = findings
            .filter(|(finding, subject)| *subject == Some(self.subject) && finding.severity >= Severity::Warning);
        ours.map(|(finding, _)| Left {
            rule: finding.rule,
            severity: finding.severity,
            effect: finding.effect,
            message: finding.message,
        })
        .collect()
    }
}

/// Declares a candidate, and mends what that shows; then says who names the node.
fn written<'r>(
    repair: Repair<'r>,
    before: &Before,
    (candidate, subject): (Candidate, (usize, ObjectId)),
) -> anyhow::Result<(Repair<'r>, Result<Naming, Why>)> {
    let (repair, unwritten) = repair.change(&before.changes(), subject)?;
    if let Some(why) = unwritten {
        return Ok((repair, Err(why)));
    }
    let repair = repair.run()?;
    let named = look(repair.session(), subject, |trace| advise::name(trace, candidate));
    let (naming, changes) = named.unwrap_or((Naming::Pod, Vec::new()));
    if changes.is_empty() {
        return Ok((repair, Ok(naming)));
    }
    let (repair, unwritten) = repair.change(&changes, subject)?;
    Ok((repair.run()?, unwritten.map_or(Ok(naming), Err)))
}

/// What is known of a candidate once everything is changed.
struct After {
    verdict: TraceVerdict,
    outside: Option<&'static str>,
    stable: bool,
    lines: Lines,
    corrections: Vec<&'static str>,
}

impl After {
    fn of(trace: &Trace<'_>, candidate: Candidate, naming: Naming) -> Self {
        let by_host = |sym: Sym| matches!(sym, Sym::PodName | Sym::Hostname);
        let mut dialled = trace.dials.iter().flat_map(|dial| dial.name.syms());
        Self {
            verdict: judge_trace(trace).verdict,
            outside: outside(trace, candidate),
            stable: trace.workload.has_stable_hostnames() && dialled.any(by_host),
            lines: advise::lines(trace, candidate, naming),
            corrections: guide::corrections(trace, candidate),
        }
    }
}

/// What a candidate asks of DNS that the Kubernetes DNS specification (1.1.0) does not promise.
fn outside(trace: &Trace<'_>, candidate: Candidate) -> Option<&'static str> {
    if candidate.strategy == "Kubernetes.DNSSRV" {
        return Some("SRV records without a port's name");
    }
    if candidate.mode == Some("dns") {
        return Some("names below `pod.`");
    }
    let is_virtual = trace.asked_service().is_some() && trace.every_service(|service| !service.is_headless()).is_some();
    (candidate.mode == Some("hostname") && is_virtual).then_some("names of pods behind a virtual address")
}

fn texts(session: &Session, was: &BTreeMap<usize, String>) -> Vec<Text> {
    let now = was.iter().filter_map(|(number, before)| Some((session.input.sources.get(*number)?, before)));
    let changed = now.filter(|(source, before)| source.text != **before);
    changed
        .map(|(source, before)| Text {
            after: Source::new(source.name.clone(), source.origin.clone(), source.text.clone()),
            before: before.clone(),
        })
        .collect()
}

/// `Service cart-headless`, of a change that makes an object.
fn created(change: &Change) -> Option<String> {
    let Change::Create { object, .. } = change else { return None };
    Some(format!("{} {}", text(object, &["kind"])?, text(object, &["metadata", "name"])?))
}

fn text<'t>(tree: &'t Tree, keys: &[&str]) -> Option<&'t str> {
    match (tree, keys.split_first()) {
        (Tree::Text(text), None) => Some(text),
        (Tree::Map(entries), Some((key, rest))) => {
            text(entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)?, rest)
        }
        _ => None,
    }
}
