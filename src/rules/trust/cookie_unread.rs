//! # cookie-unread (BG606)
//!
//! A mix release reads its cookie from `RELEASE_COOKIE`. `ERLANG_COOKIE` is a name from other images (RabbitMQ's, for one), and
//! setting it does nothing: the release keeps the cookie of its build.
//!
//! ## At run time
//!
//! `** Connection attempt from node ... rejected. Invalid challenge reply. **` during a rollout: old and new image have
//! different cookies.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: ERLANG_COOKIE
//!     valueFrom:
//!       secretKeyRef:
//!         name: cart-cookie
//!         key: cookie
//! ```
//!
//! ## Fix
//!
//! Call it `RELEASE_COOKIE`, or hand it on:
//!
//! ```yaml
//!   - name: RELEASE_COOKIE
//!     value: $(ERLANG_COOKIE)
//! ```
//!
//! Nothing is said where the variable is used: by another variable, by a script, or by an image that is not evidently a mix
//! release (those of relx put `${ERLANG_COOKIE}` into `vm.args`).
//!
//! ## Facts
//!
//! Elixir's `release.init.ex`, `cli_text/0`, reads no other variable.

use super::{COOKIE, is_left_to_the_image, is_mix_release};
use crate::fix::change::Change;
use crate::name::env::Var;
use crate::rules::env::{self, EnvList};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::declared::env_sh_of;

pub(super) static RULE: Rule = Rule {
    code: 606,
    slug: "cookie-unread",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Safe),
    summary: "the release does not read the variable that holds the cookie",
    source: include_str!("cookie_unread.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[
        Condition {
            holds: "variables.leavesCookie &&
                    variables.names.exists(n, n in variables.unreadCookies) &&
                    (variables.words != '' ||
                    variables.names.exists(n, n in ['RELEASE_NODE', 'RELEASE_DISTRIBUTION', 'RELEASE_MODE', 'RELEASE_TMP', 'RELEASE_VM_ARGS']))",
            certain: false,
            says: "a mix release reads RELEASE_COOKIE, not {variables.names.filter(n, n in \
                   variables.unreadCookies).join(', ')}; at run time: `Connection attempt from \
                   node ... rejected`; fix: hand it on as RELEASE_COOKIE, below it",
        },
    ],
    "with any `envFrom`, everything",
);

/// What people take for the variable.
pub(crate) const OTHERS: [&str; 4] = ["ERLANG_COOKIE", "ERL_COOKIE", "ELIXIR_COOKIE", "NODE_COOKIE"];

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(var) = unread(trace).filter(|_| is_mix_release(trace)) else { return };
    let message = format!("{} is not read by a mix release: {COOKIE} is", var.name);
    let finding = found.suspect(&RULE, message);
    if env_sh_of(trace.object, &trace.world.facts).is_none() {
        finding.note("unless the image's `rel/env.sh` reads it");
    }
    finding
        .label(var.at.clone(), "not read")
        .symptom(Symptom::CookieRejected)
        .fix(Safety::Safe, format!("hand it on as {COOKIE}, below it"))
        .changes(handed_on(trace, var));
}

/// Behind the variable, so that it can refer to it.
fn handed_on(trace: &Trace<'_>, var: &Var) -> Option<Change> {
    let list = EnvList::of(trace)?;
    let place = list.place(var.index.map(|index| index + 1));
    Some(list.insert(place, env::variable(COOKIE, &format!("$({})", var.name))))
}

/// A variable that was meant to give the cookie, where nothing else does.
pub(super) fn unread<'t>(trace: &'t Trace<'_>) -> Option<&'t Var> {
    OTHERS.iter().find_map(|name| trace.env.get(name)).filter(|_| is_left_to_the_image(trace))
}
