//! An operation to the bytes that it changes.

use std::ops::Range;

use super::flow::Braces;
use super::operation::{Hop, Operation, node_at, tree};
use super::scalar::{self, Around};
use super::style::Style;
use super::{EditError, Splice, block};
use crate::fix::change::{Among, Tree};
use crate::manifest::yaml::skip_blank;
use crate::world::node::{Entry, Node, Value};

/// The splices that make an operation.
pub(super) fn splices(
    text: &str,
    document: Range<usize>,
    root: &Node<'_>,
    operation: &Operation,
    style: &Style,
) -> Result<Vec<Splice>, EditError> {
    let own = owned(root, operation.container());
    if own < operation.container().len() {
        let here = override_at_use(text, root, operation, own)?;
        return splices(text, document, root, &here, style);
    }
    let container = node_at(root, operation.container()).ok_or(EditError::Differs)?;
    let page = block::Page { text, end: document.end, style: *style };
    if is_flow(text, container) {
        return in_braces(text, container, operation, style);
    }
    match operation {
        Operation::Set { path, value, among } => match path.last().ok_or(EditError::Differs)? {
            Hop::Key(key) => match container.entry(key).filter(|entry| has_own_key(container, entry)) {
                Some(entry) => page.set(entry, value),
                None => page.add(container, key, value, among).map(|splice| vec![splice]),
            },
            Hop::Index(index) => page.set_item(container, *index, value).map(|splice| vec![splice]),
        },
        Operation::Swap { path, key, value } => {
            let entry = own_entry(container, path)?;
            page.swap(container, entry, key, value.as_ref()).map(|splice| vec![splice])
        }
        Operation::Remove { path } => match path.last().ok_or(EditError::Differs)? {
            Hop::Key(_) => page.remove(own_entry(container, path)?).map(|splice| vec![splice]),
            Hop::Index(index) => page.remove_item(container, *index).map(|splice| vec![splice]),
        },
        Operation::Insert { index, item, path } => match container.items().is_empty() {
            false => page.insert(container, *index, item).map(|splice| vec![splice]),
            true => {
                let set =
                    Operation::Set { path: path.clone(), value: Tree::List(vec![item.clone()]), among: Among::Last };
                splices(text, document, root, &set, style)
            }
        },
        Operation::Move { from, to, .. } => page.shift(container, *from, *to),
    }
}

/// What changes in braces or brackets.
fn in_braces(text: &str, container: &Node<'_>, operation: &Operation, style: &Style) -> Result<Vec<Splice>, EditError> {
    let braces = Braces::of(text, container, style)?;
    let position = |path: &[Hop]| match path.last() {
        Some(Hop::Key(key)) => own_entries(container).into_iter().position(|entry| entry.key == *key),
        Some(Hop::Index(index)) => Some(*index),
        None => None,
    };
    let one = match operation {
        Operation::Set { path, value, .. } => match (path.last(), position(path)) {
            (Some(Hop::Key(key)), None) => braces.insert(own_entries(container).len(), &braces.entry(key, value)),
            (Some(Hop::Key(_)), Some(_)) => {
                let entry = own_entry(container, path)?;
                let bytes = value_bytes(text, entry)?;
                match entry.node.value {
                    _ if !is_inline(value) || !owns_value(entry) => (bytes, braces.value(value)),
                    Value::Map(_) | Value::List(_) => (bytes, braces.value(value)),
                    Value::Null if bytes.is_empty() => (bytes, format!(" {}", braces.value(value))),
                    _ => scalar::over(text, &entry.node, value, Around::Braces(braces.quotes)),
                }
            }
            (Some(Hop::Index(index)), _) => {
                let item = own_items(text, container)?.into_iter().nth(*index).ok_or(EditError::Differs)?;
                (item.content, braces.value(value))
            }
            (None, _) => return Err(EditError::Differs),
        },
        Operation::Swap { path, key, value } => {
            let entry = own_entry(container, path)?;
            let key_bytes = entry.key_span.start as usize..entry.key_span.end as usize;
            match value {
                Some(value) => (key_bytes.start..entry_end(text, entry)?, braces.entry(key, value)),
                None => (key_bytes, super::render::flow_string(key, braces.quotes)),
            }
        }
        Operation::Remove { path } => {
            braces.remove(position(path).ok_or(EditError::Unusual("it comes from a merge key"))?)?
        }
        Operation::Insert { index, item, .. } => braces.insert(*index, &braces.value(item)),
        Operation::Move { from, to, .. } => return braces.shift(*from, *to),
    };
    Ok(vec![one])
}

