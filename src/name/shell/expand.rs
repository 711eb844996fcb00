//! From words to values: expansions, then fields.

use super::Variable;
use super::eval::Eval;
use super::pattern;
use super::state::{Status, is_empty};
use super::syntax::{Bit, BitKind, List, Op, Span, Word, is_name};
use crate::name::template::{Part, Piece, Template};
use crate::place::Loc;

/// How a piece of an expanded word came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Quoted,
    /// Written without quotes.
    Plain,
    /// The result of an expansion without quotes: split at white space.
    Split,
}

/// A piece of an expanded word.
#[derive(Debug, Clone)]
pub(super) enum Chunk {
    Piece {
        part: Part,
        at: Loc,
        mode: Mode,
    },
    /// Between two of `"$@"`.
    Break,
    /// `"$@"` of nothing.
    Nothing,
}

impl Chunk {
    /// The value where nothing is split.
    pub(super) fn join(chunks: &[Self]) -> Template {
        let mut value = Template::empty();
        for chunk in chunks {
            if let Self::Piece { part, at, .. } = chunk {
                value.push(Piece { part: part.clone(), at: at.clone() });
            }
        }
        value
    }

    /// Whether it means itself in a pattern.
    pub(super) fn is_exact(&self) -> bool {
        match self {
            Self::Piece { mode: Mode::Quoted, .. } | Self::Piece { part: Part::Sym(_), .. } => true,
            Self::Piece { part, .. } => part.text().is_some_and(|text| !text.contains(['*', '?', '[', '\\'])),
            Self::Break | Self::Nothing => false,
        }
    }
}

