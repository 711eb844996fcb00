//! Expansions as they are written: `$X`, `${X:-…}`, `$(…)` and backticks.

use std::rc::Rc;

use super::lexer::{Parser, Read, Until};
use super::syntax::{BitKind, List, Op};

impl Parser<'_> {
    pub(super) fn dollar(&mut self, quoted: bool) -> Read<BitKind> {
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

    pub(super) fn backticks(&mut self) -> Read<BitKind> {
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
