//! The judgement: all rules over all traces. Pure: no clock, no files, no sockets.

use std::cell::LazyCell;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::finding::{Effect, Finding, Findings, Severity, Verdict};
use super::{Check, all, ways};
use crate::membership::siblings;
use crate::name::boot::Boot;
use crate::place::ObjectId;
use crate::trace::Trace;
use crate::trace::project_read::ProjectRead;
use crate::world::World;
use crate::world::facts::Kinds;
use crate::world::object::Object;

/// A workload and what was found.
#[derive(Debug)]
pub struct Judged {
    /// The workload.
    pub object: ObjectId,
    /// Whether it will cluster.
    pub verdict: TraceVerdict,
    /// What the node is called, as a template.
    pub boots: Option<String>,
    /// What the peers dial.
    pub dials: Vec<String>,
    /// What shows that a workload without a declaration is a BEAM node.
    pub evidence: Option<String>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The files of the app's project that decided.
    pub project: ProjectRead,
}

/// Whether a workload will cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceVerdict {
    /// Every replica will see all the others.
    Forms,
    /// Some replica will not see its peers, or crashes, or is refused.
    Breaks,
    /// It depends on these.
    Open(Vec<String>),
    /// It declares no strategy.
    NotOptedIn,
    /// A server that forms clusters in a way of its own.
    OwnClustering(&'static str),
}

/// Judges every BEAM workload of a world, in the order read.
pub fn judge(world: &World) -> Vec<Judged> {
    judge_those(world, |_| true)
}

/// Judges those that are asked about; the others are the world around them.
pub fn judge_those(world: &World, is_asked: impl Fn(&Object) -> bool) -> Vec<Judged> {
    let workloads: Vec<_> = world.workloads().filter(|(object, _)| is_asked(object)).collect();
    workloads
        .into_par_iter()
        .filter_map(|(object, workload)| {
            let trace = Trace::of(world, object, workload);
            (trace.is_beam() || trace.server.is_some()).then(|| judge_trace(&trace))
        })
        .collect()
}

/// Judges one workload.
pub fn judge_trace(trace: &Trace<'_>) -> Judged {
    let mut found = Findings::about(trace.object.id, trace.is_opted_in());
    let mut further: Vec<_> = trace.further.iter().map(|way| (way, Findings::about(trace.object.id, true))).collect();
    if trace.server.is_none() {
        let siblings = LazyCell::new(|| siblings(trace));
        for rule in all() {
            match rule.check {
                Check::Trace(check) => check(trace, &mut found),
                Check::Ways(check) => {
                    check(trace, &mut found);
                    further.iter_mut().for_each(|(way, found)| check(way, found));
                }
                Check::Siblings(check) => check(trace, &siblings, &mut found),
                Check::Change(_) | Check::Input => {}
            }
        }
    }
    further.into_iter().for_each(|(_, further)| found.adopt(further));
    let (hidden, mut findings): (Vec<_>, Vec<_>) =
        found.into_vec().into_iter().partition(|finding| is_hidden(trace, finding));
    ways::mention(trace, &mut findings);
    hide_cookies(trace, &mut findings);
    Judged {
        object: trace.object.id,
        verdict: verdict(trace, &findings, &hidden),
        boots: boots(trace),
        dials: dials(trace),
        evidence: trace.evidence.as_ref().map(|evidence| evidence.0.clone()),
        findings,
        project: trace.project_read(),
    }
}

/// A finding about cookies points at them.
fn hide_cookies(trace: &Trace<'_>, findings: &mut [Finding]) {
    let mut about = findings.iter_mut().filter(|finding| finding.rule.code / 100 == 6).peekable();
    if about.peek().is_some() {
        let cookies = trace.literal_cookies();
        about.for_each(|finding| _ = finding.hides(cookies.iter().cloned()));
    }
}

fn boots(trace: &Trace<'_>) -> Option<String> {
    match trace.boot()? {
        Boot::Named(name) => Some(trace.identity.show(name)),
        _ => None,
    }
}

/// The names that are dialled, none twice: two Services may show a pod under one name.
fn dials(trace: &Trace<'_>) -> Vec<String> {
    let mut names: Vec<String> = trace.dials.iter().map(|dial| trace.identity.show(&dial.name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether something is missing only because it may not be listed on the cluster.
fn is_hidden(trace: &Trace<'_>, finding: &Finding) -> bool {
    let seen = &trace.world.facts.seen;
    let is_hidden = |kinds| trace.namespaces().iter().any(|namespace| seen.hides(Some(namespace), kinds));
    finding.verdict == Verdict::Open && finding.lacks.is_some_and(is_hidden)
}

fn verdict(trace: &Trace<'_>, findings: &[Finding], hidden: &[Finding]) -> TraceVerdict {
    if let Some(server) = trace.server {
        return TraceVerdict::OwnClustering(server);
    }
    if !trace.is_opted_in() {
        return TraceVerdict::NotOptedIn;
    }
    let breaking = |finding: &&Finding| finding.effect == Effect::Breaks;
    if findings.iter().filter(breaking).any(|finding| finding.verdict == Verdict::Refuted) {
        return TraceVerdict::Breaks;
    }
    let mut missing: Vec<String> = findings
        .iter()
        .filter(breaking)
        .filter(|finding| finding.verdict == Verdict::Open)
        .map(|finding| finding.message.clone())
        .collect();
    // What is not understood is not checked.
    let unread = |finding: &&Finding| {
        !breaking(finding) && finding.severity == Severity::Error && finding.verdict == Verdict::Refuted
    };
    missing.extend(findings.iter().filter(unread).map(|finding| finding.message.clone()));
    let kinds = hidden.iter().filter(breaking).filter_map(|finding| finding.lacks).fold(Kinds::default(), Kinds::and);
    missing.extend((kinds != Kinds::default()).then(|| format!("{} may not be listed", kinds.in_words())));
    missing.extend(trace.doubts());
    if missing.is_empty() { TraceVerdict::Forms } else { TraceVerdict::Open(missing) }
}
