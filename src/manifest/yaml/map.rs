//! Entries to a map: merge keys, duplicates and keys that are no strings.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Note, YamlError};
use crate::world::node::{Entry, Node, Span, Value};

/// Maps up to this size are searched for duplicates pair by pair, which is quicker than hashing.
const SMALL: usize = 12;

/// Resolves `<<` as goyaml does: in the order written, so that a merge overwrites what stands above it and is
/// overwritten by what stands below.
pub(super) fn merge<'s>(entries: Vec<Entry<'s>>, merges: &[usize]) -> Result<Vec<Entry<'s>>, YamlError> {
    let mut merged = Merged::default();
    for (index, entry) in entries.into_iter().enumerate() {
        if merges.contains(&index) {
            merged.merge(entry.node, entry.key_span)?;
        } else {
            merged.set(entry);
        }
    }
    Ok(merged.entries)
}

/// Merging may take thousands of entries, so the places of keys are kept in a table.
#[derive(Default)]
struct Merged<'s> {
    entries: Vec<Entry<'s>>,
    places: HashMap<String, usize>,
}

impl<'s> Merged<'s> {
    fn merge(&mut self, node: Node<'s>, key: Span) -> Result<(), YamlError> {
        match node.value {
            Value::Map(entries) => entries.into_iter().for_each(|entry| self.set(entry)),
            // Earlier maps of the list win, so they come last.
            Value::List(maps) => {
                for map in maps.into_iter().rev() {
                    let Value::Map(entries) = map.value else { return Err(no_map(key)) };
                    entries.into_iter().for_each(|entry| self.set(entry));
                }
            }
            _ => return Err(no_map(key)),
        }
        Ok(())
    }

    fn set(&mut self, entry: Entry<'s>) {
        match self.places.get(entry.key.as_ref()) {
            Some(place) => self.entries[*place] = entry,
            None => {
                self.places.insert(entry.key.to_string(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }
}

fn no_map(span: Span) -> YamlError {
    YamlError { message: "`<<` needs a map or a list of maps".to_owned(), span }
}

/// Keeps the last of entries with one key, as the API server does, and notes the others.
pub(super) fn deduplicate(entries: &mut Vec<Entry<'_>>, notes: &mut Vec<Note>) {
    let replaced = if entries.len() <= SMALL { pairwise(entries) } else { hashed(entries) };
    if replaced.is_empty() {
        return;
    }
    let mut replaced = replaced.into_iter().peekable();
    let mut index = 0;
    entries.retain(|entry| {
        let drop = replaced.next_if_eq(&index).is_some();
        index += 1;
        if drop {
            notes.push(Note {
                span: entry.key_span,
                text: format!("`{}` is set again below, and that counts", entry.key),
            });
        }
        !drop
    });
}

fn pairwise(entries: &[Entry<'_>]) -> Vec<usize> {
    let again = |index: usize| entries[index + 1..].iter().any(|later| later.key == entries[index].key);
    (0..entries.len()).filter(|index| again(*index)).collect()
}

fn hashed(entries: &[Entry<'_>]) -> Vec<usize> {
    let mut last: HashMap<&Cow<'_, str>, usize> = HashMap::with_capacity(entries.len());
    let mut replaced: Vec<_> =
        entries.iter().enumerate().filter_map(|(at, entry)| last.insert(&entry.key, at)).collect();
    replaced.sort_unstable();
    replaced
}
