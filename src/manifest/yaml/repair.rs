//! Help for the parser where it is stricter than the API server's.
//!
//! YAML 1.2 wants the lines of a flow collection or a quoted scalar indented; goyaml does not, and
//!
//! ```yaml
//! command: [
//!   "sh",
//! ]
//! ```
//!
//! is all over the world. Where the parser stumbles over one, it is shown a word of the same length in its place, and the
//! part is read on its own. This costs nothing where nothing is wrong.

use std::collections::BTreeMap;

use super::build::Stuck;
use super::marks::{Marks, quoted_end, skip_properties};

/// The parts of a document that the parser must not see.
#[derive(Default)]
pub(super) struct Repairs {
    /// What the parser sees, character for character as long as the document.
    shown: Option<String>,
    /// Where the hidden parts begin and end.
    hidden: BTreeMap<usize, usize>,
}

impl Repairs {
    pub(super) fn is_empty(&self) -> bool {
        self.hidden.is_empty()
    }

    pub(super) fn shown<'a>(&'a self, text: &'a str) -> &'a str {
        self.shown.as_deref().unwrap_or(text)
    }

    /// The end of the part that is hidden from here on.
    pub(super) fn at(&self, start: usize) -> Option<usize> {
        self.hidden.get(&start).copied()
    }

    /// Repairs the place where the parser is stuck, if this is something to repair.
    pub(super) fn add(&mut self, text: &str, stuck: &Stuck) -> bool {
        let at = Marks::new(text).byte(*stuck.error.marker());
        let part = match stuck.error.info() {
            "':' must be followed by a valid YAML whitespace" => return self.untab(text, at),
            // kubectl reads JSON with a library that takes pairs of surrogates.
            "while parsing a quoted scalar, found invalid Unicode character escape code" => {
                text.trim_start().starts_with('{').then(|| (at, quoted_end(text, at).0))
            }
            "invalid indentation in quoted scalar" => Some((at, quoted_end(text, at).0)),
            "invalid indentation" | "invalid indentation in flow construct" => {
                let start = stuck.flow.or_else(|| flow_start(text, stuck.end, at));
                start.and_then(|start| Some((start, flow_end(text, start)?)))
            }
            _ => None,
        };
        part.is_some_and(|(start, end)| self.hide(text, start, end))
    }

    fn hide(&mut self, text: &str, start: usize, end: usize) -> bool {
        if self.hidden.insert(start, end).is_some() {
            return false;
        }
        // What a larger part contains is hidden with it.
        self.hidden.retain(|other, _| *other <= start || *other >= end);
        self.show(text, start, end, |at| if at == start || at + 1 == end { '"' } else { 'x' })
    }

    /// A tab may follow a `:`, whatever comes then.
    fn untab(&mut self, text: &str, at: usize) -> bool {
        let start = text.get(..at).map_or(at, |before| before.trim_end_matches(['\t', ' ']).len());
        start < at && self.show(text, start, at, |_| ' ')
    }

    /// Replaces characters, each by one.
    fn show(&mut self, text: &str, start: usize, end: usize, by: impl Fn(usize) -> char) -> bool {
        let shown = self.shown.take().unwrap_or_else(|| text.to_owned());
        // Parts that were replaced before may have had longer characters, so bytes differ but characters do not.
        let replaced = text.char_indices().zip(shown.chars());
        let changed = replaced.map(|((at, _), seen)| if (start..end).contains(&at) { by(at) } else { seen });
        let new: String = changed.collect();
        let progress = new != shown;
        self.shown = Some(new);
        progress
    }
}

/// The `[` or `{` between the last token and the place where the parser is stuck.
fn flow_start(text: &str, from: usize, until: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at = skip_properties(text, at, until);
        match text.as_bytes().get(at)? {
            b'[' | b'{' if at < until => return Some(at),
            b':' | b'-' | b'?' if at < until => at += 1,
            _ => return None,
        }
    }
}

/// The end of the flow collection that begins at `start`.
fn flow_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (start, 0_usize);
    // A quote begins a scalar, and a `#` a comment, only where something may begin.
    let mut fresh = true;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 1 => return Some(at + 1),
            b']' | b'}' => depth -= 1,
            b'"' | b'\'' if fresh => at = quoted_end(text, at).0 - 1,
            b'#' if fresh => at += memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at),
            _ => {}
        }
        fresh = matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r' | b'[' | b'{' | b',' | b':'));
        at += 1;
    }
    None
}
