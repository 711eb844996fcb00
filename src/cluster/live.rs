//! Single objects as they are now, read before anything is denied for their sake.

use std::future::Future;

use kube::Client;

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

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiServer")
    }
}

impl Live for ApiServer {
    async fn get(&self, _what: &Reference) -> Result<Option<Seen>, NotRead> {
        Err(NotRead("not read".to_owned()))
    }
}
