//! What answers a query, for these pods and for those of others, and the names that are dialled for it.

use super::{Dial, Member, Trace};
use crate::discovery::{Answer, Dialled, Discovery, Query, Record, Resource};
use crate::name::boot::Boot;
use crate::name::same::Same;
use crate::name::template::{Sym, Template, Why};
use crate::world::facts::Dns;
use crate::world::object::Object;
use crate::world::service::{Answers, Service};
use crate::world::workload::WorkloadKind;
use crate::world::{SameNamespace, World, same_namespace};

/// Whether an answer shows the pods of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shown {
    Yes,
    No,
    /// It depends on something that is not known.
    Open(Why),
}

/// The pods of another workload, as they are found.
#[derive(Debug, Clone)]
pub struct Found {
    /// In which of the [`Trace::ways`].
    pub way: usize,
    /// The names that are dialled for them, one for each answer that shows them.
    pub dials: Vec<Dial>,
    /// Why they may not be found all the same.
    pub doubt: Option<Why>,
}

impl<'w> Trace<'w> {
    pub(super) fn follow(&mut self) {
        let Some(discovery) = self.strategy.as_ref().and_then(|strategy| strategy.discovery.as_deref()) else { return };
        let query = discovery.query();
        if discovery.dialled() != Dialled::Made {
            (self.query, self.dials) = (query, self.announced());
            return;
        }
        let answers = self.answer(&query);
        let mut dials: Vec<Dial> = answers
            .iter()
            .filter(|member| member.shows_us)
            .map(|member| self.dial(discovery, &query, Some(member.object), self))
            .collect();
        if dials.is_empty() {
            dials.push(self.dial(discovery, &query, None, self));
        }
        (self.query, self.answers, self.dials) = (query, answers, dials);
    }

