//! The Secret and the webhook configurations in the cluster.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;

/// Who we are to the API server.
const MANAGER: &str = "beamgate";
/// What our Secret carries, so that somebody else's is never written over; a webhook configuration with another value is not ours
/// to write either.
const OURS: (&str, &str) = ("beamgate.dev/certificates", "self-managed");

/// The annotations by which cert-manager's cainjector is told to write `caBundle`.
const CERT_MANAGERS: [&str; 2] = ["cert-manager.io/inject-ca-from", "cert-manager.io/inject-ca-from-secret"];

/// Why the cluster does not do as it is asked.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// A permission is missing.
    #[error("not allowed to {what}: {why}")]
    Forbidden {
        /// What was tried.
        what: String,
        /// What the API server says.
        why: String,
    },
    /// Somebody else was quicker: what was read is old.
    #[error("{0} was changed by somebody else")]
    Conflict(String),
    /// The Secret is in use for something else.
    #[error("Secret {0} holds something else, and is left as it is: give another name, or delete it")]
    NotOurs(String),
    /// Anything else.
    #[error("{what}: {why}")]
    Failed {
        /// What was tried.
        what: String,
        /// What the API server says.
        why: String,
    },
}

/// Which configurations are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those with one of these names, of either kind.
    Named(Vec<String>),
    /// Those with these labels, of either kind.
    Labelled(String),
}

/// Where all of it is.
#[derive(Clone)]
pub struct Place {
    /// How the cluster is asked.
    pub client: Client,
    /// The namespace of the Secret and of the Service.
    pub namespace: String,
    /// The name of the Secret.
    pub secret: String,
    /// The Service by which the webhooks are called. Webhooks of others in the same configuration are left alone.
    pub service: String,
    /// The webhook configurations.
    pub which: Which,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place")
            .field("namespace", &self.namespace)
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}

/// The Secret, as it was read.
#[derive(Default)]
pub struct Read {
    /// What it holds.
    pub data: BTreeMap<String, Vec<u8>>,
    /// Its version; none if it does not exist.
    pub version: Option<String>,
}

/// Without what it holds: keys are in it.
impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Read").field("version", &self.version).finish_non_exhaustive()
    }
}

/// A webhook configuration, as far as it concerns us.
#[derive(Debug, Clone)]
pub struct Configuration {
    kind: Kind,
    name: String,
    version: String,
    /// The annotation by which it is left to others what it trusts.
    others: Option<String>,
    /// The webhooks that call us, and what they trust.
    webhooks: Vec<(String, Vec<u8>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mutating,
    Validating,
}

impl Configuration {
    /// Whether all its webhooks trust exactly this; where others look after that, whether they trust this among others.
    pub fn trusts(&self, bundle: &str) -> bool {
        let trusts = |trusted: &[u8]| match self.others {
            Some(_) => String::from_utf8_lossy(trusted).contains(bundle.trim()),
            None => trusted == bundle.as_bytes(),
        };
        self.webhooks.iter().all(|(_, trusted)| trusts(trusted))
    }

    /// The annotation by which it is left to others what is trusted. Whoever changes over to certificates of another making does
    /// not want those of the replicas that are about to go.
    pub fn left_to_others(&self) -> Option<&str> {
        self.others.as_deref()
    }

    /// `MutatingWebhookConfiguration beamgate`.
    pub fn title(&self) -> String {
        format!("{} {}", self.kind.word(), self.name)
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Mutating => "MutatingWebhookConfiguration",
            Self::Validating => "ValidatingWebhookConfiguration",
        }
    }
}

