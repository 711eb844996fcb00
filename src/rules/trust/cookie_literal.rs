//! # cookie-literal (BG601)
//!
//! The cookie is all that stands between a node and whoever reaches its port: who has it runs any code there. Written into a
//! manifest it is in Git, in the CI's logs and in every `kubectl get deployment -o yaml`.
//!
//! ## At run time
//!
//! Nothing: the nodes form a cluster. `kubectl get deployment -o yaml` shows the cookie to everybody who may read Deployments.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: RELEASE_COOKIE
//!     value: Qm7rXw2LkT9sVb4Z
//! ```
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
//! Change the cookie, too: it stays in the history. beamgate itself shows no cookies. One out of a ConfigMap is as public; a
//! reference to a variable that comes out of a Secret is fine. The same is said of one that the release fixes with `cookie:` in
//! `mix.exs`, where that is read and the pod gives no other.
//!
//! ## Facts
//!
//! Whoever has the cookie may run code on every node (Erlang reference manual, "Distributed Erlang").
//!
//! Not proven here: Nothing fails: the cookie lies open.

use super::{COOKIE, MIX, Secret, Written, cookie_well_known, written};
use crate::fix::change::{Change, Tree};
use crate::name::boot::{LIVEBOOK_COOKIE, VM_ARGS};
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 601,
    slug: "cookie-literal",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the cookie is in the manifest",
    source: include_str!("cookie_literal.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.startsRelease && variables.cookie.matches('^[^?${<]+$') &&
                    !variables.name.contains('?') &&
                    !(variables.plainCookie in variables.guessable + [variables.plainBasename])",
        certain: true,
        says: "the cookie is in the manifest, as text in RELEASE_COOKIE: everybody who reads it can run code on the \
               nodes; fix: put a new cookie into a Secret",
    }],
    "cookies in the VM's flags, in ConfigMaps and in scripts; and where the name has to be solved",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    for cookie in written(trace) {
        // A `${COOKIE}` that nobody expands is BG106's.
        if cookie_well_known::is_one(trace, &cookie) || cookie.text.contains('$') && found.has(&[106]) {
            continue;
        }
        let file = match cookie.at.object.as_text() {
            Some(_) if cookie.what == VM_ARGS => "the image",
            Some(_) if cookie.what == MIX => "the repository",
            Some(_) => "`rel/env.sh`",
            None => "the manifest",
        };
        let message = format!("the cookie is in {file}, as text in {}", cookie.what);
        let finding = cookie.found(found, &RULE, message);
        finding.label(cookie.at.clone(), "everybody who reads this can run code on the nodes");
        if cookie.what != VM_ARGS && cookie.what != MIX {
            finding.symptom(Symptom::Seen("`kubectl get -o yaml` shows the cookie".to_owned()));
        }
        put_into_a_secret(trace, &cookie, finding);
    }
}

/// The fix for every cookie that can be read.
pub(super) fn put_into_a_secret(trace: &Trace<'_>, cookie: &Written, finding: &mut Finding) {
    let secret = Secret::of(trace);
    finding.fix(Safety::Unsafe, "put a new cookie into a Secret").besides(secret.command(trace));
    let at = &cookie.at;
    // The start script of relx reads no RELEASE_COOKIE.
    if cookie.what == VM_ARGS {
        finding.note("relx replaces `${COOKIE}` in vm.args.src, and in vm.args where RELX_REPLACE_OS_VARS is set");
        finding.snippet("-setcookie ${COOKIE}");
        return;
    }
    if cookie.what == MIX {
        finding.note("take it out of `mix.exs`, too");
        let add = |trace: &Trace<'_>| Some(EnvList::of(trace)?.add_secret(COOKIE, secret.reference()));
        finding.changes(secret.changes(trace, add).unwrap_or_default());
        return;
    }
    let from = Tree::map([("secretKeyRef", secret.reference())]);
    let variable = if cookie.what == LIVEBOOK_COOKIE { LIVEBOOK_COOKIE } else { COOKIE };
    let is_here = trace.env.get(variable).is_some_and(|var| var.at == *at);
    let swap = |trace: &Trace<'_>| {
        let var = trace.env.get(variable).filter(|var| var.index.is_some() && var.at.object == trace.object.id)?;
        Some(Change::Swap { at: var.at.clone(), key: "valueFrom".into(), value: Some(from.clone()) })
    };
    match secret.changes(trace, swap).filter(|_| is_here) {
        Some(changes) => finding.changes(changes),
        None => finding.unwritten("others may read it there, or it is among other flags").snippet(format!(
            "- name: {variable}\n  valueFrom:\n    secretKeyRef:\n      name: {}\n      key: cookie",
            secret.name
        )),
    };
}