    fn answer(&self, query: &Query) -> Vec<Member<'w>> {
        let member = |object: &'w Object, shows_us| Member { object, shows_us };
        match query {
            Query::Service(service, _) => {
                self.services(service).into_iter().map(|object| member(object, true)).collect()
            }
            Query::Labels(query) if query.on == Resource::Endpoints => {
                let services = self.world.services_labelled(self.object, query.namespace.as_deref(), &query.selector);
                // An ExternalName has no endpoints.
                let listed = services.into_iter().filter(|object| !object.service().is_some_and(Service::is_alias));
                listed.map(|object| member(object, self.is_selected_by(object))).collect()
            }
            Query::Labels(query) => {
                let workloads = self.world.workloads_labelled(self.object, query.namespace.as_deref(), &query.selector);
                workloads.into_iter().map(|object| member(object, object.id == self.object.id)).collect()
            }
            Query::Elsewhere(_) | Query::Unknown(_) | Query::Undeclared => Vec::new(),
        }
    }

    /// The name that is dialled for the pods of `peer` where `from` shows them.
    fn dial(&self, discovery: &dyn Discovery, query: &Query, from: Option<&Object>, peer: &Trace<'_>) -> Dial {
        let service = from.filter(|object| object.service().is_some());
        let asked = match query {
            Query::Service(asked, _) => Some(asked.name.as_str()),
            _ => discovery.service().map(|asked| asked.name.as_str()),
        };
        let name = service.map(|service| service.name.as_str()).or(asked);
        let pods = matches!(query, Query::Labels(query) if query.on == Resource::Pods);
        let answer = Answer {
            hostname: match query {
                _ if pods => peer.hostname(),
                Query::Service(_, Record::Srv) => name.and_then(|name| peer.srv_hostname(name)),
                _ => name.and_then(|name| peer.published_hostname(name)),
            },
            service: name.map(str::to_owned),
            virtual_ip: service
                .and_then(Object::service)
                .is_some_and(|service| service.answers() == Answers::VirtualIp),
            at: from.unwrap_or(peer.object).at(&["spec"]),
        };
        Dial { name: discovery.dials(&answer), answer }
    }

    /// `spec.hostname` of the pods: a StatefulSet's are called as themselves.
    fn hostname(&self) -> Option<Template> {
        let at = self.object.at(&["spec", "serviceName"]);
        if self.workload.has_stable_hostnames() {
            return Some(Template::sym(Sym::PodName, &at));
        }
        let hostname = self.pod.hostname.as_ref()?;
        // The StatefulSet controller calls a pod's host as the pod (`stateful_set_utils.go`, `initIdentity`).
        if self.workload.kind == WorkloadKind::Pod && *hostname == self.object.name {
            return Some(Template::sym(Sym::PodName, &at));
        }
        Some(Template::lit(hostname.clone(), &self.pod.at_spec(&["hostname"]).of(self.object.id)))
    }

    /// The host name under which a Service shows the pods: only with a `hostname`, and only if it is their subdomain
    /// (`endpointslice/util/controller_utils.go`, `ShouldSetHostname`).
    pub(super) fn published_hostname(&self, service: &str) -> Option<Template> {
        self.hostname().filter(|_| self.workload.subdomain() == Some(service))
    }

    /// The host name in an SRV record, which a DNS server may have for pods without one too; CoreDNS makes it of the address
    /// (`plugin/kubernetes/kubernetes.go`, `endpointHostname`) and says none here.
    fn srv_hostname(&self, service: &str) -> Option<Template> {
        let at = self.at_pod_spec(&["hostname"]);
        self.published_hostname(service).or_else(|| match self.world.facts.dns {
            Dns::CoreDns => None,
            Dns::EndpointPodNames => Some(Template::sym(Sym::PodName, &at)),
            Dns::Other => Some(Template::opaque(Why::Field("the name that DNS gives to this pod".to_owned()), &at)),
        })
    }

    /// The workloads whose pods answer a query, these among them: each once, in the order read.
    pub fn found_workloads(&self) -> Vec<&'w Object> {
        let mut found: Vec<_> = self.ways().flat_map(Self::answering_workloads).collect();
        found.sort_unstable_by_key(|object| object.id);
        found.dedup_by_key(|object| object.id);
        found
    }

    /// Whether these pods are among those that answer.
    pub fn finds_itself(&self) -> bool {
        self.ways().flat_map(Self::answering_workloads).any(|object| object.id == self.object.id)
    }

    fn answering_workloads(&self) -> impl Iterator<Item = &'w Object> {
        let behind = |member: &Member<'w>| {
            let service = member.object.service();
            let selected = service.map(|service| self.world.workloads_selected(member.object, service));
            let itself = selected.is_none().then_some(member.object);
            selected.into_iter().flatten().chain(itself)
        };
        self.answers.iter().flat_map(behind)
    }

    /// How the pods of another workload are found: once for each way that finds them.
    pub fn finds(&self, peer: &Trace<'_>) -> Vec<Found> {
        let ways = self.ways().enumerate();
        ways.filter_map(|(way, trace)| Some(Found { way, ..trace.finds_by_itself(peer)? })).collect()
    }

    fn finds_by_itself(&self, peer: &Trace<'_>) -> Option<Found> {
        let discovery = self.discovery()?;
        let shown: Vec<(&Object, Shown)> =
            self.answers.iter().map(|member| (member.object, self.is_shown(member.object, peer))).collect();
        let doubt = match shown.iter().any(|(_, shown)| *shown == Shown::Yes) {
            true => None,
            false => Some(shown.iter().find_map(|(_, shown)| match shown {
                Shown::Open(why) => Some(why.clone()),
                _ => None,
            })?),
        };
        let showing = shown.iter().filter(|(_, shown)| *shown != Shown::No);
        let dials = showing.map(|(object, _)| self.dial(discovery, &self.query, Some(object), peer)).collect();
        Some(Found { way: 0, dials, doubt })
    }

    /// Whether an answer shows the pods of another workload. Of two overlays, each goes with its own.
    fn is_shown(&self, answer: &Object, peer: &Trace<'_>) -> Shown {
        if !self.world.is_meant_alone(self.object, peer.object) {
            return Shown::No;
        }
        let labels = &peer.pod.labels;
        let (asked, is_selected) = match (answer.service(), &self.query) {
            // DNS answers with the address of the Service itself.
            (Some(service), Query::Service(..)) if !service.is_headless() => return Shown::No,
            (Some(service), _) if World::may_select(answer, peer.object) => {
                (self.asked_namespace(), service.selects(labels))
            }
            (None, Query::Labels(query)) if answer.id == peer.object.id => {
                (self.asked_namespace(), query.selector.matches(labels))
            }
            _ => return Shown::No,
        };
        let is_certain =
            |one: Option<&str>, other: &Object| same_namespace(one, other.namespace.as_deref()) == SameNamespace::Yes;
        match is_selected {
            false => Shown::Open(Why::Field("metadata.labels".to_owned())),
            true if is_certain(asked, answer) && is_certain(answer.namespace.as_deref(), peer.object) => Shown::Yes,
            true => Shown::Open(Why::Field("metadata.namespace".to_owned())),
        }
    }

    /// The namespace in which the peers are looked for.
    fn asked_namespace(&self) -> Option<&str> {
        match &self.query {
            Query::Service(service, _) => service.namespace.as_deref(),
            Query::Labels(query) => query.namespace.as_deref(),
            Query::Elsewhere(_) | Query::Unknown(_) | Query::Undeclared => None,
        }
    }

    /// Whether the app finds nodes of another workload, which it then shares peers with: distribution is transitive, so
    /// workers that ask for the nodes of the web form one cluster with them. Nodes of another basename are not found.
    pub fn joins(&self, other: &'w Object) -> bool {
        let Some(workload) = other.workload().filter(|_| other.id != self.object.id) else { return false };
        let theirs = Self::of(self.world, other, workload);
        let base = |name: &Template| name.split_once('@').map(|(base, _)| base);
        let dialled = self.dials.first().and_then(|dial| base(&dial.name));
        let (Some(Boot::Named(own)), Some(dialled)) = (theirs.boot(), dialled) else { return theirs.is_opted_in() };
        theirs.is_beam() && base(own).is_some_and(|own| !matches!(self.identity.same(&own, &dialled), Same::No { .. }))
    }
}
