//! Kubernetes objects, read leniently from [`Node`](node::Node)s and indexed once.
//!
//! A [`World`] is what is known: the objects of some files, or of a cluster, and how complete that is. It answers
//! questions with everything that could be meant, for absence in a file proves nothing: an object without a namespace may
//! end up in any, and a name that is written twice (in two overlays) may mean either.

pub mod access;
pub mod code;
pub mod config;
pub mod declared;
pub mod exec;
pub mod facts;
pub mod json;
pub mod mounted;
pub mod network;
pub mod node;
pub mod object;
pub mod pod;
pub mod project;
pub mod rbac;
pub mod selector;
pub mod service;
pub mod topologies;
pub mod workload;

use std::collections::HashMap;

use crate::place::ObjectId;
use facts::{Dns, Facts, Kinds};
use object::{Body, Object};
use selector::Selector;
use service::Service;
use workload::Workload;

/// The objects that are judged together.
#[derive(Debug, Default)]
pub struct World {
    /// What is known beyond the objects.
    pub facts: Facts,
    objects: Vec<Object>,
    by_name: HashMap<String, Vec<(Group, ObjectId)>>,
    services_by_label: HashMap<(String, String), Vec<ObjectId>>,
    /// By the pair of their selector that the fewest pods carry: some are on all of them, and then every Service would be
    /// compared with every workload.
    services_by_selector: HashMap<(String, String), Vec<ObjectId>>,
    pods_by_label: HashMap<(String, String), Vec<ObjectId>>,
    bindings_by_subject: HashMap<String, Vec<ObjectId>>,
    bindings: Vec<ObjectId>,
    endpoints: Vec<ObjectId>,
    services: Vec<ObjectId>,
    refused_services: Vec<ObjectId>,
    workloads: Vec<ObjectId>,
    network_policies: Vec<ObjectId>,
    namespaces: Vec<String>,
}

/// Kinds whose names are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    Service,
    ServiceAccount,
    Role,
    ClusterRole,
    ConfigMap,
    Autoscaler,
    Endpoints,
    Workload,
    Binding,
    NetworkPolicy,
    Namespace,
}

/// Whether two objects are in the same namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameNamespace {
    /// Both say the same, or neither says any.
    Yes,
    /// They say different ones.
    No,
    /// One of them does not say.
    Open,
}

/// Whether two namespaces, as written, are one.
pub fn same_namespace(a: Option<&str>, b: Option<&str>) -> SameNamespace {
    match (a, b) {
        (Some(a), Some(b)) if a != b => SameNamespace::No,
        (Some(_), Some(_)) | (None, None) => SameNamespace::Yes,
        _ => SameNamespace::Open,
    }
}

impl World {
    /// Indexes objects; gives each its number.
    pub fn new(mut objects: Vec<Object>, facts: Facts) -> Self {
        let mut world = Self { facts, ..Self::default() };
        for (number, object) in objects.iter_mut().enumerate() {
            object.id = ObjectId(u32::try_from(number).unwrap_or(u32::MAX));
            if object.namespace.is_none()
                && !matches!(object.kind.as_str(), "ClusterRole" | "ClusterRoleBinding" | "Namespace")
            {
                object.namespace.clone_from(&world.facts.namespace);
            }
            world.index(object);
        }
        world.objects = objects;
        world.namespaces.sort_unstable();
        world.namespaces.dedup();
        world.index_selectors();
        world
    }

    /// A world without objects, in which nothing is declared beside the pods: what the injector knows, which reads a pod and
    /// asks nobody.
    pub fn alone(facts: &Facts) -> Self {
        let Facts { cluster_domain, dns, name_files, .. } = facts;
        let (dns, name_files) = (*dns, *name_files);
        let facts = Facts { cluster_domain: cluster_domain.clone(), dns, name_files, ..Facts::default() };
        Self { facts, ..Self::default() }
    }

