//! Findings that a team knows and will see to some day: a file of their fingerprints, beside the manifests.
//!
//! A tree with forty findings can then be kept from getting a forty-first. Whoever reads the file sees what is known and
//! why; it holds no lines and no values, so that an edit elsewhere does not change it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A known finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The rule: `BG204 service-without-ports`.
    pub rule: String,
    /// The workload that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// The object and the place in it.
    #[serde(default)]
    pub place: String,
    /// Who it is. All else in an entry is for people.
    pub fingerprint: String,
    /// How many there are: one app in two folders has each of its findings twice.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: usize,
    /// Why it may stay.
    #[serde(default)]
    pub note: String,
}

/// Known findings, by fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline(BTreeMap<String, Entry>);

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    finding: Vec<Entry>,
}

/// Why there is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file cannot be read.
    #[error("{}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no baseline.
    #[error("{} is no baseline: {error}", .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        error: Box<toml::de::Error>,
    },
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is no baseline.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let text = fs::read_to_string(path).map_err(|source| BaselineError::Read { path: path.into(), source })?;
        let written: Written = toml::from_str(&text)
            .map_err(|error| BaselineError::Parse { path: path.into(), error: Box::new(error) })?;
        Ok(Self::of(written.finding))
    }

    /// A baseline of these. Those of one fingerprint are counted.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut known: BTreeMap<String, Entry> = BTreeMap::new();
        for entry in entries {
            match known.get_mut(&entry.fingerprint) {
                Some(same) => same.count += entry.count,
                None => drop(known.insert(entry.fingerprint.clone(), entry)),
            }
        }
        Self(known)
    }

    /// The same with the notes of an older one.
    #[must_use]
    pub fn with_notes_of(mut self, older: &Self) -> Self {
        for (fingerprint, entry) in &mut self.0 {
            if let Some(known) = older.0.get(fingerprint) {
                entry.note.clone_from(&known.note);
            }
        }
        self
    }

    /// Takes one finding of this fingerprint out, if there is one left, and says what its note is.
    pub fn take(&mut self, fingerprint: &str) -> Option<String> {
        let entry = self.0.get_mut(fingerprint).filter(|entry| entry.count > 0)?;
        entry.count -= 1;
        Some(entry.note.clone())
    }

    /// What nobody took, sorted.
    pub fn into_left(self) -> Vec<Entry> {
        let mut left: Vec<Entry> = self.0.into_values().filter(|entry| entry.count > 0).collect();
        left.sort_by(|a, b| a.order().cmp(&b.order()));
        left
    }
}

impl Entry {
    fn order(&self) -> (&str, &str, &str, &str) {
        (&self.rule, self.workload.as_deref().unwrap_or(""), &self.place, &self.fingerprint)
    }
}

/// The file as it is written.
impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for entry in self.clone().into_left() {
            let entry = toml::to_string(&entry).map_err(|_| fmt::Error)?;
            write!(f, "\n[[finding]]\n{entry}")?;
        }
        Ok(())
    }
}

const HEAD: &str = "\
# Findings of `beamgate lint` that are known: it counts them and does not show them.
# `--write-baseline` writes this file anew. It keeps the notes of what is still found: say in them why it may stay.
";

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(rule: &str, fingerprint: &str) -> Entry {
        Entry {
            rule: rule.to_owned(),
            workload: Some("Deployment shop/\"web\"".to_owned()),
            place: "Service shop/web, spec".to_owned(),
            fingerprint: fingerprint.to_owned(),
            count: 1,
            note: String::new(),
        }
    }

    fn parsed(text: &str) -> Baseline {
        Baseline::of(toml::from_str::<Written>(text).unwrap().finding)
    }

    #[test]
    fn what_is_written_is_read_back_whatever_the_order() {
        let entries = [entry("BG301 b", "2"), entry("BG204 a", "3"), entry("BG301 b", "2"), entry("BG301 b", "1")];
        let baseline = Baseline::of(entries.clone());
        let text = baseline.to_string();
        assert_eq!(parsed(&text), baseline);
        assert_eq!(Baseline::of(entries.into_iter().rev()).to_string(), text);
        let fingerprints: Vec<_> = text.lines().filter(|line| line.starts_with("fingerprint")).collect();
        assert_eq!(fingerprints, ["fingerprint = \"3\"", "fingerprint = \"1\"", "fingerprint = \"2\""]);
        assert!(text.ends_with("count = 2\nnote = \"\"\n"), "{text}");
        assert_eq!(parsed(HEAD), Baseline::default());
    }

    #[test]
    fn no_more_is_known_than_was_counted() {
        let known = |note: &str| Entry { note: note.to_owned(), ..entry("BG301 b", "2") };
        let mut baseline = Baseline::of([known("why"), known("")]);
        assert_eq!(baseline.take("1"), None);
        assert_eq!(baseline.take("2").as_deref(), Some("why"));
        assert_eq!(baseline.clone().into_left()[0].count, 1);
        assert_eq!(baseline.take("2").as_deref(), Some("why"));
        assert_eq!(baseline.take("2"), None);
        assert!(baseline.into_left().is_empty());
    }

    #[test]
    fn notes_outlive_their_file() {
        let older = Baseline::of([Entry { note: "why".to_owned(), ..entry("BG301 b", "2") }]);
        let newer = Baseline::of([entry("BG301 b", "2"), entry("BG301 b", "4")]).with_notes_of(&older);
        let notes: Vec<_> = newer.into_left().into_iter().map(|entry| entry.note).collect();
        assert_eq!(notes, ["why", ""]);
    }
}
