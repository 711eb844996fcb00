//! For GitLab: the report that its merge requests show as code quality.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::model::{Report, ReportedFinding};
use super::source::{Region, Sources, sources};
use crate::rules::finding::Severity;

#[derive(Serialize)]
struct Issue<'r> {
    description: &'r str,
    check_name: String,
    /// GitLab shows only one of those that have the same.
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sources = sources(report);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let issues = report.sorted().into_iter().map(|finding| {
        let count = seen.entry(&finding.fingerprint).or_default();
        *count += 1;
        issue(finding, *count, &sources)
    });
    serde_json::to_writer_pretty(&mut *out, &issues.collect::<Vec<_>>())?;
    writeln!(out)
}

fn issue<'r>(finding: &'r ReportedFinding, occurrence: usize, sources: &Sources<'_>) -> Issue<'r> {
    let fingerprint = &finding.fingerprint;
    Issue {
        description: &finding.message,
        check_name: finding.rule.title(),
        fingerprint: if occurrence == 1 { fingerprint.clone() } else { format!("{fingerprint}:{occurrence}") },
        severity: match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "minor",
            Severity::Info => "info",
        },
        location: location(finding, sources),
    }
}

/// An issue must have a path: of what is in no file, that is its object.
fn location(finding: &ReportedFinding, sources: &Sources<'_>) -> Location {
    let label = finding.primary();
    match label.and_then(|label| Region::of(label, sources)) {
        Some(region) => {
            Location { path: region.path().to_owned(), lines: Lines { begin: region.start.line, end: region.end.line } }
        }
        None => Location {
            path: label.map_or_else(String::new, |label| label.object.clone()),
            lines: Lines { begin: 1, end: 1 },
        },
    }
}
