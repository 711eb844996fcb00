//! For code scanning: SARIF 2.1.0, as GitHub and the viewers of the large editors read it.

mod format;

use std::collections::BTreeMap;
use std::io::{self, Write};

use format::{
    ArtifactLocation, BaselineState, Configuration, Descriptor, Driver, Finding, Invocation, Level, Location, Log,
    LogicalLocation, Message, Notification, PhysicalLocation, Region, RuleProperties, Run, Suppression, Tool, UriBase,
};

use super::model::{Report, ReportedFinding, ReportedLabel};
use super::source::{self, Sources, sources};
use crate::rules::Rule;
use crate::rules::finding::Severity;

/// The name that GitHub knows for the root of the repository.
const ROOT: &str = "%SRCROOT%";

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sources = sources(report);
    serde_json::to_writer_pretty(&mut *out, &log(report, &sources))?;
    writeln!(out)
}

fn log(report: &Report, sources: &Sources<'_>) -> Log {
    let shown = report.sorted().into_iter().map(|finding| (finding, None));
    let known = report.known().iter().map(|known| (&known.finding, Some(known.note.as_str())));
    let findings: Vec<_> = shown.chain(known).collect();
    let rules = rules(&findings);
    let driver = Driver {
        name: env!("CARGO_PKG_NAME"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: "https://beamgate.dev",
        rules: rules.iter().map(|rule| descriptor(rule)).collect(),
    };
    let root = UriBase { description: Message::plain("The directory that beamgate was run in.") };
    let run = Run {
        tool: Tool { driver },
        column_kind: "unicodeCodePoints",
        original_uri_base_ids: BTreeMap::from([(ROOT, root)]),
        invocations: [Invocation { execution_successful: true, tool_execution_notifications: notifications(report) }],
        results: results(report, &findings, &rules, sources),
    };
    Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] }
}

/// The rules that found something, by code. A list of all of them would be longer than most reports.
fn rules(findings: &[(&ReportedFinding, Option<&str>)]) -> Vec<&'static Rule> {
    let rules: BTreeMap<u16, &'static Rule> =
        findings.iter().map(|(finding, _)| (finding.rule.code, finding.rule)).collect();
    rules.into_values().collect()
}

fn descriptor(rule: &Rule) -> Descriptor {
    let page = rule.page();
    let paragraphs = page.split("\n\n").map(str::trim);
    let lead = paragraphs.into_iter().find(|text| !text.is_empty() && !text.starts_with('#')).unwrap_or(rule.summary);
    Descriptor {
        id: rule.id(),
        name: rule.slug.split('-').map(capitalised).collect(),
        short_description: Message::plain(rule.summary),
        full_description: Message::plain(lead),
        help: Message { text: page.clone(), markdown: Some(page.clone()) },
        help_uri: rule.url(),
        default_configuration: Configuration { level: level(rule.severity) },
        properties: RuleProperties {
            tags: ["kubernetes", "erlang", "clustering"],
            severity: match rule.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "recommendation",
            },
        },
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Info => Level::Note,
    }
}

/// What was not read, and what else the user should know.
fn notifications(report: &Report) -> Vec<Notification> {
    let skipped = report.skipped.iter().map(|skipped| format!("skipped {}: {}", skipped.input, skipped.reason));
    let notices = report.notices.iter().map(|notice| match &notice.command {
        Some(command) => format!("{}; run `{command}`", notice.text),
        None => notice.text.clone(),
    });
    let texts = skipped.chain(notices);
    texts.map(|text| Notification { level: Level::Note, message: Message::plain(text) }).collect()
}

/// The findings, those that a baseline knows with its note.
fn results(
    report: &Report,
    findings: &[(&ReportedFinding, Option<&str>)],
    rules: &[&'static Rule],
    sources: &Sources<'_>,
) -> Vec<Finding> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut results = Vec::new();
    for (finding, known) in findings {
        let count = seen.entry(&finding.fingerprint).or_default();
        *count += 1;
        let labels = finding.ordered_labels();
        let (primary, related) = labels.split_at(labels.len().min(1));
        let numbered = related.iter().enumerate();
        results.push(Finding {
            rule_id: finding.rule.id(),
            rule_index: rules.iter().position(|rule| rule.code == finding.rule.code).unwrap_or(0),
            level: level(finding.severity),
            message: Message::plain(message(finding, related)),
            locations: primary.iter().map(|label| location(label, None, sources)).collect(),
            related_locations: numbered.map(|(at, label)| location(label, Some(at + 1), sources)).collect(),
            partial_fingerprints: fingerprints(&finding.fingerprint, *count),
            baseline_state: report.compared.as_ref().map(|_| match known {
                Some(_) => BaselineState::Unchanged,
                None => BaselineState::New,
            }),
            suppressions: known.iter().map(|note| suppression(note)).collect(),
        });
    }
    results
}

