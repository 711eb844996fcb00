//! # rename-mid-rollout (BG703)
//!
//! This update gives every node another name. A rollout replaces the pods one after another, and while it lasts the old
//! nodes dial the old kind of name and the new ones the new kind: two clusters, each with its own singletons, its own
//! registry and its own half of the sessions.
//!
//! ## At run time
//!
//! Both halves log `unable to connect to :"cart@10.42.1.49"` about the pods of the other one. It ends with the rollout;
//! where that stops half-way, it stays.
//!
//! ## Example
//!
//! ```yaml
//! # before
//!           - name: RELEASE_NODE
//!             value: cart@$(MY_POD_IP)
//! # after, with `beamgate.dev/mode: hostname`
//!           - name: RELEASE_NODE
//!             value: cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local
//! ```
//!
//! ## Fix
//!
//! Apply it when two clusters do no harm for as long as the rollout takes, or stop the old nodes first (`strategy: {type:
//! Recreate}`, or `replicas: 0` before it). The change itself is not wrong, so this is a warning, and only the admission
//! webhook gives it: a file shows no change.
//!
//! It is silent where there is nothing to split: one replica, `Recreate`, or nodes that did not find each other before.
//!
//! ## Facts
//!
//! OTP 25.2.3, `dist_util.erl`, `recv_challenge_new/2`: a node refuses to be called by another name than its own.
//!
//! Not proven here: It is about two manifests, one after the other; what each half logs is proven with BG301.

use crate::discovery::Dialled;
use crate::name::boot::Boot;
use crate::name::same::Same;
use crate::rules::change::{Affected, Change, Edit};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::{Agreement, Trace};
use crate::world::workload::WorkloadKind;

pub(super) static RULE: Rule = Rule {
    code: 703,
    slug: "rename-mid-rollout",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Person("when the change is applied"),
    summary: "an update renames every node: two clusters until it is rolled out",
    source: include_str!("rename_mid_rollout.rs"),
    check: Check::Change(check),
    cel: Cel::Not("it needs the name solver, for the old name and the new one"),
};

fn check(change: &Change<'_>, found: &mut Findings) {
    let (Edit::Alter, Some(Affected { before, after })) = (change.edit, change.affected.first()) else { return };
    if change.object.workload().is_none() || !is_rolled_out(before) || !is_rolled_out(after) {
        return;
    }
    let (Some(Boot::Named(old)), Some(Boot::Named(new))) = (before.boot(), after.boot()) else { return };
    // Whoever announces its name is found whatever that is.
    let is_made = before.dialled() == Dialled::Made;
    let found_each_other = is_made && matches!(before.agreement(), Agreement::Same);
    if !found_each_other || !matches!(after.identity.same(old, new), Same::No { .. }) {
        return;
    }
    let (old, new) = (before.identity.show(old), after.identity.show(new));
    let message = format!("this renames every node, from `{old}` to `{new}`: two clusters until it is rolled out");
    let finding = found.refute(&RULE, message);
    if let Some((_, at)) = after.naming.as_ref().and_then(|naming| naming.written()) {
        finding.label(at, "the new name");
    }
    finding
        .symptom(Symptom::UnableToConnect(before.first_dialled().unwrap_or_default()))
        .fix(Safety::Unsafe, "apply it when two clusters do no harm, or stop the old nodes first");
}

/// Whether old and new pods of it run beside each other.
fn is_rolled_out(trace: &Trace<'_>) -> bool {
    let gradual = !matches!(trace.workload.kind, WorkloadKind::Pod | WorkloadKind::Job) && !trace.workload.recreates;
    gradual && trace.replicas().is_none_or(|count| count > 1)
}
