//! Maps in braces and lists in brackets, JSON among them.

use std::ops::Range;

use super::render::{self, Quotes};
use super::style::{Style, column, line_start};
use super::written::{entry_end, own_entries, own_items};
use super::{EditError, Splice};
use crate::fix::change::Tree;
use crate::world::node::{Node, Value};

/// A map or list in braces or brackets, and the bytes of its entries or items.
pub(super) struct Braces<'t> {
    text: &'t str,
    span: Range<usize>,
    parts: Vec<Range<usize>>,
    pub(super) quotes: Quotes,
    style: Style,
}

impl<'t> Braces<'t> {
    pub(super) fn of(text: &'t str, node: &Node<'_>, style: &Style) -> Result<Self, EditError> {
        let span = node.span.start as usize..node.span.end as usize;
        let parts = match &node.value {
            Value::Map(_) => {
                let part = |entry| Ok(entry_start(entry)..entry_end(text, entry)?);
                own_entries(node).into_iter().map(part).collect::<Result<_, EditError>>()?
            }
            _ => own_items(text, node)?.into_iter().map(|item| item.content).collect(),
        };
        let inside = text.get(span.start + 1..span.end).unwrap_or("").trim_start();
        let is_json = inside.starts_with('"') || inside.starts_with("{\"") || is_json(text);
        let quotes = if is_json { Quotes::Json } else { Quotes::Yaml };
        Ok(Self { text, span, parts, quotes, style: *style })
    }

    /// An entry as it is written here.
    pub(super) fn entry(&self, key: &str, value: &Tree) -> String {
        format!("{}: {}", render::flow_string(key, self.quotes), self.value(value))
    }

    /// A value as it is written here.
    pub(super) fn value(&self, value: &Tree) -> String {
        match self.parts.first().filter(|_| self.has_lines()) {
            Some(first) => {
                let (own, outer) = (column(self.text, first.start), self.outer_column());
                let indent = own.checked_sub(outer).filter(|indent| *indent > 0).unwrap_or(self.style.indent);
                in_lines(value, own, indent, self.quotes, self.style.line_break)
            }
            None => render::flow(value, self.quotes),
        }
    }

    /// Puts something before the part at an index, or behind the last.
    pub(super) fn insert(&self, index: usize, new: &str) -> Splice {
        let separator = match self.parts.first().filter(|_| self.has_lines()) {
            Some(first) => format!(",{}{}", self.style.line_break, " ".repeat(column(self.text, first.start))),
            None => ", ".to_owned(),
        };
        match (self.parts.get(index), self.parts.last()) {
            (Some(part), _) => (part.start..part.start, format!("{new}{separator}")),
            (None, Some(last)) => (last.end..last.end, format!("{separator}{new}")),
            (None, None) => (self.span.start + 1..self.span.start + 1, new.to_owned()),
        }
    }

    pub(super) fn remove(&self, index: usize) -> Result<Splice, EditError> {
        let part = self.parts.get(index).cloned().ok_or(EditError::Differs)?;
        let before = index.checked_sub(1).and_then(|before| self.parts.get(before));
        let range = match (self.parts.get(index + 1), before) {
            (Some(next), _) => part.start..next.start,
            (None, Some(before)) => before.end..part.end,
            (None, None) => part,
        };
        Ok((range, String::new()))
    }

    /// Writes each part into the place of the one that it passes.
    pub(super) fn shift(&self, from: usize, to: usize) -> Result<Vec<Splice>, EditError> {
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        if from.max(to) >= order.len() {
            return Err(EditError::Differs);
        }
        let moved = order.remove(from);
        order.insert(to, moved);
        let part = |index: usize| self.text.get(self.parts[index].clone()).unwrap_or("").to_owned();
        let pairs = order.into_iter().enumerate().filter(|(place, which)| place != which);
        Ok(pairs.map(|(place, which)| (self.parts[place].clone(), part(which))).collect())
    }

    /// Whether each part has a line of its own.
    fn has_lines(&self) -> bool {
        let first = self.parts.first().and_then(|first| self.text.get(self.span.start..first.start));
        first.is_some_and(|before| before.contains('\n'))
    }

    /// The column of the line in which it opens.
    fn outer_column(&self) -> usize {
        let start = line_start(self.text, self.span.start);
        let line = self.text.get(start..self.span.start).unwrap_or("");
        line.len() - line.trim_start_matches(' ').len()
    }
}

fn entry_start(entry: &crate::world::node::Entry<'_>) -> usize {
    entry.key_span.start as usize
}

/// Whether a text begins as JSON does.
fn is_json(text: &str) -> bool {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    start.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"'))
}

/// A value with a line for each part, which stand in this column.
fn in_lines(value: &Tree, column: usize, indent: usize, quotes: Quotes, eol: &str) -> String {
    let inner = column + indent;
    let lines = |parts: Vec<String>, open: char, close: char| {
        let pad = format!("{eol}{}", " ".repeat(inner));
        format!("{open}{pad}{}{eol}{}{close}", parts.join(&format!(",{pad}")), " ".repeat(column))
    };
    match value {
        Tree::Map(entries) if !entries.is_empty() => {
            let entry = |(key, value): &(String, Tree)| {
                format!("{}: {}", render::flow_string(key, quotes), in_lines(value, inner, indent, quotes, eol))
            };
            lines(entries.iter().map(entry).collect(), '{', '}')
        }
        Tree::List(items) if !items.is_empty() => {
            lines(items.iter().map(|item| in_lines(item, inner, indent, quotes, eol)).collect(), '[', ']')
        }
        scalar => render::flow(scalar, quotes),
    }
}
