//! Simple commands as they are written, definitions of functions, and redirections.

use std::rc::Rc;

use super::lexer::{Parser, Read, tag_length};
use super::syntax::{Assign, BitKind, Kind, Node, Redirect, Word};

impl Parser<'_> {
    pub(super) fn simple(&mut self) -> Read<Node> {
        let start = self.pos;
        let (mut assigns, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        let mut end = start;
        loop {
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
            } else if let Some(word) = self.word()? {
                match word.assigns().filter(|_| words.is_empty()).map(str::to_owned) {
                    Some(name) => assigns.push(assign(&name, word)),
                    None => words.push(word),
                }
            } else {
                break;
            }
            end = self.pos;
            self.skip_blanks();
            if self.rest().starts_with('(') {
                return self.function(start, &words);
            }
        }
        if end == start {
            return self.stop("a command is missing");
        }
        Ok(Node { kind: Kind::Simple { assigns, words }, redirects, span: start..end })
    }

    fn function(&mut self, start: usize, words: &[Word]) -> Read<Node> {
        let name = match words {
            [name] => name.literal(),
            _ => None,
        };
        let Some(name) = name else { return self.stop("unexpected `(`") };
        self.pos += 1;
        self.skip_blanks();
        if !self.eat(")") {
            return self.stop("unexpected `(`");
        }
        self.skip_lines();
        let body = Rc::new(self.nested(Self::command)?);
        Ok(Node { kind: Kind::Function { name, body }, redirects: Vec::new(), span: start..self.pos })
    }

    pub(super) fn redirect(&mut self) -> Read<Option<Redirect>> {
        let rest = self.rest();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let operator = &rest[digits..];
        if tag_length(operator).is_some() || !operator.starts_with(['<', '>']) {
            return Ok(None);
        }
        let descriptor = &rest[..digits];
        let tokens = ["<<-", "<<<", "<<", "<&", "<>", ">>", ">&", ">|", "<", ">"];
        let token = tokens.into_iter().find(|token| operator.starts_with(token)).unwrap_or("<");
        self.pos += digits + token.len();
        self.skip_blanks();
        let Some(target) = self.word()? else { return self.stop("a redirection to nothing") };
        Ok(Some(match token {
            "<<" | "<<-" => {
                self.pending.push((target.literal().unwrap_or_default(), token == "<<-"));
                Redirect::Here
            }
            "<" if matches!(descriptor, "" | "0") => Redirect::In(target),
            "<<<" => Redirect::Here,
            ">" | ">>" | ">|" | ">&" if matches!(descriptor, "" | "1") => Redirect::Out(target),
            _ => Redirect::Other(target),
        }))
    }
}

/// Takes the `NAME=` off the word.
fn assign(name: &str, mut word: Word) -> Assign {
    let span = word.span.clone();
    let taken = name.len() + 1;
    if let Some(first) = word.bits.first_mut()
        && let BitKind::Text(text) = &mut first.kind
    {
        text.drain(..taken);
        first.span.start = (first.span.start + taken).min(first.span.end);
        if text.is_empty() {
            word.bits.remove(0);
        }
    }
    Assign { name: name.to_owned(), value: word, span }
}

/// `export NAME=value` assigns as `NAME=value` does, without splitting the value into words.
pub(super) fn declared(word: &Word) -> Option<Assign> {
    let name = word.assigns()?.to_owned();
    Some(assign(&name, word.clone()))
}
