//! Values as text: in lines of their own, or in braces.

use super::style::Style;
use crate::fix::change::{Change, Tree};
use crate::manifest::write;
use crate::place::Step;

/// A document that says a value.
pub(super) fn document(value: &Tree, style: &Style) -> String {
    let eol = style.line_break;
    match value {
        Tree::Map(entries) if !entries.is_empty() => map(entries, 0, style) + eol,
        Tree::List(items) if !items.is_empty() => list(items, 0, style) + eol,
        scalar => inline(scalar, 0, style) + eol,
    }
}

/// What follows the `:` of a key in this column, without the end of its last line.
pub(super) fn value(value: &Tree, column: usize, style: &Style) -> String {
    let line = |column: usize, text: String| format!("{}{}{text}", style.line_break, " ".repeat(column));
    match value {
        Tree::Map(entries) if !entries.is_empty() => {
            let column = column + style.indent;
            line(column, map(entries, column, style))
        }
        Tree::List(items) if !items.is_empty() && !is_words(items) => {
            let column = column + style.dash;
            line(column, list(items, column, style))
        }
        scalar => format!(" {}", inline(scalar, column + style.indent, style)),
    }
}

/// Words are listed in one line, as people write verbs and commands.
fn is_words(items: &[Tree]) -> bool {
    items.iter().all(|item| matches!(item, Tree::Text(text) if !text.contains('\n')))
}

/// The entries of a map, the first of which stands in this column already.
pub(super) fn map(entries: &[(String, Tree)], column: usize, style: &Style) -> String {
    let entry = |(key, tree): &(String, Tree)| format!("{}:{}", write::string(key, column), value(tree, column, style));
    entries.iter().map(entry).collect::<Vec<_>>().join(&format!("{}{}", style.line_break, " ".repeat(column)))
}

/// The items of a list, the first of which stands in this column already.
pub(super) fn list(items: &[Tree], column: usize, style: &Style) -> String {
    let items = items.iter().map(|tree| item(tree, column, style));
    items.collect::<Vec<_>>().join(&format!("{}{}", style.line_break, " ".repeat(column)))
}

/// An item with its dash in this column.
pub(super) fn item(tree: &Tree, column: usize, style: &Style) -> String {
    let text = match tree {
        Tree::Map(entries) if !entries.is_empty() => map(entries, column + 2, style),
        Tree::List(items) if !items.is_empty() => list(items, column + 2, style),
        scalar => inline(scalar, column + 2, style),
    };
    format!("- {text}")
}

/// A value that needs no line of its own.
fn inline(value: &Tree, column: usize, style: &Style) -> String {
    match value {
        Tree::Text(text) => write::string(text, column).replace('\n', style.line_break),
        other => flow(other, Quotes::Yaml),
    }
}

/// Whether strings need quotation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Where they could be taken for something else.
    Yaml,
    /// Always.
    Json,
}

/// A value in one line, in braces or brackets.
pub(super) fn flow(value: &Tree, quotes: Quotes) -> String {
    match value {
        Tree::Null => "null".to_owned(),
        Tree::Flag(flag) => flag.to_string(),
        Tree::Number(text) | Tree::Alias(text) => text.clone(),
        Tree::Text(text) => flow_string(text, quotes),
        Tree::List(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, quotes)).collect();
            format!("[{}]", items.join(", "))
        }
        Tree::Map(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, value)| flow_entry(key, value, quotes)).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// An entry of a map in braces.
pub(super) fn flow_entry(key: &str, value: &Tree, quotes: Quotes) -> String {
    format!("{}: {}", flow_string(key, quotes), flow(value, quotes))
}

pub(super) fn flow_string(text: &str, quotes: Quotes) -> String {
    let is_plain = quotes == Quotes::Yaml && write::is_plain(text) && !text.contains([',', '[', ']', '{', '}']);
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// The lines that changes write, for somebody who writes them by hand. Nothing if they only take away or move.
pub fn lines(changes: &[Change]) -> Option<String> {
    let lines: Vec<String> = changes.iter().filter_map(lines_of).collect();
    let objects = changes.iter().all(|change| matches!(change, Change::Create { .. }));
    (!lines.is_empty()).then(|| lines.join(if objects { "\n---\n" } else { "\n" }))
}

fn lines_of(change: &Change) -> Option<String> {
    let style = Style::USUAL;
    match change {
        Change::Insert { item: tree, .. } => Some(item(tree, 0, &style)),
        Change::Create { object, .. } => Some(document(object, &style).trim_end().to_owned()),
        Change::Swap { at, key, value: Some(tree) } => entry(at.pointer.steps(), key, tree),
        Change::Set { at, value, .. } => match at.pointer.steps().last()? {
            Step::Key(key) => entry(at.pointer.steps(), key, value),
            _ => Some(item(value, 0, &style)),
        },
        _ => None,
    }
}

/// An entry, in the item that it belongs to where that has a name.
fn entry(steps: &[Step], key: &str, value: &Tree) -> Option<String> {
    let entry = (key.to_owned(), value.clone());
    match steps.len().checked_sub(2).and_then(|above| steps.get(above)) {
        Some(Step::Item { key, value, .. }) if entry.0 != *key => {
            let named = ((*key).to_owned(), Tree::Text(value.to_string()));
            Some(item(&Tree::Map(vec![named, entry]), 0, &Style::USUAL))
        }
        _ => Some(map(&[entry], 0, &Style::USUAL)),
    }
}
