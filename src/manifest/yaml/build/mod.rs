//! Events to nodes, with a stack of its own.

mod alias;
mod token;

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use self::alias::Anchored;
use self::token::Token;
use super::input::Characters;
use super::marks::{Marks, missing, skip_properties};
use super::repair::Repairs;
use super::scalar::{YAML, plain, plain_key, tagged};
use super::{MAX_DEPTH, Note, Parsed, YamlError, empty, map, too_deep};
use crate::manifest::source::number;
use crate::world::node::{Entry, Node, Span, Value};

/// Why a document could not be built.
pub(super) enum Failure {
    /// The parser is stuck, which may be its own fault.
    Scan(Stuck),
    /// The document is at fault.
    Yaml(YamlError),
}

/// Where the parser is stuck.
pub(super) struct Stuck {
    pub(super) error: ScanError,
    /// The end of the last token before.
    pub(super) end: usize,
    /// The outermost flow collection that is open.
    pub(super) flow: Option<usize>,
}

/// Builds a document that begins at byte `base` of its source.
pub(super) fn build<'s>(text: &'s str, base: usize, repairs: &Repairs) -> Result<Option<Parsed<'s>>, Failure> {
    let shown = repairs.shown(text);
    let mut builder = Builder::new(text, base, repairs);
    for event in Parser::new(Characters::new(shown)) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => return Err(Failure::Scan(builder.stuck(error))),
        };
        builder.event(event, span).map_err(Failure::Yaml)?;
    }
    let notes = builder.notes;
    Ok(builder.root.map(|root| Parsed { root, notes }))
}

/// A map or a list whose end has not come yet.
struct Frame<'s> {
    open: Open<'s>,
    /// The first byte, once it is known: block collections begin where their first entry does.
    start: Option<usize>,
    flow: bool,
    anchor: usize,
    /// How many levels its deepest value has.
    height: usize,
}

enum Open<'s> {
    List(Vec<Node<'s>>),
    Map { entries: Vec<Entry<'s>>, key: Option<Key<'s>>, merges: Vec<usize> },
}

struct Key<'s> {
    text: Cow<'s, str>,
    span: Span,
    merge: bool,
}

struct Builder<'s, 'r> {
    text: &'s str,
    base: usize,
    marks: Marks<'s>,
    frames: Vec<Frame<'s>>,
    root: Option<Node<'s>>,
    notes: Vec<Note>,
    /// The end of the last token, from the beginning of the document.
    end: usize,
    aliases: bool,
    anchors: Vec<Option<Anchored<'s>>>,
    aliased: usize,
    repairs: &'r Repairs,
}

impl<'s, 'r> Builder<'s, 'r> {
    fn new(text: &'s str, base: usize, repairs: &'r Repairs) -> Self {
        Self {
            text,
            base,
            marks: Marks::new(text),
            frames: Vec::new(),
            root: None,
            notes: Vec::new(),
            end: 0,
            // Without a star nobody will ask for the anchored values, so they need not be kept.
            aliases: memchr::memchr(b'*', text.as_bytes()).is_some(),
            anchors: Vec::new(),
            aliased: 0,
            repairs,
        }
    }

    fn stuck(&self, error: ScanError) -> Stuck {
        let flow = self.frames.iter().find(|frame| frame.flow).and_then(|frame| frame.start);
        Stuck { error, end: self.end, flow }
    }

    fn event(&mut self, event: Event<'_>, span: saphyr_parser::Span) -> Result<(), YamlError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                // The parser always owns its scalars, so this copies nothing.
                let text = Cow::Owned(text.into_owned());
                self.scalar(text, style, anchor, tag.as_deref(), span)
            }
            Event::SequenceStart(anchor, _) => self.open(Open::List(Vec::new()), anchor, span),
            Event::MappingStart(anchor, _) => {
                self.open(Open::Map { entries: Vec::new(), key: None, merges: Vec::new() }, anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span),
            Event::DocumentStart(true) => {
                self.end = self.marks.byte(span.end);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: Open<'s>, anchor: usize, span: saphyr_parser::Span) -> Result<(), YamlError> {
        let (first, end) = (self.marks.byte(span.start), self.marks.byte(span.end));
        let mut start = skip_properties(self.text, first, end);
        // The token of a `[` or `{` has a width, that of an indentation has none.
        let flow = start < end && matches!(self.text.as_bytes().get(start), Some(b'[' | b'{'));
        let list = matches!(open, Open::List(_));
        if list && !flow {
            start = self.first_dash(start);
        }
        if self.awaits_key() {
            return Err(self.error(start, "a map key must be a scalar"));
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(too_deep(empty(self.base + start)));
        }
        self.end = if flow { start + 1 } else { start };
        self.frames.push(Frame { open, start: (flow || list).then_some(start), flow, anchor, height: 1 });
        Ok(())
    }

    /// Where a block list under a key is not indented, the parser reports the place behind its first `-`.
    fn first_dash(&self, start: usize) -> usize {
        if !matches!(self.frames.last(), Some(Frame { open: Open::Map { .. }, .. })) {
            return start;
        }
        let dash = skip_properties(self.text, missing(self.text, self.end, start), start);
        if self.text.as_bytes().get(dash) == Some(&b'-') { dash } else { start }
    }

    fn close(&mut self, span: saphyr_parser::Span) -> Result<(), YamlError> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        if frame.flow {
            self.end = self.marks.byte(span.start) + 1;
        }
        let span = self.span(frame.start.unwrap_or(self.end), self.end);
        let value = match frame.open {
            Open::List(items) => Value::List(items),
            Open::Map { mut entries, merges, .. } => {
                if !merges.is_empty() {
                    entries = map::merge(entries, &merges)?;
                }
                map::deduplicate(&mut entries, &mut self.notes);
                Value::Map(entries)
            }
        };
        let node = Node { span, value };
        self.anchor(frame.anchor, &node, frame.height)?;
        self.value(node, frame.height);
        Ok(())
    }

