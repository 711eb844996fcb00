//! Lists of objects as they are now, page by page, each object reduced to what is read of it.

use kube::api::{DynamicObject, GetParams, ListParams};
use kube::core::Request;
use kube::{Error, Resource as _};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::prune::prune;
use super::{Cluster, ClusterError, Kind};
use crate::world::node::Node;
use crate::world::object::Object;

/// How many objects a page has: what kubectl asks for.
const PAGE: u32 = 500;

/// An object that was read.
#[derive(Debug, Clone)]
pub struct Found {
    /// The object.
    pub object: Object,
    /// The kind of what controls it: a ReplicaSet, of a pod of a Deployment.
    pub controller: Option<String>,
    /// Whether it is a pod that has run to its end.
    pub ended: bool,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    items: Option<Vec<Box<RawValue>>>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(rename = "continue")]
    more: Option<String>,
}

impl Cluster {
    /// Every object of a kind in a namespace, or in all of them, that carries these labels; what cannot be read is none of ours.
    ///
    /// # Errors
    /// The API does not say.
    pub fn list(&self, kind: Kind, namespace: Option<&str>, labels: Option<&str>) -> Result<Vec<Found>, ClusterError> {
        let resource = kind.resource();
        let request = Request::new(DynamicObject::url_path(&resource, namespace));
        let mut parameters = ListParams::default().limit(PAGE);
        parameters.label_selector = labels.map(str::to_owned);
        let mut found = Vec::new();
        loop {
            let page = async {
                let request = request.list(&parameters).map_err(Error::BuildRequest)?;
                self.connection.client.request::<Page>(request).await
            };
            let page = self.wait_in(namespace, &resource.plural, page)?;
            let items = page.items.unwrap_or_default();
            found.extend(items.iter().filter_map(|item| Found::read(item.get(), kind)));
            match page.metadata.more.filter(|more| !more.is_empty()) {
                Some(more) => parameters.continue_token = Some(more),
                None => return Ok(found),
            }
        }
    }

    /// One object; none if there is no such object.
    ///
    /// # Errors
    /// The API does not say.
    pub fn get(&self, kind: Kind, namespace: Option<&str>, name: &str) -> Result<Option<Found>, ClusterError> {
        let resource = kind.resource();
        let request = Request::new(DynamicObject::url_path(&resource, namespace));
        let asked = async {
            let request = request.get(name, &GetParams::default()).map_err(Error::BuildRequest)?;
            self.connection.client.request::<Box<RawValue>>(request).await
        };
        let what = format!("{} `{name}`", kind.name());
        match self.wait_in(namespace, &what, asked) {
            Ok(object) => Ok(Found::read(object.get(), kind)),
            Err(error) if error.code() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Found {
    /// Reads an object; the items of a list leave out their kind.
    fn read(text: &str, kind: Kind) -> Option<Self> {
        let mut root: Node<'_> = serde_json::from_str(text).ok()?;
        let owners = root.path(&["metadata", "ownerReferences"]).map_or(&[] as &[_], Node::items);
        let controller = owners.iter().find(|owner| owner.flag("controller") == Some(true));
        let controller = controller.and_then(|owner| owner.text("kind"));
        let phase = root.path(&["status", "phase"]).and_then(Node::as_str);
        let ended = matches!(phase, Some("Succeeded" | "Failed"));
        prune(&mut root, kind.name());
        Some(Self { object: Object::read(&root, "", &[]).ok()?, controller, ended })
    }
}
