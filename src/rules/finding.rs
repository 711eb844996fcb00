//! What a rule found.

use std::fmt;

use super::Rule;
use crate::fix::change::Change;
use crate::place::{Loc, ObjectId};
use crate::symptom::Symptom;
use crate::world::facts::Kinds;

/// How loud a finding is. The order is that of loudness.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Probably wrong, or wrong elsewhere.
    Warning,
    /// It will not cluster.
    #[default]
    Error,
}

/// What a fault does, whatever its severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Some replica will not see its peers, or crashes, or is refused.
    Breaks,
    /// It may do so, some day.
    Risks,
    /// It misleads people.
    Hygiene,
}

/// How certain a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// False in every extension of what is known.
    Refuted,
    /// Something that was not seen could make it true.
    Open,
}

/// Whether a fix may be made without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// It changes nothing but the fault.
    Safe,
    /// It makes new objects, renames nodes or needs a decision.
    Unsafe,
    /// The field is immutable: the object must be deleted and made again.
    Recreate,
}

/// What to do about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Whether it may be done without asking.
    pub safety: Safety,
    /// One line in the imperative.
    pub title: String,
    /// The lines to write, where they help and the changes do not say them.
    pub snippet: Option<String>,
    /// What to write, where it is known; else it is for somebody to decide.
    pub changes: Vec<Change>,
    /// Why nothing is written, where that is not for want of knowing what.
    pub unwritten: Option<&'static str>,
    /// What has to be done besides, outside the manifests: a command, or what to say in the app's configuration.
    pub besides: Option<String>,
}

/// A place and what is to be said there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub at: Loc,
    /// What is to be said.
    pub text: String,
}

/// The two names of a disagreement, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// What the peers dial.
    pub dialled: String,
    /// What the node is called.
    pub own: String,
    /// How many characters they share from the start.
    pub common: usize,
}

/// What a rule found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How loud, before the configuration has its say.
    pub severity: Severity,
    /// What the fault does here: the rule's own unless the rule knows better.
    pub effect: Effect,
    /// How certain.
    pub verdict: Verdict,
    /// Whether another object could mend it by coming or going, though what there is now is wrong: only `strict` denies it.
    pub mendable: bool,
    /// The kinds among which a counterpart is missing: where they are not known at all, nothing is missing.
    pub lacks: Option<Kinds>,
    /// The workload that it is about; the input itself has none.
    pub subject: Option<ObjectId>,
    /// One line.
    pub message: String,
    /// The primary place first.
    pub labels: Vec<Label>,
    /// The two names, where it is about them.
    pub names: Option<Names>,
    /// What would be seen at run time.
    pub symptom: Option<Symptom>,
    /// More that is worth saying, a line each.
    pub notes: Vec<String>,
    /// What to do.
    pub fix: Option<Fix>,
    /// Cookies that stand at its places: nobody shows them.
    pub secrets: Vec<String>,
}

impl Finding {
    /// Adds a place. The first one is the primary.
    pub fn label(&mut self, at: Loc, text: impl Into<String>) -> &mut Self {
        self.labels.push(Label { at, text: text.into() });
        self
    }

    /// Says what would be seen at run time.
    pub fn symptom(&mut self, symptom: Symptom) -> &mut Self {
        self.symptom = Some(symptom);
        self
    }

    /// Adds a line.
    pub fn note(&mut self, line: impl Into<String>) -> &mut Self {
        self.notes.push(line.into());
        self
    }

    /// Says what to do.
    pub fn fix(&mut self, safety: Safety, title: impl Into<String>) -> &mut Self {
        self.fix = Some(Fix {
            safety,
            title: title.into(),
            snippet: None,
            changes: Vec::new(),
            unwritten: None,
            besides: None,
        });
        self
    }

    /// Shows the lines to write; for a finding that has a fix.
    pub fn snippet(&mut self, lines: impl Into<String>) -> &mut Self {
        if let Some(fix) = &mut self.fix {
            fix.snippet = Some(lines.into());
        }
        self
    }