/// What is known is shown by no viewer unless it is asked for.
fn suppression(note: &str) -> Suppression {
    Suppression { kind: "external", justification: note.to_owned() }
}

/// Ours, and the same under the one name that GitHub tracks alerts by. Left to itself it hashes the hundred characters
/// after the line's start, so an edit further down would reopen an alert that was dismissed.
fn fingerprints(fingerprint: &str, occurrence: usize) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("beamgate/v1", fingerprint.to_owned()),
        ("primaryLocationLineHash", format!("{fingerprint}:{occurrence}")),
    ])
}

/// Everything that people are told, in plain text: viewers show nothing else. Braces (`cart@{pod-ip}`) stand as they are
/// although the standard would double them, because viewers look for placeholders only where there are arguments.
fn message(finding: &ReportedFinding, related: &[&ReportedLabel]) -> String {
    let mut parts = vec![format!("{}.", finding.message.trim_end_matches('.'))];
    if let Some(names) = &finding.names {
        parts.push(format!("Peers dial `{}`, this node is `{}`.", names.dialled, names.own));
    }
    parts.extend(finding.workload.as_ref().map(|title| format!("Workload: {title}.")));
    parts.extend(finding.rendered_from.as_ref().map(|folder| format!("Rendered from: {folder}.")));
    parts.extend(finding.at_run_time.as_ref().map(|text| format!("At run time: {text}.")));
    parts.extend(finding.notes.iter().map(|note| format!("Note: {note}.")));
    if let Some(fix) = &finding.fix {
        let lines = super::lines(fix).map(|lines| format!(":\n{lines}"));
        parts.push(format!("Fix ({}): {}{}", fix.safety, fix.title, lines.as_deref().unwrap_or(".")));
    }
    if !related.is_empty() {
        let links = related.iter().enumerate().map(|(at, label)| link(label, at + 1));
        parts.push(format!("See also: {}.", links.collect::<Vec<_>>().join("; ")));
    }
    parts.join("\n")
}

/// A link to a related location, by its number.
fn link(label: &ReportedLabel, id: usize) -> String {
    let object = label.object.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
    let colon = if label.text.is_empty() { "" } else { ": " };
    format!("[{object}]({id}){colon}{}", label.text)
}

fn location(label: &ReportedLabel, id: Option<usize>, sources: &Sources<'_>) -> Location {
    let region = source::Region::of(label, sources);
    let name = if label.pointer.is_empty() { String::new() } else { format!(" {}", label.pointer) };
    Location {
        id,
        physical_location: region.map(|region| PhysicalLocation {
            artifact_location: artifact(region.file),
            region: Region {
                start_line: region.start.line,
                start_column: region.start.column,
                end_line: region.end.line,
                end_column: region.end.column,
            },
        }),
        logical_locations: [LogicalLocation { fully_qualified_name: format!("{}{name}", label.object) }],
        message: Some(label.text.as_str()).filter(|text| !text.is_empty()).map(Message::plain),
    }
}

/// A path as a URI: relative to where beamgate was run, or of the file scheme.
fn artifact(name: &str) -> ArtifactLocation {
    let path = name.replace('\\', "/");
    let has_drive = path.as_bytes().get(1) == Some(&b':') && path.starts_with(|c: char| c.is_ascii_alphabetic());
    if path.starts_with('/') || has_drive {
        let (drive, rest) = if has_drive { path.split_at(2) } else { ("", path.as_str()) };
        let slash = if has_drive { "/" } else { "" };
        return ArtifactLocation { uri: format!("file://{slash}{drive}{}", encoded(rest)), uri_base_id: None };
    }
    let path = path.strip_prefix("./").unwrap_or(&path);
    ArtifactLocation { uri: encoded(path), uri_base_id: Some(ROOT) }
}

fn encoded(path: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let encode = |byte: u8| if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        for (name, uri, relative) in [
            ("k8s/cart.yaml", "k8s/cart.yaml", true),
            ("./a b/ä#1:x%.yaml", "a%20b/%C3%A4%231%3Ax%25.yaml", true),
            ("..\\k8s\\cart.yaml", "../k8s/cart.yaml", true),
            ("/srv/k8s/a.yaml", "file:///srv/k8s/a.yaml", false),
            ("C:\\k8s\\a b.yaml", "file:///C:/k8s/a%20b.yaml", false),
            ("<stdin>", "%3Cstdin%3E", true),
        ] {
            let artifact = artifact(name);
            assert_eq!(artifact.uri, uri);
            assert_eq!(artifact.uri_base_id.is_some(), relative, "{name}");
        }
    }
}
