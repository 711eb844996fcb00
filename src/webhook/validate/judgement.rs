//! A workload judged alone, in the world around it, and as it was.

use std::collections::{BTreeMap, BTreeSet};

use super::Asked;
use crate::cluster::known::Around;
use crate::cluster::live::{Live, Reference};
use crate::discovery::{Resource, ServiceRef};
use crate::place::ObjectId;
use crate::policy::decide::RestsOn;
use crate::rules::change::{Affected, Change, Edit, identity, judge_change};
use crate::rules::finding::{Effect, Finding, Severity, Verdict};
use crate::rules::judge_trace;
use crate::trace::Trace;
use crate::world::World;
use crate::world::declared::Declared;
use crate::world::facts::{Facts, Kinds};
use crate::world::object::{Body, Object};
use crate::world::pod::Container;
use crate::world::service::{Service, ServicePort};

/// How often what a finding names is read anew: what was read may bring a finding that names more.
const ROUNDS: usize = 2;

/// The workload is the first object of each world.
const SUBJECT: ObjectId = ObjectId(0);

/// What was found of a workload.
#[derive(Debug)]
pub(super) struct Judgement {
    /// The world in which it was judged.
    pub(super) world: World,
    /// What was found.
    pub(super) rulings: Vec<Ruling>,
    /// The versions of the objects that were read for it.
    pub(super) read: Versions,
}

/// Which versions of objects were read; none of an object that is not there.
pub(super) type Versions = BTreeMap<String, Option<String>>;

/// A finding, and how far it is to be trusted.
#[derive(Debug)]
pub(super) struct Ruling {
    /// The finding.
    pub(super) finding: Finding,
    /// Whether the object did not have it before.
    pub(super) new: bool,
    /// What it rests on.
    pub(super) rests_on: RestsOn,
}

impl Judgement {
    /// The workload.
    pub(super) fn object(&self) -> Option<&Object> {
        self.world.object(SUBJECT)
    }
}

/// Whether a workload declares a strategy, on its template or in the configuration.
pub(super) fn is_opted_in(object: &Object, facts: &Facts) -> bool {
    object.workload().is_some_and(|workload| Declared::is_there(object, workload, facts))
}

/// Judges a workload; `confirm` says whether a denial may come of it, which is worth a question to the API server.
pub(super) async fn judge<L: Live>(
    asked: &Asked<'_, L>,
    before: Option<Object>,
    after: Object,
    confirm: bool,
) -> Judgement {
    let facts = &asked.settings.facts;
    let alone = World::new(vec![after.clone()], facts.clone());
    let certain = certain(&alone, facts);
    let mut scene = Scene::new(asked, &alone, after);
    scene.read(asked, unwatched(&alone, &scene)).await;
    for _ in 0..ROUNDS {
        let missing = if confirm { scene.unconfirmed(&certain) } else { Vec::new() };
        if missing.is_empty() {
            break;
        }
        scene.read(asked, missing).await;
    }
    scene.rule(before, certain)
}

/// What is false whatever else there is: alone, or though the Service that is asked for were all that it ought to be, which
/// shows what its absence hides.
fn certain(alone: &World, facts: &Facts) -> Vec<Finding> {
    let mut certain: Vec<Finding> = findings(alone).into_iter().filter(is_refuted).collect();
    let kindest = trace_in(alone).and_then(|trace| {
        let objects = vec![trace.object.clone(), kindest_service(&trace)?];
        Some(World::new(objects, facts.clone()))
    });
    if let Some(kindest) = kindest {
        let is_about_itself = |finding: &Finding| {
            finding.labels.iter().all(|label| label.at.object == SUBJECT || label.at.object.as_text().is_some())
        };
        let more = findings(&kindest).into_iter().filter(|finding| is_refuted(finding) && is_about_itself(finding));
        let more: Vec<Finding> = more.filter(|finding| !is_among(finding, &certain)).collect();
        certain.extend(more);
    }
    certain
}

/// The Service that would show these pods to those who ask: headless, with a port, with their labels and with those asked for.
fn kindest_service(trace: &Trace<'_>) -> Option<Object> {
    let asked = trace.asked_service();
    let query = trace.label_query().filter(|query| query.on == Resource::Endpoints);
    let namespace = asked.map(|asked| asked.namespace.clone()).or(query.map(|query| query.namespace.clone()))?;
    let pairs = query.map(|query| query.selector.pairs().map(|(key, value)| (key.to_owned(), value.to_owned())));
    let epmd = ServicePort { name: Some("epmd".to_owned()), port: Some(4369), ..ServicePort::default() };
    Some(Object {
        id: ObjectId(1),
        api_version: "v1".to_owned(),
        kind: "Service".to_owned(),
        namespace,
        name: asked.map_or_else(|| trace.object.name.clone(), |asked| asked.name.clone()),
        labels: pairs.map(Iterator::collect).unwrap_or_default(),
        annotations: Vec::new(),
        folder: "".into(),
        body: Body::Service(Service {
            cluster_ip: Some("None".to_owned()),
            selector: trace.pod.labels.clone(),
            ports: vec![epmd],
            ..Service::default()
        }),
    })
}

