//! `Cluster.Strategy.Kubernetes.DNS`: the A records of one headless Service (libcluster 3.5.0, `lib/strategy/kubernetes_dns.ex`).

use super::{Answer, Discovery, Needs, Options, Query, Record, ServiceRef, at_sign, service_query};
use crate::name::template::{Sym, Template, Why};
use crate::place::Loc;
use crate::world::declared::Key;

#[derive(Debug)]
struct KubernetesDns {
    basename: Template,
    service: Result<Option<ServiceRef>, Why>,
    at: Loc,
}

pub(super) fn read(options: &mut Options<'_>) -> Box<dyn Discovery> {
    let service = options.require(Key::Service, "service");
    Box::new(KubernetesDns {
        basename: options.basename("application_name"),
        // `inet_res:getbyname` completes a name without dots from the resolver's search list.
        service: options.service(service.as_ref(), true),
        at: options.at(),
    })
}

impl Discovery for KubernetesDns {
    fn query(&self) -> Query {
        service_query(&self.service, Record::A)
    }

    fn dials(&self, _: &Answer) -> Template {
        let mut name = at_sign(&self.basename, &self.at);
        name.push_sym(Sym::PodIp, &self.at);
        name
    }

    fn needs(&self) -> Needs {
        // `{:hostent, _, [], :inet, _, addresses}`: there is no clause for aliases.
        Needs { headless: true, no_alias: true, ..Needs::default() }
    }
}
