//! What of all that is known has a say about one workload. A request is judged in a world of a dozen objects, not of ten
//! thousand.

use super::{Kept, Kind, Known, table::Table};
use crate::discovery::{LabelQuery, Resource};
use crate::trace::Trace;
use crate::world::World;
use crate::world::object::{Body, Object};
use crate::world::pod::PodTemplate;
use crate::world::rbac::{Binding, Subject};

/// How many objects are taken for the sake of a hint alone.
const HINTS: usize = 64;

impl Known {
    /// The objects that may have a say about a workload, by kind, namespace and name. The trace is that of the workload alone.
    pub fn around(&self, trace: &Trace<'_>) -> Vec<Object> {
        let mut found = self.services(trace);
        found.extend(self.account(trace));
        if let Some(query) = trace.label_query() {
            found.extend(self.grants(trace, query));
        }
        found.extend(self.peers(trace, &found));
        found.retain(|object| !is_one(object, trace.object));
        found.sort_by(|one, other| place(one).cmp(&place(other)));
        found.dedup_by(|one, other| place(one) == place(other));
        found
    }

    /// The opted-in workloads whose nodes ask for a Service, or that it selects, by kind, namespace and name.
    pub fn dependents(&self, service: &Object) -> Vec<Object> {
        let reaches = |object: &Object| {
            let links = object.namespace == service.namespace
                && object.workload().is_some_and(|workload| becomes_a_variable(service, &workload.template));
            links || World::may_select(service, object)
        };
        let mut found: Vec<Object> = self
            .workloads()
            .iter()
            .flat_map(|table| table.everywhere())
            .filter(|kept| kept.asks.as_ref().is_some_and(|asks| asks.may_be(service)) || reaches(&kept.object))
            .map(|kept| kept.object.clone())
            .collect();
        found.sort_by(|one, other| place(one).cmp(&place(other)));
        found
    }

    /// Those that it asks for, that select its pods, or that are called like the one that it asks for.
    fn services(&self, trace: &Trace<'_>) -> Vec<Object> {
        let Some(table) = self.table(Kind::Service) else { return Vec::new() };
        let own = trace.object.namespace.as_deref().unwrap_or_default();
        let labels = &trace.pod.labels;
        let selects = |object: &Object| object.service().is_some_and(|service| service.selects(labels));
        let governs = |object: &Object| trace.workload.subdomain() == Some(object.name.as_str());
        let links = |object: &Object| becomes_a_variable(object, trace.pod);
        let mut found: Vec<Object> = objects(table.within(own))
            .filter(|object| selects(object) || governs(object) || links(object))
            .cloned()
            .collect();
        if let Some(asked) = trace.asked_service() {
            found.extend(objects(table.called(&asked.name)).take(HINTS).cloned());
            let there = [Some(own), asked.namespace.as_deref()].into_iter().flatten();
            found.extend(there.filter_map(|namespace| Some(table.named(namespace, &asked.name)?.object.clone())));
        }
        if let Some(query) = trace.label_query().filter(|query| query.on == Resource::Endpoints) {
            let there = objects(table.within(query.namespace.as_deref().unwrap_or(own)));
            found.extend(there.filter(|object| query.selector.matches(&object.labels)).cloned());
        }
        found
    }

    fn account(&self, trace: &Trace<'_>) -> Option<Object> {
        let table = self.table(Kind::ServiceAccount)?;
        let found = table.named(trace.object.namespace.as_deref()?, trace.account())?;
        Some(found.object.clone())
    }

