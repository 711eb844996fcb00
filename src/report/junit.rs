//! For CI servers: JUnit XML, as Jenkins and GitLab read it.
//!
//! Each workload is a suite and each finding a test, which has failed if the run fails for it: the report and the exit
//! code say the same. The names of tests hold no values and no lines, so that a server sees the same test in every run.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::model::{CheckedWorkload, Report, ReportedFinding, WorkloadVerdict};
use super::source::{Region, Sources, sources};

/// The suite of what is about no workload.
const INPUT: &str = "input";

struct Suite<'r> {
    name: &'r str,
    cases: Vec<Case<'r>>,
}

struct Case<'r> {
    name: String,
    file: Option<Region<'r>>,
    outcome: Outcome,
}

enum Outcome {
    Passed(Option<String>),
    Skipped(String),
    Failed { kind: String, message: String, text: String },
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sources = sources(report);
    let suites = suites(report, &sources);
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<testsuites name="beamgate" {}>"#, counts(cases()))?;
    suites.iter().try_for_each(|suite| write_suite(suite, out))?;
    writeln!(out, "</testsuites>")
}

/// The workloads, in the order in which they were met, then what is about none of them.
fn suites<'r>(report: &'r Report, sources: &'r Sources<'r>) -> Vec<Suite<'r>> {
    let mut by_workload: BTreeMap<&str, Vec<&ReportedFinding>> = BTreeMap::new();
    for finding in report.sorted() {
        by_workload.entry(finding.workload.as_deref().unwrap_or(INPUT)).or_default().push(finding);
    }
    let mut suites = Vec::new();
    for workload in &report.workloads {
        let name = workload.title.as_str();
        match by_workload.remove(name) {
            Some(found) => suites.push(Suite { name, cases: tests(&found, report, sources) }),
            None if suites.iter().any(|suite: &Suite<'_>| suite.name == name) => {}
            None => suites.push(Suite { name, cases: vec![verdict(workload)] }),
        }
    }
    let others = by_workload.into_iter();
    suites.extend(others.map(|(name, found)| Suite { name, cases: tests(&found, report, sources) }));
    if suites.is_empty() {
        // Servers take a report without a test for a broken one.
        let outcome = Outcome::Skipped("there was no workload to check".to_owned());
        let case = Case { name: "workloads".to_owned(), file: None, outcome };
        suites.push(Suite { name: INPUT, cases: vec![case] });
    }
    suites
}

/// The one test of a workload about which nothing was found.
fn verdict(workload: &CheckedWorkload) -> Case<'static> {
    let outcome = match &workload.verdict {
        WorkloadVerdict::Forms => Outcome::Passed(None),
        WorkloadVerdict::Breaks => Outcome::Passed(Some("what was found is ignored or known".to_owned())),
        WorkloadVerdict::Open => Outcome::Passed(Some(format!("open: {}", workload.missing.join("; ")))),
        WorkloadVerdict::NotOptedIn => Outcome::Skipped("no label beamgate.dev/strategy".to_owned()),
        WorkloadVerdict::NotChecked(reason) => Outcome::Skipped(reason.clone()),
    };
    Case { name: "forms a cluster".to_owned(), file: None, outcome }
}

fn tests<'r>(found: &[&ReportedFinding], report: &Report, sources: &'r Sources<'r>) -> Vec<Case<'r>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut cases = Vec::new();
    for finding in found {
        let name = name(finding);
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        let name = if *count == 1 { name } else { format!("{name} ({count})") };
        let file = finding.primary().and_then(|label| Region::of(label, sources));
        let outcome = outcome(finding, file.as_ref(), report);
        cases.push(Case { name, file, outcome });
    }
    cases
}

fn name(finding: &ReportedFinding) -> String {
    match finding.primary() {
        Some(label) => format!("{}: {}", finding.rule.title(), label.address()),
        None => finding.rule.title(),
    }
}

fn outcome(finding: &ReportedFinding, region: Option<&Region<'_>>, report: &Report) -> Outcome {
    let message = format!("{}: {}", finding.severity, finding.message);
    let place = region.map(|region| format!("at {region}"));
    let lines = place.into_iter().chain(super::remarks(finding)).chain([finding.rule.url()]);
    let text = lines.collect::<Vec<_>>().join("\n");
    match finding.severity >= report.fail_on {
        true => Outcome::Failed { kind: finding.rule.id(), message, text },
        false => Outcome::Passed(Some(format!("{message}\n{text}"))),
    }
}

fn counts<'c>(cases: impl Iterator<Item = &'c Case<'c>> + Clone) -> String {
    let with = |wanted: fn(&Outcome) -> bool| cases.clone().filter(|case| wanted(&case.outcome)).count();
    let failures = with(|outcome| matches!(outcome, Outcome::Failed { .. }));
    format!(r#"tests="{}" failures="{failures}" errors="0""#, cases.clone().count())
}

fn write_suite(suite: &Suite<'_>, out: &mut dyn Write) -> io::Result<()> {
    let skipped = suite.cases.iter().filter(|case| matches!(case.outcome, Outcome::Skipped(_))).count();
    let (name, counts) = (attribute(suite.name), counts(suite.cases.iter()));
    writeln!(out, r#"  <testsuite name="{name}" {counts} skipped="{skipped}">"#)?;
    suite.cases.iter().try_for_each(|case| write_case(suite.name, case, out))?;
    writeln!(out, "  </testsuite>")
}

fn write_case(suite: &str, case: &Case<'_>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, r#"    <testcase classname="{}" name="{}""#, attribute(suite), attribute(&case.name))?;
    if let Some(region) = &case.file {
        write!(out, r#" file="{}" line="{}""#, attribute(region.path()), region.start.line)?;
    }
    match &case.outcome {
        Outcome::Passed(None) => return writeln!(out, "/>"),
        Outcome::Passed(Some(text)) => writeln!(out, ">\n      <system-out>{}</system-out>", self::text(text))?,
        Outcome::Skipped(why) => writeln!(out, ">\n      <skipped message=\"{}\"/>", attribute(why))?,
        Outcome::Failed { kind, message, text } => {
            let (message, text) = (attribute(message), self::text(text));
            writeln!(out, ">\n      <failure type=\"{kind}\" message=\"{message}\">{text}</failure>")?;
        }
    }
    writeln!(out, "    </testcase>")
}

/// A text as it may stand in an element. Characters that XML cannot hold, however written, are replaced.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The same in an attribute, where a reader makes spaces of line breaks.
fn attribute(value: &str) -> String {
    text(value).replace('\n', "&#10;").replace('\t', "&#9;")
}
