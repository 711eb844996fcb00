//! Tables that are written from the files which they are about, so that neither says more than the other.

use std::fs;

use crate::{root, text};

/// Between these, a README has what is written.
const BEGIN: &str = "<!-- Written by `UPDATE=1 cargo test --test deploy`. -->\n";
const END: &str = "<!-- Until here. -->\n";

/// Holds the README to the table, or writes it there.
pub(crate) fn holds(readme: &str, table: &str) {
    let old = text(readme);
    let (before, rest) = old.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let fresh = format!("{before}{BEGIN}{table}{END}{after}");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join(readme), &fresh).unwrap();
    }
    assert!(text(readme) == fresh, "{readme} is stale, run UPDATE=1 cargo test --test deploy");
}

/// The lines of comment right above the line that this byte is in.
pub(crate) fn comment(file: &str, at: usize) -> String {
    let line = file[..at].rfind('\n').map_or(0, |end| end + 1);
    let above: Vec<&str> = file[..line].lines().rev().map_while(|line| line.trim_start().strip_prefix("# ")).collect();
    above.into_iter().rev().collect::<Vec<_>>().join(" ")
}

/// A text as a cell of a table.
pub(crate) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
