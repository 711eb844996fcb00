//! What was done and what is left, as the results of a KRM function.

use serde_json::Value as Json;

use super::repair::{Done, Left, Repair, Why};
use super::tell;
use crate::cli::function;
use crate::rules::finding::Severity;

/// The list that was mended, with a result for each fix that was made and each finding that is left; nothing where no list
/// was given.
pub(super) fn list(repair: &Repair<'_>) -> Option<String> {
    let done = repair.done().iter().map(of_done);
    let results = done.chain(repair.left().map(|left| of_left(repair, &left))).collect();
    Some(repair.list()?.with(&[], results))
}

fn of_done(done: &Done) -> Json {
    let then = done.fix.besides.iter().map(|besides| format!("; then: {besides}"));
    let said = format!("fixed {}{}", tell::what(done), then.collect::<String>());
    let result = function::result(Severity::Info, &said, done.item.as_ref());
    function::pointed(result, done.rule, done.pointer.as_deref(), &done.fingerprint)
}

fn of_left(repair: &Repair<'_>, left: &Left<'_>) -> Json {
    // The fix itself is said of every finding.
    let why = match &left.why {
        Why::Unsafe => "not made: `unsafe` is not asked for".to_owned(),
        Why::ByHand => "not made: it is for somebody to write".to_owned(),
        Why::Decision(what) => format!("not made: it needs a decision: {what}"),
        Why::NotSelected | Why::Ambiguous(_) | Why::Refused(_) => tell::why(left),
    };
    function::of_finding(left.finding, &[why], repair.item(left.finding))
}