    /// Says what the fix writes; for a finding that has one. Texts beside the manifests are written by nobody, and then nothing is.
    pub fn changes(&mut self, changes: impl IntoIterator<Item = Change>) -> &mut Self {
        let changes: Vec<Change> = changes.into_iter().collect();
        let in_objects = changes.iter().all(|change| change.object().as_text().is_none());
        if let Some(fix) = self.fix.as_mut().filter(|_| in_objects) {
            fix.changes.extend(changes);
        }
        self
    }

    /// Says why nothing is written; for a finding that has a fix, without changes.
    pub fn unwritten(&mut self, why: &'static str) -> &mut Self {
        if let Some(fix) = &mut self.fix {
            fix.unwritten = Some(why);
        }
        self
    }

    /// Says what has to be done besides; for a finding that has a fix.
    pub fn besides(&mut self, what: impl Into<String>) -> &mut Self {
        if let Some(fix) = &mut self.fix {
            fix.besides = Some(what.into());
        }
        self
    }

    /// Says that the fault does something else here than usual.
    pub fn effect(&mut self, effect: Effect) -> &mut Self {
        self.effect = effect;
        self
    }

    /// Says among which kinds a counterpart is missing.
    pub fn lacks(&mut self, kinds: Kinds) -> &mut Self {
        self.lacks = Some(kinds);
        self
    }

    /// Says that another object could mend it by coming or going.
    pub fn mendable(&mut self) -> &mut Self {
        self.mendable = true;
        self
    }

    /// Says which cookies stand at its places.
    pub fn hides(&mut self, cookies: impl IntoIterator<Item = String>) -> &mut Self {
        self.secrets.extend(cookies);
        self
    }

    /// Lowers the severity.
    pub fn at_most(&mut self, severity: Severity) -> &mut Self {
        self.severity = self.severity.min(severity);
        self
    }
}

/// The findings of one workload.
#[derive(Debug, Default)]
pub struct Findings {
    /// The workload.
    pub subject: Option<ObjectId>,
    /// Whether the workload is opted in: otherwise nothing is louder than a warning.
    pub opted_in: bool,
    pub(super) list: Vec<Finding>,
}

impl Findings {
    /// An empty list for a workload.
    pub fn about(subject: ObjectId, opted_in: bool) -> Self {
        Self { subject: Some(subject), opted_in, list: Vec::new() }
    }

    /// Reports what is false in every extension of what is known, at the rule's own severity.
    pub fn refute(&mut self, rule: &'static Rule, message: impl Into<String>) -> &mut Finding {
        self.add(rule, rule.severity, Verdict::Refuted, message.into())
    }

    /// Reports what something unseen could still make true: a warning at most.
    pub fn suspect(&mut self, rule: &'static Rule, message: impl Into<String>) -> &mut Finding {
        self.add(rule, rule.severity.min(Severity::Warning), Verdict::Open, message.into())
    }

    /// Reports a counterpart that is missing: an error where the input is declared complete, else a warning.
    pub fn missing(&mut self, rule: &'static Rule, complete: bool, message: impl Into<String>) -> &mut Finding {
        if complete { self.refute(rule, message) } else { self.suspect(rule, message) }
    }

    /// Whether something was already reported under one of these codes.
    pub fn has(&self, codes: &[u16]) -> bool {
        self.list.iter().any(|finding| codes.contains(&finding.rule.code))
    }

    /// Whether one of these codes already explains why nodes do not see each other.
    pub fn explains(&self, codes: &[u16]) -> bool {
        let breaks = |finding: &&Finding| finding.effect == Effect::Breaks;
        self.list.iter().filter(breaks).any(|finding| codes.contains(&finding.rule.code))
    }

    /// What was found.
    pub fn into_vec(self) -> Vec<Finding> {
        self.list
    }

    fn add(&mut self, rule: &'static Rule, severity: Severity, verdict: Verdict, message: String) -> &mut Finding {
        let severity = if self.opted_in { severity } else { severity.min(Severity::Warning) };
        let finding = Finding {
            rule,
            severity,
            effect: rule.effect,
            verdict,
            mendable: false,
            lacks: None,
            subject: self.subject,
            message,
            labels: Vec::new(),
            names: None,
            symptom: None,
            notes: Vec::new(),
            fix: None,
            secrets: Vec::new(),
        };
        self.list.push(finding);
        let last = self.list.len() - 1;
        &mut self.list[last]
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Recreate => "recreate",
        })
    }
}
