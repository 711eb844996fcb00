//! The journey of one connection: what a node is called, what its peers ask, what answers, and the name that they dial.
//!
//! This is the one data structure of the program. Rules name its breaks, `beamgate trace` prints it.

pub mod announced;
mod answers;
pub mod coded;
pub mod container;
pub mod cookie;
mod doubts;
pub mod feeds;
pub mod listening;
mod live;
mod named_by;
pub mod project_read;
mod server;

use crate::discovery::{Answer, Dialled, Discovery, LabelQuery, Query, Resource, ServiceRef, Strategy};
use crate::name::boot::{Boot, Naming, Setting, identity};
use crate::name::env::{Env, Scope};
use crate::name::same::{Identity, Same};
use crate::name::template::{Template, Why};
use crate::place::Loc;
use crate::symptom::Symptom;
use crate::world::World;
use crate::world::declared::{Declared, Key, PREFIX, Sourced, keys_of};
use crate::world::facts::Facts;
use crate::world::object::{Object, show_pairs};
use crate::world::pod::{Container, PodTemplate};
use crate::world::service::Service;
use crate::world::workload::{Workload, WorkloadKind};
pub use answers::Found;
use container::{Choice, Evidence};

/// The trace of a workload.
#[derive(Debug)]
pub struct Trace<'w> {
    /// The world.
    pub world: &'w World,
    /// The workload's object.
    pub object: &'w Object,
    /// The workload.
    pub workload: &'w Workload,
    /// Its pods.
    pub pod: &'w PodTemplate,
    /// What its annotations and `beamgate.toml` say, opted in or not.
    pub keys: Vec<(Key, Sourced<String>)>,
    /// The declaration, if it is opted in.
    pub declared: Option<Declared>,
    /// A server with a clustering of its own.
    pub server: Option<&'static str>,
    /// What shows that it runs a BEAM node.
    pub evidence: Option<Evidence>,
    /// The node's container, if it is clear.
    pub container: Option<&'w Container>,
    /// That container's environment.
    pub env: Env,
    /// What decides the node's name; none without a container.
    pub naming: Option<Naming>,
    /// The strategy, if it is opted in.
    pub strategy: Option<Strategy>,
    /// What the peers ask.
    pub query: Query,
    /// What answers in this world.
    pub answers: Vec<Member<'w>>,
    /// The names that are dialled, one for each answer; without any, the one that a right answer would give. Where peers make no
    /// names, the node's own.
    pub dials: Vec<Dial>,
    /// What is known of the pods before they run.
    pub identity: Identity,
    /// The same pods with each further way in which they look for nodes.
    pub further: Vec<Self>,
}

/// An object that answers a query.
#[derive(Debug, Clone, Copy)]
pub struct Member<'w> {
    /// A Service; for a query about pods, a workload.
    pub object: &'w Object,
    /// Whether it is (or shows) the workload whose trace this is.
    pub shows_us: bool,
}

/// A name that peers dial.
#[derive(Debug, Clone)]
pub struct Dial {
    /// The name.
    pub name: Template,
    /// The answer that it is made of.
    pub answer: Answer,
}

/// What the names say.
#[derive(Debug, Clone)]
pub enum Agreement<'t> {
    /// Some answer gives the node's own name.
    Same,
    /// None does. The first name that is dialled, the node's own, and how much they share.
    Differs(&'t Template, &'t Template, usize),
    /// It depends on something that is not known.
    Open(Why),
    /// There is no name to compare: the node does not boot, or nothing is dialled.
    Nothing,
}

impl<'w> Trace<'w> {
    /// Follows the connection to a workload whose pods are these. [`Trace::of`] knows which they are.
    pub fn to_pods(world: &'w World, object: &'w Object, workload: &'w Workload, pod: &'w PodTemplate) -> Self {
        let declared = Declared::of(object, workload, &world.facts);
        let further = declared.as_ref().map(Declared::further).unwrap_or_default();
        let mut trace = Self::by(world, object, workload, pod, declared);
        trace.further =
            further.into_iter().map(|declared| Self::by(world, object, workload, pod, Some(declared))).collect();
        trace
    }

