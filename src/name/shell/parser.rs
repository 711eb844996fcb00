//! Commands: what stands between the words.

use std::collections::BTreeMap;

use super::lexer::{Parser, Read, Stop};
use super::syntax::{AndOr, Kind, List, Node, Pipeline, Span, Word, is_name};
use crate::name::template::Part;

/// A script as far as it could be read.
pub(super) struct Parsed {
    pub(super) list: List,
    pub(super) stop: Option<Stop>,
    pub(super) tags: Vec<Span>,
}

/// Words that end a list where a command would begin.
const CLOSERS: [&str; 8] = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];

pub(super) fn parse(text: &str, holes: &BTreeMap<usize, Part>) -> Parsed {
    let end = text.len();
    let mut parser = Parser { text, pos: 0, end, holes, depth: 0, pending: Vec::new(), tags: Vec::new() };
    let mut list = List::new();
    let mut stop = parser.list_into(&mut list).err();
    if stop.is_none() && parser.pos < end {
        stop = Some(Stop { at: parser.pos, why: "unexpected token" });
    }
    Parsed { list, stop, tags: parser.tags }
}

impl Parser<'_> {
    pub(super) fn list(&mut self) -> Read<List> {
        let mut list = List::new();
        self.list_into(&mut list)?;
        Ok(list)
    }

    /// A shell runs each command before it reads the next one, so those before an error count.
    fn list_into(&mut self, list: &mut List) -> Read<()> {
        loop {
            self.skip_lines();
            if self.at_close() {
                return Ok(());
            }
            let mut item = self.and_or()?;
            self.skip_blanks();
            if self.rest().starts_with("&>") {
                return self.stop("`&>` is not the same in every shell");
            }
            item.background = self.rest().starts_with('&');
            list.push(item);
            let more = self.rest().starts_with(['\n', '&', ';']) && !self.rest().starts_with(";;");
            if !more {
                return Ok(());
            }
            if !self.rest().starts_with('\n') {
                self.pos += 1;
            }
        }
    }

    fn at_close(&self) -> bool {
        let rest = self.rest();
        rest.is_empty() || rest.starts_with(')') || rest.starts_with(";;") || CLOSERS.iter().any(|word| self.sees(word))
    }

    /// Whether this reserved word stands here.
    fn sees(&self, word: &str) -> bool {
        let after = self.rest().strip_prefix(word);
        after.is_some_and(|after| {
            after.is_empty() || after.starts_with([' ', '\t', '\n', ';', '&', '|', '(', ')', '<', '>'])
        })
    }

    fn reserved(&mut self, word: &str) -> bool {
        let found = self.sees(word);
        if found {
            self.pos += word.len();
        }
        found
    }

    fn expect(&mut self, word: &str) -> Read<()> {
        self.skip_lines();
        if self.reserved(word) { Ok(()) } else { self.stop("a compound command that is not closed") }
    }

    pub(super) fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            if rest.starts_with("\\\n") {
                self.pos += 2;
            } else if rest.starts_with([' ', '\t']) {
                self.pos += 1;
            } else if rest.starts_with('#') {
                self.pos += rest.find('\n').unwrap_or(rest.len());
            } else if !self.skip_tag() {
                return;
            }
        }
    }

    pub(super) fn skip_lines(&mut self) {
        self.skip_blanks();
        while self.eat("\n") {
            for (delimiter, tabs) in std::mem::take(&mut self.pending) {
                self.skip_document(&delimiter, tabs);
            }
            self.skip_blanks();
        }
    }

    fn skip_document(&mut self, delimiter: &str, tabs: bool) {
        while !self.rest().is_empty() {
            let rest = self.rest();
            let line = rest.split('\n').next().unwrap_or("");
            self.pos += (line.len() + 1).min(rest.len());
            let line = if tabs { line.trim_start_matches('\t') } else { line };
            if line == delimiter {
                self.pos -= usize::from(self.text.as_bytes().get(self.pos - 1) == Some(&b'\n'));
                break;
            }
        }
        self.eat("\n");
    }

    fn and_or(&mut self) -> Read<AndOr> {
        let start = self.pos;
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let and = self.rest().starts_with("&&");
            if !and && !self.rest().starts_with("||") {
                return Ok(AndOr { first, rest, background: false, span: start..self.pos });
            }
            self.pos += 2;
            self.skip_lines();
            rest.push((and, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Read<Pipeline> {
        let start = self.pos;
        let mut negated = false;
        while self.reserved("!") {
            negated = !negated;
            self.skip_blanks();
        }
        let mut commands = vec![self.nested(Self::command)?];
        loop {
            self.skip_blanks();
            if self.rest().starts_with("||") || !self.eat("|") {
                return Ok(Pipeline { negated, commands, span: start..self.pos });
            }
            self.skip_lines();
            commands.push(self.nested(Self::command)?);
        }
    }

    pub(super) fn command(&mut self) -> Read<Node> {
        let start = self.pos;
        let Some(kind) = self.compound()? else { return self.simple() };
        let mut redirects = Vec::new();
        self.skip_blanks();
        while let Some(redirect) = self.redirect()? {
            redirects.push(redirect);
            self.skip_blanks();
        }
        Ok(Node { kind, redirects, span: start..self.pos })
    }

    fn compound(&mut self) -> Read<Option<Kind>> {
        if self.rest().starts_with("((") {
            return self.stop("`((` is not the same in every shell");
        }
        let kind = if self.eat("(") {
            let list = self.list()?;
            if !self.eat(")") {
                return self.stop("`(` that is not closed");
            }
            Kind::Subshell(list)
        } else if self.reserved("{") {
            let list = self.list()?;
            self.expect("}")?;
            Kind::Group(list)
        } else if self.reserved("if") {
            self.conditional()?
        } else if self.reserved("case") {
            self.case()?
        } else if self.reserved("for") {
            self.for_loop()?
        } else if self.reserved("while") || self.reserved("until") {
            let condition = self.list()?;
            Kind::While { condition, body: self.body()? }
        } else if self.reserved("[[") {
            let Some(length) = self.rest().find("]]") else { return self.stop("`[[` that is not closed") };
            self.pos += length + 2;
            Kind::Conditional
        } else {
            return Ok(None);
        };
        Ok(Some(kind))
    }

    fn conditional(&mut self) -> Read<Kind> {
        let mut arms = Vec::new();
        loop {
            let condition = self.list()?;
            self.expect("then")?;
            arms.push((condition, self.list()?));
            if !self.reserved("elif") {
                break;
            }
        }
        let otherwise = if self.reserved("else") { Some(self.list()?) } else { None };
        self.expect("fi")?;
        Ok(Kind::If { arms, otherwise })
    }

    fn case(&mut self) -> Read<Kind> {
        self.skip_blanks();
        let Some(subject) = self.word()? else { return self.stop("`case` of nothing") };
        self.expect("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines();
            if self.reserved("esac") {
                return Ok(Kind::Case { subject, arms });
            }
            self.eat("(");
            let patterns = self.patterns()?;
            arms.push((patterns, self.list()?));
            if !self.eat(";;") && !self.sees("esac") {
                return self.stop("`case` that is not closed");
            }
            if self.rest().starts_with('&') {
                return self.stop("`;;&` is not the same in every shell");
            }
        }
    }

    fn patterns(&mut self) -> Read<Vec<Word>> {
        let mut patterns = Vec::new();
        loop {
            self.skip_blanks();
            let Some(pattern) = self.word()? else { return self.stop("a pattern is missing") };
            patterns.push(pattern);
            self.skip_blanks();
            if self.eat(")") {
                return Ok(patterns);
            }
            if !self.eat("|") {
                return self.stop("a pattern that is not closed");
            }
        }
    }

    fn for_loop(&mut self) -> Read<Kind> {
        self.skip_blanks();
        let name = self.word()?.and_then(|word| word.literal()).filter(|name| is_name(name));
        let Some(name) = name else { return self.stop("`for` without a name") };
        self.skip_lines();
        if self.reserved("in") {
            self.skip_blanks();
            while self.word()?.is_some() {
                self.skip_blanks();
            }
        }
        self.skip_blanks();
        self.eat(";");
        Ok(Kind::For { name, body: self.body()? })
    }

    fn body(&mut self) -> Read<List> {
        self.expect("do")?;
        let body = self.list()?;
        self.expect("done")?;
        Ok(body)
    }
}
