//! Anchors and what they are worth.

use std::borrow::Cow;

use super::Builder;
use crate::manifest::yaml::{MAX_ALIASED, MAX_DEPTH, YamlError, empty, too_deep};
use crate::world::node::{Entry, Node, Value};

/// What an alias stands for, and how deep that is.
pub(super) struct Anchored<'s> {
    node: Node<'s>,
    height: usize,
}

impl<'s> Builder<'s, '_> {
    pub(super) fn anchor(&mut self, id: usize, node: &Node<'s>, height: usize) -> Result<(), YamlError> {
        if id == 0 || !self.aliases {
            return Ok(());
        }
        let node = self.copy(node)?;
        if self.anchors.len() <= id {
            self.anchors.resize_with(id + 1, || None);
        }
        self.anchors[id] = Some(Anchored { node, height });
        Ok(())
    }

    pub(super) fn alias(&mut self, id: usize, span: saphyr_parser::Span) -> Result<(), YamlError> {
        let (start, end) = (self.marks.byte(span.start), self.marks.byte(span.end));
        self.end = end;
        let Some(Anchored { node, height }) = self.anchors.get_mut(id).and_then(Option::take) else {
            return Err(self.error(start, "an anchor contains itself"));
        };
        if self.frames.len() + height > MAX_DEPTH {
            return Err(too_deep(empty(self.base + start)));
        }
        let copy = self.copy(&node);
        self.anchors[id] = Some(Anchored { node, height });
        let copy = copy.map_err(|error| YamlError { span: self.span(start, end), ..error })?;
        self.begin(start);
        if self.merges() && !matches!(copy.value, Value::Map(_)) {
            return Err(self.error(start, "`<<` needs a map, or a list of maps that is written here"));
        }
        self.place(copy, height)
    }

    /// A copy, as long as all copies together stay within bounds. Recursion is as deep as [`MAX_DEPTH`].
    fn copy(&mut self, node: &Node<'s>) -> Result<Node<'s>, YamlError> {
        self.aliased += weight(node);
        if self.aliased > MAX_ALIASED {
            let message = "aliases make this document far larger than it looks".to_owned();
            return Err(YamlError { message, span: node.span });
        }
        let value = match &node.value {
            Value::List(items) => Value::List(items.iter().map(|item| self.copy(item)).collect::<Result<_, _>>()?),
            Value::Map(entries) => {
                let copy = |entry: &Entry<'s>| Ok(Entry { node: self.copy(&entry.node)?, ..key_of(entry) });
                Value::Map(entries.iter().map(copy).collect::<Result<_, YamlError>>()?)
            }
            scalar => scalar.clone(),
        };
        Ok(Node { span: node.span, value })
    }
}

/// How many maps and lists are inside each other; at most [`MAX_DEPTH`].
pub(super) fn height(node: &Node<'_>) -> usize {
    let items = node.items().iter().map(height);
    let values = node.entries().iter().map(|entry| height(&entry.node));
    match node.value {
        Value::List(_) | Value::Map(_) => 1 + items.chain(values).max().unwrap_or(0),
        _ => 0,
    }
}

/// What a copy of this node alone costs, in bytes.
fn weight(node: &Node<'_>) -> usize {
    size_of::<Entry<'_>>()
        + match &node.value {
            Value::String(Cow::Owned(text)) => text.len(),
            Value::Map(entries) => entries.iter().map(|entry| entry.key.len()).sum(),
            _ => 0,
        }
}

fn key_of<'s>(entry: &Entry<'s>) -> Entry<'s> {
    let nothing = Node { span: entry.node.span, value: Value::Null };
    Entry { key: entry.key.clone(), key_span: entry.key_span, node: nothing }
}
