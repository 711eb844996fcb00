//! What a strategy's question is answered now: as the API answers it, and for DNS, as the endpoints say that it would.
//!
//! The API strategies take what stands in the objects, whatever becomes of the pods (libcluster 3.5.0,
//! `lib/strategy/kubernetes.ex`): all that is in `addresses`, and every pod with an address. CoreDNS answers for endpoints that are
//! ready, or published without being so (`plugin/kubernetes`, `endpointsliceReady`), and with one address for a Service that is not
//! headless.

use k8s_openapi::api::core::v1::{Endpoints, Pod, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};
use kube::Api;
use kube::api::ListParams;

use super::{Cluster, ClusterError};
use crate::discovery::Address;

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// The addresses, each once, in a fixed order.
    pub addresses: Vec<Address>,
    /// Addresses that there are and that are left out, because their pods are not ready.
    pub unready: Vec<Address>,
    /// How it came about, in a few words: `Service cart is headless`.
    pub by: Vec<String>,
    /// Whether the addresses are those of Services, not of pods.
    pub virtual_ip: bool,
}

impl Cluster {
    /// The addresses in the endpoints that carry these labels.
    ///
    /// # Errors
    /// The API does not say.
    pub fn endpoints(&self, labels: &str) -> Result<Answered, ClusterError> {
        let all: Api<Endpoints> = self.api();
        let what = format!("endpoints with {labels}");
        let listed = self.wait(&what, all.list(&ListParams::default().labels(labels)))?.items;
        let mut answered = Answered::default();
        for endpoints in listed {
            let service = endpoints.metadata.name;
            answered.by.push(format!("endpoints `{}`", service.as_deref().unwrap_or_default()));
            for subset in endpoints.subsets.into_iter().flatten() {
                let address = |found: k8s_openapi::api::core::v1::EndpointAddress| Address {
                    ip: found.ip,
                    hostname: found.hostname,
                    pod: found.target_ref.and_then(|target| target.name),
                    service: service.clone(),
                };
                answered.addresses.extend(subset.addresses.into_iter().flatten().map(address));
                answered.unready.extend(subset.not_ready_addresses.into_iter().flatten().map(address));
            }
        }
        Ok(answered.sorted())
    }

    /// The addresses of the pods that carry these labels, whatever becomes of them.
    ///
    /// # Errors
    /// The API does not say.
    pub fn labelled_pods(&self, labels: &str) -> Result<Answered, ClusterError> {
        let pods: Api<Pod> = self.api();
        let what = format!("pods with {labels}");
        let listed = self.wait(&what, pods.list(&ListParams::default().labels(labels)))?.items;
        let address = |pod: Pod| {
            let ip = pod.status?.pod_ip?;
            Some(Address { ip, hostname: pod.spec?.hostname, pod: pod.metadata.name, service: None })
        };
        let addresses = listed.into_iter().filter_map(address).collect();
        Ok(Answered { addresses, by: vec!["the list of pods".to_owned()], ..Answered::default() }.sorted())
    }

    /// What DNS would answer for the name of a Service, as its endpoints say; for SRV records it needs a port.
    ///
    /// # Errors
    /// The API does not say.
    pub fn resolved(&self, name: &str, srv: bool) -> Result<Answered, ClusterError> {
        let services: Api<Service> = self.api();
        let service = match self.wait(&format!("service `{name}`"), services.get(name)) {
            Ok(service) => service.spec.unwrap_or_default(),
            Err(error) if error.code() == Some(404) => {
                return Ok(Answered::nothing(format!("there is no Service `{name}`")));
            }
            Err(error) => return Err(error),
        };
        if service.type_.as_deref() == Some("ExternalName") {
            return Ok(Answered::nothing(format!("Service `{name}` is an alias of another name")));
        }
        let cluster_ip = service.cluster_ip.filter(|ip| !ip.is_empty());
        if let Some(ip) = cluster_ip.filter(|ip| ip != "None") {
            let address = Address { ip, service: Some(name.to_owned()), ..Address::default() };
            let by = vec![format!("Service `{name}` is not headless: one virtual address stands for all pods")];
            return Ok(Answered { addresses: vec![address], by, virtual_ip: true, ..Answered::default() });
        }
        if srv && service.ports.is_none_or(|ports| ports.is_empty()) {
            return Ok(Answered::nothing(format!("Service `{name}` has no ports, so no SRV records")));
        }
        let slices: Api<EndpointSlice> = self.api();
        let of = ListParams::default().labels(&format!("kubernetes.io/service-name={name}"));
        let slices = self.wait(&format!("the endpoints of service `{name}`"), slices.list(&of))?.items;
        let mut answered = Answered { by: vec![format!("the endpoints of Service `{name}`")], ..Answered::default() };
        for endpoint in slices.into_iter().flat_map(|slice| slice.endpoints) {
            let is_ready = endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true);
            let found = addresses(endpoint, name);
            if is_ready { answered.addresses.extend(found) } else { answered.unready.extend(found) }
        }
        Ok(answered.sorted())
    }
}

impl Answered {
    fn nothing(why: String) -> Self {
        Self { by: vec![why], ..Self::default() }
    }

    fn sorted(mut self) -> Self {
        for addresses in [&mut self.addresses, &mut self.unready] {
            addresses.sort_by(|one, other| (&one.pod, one).cmp(&(&other.pod, other)));
            addresses.dedup();
        }
        self
    }
}

fn addresses(endpoint: Endpoint, service: &str) -> impl Iterator<Item = Address> {
    let Endpoint { addresses, hostname, target_ref, .. } = endpoint;
    let pod = target_ref.and_then(|target| target.name);
    let service = Some(service.to_owned());
    addresses.into_iter().map(move |ip| Address {
        ip,
        hostname: hostname.clone(),
        pod: pod.clone(),
        service: service.clone(),
    })
}
