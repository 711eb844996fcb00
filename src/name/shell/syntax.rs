//! What a script is made of. Every piece knows the bytes that it was read from.

use std::ops::Range;
use std::rc::Rc;

use crate::name::template::Part;

/// Bytes of the script.
pub(super) type Span = Range<usize>;

/// Commands one after another.
pub(super) type List = Vec<AndOr>;

/// Pipelines joined by `&&` and `||`.
pub(super) struct AndOr {
    pub(super) first: Pipeline,
    /// `true` is `&&`.
    pub(super) rest: Vec<(bool, Pipeline)>,
    /// Ended by `&`.
    pub(super) background: bool,
    pub(super) span: Span,
}

/// Commands joined by `|`.
pub(super) struct Pipeline {
    pub(super) negated: bool,
    pub(super) commands: Vec<Node>,
    pub(super) span: Span,
}

/// A command with its redirections.
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) redirects: Vec<Redirect>,
    pub(super) span: Span,
}

impl Node {
    pub(super) fn is_compound(&self) -> bool {
        !matches!(self.kind, Kind::Simple { .. } | Kind::Subshell(_) | Kind::Conditional)
    }
}

pub(super) enum Kind {
    Simple {
        assigns: Vec<Assign>,
        words: Vec<Word>,
    },
    Group(List),
    Subshell(List),
    If {
        arms: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    Case {
        subject: Word,
        arms: Vec<(Vec<Word>, List)>,
    },
    For {
        name: String,
        body: List,
    },
    While {
        condition: List,
        body: List,
    },
    Function {
        name: String,
        body: Rc<Node>,
    },
    /// `[[ … ]]`: a test in some shells, a command that is not found in others.
    Conditional,
}

pub(super) struct Assign {
    pub(super) name: String,
    pub(super) value: Word,
    pub(super) span: Span,
}

pub(super) enum Redirect {
    /// Standard output goes there.
    Out(Word),
    /// Standard input comes from there.
    In(Word),
    /// Standard input is a here-document.
    Here,
    /// Another descriptor, which no value depends on.
    Other(Word),
}

#[derive(Clone, Default)]
pub(super) struct Word {
    pub(super) bits: Vec<Bit>,
    pub(super) span: Span,
}

#[derive(Clone)]
pub(super) struct Bit {
    pub(super) kind: BitKind,
    pub(super) quoted: bool,
    pub(super) span: Span,
}

#[derive(Clone)]
pub(super) enum BitKind {
    Text(String),
    /// Something that was filled in, or will be, before a shell sees the script.
    Hole(Part),
    Param {
        name: String,
        op: Option<(Op, Rc<Word>)>,
    },
    Command(Rc<List>),
    /// An expansion that is not followed.
    Unread,
}

/// What stands behind the name in `${X…}`; `colon` treats the empty string as unset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Default { colon: bool },
    Assign { colon: bool },
    Alternative { colon: bool },
    Demand { colon: bool },
    StripPrefix { longest: bool },
    StripSuffix { longest: bool },
}

impl Word {
    /// The text, where nothing in it is expanded.
    pub(super) fn literal(&self) -> Option<String> {
        let text = |bit: &Bit| match &bit.kind {
            BitKind::Text(text) => Some(text.clone()),
            _ => None,
        };
        self.bits.iter().map(text).collect()
    }

    /// The name that an unquoted `NAME=…` assigns to.
    pub(super) fn assigns(&self) -> Option<&str> {
        let first = self.bits.first().filter(|bit| !bit.quoted)?;
        let BitKind::Text(text) = &first.kind else { return None };
        let (name, _) = text.split_once('=')?;
        is_name(name).then_some(name)
    }
}

/// Whether a variable can be called so.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_ascii_alphabetic())
        && chars.all(|c| c == '_' || c.is_ascii_alphanumeric())
}
