//! `beamgate lint --baseline`: which findings are known, and which of those are gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;

use super::lint::LintArgs;
use crate::policy::baseline::{Baseline, Entry};
use crate::report::Report;
use crate::report::model::{Compared, Known, Notice, ReportedFinding, ReportedLabel};
use crate::rules;

/// How many of them a notice names.
const NAMED: usize = 3;

/// Takes the known findings out of those that are shown, after it has written the file where that is asked for.
pub(super) fn compare(report: &mut Report, args: &LintArgs) -> anyhow::Result<()> {
    let baseline = match (&args.baseline, &args.write_baseline) {
        (Some(file), _) => Baseline::read(file)?,
        (None, Some(file)) => written(report, file)?,
        (None, None) => return Ok(()),
    };
    let (known, left) = split(report, baseline);
    let gone: Vec<Entry> = left.into_iter().filter(|entry| is_selected(entry, args)).collect();
    notices(report, &gone, args);
    report.compared = Some(Compared { known, gone });
    Ok(())
}

fn written(report: &Report, file: &Path) -> anyhow::Result<Baseline> {
    let older = if file.exists() { Baseline::read(file)? } else { Baseline::default() };
    let baseline = Baseline::of(report.sorted().into_iter().map(entry)).with_notes_of(&older);
    fs::write(file, baseline.to_string()).with_context(|| file.display().to_string())?;
    Ok(baseline)
}

fn entry(finding: &ReportedFinding) -> Entry {
    Entry {
        rule: finding.rule.title(),
        workload: finding.workload.clone(),
        place: finding.primary().map_or_else(String::new, ReportedLabel::address),
        fingerprint: finding.fingerprint.clone(),
        count: 1,
        note: String::new(),
    }
}

/// Of several findings of one identity, those that come first are the known ones.
fn split(report: &mut Report, mut baseline: Baseline) -> (Vec<Known>, Vec<Entry>) {
    let mut known = Vec::new();
    for finding in report.take_sorted() {
        match baseline.take(&finding.fingerprint) {
            Some(note) => known.push(Known { finding, note }),
            None => report.findings.push(finding),
        }
    }
    (known, baseline.into_left())
}

/// What nobody asked for was not looked for, so it is not gone.
fn is_selected(entry: &Entry, args: &LintArgs) -> bool {
    let code = entry.rule.split(' ').next().unwrap_or_default();
    rules::find(code).is_none_or(|rule| args.selects(rule))
}

fn notices(report: &mut Report, gone: &[Entry], args: &LintArgs) {
    let checked: BTreeSet<&str> = report.workloads.iter().map(|workload| workload.title.as_str()).collect();
    let is_here = |entry: &&Entry| entry.workload.as_deref().is_none_or(|title| checked.contains(title));
    let (here, elsewhere): (Vec<&Entry>, Vec<&Entry>) = gone.iter().partition(is_here);
    let file = args.baseline.as_ref().map_or_else(String::new, |file| file.display().to_string());
    let paths: Vec<_> = args.input.paths.iter().map(|path| path.display().to_string()).collect();
    let command = format!("beamgate lint {} --write-baseline {file}", paths.join(" "));
    // It would make what is new known.
    let command = report.findings.is_empty().then_some(command);
    if !here.is_empty() {
        let text = format!("what {file} knows is gone: {}", named(&here));
        report.notices.push(Notice { text, command });
    }
    if !elsewhere.is_empty() {
        let text = format!("what {file} knows is about workloads that are not in this input: {}", named(&elsewhere));
        report.notices.push(Notice { text, command: None });
    }
}

fn named(entries: &[&Entry]) -> String {
    let name = |entry: &&Entry| match &entry.workload {
        Some(workload) => format!("{} of {workload}", entry.rule),
        None => format!("{} of {}", entry.rule, entry.place),
    };
    let mut names: Vec<String> = entries.iter().take(NAMED).map(name).collect();
    if let Some(more) = entries.len().checked_sub(NAMED).filter(|more| *more > 0) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}
