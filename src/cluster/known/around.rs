//! What of all that is known has a say about one workload. A request is judged in a world of a dozen objects, not of ten
//! thousand.

use std::sync::RwLockReadGuard;

use super::sketch::{Sketch, hash, hashes};
use super::{Kept, Kind, Known, table::Table};
use crate::discovery::{LabelQuery, Resource};
use crate::trace::Trace;
use crate::world::World;
use crate::world::object::{Body, Object};
use crate::world::pod::{PodTemplate, is_added_to_pods};
use crate::world::selector::Selector;

/// How many objects are taken for the sake of a hint alone.
const HINTS: usize = 32;

/// How many workloads are taken: more are only waited for. Which of them is always the same.
const PEERS: usize = 64;

/// What has a say about a workload.
#[derive(Debug, Default)]
pub struct Around {
    /// The objects, by kind, namespace and name.
    pub objects: Vec<Object>,
    /// Whether there are more workloads than are here, so that of workloads nothing is known to be missing.
    pub cut: bool,
}

impl Known {
    /// The objects that may have a say about a workload. The trace is that of the workload alone.
    pub fn around(&self, trace: &Trace<'_>) -> Around {
        let mut found = self.services_of_pods(trace);
        found.extend(self.account(trace));
        for way in trace.ways() {
            found.extend(self.asked_services(way));
            found.extend(way.label_query().into_iter().flat_map(|query| self.grants(way, query)));
        }
        found = sorted(found);
        let mut peers = self.peers(trace, &found);
        let cut = peers.len() > PEERS;
        peers.truncate(PEERS);
        found.extend(peers);
        found.retain(|object| object.identity() != trace.object.identity());
        Around { objects: sorted(found), cut }
    }

    /// The opted-in workloads whose nodes ask for a Service, or that it selects, by kind, namespace and name.
    pub fn dependents(&self, service: &Object) -> Vec<Object> {
        let selected = selector_hashes(service);
        let namespace = service.namespace.as_deref().unwrap_or_default();
        let links = prefix_of_variables(service).is_some();
        let may_depend = |kept: &&Kept| {
            let asks = kept.asks.as_ref().is_some_and(|asks| asks.may_be(service));
            let reached = *kept.sketch.namespace == *namespace && (links || may_be_selected(&kept.sketch, &selected));
            asks || reached
        };
        let depends = |kept: &Kept| {
            let object = kept.sketch.object()?;
            let linked = object.workload().is_some_and(|workload| becomes_a_variable(service, &workload.template));
            let asks = kept.asks.as_ref().is_some_and(|asks| asks.may_be(service));
            (asks || linked || World::may_select(service, &object)).then_some(object)
        };
        let tables = self.workloads();
        let all = tables.iter().flat_map(|table| table.everywhere());
        sorted(all.filter(may_depend).filter_map(depends).collect())
    }

    /// The Services that select its pods, or become variables of theirs.
    fn services_of_pods(&self, trace: &Trace<'_>) -> Vec<Object> {
        let Some(table) = self.table(Kind::Service) else { return Vec::new() };
        let own = trace.object.namespace.as_deref().unwrap_or_default();
        let labels = hashes(&trace.pod.labels);
        let governing = trace.workload.subdomain().filter(|name| !name.is_empty());
        let may_matter = |kept: &&Kept| {
            let name = &*kept.sketch.name;
            kept.sketch.may_select(&labels) || governing == Some(name) || is_prefix_of_variables(name)
        };
        let matters = |object: &Object| {
            let selects = object.service().is_some_and(|service| service.selects(&trace.pod.labels));
            selects || governing == Some(object.name.as_str()) || becomes_a_variable(object, trace.pod)
        };
        objects(table.within(own).filter(may_matter)).filter(matters).collect()
    }

    /// The Services that it asks for, or that are called like the one that it asks for.
    fn asked_services(&self, trace: &Trace<'_>) -> Vec<Object> {
        let Some(table) = self.table(Kind::Service) else { return Vec::new() };
        let own = trace.object.namespace.as_deref().unwrap_or_default();
        let mut found = Vec::new();
        if let Some(asked) = trace.asked_service() {
            found.extend(objects(table.called(&asked.name)).take(HINTS));
            let there = [Some(own), asked.namespace.as_deref()].into_iter().flatten();
            found.extend(objects(there.filter_map(|namespace| table.named(namespace, &asked.name))));
        }
        if let Some(query) = trace.label_query().filter(|query| query.on == Resource::Endpoints) {
            let wanted = required(&query.selector);
            let there = table.within(query.namespace.as_deref().unwrap_or(own));
            let labelled = objects(there.filter(|kept| kept.sketch.may_carry(&wanted)));
            found.extend(labelled.filter(|object| query.selector.matches(&object.labels)));
        }
        found
    }

    fn account(&self, trace: &Trace<'_>) -> Option<Object> {
        let table = self.table(Kind::ServiceAccount)?;
        table.named(trace.object.namespace.as_deref()?, trace.account())?.sketch.object()
    }

