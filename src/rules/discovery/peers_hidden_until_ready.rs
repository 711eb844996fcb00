//! # peers-hidden-until-ready (BG214)
//!
//! A Service shows pods that are ready, and these are not ready until they see a peer. Nobody is shown, so nobody is found, and
//! nobody gets ready.
//!
//! ## At run time
//!
//! The pods run and are never ready. With the DNS strategies `lookup against cart failed: :nxdomain`, every five seconds; what lists
//! endpoints logs nothing; and host names that nobody resolves are `unable to connect to`. `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! spec:
//!   clusterIP: None
//! # ...
//!         readinessProbe:
//!           exec:
//!             command: ["/app/bin/cart", "rpc", "if Node.list() == [], do: exit(:alone)"]
//! ```
//!
//! ## Fix
//!
//! Have the Service that is there for clustering show its pods whether they are ready or not:
//!
//! ```yaml
//! kind: Service
//! spec:
//!   clusterIP: None
//!   publishNotReadyAddresses: true
//! ```
//!
//! Keep that Service for clustering: what it shows to others may not be ready to serve them. Or let the probe ask for something
//! that a node can have by itself, or let the app list `pods`, which shows them all.
//!
//! Only a command that asks for the nodes (`Node.list`, `nodes()`) is known to need peers. What an HTTP endpoint asks for is not
//! written here, so nothing is said of one.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/controller/endpoint/endpoints_controller.go`; CoreDNS takes what it answers from there. libcluster 3.5.0
//! reads `addresses`, never `notReadyAddresses`.

use super::asks_for_peers;
use crate::discovery::{Query, Resource};
use crate::fix::change::Change;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::object::Object;
use crate::world::service::Service;

pub(super) static RULE: Rule = Rule {
    code: 214,
    slug: "peers-hidden-until-ready",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "pods are ready when they see a peer, and are shown when they are ready",
    source: include_str!("peers_hidden_until_ready.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on the Service that shows the pods"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(probe) = asks_for_peers(trace) else { return };
    let shown = shown_in(trace);
    let publishes = |object: &&Object| object.service().is_some_and(|service| service.publishes_unready);
    let Some(first) = shown.first().filter(|_| !shown.iter().any(publishes)) else { return };
    let finding = found.suspect(
        &RULE,
        format!("these pods are ready when they see a peer, and {} hides them until then", first.title()),
    );
    finding
        .label(probe.at.clone().of(trace.object.id), format!("the `{}` needs peers", probe.occasion.name()))
        .label(first.at(&["spec"]), "shows pods that are ready")
        .symptom(match &trace.query {
            Query::Service(asked, _) => trace.nothing_found(asked),
            Query::Labels(query) if query.on == Resource::Pods => {
                Symptom::UnableToConnect(trace.first_dialled().unwrap_or_default())
            }
            _ => Symptom::Silence,
        })
        .fix(Safety::Safe, "show the pods whether they are ready or not");
    // One that others are served by must not show them.
    if first.service().is_some_and(Service::is_headless) {
        finding.changes([Change::set(first.at(&["spec", "publishNotReadyAddresses"]), true)]);
    }
}

/// The Services without which the peers do not find these pods, or do not resolve their names.
fn shown_in<'w>(trace: &Trace<'w>) -> Vec<&'w Object> {
    let found = match (&trace.query, trace.asked_service()) {
        (Query::Labels(_), Some(named)) => trace.services(named),
        _ => trace.answers.iter().filter(|member| member.shows_us).map(|member| member.object).collect(),
    };
    found.into_iter().filter(|object| object.service().is_some_and(|service| !service.is_alias())).collect()
}
