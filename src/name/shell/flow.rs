//! Lists, pipelines and compound commands: which way the script goes.

use super::effects::Effects;
use super::eval::{Eval, Frame};
use super::state::{Last, State, Status};
use super::syntax::{AndOr, Kind, List, Node, Pipeline, Span, Word};
use crate::name::template::Template;

/// Functions call functions; the stack of the machine has an end.
const DEEPEST: usize = 60;

impl Eval<'_> {
    pub(super) fn list(&mut self, list: &[AndOr]) -> Status {
        let mut status = Status::Success;
        for item in list {
            if !self.state.alive || self.exhausted() {
                break;
            }
            status = if item.background { self.background(item) } else { self.and_or(item) };
        }
        status
    }

    /// `… &` runs in a shell of its own, and what it prints comes at any time.
    fn background(&mut self, item: &AndOr) -> Status {
        let (_, out, _) = self.subshell(None, &item.span, |shell| shell.and_or(item));
        if !out.is_empty() {
            let unknown = self.opaque(&item.span);
            self.print(&unknown);
        }
        self.state.last = Last::Unclear;
        Status::Success
    }

    fn and_or(&mut self, item: &AndOr) -> Status {
        let mut status = self.link(&item.first, item.rest.is_empty());
        for (index, (and, pipeline)) in item.rest.iter().enumerate() {
            if !self.state.alive {
                return status;
            }
            let last = index + 1 == item.rest.len();
            status = match (and, status) {
                (true, Status::Failure) | (false, Status::Success) => status,
                (_, Status::Unknown) => self.perhaps(*and, pipeline, last, &item.span),
                _ => self.link(pipeline, last),
            };
        }
        status
    }

    /// A pipeline that runs only if the one before succeeded (`and`) or failed.
    fn perhaps(&mut self, and: bool, pipeline: &Pipeline, last: bool, span: &Span) -> Status {
        let mut skipped = self.fork();
        let skipped_status = if and { Status::Failure } else { Status::Success };
        let endings = self.endings();
        let status = self.link(pipeline, last);
        if !self.state.alive {
            if let Some(last @ Last::Command(_)) = self.ended_since(endings).filter(|_| and) {
                skipped.last = last.clone();
            }
            self.state = skipped;
            return skipped_status;
        }
        // `migrate && exec start`: what runs in the end is the second one, or nothing.
        if and {
            skipped.last = self.state.last.clone();
        }
        let ran = std::mem::replace(&mut self.state, State::new(None));
        self.join(vec![skipped, ran], span);
        status.or(skipped_status)
    }

    pub(super) fn fork(&mut self) -> State {
        self.step(self.state.weight() + 1);
        self.state.clone()
    }

    /// Continues in what these have in common.
    fn join(&mut self, states: Vec<State>, span: &Span) {
        match self.merge_all(states, span) {
            Some(state) => self.state = state,
            None => self.state.alive = false,
        }
    }

    /// A pipeline of a list; `set -e` looks at the last one only.
    fn link(&mut self, pipeline: &Pipeline, last: bool) -> Status {
        self.tested += usize::from(!last || pipeline.negated);
        let status = self.pipeline(pipeline);
        self.tested -= usize::from(!last || pipeline.negated);
        let stops = self.state.stop_on_failure.and(status.not());
        if self.tested == 0 && last && !pipeline.negated && self.state.alive {
            self.stop_if(stops, &pipeline.span, "`set -e`, and this fails");
        }
        if pipeline.negated { status.not() } else { status }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Status {
        if let [command] = pipeline.commands.as_slice() {
            return self.command(command);
        }
        let mut input = None;
        let mut status = Status::Success;
        for command in &pipeline.commands {
            let (ended, printed, _) = self.subshell(input, &command.span, |shell| shell.command(command));
            (input, status) = (Some(printed), ended);
        }
        self.print(&input.unwrap_or_default());
        self.state.last = Last::Unclear;
        status
    }

    pub(super) fn command(&mut self, node: &Node) -> Status {
        if !self.step(1) {
            return Status::Unknown;
        }
        if self.depth >= DEEPEST {
            self.lose(node.span.clone(), "nested too deeply");
            return Status::Unknown;
        }
        self.depth += 1;
        let status = self.redirected(&node.redirects, |shell| shell.kind(node));
        self.depth -= 1;
        status
    }

    fn kind(&mut self, node: &Node) -> Status {
        match &node.kind {
            Kind::Simple { assigns, words } => self.simple(node, assigns, words),
            Kind::Group(list) => self.list(list),
            Kind::Subshell(list) => {
                let (status, out, last) = self.subshell(self.stdin.clone(), &node.span, |shell| shell.list(list));
                self.print(&out);
                self.state.last = last;
                status
            }
            Kind::If { arms, otherwise } => self.conditional(arms, otherwise.as_ref(), &node.span),
            Kind::Case { subject, arms } => self.case(subject, arms, &node.span),
            Kind::For { .. } | Kind::While { .. } => self.rounds(node),
            Kind::Function { name, body } => {
                self.state.functions.insert(name.clone(), Some(body.clone()));
                Status::Success
            }
            Kind::Conditional => {
                self.skip(node.span.clone(), "`[[` is not a command of every shell");
                Status::Unknown
            }
        }
    }

    fn conditional(&mut self, arms: &[(List, List)], otherwise: Option<&List>, span: &Span) -> Status {
        let mut ways = Ways::default();
        for (condition, body) in arms {
            self.tested += 1;
            let holds = self.list(condition);
            self.tested -= 1;
            if self.way(holds, body, &mut ways) {
                return self.meet(ways, span);
            }
        }
        if self.state.alive {
            let status = otherwise.map_or(Status::Success, |body| self.list(body));
            ways.add(self, status);
        }
        self.meet(ways, span)
    }

    /// Takes a branch if it may be taken; `true` where no other can be.
    fn way(&mut self, holds: Status, body: &[AndOr], ways: &mut Ways) -> bool {
        if !self.state.alive || self.exhausted() {
            return true;
        }
        let passed_by = (holds == Status::Unknown).then(|| self.fork());
        if holds != Status::Failure {
            let status = self.list(body);
            ways.add(self, status);
        }
        if let Some(state) = passed_by {
            self.state = state;
        }
        holds == Status::Success
    }

    fn meet(&mut self, ways: Ways, span: &Span) -> Status {
        self.join(ways.states, span);
        ways.status.unwrap_or(Status::Unknown)
    }

    fn case(&mut self, subject: &Word, arms: &[(Vec<Word>, List)], span: &Span) -> Status {
        let subject = self.value(subject);
        let mut ways = Ways::default();
        for (patterns, body) in arms {
            let matched = self.any_pattern(&subject, patterns);
            if self.way(matched, body, &mut ways) {
                return self.meet(ways, span);
            }
        }
        if self.state.alive {
            ways.add(self, Status::Success);
        }
        self.meet(ways, span)
    }

    fn any_pattern(&mut self, subject: &Template, patterns: &[Word]) -> Status {
        let mut any = Status::Failure;
        for pattern in patterns {
            let pattern = self.expand(pattern);
            match super::pattern::decide(subject, &pattern, self.from.dotless) {
                Status::Success => return Status::Success,
                Status::Unknown => any = Status::Unknown,
                Status::Failure => {}
            }
            self.step(10);
        }
        any
    }

    /// A loop: nobody counts its rounds, so what it may assign is unknown afterwards.
    fn rounds(&mut self, node: &Node) -> Status {
        self.skip(node.span.clone(), "a loop");
        let mut effects = Effects::default();
        effects.node(node);
        effects.follow(&self.state.functions);
        for (name, at) in &effects.assigns {
            self.perhaps_assign(name, at, &node.span);
        }
        if effects.anything {
            self.lose(node.span.clone(), "a loop that may set anything");
        }
        self.state.strangers |= effects.strangers;
        self.state.functions.extend(effects.defines.into_iter().map(|name| (name, None)));
        let printed = self.opaque(&node.span);
        self.print(&printed);
        self.state.last = Last::Unclear;
        let after = self.fork();
        if effects.execs {
            self.end_script_here();
        } else if effects.returns {
            self.leave();
        }
        self.state = after;
        Status::Unknown
    }

    pub(super) fn call(&mut self, name: &str, arguments: Vec<Template>, span: &Span) -> Status {
        let body = self.state.functions.get(name).cloned().flatten();
        let Some(body) = body.filter(|_| self.calls < 20) else {
            self.lose(span.clone(), "a function that is not known here");
            self.state.last = Last::Unclear;
            return Status::Unknown;
        };
        let outer = self.state.arguments.replace(arguments);
        self.calls += 1;
        let locals = std::mem::take(&mut self.locals);
        let status = self.framed(Frame::Function, span, |shell| shell.command(&body));
        self.restore(locals);
        self.calls -= 1;
        self.state.arguments = outer;
        status
    }
}

/// The ways through a branching command that were taken, or may be.
#[derive(Default)]
struct Ways {
    states: Vec<State>,
    status: Option<Status>,
}

impl Ways {
    fn add(&mut self, shell: &Eval<'_>, status: Status) {
        if shell.state.alive {
            self.states.push(shell.state.clone());
            self.status = Some(self.status.map_or(status, |other| other.or(status)));
        }
    }
}
