//! The changes that declare a strategy of a workload, and bring what it cannot do without: a Service, an account, a domain.

use super::service::{Carrier, Service};
use super::{Candidate, may_list};
use crate::fix::change::{Among, Change, Tree};
use crate::name::spelling;
use crate::name::template::Sym;
use crate::rules::finding::Fix;
use crate::rules::{govern, headless_service};
use crate::trace::Trace;
use crate::world::declared::{Key, STRATEGY};
use crate::world::facts::Facts;
use crate::world::object::{show_pairs, value_of};

/// The variable in which `Kubernetes` and `Kubernetes.DNSSRV` look for the cluster's domain.
const DOMAIN: &str = "CLUSTER_DOMAIN";

/// What declares a candidate of a workload.
#[derive(Debug, Default)]
pub struct Declaration {
    /// The label and the annotations.
    pub says: Vec<Change>,
    /// What the candidate needs besides, and no rule can know.
    pub brings: Vec<Change>,
    /// What makes another Service the governing one.
    pub governs: Option<Fix>,
}

/// Declares a candidate, whatever is declared now.
pub fn declare(trace: &Trace<'_>, candidate: Candidate) -> Declaration {
    let mut written = Writer { trace, candidate, declaration: Declaration::default() };
    let service = Service::of(trace, candidate);
    let carrier = Carrier::of(trace, candidate, service.as_ref());
    written.label();
    written.annotations(service.as_ref(), carrier.as_ref());
    written.services(service.as_ref(), carrier.as_ref());
    if candidate.lists().is_some_and(|resource| !may_list(trace, resource)) {
        written.account();
    }
    written.domain();
    written.declaration
}

struct Writer<'t, 'w> {
    trace: &'t Trace<'w>,
    candidate: Candidate,
    declaration: Declaration,
}

impl Writer<'_, '_> {
    fn label(&mut self) {
        if Candidate::declared(self.trace) == Some(self.candidate) {
            return;
        }
        let at = self.trace.pod.at_label(STRATEGY).of(self.trace.object.id);
        self.declaration.says.push(Change::set(at, self.candidate.strategy));
    }

    fn annotations(&mut self, service: Option<&Service<'_>>, carrier: Option<&Carrier<'_>>) {
        let options = self.options(service, carrier);
        let pod = self.trace.pod;
        let annotated = |key: Key| pod.annotations.iter().any(|(name, _)| *name == key.annotation());
        let ours = [Key::Mode, Key::Lookup, Key::Selector, Key::Service, Key::Namespace, Key::ClusterDomain];
        let unused = ours.into_iter().filter(|key| !options.iter().any(|(used, _)| used == key) && annotated(*key));
        let at = |key: Key| pod.at_annotation(&key.annotation()).of(self.trace.object.id);
        self.declaration.says.extend(unused.map(|key| Change::Remove { at: at(key) }));
        let said = |key: Key| value_of(&pod.annotations, &key.annotation());
        let new = options.iter().filter(|(key, value)| said(*key) != Some(value.as_str()));
        self.declaration.says.extend(new.map(|(key, value)| Change::set(at(*key), value.as_str())));
    }

    /// The options of the candidate, in the order of the documentation.
    fn options(&mut self, service: Option<&Service<'_>>, carrier: Option<&Carrier<'_>>) -> Vec<(Key, String)> {
        let (trace, candidate) = (self.trace, self.candidate);
        let mut options = Vec::new();
        if trace.key(Key::Basename).is_none() {
            options.push((Key::Basename, basename(trace)));
        }
        options.extend(candidate.mode.map(|mode| (Key::Mode, mode.to_owned())));
        options.extend(candidate.lookup.map(|lookup| (Key::Lookup, lookup.to_owned())));
        options.extend(carrier.map(|carrier| (Key::Selector, show_pairs(&carrier.selector))));
        if let Some(service) = service {
            // `inet_res:lookup` completes no name.
            let in_full = matches!(candidate.strategy, "DNSPoll" | "Peerage");
            let name = if in_full { self.full_name(&service.name) } else { service.name.clone() };
            options.push((Key::Service, name));
        }
        let domain = &trace.world.facts.cluster_domain;
        if candidate.lists().is_some() && is_unusual(domain) && domain.ends_with(".local") {
            options.push((Key::ClusterDomain, domain.clone()));
        }
        options
    }

