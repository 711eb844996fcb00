//! What is found of the further ways in which nodes look for others. The cluster of a workload's own pods is the label's business:
//! it forms or breaks by that, whatever the others do.

use super::finding::{Effect, Finding, Findings, Severity, Verdict};
use crate::trace::Trace;

/// Why nothing is written: what a further topology finds may be anybody's.
const OTHERS: &str = "it is about a further topology, which may look for the pods of others";

impl Findings {
    /// Takes over what was found of a further way, but what was found of the pods already. The cluster does not depend on it, unless
    /// its strategy crashes: libcluster's supervisor dies of that, and all topologies with it.
    pub(super) fn adopt(&mut self, further: Self) {
        for mut finding in further.into_vec() {
            if self.list.iter().any(|known| is_same(known, &finding)) {
                continue;
            }
            let crashes = finding.symptom.as_ref().is_some_and(|symptom| symptom.is_crash_of_a_strategy());
            if !crashes {
                finding.effect(Effect::Risks).at_most(Severity::Warning);
                finding.symptom = finding.symptom.map(|symptom| symptom.beside_a_cluster());
                finding.note("it is a further topology: that of the label brings the pods together");
            }
            if let Some(fix) = &mut finding.fix {
                fix.changes.clear();
                fix.besides = None;
            }
            finding.unwritten(OTHERS);
            self.list.push(finding);
        }
    }
}

/// Says in what breaks the first way that there are others: it is the one that has to do.
pub(super) fn mention(trace: &Trace<'_>, findings: &mut [Finding]) {
    let breaks = |finding: &&mut Finding| finding.effect == Effect::Breaks && finding.verdict == Verdict::Refuted;
    let has_further = !trace.further.is_empty() || trace.has_unread_topologies();
    if let Some(finding) = findings.iter_mut().filter(|_| has_further).find(breaks) {
        finding.note("if a further topology brings the pods together, say that one in the label");
    }
}

/// Whether two findings are one: a rule at a place.
fn is_same(one: &Finding, other: &Finding) -> bool {
    let place = |finding: &Finding| finding.labels.first().map(|label| label.at.clone());
    one.rule.code == other.rule.code && place(one) == place(other)
}
