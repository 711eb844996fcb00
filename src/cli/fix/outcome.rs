//! What a judgement comes to, so that the one before a fix can be held against the one after it.

use std::collections::{HashMap, HashSet};

use crate::cli::assemble::Assembled;
use crate::report::model::{ReportedFinding, WorkloadVerdict};
use crate::rules::finding::Severity;

/// How well a workload stands; the better is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Breaks,
    Open,
    Forms,
}

/// What was found, and how the workloads stand.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How often there is a finding, by who it is.
    counts: HashMap<String, usize>,
    /// The errors: what each says, and of which workload.
    errors: HashMap<String, (String, Option<String>)>,
    /// The workloads that were judged; of those that are called alike, the worst.
    standings: HashMap<String, Standing>,
}

impl Outcome {
    pub(super) fn of(judged: &Assembled) -> Self {
        let mut outcome = Self::default();
        for finding in &judged.report.findings {
            let key = key(finding, judged);
            if finding.severity == Severity::Error {
                let what = format!("{}: {}", finding.rule.title(), finding.message);
                outcome.errors.insert(key.clone(), (what, finding.workload.clone()));
            }
            *outcome.counts.entry(key).or_default() += 1;
        }
        for workload in &judged.report.workloads {
            let Some(standing) = standing(&workload.verdict) else { continue };
            let worst = outcome.standings.entry(workload.title.clone()).or_insert(standing);
            *worst = standing.min(*worst);
        }
        outcome
    }

    /// How often there is a finding.
    pub(super) fn count(&self, key: &str) -> usize {
        self.counts.get(key).copied().unwrap_or(0)
    }

    /// The findings of which there were fewer before.
    pub(super) fn newer_than(&self, before: &Self) -> impl Iterator<Item = &str> {
        self.counts.iter().filter(|(key, count)| **count > before.count(key)).map(|(key, _)| key.as_str())
    }

    /// What is worse than before, if anything is. An error of what was wrong already may have been hidden: rules are silent
    /// about what another one explains. One of a workload that had none is the work of a fix, and so is one that was `mended`.
    pub(super) fn harm(&self, before: &Self, mended: &HashSet<&str>) -> Option<String> {
        let mut new: Vec<&str> = self.newer_than(before).collect();
        new.sort_unstable();
        if let Some(key) = new.iter().find(|key| mended.contains(**key)) {
            let what = self.errors.get(*key).map_or("what was fixed", |(what, _)| what.as_str());
            return Some(format!("it would bring back {what}"));
        }
        let is_caused = |workload: &Option<String>| match workload {
            Some(title) => before.is_sound(title),
            None => true,
        };
        let errors = new.iter().filter_map(|key| self.errors.get(*key));
        if let Some((what, workload)) = errors.clone().find(|(_, workload)| is_caused(workload)) {
            let about = workload.as_ref().map_or_else(String::new, |title| format!(" ({title})"));
            return Some(format!("it would cause {what}{about}"));
        }
        let is_worse = |title: &str| self.standings.get(title) < before.standings.get(title);
        let worse = |title: &&String| before.is_sound(title) && is_worse(title);
        let mut worse: Vec<_> = self.standings.keys().filter(worse).collect();
        worse.sort_unstable();
        worse.first().map(|title| match self.standings.get(*title) {
            Some(Standing::Breaks) => format!("it would break {title}"),
            _ => format!("{title} would no longer be certain to form"),
        })
    }

    /// Whether a workload was judged, and nothing wrong was seen.
    fn is_sound(&self, title: &str) -> bool {
        let has_errors = self.errors.values().any(|(_, workload)| workload.as_deref() == Some(title));
        !has_errors && self.standings.get(title).is_some_and(|standing| *standing > Standing::Breaks)
    }
}

/// Who a finding is: of objects that are called alike, each has its own.
pub(super) fn key(finding: &ReportedFinding, judged: &Assembled) -> String {
    let place = finding.primary().and_then(|label| label.place);
    let file = place.and_then(|place| judged.report.files.get(place.file));
    let rendered = finding.rendered_from.as_deref().unwrap_or_default();
    format!("{} {} {rendered}", finding.fingerprint, file.map_or("", |file| file.name.as_str()))
}

fn standing(verdict: &WorkloadVerdict) -> Option<Standing> {
    match verdict {
        WorkloadVerdict::Forms => Some(Standing::Forms),
        WorkloadVerdict::Breaks => Some(Standing::Breaks),
        WorkloadVerdict::Open => Some(Standing::Open),
        WorkloadVerdict::NotOptedIn | WorkloadVerdict::NotChecked(_) => None,
    }
}
