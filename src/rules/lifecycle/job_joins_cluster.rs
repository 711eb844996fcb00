//! # job-joins-cluster (BG701)
//!
//! A Job that starts the release under a clustering name is one more node: it joins, takes over its share of processes and
//! singletons, and is gone again when it is done. Migrations and seeds want `eval`, which runs without distribution.
//!
//! ## At run time
//!
//! The Job's pod appears in `Node.list()` of all nodes, and disappears. Processes that were handed over to it die with it.
//!
//! ## Example
//!
//! ```yaml
//! kind: Job
//! spec:
//!   template:
//!     metadata:
//!       labels:
//!         beamgate.dev/strategy: Kubernetes.DNS
//!     spec:
//!       containers:
//!         - name: cart
//!           command: ["/app/bin/cart", "start"]
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!           command: ["/app/bin/cart", "eval", "Cart.Release.seed()"]
//! ```
//!
//! or take the label and the name away. Where a Job is meant to be a node of the cluster, ignore this with a reason. A Job that
//! declares no strategy is not looked at.
//!
//! ## Facts
//!
//! Elixir's `release.init.ex`: `eval` starts no distribution, whatever the environment says.

use crate::name::boot::Boot;
use crate::name::launcher::{Program, Verb};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::workload::WorkloadKind;

pub(super) static RULE: Rule = Rule {
    code: 701,
    slug: "job-joins-cluster",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Person("what the Job is to run"),
    summary: "a Job starts a node of the cluster",
    source: include_str!("job_joins_cluster.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.kind in ['Job', 'CronJob'] && variables.distribution in ['', 'name'] &&
                    variables.name.matches('^[A-Za-z0-9_-]+@[^@?]+$')",
        certain: false,
        says: "this {variables.kind} starts the node `{variables.releaseNode}`: its pod joins Node.list() of all \
               nodes, and is gone when it is done; fix: run a function with eval, without distribution",
    }],
    "updates, commands that are not plainly a release's, and names that the image makes",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(declared), Some(naming)) = (&trace.declared, &trace.naming) else { return };
    if trace.workload.kind != WorkloadKind::Job {
        return;
    }
    let Boot::Named(name) = &naming.boot else { return };
    let message = format!("{} starts the node `{}`", trace.object.title(), trace.identity.show(name));
    let finding = match naming.launch.program {
        Program::Release(Verb::Start) | Program::Vm(_) => found.refute(&RULE, message),
        // The image's own entry point is presumed to start a release.
        Program::Image => found.suspect(&RULE, message),
        _ => return,
    };
    finding.label(naming.launch.at.clone(), "starts a whole node");
    if let Some((_, at)) = naming.written() {
        finding.label(at, "a name that peers can dial");
    }
    finding
        .label(declared.strategy.at.clone(), "and it looks for its peers")
        .symptom(Symptom::Seen(
            "the Job's pod joins `Node.list()` of all nodes, and is gone again when it is done".to_owned(),
        ))
        .fix(Safety::Unsafe, "run a function without distribution")
        .snippet("command: [\"/app/bin/<release>\", \"eval\", \"MyApp.Release.migrate()\"]");
}