impl Eval<'_> {
    pub(super) fn expand(&mut self, word: &Word) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut length = 0;
        for (index, bit) in word.bits.iter().enumerate() {
            let from = chunks.len();
            self.bit(bit, index == 0, &mut chunks);
            length += Chunk::join(&chunks[from..]).pieces().iter().map(cost).sum::<usize>();
            if !self.state.alive || !self.step(length / 256) {
                break;
            }
        }
        chunks
    }

    fn bit(&mut self, bit: &Bit, first: bool, chunks: &mut Vec<Chunk>) {
        let at = (self.place)(bit.span.clone());
        let mode = if bit.quoted { Mode::Quoted } else { Mode::Split };
        match &bit.kind {
            // A home directory; in an assignment also behind a colon.
            BitKind::Text(text) if !bit.quoted && (first && text.starts_with('~') || text.contains(":~")) => {
                push(chunks, &self.opaque(&bit.span), Mode::Plain);
            }
            BitKind::Text(text) => {
                let mode = if bit.quoted { mode } else { Mode::Plain };
                chunks.push(Chunk::Piece { part: Part::Lit(text.clone()), at, mode });
            }
            BitKind::Hole(part) => chunks.push(Chunk::Piece { part: part.clone(), at, mode }),
            BitKind::Unread => {
                self.skip(bit.span.clone(), "an expansion");
                push(chunks, &self.opaque(&bit.span), mode);
            }
            BitKind::Command(list) => {
                let printed = self.substitute(list, &bit.span);
                push(chunks, &printed, mode);
            }
            BitKind::Param { name, op: None } if name == "@" || name == "*" => self.all_arguments(name, bit, chunks),
            BitKind::Param { name, op: None } => {
                let value = self.plain(name, &bit.span);
                push(chunks, &value, mode);
            }
            BitKind::Param { name, op: Some((op, operand)) } => self.operator(name, *op, operand, bit, chunks),
        }
    }

    fn substitute(&mut self, list: &List, span: &Span) -> Template {
        let (status, printed, _) = self.subshell(self.stdin.clone(), span, |shell| shell.list(list));
        self.substituted = Some(status);
        without_newlines(&printed)
    }

    fn all_arguments(&mut self, name: &str, bit: &Bit, chunks: &mut Vec<Chunk>) {
        let Some(arguments) = self.state.arguments.clone() else {
            // Any number of words, also in quotes.
            return push(chunks, &self.opaque(&bit.span), if name == "@" { Mode::Split } else { mode(bit) });
        };
        if !bit.quoted || name == "*" {
            let mut joined = Template::empty();
            for (index, argument) in arguments.iter().enumerate() {
                joined.push_lit(if index > 0 { " " } else { "" }, &(self.place)(bit.span.clone()));
                joined.append(argument);
            }
            return push(chunks, &joined, mode(bit));
        }
        if arguments.is_empty() {
            chunks.push(Chunk::Nothing);
        }
        for (index, argument) in arguments.iter().enumerate() {
            if index > 0 {
                chunks.push(Chunk::Break);
            }
            push(chunks, argument, Mode::Quoted);
        }
    }

    fn parameter(&self, name: &str, span: &Span) -> Variable {
        let opaque = || Variable::Set(self.opaque(span));
        match (name, &self.state.arguments) {
            ("0" | "?" | "$" | "!" | "-" | "@" | "*", _) => opaque(),
            ("#", Some(arguments)) => {
                Variable::Set(Template::lit(arguments.len().to_string(), &(self.place)(span.clone())))
            }
            (name, Some(arguments)) if name.starts_with(|c: char| c.is_ascii_digit()) => {
                let index = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                index
                    .and_then(|index| arguments.get(index))
                    .map_or(Variable::Unset, |value| Variable::Set(value.clone()))
            }
            (name, None) if name.starts_with(|c: char| c.is_ascii_digit()) => Variable::Unknown(self.why(span)),
            ("#", None) => opaque(),
            _ => self.variable(name),
        }
    }

    fn plain(&mut self, name: &str, span: &Span) -> Template {
        match self.parameter(name, span) {
            Variable::Set(value) => {
                let perhaps_unset = if is_empty(&value).is_none() { Status::Unknown } else { Status::Failure };
                self.stop_if(self.state.stop_on_unset.and(perhaps_unset), span, "");
                value
            }
            Variable::Unknown(why) => {
                self.stop_if(self.state.stop_on_unset.and(Status::Unknown), span, "");
                Template::opaque(why, &(self.place)(span.clone()))
            }
            Variable::Unset => {
                self.stop_if(self.state.stop_on_unset, span, "`set -u`, and this variable is not set");
                Template::empty()
            }
        }
    }

    fn operator(&mut self, name: &str, op: Op, operand: &Word, bit: &Bit, chunks: &mut Vec<Chunk>) {
        let value = self.parameter(name, &bit.span);
        let present = match op {
            Op::Default { colon } | Op::Assign { colon } | Op::Alternative { colon } | Op::Demand { colon } => {
                present(&value, colon)
            }
            Op::StripPrefix { .. } | Op::StripSuffix { .. } => return self.strip(name, op, operand, bit, chunks),
        };
        let own = match value {
            Variable::Set(value) => value,
            Variable::Unset => Template::empty(),
            Variable::Unknown(why) => Template::opaque(why, &(self.place)(bit.span.clone())),
        };
        match (op, present) {
            (Op::Alternative { .. }, Some(true)) | (Op::Default { .. }, Some(false)) => {
                self.operand(operand, bit, chunks)
            }
            (Op::Alternative { .. }, Some(false)) => {}
            (Op::Assign { .. }, Some(false) | None) if !is_name(name) => {
                self.lose(bit.span.clone(), "an assignment to what is no variable");
            }
            (Op::Assign { .. }, Some(false)) => {
                let value = self.value(operand);
                self.assign(name, Some(value.clone()), false, &bit.span);
                push(chunks, &value, mode(bit));
            }
            (Op::Demand { .. }, Some(false)) => self.stop(bit.span.clone(), "this variable is not set"),
            (Op::Demand { .. }, _) | (_, Some(_)) => {
                self.stop_if(if present.is_none() { Status::Unknown } else { Status::Failure }, &bit.span, "");
                push(chunks, &own, mode(bit));
            }
            (_, None) => {
                self.perhaps_expand(operand);
                let why = own.unknown().cloned().unwrap_or_else(|| self.why(&bit.span));
                let value = Template::opaque(why, &(self.place)(bit.span.clone()));
                if matches!(op, Op::Assign { .. }) {
                    self.assign(name, Some(value.clone()), false, &bit.span);
                }
                push(chunks, &value, mode(bit));
            }
        }
    }

    /// The word of `${X:-word}`, which keeps its own quotes.
    fn operand(&mut self, operand: &Word, bit: &Bit, chunks: &mut Vec<Chunk>) {
        let from = chunks.len();
        chunks.extend(self.expand(operand));
        for chunk in &mut chunks[from..] {
            match chunk {
                Chunk::Piece { mode, .. } if bit.quoted => *mode = Mode::Quoted,
                Chunk::Piece { mode, .. } if *mode == Mode::Plain => *mode = Mode::Split,
                _ => {}
            }
        }
    }

    fn strip(&mut self, name: &str, op: Op, operand: &Word, bit: &Bit, chunks: &mut Vec<Chunk>) {
        let value = self.plain(name, &bit.span);
        let pattern = self.expand(operand);
        self.step(100);
        let (prefix, longest) = match op {
            Op::StripPrefix { longest } => (true, longest),
            Op::StripSuffix { longest } => (false, longest),
            _ => return,
        };
        let stripped = if value.is_empty() {
            Some(value)
        } else {
            pattern::strip(&value, &pattern, prefix, longest, self.from.dotless)
        };
        let result = stripped.unwrap_or_else(|| self.opaque(&bit.span));
        push(chunks, &result, mode(bit));
    }
}

/// Whether a value counts as there; with `colon` the empty string does not.
fn present(value: &Variable, colon: bool) -> Option<bool> {
    match value {
        Variable::Unset => Some(false),
        Variable::Unknown(_) => None,
        // What is unknown may be so because it is not always set.
        Variable::Set(value) => is_empty(value).map(|empty| !empty || !colon),
    }
}

fn mode(bit: &Bit) -> Mode {
    if bit.quoted { Mode::Quoted } else { Mode::Split }
}

fn push(chunks: &mut Vec<Chunk>, value: &Template, mode: Mode) {
    let piece = |piece: &Piece| Chunk::Piece { part: piece.part.clone(), at: piece.at.clone(), mode };
    chunks.extend(value.pieces().iter().map(piece));
}

fn cost(piece: &Piece) -> usize {
    piece.part.text().map_or(16, str::len)
}

/// An output without the newlines at its end. What is unknown there may be empty, so those in front of it go as well.
fn without_newlines(printed: &Template) -> Template {
    let mut kept: Vec<Piece> = Vec::new();
    let mut at_end = true;
    for piece in printed.pieces().iter().rev() {
        let mut piece = piece.clone();
        match &mut piece.part {
            Part::Lit(text) if at_end => {
                text.truncate(text.trim_end_matches('\n').len());
                at_end = text.is_empty();
            }
            Part::Opaque(_) => {}
            _ => at_end = false,
        }
        kept.push(piece);
    }
    let mut value = Template::empty();
    kept.into_iter().rev().for_each(|piece| value.push(piece));
    value
}