    fn index_selectors(&mut self) {
        for id in &self.services {
            let service = self.objects.get(id.0 as usize).and_then(Object::service);
            if let Some(pair) = service.and_then(|service| self.rarest_on_pods(&service.selector)) {
                self.services_by_selector.entry(pair.clone()).or_default().push(*id);
            }
        }
    }

    /// The pair of a selector that the fewest pods carry.
    fn rarest_on_pods<'p>(&self, selector: &'p [(String, String)]) -> Option<&'p (String, String)> {
        selector.iter().min_by_key(|pair| self.pods_by_label.get(pair).map_or(0, Vec::len))
    }

    fn index(&mut self, object: &Object) {
        let id = object.id;
        if let Some(namespace) = &object.namespace
            && self.namespaces.last() != Some(namespace)
        {
            self.namespaces.push(namespace.clone());
        }
        let mut name = |group| self.by_name.entry(object.name.clone()).or_default().push((group, id));
        match &object.body {
            // It will not be there.
            Body::Service(service) if service.is_refused() => self.refused_services.push(id),
            Body::Service(_) => {
                name(Group::Service);
                self.services.push(id);
                add_pairs(&mut self.services_by_label, &object.labels, id);
            }
            Body::Workload(workload) => {
                name(Group::Workload);
                self.workloads.push(id);
                add_pairs(&mut self.pods_by_label, &workload.template.labels, id);
            }
            Body::ServiceAccount(_) => name(Group::ServiceAccount),
            Body::Role(_) if object.kind == "ClusterRole" => name(Group::ClusterRole),
            Body::Role(_) => name(Group::Role),
            Body::ConfigMap(config) => {
                name(Group::ConfigMap);
                let corefile = object::value_of(&config.data, "Corefile");
                if corefile.is_some_and(|corefile| corefile.contains("endpoint_pod_names")) {
                    self.facts.dns = Dns::EndpointPodNames;
                }
            }
            Body::Endpoints(_) => {
                name(Group::Endpoints);
                self.endpoints.push(id);
            }
            Body::Autoscaler(autoscaler) => {
                if let Some(target) = &autoscaler.target_name {
                    self.by_name.entry(target.clone()).or_default().push((Group::Autoscaler, id));
                }
            }
            Body::Binding(binding) => {
                name(Group::Binding);
                self.bindings.push(id);
                for subject in &binding.subjects {
                    self.bindings_by_subject.entry(subject.name.clone()).or_default().push(id);
                }
            }
            Body::NetworkPolicy(_) => {
                name(Group::NetworkPolicy);
                self.network_policies.push(id);
            }
            Body::Namespace => {
                name(Group::Namespace);
                if self.namespaces.last() != Some(&object.name) {
                    self.namespaces.push(object.name.clone());
                }
            }
        }
    }

    /// An object by its number.
    pub fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id.0 as usize)
    }

    /// All objects, in the order read.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The objects, for another world.
    pub fn into_objects(self) -> Vec<Object> {
        self.objects
    }

    /// All workloads, in the order read.
    pub fn workloads(&self) -> impl Iterator<Item = (&Object, &Workload)> {
        self.workloads.iter().filter_map(|id| {
            let object = self.object(*id)?;
            Some((object, object.workload()?))
        })
    }

    /// Whether every object of this kind in this namespace is known: because the input is declared to hold it, or because the
    /// cluster was asked.
    ///
    /// Completeness is claimed for the namespaces that occur in the input; an unset one counts as the input's own.
    pub fn is_complete(&self, kind: Kinds, namespace: Option<&str>) -> bool {
        let occurs = |name: &str| self.namespaces.binary_search_by(|known| known.as_str().cmp(name)).is_ok();
        let is_declared = self.facts.complete.contains(kind) && namespace.is_none_or(occurs);
        is_declared || self.facts.seen.holds(namespace, kind)
    }

    /// The Services that a name means, seen from an object: those of the namespace, else those that say none; of several,
    /// those in the nearest common folder.
    pub fn services_named(&self, from: &Object, namespace: Option<&str>, name: &str) -> Vec<&Object> {
        self.named(Group::Service, from, namespace, name)
    }

    /// The ServiceAccounts that a name means.
    pub fn service_accounts_named(&self, from: &Object, name: &str) -> Vec<&Object> {
        self.named(Group::ServiceAccount, from, from.namespace.as_deref(), name)
    }

    /// The ConfigMaps that a name means.
    pub fn config_maps_named(&self, from: &Object, name: &str) -> Vec<&Object> {
        self.named(Group::ConfigMap, from, from.namespace.as_deref(), name)
    }

    /// The Endpoints written by hand that a name means.
    pub fn endpoints_named(&self, from: &Object, namespace: Option<&str>, name: &str) -> Vec<&Object> {
        self.named(Group::Endpoints, from, namespace, name)
    }

    /// The autoscalers of a workload.
    pub fn autoscalers_of(&self, workload: &Object) -> Vec<&Object> {
        let mut found = self.named(Group::Autoscaler, workload, workload.namespace.as_deref(), &workload.name);
        found.retain(|object| match &object.body {
            Body::Autoscaler(autoscaler) => autoscaler.target_kind.as_deref() == Some(workload.kind.as_str()),
            _ => false,
        });
        found
    }

    /// Services whose own labels a selector matches, in a namespace; those that say no namespace are among them.
    pub fn services_labelled(&self, from: &Object, namespace: Option<&str>, selector: &Selector) -> Vec<&Object> {
        let pool = pool(&self.services_by_label, &self.services, selector);
        self.within(pool, namespace)
            .filter(|object| selector.matches(&object.labels) && self.is_nearest(Group::Service, &from.folder, object))
            .collect()
    }

    /// Endpoints written by hand whose labels a selector matches.
    pub fn endpoints_labelled(&self, namespace: Option<&str>, selector: &Selector) -> Vec<&Object> {
        self.within(&self.endpoints, namespace).filter(|object| selector.matches(&object.labels)).collect()
    }

    /// Services of a name in whatever namespace: for a hint where the right one has none.
    pub fn services_called(&self, name: &str) -> impl Iterator<Item = &Object> {
        self.in_group(Group::Service, name)
    }

    /// Services that the API server will not take, so that they are nobody's.
    pub fn refused_services(&self) -> impl Iterator<Item = &Object> {
        self.refused_services.iter().filter_map(|id| self.object(*id))
    }

    /// Workloads whose pods a selector matches.
    pub fn workloads_labelled(&self, from: &Object, namespace: Option<&str>, selector: &Selector) -> Vec<&Object> {
        let pool = pool(&self.pods_by_label, &self.workloads, selector);
        self.within(pool, namespace)
            .filter(|object| object.workload().is_some_and(|workload| selector.may_match(&workload.template.labels)))
            .filter(|object| self.is_nearest(Group::Workload, &from.folder, object))
            .collect()
    }

    /// Workloads whose pods a Service selects.
    pub fn workloads_selected<'w>(
        &'w self,
        object: &'w Object,
        service: &'w Service,
    ) -> impl Iterator<Item = &'w Object> {
        let rarest = self.rarest_on_pods(&service.selector);
        let pool = rarest.and_then(|rarest| self.pods_by_label.get(rarest)).map_or(&[] as &[_], Vec::as_slice);
        self.within(pool, object.namespace.as_deref())
            .filter(|object| object.workload().is_some_and(|workload| service.selects(&workload.template.labels)))
    }

    /// Whether a Service selects the pods of a workload, as far as can be told: a Service sees its own namespace only.
    pub fn may_select(service: &Object, workload: &Object) -> bool {
        same_namespace(service.namespace.as_deref(), workload.namespace.as_deref()) != SameNamespace::No
            && matches!((service.service(), workload.workload()), (Some(service), Some(workload))
                if service.may_select(&workload.template.labels))
    }

    /// Services that select the pods of a workload.
    pub fn services_selecting(&self, from: &Object, workload: &Workload) -> Vec<&Object> {
        let labels = &workload.template.labels;
        let pools = labels.iter().filter_map(|pair| self.services_by_selector.get(pair));
        let mut found: Vec<_> = pools
            .flat_map(|pool| self.within(pool, from.namespace.as_deref()))
            .filter(|object| object.service().is_some_and(|service| service.selects(labels)))
            .filter(|object| self.is_nearest(Group::Service, &from.folder, object))
            .collect();
        found.sort_unstable_by_key(|object| object.id);
        found
    }

    fn in_group(&self, group: Group, name: &str) -> impl Iterator<Item = &Object> {
        let all = self.by_name.get(name).map_or(&[] as &[_], Vec::as_slice);
        all.iter().filter(move |(known, _)| *known == group).filter_map(|(_, id)| self.object(*id))
    }

    /// Whether an object is the one that its name means, seen from a folder: two overlays hold the same objects twice, and
    /// each goes with its own.
    fn is_nearest(&self, group: Group, folder: &str, object: &Object) -> bool {
        let same = |other: &&Object| other.kind == object.kind && other.namespace == object.namespace;
        let nearest = self.in_group(group, &object.name).filter(same).map(|other| shared_folders(other, folder)).max();
        nearest.is_none_or(|most| shared_folders(object, folder) == most)
    }

    /// Whether a name means this object and no other, seen from one that asks: none of the same name is as near.
    pub fn is_meant_alone(&self, from: &Object, object: &Object) -> bool {
        let all = self.by_name.get(&object.name).map_or(&[] as &[_], Vec::as_slice);
        let same = |other: &&Object| other.kind == object.kind && other.namespace == object.namespace;
        let called_so = all.iter().filter_map(|(_, id)| self.object(*id)).filter(same);
        nearest(called_so.collect(), &from.folder).iter().all(|other| other.id == object.id)
    }

    fn named(&self, group: Group, from: &Object, namespace: Option<&str>, name: &str) -> Vec<&Object> {
        let of = |wanted| {
            let same = move |object: &&Object| same_namespace(object.namespace.as_deref(), namespace) == wanted;
            self.in_group(group, name).filter(same).collect::<Vec<_>>()
        };
        let certain = of(SameNamespace::Yes);
        nearest(if certain.is_empty() { of(SameNamespace::Open) } else { certain }, &from.folder)
    }

    fn within<'w, 'n>(
        &'w self,
        pool: &'w [ObjectId],
        namespace: Option<&'n str>,
    ) -> impl Iterator<Item = &'w Object> + use<'w, 'n> {
        pool.iter()
            .filter_map(|id| self.object(*id))
            .filter(move |object| same_namespace(object.namespace.as_deref(), namespace) != SameNamespace::No)
    }
}

