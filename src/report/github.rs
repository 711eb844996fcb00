//! For GitHub Actions: workflow commands, which the runner makes annotations of.
//!
//! The runner shows neither file nor line in its log, so the message begins with both.

use std::io::{self, Write};

use super::closing;
use super::model::{Report, ReportedFinding};
use super::source::{Region, Sources, sources};
use crate::rules::finding::Severity;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sources = sources(report);
    for finding in report.sorted() {
        writeln!(out, "{}", command(finding, &sources))?;
    }
    for notice in &report.notices {
        let run = notice.command.as_ref().map_or_else(String::new, |command| format!("; run `{command}`"));
        writeln!(out, "::notice title=beamgate::{}", data(&format!("{}{run}", notice.text)))?;
    }
    writeln!(out, "{}", closing::summary(report))
}

fn command(finding: &ReportedFinding, sources: &Sources<'_>) -> String {
    let region = finding.primary().and_then(|label| Region::of(label, sources));
    let mut properties = vec![("title", finding.rule.title())];
    if let Some(region) = &region {
        properties.push(("file", region.path().to_owned()));
        properties.push(("line", region.start.line.to_string()));
        properties.push(("endLine", region.end.line.to_string()));
        // GitHub takes columns only where both are in the same line.
        if region.start.line == region.end.line {
            properties.push(("col", region.start.column.to_string()));
            properties.push(("endColumn", region.end.column.to_string()));
        }
    }
    let properties: Vec<String> =
        properties.into_iter().map(|(name, value)| format!("{name}={}", property(&value))).collect();
    format!("::{} {}::{}", level(finding.severity), properties.join(","), data(&message(finding, region.as_ref())))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    }
}

fn message(finding: &ReportedFinding, region: Option<&Region<'_>>) -> String {
    let place = region.map(Region::to_string).or_else(|| finding.primary().map(|label| label.object.clone()));
    let place = place.map_or_else(String::new, |place| format!("{place}: "));
    let mut lines = vec![format!("{place}{}", finding.message)];
    lines.extend(super::remarks(finding));
    lines.push(finding.rule.url());
    lines.join("\n")
}

/// What stands after the second `::`. Of names in files none moves the cursor of the log.
fn data(text: &str) -> String {
    let escaped = |c: char| match c {
        '%' => "%25".to_owned(),
        '\r' => "%0D".to_owned(),
        '\n' => "%0A".to_owned(),
        c if c.is_control() && c != '\t' => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// The value of a property, where colons and commas end it too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_end_where_they_should() {
        assert_eq!(data("50%, a: b\r\nc ::error::"), "50%25, a: b%0D%0Ac ::error::");
        assert_eq!(data("a\u{1b}[31mred"), "a\\u{1b}[31mred");
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
    }
}
