//! What comes of a finding when an object is applied: the whole of it in one function.
//!
//! A false denial is worse than a missed warning, so everything that speaks against a denial is heard before it.

use super::admission::Enforce;
use crate::rules::finding::{Severity, Verdict};

/// A finding, and everything of the request that has a say in what comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// What the namespace's label says, else the configuration; none where the label is not known.
    pub enforce: Option<Enforce>,
    /// Whether somebody wants it silent, and says why.
    pub ignored: bool,
    /// How loud it is, after the configuration has had its say; none where the rule is off.
    pub severity: Option<Severity>,
    /// How certain it is.
    pub verdict: Verdict,
    /// Whether the object did not have the fault before.
    pub new: bool,
    /// What it rests on.
    pub rests_on: RestsOn,
    /// Whether nothing of the request will be kept.
    pub dry_run: bool,
    /// What is done.
    pub doing: Doing,
    /// To what.
    pub subject: Subject,
}

/// What a finding rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RestsOn {
    /// The object alone: it is false whatever else there is.
    Itself,
    /// Other objects too, each of which was read anew for this request.
    OthersAsTheyAre,
    /// Other objects too, as they were a moment ago.
    OthersAsTheyWere,
    /// The absence of something that may still come.
    Absence,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doing {
    /// The object is made.
    Create,
    /// It is changed.
    Update,
    /// It is removed, or is about to be: it has a `deletionTimestamp`.
    Remove,
}

/// To what it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A workload with a template.
    Template,
    /// A pod that somebody made.
    Pod,
    /// Pods that an app makes: by a ServiceAccount of their own namespace.
    Runner,
    /// What a controller makes. Were it denied, its pods would be missing and nobody would see why.
    Controlled,
    /// A Service, a role, a ConfigMap: the label is the workload's consent, not theirs.
    Other,
}

/// What comes of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Nothing is said.
    Pass,
    /// It is said, and the request passes.
    Warn,
    /// The request does not pass.
    Deny,
}

/// Decides, in this order: off, ignored, warned, denied. What the configuration exempts is never judged.
pub fn decide(case: Case) -> Decision {
    if case.enforce == Some(Enforce::Off) || case.ignored {
        return Decision::Pass;
    }
    match case.severity {
        None | Some(Severity::Info) => Decision::Pass,
        // What was there before is said again only where it breaks the cluster.
        Some(Severity::Warning) if !case.new => Decision::Pass,
        Some(Severity::Warning) => Decision::Warn,
        Some(Severity::Error) if may_deny(case) => Decision::Deny,
        Some(Severity::Error) => Decision::Warn,
    }
}

fn may_deny(case: Case) -> bool {
    let strict = case.enforce == Some(Enforce::Strict);
    let enforced = strict || case.enforce == Some(Enforce::Deny);
    let certain = match case.rests_on {
        RestsOn::Itself => true,
        // An engine that dry-runs a whole commit before it applies any of it would be told the old state for ever.
        RestsOn::OthersAsTheyAre => strict || !case.dry_run,
        RestsOn::OthersAsTheyWere | RestsOn::Absence => strict,
    };
    enforced
        && case.new
        && case.verdict == Verdict::Refuted
        && case.doing != Doing::Remove
        && matches!(case.subject, Subject::Template | Subject::Pod)
        && certain
}
