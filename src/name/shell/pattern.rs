//! Shell patterns, on texts and, where that is trivial, on symbols.

use super::expand::{Chunk, Mode};
use super::state::{Status, alphabet, is_empty, same};
use crate::name::template::{Part, Piece, Template};

/// Longer ones are nobody's node name, and matching is not linear.
const LONGEST: usize = 256;

enum Glob {
    Char(char),
    Any,
    One,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// Whether a value matches a pattern of `case`.
pub(super) fn decide(subject: &Template, pattern: &[Chunk], dotless: bool) -> Status {
    let Some(globs) = compile(pattern) else {
        let exact = Chunk::join(pattern);
        let plain = pattern.iter().all(Chunk::is_exact) && subject.unknown().is_none();
        return if plain && same(subject, &exact) { Status::Success } else { Status::Unknown };
    };
    if globs.iter().all(|glob| matches!(glob, Glob::Any)) && !globs.is_empty() {
        return Status::Success;
    }
    if let Some(text) = text(subject) {
        return Status::of(globs.len() <= LONGEST && matches(&globs, &text));
    }
    undecided(subject, &globs, dotless)
}

/// A value with symbols: only what must fail can be told.
fn undecided(subject: &Template, globs: &[Glob], dotless: bool) -> Status {
    if globs.is_empty() {
        return is_empty(subject).map_or(Status::Unknown, Status::of);
    }
    // A literal start that differs, as in `case "app@$X" in web@*`.
    let mut start = subject.pieces().first().and_then(|piece| piece.part.text()).unwrap_or("").chars();
    for glob in globs {
        match (glob, start.next()) {
            (Glob::Char(c), Some(other)) if *c != other => return Status::Failure,
            (Glob::Char(_) | Glob::One, Some(_)) => {}
            _ => break,
        }
    }
    // A character that no part of the value can hold.
    let holds = |c: char| {
        subject.pieces().iter().any(|piece| match &piece.part {
            Part::Sym(sym) => alphabet(*sym, dotless).contains(c),
            part => part.text().is_none_or(|text| text.contains(c)),
        })
    };
    let missing = globs.iter().any(|glob| matches!(glob, Glob::Char(c) if !holds(*c)));
    if missing { Status::Failure } else { Status::Unknown }
}

fn text(value: &Template) -> Option<Vec<char>> {
    let text: Vec<char> = value.literal()?.chars().collect();
    (text.len() <= LONGEST).then_some(text)
}

/// `None` where the pattern is not known, or is read differently by different shells.
fn compile(pattern: &[Chunk]) -> Option<Vec<Glob>> {
    let mut chars = Vec::new();
    for chunk in pattern {
        let Chunk::Piece { part, mode, .. } = chunk else { return None };
        let text = part.text()?;
        if *mode == Mode::Split && text.contains('\\') {
            return None;
        }
        chars.extend(text.chars().map(|c| (c, *mode == Mode::Quoted)));
    }
    let mut globs = Vec::new();
    let mut rest = chars.as_slice();
    while let Some((&(c, quoted), after)) = rest.split_first() {
        rest = after;
        globs.push(match c {
            '*' if !quoted => Glob::Any,
            '?' if !quoted => Glob::One,
            '[' if !quoted && after.contains(&(']', false)) => {
                let (class, after) = class(after)?;
                rest = after;
                class
            }
            c => Glob::Char(c),
        });
    }
    (globs.len() <= LONGEST).then_some(globs)
}

type Chars<'a> = &'a [(char, bool)];

/// `[a-z]`, after its bracket.
fn class(text: Chars<'_>) -> Option<(Glob, Chars<'_>)> {
    let negated = text.first() == Some(&('!', false));
    let text = &text[usize::from(negated)..];
    let close = text.iter().position(|c| *c == (']', false)).filter(|close| *close > 0)?;
    let inner = &text[..close];
    if inner.iter().any(|(c, quoted)| (matches!(c, '[' | '\\') && !quoted) || *c == '^') {
        return None;
    }
    let (mut ranges, mut index) = (Vec::new(), 0);
    while let Some(&(from, _)) = inner.get(index) {
        let to = match (inner.get(index + 1), inner.get(index + 2)) {
            (Some(('-', false)), Some((to, _))) => Some(*to),
            _ => None,
        };
        ranges.push((from, to.unwrap_or(from)));
        index += if to.is_some() { 3 } else { 1 };
    }
    // Ranges of letters follow the locale.
    let plain = |(from, to): &(char, char)| {
        from == to
            || (from.is_ascii_digit() && to.is_ascii_digit())
            || from.is_ascii_lowercase() && to.is_ascii_lowercase()
    };
    ranges.iter().all(plain).then(|| (Glob::Class { negated, ranges }, &text[close + 1..]))
}

fn matches(globs: &[Glob], text: &[char]) -> bool {
    let (mut glob, mut at) = (0, 0);
    let mut retry = None;
    loop {
        match globs.get(glob) {
            Some(Glob::Any) => {
                retry = Some((glob, at));
                glob += 1;
                continue;
            }
            Some(one) if text.get(at).is_some_and(|c| one.takes(*c)) => {
                (glob, at) = (glob + 1, at + 1);
                continue;
            }
            None if at == text.len() => return true,
            _ => {}
        }
        let Some((star, from)) = retry.filter(|(_, from)| *from < text.len()) else { return false };
        retry = Some((star, from + 1));
        (glob, at) = (star + 1, from + 1);
    }
}

impl Glob {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::Any | Self::One => true,
            Self::Class { negated, ranges } => *negated != ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)),
        }
    }
}

