//! The shell itself: its variables, its frames, and how simple commands run.

use std::ops::Range;

use super::Surroundings;
use super::script::shell;
use super::state::{Last, State, Status, is_too_long, merge};
use super::syntax::Span;
use super::vars::Hidden;
use crate::name::template::{Template, Why};
use crate::place::Loc;

/// Steps that a script may take. Nothing that sets up a node needs a hundredth of them.
const STEPS: usize = 20_000;

/// What `return` and `exit` leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    Script,
    Subshell,
    Function,
}

pub(super) struct Open {
    kind: Frame,
    /// States in which it was left on purpose, and states in which the shell exited.
    ends: Vec<State>,
    exits: Vec<State>,
}

pub(super) struct Eval<'a> {
    pub(super) text: &'a str,
    pub(super) place: &'a dyn Fn(Range<usize>) -> Loc,
    pub(super) from: &'a Surroundings<'a>,
    pub(super) state: State,
    frames: Vec<Open>,
    pub(super) stops: Option<(Span, String)>,
    pub(super) unread: Vec<(Span, String)>,
    pub(super) sed_eats_everything: Vec<Span>,
    pub(super) stdin: Option<Template>,
    /// Inside how many conditions this runs, where `set -e` does not stop.
    pub(super) tested: usize,
    pub(super) calls: usize,
    /// How deeply commands are nested that run now.
    pub(super) depth: usize,
    /// What the `local` variables of the running function hide.
    pub(super) locals: Hidden,
    /// How the last command substitution ended.
    pub(super) substituted: Option<Status>,
    steps: usize,
}

impl<'a> Eval<'a> {
    pub(super) fn new(text: &'a str, place: &'a dyn Fn(Range<usize>) -> Loc, from: &'a Surroundings<'a>) -> Self {
        Self {
            text,
            place,
            from,
            state: State::new(from.arguments.clone()),
            frames: vec![Open { kind: Frame::Script, ends: Vec::new(), exits: Vec::new() }],
            stops: None,
            unread: Vec::new(),
            sed_eats_everything: Vec::new(),
            stdin: None,
            tested: 0,
            calls: 0,
            depth: 0,
            locals: Vec::new(),
            substituted: None,
            steps: STEPS,
        }
    }

    /// Takes steps; `false` once there are none left.
    pub(super) fn step(&mut self, count: usize) -> bool {
        self.steps = self.steps.saturating_sub(count);
        self.steps > 0
    }

    pub(super) fn exhausted(&self) -> bool {
        self.steps == 0
    }

