//! What the cluster is known to hold: watched, reduced to what a judgement reads, and never trusted alone.
//!
//! A watch lags behind, so nothing is denied on its word: what it shows is read anew before that ([`live`](super::live)).
//! A kind that may not be listed, or whose watch is broken, is not known, and what depends on it is open.

mod around;
mod line;
mod sketch;
mod table;
pub(in crate::cluster) mod watch;

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

pub use super::kind::Kind;
use crate::discovery::{LabelQuery, Resource};
use crate::policy::admission::{ENFORCE, Enforce};
use crate::trace::Trace;
use crate::world::World;
use crate::world::declared::Declared;
use crate::world::facts::{Facts, Kinds};
use crate::world::object::{Object, value_of};
pub use around::Around;
pub use sketch::Sketch;
pub use table::Event;
use table::Table;
pub use watch::watch;

/// The watched objects. Shared by all requests; [`watch()`] fills it.
#[derive(Debug)]
pub struct Known {
    facts: Facts,
    objects: BTreeMap<&'static str, RwLock<Table<Kept>>>,
}

/// How well a kind is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The first list is not complete yet.
    Waiting,
    /// Everything of it is known, as of a moment ago.
    Synced,
    /// The watch is broken; it is tried again.
    Broken,
    /// The API server refuses to list it; it is tried again now and then.
    Refused,
}

/// An object, and of a workload what its nodes ask for.
#[derive(Debug, Clone)]
struct Kept {
    sketch: Sketch,
    asks: Option<Box<Asks>>,
}

/// What the nodes of a workload ask for, in all ways in which they look for others.
#[derive(Debug, Clone)]
struct Asks {
    /// Services by name, in these namespaces: that of the query, and their own where the resolver begins there.
    services: Vec<(String, Vec<String>)>,
    /// Services or pods by their labels.
    labels: Vec<LabelQuery>,
}

impl Known {
    /// Nothing yet. The facts say which workloads are opted in without a label.
    pub fn new(facts: Facts) -> Self {
        Self { facts, objects: Kind::WATCHED.iter().map(|kind| (kind.name(), RwLock::default())).collect() }
    }

    /// Whether everything that may be listed has been listed once.
    pub fn is_ready(&self) -> bool {
        self.states().iter().all(|(_, state, _)| *state != State::Waiting)
    }

    /// Each watched kind, how well it is known, and how many objects of it are kept: for logs and metrics.
    pub fn states(&self) -> Vec<(&'static str, State, usize)> {
        Kind::WATCHED
            .iter()
            .filter_map(|kind| {
                let table = self.table(*kind)?;
                Some((kind.name(), table.state, table.len()))
            })
            .collect()
    }

    /// The kinds of which everything is known, but for what happened a moment ago.
    pub fn kinds(&self) -> Kinds {
        let rights = [Kind::Role, Kind::ClusterRole, Kind::RoleBinding, Kind::ClusterRoleBinding];
        let groups: [(Kinds, &[Kind]); 3] =
            [(Kinds::SERVICES, &[Kind::Service]), (Kinds::RBAC, &rights), (Kinds::WORKLOADS, &Kind::WORKLOADS)];
        let is_known = |kinds: &[Kind]| kinds.iter().all(|kind| self.state(*kind) == State::Synced);
        let known = groups.into_iter().filter(|(_, kinds)| is_known(kinds)).map(|(group, _)| group);
        known.fold(Kinds::default(), Kinds::and)
    }

    /// How well a kind is known.
    pub fn state(&self, kind: Kind) -> State {
        self.table(kind).map_or(State::Waiting, |table| table.state)
    }

    /// Takes in what a watch says.
    pub fn take(&self, kind: Kind, event: Event) {
        let Some(table) = self.objects.get(kind.name()) else { return };
        // What is expensive is done before the lock.
        let mut kept = match &event {
            Event::Listed(object) | Event::Put(object) => self.keep(kind, object),
            _ => None,
        };
        table.write().unwrap_or_else(PoisonError::into_inner).take(event, |_| kept.take());
    }

    /// What the label of a namespace says; none where it is not known.
    pub fn enforce(&self, namespace: &str) -> Option<Option<Enforce>> {
        let table = self.table(Kind::Namespace)?;
        Some(enforce_of(&table.named("", namespace)?.sketch.object()?))
    }

    /// What is kept of an object; of workloads those that are opted in.
    fn keep(&self, kind: Kind, sketch: &Sketch) -> Option<Kept> {
        if !Kind::WORKLOADS.contains(&kind) {
            return Some(Kept { sketch: sketch.clone(), asks: None });
        }
        let object = sketch.object()?;
        Declared::of(&object, object.workload()?, &self.facts)?;
        let world = World::new(vec![object], self.facts.clone());
        let (object, workload) = world.workloads().next()?;
        let asks = Asks::of(&Trace::of(&world, object, workload));
        Some(Kept { sketch: sketch.clone(), asks: Some(Box::new(asks)) })
    }

    fn table(&self, kind: Kind) -> Option<RwLockReadGuard<'_, Table<Kept>>> {
        // Nothing that holds the lock can leave it half done.
        Some(self.objects.get(kind.name())?.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the label of a namespace says, if it has one.
pub fn enforce_of(namespace: &Object) -> Option<Enforce> {
    value_of(&namespace.labels, ENFORCE).map(Enforce::of_label)
}

impl Asks {
    fn of(trace: &Trace<'_>) -> Self {
        let own = &trace.object.namespace;
        let services = trace.ways().filter_map(|way| {
            let asked = way.asked_service()?;
            let mut namespaces: Vec<String> = asked.namespace.iter().chain(own).cloned().collect();
            namespaces.dedup();
            Some((asked.name.clone(), namespaces))
        });
        let labels = trace.ways().filter_map(Trace::label_query).cloned();
        Self { services: services.collect(), labels: labels.collect() }
    }

    /// Whether a Service may be among what is asked for.
    fn may_be(&self, service: &Object) -> bool {
        let namespace = service.namespace.as_deref().unwrap_or_default();
        let by_name = self
            .services
            .iter()
            .any(|(name, namespaces)| *name == service.name && namespaces.iter().any(|known| known == namespace));
        let by_label = self.labels.iter().any(|query| {
            query.on == Resource::Endpoints
                && query.namespace.as_deref() == Some(namespace)
                && query.selector.matches(&service.labels)
        });
        by_name || by_label
    }
}
