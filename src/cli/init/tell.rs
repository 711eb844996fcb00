//! What was declared, and what is left to say.

use std::fmt::Write as _;

use annotate_snippets::normalize_untrusted_str as harmless;

use super::choose::line;
use super::{Plan, refusal};
use crate::cli::fix::repair::{Repair, Why};
use crate::report;
use crate::report::closing::summary;
use crate::trace::coded::Line;

/// All of it. Writing to a string never fails.
pub(super) fn tell(plan: &Plan, repaired: &Repair<'_>, refused: Option<&Why>, diff: bool) -> String {
    let mut text = String::new();
    match refused {
        None if plan.lines.is_empty() && plan.left.is_empty() => {
            let _ = writeln!(text, "{} declares all that its code says", plan.title);
        }
        None if plan.lines.is_empty() => {}
        None => {
            let verb = if diff { "would declare" } else { "declared" };
            let _ = writeln!(text, "{verb} of {}:", plan.title);
            plan.lines.iter().for_each(|one| text.push_str(&declared(one, plan, repaired)));
        }
        Some(why) => {
            let _ = writeln!(text, "not written: {}; declare of {} by hand:", refusal(why), plan.title);
            for line in report::lines(&plan.fix).unwrap_or_default().lines() {
                let _ = writeln!(text, "      {}", harmless(line));
            }
        }
    }
    if !plan.left.is_empty() {
        let _ = writeln!(text, "left for you to declare of {}:", plan.title);
        for (annotation, called) in &plan.left {
            let _ = writeln!(text, "  {annotation}: <{called}>");
        }
    }
    if !plan.unread.is_empty() {
        let _ = writeln!(text, "not evaluated:");
        for unread in &plan.unread {
            let _ = writeln!(text, "  {}", harmless(&line(repaired.session(), plan.subject.0, unread)));
        }
    }
    if refused.is_none() && !(plan.lines.is_empty() && plan.known == 0) {
        let _ = writeln!(text, "{}", summary(repaired.report()));
        if !repaired.report().findings.is_empty() {
            let _ = writeln!(text, "To see what is wrong, run `{}`.", harmless(&plan.lint));
        }
    }
    text
}

/// One line, where the code says so, and what it is if a variable is not set.
fn declared(one: &Line, plan: &Plan, repaired: &Repair<'_>) -> String {
    let said = format!("{}: {}", one.name(), one.text);
    let at = repaired.session().address(plan.subject.0, &one.at);
    let at = at.map_or_else(String::new, |address| format!("  ({address})"));
    let defaults = match one.defaults.as_slice() {
        [] => String::new(),
        names => format!("; the default, since the pod does not set {}", names.join(", ")),
    };
    format!("  {}\n", harmless(&format!("{said}{at}{defaults}")))
}
