//! What is about to change: the two worlds of an object that is made, edited or removed.

use std::collections::BTreeSet;

use super::finding::{Effect, Finding, Findings, Severity, Verdict};
use super::fingerprint::of_finding;
use super::judge::judge_trace;
use super::{Check, all};
use crate::trace::Trace;
use crate::world::World;
use crate::world::object::Object;

/// An object that is made, edited or removed, and the workloads that it may matter to.
#[derive(Debug)]
pub struct Change<'c> {
    /// What is done.
    pub edit: Edit,
    /// The object as it will be; as it was, where it is removed.
    pub object: &'c Object,
    /// The workloads; of one that is itself edited, that one.
    pub affected: &'c [Affected<'c>],
    /// Whether it may matter to more of them.
    pub cut: bool,
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// It is made.
    Make,
    /// It is edited.
    Alter,
    /// It is removed.
    Remove,
}

/// A workload before and after.
#[derive(Debug, Clone, Copy)]
pub struct Affected<'c> {
    /// In the world as it was.
    pub before: &'c Trace<'c>,
    /// In the world as it will be.
    pub after: &'c Trace<'c>,
}

impl Affected<'_> {
    /// What breaks it that did not before; nothing where it was broken already.
    pub fn breaks(&self) -> Vec<Finding> {
        let before = judge_trace(self.before).findings;
        if before.iter().any(|finding| is_fault(finding) && finding.verdict == Verdict::Refuted) {
            return Vec::new();
        }
        let known: BTreeSet<String> = before.iter().map(|finding| identity(finding, self.before.world)).collect();
        let mut after = judge_trace(self.after).findings;
        after.retain(|finding| is_fault(finding) && !known.contains(&identity(finding, self.after.world)));
        after
    }
}

impl<'c> Change<'c> {
    /// A workload in the world that the findings point into: that which holds the object.
    pub fn shown(&self, affected: &Affected<'c>) -> &'c Trace<'c> {
        if self.edit == Edit::Remove { affected.before } else { affected.after }
    }
}

/// Judges a change. The places of the findings are in the world that holds the object.
pub fn judge_change(change: &Change<'_>) -> Vec<Finding> {
    let mut found = Findings::about(change.object.id, true);
    for rule in all() {
        if let Check::Change(check) = rule.check {
            check(change, &mut found);
        }
    }
    found.into_vec()
}

/// Who a finding is, in its world.
pub fn identity(finding: &Finding, world: &World) -> String {
    of_finding(finding, |id| world.object(id).map(Object::title).unwrap_or_default())
}

fn is_fault(finding: &Finding) -> bool {
    finding.effect == Effect::Breaks && finding.severity >= Severity::Warning
}