/// The workload, and what is known around it.
struct Scene<'f> {
    facts: &'f Facts,
    /// The kinds that are known: of others nothing is missing.
    known: Kinds,
    /// Whether there are more workloads around it.
    cut: bool,
    object: Object,
    others: Vec<Object>,
    read: Versions,
    /// What was tried, so that nothing is asked twice.
    tried: Vec<Reference>,
}

impl<'f> Scene<'f> {
    fn new<L>(asked: &Asked<'f, L>, alone: &World, object: Object) -> Self {
        let Around { objects: others, cut } =
            trace_in(alone).map(|trace| asked.known.around(&trace)).unwrap_or_default();
        let known = asked.known.kinds();
        Self { facts: &asked.settings.facts, known, cut, object, others, read: Versions::new(), tried: Vec::new() }
    }

    fn world(&self) -> World {
        World::new([&self.object].into_iter().chain(&self.others).cloned().collect(), self.facts.clone())
    }

    /// The same world with the workload as it was.
    fn world_before(&self, before: Object) -> World {
        World::new([before].into_iter().chain(self.others.iter().cloned()).collect(), self.facts.clone())
    }

    /// Puts objects into the world as they are now.
    async fn read<L: Live>(&mut self, asked: &Asked<'_, L>, mut what: Vec<Reference>) {
        what.retain(|reference| !self.tried.contains(reference));
        self.tried.extend(what.iter().cloned());
        for (reference, seen) in asked.live.all(what).await {
            self.others.retain(|object| !reference.is(object));
            let version = seen.as_ref().map(|seen| seen.resource_version.clone());
            self.read.insert(reference.title(), version);
            self.others.extend(seen.map(|seen| seen.object));
        }
    }

    /// The objects that an error rests on and that were not read yet.
    fn unconfirmed(&self, certain: &[Finding]) -> Vec<Reference> {
        let world = self.world();
        let Some(trace) = trace_in(&world) else { return Vec::new() };
        let errors =
            findings(&world).into_iter().filter(is_refuted).filter(|finding| finding.severity == Severity::Error);
        let others = errors.filter(|finding| !is_among(finding, certain)).flat_map(|finding| related(&trace, &finding));
        let mut missing: Vec<Reference> = others.filter(|reference| !self.tried.contains(reference)).collect();
        missing.dedup();
        missing
    }

    fn rule(self, before: Option<Object>, certain: Vec<Finding>) -> Judgement {
        let world = self.world();
        let old = before.map(|before| self.world_before(before));
        let mut rulings = Vec::new();
        if let Some(trace) = trace_in(&world) {
            let known = old.as_ref().and_then(trace_in).filter(Trace::is_opted_in);
            let mut had: BTreeSet<String> = known.iter().flat_map(identities).collect();
            let mut found = judge_trace(&trace).findings;
            // What explains it here does not undo it, nor does what is not known here.
            let hides = found.iter().any(|finding| finding.effect == Effect::Breaks);
            found.retain(|finding| !self.is_idle(&trace, finding));
            if self.cut {
                // A workload that was left out may be what makes it true.
                let rests_on_others = found.iter_mut().filter(|finding| !is_among(finding, &certain));
                rests_on_others.for_each(|finding| finding.verdict = Verdict::Open);
            }
            if hides {
                let hidden = certain.iter().filter(|finding| !is_among(finding, &found)).cloned().collect::<Vec<_>>();
                if !hidden.is_empty() {
                    // What is hidden now was hidden before.
                    had.extend(known.iter().flat_map(|before| self.certain_of(before.object)));
                }
                found.extend(hidden);
            }
            rulings.extend(found.into_iter().map(|finding| Ruling {
                new: !had.contains(&identity(&finding, &world)),
                rests_on: self.rests_on(&trace, &finding, &certain),
                finding,
            }));
            let affected = known.as_ref().map(|before| [Affected { before, after: &trace }]);
            rulings.extend(affected.iter().flat_map(|affected| of_change(&trace, affected)));
        }
        Judgement { world, rulings, read: self.read }
    }

    /// Who the findings are that are certain of a workload, hidden or not.
    fn certain_of(&self, object: &Object) -> Vec<String> {
        let alone = World::new(vec![object.clone()], self.facts.clone());
        certain(&alone, self.facts).iter().map(|finding| identity(finding, &alone)).collect()
    }

