//! What of beamgate is on a cluster: its webhooks, who answers for them, and whether the API server reaches them.

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::Api;
use kube::api::{ListParams, PostParams};
use serde_json::{Value, json};

use super::list::Found;
use super::{Cluster, ClusterError, Kind};
use crate::world::declared::STRATEGY;

/// What the names of all our webhooks end with.
const NAMES: &str = ".beamgate.dev";

/// A webhook that is registered with the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// `MutatingWebhookConfiguration beamgate`.
    pub configuration: String,
    /// `inject.beamgate.dev`.
    pub name: String,
    /// Whether it changes objects.
    pub mutating: bool,
    /// Whether a request fails that it does not answer.
    pub fails_closed: bool,
    /// The certificates that are trusted, in PEM.
    pub ca_bundle: Option<Vec<u8>>,
    /// Who answers.
    pub service: Option<ServiceKey>,
}

/// A Service and a port of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The port that the API server dials.
    pub port: i32,
}

/// The pods behind a Service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backends {
    /// The names of those that are ready.
    pub ready: Vec<String>,
    /// How many are not.
    pub unready: usize,
    /// The port on which they listen.
    pub port: Option<u16>,
}

/// What came of making a pod in a dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DryRun {
    /// It came back with the name of its node.
    Injected,
    /// It came back as it was sent.
    Untouched,
    /// It was refused, with these words.
    Refused(String),
}

impl Cluster {
    /// Our webhooks, in whatever configuration they are.
    ///
    /// # Errors
    /// The API does not say.
    pub fn webhooks(&self) -> Result<Vec<Registered>, ClusterError> {
        let all = ListParams::default();
        let client = || self.connection.client.clone();
        let mutating: Api<MutatingWebhookConfiguration> = Api::all(client());
        let validating: Api<ValidatingWebhookConfiguration> = Api::all(client());
        let mutating = self.wait("the mutating webhooks", mutating.list(&all))?;
        let validating = self.wait("the validating webhooks", validating.list(&all))?;
        let mut found = Vec::new();
        for configuration in mutating {
            let title = format!("MutatingWebhookConfiguration {}", configuration.metadata.name.unwrap_or_default());
            for hook in configuration.webhooks.into_iter().flatten().filter(|hook| hook.name.ends_with(NAMES)) {
                found.push(registered(&title, hook.name, true, hook.failure_policy.as_deref(), hook.client_config));
            }
        }
        for configuration in validating {
            let title = format!("ValidatingWebhookConfiguration {}", configuration.metadata.name.unwrap_or_default());
            for hook in configuration.webhooks.into_iter().flatten().filter(|hook| hook.name.ends_with(NAMES)) {
                found.push(registered(&title, hook.name, false, hook.failure_policy.as_deref(), hook.client_config));
            }
        }
        Ok(found)
    }

    /// The pods that answer for a Service.
    ///
    /// # Errors
    /// The API does not say; there is no such Service.
    pub fn backends(&self, service: &ServiceKey) -> Result<Backends, ClusterError> {
        let what = format!("service `{}/{}`", service.namespace, service.name);
        let client = || self.connection.client.clone();
        let services: Api<Service> = Api::namespaced(client(), &service.namespace);
        let found = self.wait(&what, services.get(&service.name))?;
        let slices: Api<EndpointSlice> = Api::namespaced(client(), &service.namespace);
        let of = ListParams::default().labels(&format!("kubernetes.io/service-name={}", service.name));
        let slices = self.wait(&what, slices.list(&of))?.items;
        let named = port_name(&found, service.port);
        let mut backends = Backends { port: target_number(&found, service.port), ..Backends::default() };
        for slice in slices {
            let port = slice.ports.iter().flatten().find(|port| port.name.as_deref().unwrap_or_default() == named);
            backends.port = port.and_then(|port| u16::try_from(port.port?).ok()).or(backends.port);
            for endpoint in slice.endpoints {
                let ready = endpoint.conditions.and_then(|conditions| conditions.ready).unwrap_or(true);
                match endpoint.target_ref.and_then(|target| target.name).filter(|_| ready) {
                    Some(pod) => backends.ready.push(pod),
                    None => backends.unready += 1,
                }
            }
        }
        backends.ready.sort_unstable();
        Ok(backends)
    }

