//! What the shell remembers, and what is left of it where two ways through the script meet.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Running;
use super::syntax::{Node, Span};
use crate::name::template::{Part, Sym, Template, Why};
use crate::place::Loc;

/// A value that some script makes on purpose is never longer.
const LONGEST: usize = 1 << 14;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    Failure,
    Unknown,
}

impl Status {
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Success } else { Self::Failure }
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Success => Self::Failure,
            Self::Failure => Self::Success,
            Self::Unknown => Self::Unknown,
        }
    }

    /// Whether both hold.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Failure, _) | (_, Self::Failure) => Self::Failure,
            (Self::Success, Self::Success) => Self::Success,
            _ => Self::Unknown,
        }
    }

    /// What two ways have in common.
    pub(super) fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Unknown }
    }
}

/// A variable that the script touched; `None` after `unset`.
#[derive(Debug, Clone)]
pub(super) struct Var {
    pub(super) value: Option<Template>,
    pub(super) exported: bool,
    pub(super) readonly: Status,
    pub(super) at: Span,
}

/// The last command that ran.
#[derive(Debug, Clone)]
pub(super) enum Last {
    Nothing,
    Command(Running),
    Unclear,
}

#[derive(Clone)]
pub(super) struct State {
    pub(super) vars: BTreeMap<String, Var>,
    /// A name without a body is a function on some of the ways here.
    pub(super) functions: BTreeMap<String, Option<Rc<Node>>>,
    /// `$1`, `$2`, …
    pub(super) arguments: Option<Vec<Template>>,
    /// What was printed.
    pub(super) out: Template,
    pub(super) last: Last,
    pub(super) export_all: bool,
    /// `set -e` and `set -u`.
    pub(super) stop_on_failure: Status,
    pub(super) stop_on_unset: Status,
    /// Something that was not read may have set every variable.
    pub(super) foreign: Option<Why>,
    /// Any command may be a function that was not read.
    pub(super) strangers: bool,
    pub(super) alive: bool,
}

impl State {
    pub(super) fn new(arguments: Option<Vec<Template>>) -> Self {
        Self {
            vars: BTreeMap::new(),
            functions: BTreeMap::new(),
            arguments,
            out: Template::empty(),
            last: Last::Nothing,
            export_all: false,
            stop_on_failure: Status::Failure,
            stop_on_unset: Status::Failure,
            foreign: None,
            strangers: false,
            alive: true,
        }
    }

    /// What a copy of it costs.
    pub(super) fn weight(&self) -> usize {
        self.vars.len() + self.out.pieces().len()
    }

    /// From here on nothing is known of any variable.
    pub(super) fn lose(&mut self, why: &Why, at: &Loc) {
        for var in self.vars.values_mut() {
            var.value = Some(Template::opaque(why.clone(), at));
        }
        for body in self.functions.values_mut() {
            *body = None;
        }
        self.arguments = None;
        self.foreign = Some(why.clone());
    }
}

/// Joins the states at the end of two ways through `why`. `outer` says what a variable was before the script.
pub(super) fn merge(a: State, b: State, why: &Why, at: &Loc, outer: &dyn Fn(&str) -> Var) -> State {
    let before = |state: &State, name: &str| match (&state.foreign, state.vars.get(name)) {
        (_, Some(var)) => var.clone(),
        (Some(why), None) => Var { value: Some(Template::opaque(why.clone(), at)), ..outer(name) },
        (None, None) => outer(name),
    };
    let mut vars = BTreeMap::new();
    for name in a.vars.keys().chain(b.vars.keys()) {
        if !vars.contains_key(name) {
            let (mut one, other) = (before(&a, name), before(&b, name));
            one.exported &= other.exported;
            one.readonly = one.readonly.or(other.readonly);
            one.at = if other.at.start > one.at.start { other.at } else { one.at };
            one.value = agree(one.value, other.value, why, at);
            vars.insert(name.clone(), one);
        }
    }
    State {
        vars,
        functions: merge_functions(a.functions, &b.functions),
        arguments: a.arguments.filter(|_| b.arguments.is_some()).filter(|a| Some(a) == b.arguments.as_ref()),
        out: agree(Some(a.out), Some(b.out), why, at).unwrap_or_default(),
        last: merge_last(a.last, b.last),
        export_all: a.export_all && b.export_all,
        stop_on_failure: a.stop_on_failure.or(b.stop_on_failure),
        stop_on_unset: a.stop_on_unset.or(b.stop_on_unset),
        foreign: a.foreign.or(b.foreign),
        strangers: a.strangers || b.strangers,
        alive: true,
    }
}

