//! Proofs that are played in parts, each of which adds a table to a page below `docs/`.

use std::fmt::Display;
use std::fs;

use crate::cluster;

/// A chapter of the proofs.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// What its table is about, and its first two lines.
    pub(crate) head: &'static str,
    pub(crate) play: fn(&mut Seen),
}

/// A step whose parts write a page together.
pub(crate) struct Suite {
    /// The step's.
    pub(crate) name: &'static str,
    /// The file below `docs/`.
    pub(crate) page: &'static str,
    /// The first lines of the page.
    pub(crate) head: &'static str,
    pub(crate) parts: &'static [Part],
}

impl Suite {
    /// The parts of these names, or all.
    pub(crate) fn choose(&self, arguments: &[String]) -> Vec<&Part> {
        let names: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
        let unknown = names.iter().find(|name| self.parts.iter().all(|part| part.name != ***name));
        assert!(unknown.is_none(), "{} is no part of {}", unknown.unwrap(), self.name);
        self.parts.iter().filter(|part| names.is_empty() || names.iter().any(|name| *name == part.name)).collect()
    }

    /// Plays these parts, and says what is wrong. All of them together write the page; of some of them it is shown.
    pub(crate) fn play(&self, parts: &[&Part]) -> Vec<String> {
        let name = self.name;
        let mut wrong = Vec::new();
        let mut page = format!("<!-- Written by `cargo test --test cluster -- {name}`. -->\n{}", self.head);
        for part in parts {
            println!("{name} {}", part.name);
            let mut seen = Seen::default();
            (part.play)(&mut seen);
            page += &format!("\n{}{}", part.head, seen.rows);
            wrong.extend(seen.wrong.into_iter().map(|what| format!("{}: {what}", part.name)));
        }
        if parts.len() == self.parts.len() {
            fs::write(cluster::root().join("docs").join(self.page), page).unwrap();
        } else {
            println!("{page}");
        }
        wrong
    }
}

/// The rows of its table, and what is not as it ought to be.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) rows: String,
    pub(crate) wrong: Vec<String>,
}

impl Seen {
    /// Adds a row, of which nothing may differ from run to run.
    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        self.rows += &format!("| {} |\n", cells.join(" | "));
    }

    /// Says what is wrong, unless it holds.
    pub(crate) fn expect(&mut self, holds: bool, otherwise: impl Display) {
        if !holds {
            self.wrong.push(otherwise.to_string());
        }
    }
}