    fn scalar(
        &mut self,
        text: Cow<'s, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: saphyr_parser::Span,
    ) -> Result<(), YamlError> {
        let properties = anchor > 0 || tag.is_some();
        if let Some((start, repair)) = self.repair(style, properties, span) {
            return self.repaired(start, repair, anchor);
        }
        let token = self.token(text, style, properties, span);
        let token = Token { tag: tag.map(|tag| format!("{}{}", tag.handle, tag.suffix)), ..token };
        if self.awaits_key() && anchor == 0 {
            return self.key(token);
        }
        let node = self.typed(token)?;
        self.anchor(anchor, &node, 0)?;
        self.place(node, 0)
    }

    fn typed(&self, token: Token<'s>) -> Result<Node<'s>, YamlError> {
        let value = match token.tag {
            Some(tag) => tagged(token.text, &tag).map_err(|message| YamlError { message, span: token.span })?,
            None if token.plain => plain(token.text),
            None => Value::String(token.text),
        };
        Ok(Node { span: token.span, value })
    }

    fn key(&mut self, token: Token<'s>) -> Result<(), YamlError> {
        if let Some(tag) = &token.tag {
            if tag.strip_prefix(YAML) == Some("merge") && token.text == "<<" {
                return self.push_key(Some(token.text), token.span, true);
            }
            let node = self.typed(token)?;
            return self.node_as_key(node);
        }
        let merge = token.plain && token.text == "<<";
        let text = if token.plain { plain_key(token.text) } else { Some(token.text) };
        self.push_key(text, token.span, merge)
    }

    /// Keys with an anchor or a tag, and aliases. Rare, so they may take the long way.
    fn node_as_key(&mut self, node: Node<'s>) -> Result<(), YamlError> {
        let text = match node.value {
            Value::String(text) => Some(text),
            Value::Number(text) => plain_key(text),
            Value::Bool(value, _) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            _ => None,
        };
        self.push_key(text, node.span, false)
    }

    fn push_key(&mut self, text: Option<Cow<'s, str>>, span: Span, merge: bool) -> Result<(), YamlError> {
        let text = text.ok_or_else(|| YamlError { message: "this cannot be the key of a map".to_owned(), span })?;
        if let Some(Frame { open: Open::Map { key, .. }, .. }) = self.frames.last_mut() {
            *key = Some(Key { text, span, merge });
        }
        Ok(())
    }

    fn merges(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { open: Open::Map { key: Some(Key { merge: true, .. }), .. }, .. }))
    }

    fn awaits_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { open: Open::Map { key: None, .. }, .. }))
    }

    /// A block map begins where its first key does.
    fn begin(&mut self, start: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.start.get_or_insert(start);
        }
    }

    /// Takes a finished scalar or alias as what comes next: a key or a value.
    fn place(&mut self, node: Node<'s>, height: usize) -> Result<(), YamlError> {
        if self.awaits_key() {
            return self.node_as_key(node);
        }
        self.value(node, height);
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn value(&mut self, node: Node<'s>, height: usize) {
        let Some(frame) = self.frames.last_mut() else {
            // A second root cannot come: the stream was split at its markers.
            self.root.get_or_insert(node);
            return;
        };
        frame.height = frame.height.max(height + 1);
        match &mut frame.open {
            Open::List(items) => items.push(node),
            Open::Map { entries, key, merges } => {
                let Some(Key { text, span, merge }) = key.take() else { return };
                if merge {
                    merges.push(entries.len());
                }
                entries.push(Entry { key: text, key_span: span, node });
            }
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { start: number(self.base + start), end: number(self.base + end.max(start)) }
    }

    fn error(&self, at: usize, message: &str) -> YamlError {
        YamlError { message: message.to_owned(), span: empty(self.base + at) }
    }
}
