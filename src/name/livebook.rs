//! Livebook, whose release starts no distribution: the app does, with variables of its own.
//!
//! Livebook 0.20 (`lib/livebook/application.ex`, `start_distribution!` and `set_cookie`; `rel/server/env.sh.eex`): for `start`
//! RELEASE_DISTRIBUTION is `none`. The app calls `Node.start(LIVEBOOK_NODE, :longnames)`; without the variable it is a random name
//! at 127.0.0.1. LIVEBOOK_COOKIE is its cookie; without it there is one of its own in every container. `rpc` and `remote` look
//! for LIVEBOOK_NODE. LIVEBOOK_DISTRIBUTION is no longer read; that was `sname` in old versions.

use super::env::{Env, Lookup};
use super::flags::{Flags, LIVEBOOK_COOKIE, LIVEBOOK_NODE};
use super::template::{Template, Why};
use crate::place::Loc;
use crate::world::pod::Container;

/// What a Livebook takes for flags.
pub(super) enum Livebook {
    /// The name that it gives itself, and the cookie if there is one.
    Named(Vec<Flags>),
    /// It is not known under which name it runs.
    Unnamed(Why),
}

impl Livebook {
    /// What the container's Livebook is told. `start` is the release's start script that it runs, where that is known. An app that
    /// only talks to a Livebook has the variables too: a container of which nothing says that it is one may be either.
    pub(super) fn of(container: &Container, env: &Env, start: Option<&str>) -> Option<Self> {
        let is_set = |name: &str| env.get(name).is_some();
        match start {
            Some("livebook") => {}
            Some(_) => return None,
            // `ghcr.io/livebook-dev/livebook:0.20.0`.
            None if container.image_name() == Some("livebook") => {}
            None if is_set(LIVEBOOK_NODE) || is_set("LIVEBOOK_CLUSTER") => {
                return Some(Self::Unnamed(Why::Program(LIVEBOOK_NODE.to_owned())));
            }
            None => return None,
        }
        let is_old = env.get("LIVEBOOK_DISTRIBUTION").is_some_and(|var| var.value.literal().as_deref() != Some("name"));
        Some(match flags(env, LIVEBOOK_NODE, "-name") {
            Some(name) if !is_old => {
                Self::Named([name].into_iter().chain(flags(env, LIVEBOOK_COOKIE, "-setcookie")).collect())
            }
            _ => Self::Unnamed(Why::Program(LIVEBOOK_NODE.to_owned())),
        })
    }

    /// The name, and where it is said.
    pub(super) fn name(&self) -> Option<(&Template, &Loc)> {
        let Self::Named(flags) = self else { return None };
        flags.first().and_then(|flags| Some((flags.words.last()?, &flags.at)))
    }
}

fn flags(env: &Env, variable: &'static str, flag: &str) -> Option<Flags> {
    let Lookup::Set(var) = env.lookup(variable) else { return None };
    if var.value.is_empty() {
        return None;
    }
    Some(Flags { variable, words: vec![Template::lit(flag, &var.at), var.value.clone()], at: var.at.clone() })
}
