//! What is said to whoever applies the object.

use std::fmt::Write as _;

use super::Decided;
use super::judgement::Versions;
use crate::inject::warning;
use crate::place::ObjectId;
use crate::policy::decide::{Decision, RestsOn};
use crate::report;
use crate::report::redact::without_cookies;
use crate::rules::finding::{Finding, Label};
use crate::webhook::review::{Answer, Counted, Outcome};
use crate::world::World;
use crate::world::object::Object;

/// What stands where a cookie stood.
const REDACTED: &str = "‹redacted›";

/// More of them are read by nobody.
const MOST: usize = 5;

/// Says what came of each finding.
pub(super) fn answer(decided: &[Decided<'_>], world: &World, read: &Versions) -> Answer {
    let with = |decision| {
        let mut found: Vec<&Decided<'_>> = decided.iter().filter(|one| one.decision == decision).collect();
        found.sort_by_key(|one| (std::cmp::Reverse(one.severity), one.ruling.finding.rule.code));
        found
    };
    let (denied, warned) = (with(Decision::Deny), with(Decision::Warn));
    Answer {
        denial: (!denied.is_empty()).then(|| denial(&denied, world, read)),
        warnings: warnings(warned.iter().map(|one| &one.ruling.finding)),
        audit: audit(&denied, &warned),
        findings: decided.iter().map(counted).collect(),
        ..Answer::default()
    }
}

/// What cannot be read passes: it is nested too deeply, or has more values than any object.
pub(super) fn not_judged(error: &serde_json::Error) -> Answer {
    let line = warning(None, &format!("beamgate: not judged: {error}"));
    Answer { audit: vec![("not-judged", error.to_string())], warnings: vec![line], ..Answer::default() }
}

/// One line for each finding, the code first: `BG601: the cookie is in the manifest`. Of more than five, how many more.
pub(super) fn warnings<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for finding in findings {
        let line = warning(None, &clean(&format!("{}: {}", finding.rule.id(), finding.message)));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.len() > MOST {
        let more = lines.split_off(MOST - 1).len();
        lines.push(format!("beamgate: and {more} more; `beamgate lint` shows them all"));
    }
    lines
}

/// In one line, and without cookies.
fn clean(text: &str) -> String {
    without_cookies(text, REDACTED).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn counted(one: &Decided<'_>) -> Counted {
    let outcome = match one.decision {
        Decision::Deny => Outcome::Denied,
        Decision::Warn => Outcome::Warned,
        Decision::Pass => Outcome::Passed,
    };
    Counted { rule: one.ruling.finding.rule, outcome }
}

fn audit(denied: &[&Decided<'_>], warned: &[&Decided<'_>]) -> Vec<(&'static str, String)> {
    let codes = |found: &[&Decided<'_>]| {
        let mut codes: Vec<String> = found.iter().map(|one| one.ruling.finding.rule.id()).collect();
        codes.sort_unstable();
        codes.dedup();
        format!("{}: {}", found.len(), codes.join(","))
    };
    let all = [("denied", denied), ("warned", warned)];
    all.into_iter().filter(|(_, found)| !found.is_empty()).map(|(key, found)| (key, codes(found))).collect()
}

/// One finding after another, and how to let it pass all the same.
fn denial(denied: &[&Decided<'_>], world: &World, read: &Versions) -> String {
    let mut text = String::new();
    for one in denied {
        text.push_str(&paragraph(&one.ruling.finding, one.ruling.rests_on, world, read));
        text.push('\n');
    }
    let mut codes: Vec<String> = denied.iter().map(|one| one.ruling.finding.rule.id()).collect();
    codes.dedup();
    let is_pod = world.object(ObjectId(0)).is_some_and(|object| object.kind == "Pod");
    let what = if is_pod { "pod" } else { "pod template" };
    let _ = write!(
        text,
        "To let it pass all the same, annotate the {what}: `beamgate.dev/ignore: \"{}: <why>\"`; \
         or label the namespace: `beamgate.dev/enforce=warn`.",
        codes.join(",")
    );
    without_cookies(&text, REDACTED)
}

fn paragraph(finding: &Finding, rests_on: RestsOn, world: &World, read: &Versions) -> String {
    let rule = finding.rule;
    // Writing to a string never fails, here and below.
    let mut text = format!("{} {}: {}\n", rule.id(), rule.slug, finding.message);
    if let Some(names) = &finding.names {
        let _ = writeln!(text, "  peers dial   {}\n  this node is {}", names.dialled, names.own);
    }
    for label in &finding.labels {
        let _ = writeln!(text, "  at {}", place(label, finding, world));
    }
    if rests_on != RestsOn::Itself {
        text.push_str(&others(finding, world, read));
    }
    if let Some(symptom) = &finding.symptom {
        let _ = writeln!(text, "  at run time: {symptom}");
    }
    for note in &finding.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    if let Some(fix) = &finding.fix {
        let _ = writeln!(text, "  fix ({}): {}", fix.safety, fix.title);
        for line in report::lines(fix).iter().flat_map(|lines| lines.lines()) {
            let _ = writeln!(text, "    {line}");
        }
    }
    let _ = writeln!(text, "  `beamgate explain {}`, {}", rule.id(), rule.url());
    text
}

/// `/spec/serviceName: …`; in another object `Service shop/cart, /spec/clusterIP: …`.
fn place(label: &Label, finding: &Finding, world: &World) -> String {
    let pointer = match label.at.pointer.to_json_pointer() {
        root if root.is_empty() => "/".to_owned(),
        pointer => pointer,
    };
    let said = if label.text.is_empty() { String::new() } else { format!(": {}", label.text) };
    if Some(label.at.object) == finding.subject {
        return format!("{pointer}{said}");
    }
    let Some(object) = world.object(label.at.object) else { return format!("beamgate.toml{said}") };
    format!("{}, {pointer}{said}", object.title())
}

/// The objects that it rests on, and the versions of them that were read.
fn others(finding: &Finding, world: &World, read: &Versions) -> String {
    let pointed_at = finding.labels.iter().filter(|label| Some(label.at.object) != finding.subject);
    let mut titles: Vec<String> =
        pointed_at.filter_map(|label| world.object(label.at.object)).map(Object::title).collect();
    titles.sort_unstable();
    titles.dedup();
    let versions = titles.into_iter().filter_map(|title| {
        let version = read.get(&title)?.as_ref()?;
        Some(format!("  {title} was read at resourceVersion {version}: "))
    });
    versions.map(|read| read + "if it is to change, apply that object first, or apply again\n").collect()
}
