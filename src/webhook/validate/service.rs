//! Services: answered at once, unless a known workload depends on them; and never denied.

use super::judgement::{Ruling, Versions};
use super::{Asked, Circumstances, Decided, is_ignored, say};
use crate::cluster::known::Known;
use crate::place::ObjectId;
use crate::policy::admission::Enforce;
use crate::policy::decide::{RestsOn, Subject};
use crate::policy::silence;
use crate::rules::change::{Affected, Change, Edit, judge_change};
use crate::rules::finding::Finding;
use crate::trace::Trace;
use crate::webhook::review::{Answer, Operation, Request};
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
    let enforce = enforce_of(request, asked);
    if enforce == Some(Enforce::Off) {
        return Answer::default();
    }
    let mut all = dependents(asked.known, [&before, &after]);
    let cut = all.len() > JUDGED;
    all.truncate(JUDGED);
    let case = Case { before: before.as_ref(), after: after.as_ref(), cut };
    told(request, asked, enforce, &case, &all)
}

/// A Service before and after, and whether more workloads depend on it than are judged.
struct Case<'s> {
    before: Option<&'s Object>,
    after: Option<&'s Object>,
    cut: bool,
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
fn enforce_of<L>(request: &Request<'_>, asked: &Asked<'_, L>) -> Option<Enforce> {
    let label = request.namespace().and_then(|namespace| asked.known.enforce(namespace)).flatten();
    Some(label.unwrap_or(asked.settings.policy.config.webhook.enforce))
}

/// The world that holds the Service, and what is found of it.
fn judge<L>(dependents: &[Object], case: &Case<'_>, asked: &Asked<'_, L>) -> Option<(World, Vec<Finding>)> {
    let facts = &asked.settings.facts;
    let (object, edit) = match (case.before, case.after) {
        (Some(before), None) => (before, Edit::Remove),
        (Some(_), Some(after)) => (after, Edit::Alter),
        (None, after) => (after?, Edit::Make),
    };
    let around: Vec<Vec<Object>> = dependents.iter().map(|workload| around(workload, object, asked)).collect();
    let world = |service: Option<&Object>| world_of(service, dependents, &around, facts);
    let (was, will_be) = (world(case.before), world(case.after));
    let found = {
        let pairs = dependents.iter().filter_map(|one| Some((trace_of(&was, one)?, trace_of(&will_be, one)?)));
        let traces: Vec<_> = pairs.collect();
        let affected: Vec<Affected<'_>> = traces.iter().map(|(before, after)| Affected { before, after }).collect();
        let shown = if edit == Edit::Remove { &was } else { &will_be };
        judge_change(&Change { edit, object: shown.object(ObjectId(0))?, affected: &affected, cut: case.cut })
    };
    Some((if edit == Edit::Remove { was } else { will_be }, found))
}

/// What is known around a workload, without the Service that changes.
fn around<L>(workload: &Object, service: &Object, asked: &Asked<'_, L>) -> Vec<Object> {
    let alone = World::new(vec![workload.clone()], asked.settings.facts.clone());
    let trace = trace_of(&alone, workload);
    let mut found = trace.map(|trace| asked.known.around(&trace).objects).unwrap_or_default();
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
    one.identity() == other.identity()
}

/// Says what is found, but for what the Service wants silent, and of the workloads that do not.
fn told<L>(
    request: &Request<'_>,
    asked: &Asked<'_, L>,
    enforce: Option<Enforce>,
    case: &Case<'_>,
    dependents: &[Object],
) -> Answer {
    let Some((world, found)) = Some(dependents).filter(|all| !all.is_empty()).and_then(|all| judge(all, case, asked))
    else {
        return Answer::default();
    };
    let own = case.after.or(case.before).map(silence::wishes).unwrap_or_default();
    let heard = found.into_iter().map(|finding| {
        let loud = |workload: &&Object| !is_ignored(&silence::wishes(workload), finding.rule);
        let others: Vec<Object> = dependents.iter().filter(loud).cloned().collect();
        let again = match others.len() == dependents.len() {
            true => Some(finding.clone()),
            false => of_rule(judge(&others, case, asked), &finding),
        };
        let ignored = again.is_none() || is_ignored(&own, finding.rule);
        let finding = again.unwrap_or(finding);
        (Ruling { finding, new: true, rests_on: RestsOn::OthersAsTheyWere }, ignored)
    });
    let heard: Vec<(Ruling, bool)> = heard.collect();
    let decided = heard.iter().map(|(ruling, ignored)| {
        let around = Circumstances { enforce, ignored: *ignored, subject: Subject::Other };
        Decided::of(ruling, request, asked, around)
    });
    say::answer(&decided.collect::<Vec<_>>(), &world, &Versions::new())
}

fn of_rule(judged: Option<(World, Vec<Finding>)>, finding: &Finding) -> Option<Finding> {
    judged?.1.into_iter().find(|again| again.rule.code == finding.rule.code)
}
