//! # accidental-cluster (BG306)
//!
//! Two workloads will become one cluster, and what they say of themselves is that they are none: two instances of one app, parts
//! of two different ones, or the same app in two namespaces. Singletons then run once for both, and processes and messages
//! of one instance end up in the other.
//!
//! ## At run time
//!
//! Nothing is logged but `connected to`. `Node.list()` shows the nodes of both.
//!
//! ## Example
//!
//! Two releases of one chart in one namespace, of which the Service of the first selects the pods of both:
//!
//! ```yaml
//! kind: Service
//! spec:
//!   selector:
//!     app.kubernetes.io/name: cart
//! ---
//! kind: Deployment
//! spec:
//!   template:
//!     metadata:
//!       labels:
//!         app.kubernetes.io/name: cart
//!         app.kubernetes.io/instance: preview
//! ```
//!
//! ## Fix
//!
//! Let each find its own pods alone:
//!
//! ```yaml
//! spec:
//!   selector:
//!     app.kubernetes.io/name: cart
//!     app.kubernetes.io/instance: cart
//! ```
//!
//! If they are to be one cluster, say that they belong together: the same `app.kubernetes.io/part-of` on both. If they are in two
//! namespaces, ignore this with a reason.
//!
//! ## What it is silent about
//!
//! Nodes of others that a line of `beamgate.dev/topologies` looks for, and not for those of the workload itself: nobody writes that
//! by accident. And whatever is not said with labels that Kubernetes recommends, or by the namespace. A web and a worker that find
//! each other are usually meant to, and nothing tells them from two that are not. So of all accidents this rule knows three:
//!
//! - the same `app.kubernetes.io/name` and two `app.kubernetes.io/instance`, unless both have the same `part-of`;
//! - two `app.kubernetes.io/part-of`;
//! - one kind and name in two namespaces.
//!
//! `beamgate trace --clusters` shows all clusters, whoever is in them.
//!
//! ## Facts
//!
//! Kubernetes documentation, "Recommended Labels": `instance` is "a unique name identifying the instance of an application",
//! `part-of` "the name of a higher level application this one is part of". Who connects to one node is connected to all of
//! its cluster (Erlang reference manual, "Distributed Erlang").

use crate::discovery::Query;
use crate::membership::{Link, Sibling};
use crate::place::Loc;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule, so_it_is_with};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::cookie::SameCookie;
use crate::world::World;
use crate::world::object::value_of;

pub(super) static RULE: Rule = Rule {
    code: 306,
    slug: "accidental-cluster",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Person("whether they are to be one cluster"),
    summary: "two workloads that do not belong together become one cluster",
    source: include_str!("accidental_cluster.rs"),
    check: Check::Siblings(check),
    cel: Cel::Not("it depends on other workloads"),
};

/// The labels with which workloads say what they are.
const NAME: &str = "app.kubernetes.io/name";
const INSTANCE: &str = "app.kubernetes.io/instance";
const PART_OF: &str = "app.kubernetes.io/part-of";

fn check(trace: &Trace<'_>, siblings: &[Sibling<'_>], found: &mut Findings) {
    let is_accident = |sibling: &&Sibling<'_>| !sibling.links().any(|link| link.meant);
    let joined = siblings.iter().filter(|sibling| sibling.links().any(Link::joins)).filter(is_accident);
    let mut strangers = joined.filter_map(|sibling| Some((sibling, strangeness(trace, &sibling.trace)?)));
    let Some((sibling, why)) = strangers.next() else { return };
    let message =
        format!("{} and {} become one cluster: they are {why}", trace.object.title(), sibling.trace.object.title());
    let finding = match sibling.link.cookies {
        SameCookie::Yes => found.refute(&RULE, message),
        _ => found.suspect(&RULE, message).note("unless their cookies differ, which is not known"),
    };
    if let Some(at) = shows(trace, &sibling.trace) {
        finding.label(at, "finds the pods of both");
    }
    finding
        .label(trace.at_labels(), "the labels of these pods")
        .label(sibling.trace.at_labels(), "and of those")
        .symptom(Symptom::Seen("`Node.list()` shows the nodes of both".to_owned()))
        .fix(Safety::Unsafe, "let each find its own pods alone");
    so_it_is_with(strangers.map(|(sibling, _)| sibling), finding);
}

/// What shows that two workloads are not one app.
fn strangeness(one: &Trace<'_>, other: &Trace<'_>) -> Option<String> {
    let (here, there) = (one.object.namespace.as_deref()?, other.object.namespace.as_deref()?);
    if here != there {
        let is_copy = (&one.object.kind, &one.object.name) == (&other.object.kind, &other.object.name);
        return is_copy.then(|| format!("one app in the namespaces `{here}` and `{there}`"));
    }
    let said = |key| Some((label(one, key)?, label(other, key)?));
    match said(PART_OF) {
        Some((ours, theirs)) if ours == theirs => return None,
        Some((ours, theirs)) => return Some(format!("parts of `{ours}` and of `{theirs}`")),
        None => {}
    }
    let (name, same) = said(NAME)?;
    let (ours, theirs) = said(INSTANCE)?;
    (name == same && ours != theirs).then(|| format!("the instances `{ours}` and `{theirs}` of `{name}`"))
}

/// What a label says of a workload: its pods' own, or the object's.
fn label<'t>(trace: &'t Trace<'_>, key: &str) -> Option<&'t str> {
    value_of(&trace.pod.labels, key).or_else(|| value_of(&trace.object.labels, key))
}

/// What finds the pods of both: the selector of the Service that is asked for by name, or the labels that are asked for.
fn shows(trace: &Trace<'_>, other: &Trace<'_>) -> Option<Loc> {
    let selects = || {
        let mut answers = trace.answers.iter().map(|member| member.object);
        answers.find(|service| World::may_select(service, other.object))
    };
    let by_name = matches!(trace.query, Query::Service(..)).then(selects).flatten();
    by_name.map(|service| service.at(&["spec", "selector"])).or_else(|| trace.at_query().cloned())
}