impl Place {
    /// The webhook configurations that call us.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn configurations(&self) -> Result<Vec<Configuration>, PlaceError> {
        let mut found = self.of_kind::<MutatingWebhookConfiguration>(Kind::Mutating).await?;
        found.extend(self.of_kind::<ValidatingWebhookConfiguration>(Kind::Validating).await?);
        found.retain(|configuration| !configuration.webhooks.is_empty());
        Ok(found)
    }

    /// The Secret.
    ///
    /// # Errors
    /// It cannot be read, or it is somebody else's.
    pub async fn read(&self) -> Result<Read, PlaceError> {
        let what = || format!("get Secret {}", self.title());
        let Some(secret) = self.secrets().get_opt(&self.secret).await.map_err(|error| failure(what(), error))? else {
            return Ok(Read::default());
        };
        let data: BTreeMap<_, _> = secret.data.into_iter().flatten().map(|(key, value)| (key, value.0)).collect();
        let ours = secret.metadata.annotations.as_ref().and_then(|all| all.get(OURS.0)).is_some_and(|is| is == OURS.1);
        if !ours && !data.is_empty() {
            return Err(PlaceError::NotOurs(self.title()));
        }
        Ok(Read { data, version: secret.metadata.resource_version })
    }

    /// Writes the Secret, if it is still as it was read.
    ///
    /// # Errors
    /// It is not, or it cannot be written.
    pub async fn write(&self, data: BTreeMap<String, Vec<u8>>, read: &Read) -> Result<(), PlaceError> {
        let data: BTreeMap<_, _> = data.into_iter().map(|(key, value)| (key, ByteString(value))).collect();
        let annotations = BTreeMap::from([(OURS.0.to_owned(), OURS.1.to_owned())]);
        if let Some(version) = &read.version {
            // A key that is not there any more must go: a merge patch says so with null.
            let mut changes: BTreeMap<_, _> = read.data.keys().map(|key| (key.clone(), None)).collect();
            changes.extend(data.into_iter().map(|(key, value)| (key, Some(value))));
            let metadata = json!({ "resourceVersion": version, "annotations": annotations });
            let patch = Patch::Merge(json!({ "metadata": metadata, "data": changes }));
            let done = self.secrets().patch(&self.secret, &PatchParams::apply(MANAGER), &patch).await;
            return done.map(drop).map_err(|error| failure(format!("patch Secret {}", self.title()), error));
        }
        let metadata =
            ObjectMeta { name: Some(self.secret.clone()), annotations: Some(annotations), ..ObjectMeta::default() };
        let secret = Secret { metadata, data: Some(data), type_: Some("Opaque".to_owned()), ..Secret::default() };
        let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let done = self.secrets().create(&params, &secret).await;
        done.map(drop).map_err(|error| failure(format!("create Secret {}", self.title()), error))
    }

    /// Makes all webhooks of a configuration trust exactly this, if it is still as it was read.
    ///
    /// # Errors
    /// It is not, or it cannot be written.
    pub async fn publish(&self, configuration: &Configuration, bundle: &str) -> Result<(), PlaceError> {
        let bundle = ByteString(bundle.as_bytes().to_vec());
        let webhooks: Vec<_> = configuration
            .webhooks
            .iter()
            .map(|(name, _)| json!({ "name": name, "clientConfig": { "caBundle": bundle } }))
            .collect();
        let patch = json!({ "metadata": { "resourceVersion": configuration.version }, "webhooks": webhooks });
        let done = match configuration.kind {
            Kind::Mutating => self.patch::<MutatingWebhookConfiguration>(&configuration.name, patch).await,
            Kind::Validating => self.patch::<ValidatingWebhookConfiguration>(&configuration.name, patch).await,
        };
        done.map_err(|error| failure(format!("patch {}", configuration.title()), error))
    }

    async fn patch<K>(&self, name: &str, patch: serde_json::Value) -> kube::Result<()>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned + Clone + std::fmt::Debug,
    {
        let api = Api::<K>::all(self.client.clone());
        api.patch_metadata(name, &PatchParams::apply(MANAGER), &Patch::Strategic(patch)).await.map(drop)
    }

    async fn of_kind<K: Calls>(&self, kind: Kind) -> Result<Vec<Configuration>, PlaceError> {
        let api = Api::<K>::all(self.client.clone());
        let found = match &self.which {
            Which::Named(names) => {
                let mut found = Vec::new();
                for name in names {
                    let read = api.get_opt(name).await;
                    found.extend(read.map_err(|error| failure(format!("get {} {name}", kind.word()), error))?);
                }
                found
            }
            Which::Labelled(labels) => {
                let listed = api.list(&ListParams::default().labels(labels)).await;
                listed.map_err(|error| failure(format!("list {}s", kind.word()), error))?.items
            }
        };
        Ok(found.into_iter().map(|found| self.configuration(kind, &found)).collect())
    }

    fn configuration<K: Calls>(&self, kind: Kind, found: &K) -> Configuration {
        let ours = |config: &WebhookClientConfig| {
            let service = config.service.as_ref();
            service.is_some_and(|service| service.name == self.service && service.namespace == self.namespace)
        };
        let calls = found.calls().into_iter().filter(|(_, config)| ours(config));
        let trusted = |config: &WebhookClientConfig| config.ca_bundle.clone().unwrap_or_default().0;
        Configuration {
            kind,
            name: found.name_any(),
            version: found.resource_version().unwrap_or_default(),
            others: found
                .annotations()
                .iter()
                .find(|(key, value)| leaves_to_others(key, value))
                .map(|(key, _)| key.clone()),
            webhooks: calls.map(|(name, config)| (name.to_owned(), trusted(config))).collect(),
        }
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// `namespace/name` of the Secret.
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.secret)
    }
}

fn leaves_to_others(key: &str, value: &str) -> bool {
    CERT_MANAGERS.contains(&key) || (key == OURS.0 && value != OURS.1)
}

/// A kind that says who is called.
trait Calls: Resource<DynamicType = ()> + DeserializeOwned + Clone + std::fmt::Debug {
    fn calls(&self) -> Vec<(&str, &WebhookClientConfig)>;
}

impl Calls for MutatingWebhookConfiguration {
    fn calls(&self) -> Vec<(&str, &WebhookClientConfig)> {
        self.webhooks.iter().flatten().map(|webhook| (webhook.name.as_str(), &webhook.client_config)).collect()
    }
}

impl Calls for ValidatingWebhookConfiguration {
    fn calls(&self) -> Vec<(&str, &WebhookClientConfig)> {
        self.webhooks.iter().flatten().map(|webhook| (webhook.name.as_str(), &webhook.client_config)).collect()
    }
}

fn failure(what: String, error: kube::Error) -> PlaceError {
    match error {
        kube::Error::Api(status) if status.code == 403 => PlaceError::Forbidden { what, why: status.message },
        kube::Error::Api(status) if status.code == 409 => PlaceError::Conflict(what),
        kube::Error::Api(status) => PlaceError::Failed { what, why: status.message },
        other => PlaceError::Failed { what, why: other.to_string() },
    }
}
