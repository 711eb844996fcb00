//! How a document is written, so that what is added looks like the rest.

use crate::world::node::{Node, Value};

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// How far the entries of a map are indented under their key.
    pub(super) indent: usize,
    /// How far the dashes of a list are indented under its key.
    pub(super) dash: usize,
    /// What ends a line.
    pub(super) line_break: &'static str,
}

impl Style {
    /// What most manifests look like.
    pub(super) const USUAL: Self = Self { indent: 2, dash: 2, line_break: "\n" };

    /// The style of a document; where it shows nothing, that of the rest of its text.
    pub(super) fn of(text: &str, root: &Node<'_>) -> Self {
        let mut seen = Seen::default();
        seen.look(text, root);
        for document in super::yaml::documents(text) {
            if seen.indent.is_some() && seen.dash.is_some() {
                break;
            }
            if let Ok(Some(parsed)) = super::yaml::parse(text, document) {
                seen.look(text, &parsed.root);
            }
        }
        let line_break = match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        };
        Self {
            indent: seen.indent.unwrap_or(Self::USUAL.indent),
            dash: seen.dash.unwrap_or(Self::USUAL.dash),
            line_break,
        }
    }
}

#[derive(Default)]
struct Seen {
    indent: Option<usize>,
    dash: Option<usize>,
}

impl Seen {
    fn look(&mut self, text: &str, node: &Node<'_>) {
        for entry in node.entries() {
            let (start, key) = (entry.node.span.start as usize, entry.key_span.start as usize);
            let is_block = start > key && text[key..start].contains('\n');
            let further = column(text, start).checked_sub(column(text, key));
            match &entry.node.value {
                Value::Map(_) if is_block => self.indent = self.indent.or(further.filter(|further| *further > 0)),
                Value::List(_) if is_block => self.dash = self.dash.or(further),
                _ => {}
            }
            self.look(text, &entry.node);
        }
        node.items().iter().for_each(|item| self.look(text, item));
    }
}

/// How many bytes stand before a place in its line.
pub(super) fn column(text: &str, at: usize) -> usize {
    at - line_start(text, at)
}

/// The first byte of a line.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |found| found + 1)
}

/// The first byte of the next line, or the end.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |found| at + found + 1)
}