    /// Follows the connection as one declaration says it.
    fn by(
        world: &'w World,
        object: &'w Object,
        workload: &'w Workload,
        pod: &'w PodTemplate,
        declared: Option<Declared>,
    ) -> Self {
        let scope = Scope { world, object, pod };
        let keys =
            declared.as_ref().map_or_else(|| keys_of(object, workload, None), |declared| declared.keys().to_vec());
        let container = Choice::of(pod, &keys).get();
        let env = container.map(|container| Env::of(scope, container)).unwrap_or_default();
        let naming = container.map(|container| Naming::of(scope, workload, container, &env, &keys));
        let own_base = naming.as_ref().and_then(own_base);
        let strategy = declared.as_ref().map(|declared| Strategy::read(scope, declared, &env, own_base));
        let domain = cluster_domain(world, &keys, &env);
        let mut trace = Self {
            world,
            object,
            workload,
            pod,
            keys,
            server: match (&declared, container) {
                (Some(_), Some(container)) => container::is_server(container),
                _ => container::own_clustering(pod),
            },
            declared,
            evidence: container
                .zip(naming.as_ref())
                .and_then(|(container, naming)| container::evidence(container, naming)),
            container,
            env,
            naming,
            query: Query::Undeclared,
            strategy,
            answers: Vec::new(),
            dials: Vec::new(),
            identity: identity(scope, workload, domain),
            further: Vec::new(),
        };
        // Whoever speaks to us is no stranger, whatever the container looks like.
        if !trace.is_opted_in() && !trace.speaks_to_us() {
            trace.server = trace.server.or_else(|| server::shown_by(trace.container?));
        }
        trace.follow();
        trace
    }

