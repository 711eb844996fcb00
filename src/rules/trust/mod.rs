//! Trust (6xx): whether the peers accept each other.

use super::{Rule, in_namespace, word};
use crate::fix::change::Tree;
use crate::name::launcher::{Program, Verb};
use crate::name::template::{Part, Template};
use crate::place::Loc;
use crate::trace::Trace;
use crate::trace::cookie::{COOKIE, Cookie, SameCookie};
use crate::world::object::Object;

mod cookie_differs;
mod cookie_fragile;
mod cookie_literal;
mod cookie_missing;
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
];

/// A cookie that somebody wrote down.
struct Written {
    /// `RELEASE_COOKIE`, or the variable or command that has `-setcookie`.
    what: String,
    /// The cookie, which is never shown.
    text: String,
    at: Loc,
}

/// The cookies that can be read in the files.
fn written(trace: &Trace<'_>) -> Vec<Written> {
    let Some(naming) = trace.naming.as_ref().filter(|_| trace.is_opted_in() && trace.starts_a_node()) else {
        return Vec::new();
    };
    let variable = naming.env.get(COOKIE).filter(|_| naming.launch.program.may_be_a_release());
    let variable = variable.map(|var| (COOKIE.to_owned(), var.value.clone(), var.at.clone()));
    let literal = |(what, value, at): (String, Template, Loc)| {
        let is_text = value.pieces().iter().all(|piece| matches!(piece.part, Part::Lit(_)));
        let text = value.literal().filter(|text| is_text && !text.is_empty())?;
        Some(Written { what, text, at })
    };
    variable.into_iter().chain(trace.cookie_flags()).filter_map(literal).collect()
}

/// A key of a Secret for the cookie.
fn secret(trace: &Trace<'_>) -> Tree {
    Tree::pairs([("name", secret_name(trace)), ("key", KEY.to_owned())])
}

/// The command that makes it.
fn make_secret(trace: &Trace<'_>) -> String {
    let name = secret_name(trace);
    let name = word(&name);
    let namespace = in_namespace(trace.object);
    format!("kubectl create secret generic {name}{namespace} --from-literal={KEY}=\"$(openssl rand -hex 32)\"")
}

const KEY: &str = "cookie";

/// With how many others a workload may share a Secret.
const MOST: usize = 16;

/// It is called after the workload; of several that are found together and have the same cookie, after the first of them, for with
/// a Secret each they would refuse each other.
fn secret_name(trace: &Trace<'_>) -> String {
    let called_after = |object: &Object| format!("{}-cookie", object.name);
    let is_near = |object: &&Object| object.id != trace.object.id && object.namespace == trace.object.namespace;
    let shared = trace.found_workloads().filter(is_near).take(MOST).filter_map(|object| {
        let other = Trace::of(trace.world, object, object.workload()?);
        match other.cookie() {
            _ if trace.same_cookie(&other) == SameCookie::Yes => Some((object.id, called_after(object))),
            // It had the same, and was mended before.
            Cookie::Secret(from) if from.key == KEY && from.name == called_after(object) => {
                Some((object.id, from.name))
            }
            _ => None,
        }
    });
    let own = (trace.object.id, called_after(trace.object));
    shared.fold(own, Ord::min).1
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
    let is_set = |names: &[&str]| names.iter().any(|name| trace.env.get(name).is_some());
    naming.launch.program.may_be_a_release() && !trace.is_relx() && (starts || is_set(&own))
}
