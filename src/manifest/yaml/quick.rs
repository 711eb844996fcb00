//! Documents as most people write them, without a whole parser: a quarter of its time.
//!
//! This knows a part of the grammar: ASCII; block maps and block lists; plain keys; scalars and flow collections of one line,
//! and literal block scalars. Whatever else a document holds, and whatever may be wrong with it, gives nothing here and is the
//! parser's to read. So there is one answer to every document: where there is one here, the tests hold it against the parser's.
//!
//! It calls itself for what is nested, no deeper than maps and lists may be.

use std::borrow::Cow;

use super::marks::trimmed_end;
use super::scalar::{plain, plain_key};
use super::{MAX_DEPTH, Note, Parsed, map};
use crate::manifest::source::number;
use crate::world::node::{Entry, Node, Span, Value};

/// A key that is longer is none, as YAML has it, and nobody comes close.
const LONGEST_KEY: usize = 1000;

/// Reads a document that begins at byte `base` of its source, if it is as most are.
pub(super) fn read(text: &str, base: usize) -> Option<Parsed<'_>> {
    // All bytes at once are soon looked at, one after the other until one is odd are not.
    let are_known = text.bytes().fold(true, |known, byte| known & matches!(byte, b'\n' | b' '..=b'~'));
    if !are_known || !text.ends_with('\n') {
        return None;
    }
    let mut reader = Reader { text, base, at: 0, column: None, end: 0, depth: 0, notes: Vec::new() };
    reader.next_line();
    if reader.column == Some(0) && reader.rest().starts_with("---") {
        reader.at += 3;
        reader.end_line()?;
    }
    let root = (reader.column? == 0).then(|| reader.block(0))??;
    reader.column.is_none().then_some(Parsed { root, notes: reader.notes })
}

struct Reader<'s> {
    text: &'s str,
    base: usize,
    /// The byte at hand: on a line, or the first one of the next line that says something.
    at: usize,
    /// The column of the line that `at` is the first byte of; none at the end of the document.
    column: Option<usize>,
    /// The end of the last value.
    end: usize,
    depth: usize,
    notes: Vec<Note>,
}

impl<'s> Reader<'s> {
    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn spaces(&mut self) -> usize {
        let start = self.at;
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
        self.at - start
    }

    /// Where this line ends.
    fn line_end(&self) -> usize {
        memchr::memchr(b'\n', self.rest().as_bytes()).map_or(self.text.len(), |length| self.at + length)
    }

    /// From the beginning of a line to the first that is neither empty nor a comment.
    fn next_line(&mut self) {
        loop {
            let column = self.spaces();
            match self.peek() {
                None => return self.column = None,
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.at = self.line_end() + 1,
                Some(_) => return self.column = Some(column),
            }
        }
    }

    /// To the next line, where nothing but a comment follows on this one.
    fn end_line(&mut self) -> Option<()> {
        let spaces = self.spaces();
        match self.peek()? {
            b'\n' => {}
            b'#' if spaces > 0 => {}
            _ => return None,
        }
        self.at = self.line_end() + 1;
        self.next_line();
        Some(())
    }