fn add_pairs(index: &mut HashMap<(String, String), Vec<ObjectId>>, pairs: &[(String, String)], id: ObjectId) {
    for pair in pairs {
        index.entry(pair.clone()).or_default().push(id);
    }
}

/// Where to look for what a selector matches: behind the rarest of its labels, or everywhere.
fn pool<'w>(
    index: &'w HashMap<(String, String), Vec<ObjectId>>,
    all: &'w [ObjectId],
    selector: &Selector,
) -> &'w [ObjectId] {
    let behind =
        |(key, value): (&str, &str)| index.get(&(key.to_owned(), value.to_owned())).map_or(&[] as &[_], Vec::as_slice);
    selector.required_pairs().map(behind).min_by_key(|pool| pool.len()).unwrap_or(all)
}

/// Of several objects with one name, those that share the longest folder path with `folder`.
fn nearest<'w>(objects: Vec<&'w Object>, folder: &str) -> Vec<&'w Object> {
    if objects.len() < 2 {
        return objects;
    }
    let most = objects.iter().map(|object| shared_folders(object, folder)).max().unwrap_or(0);
    objects.into_iter().filter(|object| shared_folders(object, folder) == most).collect()
}

fn shared_folders(object: &Object, folder: &str) -> usize {
    object.folder.split('/').zip(folder.split('/')).take_while(|(theirs, ours)| theirs == ours).count()
}
