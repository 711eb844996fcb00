//! # name-mismatch (BG301)
//!
//! A peer builds a node's name from what it discovered and dials it; the node has the name that it was given at boot. If the
//! two differ in one character, the connection is refused, and neither side says why.
//!
//! ## At run time
//!
//! `unable to connect to` the name that is dialled, every five seconds, and `Node.list()` stays empty. The node says it of
//! *its own* expected name too: that is how one recognises it.
//!
//! ## Example
//!
//! `Kubernetes` in `ip` mode dials `cart@10.42.1.7`, and the node calls itself `cart@cart-0.cart.shop.svc.cluster.local`:
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: Kubernetes
//! annotations:
//!   beamgate.dev/mode: ip
//! # ...
//!         env:
//!           - name: RELEASE_NODE
//!             value: cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local
//! ```
//!
//! ## Fix
//!
//! Name the node as it is dialled, or choose the mode that dials its name:
//!
//! ```yaml
//!           - name: RELEASE_NODE
//!             value: cart@$(MY_POD_IP)
//! ```
//!
//! ## Facts
//!
//! OTP 25.2.3, `dist_util.erl`, `recv_challenge_new/2`: the acceptor's name must be the dialled one. The formulas are those of
//! libcluster 3.5.0. Failure catalogue 11, 12, 14, 41, 59.

use super::wrong_cluster_domain;
use crate::name::template::{Part, Sym, Template};
use crate::rules::finding::{Effect, Finding, Findings, Names, Safety, Severity};
use crate::rules::{Check, Rule};
use crate::symptom::Symptom;
use crate::trace::{Agreement, Trace};
use crate::world::declared::Key;

pub(super) static RULE: Rule = Rule {
    code: 301,
    slug: "name-mismatch",
    severity: Severity::Error,
    effect: Effect::Breaks,
    summary: "peers dial one name, this node has another",
    source: include_str!("name_mismatch.rs"),
    check: Check::Trace(check),
};

/// Rules that say why a name is not what somebody meant, or why the answer has no host name.
const SAID_BY: [u16; 11] = [105, 106, 107, 108, 109, 112, 115, 202, 212, 213, 210];

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Agreement::Differs(dialled, own, common) = trace.agreement() else { return };
    if found.has(&SAID_BY) || wrong_cluster_domain::domain(trace).is_some() {
        return;
    }
    let (dialled_text, own_text) = (trace.identity.show(dialled), trace.identity.show(own));
    let finding = found.refute(&RULE, format!("peers dial `{dialled_text}`; this node is `{own_text}`"));
    label_own(trace, finding);
    label_dialled(trace, dialled, own, finding);
    finding.names = Some(Names { dialled: dialled_text.clone(), own: own_text, common });
    finding.symptom(Symptom::UnableToConnect(dialled_text));
    match in_an_env_value(dialled) {
        Some(value) => finding
            .fix(Safety::Safe, "name the node as it is dialled")
            .snippet(format!("- name: RELEASE_NODE\n  value: {value}")),
        None => finding.fix(
            Safety::Unsafe,
            "name the node as it is dialled (the image must do it), or use a mode that dials its name",
        ),
    };
}

fn label_own(trace: &Trace<'_>, finding: &mut Finding) {
    if let Some((_, at)) = trace.naming.as_ref().and_then(|naming| naming.written()) {
        finding.label(at, "the node's own name");
    }
}

/// Points at what decides the first part that differs: the basename, or the strategy and its mode.
fn label_dialled(trace: &Trace<'_>, dialled: &Template, own: &Template, finding: &mut Finding) {
    let base = |name: &Template| name.split_once('@').map(|(base, _)| trace.identity.show(&base));
    if base(dialled) != base(own)
        && let Some(basename) = trace.key(Key::Basename)
    {
        finding.label(basename.at.clone(), "the basename that peers dial");
        return;
    }
    if let Some(mode) = trace.key(Key::Mode) {
        finding.label(mode.at.clone(), "decides what peers dial");
    } else if let Some(declared) = &trace.declared {
        finding.label(declared.strategy.at.clone(), "decides what peers dial");
    }
}

/// The name as `value` of an environment variable, where `$(VAR)` can say it: dots do not become dashes there.
fn in_an_env_value(name: &Template) -> Option<String> {
    let part = |part: &Part| {
        Some(match part {
            Part::Lit(text) => text.clone(),
            Part::Sym(Sym::PodIp) => "$(MY_POD_IP)".to_owned(),
            Part::Sym(Sym::PodName | Sym::Hostname) => "$(MY_POD_NAME)".to_owned(),
            Part::Sym(Sym::Namespace) => "$(MY_POD_NAMESPACE)".to_owned(),
            _ => return None,
        })
    };
    name.pieces().iter().map(|piece| part(&piece.part)).collect()
}