fn agree(a: Option<Template>, b: Option<Template>, why: &Why, at: &Loc) -> Option<Template> {
    match (a, b) {
        (None, None) => None,
        (Some(a), Some(b)) if same(&a, &b) => Some(a),
        _ => Some(Template::opaque(why.clone(), at)),
    }
}

type Functions = BTreeMap<String, Option<Rc<Node>>>;

fn merge_functions(mut a: Functions, b: &Functions) -> Functions {
    for name in b.keys() {
        a.entry(name.clone()).or_insert(None);
    }
    for (name, body) in &mut a {
        let other = b.get(name).and_then(Option::as_ref);
        if !matches!((&*body, other), (Some(one), Some(other)) if Rc::ptr_eq(one, other)) {
            *body = None;
        }
    }
    a
}

fn merge_last(a: Last, b: Last) -> Last {
    match (a, b) {
        (Last::Nothing, Last::Nothing) => Last::Nothing,
        (Last::Command(a), Last::Command(b))
            if a.exec == b.exec && a.with == b.with && same_words(&a.words, &b.words) =>
        {
            Last::Command(a)
        }
        _ => Last::Unclear,
    }
}

pub(super) fn same_words(a: &[Template], b: &[Template]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

/// Whether two templates say the same, wherever it was written. Two unknown values of one cause are told apart by nobody.
pub(super) fn same(a: &Template, b: &Template) -> bool {
    parts(a) == parts(b)
}

/// The parts, with neighbouring text in one piece.
fn parts(template: &Template) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for piece in template.pieces() {
        match (parts.last_mut(), &piece.part) {
            (Some(Part::Lit(last)), Part::Lit(text) | Part::Unexpanded(text, _)) => last.push_str(text),
            (_, Part::Lit(text) | Part::Unexpanded(text, _)) => parts.push(Part::Lit(text.clone())),
            (_, part) => parts.push(part.clone()),
        }
    }
    parts
}

/// Whether a value is empty: `None` where that is not known.
pub(super) fn is_empty(value: &Template) -> Option<bool> {
    let certain = |part: &Part| match part {
        Part::Lit(text) | Part::Unexpanded(text, _) => !text.is_empty(),
        Part::Sym(_) => true,
        Part::Opaque(_) => false,
    };
    if value.pieces().iter().any(|piece| certain(&piece.part)) {
        return Some(false);
    }
    if value.unknown().is_some() { None } else { Some(true) }
}

/// The characters that the value of a symbol may hold.
pub(super) fn alphabet(sym: Sym, dotless: bool) -> &'static str {
    match sym {
        Sym::PodIp | Sym::HostIp => "0123456789.:abcdef",
        Sym::PodIps => "0123456789.:abcdef,",
        Sym::PodIpDashed => "0123456789-:abcdef",
        Sym::Namespace | Sym::Uid => "abcdefghijklmnopqrstuvwxyz0123456789-",
        Sym::PodName | Sym::Hostname if dotless => "abcdefghijklmnopqrstuvwxyz0123456789-",
        Sym::PodName | Sym::Hostname | Sym::NodeName | Sym::ClusterDomain => "abcdefghijklmnopqrstuvwxyz0123456789-.",
    }
}

/// Whether a value has grown beyond what anyone writes.
pub(super) fn is_too_long(value: &Template) -> bool {
    let length: usize = value.pieces().iter().map(|piece| piece.part.text().map_or(16, str::len)).sum();
    length > LONGEST
}
