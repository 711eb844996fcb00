//! Scalars and the bytes that say them.

use std::borrow::Cow;

use saphyr_parser::ScalarStyle;

use super::alias::height;
use super::{Builder, Failure, build};
use crate::manifest::yaml::marks::{block_header, missing, quoted_end, skip_properties, trimmed_end};
use crate::manifest::yaml::repair::Repairs;
use crate::manifest::yaml::{MAX_DEPTH, Parsed, YamlError, scan_error, too_deep};
use crate::world::node::{Node, Span, Value};

/// A scalar before it is known whether it is a key.
pub(super) struct Token<'s> {
    pub(super) text: Cow<'s, str>,
    pub(super) span: Span,
    pub(super) plain: bool,
    pub(super) tag: Option<String>,
}

impl<'s> Builder<'s, '_> {
    /// The end of the collection or scalar that the parser saw a mere word of.
    pub(super) fn repair(
        &mut self,
        style: ScalarStyle,
        properties: bool,
        span: saphyr_parser::Span,
    ) -> Option<(usize, usize)> {
        if style != ScalarStyle::DoubleQuoted || self.repairs.is_empty() {
            return None;
        }
        let (start, end) = (self.marks.byte(span.start), self.marks.byte(span.end));
        let start = if properties { skip_properties(self.text, start, end) } else { start };
        self.repairs.at(start).map(|end| (start, end))
    }

    /// Reads the part on its own, where there is no indentation to be wrong.
    pub(super) fn repaired(&mut self, start: usize, end: usize, anchor: usize) -> Result<(), YamlError> {
        let text = self.text.get(start..end).unwrap_or("");
        let Parsed { root, notes } = self.alone(text, start)?;
        let height = height(&root);
        if self.frames.len() + height > MAX_DEPTH {
            return Err(too_deep(root.span));
        }
        self.notes.extend(notes);
        self.begin(start);
        self.end = end;
        self.anchor(anchor, &root, height)?;
        self.place(root, height)
    }

    fn alone(&self, text: &'s str, start: usize) -> Result<Parsed<'s>, YamlError> {
        let base = self.base + start;
        match build(text, base, &Repairs::default()) {
            Ok(Some(parsed)) => Ok(parsed),
            Ok(None) => Err(self.error(start, "nothing is here")),
            Err(Failure::Yaml(error)) => Err(error),
            // JSON writes characters beyond 16 bits as two escapes.
            Err(Failure::Scan(stuck)) => match serde_json::from_str(text) {
                Ok(string) => {
                    let value = Value::String(Cow::Owned(string));
                    Ok(Parsed { root: Node { span: self.span(start, start + text.len()), value }, notes: Vec::new() })
                }
                Err(_) => Err(scan_error(text, base, &stuck.error)),
            },
        }
    }

    /// The text of a scalar and its bytes.
    pub(super) fn token(
        &mut self,
        text: Cow<'s, str>,
        style: ScalarStyle,
        properties: bool,
        span: saphyr_parser::Span,
    ) -> Token<'s> {
        let (mut start, mut end) = (self.marks.byte(span.start), self.marks.byte(span.end));
        if properties {
            start = skip_properties(self.text, start, end);
        }
        let mut text = text;
        let plain = style == ScalarStyle::Plain;
        match style {
            ScalarStyle::Plain if text.is_empty() => {
                let at = if properties { start } else { missing(self.text, self.end, end) };
                (start, end) = (at, at);
            }
            ScalarStyle::Plain => text = self.borrowed(text, start, end),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let literal;
                (end, literal) = quoted_end(self.text, start);
                if literal {
                    text = self.borrowed(text, start + 1, end - 1);
                }
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                start = if properties { start } else { block_header(self.text, self.end, start) };
                text = self.unterminated(text, end);
                end = trimmed_end(self.text, start, end);
            }
        }
        self.end = end;
        self.begin(start);
        Token { text, span: self.span(start, end), plain, tag: None }
    }

    /// A file may end without a line break. The parser adds one to a block scalar there; goyaml does not.
    fn unterminated(&self, text: Cow<'s, str>, end: usize) -> Cow<'s, str> {
        let mid_line = end == self.text.len() && !self.text.ends_with([' ', '\t', '\n', '\r']);
        match text {
            Cow::Owned(mut text) if mid_line && text.ends_with('\n') => {
                text.pop();
                Cow::Owned(text)
            }
            text => text,
        }
    }

    /// The source's own bytes if they are the same. They cannot be of the same length and differ: what a scalar says
    /// literally is said byte by byte, and everything else makes it shorter.
    fn borrowed(&self, text: Cow<'s, str>, start: usize, end: usize) -> Cow<'s, str> {
        match self.text.get(start..end) {
            Some(literal) if literal == text => Cow::Borrowed(literal),
            _ => text,
        }
    }
}