/// What stands behind an alias or a merge key belongs to others too: it is said anew where it is used.
fn override_at_use(text: &str, root: &Node<'_>, operation: &Operation, own: usize) -> Result<Operation, EditError> {
    let path = &operation.container()[..=own];
    let used = node_at(root, path).ok_or(EditError::Differs)?;
    let below = operation.below(path.len());
    let holder = node_at(root, &path[..own]).ok_or(EditError::Differs)?;
    let alias = match path.last() {
        Some(Hop::Key(key)) => holder.entry(key).filter(|entry| has_own_key(holder, entry)),
        _ => None,
    };
    let alias = alias.and_then(|entry| text.get(value_bytes(text, entry).ok()?)).filter(|name| name.starts_with('*'));
    let value = match (&below, alias, &used.value) {
        (Operation::Set { path, value, .. }, Some(alias), Value::Map(_)) if path.len() == 1 => {
            let [Hop::Key(key)] = path.as_slice() else { return Err(EditError::Differs) };
            Tree::map([("<<".to_owned(), Tree::Alias(alias.to_owned())), (key.clone(), value.clone())])
        }
        _ => {
            let mut value = tree(used);
            below.apply(&mut value)?;
            value
        }
    };
    Ok(Operation::Set { path: path.to_vec(), value, among: Among::Last })
}

/// Whether all of a path is written where it leads to, not behind an alias or a merge key.
pub(super) fn is_owned(root: &Node<'_>, path: &[Hop]) -> bool {
    owned(root, path) == path.len()
}

/// How many steps of a path lead to what is written here, not behind an alias or a merge key.
fn owned(root: &Node<'_>, path: &[Hop]) -> usize {
    let mut node = root;
    for (done, hop) in path.iter().enumerate() {
        let next = match hop {
            Hop::Key(key) => node.entry(key).filter(|entry| is_own(node, entry)).map(|entry| &entry.node),
            Hop::Index(index) => node.items().get(*index).filter(|item| is_own_item(node, *index, item)),
        };
        match next {
            Some(next) => node = next,
            None => return done,
        }
    }
    path.len()
}

fn is_own_item(list: &Node<'_>, index: usize, item: &Node<'_>) -> bool {
    let before = index.checked_sub(1).and_then(|before| list.items().get(before));
    let floor = before.map_or(list.span.start, |before| before.span.end.max(list.span.start));
    floor <= item.span.start && item.span.end <= list.span.end
}

/// Whether an entry stands in its map, with its value.
pub(super) fn is_own(map: &Node<'_>, entry: &Entry<'_>) -> bool {
    has_own_key(map, entry) && owns_value(entry)
}

/// Whether an entry stands in its map, be its value an alias.
fn has_own_key(map: &Node<'_>, entry: &Entry<'_>) -> bool {
    map.span.start <= entry.key_span.start && entry.key_span.end <= map.span.end
}

/// Whether its value is written behind the key.
pub(super) fn owns_value(entry: &Entry<'_>) -> bool {
    entry.key_span.end <= entry.node.span.start
}

/// The entries that stand in a map, in the order written.
pub(super) fn own_entries<'n, 's>(map: &'n Node<'s>) -> Vec<&'n Entry<'s>> {
    let mut own: Vec<_> = map.entries().iter().filter(|entry| has_own_key(map, entry)).collect();
    own.sort_by_key(|entry| entry.key_span.start);
    own
}

