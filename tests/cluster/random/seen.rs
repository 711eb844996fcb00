//! What a cluster has shown of random apps, kept beside them: `seen.tsv`.
//!
//! A line is a seed, the fingerprint of its manifest, what became of it, and what it is, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use super::seed::Made;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/random/seen.tsv");

const HEAD: &str = "# What a cluster has shown of random apps: `cargo test --test cluster -- random FIRST..LAST --record` writes it.\n\
                    # seed\tmanifest\twhat became of it\tthe app\n";

/// What was seen of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The manifest that was played, by [`Made::fingerprint`].
    pub(crate) fingerprint: String,
    /// As people read it: `forms`, `does not form`.
    pub(crate) fate: String,
    title: String,
}

/// All that was seen, by seed.
pub(crate) fn read() -> BTreeMap<u64, Seen> {
    let text = fs::read_to_string(FILE).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).map(line).collect()
}

fn line(line: &str) -> (u64, Seen) {
    let mut cells = line.split('\t').map(str::to_owned);
    let mut next = || cells.next().unwrap_or_else(|| panic!("{FILE}: {line}"));
    (next().parse().unwrap(), Seen { fingerprint: next(), fate: next(), title: next() })
}

/// Writes down what was seen of an app, beside what was seen of others.
pub(crate) fn write(made: &Made, fate: String) {
    let mut all = read();
    all.insert(made.seed, Seen { fingerprint: made.fingerprint(), fate, title: made.title.clone() });
    let mut text = HEAD.to_owned();
    for (seed, Seen { fingerprint, fate, title }) in all {
        let _ = writeln!(text, "{seed}\t{fingerprint}\t{fate}\t{title}");
    }
    fs::write(FILE, text).unwrap();
}

/// That something else became of the same app before.
pub(crate) fn contradicted(made: &Made, fate: &str) -> Option<String> {
    let before = read().remove(&made.seed)?;
    let differs = before.fingerprint == made.fingerprint() && before.fate != fate;
    differs.then(|| format!("seed {}: it {fate}; before, it {}", made.seed, before.fate))
}