    /// The bindings that may give the account something, the roles that they give, and near misses of the namespace.
    fn grants(&self, trace: &Trace<'_>, query: &LabelQuery) -> Vec<Object> {
        let own = trace.object.namespace.as_deref().unwrap_or_default();
        let asked = query.namespace.as_deref().unwrap_or(own);
        let names = names_of(own, trace.account());
        let is_ours = |kept: &&Kept| kept.sketch.may_name(&names);
        let mut found = Vec::new();
        if let Some(table) = self.table(Kind::RoleBinding) {
            found.extend(objects(table.within(asked).chain(table.within(own)).filter(is_ours)));
            found.extend(objects(table.within(asked)).take(HINTS));
        }
        if let Some(table) = self.table(Kind::ClusterRoleBinding) {
            found.extend(objects(table.within("").filter(is_ours)));
        }
        let roles: Vec<Object> = found.iter().filter_map(|binding| self.role_of(binding)).collect();
        found.extend(roles);
        if let Some(table) = self.table(Kind::Role) {
            found.extend(objects(table.within(asked)).take(HINTS));
        }
        found
    }

    fn role_of(&self, binding: &Object) -> Option<Object> {
        let Body::Binding(body) = &binding.body else { return None };
        let (kind, namespace) = match body.is_to_cluster_role() {
            true => (Kind::ClusterRole, ""),
            false => (Kind::Role, binding.namespace.as_deref().unwrap_or_default()),
        };
        self.table(kind)?.named(namespace, body.role_name.as_deref()?)?.sketch.object()
    }

    /// The workloads that it finds, and those whose pods its Services select: the first of them, and one more if there are more.
    fn peers(&self, trace: &Trace<'_>, services: &[Object]) -> Vec<Object> {
        let tables = self.workloads();
        let mut found = Vec::new();
        let queries = trace.ways().filter_map(Trace::label_query);
        for query in queries.filter(|query| query.on == Resource::Pods) {
            let wanted = required(&query.selector);
            let matches = |object: &Object| {
                object.workload().is_some_and(|workload| query.selector.may_match(&workload.template.labels))
            };
            let namespace = query.namespace.as_deref().unwrap_or_default();
            found.extend(first(&tables, namespace, |sketch| sketch.may_carry(&wanted), matches));
        }
        for service in services {
            if found.len() > PEERS {
                break;
            }
            let selected = selector_hashes(service);
            let namespace = service.namespace.as_deref().unwrap_or_default();
            let may_be = |sketch: &Sketch| may_be_selected(sketch, &selected);
            found.extend(first(&tables, namespace, may_be, |object| World::may_select(service, object)));
            found = sorted(found);
        }
        found
    }

    fn workloads(&self) -> Vec<RwLockReadGuard<'_, Table<Kept>>> {
        Kind::WORKLOADS.iter().filter_map(|kind| self.table(*kind)).collect()
    }
}

/// The first workloads of a namespace by name, up to one more than are taken: the others are not even read.
fn first(
    tables: &[RwLockReadGuard<'_, Table<Kept>>],
    namespace: &str,
    may_be: impl Fn(&Sketch) -> bool,
    is: impl Fn(&Object) -> bool,
) -> Vec<Object> {
    let mut all: Vec<&Kept> = tables.iter().flat_map(|table| table.within(namespace)).collect();
    all.retain(|kept| may_be(&kept.sketch));
    all.sort_by(|one, other| one.sketch.name.cmp(&other.sketch.name));
    objects(all.into_iter()).filter(is).take(PEERS + 1).collect()
}

fn objects<'k>(kept: impl Iterator<Item = &'k Kept>) -> impl Iterator<Item = Object> {
    kept.filter_map(|kept| kept.sketch.object())
}

/// Each once, and always in the same order.
fn sorted(mut objects: Vec<Object>) -> Vec<Object> {
    objects.sort_by(|one, other| one.identity().cmp(&other.identity()));
    objects.dedup_by(|one, other| one.identity() == other.identity());
    objects
}

/// The labels that everything carries which a selector matches.
fn required(selector: &Selector) -> Vec<u32> {
    selector.required_pairs().map(hash).collect()
}

/// The labels that a Service selects, without those that only a pod has, not its template; none if it selects nothing.
fn selector_hashes(service: &Object) -> Option<Vec<u32>> {
    let selector = service.service().map(|service| &service.selector).filter(|selector| !selector.is_empty())?;
    let written = selector.iter().filter(|(key, _)| !is_added_to_pods(key));
    Some(written.map(|(key, value)| hash((key.as_str(), value.as_str()))).collect())
}

fn may_be_selected(workload: &Sketch, selector: &Option<Vec<u32>>) -> bool {
    selector.as_ref().is_some_and(|selector| workload.may_carry(selector))
}

/// By what names a binding may mean an account: its own, as a user, and the groups that it is in.
fn names_of(namespace: &str, account: &str) -> Vec<u32> {
    let names = [
        account.to_owned(),
        format!("system:serviceaccount:{namespace}:{account}"),
        format!("system:serviceaccounts:{namespace}"),
        "system:serviceaccounts".to_owned(),
        "system:authenticated".to_owned(),
    ];
    names.iter().map(|name| hash(name.as_str())).collect()
}

/// The kubelet makes variables of every Service in the namespace: one called `erl-epmd` becomes `ERL_EPMD_PORT`.
fn becomes_a_variable(service: &Object, pod: &PodTemplate) -> bool {
    pod.service_links && prefix_of_variables(service).is_some()
}

fn prefix_of_variables(service: &Object) -> Option<&str> {
    Some(service.name.as_str()).filter(|name| is_prefix_of_variables(name))
}

fn is_prefix_of_variables(name: &str) -> bool {
    name.starts_with("erl-") || name.starts_with("release-")
}