    /// The bindings that may give the account something, the roles that they give, and near misses of the namespace.
    fn grants(&self, trace: &Trace<'_>, query: &LabelQuery) -> Vec<Object> {
        let own = trace.object.namespace.as_deref().unwrap_or_default();
        let asked = query.namespace.as_deref().unwrap_or(own);
        let mut found = Vec::new();
        if let Some(table) = self.table(Kind::RoleBinding) {
            let ours = |object: &&Object| is_for(object, trace.account());
            found.extend(objects(table.within(asked)).chain(objects(table.within(own))).filter(ours).cloned());
            found.extend(objects(table.within(asked)).take(HINTS).cloned());
        }
        if let Some(table) = self.table(Kind::ClusterRoleBinding) {
            found.extend(objects(table.within("")).filter(|object| is_for(object, trace.account())).cloned());
        }
        let (roles, cluster_roles) = (self.table(Kind::Role), self.table(Kind::ClusterRole));
        let named: Vec<Object> = found
            .iter()
            .filter_map(|binding| {
                let Body::Binding(body) = &binding.body else { return None };
                let (table, namespace) = match body.is_to_cluster_role() {
                    true => (cluster_roles.as_ref()?, ""),
                    false => (roles.as_ref()?, binding.namespace.as_deref().unwrap_or_default()),
                };
                Some(table.named(namespace, body.role_name.as_deref()?)?.object.clone())
            })
            .collect();
        found.extend(named);
        if let Some(table) = &roles {
            found.extend(objects(table.within(asked)).take(HINTS).cloned());
        }
        found
    }

    /// The workloads that it finds, and those whose pods its Services select.
    fn peers(&self, trace: &Trace<'_>, services: &[Object]) -> Vec<Object> {
        let pods = trace.label_query().filter(|query| query.on == Resource::Pods);
        let is_found = |object: &Object| {
            let labels = object.workload().map_or(&[] as &[_], |workload| &workload.template.labels);
            let listed =
                pods.is_some_and(|query| query.namespace == object.namespace && query.selector.may_match(labels));
            listed || services.iter().any(|service| World::may_select(service, object))
        };
        let own = trace.object.namespace.as_deref().unwrap_or_default();
        let asked = pods.and_then(|query| query.namespace.as_deref());
        let elsewhere = services.iter().filter_map(|service| service.namespace.as_deref());
        let mut namespaces: Vec<&str> = elsewhere.chain(asked).chain([own]).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        let tables = self.workloads();
        let there = tables.iter().flat_map(|table| namespaces.iter().flat_map(|namespace| table.within(namespace)));
        objects(there).filter(|object| is_found(object)).cloned().collect()
    }

    fn workloads(&self) -> Vec<std::sync::RwLockReadGuard<'_, Table<Kept>>> {
        Kind::WORKLOADS.iter().filter_map(|kind| self.table(*kind)).collect()
    }
}

fn objects<'k>(kept: impl Iterator<Item = &'k Kept>) -> impl Iterator<Item = &'k Object> {
    kept.map(|kept| &kept.object)
}

/// Kind, namespace and name.
fn place(object: &Object) -> (&str, Option<&str>, &str) {
    (&object.kind, object.namespace.as_deref(), &object.name)
}

/// Whether two objects are one, before and after.
pub(super) fn is_one(one: &Object, other: &Object) -> bool {
    place(one) == place(other)
}

/// The kubelet makes variables of every Service in the namespace: one called `erl-epmd` becomes `ERL_EPMD_PORT`.
fn becomes_a_variable(service: &Object, pod: &PodTemplate) -> bool {
    let prefix = service.name.to_ascii_uppercase().replace('-', "_");
    pod.service_links && (prefix.starts_with("ERL_") || prefix.starts_with("RELEASE_"))
}

/// Whether a binding may give an account something: by its name, as a user, or as one of a group.
fn is_for(binding: &Object, account: &str) -> bool {
    let names = |subject: &Subject| {
        let name = subject.name.as_str();
        name == account
            || matches!(name, "system:authenticated" | "system:serviceaccounts")
            || name.starts_with("system:serviceaccounts:")
            || (name.starts_with("system:serviceaccount:") && name.ends_with(account))
    };
    let binding: Option<&Binding> = match &binding.body {
        Body::Binding(binding) => Some(binding),
        _ => None,
    };
    binding.is_some_and(|binding| binding.subjects.iter().any(names))
}