    /// The Services that a name may mean.
    pub fn services(&self, service: &ServiceRef) -> Vec<&'w Object> {
        self.world.services_named(self.object, service.namespace.as_deref(), &service.name)
    }

    /// The Service that the query names, or whose name is a part of the names that are dialled.
    pub fn asked_service(&self) -> Option<&ServiceRef> {
        match &self.query {
            Query::Service(service, _) => Some(service),
            _ => self.discovery()?.service(),
        }
    }

    /// The Services that the strategy asks by name, if every one of them has a fault; of several that could be meant, one that
    /// has not would do.
    pub fn every_service(&self, is_bad: impl Fn(&Service) -> bool) -> Option<(&ServiceRef, &'w Object, &'w Service)> {
        let asked = self.asked_service()?;
        let found: Vec<_> =
            self.services(asked).into_iter().filter_map(|object| Some((object, object.service()?))).collect();
        let (object, service) = *found.first()?;
        found.iter().all(|(_, service)| is_bad(service)).then_some((asked, object, service))
    }

    /// Whether a Service may give these pods to those who ask.
    pub fn is_selected_by(&self, service: &Object) -> bool {
        World::may_select(service, self.object)
    }

    /// What is listed by label, if the strategy asks the API server.
    pub fn label_query(&self) -> Option<&LabelQuery> {
        match &self.query {
            Query::Labels(query) => Some(query),
            _ => None,
        }
    }

    /// The Services in which the peers look for these pods, by name or by label.
    pub fn searched_services(&self) -> Vec<&'w Object> {
        match &self.query {
            Query::Service(asked, _) => self.services(asked),
            Query::Labels(query) if query.on == Resource::Endpoints => {
                self.answers.iter().map(|member| member.object).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What is seen where the Service that is asked for does not answer with pods.
    pub fn nothing_found(&self, asked: &ServiceRef) -> Symptom {
        let needs = self.discovery().map(Discovery::needs).unwrap_or_default();
        match self.first_dialled() {
            Some(dialled) if needs.list.is_some() => Symptom::UnableToConnect(dialled),
            _ if self.is_loud_about_lookups() => Symptom::LookupFailed(asked.written()),
            // `DNSPoll` and `DNSCluster` take every error for an empty answer.
            _ => Symptom::Silence,
        }
    }

    /// Whether the strategy logs a lookup that fails: `DNSPoll` and `DNSCluster` take every error for an empty answer.
    pub fn is_loud_about_lookups(&self) -> bool {
        self.is_strategy(&["Kubernetes.DNS", "Kubernetes.DNSSRV"])
    }

    /// Whether the strategy logs nothing about peers that it cannot connect to: dns_cluster does only if it is told to.
    pub fn is_silent_about_peers(&self) -> bool {
        self.is_strategy(&["DNSCluster"])
    }

    /// Each way in which its nodes look for others, that of the label first.
    pub fn ways(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.further)
    }

    /// Whether this is one of the further ways.
    pub fn is_further(&self) -> bool {
        self.declared.as_ref().is_some_and(|declared| declared.is_further)
    }

    /// Whether further ways are declared and not understood.
    pub fn has_unread_topologies(&self) -> bool {
        self.further.is_empty() && self.key(Key::Topologies).is_some_and(|written| !written.value.trim().is_empty())
    }

    /// One of the [`Self::ways`].
    pub fn way(&self, number: usize) -> &Self {
        number.checked_sub(1).and_then(|further| self.further.get(further)).unwrap_or(self)
    }

    /// Whether it declares one of these strategies.
    pub fn is_strategy(&self, names: &[&str]) -> bool {
        let strategy = self.strategy.as_ref().filter(|strategy| strategy.discovery.is_some());
        strategy.is_some_and(|strategy| names.contains(&strategy.name.as_str()))
    }

    /// The name that peers make of an answer without a host name.
    pub fn dialled_without_hostname(&self) -> Option<String> {
        let dial = self.dials.first()?;
        let answer = Answer { hostname: None, ..dial.answer.clone() };
        Some(self.identity.example(&self.discovery()?.dials(&answer)))
    }

    /// The first name that peers dial, as one of the pods may have it.
    pub fn first_dialled(&self) -> Option<String> {
        self.dials.first().map(|dial| self.identity.example(&dial.name))
    }

    /// The pods' labels without our own: `app=cart,tier=web`.
    pub fn pod_labels(&self) -> String {
        let labels: Vec<_> = self.pod.labels.iter().filter(|(key, _)| !key.starts_with(PREFIX)).cloned().collect();
        show_pairs(&labels)
    }

    /// The strategy's own behaviour.
    pub fn discovery(&self) -> Option<&dyn Discovery> {
        self.strategy.as_ref()?.discovery.as_deref()
    }

    /// What becomes of the node's name.
    pub fn boot(&self) -> Option<&Boot> {
        self.naming.as_ref().map(|naming| &naming.boot)
    }

    /// Compares what is dialled with what answers.
    pub fn agreement(&self) -> Agreement<'_> {
        if self.dialled() != Dialled::Made {
            return self.agreement_as_announced();
        }
        let (own, dials) = match self.boot() {
            Some(Boot::Named(own)) if !self.dials.is_empty() => (own, &self.dials),
            Some(Boot::Opaque(why)) => return Agreement::Open(why.clone()),
            _ => return Agreement::Nothing,
        };
        let compared: Vec<(&Dial, Same)> =
            dials.iter().map(|dial| (dial, self.identity.same(&dial.name, own))).collect();
        if compared.iter().any(|(_, same)| *same == Same::Yes) {
            return Agreement::Same;
        }
        if let Some(why) =
            compared.iter().find_map(|(_, same)| if let Same::Open(why) = same { Some(why) } else { None })
        {
            return Agreement::Open(why.clone());
        }
        match compared.first() {
            Some((dial, Same::No { common })) => Agreement::Differs(&dial.name, own, *common),
            _ => Agreement::Nothing,
        }
    }

    /// An option of the declaration.
    pub fn key(&self, key: Key) -> Option<&Sourced<String>> {
        self.keys.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// The ServiceAccount of the pods.
    pub fn account(&self) -> &str {
        self.pod.service_account.as_deref().unwrap_or("default")
    }

    /// Where `metadata.labels` of the pods are.
    pub fn at_labels(&self) -> Loc {
        self.pod.base.key("metadata").key("labels").of(self.object.id)
    }

    /// A place below `spec` of the pods.
    pub fn at_pod_spec(&self, keys: &[&'static str]) -> Loc {
        self.pod.at_spec(keys).of(self.object.id)
    }

    /// The place of the variables of the node's container.
    pub fn at_env(&self) -> Loc {
        match self.container {
            Some(container) => container.at.key("env").of(self.object.id).at_key(),
            None => self.at_pod_spec(&["containers"]),
        }
    }

    /// Where it is written what the peers ask.
    pub fn at_query(&self) -> Option<&Loc> {
        match &self.query {
            Query::Service(service, _) => Some(&service.at),
            Query::Labels(query) => Some(&query.at),
            Query::Elsewhere(_) | Query::Unknown(_) | Query::Undeclared => None,
        }
    }

    /// The place of a container, at its name.
    pub fn at_container(&self, container: &Container) -> Loc {
        container.at.key("name").of(self.object.id)
    }

    /// How many pods there may be at once, as far as it is written; a replica count that an autoscaler sets is its maximum.
    pub fn replicas(&self) -> Option<u32> {
        match self.workload.kind {
            WorkloadKind::DaemonSet => None,
            WorkloadKind::Pod => Some(1),
            _ => {
                let maxima =
                    self.world.autoscalers_of(self.object).into_iter().filter_map(|object| match &object.body {
                        crate::world::object::Body::Autoscaler(autoscaler) => autoscaler.max,
                        _ => None,
                    });
                maxima.chain([self.workload.replicas.unwrap_or(1)]).max()
            }
        }
    }

    /// Whether the workload is opted in.
    pub fn is_opted_in(&self) -> bool {
        self.declared.is_some()
    }

    /// Whether it is worth a look at all.
    pub fn is_beam(&self) -> bool {
        self.server.is_none() && (self.is_opted_in() || self.evidence.is_some() || self.speaks_to_us())
    }

    /// Whether some key of ours stands on the workload or its pods, be it in the wrong place or misspelt.
    fn speaks_to_us(&self) -> bool {
        let lists = [&self.object.labels, &self.object.annotations, &self.pod.labels, &self.pod.annotations];
        let mut names = lists.into_iter().flatten().filter_map(|(name, _)| name.strip_prefix(PREFIX));
        names.any(|name| name != Key::Ignore.name())
    }

    /// Whether its container starts a node that stays, as far as one can tell: `eval` and `rpc` do not.
    pub fn starts_a_node(&self) -> bool {
        self.naming.as_ref().is_none_or(|naming| naming.launch.program.may_start_a_node())
    }

    /// Where the node's container is.
    pub fn scope(&self) -> Scope<'w> {
        Scope { world: self.world, object: self.object, pod: self.pod }
    }

    /// An option of the declaration, with references to the container's variables resolved.
    pub fn option(&self, key: Key) -> Option<Sourced<Template>> {
        let written = self.key(key)?;
        let value = self.env.expand_argument(written.value.trim(), &written.at, self.scope());
        Some(Sourced { value: value.with_references_open(), at: written.at.clone() })
    }

    /// What stands before `@` in the node's own name, whatever becomes of the rest.
    pub fn own_base(&self) -> Option<Template> {
        self.naming.as_ref().and_then(own_base)
    }

    /// The headless Services that select its pods.
    pub fn headless_services(&self) -> Vec<&'w Object> {
        let mut found = self.world.services_selecting(self.object, self.workload);
        found.retain(|object| object.service().is_some_and(Service::is_headless));
        found
    }
}

/// The cluster's domain as far as this workload knows it: what is declared, else what its pods are told, for a default is
/// no knowledge.
fn cluster_domain(world: &World, keys: &[(Key, Sourced<String>)], env: &Env) -> String {
    let declared = keys.iter().find(|(key, _)| *key == Key::ClusterDomain).map(|(_, declared)| declared.value.clone());
    let known = declared.filter(|domain| !domain.contains('$'));
    let usual = Facts::default().cluster_domain;
    let told = || env.get("CLUSTER_DOMAIN").filter(|_| world.facts.cluster_domain == usual)?.value.literal();
    let domain = known.or_else(told).unwrap_or_else(|| world.facts.cluster_domain.clone());
    domain.trim().trim_matches('.').to_owned()
}

/// What stands before `@` in the node's own name, whatever becomes of the rest.
fn own_base(naming: &Naming) -> Option<Template> {
    let name = match (&naming.boot, &naming.node) {
        (Boot::Named(name), _) => name,
        (_, Setting::Set(node)) => &node.value,
        _ => return None,
    };
    Some(name.split_once('@').map_or_else(|| name.clone(), |(base, _)| base)).filter(|base| !base.is_empty())
}
