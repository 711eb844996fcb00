//! From a text to an [`Outcome`].

use std::collections::BTreeMap;
use std::ops::Range;

use super::eval::Eval;
use super::lexer::tag_length;
use super::state::{Last, State};
use super::{Assigned, Outcome, PLACEHOLDER, Running, Surroundings, clip, parser};
use crate::name::template::{Part, Piece, Template, Why};
use crate::name::wrapper;
use crate::place::{Focus, Loc};

/// No script beside a manifest is longer; a ConfigMap may hold a megabyte.
const LONGEST: usize = 1 << 16;

pub(super) fn read(
    text: &str,
    holes: &BTreeMap<usize, Part>,
    place: &dyn Fn(Range<usize>) -> Loc,
    from: &Surroundings<'_>,
) -> Outcome {
    if text.len() > LONGEST {
        return nothing(text, "too long to be read");
    }
    let holes = with_release(text, holes, from.release);
    let parsed = parser::parse(text, &holes);
    let mut eval = Eval::new(text, place, from);
    eval.list(&parsed.list);
    if let Some(stop) = parsed.stop {
        eval.lose(stop.at..text.len(), stop.why);
        eval.state.last = Last::Unclear;
    }
    if eval.exhausted() {
        return nothing(text, "takes too long to be read");
    }
    // Whatever stands between such tags may be left out, or be there twice.
    if !parsed.tags.is_empty() {
        eval.state = eval.end_of_script();
        parsed.tags.into_iter().for_each(|tag| eval.lose(tag, "EEx that prints nothing"));
        eval.state.last = Last::Unclear;
    }
    finish(eval)
}

/// The tags that hold the release's name beside what else is filled in.
fn with_release(text: &str, holes: &BTreeMap<usize, Part>, release: Option<&str>) -> BTreeMap<usize, Part> {
    let mut holes = holes.clone();
    let tags = text.match_indices("<%=").filter(|(at, _)| {
        let tag = tag_length(&text[*at..]).and_then(|length| text.get(at + 3..at + length - 2));
        tag.is_some_and(|inside| inside.trim() == "@release.name")
    });
    if let Some(name) = release {
        holes.extend(tags.map(|(at, _)| (at, Part::Lit(name.to_owned()))));
    }
    holes
}

/// Nothing is known of what the script does.
fn nothing(text: &str, why: &str) -> Outcome {
    let unread = vec![(0..text.len(), why.to_owned())];
    Outcome { anything: Some(Why::Shell(why.to_owned())), unread, ..Outcome::default() }
}

fn finish(mut eval: Eval<'_>) -> Outcome {
    let stops = eval.stops.take();
    let end = eval.end_of_script();
    let mut unread = eval.unread;
    unread.sort_by_key(|(span, _)| span.start);
    unread.dedup();
    let mut sed_eats_everything = eval.sed_eats_everything;
    sed_eats_everything.dedup();
    Outcome {
        stops: stops.filter(|_| !end.alive),
        command: match &end.last {
            Last::Command(last) if end.alive => Some(with_assigned(last.clone())),
            _ => None,
        },
        anything: end.foreign.clone(),
        variables: variables(end),
        sed_eats_everything,
        unread,
    }
}

/// `env NAME=value …` is `NAME=value …`.
fn with_assigned(mut command: Running) -> Running {
    if let Ok(behind) = wrapper::behind(&command.words)
        && !behind.assigned.is_empty()
    {
        let at = command.at.clone();
        let assigned = |value| Assigned { value: Some(value), exported: true, at: at.clone() };
        command.with.extend(behind.assigned.into_iter().map(|(name, value)| (name, assigned(value))));
        command.words.drain(..behind.start);
    }
    command
}

fn variables(end: State) -> Vec<(String, Assigned)> {
    let assigned = |var: super::state::Var| Assigned { value: var.value, exported: var.exported, at: var.at };
    end.vars.into_iter().map(|(name, var)| (name, assigned(var))).collect()
}

pub(super) fn read_template(script: &Template, from: &Surroundings<'_>) -> Outcome {
    // Of a script that is unknown from end to end nothing is read.
    if let [Piece { part: Part::Opaque(why), .. }] = script.pieces() {
        return Outcome { anything: Some(why.clone()), ..Outcome::default() };
    }
    let mut text = String::new();
    let mut holes = BTreeMap::new();
    let mut starts: Vec<(usize, Loc)> = Vec::new();
    for piece in script.pieces() {
        starts.push((text.len(), piece.at.clone()));
        match piece.part.text() {
            Some(literal) => text.push_str(literal),
            None => {
                holes.insert(text.len(), piece.part.clone());
                text.push(PLACEHOLDER);
            }
        }
    }
    // A script without a piece has no place either, and nothing in it that would need one.
    let Some((_, first)) = starts.first().cloned() else { return Outcome::default() };
    let place = |span: Range<usize>| {
        let piece = starts.iter().rev().find(|(start, _)| *start <= span.start);
        piece.map_or_else(|| first.clone(), |(start, at)| part_of(at, *start, &span))
    };
    read(&text, &holes, &place, from)
}

/// A part of a piece that begins at `start` of the script.
fn part_of(at: &Loc, start: usize, span: &Range<usize>) -> Loc {
    let offset = span.start - start;
    match at.focus {
        Focus::Within(from, to) => {
            let from = from as usize + offset;
            at.clone().within(from..(from + span.len()).min(to as usize).max(from))
        }
        _ => at.clone(),
    }
}

/// The text of an unread construct.
pub(super) fn shell(text: &str) -> Why {
    Why::Shell(clip(text))
}