    /// The map or the list that begins here.
    fn block(&mut self, column: usize) -> Option<Node<'s>> {
        self.deeper(|reader| if reader.is_item() { reader.list(column) } else { reader.map(column) })
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        let read = (self.depth < MAX_DEPTH).then(|| read(self)).flatten();
        self.depth -= 1;
        read
    }

    fn is_item(&self) -> bool {
        self.peek() == Some(b'-') && self.byte(self.at + 1) == Some(b' ')
    }

    /// Whether another entry follows in this column. Nothing may follow that stands deeper: that would be the second line of a
    /// scalar, or an error.
    fn goes_on(&self, column: usize) -> Option<bool> {
        match self.column {
            Some(next) if next > column => None,
            next => Some(next == Some(column)),
        }
    }

    fn map(&mut self, column: usize) -> Option<Node<'s>> {
        let start = self.at;
        let mut entries = Vec::new();
        loop {
            let end = self.key_end()?;
            let (key, key_span) = (plain_key(Cow::Borrowed(self.text.get(self.at..end)?))?, self.span(self.at, end));
            self.at = end + 1;
            entries.push(Entry { key, key_span, node: self.value(column)? });
            if !self.goes_on(column)? {
                break;
            }
        }
        Some(self.finished(start, entries))
    }

    fn list(&mut self, column: usize) -> Option<Node<'s>> {
        let start = self.at;
        let mut items = Vec::new();
        loop {
            self.at += 1;
            let inner = column + 1 + self.spaces();
            let is_map = self.key_end().is_some();
            items.push(if is_map { self.deeper(|reader| reader.map(inner))? } else { self.scalar(column)? });
            if !(self.goes_on(column)? && self.is_item()) {
                break;
            }
        }
        Some(Node { span: self.span(start, self.end), value: Value::List(items) })
    }

    fn finished(&mut self, start: usize, mut entries: Vec<Entry<'s>>) -> Node<'s> {
        map::deduplicate(&mut entries, &mut self.notes);
        Node { span: self.span(start, self.end), value: Value::Map(entries) }
    }

    /// Where the key ends that begins here, if one does: at a `:`.
    fn key_end(&self) -> Option<usize> {
        self.peek().filter(|first| begins_word(*first))?;
        let end = self.word_end();
        let is_key = self.byte(end) == Some(b':') && matches!(self.byte(end + 1), Some(b' ' | b'\n'));
        (is_key && end - self.at < LONGEST_KEY).then_some(end)
    }

    fn word_end(&self) -> usize {
        self.at + self.rest().bytes().take_while(|byte| is_of_word(*byte)).count()
    }

    /// What follows a `:`.
    fn value(&mut self, column: usize) -> Option<Node<'s>> {
        let line = self.at;
        if self.end_line().is_none() {
            self.at = line;
            self.spaces();
            return self.scalar(column);
        }
        match self.column? {
            inner if inner > column => self.block(inner),
            // The items of a list may stand below their key.
            inner if inner == column && self.is_item() => self.block(inner),
            _ => None,
        }
    }

    /// What begins and, but for a block scalar, ends on this line.
    fn scalar(&mut self, column: usize) -> Option<Node<'s>> {
        let node = match self.peek()? {
            b'|' => return self.literal(column),
            b'"' | b'\'' | b'[' | b'{' => self.delimited()?,
            _ => self.plain()?,
        };
        self.end_line()?;
        Some(node)
    }

    fn plain(&mut self) -> Option<Node<'s>> {
        let dash = self.peek() == Some(b'-') && !matches!(self.byte(self.at + 1), Some(b' ' | b'\n'));
        let begins = |byte| begins_word(byte) || matches!(byte, b'$' | b'(' | b'+' | b'<' | b'=' | b'^' | b'~');
        if !dash && !self.peek().is_some_and(begins) {
            return None;
        }
        let line = self.text.get(self.at..self.line_end())?;
        let comment = memchr::memmem::find(line.as_bytes(), b" #").unwrap_or(line.len());
        let said = line.get(..comment)?.trim_end_matches(' ');
        let is_map = memchr::memchr_iter(b':', said.as_bytes())
            .any(|at| matches!(said.as_bytes().get(at + 1), None | Some(b' ')));
        (!is_map).then(|| self.taken(said.len(), plain(Cow::Borrowed(said))))
    }

    /// Something between quotes or brackets.
    fn delimited(&mut self) -> Option<Node<'s>> {
        match self.peek()? {
            b'[' => self.deeper(Self::flow_list),
            b'{' => self.deeper(Self::flow_map),
            quote => {
                let length = self.quoted(quote)?;
                let said = self.text.get(self.at + 1..self.at + length - 1)?;
                Some(self.taken(length, Value::String(Cow::Borrowed(said))))
            }
        }
    }

    /// The length of what is quoted here without any escape.
    fn quoted(&self, quote: u8) -> Option<usize> {
        let inside = self.text.as_bytes().get(self.at + 1..)?;
        let length = memchr::memchr3(quote, b'\\', b'\n', inside)?;
        let escapes = inside[length] != quote || quote == b'\'' && inside.get(length + 1) == Some(&quote);
        (!escapes).then_some(length + 2)
    }

    fn flow_list(&mut self) -> Option<Node<'s>> {
        let start = self.at;
        let mut items = Vec::new();
        while self.goes_on_until(b']', items.is_empty())? {
            items.push(self.flow_value()?);
        }
        Some(Node { span: self.span(start, self.end), value: Value::List(items) })
    }

    fn flow_map(&mut self) -> Option<Node<'s>> {
        let start = self.at;
        let mut entries = Vec::new();
        while self.goes_on_until(b'}', entries.is_empty())? {
            let end = self.key_end().filter(|end| self.byte(end + 1) == Some(b' '))?;
            let (key, key_span) = (plain_key(Cow::Borrowed(self.text.get(self.at..end)?))?, self.span(self.at, end));
            self.at = end + 1;
            self.spaces();
            entries.push(Entry { key, key_span, node: self.flow_value()? });
        }
        Some(self.finished(start, entries))
    }

    /// Whether another item follows, which takes a comma unless it is the first one; steps over the bracket at the end.
    fn goes_on_until(&mut self, close: u8, first: bool) -> Option<bool> {
        self.at += usize::from(first);
        self.spaces();
        let ends = self.peek()? == close;
        if ends {
            self.at += 1;
            self.end = self.at;
        } else if !first {
            self.at += (self.peek()? == b',').then_some(1)?;
            self.spaces();
            // A comma at the end is the parser's business.
            (self.peek()? != close).then_some(())?;
        }
        Some(!ends)
    }

    fn flow_value(&mut self) -> Option<Node<'s>> {
        match self.peek()? {
            b'"' | b'\'' | b'[' | b'{' => self.delimited(),
            first if begins_word(first) => {
                let said = self.text.get(self.at..self.word_end())?;
                Some(self.taken(said.len(), plain(Cow::Borrowed(said))))
            }
            _ => None,
        }
    }

    /// A block scalar that keeps its lines.
    fn literal(&mut self, column: usize) -> Option<Node<'s>> {
        let start = self.at;
        self.at += 1;
        let strips = self.peek() == Some(b'-');
        self.at += usize::from(strips);
        let (header, spaces) = (self.line_end(), self.spaces());
        if self.at != header && !(spaces > 0 && self.peek() == Some(b'#')) {
            return None;
        }
        self.at = header + 1;
        let indent = self.spaces();
        if indent <= column || matches!(self.peek(), None | Some(b'\n')) {
            return None;
        }
        self.at -= indent;
        let mut said = self.lines(indent)?;
        if strips {
            said.pop();
        }
        self.end = trimmed_end(self.text, start, self.at);
        self.next_line();
        Some(Node { span: self.span(start, self.end), value: Value::String(Cow::Owned(said)) })
    }

    /// The lines that stand at least this deep, without the empty ones at the end.
    fn lines(&mut self, indent: usize) -> Option<String> {
        let mut said = String::new();
        let mut empty = 0;
        while self.at < self.text.len() {
            let (start, end) = (self.at, self.line_end());
            let spaces = self.spaces();
            if self.at == end {
                // White space alone may be a part of what is said.
                if spaces > indent {
                    return None;
                }
                empty += 1;
            } else if spaces < indent {
                self.at = start;
                break;
            } else {
                said.extend(std::iter::repeat_n('\n', std::mem::take(&mut empty)));
                said.push_str(self.text.get(start + indent..=end)?);
            }
            self.at = end + 1;
        }
        Some(said)
    }

    /// A value of so many bytes.
    fn taken(&mut self, length: usize, value: Value<'s>) -> Node<'s> {
        let start = self.at;
        self.at += length;
        self.end = self.at;
        Node { span: self.span(start, self.at), value }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { start: number(self.base + start), end: number(self.base + end) }
    }
}

/// What neither begins a scalar of another kind nor a marker.
fn begins_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/')
}

fn is_of_word(byte: u8) -> bool {
    begins_word(byte) || byte == b'-'
}

#[cfg(test)]
mod tests;
