//! # selector-catches-jobs (BG211)
//!
//! The app lists `pods` by label, and the pods of a Job carry the label, too. libcluster dials every pod that has an address, and
//! a pod that is done keeps its own in its status until it is deleted.
//!
//! ## At run time
//!
//! `unable to connect to :"cart@10.42.1.9"`, every five seconds, for as long as the Job's pod is there; and once the address is
//! given to another pod, that one is dialled twice.
//!
//! ## Example
//!
//! ```yaml
//! kind: Job
//! spec:
//!   template:
//!     metadata:
//!       labels:
//!         app.kubernetes.io/name: cart
//! # ...
//!         beamgate.dev/lookup: pods
//!         beamgate.dev/selector: app.kubernetes.io/name=cart
//! ```
//!
//! ## Fix
//!
//! Give the Job's pods a label of their own, or ask for one that they do not have:
//!
//! ```yaml
//! kind: Job
//! spec:
//!   template:
//!     metadata:
//!       labels:
//!         app.kubernetes.io/name: cart-migrate
//! ```
//!
//! A Service does not show pods that are done, so this is silent where the app lists `endpoints`.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/kubernetes.ex`, `parse_response/2`: a pod needs a `podIP`, whatever its phase.

use crate::discovery::Resource;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::workload::WorkloadKind;

pub(super) static RULE: Rule = Rule {
    code: 211,
    slug: "selector-catches-jobs",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Person("which label tells the nodes from the Job's pods"),
    summary: "the labels also catch the pods of a Job",
    source: include_str!("selector_catches_jobs.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on other workloads"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(query) = trace.label_query().filter(|query| query.on == Resource::Pods) else { return };
    for object in trace.answers.iter().filter(|member| !member.shows_us).map(|member| member.object) {
        let Some(job) = object.workload().filter(|workload| workload.kind == WorkloadKind::Job) else { continue };
        found
            .refute(&RULE, format!("`{}` also matches the pods of {}", query.selector, object.title()))
            .label(job.template.base.key("metadata").key("labels").of(object.id), "carries the label, too")
            .label(query.at.clone(), "finds it")
            .symptom(Symptom::Seen(format!(
                "`unable to connect to :\"{}\"`, every five seconds, about a pod that is done",
                trace.first_dialled().unwrap_or_default()
            )))
            .fix(Safety::Unsafe, "give the Job's pods a label of their own, or ask for one that they do not have");
    }
}
