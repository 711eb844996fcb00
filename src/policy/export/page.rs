//! What is exported of each rule, for the documentation.

use std::fmt::Write as _;

use crate::rules::cel::Cel;
use crate::rules::{self, Rule};

/// Two tables in Markdown: the exported rules with what is missed of them, and the others with the reason.
pub fn tables() -> String {
    let mut text = "| rule | severity | misses |\n|---|---|---|\n".to_owned();
    let mut others = "| rule | why not |\n|---|---|\n".to_owned();
    for rule in rules::all() {
        // Writing to a string never fails.
        let _ = match &rule.cel {
            Cel::Exported(_, misses) => writeln!(text, "| {} | {} | {misses} |", link(rule), rule.severity),
            Cel::Not(why) => writeln!(others, "| {} | {why} |", link(rule)),
        };
    }
    format!("## The rules that are exported\n\n{text}\n## The others\n\n{others}")
}

fn link(rule: &Rule) -> String {
    format!("[{0} {1}](rules/{0}.md)", rule.id(), rule.slug)
}
