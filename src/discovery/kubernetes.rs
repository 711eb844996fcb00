//! `Cluster.Strategy.Kubernetes`: lists endpoints or pods by label and makes names of what it finds (libcluster 3.5.0,
//! `lib/strategy/kubernetes.ex`).

use super::{
    Answer, Choice, Discovery, LabelQuery, Needs, Options, Query, Resource, ServiceRef, at_sign, known, namespace_of,
};
use crate::name::template::{Sym, Template, Why};
use crate::place::Loc;
use crate::world::declared::{Key, Sourced};
use crate::world::selector::Selector;

#[derive(Debug)]
struct Kubernetes {
    basename: Template,
    mode: Choice<Mode>,
    lookup: Choice<Resource>,
    selector: Option<Sourced<Template>>,
    namespace: Result<Option<String>, Why>,
    service: Result<Option<ServiceRef>, Why>,
    cluster_domain: String,
    at: Loc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Ip,
    Dns,
    Hostname,
}

pub(super) fn read(options: &mut Options<'_>) -> Box<dyn Discovery> {
    let mode = options.choice(Key::Mode, &["ip", "dns", "hostname"], &[Mode::Ip, Mode::Dns, Mode::Hostname]);
    let lookup = options.choice(Key::Lookup, &["endpoints", "pods"], &[Resource::Endpoints, Resource::Pods]);
    let service = match mode {
        Choice::Is(Mode::Hostname) => options.require(Key::Service, "kubernetes_service_name"),
        _ => None,
    };
    Box::new(Kubernetes {
        basename: options.basename("kubernetes_node_basename"),
        selector: options.require(Key::Selector, "kubernetes_selector"),
        namespace: options.namespace(),
        service: options.service_name(service.as_ref()),
        cluster_domain: options.cluster_domain(),
        at: options.at(),
        mode,
        lookup,
    })
}

impl Discovery for Kubernetes {
    fn query(&self) -> Query {
        let Some(selector) = &self.selector else { return Query::Undeclared };
        let on = match &self.lookup {
            Choice::Is(on) => *on,
            Choice::Unknown(why) => return Query::Unknown(why.clone()),
        };
        match (known(&selector.value), &self.namespace) {
            (Ok(text), Ok(namespace)) => match Selector::parse(&text) {
                Ok(parsed) => Query::Labels(LabelQuery {
                    on,
                    selector: parsed,
                    at: selector.at.clone(),
                    namespace: namespace.clone(),
                }),
                // Rule 002 says so.
                Err(_) => Query::Undeclared,
            },
            (Err(why), _) => Query::Unknown(why),
            (_, Err(why)) => Query::Unknown(why.clone()),
        }
    }

    fn dials(&self, answer: &Answer) -> Template {
        let mut name = at_sign(&self.basename, &self.at);
        match &self.mode {
            Choice::Is(Mode::Ip) => name.push_sym(Sym::PodIp, &self.at),
            Choice::Is(Mode::Dns) => {
                name.push_sym(Sym::PodIpDashed, &self.at);
                self.push_domain(&mut name, ".", "pod");
            }
            Choice::Is(Mode::Hostname) => {
                if let Some(hostname) = &answer.hostname {
                    name.append(hostname);
                }
                match &self.service {
                    Ok(Some(service)) => self.push_domain(&mut name, &format!(".{}.", service.name), "svc"),
                    // A missing service name leaves an empty label (`app@h..ns.svc.cluster.local`); rule 003 says so.
                    Ok(None) => name.append(&Template::opaque(Why::Image, &self.at)),
                    Err(why) => name.append(&Template::opaque(why.clone(), &self.at)),
                }
            }
            Choice::Unknown(why) => name.append(&Template::opaque(why.clone(), &self.at)),
        }
        name
    }

    fn needs(&self) -> Needs {
        let mode = match self.mode {
            Choice::Is(mode) => mode,
            Choice::Unknown(_) => Mode::Ip,
        };
        Needs {
            list: match self.lookup {
                Choice::Is(on) => Some(on),
                Choice::Unknown(_) => None,
            },
            hostname: mode == Mode::Hostname,
            local_domain: mode != Mode::Ip,
            // Colons are not replaced.
            ipv4: mode == Mode::Dns,
            ..Needs::default()
        }
    }

    fn service(&self) -> Option<&ServiceRef> {
        self.service.as_ref().ok()?.as_ref()
    }
}

impl Kubernetes {
    /// `.<namespace>.<zone>.<cluster name>.local`: `kubernetes_cluster_name` stands before a literal `.local`.
    fn push_domain(&self, name: &mut Template, before: &str, zone: &str) {
        name.push_lit(before, &self.at);
        match &self.namespace {
            // The namespace of the address or pod that was found: the queried one, else the pod's own.
            Ok(namespace) => name.append(&namespace_of(namespace.as_ref(), &self.at)),
            Err(why) => name.append(&Template::opaque(why.clone(), &self.at)),
        }
        // A domain that does not end so cannot be said with this strategy at all; rule 303.
        let cluster = self.cluster_domain.strip_suffix(".local").unwrap_or("cluster");
        name.push_lit(&format!(".{zone}.{cluster}.local"), &self.at);
    }
}
