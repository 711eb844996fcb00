//! What a part of the proofs has seen.

use std::fmt::Display;

/// The rows of its table, and what is not as it ought to be.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) rows: String,
    pub(super) wrong: Vec<String>,
}

impl Seen {
    /// Adds a row, of which nothing may differ from run to run.
    pub(super) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        self.rows += &format!("| {} |\n", cells.join(" | "));
    }

    /// Says what is wrong, unless it holds.
    pub(super) fn expect(&mut self, holds: bool, otherwise: impl Display) {
        if !holds {
            self.wrong.push(otherwise.to_string());
        }
    }
}
