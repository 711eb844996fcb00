//! Trust (6xx): whether the peers accept each other.

use super::{Rule, in_namespace, word};
use crate::fix::change::{Change, Tree};
use crate::name::args_file::VM_ARGS;
use crate::name::launcher::{Program, Verb};
use crate::name::template::{Part, Template};
use crate::place::Loc;
use crate::rules::env::is_injected;
use crate::rules::finding::{Finding, Findings};
use crate::trace::Trace;
use crate::trace::cookie::{COOKIE, SameCookie};
use crate::world::object::Object;

mod cookie_differs;
mod cookie_fragile;
mod cookie_literal;
mod cookie_missing;
mod cookie_said_twice;
mod cookie_unread;
mod cookie_well_known;

pub(crate) use cookie_unread::OTHERS as UNREAD_COOKIES;
pub(crate) use cookie_well_known::WELL_KNOWN as WELL_KNOWN_COOKIES;

pub(super) static RULES: &[&Rule] = &[
    &cookie_literal::RULE,
    &cookie_missing::RULE,
    &cookie_differs::RULE,
    &cookie_fragile::RULE,
    &cookie_well_known::RULE,
    &cookie_unread::RULE,
    &cookie_said_twice::RULE,
];

/// A cookie that somebody wrote down.
struct Written {
    /// `RELEASE_COOKIE`, or the variable or command that has `-setcookie`.
    what: String,
    /// The cookie, which is never shown.
    text: String,
    at: Loc,
}

/// What has the cookie that a project fixes.
const MIX: &str = "mix.exs";

impl Written {
    /// Begins a finding about it. Where a project fixes it, an `ENV` of the image may still give another.
    fn found<'f>(&self, found: &'f mut Findings, rule: &'static Rule, message: String) -> &'f mut Finding {
        if self.what == MIX { found.suspect(rule, message) } else { found.refute(rule, message) }
    }
}

/// The cookies that can be read in the files.
fn written(trace: &Trace<'_>) -> Vec<Written> {
    let Some(naming) = trace.naming.as_ref().filter(|_| trace.is_opted_in() && trace.starts_a_node()) else {
        return Vec::new();
    };
    let variable = naming.env.get(COOKIE).filter(|_| naming.launch.program.may_be_a_release());
    let variable = variable.map(|var| (COOKIE.to_owned(), var.value.clone(), var.at.clone()));
    // BG607: the start script says another one, so that of the file is not taken.
    let is_mix = is_mix_release(trace);
    let flags = trace.cookie_flags().into_iter().filter(|(what, ..)| !is_mix || what != VM_ARGS);
    let literal = |(what, value, at): (String, Template, Loc)| {
        let is_text = value.pieces().iter().all(|piece| matches!(piece.part, Part::Lit(_)));
        let text = value.literal().filter(|text| is_text && !text.is_empty())?;
        Some(Written { what, text, at })
    };
    let fixed = trace.fixed_cookie().and_then(|cookie| {
        let text = cookie.text.clone().filter(|text| !text.is_empty())?;
        Some(Written { what: MIX.to_owned(), text, at: cookie.at.clone() })
    });
    variable.into_iter().chain(flags).filter_map(literal).chain(fixed).collect()
}

const KEY: &str = "cookie";

/// With how many others a workload is given one Secret. With more of them, nothing is written.
const MOST: usize = 32;

/// A Secret for the cookie of a workload, and of those that are found with it and have the same cookie: with one each they would
/// refuse each other.
struct Secret<'w> {
    /// It is called after the workload that was read first.
    name: String,
    others: Vec<Trace<'w>>,
    /// Whether these are all.
    is_for_all: bool,
}

impl<'w> Secret<'w> {
    fn of(trace: &Trace<'w>) -> Self {
        let is_near = |object: &&Object| object.id != trace.object.id && object.namespace == trace.object.namespace;
        let found: Vec<&Object> = trace.found_workloads().into_iter().filter(is_near).collect();
        let is_for_all = found.len() <= MOST;
        let others = found.into_iter().take(MOST).filter_map(|object| {
            let other = Trace::of(trace.world, object, object.workload()?);
            (trace.same_cookie(&other) == SameCookie::Yes).then_some(other)
        });
        let others: Vec<_> = others.collect();
        let all = others.iter().map(|other| other.object).chain([trace.object]);
        let first = all.min_by_key(|object| object.id).unwrap_or(trace.object);
        Self { name: format!("{}-cookie", first.name), others, is_for_all }
    }

    /// The changes of all of them, if each can be written.
    fn changes(&self, trace: &Trace<'w>, of: impl Fn(&Trace<'w>) -> Option<Change>) -> Option<Vec<Change>> {
        let all = std::iter::once(trace).chain(&self.others);
        all.map(of).collect::<Option<_>>().filter(|_| self.is_for_all)
    }

    /// What refers to it.
    fn reference(&self) -> Tree {
        Tree::pairs([("name", self.name.as_str()), ("key", KEY)])
    }

    /// The command that makes it.
    fn command(&self, trace: &Trace<'_>) -> String {
        let (name, namespace) = (word(&self.name), in_namespace(trace.object));
        format!("kubectl create secret generic {name}{namespace} --from-literal={KEY}=\"$(openssl rand -hex 32)\"")
    }
}

/// Whether an app that declares a strategy has no cookie but its image's.
fn is_left_to_the_image(trace: &Trace<'_>) -> bool {
    trace.is_opted_in() && trace.leaves_cookie_to_the_image()
}

/// Whether something shows that a mix release starts here, and not one of relx, which reads none of its variables.
pub(super) fn is_mix_release(trace: &Trace<'_>) -> bool {
    let Some(naming) = &trace.naming else { return false };
    let own = ["RELEASE_NODE", "RELEASE_DISTRIBUTION", "RELEASE_MODE", "RELEASE_TMP", "RELEASE_VM_ARGS"];
    let starts = matches!(naming.launch.program, Program::Release(Verb::Start));
    // What the webhook puts there it puts into any container.
    let is_written = |name: &&str| trace.env.get(name).is_some() && !is_injected(trace, name);
    let is_set = |names: &[&str]| names.iter().any(is_written);
    naming.launch.program.may_be_a_release() && !trace.is_relx() && (starts || is_set(&own))
}
