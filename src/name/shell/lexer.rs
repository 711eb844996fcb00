//! Words: quotes, expansions and what fills them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::syntax::{Bit, BitKind, Span, Word};
use crate::name::template::{Part, Why};

/// Nothing that people write is nested deeper.
const DEEPEST: usize = 40;

/// Where reading stopped, and why.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) at: usize,
    pub(super) why: &'static str,
}

pub(super) type Read<T> = Result<T, Stop>;

/// The text, a place in it, and what stands in for some of its characters.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) pos: usize,
    pub(super) end: usize,
    pub(super) holes: &'a BTreeMap<usize, Part>,
    pub(super) depth: usize,
    /// Here-documents whose bodies start on the next line: the delimiter, and whether tabs are stripped.
    pub(super) pending: Vec<(String, bool)>,
    /// EEx tags that may leave out or repeat what is between them.
    pub(super) tags: Vec<Range<usize>>,
}

/// What ends a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// White space or an operator.
    Delimiter,
    /// The `"`, with everything quoted.
    Quote,
    /// The `}`; `quoted` where the expansion stands in double quotes.
    Brace { quoted: bool },
}

impl<'a> Parser<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.pos..self.end).unwrap_or("")
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.pos += token.len();
        }
        found
    }

    pub(super) fn stop<T>(&self, why: &'static str) -> Read<T> {
        Err(Stop { at: self.pos, why })
    }

    /// Runs `read` one level deeper.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth >= DEEPEST {
            return self.stop("nested too deeply");
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// What something else fills in here, and how many bytes stand for it.
    fn hole(&mut self) -> Option<(Part, usize)> {
        if let Some(part) = self.holes.get(&self.pos) {
            let length = tag_length(self.rest()).unwrap_or(self.peek()?.len_utf8());
            return Some((part.clone(), length));
        }
        let rest = self.rest();
        let tag = tag_length(rest)?;
        if !rest.starts_with("<%=") && !rest.starts_with("<%#") {
            self.tags.push(self.pos..self.pos + tag);
        }
        Some((Part::Opaque(Why::Placeholder(rest[..tag].to_owned())), tag))
    }

    /// Skips EEx that prints nothing; says whether there was any.
    pub(super) fn skip_tag(&mut self) -> bool {
        let rest = self.rest();
        if !rest.starts_with("<%") || rest.starts_with("<%=") {
            return false;
        }
        let Some((_, length)) = self.hole() else { return false };
        self.pos += length;
        true
    }

    /// A word, or `None` where none begins here.
    pub(super) fn word(&mut self) -> Read<Option<Word>> {
        let start = self.pos;
        let word = self.bits(Until::Delimiter)?;
        Ok((self.pos > start).then_some(word))
    }

    pub(super) fn bits(&mut self, until: Until) -> Read<Word> {
        let start = self.pos;
        let mut bits = Vec::new();
        while !self.ends(until)? {
            self.bit(until, &mut bits)?;
        }
        Ok(Word { bits, span: start..self.pos })
    }

    fn ends(&self, until: Until) -> Read<bool> {
        let next = self.peek();
        match until {
            Until::Delimiter => {
                Ok(tag_length(self.rest()).is_none() && next.is_none_or(|c| " \t\n;&|<>()".contains(c)))
            }
            Until::Quote if next.is_none() => self.stop("a quote that is not closed"),
            Until::Brace { .. } if next.is_none() => self.stop("a brace that is not closed"),
            Until::Quote => Ok(next == Some('"')),
            Until::Brace { .. } => Ok(next == Some('}')),
        }
    }

    pub(super) fn bit(&mut self, until: Until, bits: &mut Vec<Bit>) -> Read<()> {
        let start = self.pos;
        let quoted = matches!(until, Until::Quote | Until::Brace { quoted: true });
        if let Some((part, length)) = self.hole() {
            self.pos += length;
            bits.push(Bit { kind: filled(part), quoted, span: start..self.pos });
            return Ok(());
        }
        match self.peek() {
            Some('\'') if !quoted => self.single_quotes(bits),
            Some('"') if until != Until::Quote => self.double_quotes(quoted, bits),
            Some('\\') => {
                self.backslash(quoted, bits);
                Ok(())
            }
            Some('$') => {
                let kind = self.dollar(quoted)?;
                bits.push(Bit { kind, quoted, span: start..self.pos });
                Ok(())
            }
            Some('`') => {
                let kind = self.backticks()?;
                bits.push(Bit { kind, quoted, span: start..self.pos });
                Ok(())
            }
            Some(c) => {
                self.pos += c.len_utf8();
                push_text(bits, c, quoted, start..self.pos);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn single_quotes(&mut self, bits: &mut Vec<Bit>) -> Read<()> {
        let start = self.pos;
        self.pos += 1;
        bits.push(Bit { kind: BitKind::Text(String::new()), quoted: true, span: start..self.pos });
        loop {
            let from = self.pos;
            if let Some((part, length)) = self.hole() {
                self.pos += length;
                bits.push(Bit { kind: filled(part), quoted: true, span: from..self.pos });
                continue;
            }
            let Some(c) = self.peek() else { return self.stop("a quote that is not closed") };
            self.pos += c.len_utf8();
            if c == '\'' {
                return Ok(());
            }
            push_text(bits, c, true, from..self.pos);
        }
    }

    fn double_quotes(&mut self, within: bool, bits: &mut Vec<Bit>) -> Read<()> {
        let start = self.pos;
        self.pos += 1;
        // Quotes inside a quoted `${X:-…}` are where shells part ways.
        if within {
            return self.stop("quotes inside a quoted expansion");
        }
        // An empty pair of quotes is still a word.
        bits.push(Bit { kind: BitKind::Text(String::new()), quoted: true, span: start..self.pos });
        let inner = self.nested(|parser| parser.bits(Until::Quote))?;
        bits.extend(inner.bits);
        self.pos += 1;
        Ok(())
    }

    fn backslash(&mut self, quoted: bool, bits: &mut Vec<Bit>) {
        let start = self.pos;
        self.pos += 1;
        let Some(c) = self.peek() else { return push_text(bits, '\\', true, start..self.pos) };
        self.pos += c.len_utf8();
        if c == '\n' {
            return;
        }
        if quoted && !"$`\"\\}".contains(c) {
            push_text(bits, '\\', true, start..self.pos);
        }
        push_text(bits, c, true, start..self.pos);
    }
}

/// The length of the EEx tag that stands here.
pub(super) fn tag_length(rest: &str) -> Option<usize> {
    let near = &rest.as_bytes()[..rest.len().min(500)];
    let inside = near.strip_prefix(b"<%")?;
    // Tags are not nested, so the next one ends the search, and reading stays linear.
    let end = inside.windows(2).position(|pair| pair == b"%>" || pair == b"<%")?;
    (inside[end] == b'%').then_some(end + 4)
}

/// What stands where something else was filled in.
fn filled(part: Part) -> BitKind {
    match part {
        Part::Lit(text) => BitKind::Text(text),
        part => BitKind::Hole(part),
    }
}

fn push_text(bits: &mut Vec<Bit>, c: char, quoted: bool, span: Span) {
    if let Some(Bit { kind: BitKind::Text(text), quoted: same, span: last }) = bits.last_mut()
        && *same == quoted
    {
        text.push(c);
        last.end = span.end;
        return;
    }
    bits.push(Bit { kind: BitKind::Text(c.to_string()), quoted, span });
}
