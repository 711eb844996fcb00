//! Findings to people and to machines.
//!
//! [`model`] is what a run has to say; [`write()`] says it in one of the formats. Nothing here judges, reads files or knows
//! of exit codes.

pub mod model;

pub(crate) mod closing;
mod github;
mod gitlab;
mod human;
pub(crate) mod json;
mod junit;
pub(crate) mod redact;
mod sarif;
mod snippet;
mod source;

use std::io::{self, Write};

use model::ReportedFinding;

pub use json::schema;
pub use model::Report;

use crate::manifest::edit;
use crate::rules::finding::Fix;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people: the lines in question, with carets.
    #[default]
    Human,
    /// For scripts: `beamgate.dev/report/v1`.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For CI servers: JUnit XML.
    Junit,
    /// For GitHub Actions: annotations.
    Github,
    /// For GitLab: code quality.
    Gitlab,
}

/// Whether people get colours. Machines never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Styles {
    /// Plain text.
    #[default]
    Off,
    /// ANSI escape codes.
    On,
}

/// The lines that a fix writes, for whoever writes them by hand; no cookie is among them.
pub fn lines(fix: &Fix) -> Option<String> {
    let lines = fix.snippet.clone().or_else(|| edit::lines(&fix.changes))?;
    Some(redact::without_cookies(lines.trim_end(), "…"))
}

/// Writes a report.
///
/// # Errors
///
/// What the writer says.
pub fn write(report: &Report, format: Format, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, styles, out),
        Format::Json => json::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Github => github::write(report, out),
        Format::Gitlab => gitlab::write(report, out),
    }
}

/// What else there is to say of a finding, for the formats that have one text for all of it.
fn remarks(finding: &ReportedFinding) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(names) = &finding.names {
        lines.push(format!("peers dial {}", names.dialled));
        lines.push(format!("this node  {}", names.own));
    }
    lines.extend(finding.workload.as_ref().map(|title| format!("workload: {title}")));
    lines.extend(finding.at_run_time.as_ref().map(|text| format!("at run time: {text}")));
    lines.extend(finding.rendered_from.as_ref().map(|folder| format!("rendered from: {folder}")));
    lines.extend(finding.notes.iter().map(|note| format!("note: {note}")));
    if let Some(fix) = &finding.fix {
        let snippet = self::lines(fix);
        let colon = if snippet.is_some() { ":" } else { "" };
        lines.push(format!("fix ({}): {}{colon}", fix.safety, fix.title));
        lines.extend(snippet);
    }
    lines
}
