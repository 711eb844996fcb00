//! What stands below the findings: notices, where to read on, and the sum of it all in one line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use annotate_snippets::normalize_untrusted_str as harmless;
use annotate_snippets::renderer::{DEFAULT_EMPHASIS_STYLE, DEFAULT_NOTE_STYLE, Style};

use super::Styles;
use super::model::{CheckedWorkload, Report, ReportedFinding, Skipped, WorkloadVerdict};
use crate::rules::finding::Severity;

/// How many codes the pointer to `beamgate explain` names.
const CODES: usize = 3;

/// How long a reason may be that stands in the summary, in characters.
const REASON: usize = 60;

pub(super) fn write(
    report: &Report,
    findings: &[&ReportedFinding],
    styles: Styles,
    out: &mut dyn Write,
) -> io::Result<()> {
    notices(report, styles, out)?;
    if !findings.is_empty() {
        writeln!(out, "{}", explain(findings))?;
    }
    writeln!(out, "{}", paint(&summary(report), DEFAULT_EMPHASIS_STYLE, styles))
}

fn paint(text: &str, style: Style, styles: Styles) -> String {
    match styles {
        Styles::On => format!("{style}{text}{style:#}"),
        Styles::Off => text.to_owned(),
    }
}

fn notices(report: &Report, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    for notice in &report.notices {
        writeln!(out, "{}: {}", paint("note", DEFAULT_NOTE_STYLE, styles), harmless(&notice.text))?;
        if let Some(command) = &notice.command {
            writeln!(out, "      run `{}`", harmless(command))?;
        }
    }
    if report.notices.is_empty() { Ok(()) } else { writeln!(out) }
}

/// Where to read on about the rules that spoke, the loudest first.
fn explain(findings: &[&ReportedFinding]) -> String {
    let rules: BTreeSet<_> = findings.iter().map(|f| (std::cmp::Reverse(f.severity), f.rule.id())).collect();
    let mut ids: Vec<&str> = Vec::new();
    for (_, id) in &rules {
        if !ids.contains(&id.as_str()) {
            ids.push(id);
        }
    }
    match ids.split_first() {
        Some((first, [])) => format!("To read more, run `beamgate explain {first}`."),
        Some((first, others)) => {
            format!("To read more, run `beamgate explain {first}` (also {}).", listed(others, CODES))
        }
        None => String::new(),
    }
}

/// `checked 3 workloads: 1 forms, 1 breaks, 1 is open (the image sets the name); 2 errors. 14 other objects.`
pub(crate) fn summary(report: &Report) -> String {
    let verdicts = verdicts(report);
    let count = verdicts.iter().map(|(count, _)| count).sum::<usize>();
    let what = match count {
        0 => why_none(report),
        1 => verdicts.iter().map(|(_, text)| text.replacen('1', "it", 1)).collect(),
        _ => verdicts.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(", "),
    };
    let mut text = format!("checked {}: {what}; {}.", counted(count, "workload"), loudness(report));
    let mut rest = Vec::new();
    let not_opted_in = with_verdict(report, &WorkloadVerdict::NotOptedIn).len();
    if not_opted_in > 0 && count > 0 {
        rest.push(format!("{not_opted_in} without a declared strategy"));
    }
    rest.extend(not_checked(report));
    if report.other_objects > 0 {
        rest.push(counted(report.other_objects, "other object"));
    }
    rest.extend(skipped(report));
    if !rest.is_empty() {
        text.push_str(&format!(" {}.", sentence(&rest.join(", "))));
    }
    harmless(&text)
}

/// The verdicts that occur, with their counts.
fn verdicts(report: &Report) -> Vec<(usize, String)> {
    let of = |verdict, one: &str, many: &str| {
        let found = with_verdict(report, verdict);
        let verb = if found.len() == 1 { one } else { many };
        (found.len(), format!("{} {verb}{}", found.len(), because(&found)))
    };
    let all = [
        of(&WorkloadVerdict::Forms, "forms", "form"),
        of(&WorkloadVerdict::Breaks, "breaks", "break"),
        of(&WorkloadVerdict::Open, "is open", "are open"),
    ];
    all.into_iter().filter(|(count, _)| *count > 0).collect()
}

