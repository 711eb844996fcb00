//! # cookie-missing (BG602)
//!
//! Without `RELEASE_COOKIE` a release uses the cookie that was made up when its image was built. A new build has another one:
//! during a rollout the old and the new nodes refuse each other. A plain `erl` or `elixir` makes one up in every container.
//!
//! ## At run time
//!
//! `** Connection attempt from node ... rejected. Invalid challenge reply. **` on the node that is dialled, and two halves of
//! a cluster until the rollout is done.
//!
//! ## Example
//!
//! A clustered Deployment whose containers set `RELEASE_NODE` and no `RELEASE_COOKIE`.
//!
//! ## Fix
//!
//! ```yaml
//! env:
//!   - name: RELEASE_COOKIE
//!     valueFrom:
//!       secretKeyRef:
//!         name: cart-cookie
//!         key: cookie
//! ```
//!
//! If the release fixes its cookie (`cookie:` in `mix.exs`), every build has the same: nothing is said where that is read, and
//! elsewhere this may be ignored. Nothing is said either where an `envFrom` that is not in the input, a script or a mounted
//! file may give the cookie, and of releases that are evidently relx's, which have it in `vm.args`.
//!
//! ## Facts
//!
//! Elixir's `release.init.ex`: `RELEASE_COOKIE:-$(cat releases/COOKIE)`, which `mix release` fills with 32 random bytes.

use super::{COOKIE, Secret, cookie_unread, is_left_to_the_image};
use crate::name::boot::LIVEBOOK_COOKIE;
use crate::name::launcher::Program;
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 602,
    slug: "cookie-missing",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "no RELEASE_COOKIE: each build of the image has its own",
    source: include_str!("cookie_missing.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.leavesCookie &&
                    !variables.names.exists(n, n in variables.unreadCookies)",
        certain: false,
        says: "RELEASE_COOKIE is not set: each build of the image has a cookie of its own; at run time: `Connection \
               attempt from node ... rejected`; fix: give it a cookie out of a Secret",
    }],
    "VMs that are started by hand; with any `envFrom`, everything",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(naming), Some(container)) = (&trace.naming, trace.container) else { return };
    let is_known = !matches!(naming.launch.program, Program::Foreign(_) | Program::Relx(_)) && !trace.is_relx();
    if !is_known || !is_left_to_the_image(trace) || cookie_unread::unread(trace).is_some() {
        return;
    }
    if naming.release.as_ref().is_some_and(|release| release.cookie.is_some()) {
        return; // every build has the same
    }
    let is_vm = matches!(naming.launch.program, Program::Vm(_));
    let message = match is_vm {
        true => "no cookie is given: the VM makes one up in every container".to_owned(),
        false => format!("{COOKIE} is not set: each build of the image has a cookie of its own"),
    };
    let finding = found.suspect(&RULE, message);
    let variable = if naming.is_livebook() { LIVEBOOK_COOKIE } else { COOKIE };
    finding.label(container.at.key("env").of(trace.object.id).at_key(), format!("no {variable} here"));
    finding.symptom(Symptom::CookieRejected);
    if is_vm {
        let what = if naming.is_livebook() { LIVEBOOK_COOKIE } else { "--cookie" };
        finding.fix(Safety::Unsafe, format!("give it `{what}` out of a Secret"));
        return;
    }
    let secret = Secret::of(trace);
    finding
        .note("unless the release fixes it with `cookie:` in `mix.exs`")
        .fix(Safety::Unsafe, "give it a cookie out of a Secret")
        .besides(secret.command(trace));
    let add = |trace: &Trace<'_>| Some(EnvList::of(trace)?.add_secret(COOKIE, secret.reference()));
    finding.changes(secret.changes(trace, add).unwrap_or_default());
}
