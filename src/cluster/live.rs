//! Single objects as they are now, read before anything is denied for their sake.

use std::future::Future;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use kube::{Api, Client, Resource};

use super::known::watch::Slim;
use crate::world::object::Object;

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// `Service`.
    pub kind: String,
    /// Its namespace; none for those that are in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// An object as it was read.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The object.
    pub object: Object,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
}

/// Why an object could not be read: no permission, no answer, not a kind that is ever read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct NotRead(pub String);

/// Reads single objects as they are now.
pub trait Live: Send + Sync {
    /// An object; none if there is no such object.
    fn get(&self, what: &Reference) -> impl Future<Output = Result<Option<Seen>, NotRead>> + Send;
}

/// The API server.
#[derive(Clone)]
pub struct ApiServer(pub Client);

/// Nobody: where there is no cluster to ask, nothing is certain.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Live for Nobody {
    async fn get(&self, _: &Reference) -> Result<Option<Seen>, NotRead> {
        Err(NotRead("there is no cluster to ask".to_owned()))
    }
}

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiServer")
    }
}

impl Reference {
    /// The object that stands for it in a world.
    pub fn to(object: &Object) -> Self {
        Self { kind: object.kind.clone(), namespace: object.namespace.clone(), name: object.name.clone() }
    }

    /// `Service shop/cart`, as the object's own title.
    pub fn title(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }

    /// Whether there may be an object of that name. Names come out of annotations and become a part of a path: one with a
    /// slash would be another question.
    fn is_a_name(&self) -> bool {
        let is_label = |label: &str| {
            let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=63).contains(&label.len())
                && label.bytes().all(is_inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_domain = |name: &str| name.len() <= 253 && name.split('.').all(is_label);
        // Those of roles may hold whatever a segment of a path holds, such as `system:basic-user`.
        let is_segment = |name: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:@".contains(&byte);
            (1..=253).contains(&name.len()) && name.bytes().all(is_plain) && !matches!(name, "." | "..")
        };
        let named = match self.kind.contains("Role") {
            true => is_segment(&self.name),
            false => is_domain(&self.name),
        };
        named && self.namespace.as_deref().is_none_or(is_label)
    }

    /// Whether it means this object.
    pub fn is(&self, object: &Object) -> bool {
        *self == Self::to(object)
    }
}

impl Live for ApiServer {
    async fn get(&self, what: &Reference) -> Result<Option<Seen>, NotRead> {
        if !what.is_a_name() {
            return Err(NotRead(format!("{} is no name", what.title())));
        }
        let client = self.0.clone();
        match what.kind.as_str() {
            "Service" => namespaced::<Service>(client, what).await,
            "ServiceAccount" => namespaced::<ServiceAccount>(client, what).await,
            "ConfigMap" => namespaced::<ConfigMap>(client, what).await,
            "Role" => namespaced::<Role>(client, what).await,
            "RoleBinding" => namespaced::<RoleBinding>(client, what).await,
            "Deployment" => namespaced::<Deployment>(client, what).await,
            "StatefulSet" => namespaced::<StatefulSet>(client, what).await,
            "DaemonSet" => namespaced::<DaemonSet>(client, what).await,
            "Namespace" => read(Api::<Slim<Namespace>>::all(client), what).await,
            "ClusterRole" => read(Api::<Slim<ClusterRole>>::all(client), what).await,
            "ClusterRoleBinding" => read(Api::<Slim<ClusterRoleBinding>>::all(client), what).await,
            // A Secret is never read.
            other => Err(NotRead(format!("{other} is not a kind that is read"))),
        }
    }
}

async fn namespaced<K>(client: Client, what: &Reference) -> Result<Option<Seen>, NotRead>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + std::fmt::Debug,
{
    let Some(namespace) = &what.namespace else { return Err(NotRead("its namespace is not known".to_owned())) };
    read(Api::<Slim<K>>::namespaced(client, namespace), what).await
}

async fn read<K>(api: Api<Slim<K>>, what: &Reference) -> Result<Option<Seen>, NotRead>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug,
{
    let found = api.get_opt(&what.name).await.map_err(|error| NotRead(error.to_string()))?;
    let Some(slim) = found else { return Ok(None) };
    let resource_version = slim.meta().resource_version.clone().unwrap_or_default();
    let object = slim.sketch.and_then(|sketch| sketch.object()).filter(|object| what.is(object));
    let other = || NotRead(format!("what was answered is not {}", what.title()));
    Ok(Some(Seen { object: object.ok_or_else(other)?, resource_version }))
}