fn own_entry<'n, 's>(map: &'n Node<'s>, path: &[Hop]) -> Result<&'n Entry<'s>, EditError> {
    let Some(Hop::Key(key)) = path.last() else { return Err(EditError::Differs) };
    let entry = map.entry(key).ok_or(EditError::Differs)?;
    if has_own_key(map, entry) { Ok(entry) } else { Err(EditError::Unusual("it comes from a merge key")) }
}

/// Behind the `:` of an entry.
pub(super) fn colon(text: &str, entry: &Entry<'_>) -> Result<usize, EditError> {
    let key = entry.key_span.end as usize;
    let at = skip_blank(text, key, text.len());
    if text.as_bytes().get(at) == Some(&b':') { Ok(at + 1) } else { Err(EditError::Unusual("a key without its colon")) }
}

/// The bytes of an entry's value: those of the alias, if it is one.
pub(super) fn value_bytes(text: &str, entry: &Entry<'_>) -> Result<Range<usize>, EditError> {
    let colon = colon(text, entry)?;
    if owns_value(entry) {
        let (start, end) = (entry.node.span.start as usize, entry.node.span.end as usize);
        return Ok(start.max(colon)..end.max(colon));
    }
    alias_bytes(text, colon)
}

/// The end of an entry.
pub(super) fn entry_end(text: &str, entry: &Entry<'_>) -> Result<usize, EditError> {
    value_bytes(text, entry).map(|bytes| bytes.end)
}

/// The bytes of the alias that comes next.
fn alias_bytes(text: &str, from: usize) -> Result<Range<usize>, EditError> {
    let start = skip_blank(text, from, text.len());
    let rest = text.get(start..).filter(|rest| rest.starts_with('*')).ok_or(EditError::Unusual("an alias"))?;
    let length = rest.find([' ', '\t', '\n', '\r', ',', ']', '}']).unwrap_or(rest.len());
    Ok(start..start + length)
}

/// An item of a list.
pub(super) struct Item {
    /// Its dash, in a list that has them.
    pub(super) dash: usize,
    /// Its value, or the alias that stands for it.
    pub(super) content: Range<usize>,
}

/// The items of a list as they are written.
pub(super) fn own_items(text: &str, list: &Node<'_>) -> Result<Vec<Item>, EditError> {
    let flow = is_flow(text, list);
    let mut at = list.span.start as usize + usize::from(flow);
    let mut found = Vec::new();
    for (index, item) in list.items().iter().enumerate() {
        let dash = skip_blank(text, at, list.span.end as usize);
        let opens = text.as_bytes().get(dash);
        let start = match (flow, opens) {
            (false, Some(b'-')) => dash + 1,
            (false, _) => return Err(EditError::Unusual("a list without its dashes")),
            (true, Some(b',')) => skip_blank(text, dash + 1, list.span.end as usize),
            (true, _) => dash,
        };
        let content = match is_own_item(list, index, item) {
            true => (item.span.start as usize).max(start)..(item.span.end as usize).max(start),
            false => alias_bytes(text, start)?,
        };
        at = content.end;
        found.push(Item { dash, content });
    }
    Ok(found)
}

/// Whether a map or list stands in braces or brackets.
pub(super) fn is_flow(text: &str, node: &Node<'_>) -> bool {
    let opens = text.as_bytes().get(node.span.start as usize);
    match node.value {
        Value::Map(_) => opens == Some(&b'{'),
        Value::List(_) => opens == Some(&b'['),
        _ => false,
    }
}

/// Whether a value needs no lines of its own.
pub(super) fn is_inline(value: &Tree) -> bool {
    match value {
        Tree::Map(entries) => entries.is_empty(),
        Tree::List(items) => items.is_empty(),
        _ => true,
    }
}
