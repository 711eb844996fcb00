//! Words: quotes, expansions and what fills them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::syntax::{Bit, BitKind, List, Op, Span, Word};
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
            return Some((part.clone(), self.peek()?.len_utf8()));
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
                Ok(tag_length(self.rest()).is_none() && next.is_none_or(|c| " \t\r\n;&|<>()".contains(c)))
            }
            Until::Quote if next.is_none() => self.stop("a quote that is not closed"),
            Until::Brace { .. } if next.is_none() => self.stop("a brace that is not closed"),
            Until::Quote => Ok(next == Some('"')),
            Until::Brace { .. } => Ok(next == Some('}')),
        }
    }

    fn bit(&mut self, until: Until, bits: &mut Vec<Bit>) -> Read<()> {
        let start = self.pos;
        let quoted = matches!(until, Until::Quote | Until::Brace { quoted: true });
        if let Some((part, length)) = self.hole() {
            self.pos += length;
            bits.push(Bit { kind: BitKind::Hole(part), quoted, span: start..self.pos });
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
                bits.push(Bit { kind: BitKind::Hole(part), quoted: true, span: from..self.pos });
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

    fn dollar(&mut self, quoted: bool) -> Read<BitKind> {
        self.pos += 1;
        if self.rest().starts_with("((") {
            return self.arithmetic();
        }
        if self.eat("(") {
            let list = self.nested(|parser| parser.list())?;
            return if self.eat(")") { Ok(command(list)) } else { self.stop("`$(` that is not closed") };
        }
        if self.eat("{") {
            return self.nested(|parser| parser.braces(quoted));
        }
        // `$'…'` and `$"…"` mean something in some shells only.
        if !quoted && self.rest().starts_with(['\'', '"']) {
            let mut ignored = Vec::new();
            self.bit(Until::Delimiter, &mut ignored)?;
            return Ok(BitKind::Unread);
        }
        let name = self.name();
        Ok(if name.is_empty() { BitKind::Text("$".to_owned()) } else { BitKind::Param { name, op: None } })
    }

    /// The name of a parameter, which is longer than one character only for variables.
    fn name(&mut self) -> String {
        let rest = self.rest();
        let length = match rest.chars().next() {
            Some(c) if "@*#?-$!".contains(c) || c.is_ascii_digit() => 1,
            Some(c) if c == '_' || c.is_ascii_alphabetic() => {
                rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len())
            }
            _ => 0,
        };
        self.pos += length;
        rest[..length].to_owned()
    }

    fn arithmetic(&mut self) -> Read<BitKind> {
        let mut open = 0_usize;
        while let Some(c) = self.peek() {
            self.pos += c.len_utf8();
            match c {
                '(' => open += 1,
                ')' if open == 1 => return Ok(BitKind::Unread),
                ')' => open -= 1,
                _ => {}
            }
        }
        self.stop("`$((` that is not closed")
    }

    fn braces(&mut self, quoted: bool) -> Read<BitKind> {
        let mut name = self.name();
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            name.push_str(&self.rest()[..self.rest().find(|c: char| !c.is_ascii_digit()).unwrap_or(0)]);
            self.pos += name.len() - 1;
        }
        if self.eat("}") && !name.is_empty() {
            return Ok(BitKind::Param { name, op: None });
        }
        let op = if name.is_empty() || name == "#" { None } else { self.operator() };
        let patterns = matches!(op, Some(Op::StripPrefix { .. } | Op::StripSuffix { .. }));
        // A pattern has quotes of its own, also inside double quotes.
        let word = self.bits(Until::Brace { quoted: quoted && !patterns })?;
        self.pos += 1;
        Ok(match op {
            Some(op) => BitKind::Param { name, op: Some((op, Rc::new(word))) },
            None => BitKind::Unread,
        })
    }

    fn operator(&mut self) -> Option<Op> {
        let table = [
            (":-", Op::Default { colon: true }),
            ("-", Op::Default { colon: false }),
            (":=", Op::Assign { colon: true }),
            ("=", Op::Assign { colon: false }),
            (":+", Op::Alternative { colon: true }),
            ("+", Op::Alternative { colon: false }),
            (":?", Op::Demand { colon: true }),
            ("?", Op::Demand { colon: false }),
            ("##", Op::StripPrefix { longest: true }),
            ("#", Op::StripPrefix { longest: false }),
            ("%%", Op::StripSuffix { longest: true }),
            ("%", Op::StripSuffix { longest: false }),
        ];
        table.into_iter().find_map(|(token, op)| self.eat(token).then_some(op))
    }

    fn backticks(&mut self) -> Read<BitKind> {
        self.pos += 1;
        let Some(length) = closing_backtick(self.rest()) else {
            return self.stop("a backtick that is not closed");
        };
        let (start, end) = (self.pos, self.end);
        let close = start + length;
        // Backslashes are taken off before the inner script is read, so its bytes are not those of the text.
        if self.text[start..close].contains('\\') {
            self.pos = close + 1;
            return Ok(BitKind::Unread);
        }
        self.end = close;
        let list = self.nested(|parser| parser.list());
        let complete = self.pos == close;
        self.end = end;
        let list = list?;
        if !complete {
            return self.stop("unexpected token");
        }
        self.pos = close + 1;
        Ok(command(list))
    }
}

/// The length of the EEx tag that stands here.
pub(super) fn tag_length(rest: &str) -> Option<usize> {
    let near = &rest.as_bytes()[..rest.len().min(500)];
    if !near.starts_with(b"<%") {
        return None;
    }
    near.windows(2).position(|pair| pair == b"%>").map(|index| index + 2)
}

fn command(list: List) -> BitKind {
    BitKind::Command(Rc::new(list))
}

fn closing_backtick(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(index, c)| {
        let closes = c == '`' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(index)
    })
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