    /// Makes a pod that declares a strategy, in a dry run: of which nothing is kept.
    ///
    /// # Errors
    /// The API does not answer.
    pub fn dry_run(&self) -> Result<DryRun, ClusterError> {
        let pods: Api<Pod> = self.api();
        // It is made here, of parts that fit.
        let Ok(pod) = serde_json::from_value(labelled_pod()) else { return Ok(DryRun::Untouched) };
        let options = PostParams { dry_run: true, ..PostParams::default() };
        let made = async {
            match pods.create(&options, &pod).await {
                Ok(pod) => Ok(if has_name(&pod) { DryRun::Injected } else { DryRun::Untouched }),
                Err(kube::Error::Api(status)) => Ok(DryRun::Refused(status.message)),
                Err(error) => Err(error),
            }
        };
        self.wait("a pod in a dry run", made)
    }

    /// Every pod of the cluster that declares a strategy.
    ///
    /// # Errors
    /// The API does not say.
    pub fn declared_pods(&self) -> Result<Vec<Found>, ClusterError> {
        self.list(Kind::Pod, None, Some(STRATEGY))
    }

    /// Everything that makes pods; the strategy's label is on the template, where no query finds it.
    ///
    /// # Errors
    /// The API does not say.
    pub fn workloads(&self) -> Result<Vec<Found>, ClusterError> {
        let mut found = Vec::new();
        for kind in Kind::MAKERS.into_iter().filter(|kind| *kind != Kind::Pod) {
            found.extend(self.list(kind, None, None)?);
        }
        Ok(found)
    }
}

fn registered(
    configuration: &str,
    name: String,
    mutating: bool,
    policy: Option<&str>,
    client: WebhookClientConfig,
) -> Registered {
    let service = client.service.map(|service| ServiceKey {
        namespace: service.namespace,
        name: service.name,
        port: service.port.unwrap_or(443),
    });
    let ca_bundle = client.ca_bundle.map(|ByteString(bytes)| bytes).filter(|bytes| !bytes.is_empty());
    let fails_closed = policy.is_none_or(|policy| policy == "Fail");
    Registered { configuration: configuration.to_owned(), name, mutating, fails_closed, ca_bundle, service }
}

fn port_name(service: &Service, port: i32) -> String {
    let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_ref());
    let found = ports.and_then(|ports| ports.iter().find(|known| known.port == port));
    found.and_then(|port| port.name.clone()).unwrap_or_default()
}

fn target_number(service: &Service, port: i32) -> Option<u16> {
    let found = service.spec.as_ref()?.ports.as_ref()?.iter().find(|known| known.port == port)?;
    match &found.target_port {
        Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
        Some(IntOrString::String(_)) => None,
        None => u16::try_from(port).ok(),
    }
}

fn has_name(pod: &Pod) -> bool {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.flat_map(|container| container.env.iter().flatten()).any(|var| var.name == "RELEASE_NODE")
}

/// It asks for as little as a pod can: what a namespace demands of all, a quota's requests and limits say, it has.
fn labelled_pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "beamgate-doctor",
            "labels": {"beamgate.dev/strategy": "Kubernetes.DNS"},
            "annotations": {"beamgate.dev/basename": "doctor", "beamgate.dev/service": "beamgate-doctor"},
        },
        "spec": {
            "containers": [{
                "name": "app", "image": "beamgate.dev/doctor",
                "resources": {
                    "requests": {"cpu": "1m", "memory": "4Mi", "ephemeral-storage": "1Mi"},
                    "limits": {"cpu": "1m", "memory": "4Mi", "ephemeral-storage": "1Mi"},
                },
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        },
    })
}
