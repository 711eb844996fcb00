//! Findings to people and to machines.
//!
//! [`model`] is what a run has to say; [`write()`] says it in one of the formats. Nothing here judges, reads files or knows
//! of exit codes.

pub mod model;

mod closing;
mod human;
mod json;
pub(crate) mod redact;
mod sarif;
mod snippet;
mod source;

use std::io::{self, Write};

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
    }
}