    pub(super) fn source(&self, span: &Span) -> &'a str {
        self.text.get(span.clone()).unwrap_or("")
    }

    pub(super) fn why(&self, span: &Span) -> Why {
        shell(self.source(span))
    }

    pub(super) fn opaque(&self, span: &Span) -> Template {
        Template::opaque(self.why(span), &(self.place)(span.clone()))
    }

    /// Notes what was not followed.
    pub(super) fn skip(&mut self, span: Span, what: &str) {
        self.unread.push((span, what.to_owned()));
    }

    /// Notes what was not followed and may have set anything.
    pub(super) fn lose(&mut self, span: Span, what: &str) {
        let (why, at) = (self.why(&span), (self.place)(span.clone()));
        self.state.lose(&why, &at);
        self.skip(span, what);
    }

    /// The script, or the subshell, ends here.
    pub(super) fn stop(&mut self, span: Span, what: &str) {
        if self.frames.iter().all(|open| open.kind != Frame::Subshell) {
            self.stops = Some((span, what.to_owned()));
        }
        self.exit();
    }

    /// The script, or the subshell, may end here. What a script comes to is said for when it does not, but what a subshell
    /// printed depends on it.
    pub(super) fn stop_if(&mut self, stops: Status, span: &Span, what: &str) {
        let open = self.frames.iter_mut().rev().find(|open| open.kind != Frame::Function);
        match (stops, open) {
            (Status::Success, _) => self.stop(span.clone(), what),
            (Status::Unknown, Some(open)) if open.kind == Frame::Subshell => open.exits.push(self.state.clone()),
            _ => {}
        }
    }

    fn exit(&mut self) {
        let state = self.state.clone();
        if let Some(shell) = self.frames.iter_mut().rev().find(|open| open.kind != Frame::Function) {
            shell.exits.push(state);
        }
        self.state.alive = false;
    }

    pub(super) fn leave(&mut self) {
        let state = self.state.clone();
        if let Some(open) = self.frames.last_mut() {
            let left = if open.kind == Frame::Subshell { &mut open.exits } else { &mut open.ends };
            left.push(state);
        }
        self.state.alive = false;
    }

    /// Another program takes the place of the shell.
    pub(super) fn replace(&mut self, last: Last, span: &Span) {
        if self.frames.iter().any(|open| open.kind == Frame::Subshell) {
            let printed = self.opaque(span);
            self.print(&printed);
            self.state.last = Last::Unclear;
            return self.exit();
        }
        self.state.last = last;
        self.end_script_here();
    }

    /// The script may end in this state.
    pub(super) fn end_script_here(&mut self) {
        let state = self.state.clone();
        if let Some(script) = self.frames.first_mut() {
            script.ends.push(state);
        }
        self.state.alive = false;
    }

    /// In how many states the script may have ended so far.
    pub(super) fn endings(&self) -> usize {
        self.frames.first().map_or(0, |script| script.ends.len())
    }

    /// The last command of the script where it ended since there were `before` endings.
    pub(super) fn ended_since(&self, before: usize) -> Option<&Last> {
        self.frames.first()?.ends.get(before..)?.last().map(|state| &state.last)
    }

    /// Runs something in a frame of its own and continues in what all its ends have in common.
    pub(super) fn framed(&mut self, kind: Frame, span: &Span, run: impl FnOnce(&mut Self) -> Status) -> Status {
        self.frames.push(Open { kind, ends: Vec::new(), exits: Vec::new() });
        let status = run(self);
        let before = self.frames.last().map_or(0, |open| open.ends.len() + open.exits.len());
        self.state = self.close(span);
        if before == 0 { status } else { Status::Unknown }
    }

    fn close(&mut self, span: &Span) -> State {
        let Some(open) = self.frames.pop() else { return self.state.clone() };
        let mut states = open.ends;
        if self.state.alive {
            states.push(self.state.clone());
        }
        let exited = states.is_empty() && open.kind == Frame::Script;
        if open.kind == Frame::Subshell || exited {
            states.extend(open.exits);
        }
        let mut merged = self.merge_all(states, span).unwrap_or_else(|| self.state.clone());
        merged.alive &= !exited;
        merged
    }

    pub(super) fn end_of_script(&mut self) -> State {
        self.close(&(0..self.text.len()))
    }

    /// What all of these have in common; alive if there are any.
    pub(super) fn merge_all(&mut self, states: Vec<State>, span: &Span) -> Option<State> {
        let (why, at) = (self.why(span), (self.place)(span.clone()));
        let mut all = states.into_iter();
        let mut merged = State { alive: true, ..all.next()? };
        for state in all {
            self.step(state.weight());
            merged = merge(merged, state, &why, &at, &|name| self.outer_var(name, &at));
        }
        Some(merged)
    }

    /// Runs in a copy of the shell; gives back what it printed.
    pub(super) fn subshell(
        &mut self,
        stdin: Option<Template>,
        span: &Span,
        run: impl FnOnce(&mut Self) -> Status,
    ) -> (Status, Template, Last) {
        self.step(self.state.weight());
        let outer = self.state.clone();
        let outer_stdin = std::mem::replace(&mut self.stdin, stdin);
        self.state.out = Template::empty();
        let status = self.framed(Frame::Subshell, span, run);
        self.stdin = outer_stdin;
        let inner = std::mem::replace(&mut self.state, outer);
        let out = if is_too_long(&inner.out) { self.opaque(span) } else { inner.out };
        (status, out, inner.last)
    }

    /// Only what `$(…)` and pipelines catch is ever looked at.
    pub(super) fn print(&mut self, text: &Template) {
        if self.frames.iter().all(|open| open.kind != Frame::Subshell) {
            return;
        }
        self.state.out.append(text);
        if is_too_long(&self.state.out) {
            self.state.out = Template::opaque(shell("a long output"), &(self.place)(0..0));
        }
    }
}