    /// Whether a finding is about something missing among what is not known at all.
    fn is_idle(&self, trace: &Trace<'_>, finding: &Finding) -> bool {
        // Another workload may be what is missed.
        if self.cut && (finding.mendable || finding.lacks.is_some_and(|kinds| kinds.contains(Kinds::WORKLOADS))) {
            return true;
        }
        let unknown = finding.lacks.is_some_and(|kinds| !self.known.contains(kinds));
        let is_read = |asked: &ServiceRef| {
            let service =
                Reference { kind: "Service".to_owned(), namespace: asked.namespace.clone(), name: asked.name.clone() };
            self.read.contains_key(&service.title())
        };
        let by_name = finding.lacks == Some(Kinds::SERVICES) && trace.label_query().is_none();
        unknown && !(by_name && trace.asked_service().is_some_and(is_read))
    }

    fn rests_on(&self, trace: &Trace<'_>, finding: &Finding, certain: &[Finding]) -> RestsOn {
        if is_among(finding, certain) {
            return RestsOn::Itself;
        }
        if finding.mendable {
            return RestsOn::Absence;
        }
        let related = related(trace, finding);
        let is_read = |reference: &Reference| self.read.contains_key(&reference.title());
        match !related.is_empty() && related.iter().all(is_read) {
            true => RestsOn::OthersAsTheyAre,
            false => RestsOn::OthersAsTheyWere,
        }
    }
}

/// What the edit of the workload does besides.
fn of_change(after: &Trace<'_>, affected: &[Affected<'_>]) -> Vec<Ruling> {
    let change = Change { edit: Edit::Alter, object: after.object, affected, cut: false };
    let found = judge_change(&change).into_iter();
    found.map(|finding| Ruling { finding, new: true, rests_on: RestsOn::Itself }).collect()
}

/// What no watch shows, or not yet: the ConfigMaps of the node's container, and the Services that are asked for by name.
fn unwatched(alone: &World, scene: &Scene<'_>) -> Vec<Reference> {
    let Some(trace) = trace_in(alone).filter(Trace::is_opted_in) else { return Vec::new() };
    let namespace = &trace.object.namespace;
    let in_namespace = |kind: &str, namespace: &Option<String>, name: &str| Reference {
        kind: kind.to_owned(),
        namespace: namespace.clone(),
        name: name.to_owned(),
    };
    let maps = trace.container.map(Container::config_maps).unwrap_or_default();
    let mut found: Vec<_> = maps.into_iter().map(|name| in_namespace("ConfigMap", namespace, name)).collect();
    let asked = trace.ways().filter_map(Trace::asked_service);
    for asked in asked.filter(|asked| is_service_name(&asked.name)) {
        let service = in_namespace("Service", &asked.namespace, &asked.name);
        let is_known = scene.others.iter().any(|object| service.is(object));
        found.extend(Some(service).filter(|_| !is_known));
    }
    found
}

/// Only what may be a name is asked for: it becomes a part of a path.
fn is_service_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The other objects that a finding rests on: those that it points at, else those in which the peers are looked for.
fn related(trace: &Trace<'_>, finding: &Finding) -> Vec<Reference> {
    let pointed_at = finding.labels.iter().filter(|label| label.at.object != SUBJECT);
    let mut objects: Vec<&Object> = pointed_at.filter_map(|label| trace.world.object(label.at.object)).collect();
    if objects.is_empty() {
        objects = trace.searched_services();
        objects.extend(trace.asked_service().into_iter().flat_map(|asked| trace.services(asked)));
    }
    let mut found: Vec<Reference> = objects.into_iter().map(Reference::to).collect();
    found.dedup();
    found
}

/// Whether a finding is among some others: the same rule at the same place of the workload.
fn is_among(finding: &Finding, others: &[Finding]) -> bool {
    let place = |finding: &Finding| finding.labels.first().map(|label| (label.at.object, label.at.pointer.clone()));
    others.iter().any(|other| other.rule.code == finding.rule.code && place(other) == place(finding))
}

fn is_refuted(finding: &Finding) -> bool {
    finding.verdict == Verdict::Refuted
}

fn findings(world: &World) -> Vec<Finding> {
    trace_in(world).map(|trace| judge_trace(&trace).findings).unwrap_or_default()
}

fn identities(trace: &Trace<'_>) -> Vec<String> {
    judge_trace(trace).findings.iter().map(|finding| identity(finding, trace.world)).collect()
}

fn trace_in(world: &World) -> Option<Trace<'_>> {
    let object = world.object(SUBJECT)?;
    Some(Trace::of(world, object, object.workload()?))
}
