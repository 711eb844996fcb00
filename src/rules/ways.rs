//! A workload whose nodes look for others in several ways: what fails in one of them may not matter, for another may form the cluster.

use super::finding::{Effect, Finding, Findings, Severity, Verdict};
use super::judge::{Judged, TraceVerdict, judge_trace};
use crate::symptom::Symptom;
use crate::trace::Trace;

/// What the further ways make of a cluster that does not form in the first one.
pub(super) enum Rescue {
    /// Its pods find each other in this way, or may.
    Way(String, Box<Judged>),
    /// There are further ways, and they are not understood.
    Unread,
}

impl Rescue {
    /// The further way in which the pods of the workload itself find each other, or may; none that is no better than the first.
    pub(super) fn of(trace: &Trace<'_>, verdict: &TraceVerdict) -> Option<Self> {
        if *verdict == TraceVerdict::Forms {
            return None;
        }
        let judged = trace.further.iter().map(|way| (way, judge_trace(way)));
        let best = judged.min_by_key(|(_, judged)| rank(&judged.verdict));
        if let Some((way, best)) = best.filter(|(_, best)| rank(&best.verdict) < rank(verdict)) {
            let name = way.strategy.as_ref()?.name.clone();
            return Some(Self::Way(name, Box::new(best)));
        }
        let is_unread = trace.has_unread_topologies() || trace.further.iter().any(|way| way.discovery().is_none());
        (is_unread && *verdict == TraceVerdict::Breaks).then_some(Self::Unread)
    }

    /// What comes of it, where what was found of the first way does not decide.
    pub(super) fn verdict(&self, findings: &[Finding]) -> TraceVerdict {
        match self {
            _ if findings.iter().any(|finding| breaks(finding) && crashes(finding)) => TraceVerdict::Breaks,
            Self::Way(_, judged) => judged.verdict.clone(),
            Self::Unread => TraceVerdict::Open(vec!["a further topology is not understood".to_owned()]),
        }
    }

    /// Lowers what was found of the first way alone.
    pub(super) fn mitigate(&self, findings: &mut [Finding]) {
        let (stays, note) = match self {
            Self::Way(name, judged) => {
                (judged.findings.as_slice(), format!("the pods find each other by the further topology `{name}`"))
            }
            Self::Unread => (&[] as &[_], "unless a further topology, which is not understood, does it".to_owned()),
        };
        let keeps_apart = |finding: &&mut Finding| finding.effect == Effect::Breaks && !crashes(finding);
        for finding in findings.iter_mut().filter(keeps_apart) {
            if !stays.iter().any(|other| is_same(other, finding)) {
                finding.effect(Effect::Risks).at_most(Severity::Warning).note(note.clone());
            }
        }
    }
}

impl Findings {
    /// Takes over what was found of a further way, but what was found of the pods already. The cluster does not depend on it.
    pub(super) fn adopt(&mut self, further: Self) {
        for mut finding in further.into_vec() {
            if self.list.iter().any(|known| is_same(known, &finding)) {
                continue;
            }
            if !crashes(&finding) {
                finding.effect(Effect::Risks).at_most(Severity::Warning);
                finding.note(
                    "it is a further topology: the pods find each other without it, and miss only those of others",
                );
            }
            // It may look for the pods of others, and what would be written is about these.
            if let Some(fix) = &mut finding.fix {
                fix.changes.clear();
                fix.besides = None;
            }
            self.list.push(finding);
        }
    }
}

fn breaks(finding: &Finding) -> bool {
    finding.effect == Effect::Breaks && finding.verdict == Verdict::Refuted
}

/// How far a verdict is from a cluster that forms.
fn rank(verdict: &TraceVerdict) -> u8 {
    match verdict {
        TraceVerdict::Forms => 0,
        TraceVerdict::Open(_) => 1,
        TraceVerdict::Breaks | TraceVerdict::NotOptedIn | TraceVerdict::OwnClustering(_) => 2,
    }
}

/// Whether a topology does not only fail, but takes all others with it.
fn crashes(finding: &Finding) -> bool {
    finding.symptom.as_ref().is_some_and(Symptom::is_crash_of_a_strategy)
}

/// Whether two findings are one: a rule at a place.
fn is_same(one: &Finding, other: &Finding) -> bool {
    let place = |finding: &Finding| finding.labels.first().map(|label| label.at.clone());
    one.rule.code == other.rule.code && place(one) == place(other)
}
