//! Maps and lists that are written in lines.

use std::ops::Range;

use super::render;
use super::scalar::{self, Around};
use super::style::{Style, column, line_end, line_start};
use super::written::{Item, colon, entry_end, is_flow, is_inline, own_entries, own_items, owns_value, value_bytes};
use super::{EditError, Splice};
use crate::fix::change::{Among, Tree};
use crate::world::node::{Entry, Node, Value};

/// A document, line by line.
pub(super) struct Page<'t> {
    pub(super) text: &'t str,
    /// Where the document ends.
    pub(super) end: usize,
    pub(super) style: Style,
}

impl Page<'_> {
    /// Adds an entry to a map.
    pub(super) fn add(&self, map: &Node<'_>, key: &str, value: &Tree, among: &Among) -> Result<Splice, EditError> {
        let start = map.span.start as usize;
        let column = column(self.text, start);
        let entry = render::map(&[(key.to_owned(), value.clone())], column, &self.style);
        let own = own_entries(map);
        // What a merge brings overwrites what stands above it.
        let merges = own.len() < map.entries().len() || self.text.get(start..).is_some_and(|map| map.starts_with("<<"));
        let behind = |key: &str| own.iter().find(|entry| entry.key == key);
        Ok(match among {
            Among::First if !merges => (start..start, format!("{entry}{}{}", self.style.line_break, pad(column))),
            Among::Behind(key) if !merges && behind(key).is_some() => {
                let end = behind(key).map_or(Ok(start), |entry| entry_end(self.text, entry))?;
                self.line_behind(end, column, &entry)
            }
            _ => self.line_behind(map.span.end as usize, column, &entry),
        })
    }

    /// Sets the value of an entry.
    pub(super) fn set(&self, entry: &Entry<'_>, value: &Tree) -> Result<Vec<Splice>, EditError> {
        let (colon, bytes) = (colon(self.text, entry)?, value_bytes(self.text, entry)?);
        let key_column = column(self.text, entry.key_span.start as usize);
        let lines = || render::value(value, key_column, &self.style);
        let node = &entry.node;
        let collection = matches!(&node.value, Value::Map(_) | Value::List(_)) && owns_value(entry);
        if collection && is_flow(self.text, node) {
            let is_empty = node.entries().is_empty() && node.items().is_empty();
            return match is_inline(value) || !is_empty {
                true => Ok(vec![(bytes, render::flow(value, render::Quotes::Yaml))]),
                false => Ok(self.below(colon, bytes, lines())),
            };
        }
        if collection {
            return Ok(self.over_lines(colon, node, value, lines()));
        }
        if !is_inline(value) {
            return Ok(self.below(colon, bytes, lines()));
        }
        Ok(vec![match node.value {
            Value::Null if bytes.is_empty() => (bytes, lines()),
            _ if owns_value(entry) => scalar::over(self.text, node, value, Around::Lines),
            _ => (bytes, lines().trim_start().to_owned()),
        }])
    }

    /// Takes a value off the line of its key, and writes lines below; a comment stays.
    fn below(&self, colon: usize, bytes: Range<usize>, lines: String) -> Vec<Splice> {
        let end = self.end_of_line(bytes.end);
        let gone = colon..bytes.end;
        if end == bytes.end {
            return vec![(gone, lines)];
        }
        vec![(gone, String::new()), (end..end, lines)]
    }

    /// Writes over lines; a comment behind the key stays.
    fn over_lines(&self, colon: usize, node: &Node<'_>, value: &Tree, lines: String) -> Vec<Splice> {
        let span = node.span.start as usize..node.span.end as usize;
        let column = column(self.text, span.start);
        match (value, &node.value) {
            (Tree::Map(entries), Value::Map(_)) if !entries.is_empty() => {
                vec![(span, render::map(entries, column, &self.style))]
            }
            (Tree::List(items), Value::List(_)) if !items.is_empty() => {
                vec![(span, render::list(items, column, &self.style))]
            }
            _ if is_inline(value) => {
                vec![(colon..colon, lines), (self.end_of_line(colon)..span.end, String::new())]
            }
            _ => vec![(self.end_of_line(colon)..span.end, lines)],
        }
    }

    /// Puts another entry into the place of one.
    pub(super) fn swap(
        &self,
        map: &Node<'_>,
        entry: &Entry<'_>,
        key: &str,
        value: Option<&Tree>,
    ) -> Result<Splice, EditError> {
        let start = entry.key_span.start as usize;
        let Some(value) = value else {
            let column = column(self.text, map.span.start as usize);
            return Ok((start..entry.key_span.end as usize, crate::manifest::write::string(key, column)));
        };
        let new = render::map(&[(key.to_owned(), value.clone())], column(self.text, start), &self.style);
        Ok((start..entry_end(self.text, entry)?, new))
    }

    /// Removes an entry with its line.
    pub(super) fn remove(&self, entry: &Entry<'_>) -> Result<Splice, EditError> {
        let start = entry.key_span.start as usize;
        self.remove_lines(start, entry_end(self.text, entry)?)
    }

    /// Removes an item with its dash.
    pub(super) fn remove_item(&self, list: &Node<'_>, index: usize) -> Result<Splice, EditError> {
        let items = own_items(self.text, list)?;
        let item = items.get(index).ok_or(EditError::Differs)?;
        self.remove_lines(item.dash, item.content.end)
    }

    fn remove_lines(&self, start: usize, end: usize) -> Result<Splice, EditError> {
        let behind = line_end(self.text, end).min(self.end);
        if self.begins_line(start) {
            return Ok((line_start(self.text, start)..behind, String::new()));
        }
        // What stands before it in its line is the dash of an item, which the next entry then follows.
        let rest = self.text.get(behind..self.end).unwrap_or("");
        let next = rest.len() - rest.trim_start_matches([' ', '\r', '\n']).len();
        Ok((start..behind + next, String::new()))
    }

    /// Sets an item.
    pub(super) fn set_item(&self, list: &Node<'_>, index: usize, value: &Tree) -> Result<Splice, EditError> {
        let items = own_items(self.text, list)?;
        let item = items.get(index).ok_or(EditError::Differs)?;
        Ok((item.dash..item.content.end, render::item(value, column(self.text, item.dash), &self.style)))
    }

    /// Puts an item into a list that has some.
    pub(super) fn insert(&self, list: &Node<'_>, index: usize, item: &Tree) -> Result<Splice, EditError> {
        let items = own_items(self.text, list)?;
        let first = items.first().ok_or(EditError::Differs)?.dash;
        let column = column(self.text, first);
        let new = render::item(item, column, &self.style);
        match index.checked_sub(1).map(|before| items.get(before)) {
            Some(before) => {
                let end = before.ok_or(EditError::Differs)?.content.end;
                Ok(self.line_behind(end, column, &new))
            }
            None if self.begins_line(first) => {
                let at = self.above_comments(first);
                Ok((at..at, format!("{}{new}{}", pad(column), self.style.line_break)))
            }
            None => Ok((first..first, format!("{new}{}{}", self.style.line_break, pad(column)))),
        }
    }

    /// Moves an item with the comments above it.
    pub(super) fn shift(&self, list: &Node<'_>, from: usize, to: usize) -> Result<Vec<Splice>, EditError> {
        let items = own_items(self.text, list)?;
        if !items.iter().all(|item| self.begins_line(item.dash)) {
            return Err(EditError::Unusual("a list that begins in the line of another"));
        }
        let moved = self.lines_of(&items, from)?;
        let passed = self.lines_of(&items, to)?;
        let eol = self.style.line_break;
        let text = self.text.get(moved.clone()).ok_or(EditError::Differs)?;
        let at = if to < from { passed.start } else { passed.end };
        if self.text.get(..at.max(moved.end)).is_some_and(|before| before.ends_with('\n')) {
            return Ok(vec![(at..at, text.to_owned()), (moved, String::new())]);
        }
        // The last line of the file has no end, and goes on having none.
        match to < from {
            true => Ok(vec![(at..at, format!("{text}{eol}")), (moved.start - eol.len()..moved.end, String::new())]),
            false => {
                Ok(vec![(at..at, format!("{eol}{}", text.trim_end_matches(['\r', '\n']))), (moved, String::new())])
            }
        }
    }

    /// The lines of an item, with the comments right above it. Blank lines stay where they are.
    fn lines_of(&self, items: &[Item], index: usize) -> Result<Range<usize>, EditError> {
        let item = items.get(index).ok_or(EditError::Differs)?;
        let before = index.checked_sub(1).and_then(|before| items.get(before));
        let floor = before.map_or(0, |before| line_end(self.text, before.content.end));
        let start = self.above_comments(item.dash).max(floor);
        Ok(start..line_end(self.text, item.content.end).min(self.end))
    }

    /// A new line behind the one that holds a place.
    fn line_behind(&self, place: usize, column: usize, line: &str) -> Splice {
        let mut at = line_end(self.text, place).min(self.end);
        if self.keeps_blank_lines(place) {
            while self
                .text
                .get(at..self.end)
                .is_some_and(|rest| rest.lines().next().is_some_and(|l| l.trim().is_empty()))
            {
                at = line_end(self.text, at).min(self.end);
            }
        }
        let eol = self.style.line_break;
        match self.text.get(..at).is_some_and(|before| before.ends_with('\n')) {
            true => (at..at, format!("{}{line}{eol}", pad(column))),
            false => (at..at, format!("{eol}{}{line}", pad(column))),
        }
    }

    /// Whether a text in lines may end here that takes the blank lines behind it for its own.
    fn keeps_blank_lines(&self, place: usize) -> bool {
        let before = self.text.get(..place).unwrap_or("");
        before.lines().rev().take(LONG_TEXT).any(|line| {
            let line = line.split(" #").next().unwrap_or("").trim_end();
            line.ends_with('+') && line.rsplit([' ', '-']).next().is_some_and(|word| word.starts_with(['|', '>']))
        })
    }

    /// Where the lines of comment above a line begin.
    fn above_comments(&self, place: usize) -> usize {
        let mut at = line_start(self.text, place);
        while let Some(above) = at.checked_sub(1).map(|end| line_start(self.text, end)) {
            let is_comment = self.text.get(above..at).is_some_and(|line| line.trim_start().starts_with('#'));
            if !is_comment {
                break;
            }
            at = above;
        }
        at
    }

    /// Whether only blanks stand before a place in its line.
    fn begins_line(&self, place: usize) -> bool {
        self.text.get(line_start(self.text, place)..place).is_some_and(|before| before.trim().is_empty())
    }

    /// The end of a line, before its break.
    fn end_of_line(&self, place: usize) -> usize {
        let end = line_end(self.text, place);
        let line = self.text.get(place..end).unwrap_or("");
        place + line.trim_end_matches(['\r', '\n']).len()
    }
}

/// How far up the head of a text in lines is looked for.
const LONG_TEXT: usize = 10_000;

fn pad(column: usize) -> String {
    " ".repeat(column)
}