/// `${X#pattern}` and its three relatives; `None` where the result is not known.
pub(super) fn strip(
    value: &Template,
    pattern: &[Chunk],
    prefix: bool,
    longest: bool,
    dotless: bool,
) -> Option<Template> {
    let globs = compile(pattern)?;
    if let Some(text) = text(value) {
        return Some(strip_text(value, &text, &globs, prefix, longest));
    }
    let (delimiter, star_outside) = match globs.as_slice() {
        [Glob::Any, Glob::Char(c)] => (*c, prefix),
        [Glob::Char(c), Glob::Any] => (*c, !prefix),
        _ => return None,
    };
    if !star_outside {
        return None;
    }
    // `#*.` and `%%.*` look for the first one, `##*.` and `%.*` for the last.
    let split =
        if prefix == longest { split_last(value, delimiter, dotless) } else { split_first(value, delimiter, dotless) };
    Some(match split? {
        Some((before, after)) => {
            if prefix {
                after
            } else {
                before
            }
        }
        None => value.clone(),
    })
}

fn strip_text(value: &Template, text: &[char], globs: &[Glob], prefix: bool, longest: bool) -> Template {
    let cuts = 0..=text.len();
    let fits = |cut: &usize| if prefix { matches(globs, &text[..*cut]) } else { matches(globs, &text[*cut..]) };
    let cut = if prefix == longest { cuts.rev().find(fits) } else { cuts.into_iter().find(fits) };
    let (Some(cut), Some(piece)) = (cut, value.pieces().first()) else { return value.clone() };
    let kept: String = if prefix { text[cut..].iter().collect() } else { text[..cut].iter().collect() };
    let mut result = Template::empty();
    result.push_lit(&kept, &piece.at);
    result
}

/// What stands before and after the first such character: `None` where that is not known, `Some(None)` where there is none.
pub(super) fn split_first(value: &Template, c: char, dotless: bool) -> Option<Option<(Template, Template)>> {
    split(value, c, dotless, value.pieces().iter().enumerate(), |text| text.find(c))
}

fn split_last(value: &Template, c: char, dotless: bool) -> Option<Option<(Template, Template)>> {
    split(value, c, dotless, value.pieces().iter().enumerate().rev(), |text| text.rfind(c))
}

fn split<'a>(
    value: &Template,
    c: char,
    dotless: bool,
    pieces: impl Iterator<Item = (usize, &'a Piece)>,
    find: impl Fn(&str) -> Option<usize>,
) -> Option<Option<(Template, Template)>> {
    for (index, piece) in pieces {
        match &piece.part {
            Part::Sym(sym) if alphabet(*sym, dotless).contains(c) => return None,
            Part::Sym(_) => {}
            Part::Opaque(_) => return None,
            Part::Lit(text) | Part::Unexpanded(text, _) => {
                if let Some(at) = find(text) {
                    return Some(Some(halves(value, index, at, c)));
                }
            }
        }
    }
    Some(None)
}

fn halves(value: &Template, index: usize, at: usize, c: char) -> (Template, Template) {
    let (mut before, mut after) = (Template::empty(), Template::empty());
    for (number, piece) in value.pieces().iter().enumerate() {
        if number != index {
            let side = if number < index { &mut before } else { &mut after };
            side.push(piece.clone());
            continue;
        }
        let text = piece.part.text().unwrap_or("");
        before.push_lit(&text[..at], &piece.at);
        after.push_lit(&text[at + c.len_utf8()..], &piece.at);
    }
    (before, after)
}