fn with_verdict<'r>(report: &'r Report, verdict: &WorkloadVerdict) -> Vec<&'r CheckedWorkload> {
    report.workloads.iter().filter(|workload| workload.verdict == *verdict).collect()
}

/// What a verdict would need to know, if one short reason says it; otherwise the findings do.
fn because(workloads: &[&CheckedWorkload]) -> String {
    let missing: BTreeSet<&str> = workloads.iter().flat_map(|workload| &workload.missing).map(String::as_str).collect();
    match missing.first() {
        Some(reason) if missing.len() == 1 && reason.chars().count() <= REASON => format!(" ({reason})"),
        _ => String::new(),
    }
}

/// Why no workload was checked: the question that an empty report leaves.
fn why_none(report: &Report) -> String {
    let is_left_out = |workload: &CheckedWorkload| matches!(workload.verdict, WorkloadVerdict::NotChecked(_));
    let others = if report.workloads.iter().any(is_left_out) { "other " } else { "" };
    match with_verdict(report, &WorkloadVerdict::NotOptedIn).len() {
        0 => format!("no {others}pod template has the label beamgate.dev/strategy"),
        1 => "1 looks like a BEAM workload, but has no label beamgate.dev/strategy".to_owned(),
        many => format!("{many} look like BEAM workloads, but have no label beamgate.dev/strategy"),
    }
}

fn loudness(report: &Report) -> String {
    let levels = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "info")];
    let counts = levels.map(|(severity, name)| (report.count(severity), name));
    let counts: Vec<_> = counts.into_iter().filter(|(count, _)| *count > 0).map(|(n, name)| counted(n, name)).collect();
    let nothing = if report.known().is_empty() { "no findings" } else { "nothing new" };
    let loud = if counts.is_empty() { nothing.to_owned() } else { counts.join(", ") };
    let quiet = [(report.known().len(), "known"), (report.ignored, "ignored")];
    let quiet = quiet.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
    loud + &quiet.collect::<String>()
}

fn not_checked(report: &Report) -> Option<String> {
    let reasons = report.workloads.iter().filter_map(|workload| match &workload.verdict {
        WorkloadVerdict::NotChecked(reason) => Some((reason.as_str(), 1)),
        _ => None,
    });
    by_reason(reasons).map(|(count, why)| format!("{count} not checked ({why})"))
}

fn skipped(report: &Report) -> Option<String> {
    let reason = |skipped: &Skipped| {
        let of_it = report.skipped.iter().filter(|other| other.reason == skipped.reason && !other.input.is_empty());
        let files: Vec<&str> = of_it.map(|other| other.input.as_str()).collect();
        let place = if files.is_empty() { String::new() } else { format!(" in {}", listed(&files, FILES)) };
        (format!("{}{place}", skipped.reason), skipped.count)
    };
    let reasons: Vec<(String, usize)> = report.skipped.iter().map(reason).collect();
    let reasons = reasons.iter().map(|(reason, count)| (reason.as_str(), *count));
    by_reason(reasons).map(|(count, why)| format!("{} skipped ({why})", counted(count, "document")))
}

/// How many files are worth a name each.
const FILES: usize = 3;

/// How many there are of it all, and why: the count of each reason where there are several.
fn by_reason<'r>(reasons: impl Iterator<Item = (&'r str, usize)>) -> Option<(usize, String)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    reasons.for_each(|(reason, count)| *counts.entry(reason).or_default() += count);
    let several = counts.len() > 1;
    let one =
        |(reason, count): (&&str, &usize)| if several { format!("{reason}: {count}") } else { (*reason).to_owned() };
    let why: Vec<_> = counts.iter().map(one).collect();
    (!why.is_empty()).then(|| (counts.values().sum(), why.join(", ")))
}

/// `1 file`, `2 files`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`, `a, b and 3 more`.
pub(crate) fn listed(items: &[&str], most: usize) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        _ if items.len() > most => {
            let (some, rest) = items.split_at(most);
            format!("{} and {} more", some.join(", "), rest.len())
        }
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
    }
}

/// The text with a capital letter.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
