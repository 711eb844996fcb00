//! What was done, and what is left to do.

use std::fmt::Write as _;

use annotate_snippets::normalize_untrusted_str as harmless;

use super::repair::{Done, Left, Repair, Why};
use crate::report;
use crate::report::closing::counted;
use crate::rules::finding::Fix;

/// All of it, file by file. Writing to a string never fails.
pub(super) fn tell(repair: &Repair<'_>, diff: bool) -> String {
    let mut text = String::new();
    let mut files: Vec<usize> = repair.done().iter().filter_map(|done| done.sources.first().copied()).collect();
    files.sort_unstable();
    files.dedup();
    // Several may ask for the same thing, which is done once.
    let mut asked = Vec::new();
    for file in files {
        let name = repair.sources().get(file).map_or("", |source| source.name.as_str());
        let _ = writeln!(text, "{}", harmless(name));
        for done in repair.done().iter().filter(|done| done.sources.first() == Some(&file)) {
            let besides = done.fix.besides.as_deref().filter(|besides| !asked.contains(besides));
            asked.extend(besides);
            text.push_str(&mended(done, besides, diff));
        }
    }
    let left: Vec<Left<'_>> = repair.left().collect();
    if !left.is_empty() && !text.is_empty() {
        text.push('\n');
    }
    for one in &left {
        text.push_str(&unmended(one, repair));
    }
    for notice in &repair.report().notices {
        let _ = writeln!(text, "note: {}", harmless(&notice.text));
    }
    if !left.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{}", summary(repair, left.len(), diff));
    text
}

fn mended(done: &Done, besides: Option<&str>, diff: bool) -> String {
    let verb = if diff { "would fix" } else { "fixed" };
    let mut text = format!("  {verb} {}\n", what(done));
    if let Some(besides) = besides {
        let _ = writeln!(text, "    then: {}", harmless(besides));
    }
    text
}

/// `BG204 service-without-ports of StatefulSet shop/cart (safe): declare a port`.
pub(super) fn what(done: &Done) -> String {
    let about = done.workload.as_ref().map_or_else(String::new, |workload| format!(" of {workload}"));
    let (rule, fix) = (done.rule, &done.fix);
    let new = if done.is_new { ", now visible" } else { "" };
    format!("{} {}{about} ({}{new}): {}", rule.id(), rule.slug, fix.safety, harmless(&fix.title))
}

fn unmended(left: &Left<'_>, repair: &Repair<'_>) -> String {
    let finding = left.finding;
    let new = if left.is_new { "now visible: " } else { "" };
    let folder = finding.rendered_from.as_ref();
    let folder = folder.map_or_else(String::new, |folder| format!(" as {} has it", harmless(folder)));
    let (rule, message) = (finding.rule.title(), harmless(&finding.message));
    let mut text = format!("{}{new}{rule}{folder}: {message}\n", place(left, repair));
    let _ = writeln!(text, "  {}", why(left));
    let shows = !matches!(left.why, Why::Unsafe | Why::Decision(_));
    finding.fix.as_ref().filter(|_| shows).into_iter().for_each(|fix| text.push_str(&lines(fix)));
    text
}

/// Why something is left, and what to do.
pub(super) fn why(left: &Left<'_>) -> String {
    let title = left.finding.fix.as_ref().map(|fix| harmless(&fix.title));
    let by_hand = |reason: &str| match &title {
        Some(title) => format!("{reason}; by hand: {title}"),
        None => reason.to_owned(),
    };
    match &left.why {
        Why::NotSelected => by_hand("not among the rules that were selected"),
        Why::Unsafe => format!("with --unsafe: {}", title.unwrap_or_default()),
        Why::Decision(what) => by_hand(&format!("needs a decision: {what}")),
        Why::ByHand => {
            let known = left.finding.fix.as_ref().and_then(|fix| fix.unwritten);
            by_hand(&format!("not written: {}", known.unwrap_or("the manifests do not decide what to write")))
        }
        why @ (Why::Ambiguous(_) | Why::Refused(_)) => by_hand(&format!("not written: {}", why.reason())),
    }
}

/// What to write by hand.
fn lines(fix: &Fix) -> String {
    let lines = report::lines(fix).unwrap_or_default();
    lines.lines().map(|line| format!("      {}\n", harmless(line))).collect()
}

fn place(left: &Left<'_>, repair: &Repair<'_>) -> String {
    let primary = left.finding.primary();
    let found = primary.and_then(|label| {
        let place = label.place?;
        let file = repair.report().files.get(place.file)?;
        let before = file.text.get(..place.span.start as usize)?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Some(format!("{}:{line}:{column}: ", harmless(&file.name)))
    });
    found.unwrap_or_default()
}

fn summary(repair: &Repair<'_>, left: usize, diff: bool) -> String {
    let (done, files) = (repair.done().len(), repair.changed().count());
    let fixed = match (done, diff) {
        (0, _) => "nothing to fix".to_owned(),
        (_, true) => format!("{} to fix in {}", counted(done, "finding"), counted(files, "file")),
        (_, false) => format!("{} fixed in {}", counted(done, "finding"), counted(files, "file")),
    };
    match left {
        0 => fixed,
        _ => format!("{fixed}, {} left", counted(left, "finding")),
    }
}
