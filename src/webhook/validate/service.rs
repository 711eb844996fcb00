//! Services: answered at once, unless a known workload depends on them; and never denied.

use super::{Asked, say};
use crate::cluster::known::Known;
use crate::place::ObjectId;
use crate::policy::admission::Enforce;
use crate::rules::change::{Affected, Change, Edit, judge_change};
use crate::rules::finding::{Finding, Severity};
use crate::trace::Trace;
use crate::webhook::review::{Answer, Counted, Operation, Outcome, Request};
use crate::world::World;
use crate::world::facts::Facts;
use crate::world::node::Node;
use crate::world::object::Object;

/// How many workloads are judged for one Service; one that is asked for by more is in use, and that is said of these.
const JUDGED: usize = 32;

/// Warns of what the Service takes from the workloads that run.
pub(super) fn answer<L>(
    request: &Request<'_>,
    before: Option<&Node<'_>>,
    after: Option<&Node<'_>>,
    asked: &Asked<'_, L>,
) -> Answer {
    let read = |node: Option<&Node<'_>>| {
        let mut object = Object::read(node?, "", &[]).ok()?;
        object.namespace = request.namespace().map(str::to_owned);
        Some(object)
    };
    let after = read(after).filter(|_| request.operation != Operation::Delete);
    let before = read(before);
    let mut dependents = dependents(asked.known, [&before, &after]);
    dependents.truncate(JUDGED);
    if dependents.is_empty() || is_off(request, asked) {
        return Answer::default();
    }
    let found = judge(&dependents, before.as_ref(), after.as_ref(), asked);
    told(found, asked)
}

/// The workloads that ask for it as it was or as it will be.
fn dependents(known: &Known, services: [&Option<Object>; 2]) -> Vec<Object> {
    let mut found: Vec<Object> = services.into_iter().flatten().flat_map(|service| known.dependents(service)).collect();
    let place = |object: &Object| (object.kind.clone(), object.namespace.clone(), object.name.clone());
    found.sort_by_key(place);
    found.dedup_by_key(|object| place(object));
    found
}

/// Where the label is not known, it is said all the same: it is only a warning.
fn is_off<L>(request: &Request<'_>, asked: &Asked<'_, L>) -> bool {
    let label = request.namespace().and_then(|namespace| asked.known.enforce(namespace)).flatten();
    label.unwrap_or(asked.settings.policy.config.webhook.enforce) == Enforce::Off
}

fn judge<L>(
    dependents: &[Object],
    before: Option<&Object>,
    after: Option<&Object>,
    asked: &Asked<'_, L>,
) -> Vec<Finding> {
    let facts = &asked.settings.facts;
    let (Some(object), edit) = (match (before, after) {
        (Some(before), None) => (Some(before), Edit::Remove),
        (Some(_), Some(after)) => (Some(after), Edit::Alter),
        (None, after) => (after, Edit::Make),
    }) else {
        return Vec::new();
    };
    let around: Vec<Vec<Object>> = dependents.iter().map(|workload| around(workload, object, asked)).collect();
    let world = |service: Option<&Object>| world_of(service, dependents, &around, facts);
    let (was, will_be) = (world(before), world(after));
    let traces: Vec<_> = dependents
        .iter()
        .filter_map(|workload| Some((trace_of(&was, workload)?, trace_of(&will_be, workload)?)))
        .collect();
    let affected: Vec<Affected<'_>> = traces.iter().map(|(before, after)| Affected { before, after }).collect();
    let shown = if edit == Edit::Remove { &was } else { &will_be };
    let Some(object) = shown.object(ObjectId(0)) else { return Vec::new() };
    judge_change(&Change { edit, object, affected: &affected })
}

/// What is known around a workload, without the Service that changes.
fn around<L>(workload: &Object, service: &Object, asked: &Asked<'_, L>) -> Vec<Object> {
    let alone = World::new(vec![workload.clone()], asked.settings.facts.clone());
    let trace = trace_of(&alone, workload);
    let mut found = trace.map(|trace| asked.known.around(&trace)).unwrap_or_default();
    found.retain(|object| !is_one(object, service));
    found
}

/// The Service first, where there is one; then the workloads; then what is around any of them.
fn world_of(service: Option<&Object>, dependents: &[Object], around: &[Vec<Object>], facts: &Facts) -> World {
    let mut objects: Vec<Object> = service.into_iter().chain(dependents).cloned().collect();
    for object in around.iter().flatten() {
        if !objects.iter().any(|known| is_one(known, object)) {
            objects.push(object.clone());
        }
    }
    World::new(objects, facts.clone())
}

fn trace_of<'w>(world: &'w World, workload: &Object) -> Option<Trace<'w>> {
    let (object, found) = world.workloads().find(|(object, _)| is_one(object, workload))?;
    Some(Trace::of(world, object, found))
}

fn is_one(one: &Object, other: &Object) -> bool {
    (&one.kind, &one.namespace, &one.name) == (&other.kind, &other.namespace, &other.name)
}

fn told<L>(found: Vec<Finding>, asked: &Asked<'_, L>) -> Answer {
    let config = &asked.settings.policy.config;
    let is_said = |finding: &&Finding| {
        config.severity(finding.rule, finding.severity).is_some_and(|severity| severity >= Severity::Warning)
    };
    let said: Vec<&Finding> = found.iter().filter(is_said).collect();
    let counted = |finding: &Finding, outcome| Counted { rule: finding.rule, outcome };
    Answer {
        warnings: say::warnings(said.iter().copied()),
        findings: said.iter().map(|finding| counted(finding, Outcome::Warned)).collect(),
        audit: if said.is_empty() {
            Vec::new()
        } else {
            vec![("warned", said.iter().map(|finding| finding.rule.id()).collect::<Vec<_>>().join(","))]
        },
        ..Answer::default()
    }
}
