//! Scalars, in the quotation marks that they are in.

use super::render::Quotes;
use super::{Splice, render};
use crate::fix::change::Tree;
use crate::manifest::{resolve, write};
use crate::place::{Focus, Pointer};
use crate::world::node::Node;

/// Where a scalar stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// On a line of its own or behind a key.
    Lines,
    /// In braces or brackets.
    Braces(Quotes),
}

/// Writes another value over a scalar.
pub(super) fn over(text: &str, node: &Node<'_>, value: &Tree, around: Around) -> Splice {
    let span = node.span.start as usize..node.span.end as usize;
    let written = text.get(span.clone()).unwrap_or("");
    let Tree::Text(new) = value else {
        let quotes = if let Around::Braces(quotes) = around { quotes } else { Quotes::Yaml };
        return (span, render::flow(value, quotes));
    };
    if written.starts_with(['|', '>'])
        && let Some(splice) = within_lines(text, node, new)
    {
        return splice;
    }
    let with = match (written.as_bytes().first(), around) {
        (Some(b'\''), _) if !new.contains(|c: char| c.is_control()) => format!("'{}'", new.replace('\'', "''")),
        (Some(b'"'), _) => serde_json::Value::from(new.as_str()).to_string(),
        (_, Around::Braces(quotes)) => render::flow_string(new, quotes),
        _ if write::is_plain(new) => new.clone(),
        _ => serde_json::Value::from(new.as_str()).to_string(),
    };
    (span, with)
}

/// Of a text in lines, only the part that changes.
fn within_lines(text: &str, node: &Node<'_>, new: &str) -> Option<Splice> {
    let old = node.as_str()?;
    let same = |(a, b): &(char, char)| a == b;
    let before: usize = old.chars().zip(new.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (rest, new_rest) = (old.get(before..)?, new.get(before..)?);
    let behind: usize =
        rest.chars().rev().zip(new_rest.chars().rev()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (start, end) = (before, old.len() - behind);
    let with = new.get(start..new.len() - behind)?;
    // What is inserted between two characters is found by the one before it, at the start of a line by the one behind it.
    let last = old.get(..start)?.chars().next_back().filter(|last| *last != '\n');
    let (start, end, with) = match (start == end, last) {
        (true, Some(last)) => (start - last.len_utf8(), end, format!("{last}{with}")),
        (true, None) => {
            let next = old.get(start..)?.chars().next()?;
            (start, end + next.len_utf8(), format!("{with}{next}"))
        }
        (false, _) => (start, end, with.to_owned()),
    };
    let focus = Focus::Within(u32::try_from(start).ok()?, u32::try_from(end).ok()?);
    let span = resolve::resolve(node, text, &Pointer::root(), &focus);
    let is_a_part = span != node.span && !with.contains(['\n', '\r']) && !old.get(start..end)?.contains('\n');
    is_a_part.then_some((span.start as usize..span.end as usize, with))
}

#[cfg(test)]
mod tests {
    use super::super::{Meant, edit};
    use crate::fix::change::Change;
    use crate::place::{ObjectId, Pointer};

    #[test]
    fn what_is_inserted_into_lines_leaves_the_others_alone() {
        let script = "a: |\n  set -e\n  run\n  rest\nb: 1\n";
        for (at, text, expected) in [
            (7..10, "exec run", "a: |\n  set -e\n  exec run\n  rest\nb: 1\n"),
            (0..3, "reset", "a: |\n  reset -e\n  run\n  rest\nb: 1\n"),
            (4..6, "-eu", "a: |\n  set -eu\n  run\n  rest\nb: 1\n"),
        ] {
            let at = Pointer::keys(&["a"]).of(ObjectId(0)).within(at);
            let change = Change::Substitute { at, text: text.to_owned() };
            let edited = edit(script, &[Meant { document: 0, items: &[], change: &change }]).unwrap();
            assert_eq!(edited, expected);
        }
    }
}
