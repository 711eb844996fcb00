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
//! libcluster 3.5.0.

use super::{decides_dialled, wrong_cluster_domain};
use crate::fix::change::Change;
use crate::name::env::Var;
use crate::name::same::Same;
use crate::name::spelling;
use crate::name::template::{Sym, Template};
use crate::rules::env;
use crate::rules::finding::{Effect, Finding, Findings, Names, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::{Agreement, Trace};

pub(super) static RULE: Rule = Rule {
    code: 301,
    slug: "name-mismatch",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "peers dial one name, this node has another",
    source: include_str!("name_mismatch.rs"),
    check: Check::Ways(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[
        Condition {
            holds: r"variables.dialsAddresses && variables.distribution in ['', 'name'] &&
                    !variables.basename.matches('[^A-Za-z0-9_-]') &&
                    !variables.onHost &&
                    variables.name.matches(r'^[A-Za-z0-9_-]+@(\{hostIP\}|\{(podName|nodeName)\}(\.([A-Za-z0-9_-]|\{namespace\})+)+)$') &&
                    variables.isSettled",
            certain: true,
            says: "peers dial <basename>@<address of the pod>, and RELEASE_NODE is `{variables.releaseNode}`; at run \
                   time: `unable to connect to` each peer, every five seconds; fix: make it <basename>@$(MY_POD_IP), \
                   with MY_POD_IP bound to status.podIP above it",
        },
        Condition {
            holds: r"variables.dialsAddresses && variables.strategy != 'DNSCluster' &&
                    variables.distribution in ['', 'name'] &&
                    variables.basename.matches('^[A-Za-z0-9_-]+$') &&
                    variables.name.matches(r'^[A-Za-z0-9_-]+@\{podIP\}$') &&
                    variables.name != variables.basename + '@{podIP}' &&
                    variables.isSettled",
            certain: true,
            says: "peers dial `{variables.basename}@<address of the pod>`, as `beamgate.dev/basename` says, and \
                   RELEASE_NODE is `{variables.releaseNode}`; at run time: `unable to connect to` each peer, every \
                   five seconds; fix: use one basename",
        },
        Condition {
            holds: r"variables.kind == 'StatefulSet' && variables.service.matches('^[a-z0-9-]+$') &&
                    variables.subdomain == variables.service &&
                    variables.dialsHostnames && variables.distribution in ['', 'name'] &&
                    variables.domain.matches(r'^[a-z0-9][a-z0-9.-]*\.local$') &&
                    variables.basename.matches('^[A-Za-z0-9_-]+$') &&
                    variables.name.matches(r'^[A-Za-z0-9_-]+@\{podIP\}$') &&
                    variables.isSettled",
            certain: true,
            says: "peers dial `{variables.basename}@<pod>.{variables.service}.<namespace>.svc...`, and RELEASE_NODE \
                   is `{variables.releaseNode}`; at run time: `unable to connect to` each peer, every five seconds; \
                   fix: make it \
                   {variables.basename}@$(MY_POD_NAME).{variables.service}.$(MY_POD_NAMESPACE).svc.{variables.clusterDomain}",
        },
        Condition {
            holds: r"variables.strategy == 'Kubernetes' && variables.mode.matches('^:*dns$') &&
                    variables.domain.matches(r'^[a-z0-9][a-z0-9.-]*\.local$') &&
                    variables.distribution in ['', 'name'] && variables.basename.matches('^[A-Za-z0-9_-]+$') &&
                    variables.name.matches(r'^[A-Za-z0-9_-]+@\{podIP\}$') &&
                    variables.isSettled",
            certain: true,
            says: "mode dns dials the address with dashes, `{variables.basename}@10-42-1-7.<namespace>.pod...`, and \
                   RELEASE_NODE is `{variables.releaseNode}`; at run time: `unable to connect to` each peer, every \
                   five seconds; fix: use mode: ip, or name the node in rel/env.sh",
        },
    ],
    "every name that has to be solved: of several levels of variables, of flags, scripts, other fields, or a host name that is spelt out; and where anything else has a dollar sign, or the pod has a host name of its own",
);

/// Rules that say why a name is not what somebody meant, or why the answer has no host name.
const SAID_BY: [u16; 14] = [103, 105, 106, 107, 108, 109, 110, 112, 115, 201, 202, 212, 213, 210];

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Agreement::Differs(dialled, own, common) = trace.agreement() else { return };
    // A further topology that finds the pods of others alone is BG305's.
    if trace.is_further() && !trace.finds_itself() {
        return;
    }
    if found.explains(&SAID_BY) || wrong_cluster_domain::domain(trace).is_some() {
        return;
    }
    let (dialled_text, own_text) = (trace.identity.show(dialled), trace.identity.show(own));
    let finding = found.refute(&RULE, format!("peers dial `{dialled_text}`; this node is `{own_text}`"));
    label_own(trace, finding);
    label_dialled(trace, dialled, own, finding);
    finding.names = Some(Names { dialled: dialled_text, own: own_text, common });
    finding.symptom(Symptom::UnableToConnect(trace.identity.example(dialled)));
    match wrong_binding(trace, dialled, own) {
        Some((var, field)) => {
            let title = format!("bind `{}` to `{field}`", var.name);
            finding.label(var.at.clone(), "not what peers dial").fix(Safety::Safe, title);
            finding.changes([Change::set(var.at.clone(), field)]);
        }
        None => fix_name(trace, dialled, finding),
    }
}

/// A variable in the name that is bound to the wrong field: with the right one the names would be the same.
fn wrong_binding<'t>(trace: &'t Trace<'_>, dialled: &Template, own: &Template) -> Option<(&'t Var, &'static str)> {
    let bound = trace.env.vars().iter().filter(|var| var.index.is_some());
    bound.filter_map(|var| Some((var, only_sym(&var.value)?))).find_map(|(var, sym)| {
        dialled.syms().filter(|wanted| *wanted != sym).find_map(|wanted| {
            let mended = own.replace(|found| (found == sym).then(|| Template::sym(wanted, &var.at)));
            let agrees = trace.identity.same(dialled, &mended) == Same::Yes;
            agrees.then(|| spelling::field(wanted)).flatten().map(|field| (var, field))
        })
    })
}

fn only_sym(value: &Template) -> Option<Sym> {
    value.syms().next().filter(|sym| spelling::is_only(value, *sym))
}

fn fix_name(trace: &Trace<'_>, dialled: &Template, finding: &mut Finding) {
    let title = "name the node as it is dialled";
    if let Some(changes) = env::name_node(trace, dialled) {
        finding.fix(Safety::Safe, title).changes(changes);
    } else if !env::export_name(trace, dialled, title, finding) {
        finding
            .fix(
                Safety::Unsafe,
                "let the image name the node as it is dialled, or use a mode that dials the name that it has",
            )
            .unwritten("no variable of these manifests decides that name, or can say it");
    }
}

fn label_own(trace: &Trace<'_>, finding: &mut Finding) {
    if let Some((_, at)) = trace.naming.as_ref().and_then(|naming| naming.written()) {
        finding.label(at, "the node's own name");
    }
}

fn label_dialled(trace: &Trace<'_>, dialled: &Template, own: &Template, finding: &mut Finding) {
    if let Some((at, text)) = decides_dialled(trace, dialled, own) {
        finding.label(at, text);
    }
}
