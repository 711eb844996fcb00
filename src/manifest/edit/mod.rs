//! Changes as edits of the text that says the objects: as few bytes as can be, in the style of those around them.
//!
//! Every edit finds its bytes by the spans of the tree. Nothing of that is trusted: what comes out is read again, and is
//! refused unless it is what the changes make of the tree that was there before.

mod block;
mod flow;
mod operation;
mod render;
mod scalar;
mod style;
mod within;
mod written;

use std::ops::Range;

use thiserror::Error;

use super::yaml;
use crate::fix::change::{Change, Tree};
use operation::Operation;
pub use render::lines;
use style::Style;

/// Why changes are not made to a text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// The place is gone, or was never in this text.
    #[error("`{0}` is not there")]
    Nowhere(String),
    /// Something else stands where a map, a list or a string ought to be.
    #[error("`{0}` is not what it ought to be")]
    Odd(String),
    /// A way to write YAML that is left alone.
    #[error("it is written in a way that is not edited: {0}")]
    Unusual(&'static str),
    /// What an anchor names is used elsewhere too.
    #[error("an alias uses what is written here, and would change with it")]
    Shared,
    /// The result is not what was meant.
    #[error("the edited text would not say what is meant")]
    Differs,
    /// A document that cannot be read.
    #[error("{0}")]
    Unread(#[from] yaml::YamlError),
}

/// A change, and where in a text its object is: the document, and the way through the `items` of lists.
#[derive(Debug, Clone, Copy)]
pub struct Meant<'c> {
    /// The number of the document.
    pub document: u32,
    /// The positions that lead through lists.
    pub items: &'c [u32],
    /// The change.
    pub change: &'c Change,
}

/// Bytes, and what stands in their place afterwards.
type Splice = (Range<usize>, String);

/// The text with changes made to it, in their order.
///
/// # Errors
/// It cannot be done, or not without changing something else; then nothing of it is.
pub fn edit(text: &str, changes: &[Meant<'_>]) -> Result<String, EditError> {
    let mut edited = text.to_owned();
    let mut created = Vec::new();
    let mut expected: Vec<Option<Tree>> = vec![None; yaml::documents(text).len()];
    for meant in changes {
        let place = meant.document as usize;
        match meant.change {
            Change::Create { object, .. } if meant.items.is_empty() => created.push((place, object)),
            _ => {
                let slot = expected.get_mut(place).ok_or(EditError::Differs)?;
                edited = change(&edited, meant, slot)?;
            }
        }
    }
    hold(text, &edited, &expected)?;
    // From the end, so that the numbers of documents stay true; of several beside one object, the first comes first.
    created.sort_by_key(|(place, _)| *place);
    while let Some((place, object)) = created.pop() {
        edited = create(&edited, place, object)?;
    }
    Ok(edited)
}

/// Makes one change, and says what its document must then be.
fn change(text: &str, meant: &Meant<'_>, expected: &mut Option<Tree>) -> Result<String, EditError> {
    let document = yaml::documents(text).get(meant.document as usize).cloned().ok_or(EditError::Differs)?;
    let parsed = yaml::parse(text, document)?.ok_or(EditError::Differs)?;
    let operation = Operation::of(&parsed.root, meant)?;
    operation.apply(expected.get_or_insert_with(|| operation::tree(&parsed.root)))?;
    let make = |steps: &[Operation]| steps.iter().try_fold(text.to_owned(), |text, step| splice(&text, meant, step));
    make(&within::steps(&parsed.root, &operation)).or_else(|_| make(&[operation]))
}

/// Makes one operation.
fn splice(text: &str, meant: &Meant<'_>, operation: &Operation) -> Result<String, EditError> {
    let document = yaml::documents(text).get(meant.document as usize).cloned().ok_or(EditError::Differs)?;
    let parsed = yaml::parse(text, document.clone())?.ok_or(EditError::Differs)?;
    let style = Style::of(text, &parsed.root);
    let mut splices = written::splices(text, document, &parsed.root, operation, &style)?;
    splices.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut edited = text.to_owned();
    for (range, with) in splices {
        edited.get(range.clone()).ok_or(EditError::Differs)?;
        edited.replace_range(range, &with);
    }
    Ok(edited)
}

/// Whether each document says what is expected of it, and nothing twice; and the others what they said.
fn hold(before: &str, after: &str, expected: &[Option<Tree>]) -> Result<(), EditError> {
    let (was, is) = (yaml::documents(before), yaml::documents(after));
    if was.len() != is.len() {
        return Err(EditError::Differs);
    }
    for ((was, is), expected) in was.into_iter().zip(is).zip(expected) {
        let holds = match expected {
            None => before.get(was) == after.get(is),
            Some(expected) => {
                let odd = yaml::parse(before, was)?.map_or(0, |parsed| parsed.notes.len());
                let said = yaml::parse(after, is).ok().flatten();
                said.is_some_and(|said| said.notes.len() <= odd && said.root.to_json() == expected.to_json())
            }
        };
        if !holds {
            let anchored = before.contains('&') && before.contains('*');
            return Err(if anchored { EditError::Shared } else { EditError::Differs });
        }
    }
    Ok(())
}

/// Writes an object as a document behind another.
fn create(text: &str, beside: usize, object: &Tree) -> Result<String, EditError> {
    let documents = yaml::documents(text);
    let neighbour = documents.get(beside).cloned().ok_or(EditError::Differs)?;
    let parsed = yaml::parse(text, neighbour.clone())?.ok_or(EditError::Differs)?;
    if text.get(parsed.root.span.start as usize..).is_some_and(|root| root.starts_with('{')) {
        return Err(EditError::Unusual("JSON has one object in a file"));
    }
    let style = Style::of(text, &parsed.root);
    let eol = style.line_break;
    let at = neighbour.end.min(text.len());
    let begin = if text.get(..at).is_some_and(|before| before.ends_with('\n')) { "" } else { eol };
    let new = format!("{begin}---{eol}{}", render::document(object, &style));
    let mut edited = text.to_owned();
    edited.insert_str(at, &new);

    let expected = object.to_json();
    let is = yaml::documents(&edited);
    let said = is.get(beside + 1).cloned().and_then(|range| yaml::parse(&edited, range).ok().flatten());
    let is_said = said.is_some_and(|parsed| parsed.root.to_json() == expected);
    let stays = documents.iter().enumerate().all(|(index, was)| {
        let is = is.get(index + usize::from(index > beside)).cloned();
        let same = |is: Range<usize>| edited.get(is).map(str::trim_end) == text.get(was.clone()).map(str::trim_end);
        is.is_some_and(same)
    });
    if is_said && stays && is.len() == documents.len() + 1 { Ok(edited) } else { Err(EditError::Differs) }
}