    /// The full name of a Service, with the namespace as the pods know it; where it is written nowhere, a variable has it.
    fn full_name(&mut self, service: &str) -> String {
        let (trace, domain) = (self.trace, &self.trace.world.facts.cluster_domain);
        let namespace = match (spelling::holder(Sym::Namespace, &trace.env, None), &trace.object.namespace) {
            (Some(holder), _) => format!("$({holder})"),
            (None, Some(namespace)) => namespace.clone(),
            (None, None) => {
                let name = spelling::usual(Sym::Namespace).unwrap_or_default();
                let field = Tree::pairs([("fieldPath", spelling::field(Sym::Namespace).unwrap_or_default())]);
                let from = Tree::map([("fieldRef", field)]);
                self.variable(Tree::map([("name", name.into()), ("valueFrom", from)]));
                format!("$({name})")
            }
        };
        format!("{service}.{namespace}.svc.{domain}")
    }

    /// Makes the Service that is missing, lets it govern the pods whose names it serves, and labels the one that is listed.
    fn services(&mut self, service: Option<&Service<'_>>, carrier: Option<&Carrier<'_>>) {
        let (trace, namespace) = (self.trace, self.trace.object.namespace.as_deref());
        let labels = carrier.map_or(&[] as &[_], |carrier| carrier.labels_missing.as_slice());
        match (carrier.and_then(|carrier| carrier.object), service.filter(|service| service.object.is_none())) {
            (Some(object), _) => {
                let set = |(key, value): &(String, String)| Change::set(object.at_label(key), value.as_str());
                self.declaration.brings.extend(labels.iter().map(set));
            }
            (None, Some(service)) => {
                let object = headless_service(trace, &service.name, namespace, labels);
                self.declaration.brings.push(Change::Create { beside: trace.object.id, object });
            }
            (None, None) => {
                let new = carrier.and_then(|carrier| carrier.new.as_deref());
                let object = new.map(|name| headless_service(trace, name, namespace, labels));
                let created = object.map(|object| Change::Create { beside: trace.object.id, object });
                self.declaration.brings.extend(created);
            }
        }
        let governs = self.candidate.dials_hostnames() && trace.workload.has_stable_hostnames();
        let other = service.filter(|service| governs && trace.workload.subdomain() != Some(service.name.as_str()));
        self.declaration.governs = other.map(|service| govern(trace, &service.name));
    }

    /// An account of the pods' own, so that nobody else may what it may.
    fn account(&mut self) {
        let trace = self.trace;
        if trace.pod.service_account.is_some() {
            return;
        }
        let name = trace.object.name.as_str();
        if trace.world.service_accounts_named(trace.object, name).is_empty() {
            let namespace = trace.object.namespace.iter().map(|namespace| ("namespace", namespace.as_str().into()));
            let metadata = std::iter::once(("name", name.into())).chain(namespace);
            let object = Tree::map([
                ("apiVersion", "v1".into()),
                ("kind", "ServiceAccount".into()),
                ("metadata", Tree::map(metadata)),
            ]);
            self.declaration.brings.push(Change::Create { beside: trace.object.id, object });
        }
        let at = trace.at_pod_spec(&["serviceAccountName"]);
        self.declaration.brings.push(Change::Set { at, value: name.into(), among: Among::First });
    }

    /// Tells the app a domain of the cluster that it would not ask in.
    fn domain(&mut self) {
        let (trace, candidate) = (self.trace, self.candidate);
        let domain = trace.world.facts.cluster_domain.as_str();
        let reads_it =
            candidate.strategy == "Kubernetes.DNSSRV" || (candidate.lists().is_some() && !domain.ends_with(".local"));
        if reads_it && is_unusual(domain) && trace.env.get(DOMAIN).is_none() {
            self.variable(Tree::pairs([("name", DOMAIN), ("value", domain)]));
        }
    }

    fn variable(&mut self, item: Tree) {
        let Some(container) = self.trace.container else { return };
        let list = container.at.key("env").of(self.trace.object.id);
        self.declaration.brings.push(Change::Insert { list, index: usize::MAX, item });
    }
}

fn is_unusual(domain: &str) -> bool {
    domain != Facts::default().cluster_domain
}

/// What stands before `@`: what the node has, else the name of the workload, whose dots no VM takes.
fn basename(trace: &Trace<'_>) -> String {
    let own = trace.own_base().and_then(|base| base.literal());
    own.unwrap_or_else(|| trace.object.name.replace('.', "-").trim_end_matches(['*', '-']).to_owned())
}
