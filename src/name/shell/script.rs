//! From a text to an [`Outcome`].

use std::collections::BTreeMap;
use std::ops::Range;

use super::eval::Eval;
use super::state::{Last, State, same_words};
use super::{Assigned, Outcome, PLACEHOLDER, Running, Surroundings, clip, parser};
use crate::name::template::{Part, Template, Why};
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
        let why = "too long to be read".to_owned();
        let unread = vec![(0..text.len(), why.clone())];
        return Outcome { anything: Some(Why::Shell(why)), unread, ..Outcome::default() };
    }
    let parsed = parser::parse(text, holes);
    let mut eval = Eval::new(text, place, from);
    eval.list(&parsed.list);
    if let Some(stop) = parsed.stop {
        eval.lose(stop.at..text.len(), stop.why);
        eval.state.last = Last::Unclear;
    }
    for tag in parsed.tags {
        eval.lose(tag, "EEx that may leave something out");
    }
    finish(eval)
}

fn finish(mut eval: Eval<'_>) -> Outcome {
    let mut execs = std::mem::take(&mut eval.execs);
    let fails = eval.fails.take();
    let end = eval.end_of_script();
    if end.alive {
        match &end.last {
            Last::Command(last) => execs.push(Some(last.clone())),
            Last::Unclear => execs.push(None),
            Last::Nothing if !execs.is_empty() => execs.push(None),
            Last::Nothing => {}
        }
    }
    let mut unread = eval.unread;
    unread.sort_by_key(|(span, _)| span.start);
    unread.dedup();
    let mut eaten = eval.sed_eats_everything;
    eaten.dedup();
    Outcome {
        fails: fails.filter(|_| !end.alive),
        command: only(execs),
        anything: end.foreign.clone(),
        variables: variables(end),
        sed_eats_everything: eaten,
        unread,
    }
}

/// The command, where all ways through the script end in it.
fn only(candidates: Vec<Option<Running>>) -> Option<Running> {
    let mut all = candidates.into_iter();
    let first = all.next()??;
    let equal = |other: Option<Running>| {
        other.is_some_and(|other| {
            other.exec == first.exec && other.with == first.with && same_words(&other.words, &first.words)
        })
    };
    all.all(equal).then_some(first)
}

fn variables(end: State) -> Vec<(String, Assigned)> {
    let assigned = |var: super::state::Var| Assigned { value: var.value, exported: var.exported, at: var.at };
    end.vars.into_iter().map(|(name, var)| (name, assigned(var))).collect()
}

pub(super) fn read_template(script: &Template, from: &Surroundings<'_>) -> Outcome {
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
