//! Watches each kind and tells [`Known`] what they say.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use k8s_openapi::Metadata;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Namespace, Service, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Client, Resource};
use serde::de::{Deserialize, Deserializer};

use super::line::tapped;
use super::sketch::Sketch;
use super::{Event, Kind, Known, State};
use crate::world::node::Node;

/// How many objects a page of a list has. Its text is held as long as it is read.
const PAGE: u32 = 250;

/// After how long a watch that breaks is tried again.
const SHORTEST: Duration = Duration::from_millis(500);

/// Each time that it breaks again this doubles, up to so much: so long takes the next look after a permission was granted.
const LONGEST: Duration = Duration::from_secs(30);

/// Watches the cluster for as long as it is polled.
pub async fn watch(known: Arc<Known>, client: Client) {
    join_all(Kind::WATCHED.map(|kind| {
        let client = tapped(client.clone(), Arc::clone(&known), kind);
        let known = &*known;
        async move {
            match kind {
                Kind::Service => follow::<Service>(known, kind, client).await,
                Kind::ServiceAccount => follow::<ServiceAccount>(known, kind, client).await,
                Kind::Role => follow::<Role>(known, kind, client).await,
                Kind::ClusterRole => follow::<ClusterRole>(known, kind, client).await,
                Kind::RoleBinding => follow::<RoleBinding>(known, kind, client).await,
                Kind::ClusterRoleBinding => follow::<ClusterRoleBinding>(known, kind, client).await,
                Kind::Namespace => follow::<Namespace>(known, kind, client).await,
                Kind::Deployment => follow::<Deployment>(known, kind, client).await,
                Kind::StatefulSet => follow::<StatefulSet>(known, kind, client).await,
                Kind::DaemonSet => follow::<DaemonSet>(known, kind, client).await,
                Kind::Job | Kind::CronJob | Kind::Pod | Kind::Autoscaler | Kind::NetworkPolicy | Kind::ConfigMap => {}
            }
        }
    }))
    .await;
}

/// Watches one kind.
async fn follow<K>(known: &Known, kind: Kind, client: Client)
where
    K: Resource<DynamicType = ()> + Metadata<Ty = ObjectMeta> + Clone + std::fmt::Debug + Send + Sync + 'static,
{
    let api: Api<Slim<K>> = Api::all(client);
    let mut events = pin!(watcher(api, watcher::Config::default().page_size(PAGE)));
    // Not kube's own: that begins again at each try, since each try says that it begins.
    let mut pause = SHORTEST;
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => event_of(event),
            Err(error) => {
                tell(known, kind, failure(known, kind, &error));
                tokio::time::sleep(pause).await;
                pause = LONGEST.min(pause * 2);
                None
            }
        };
        if let Some(event) = event {
            pause = if matches!(event, Event::Listing) { pause } else { SHORTEST };
            tell(known, kind, event);
        }
    }
}

/// What cannot be read is no object of ours.
fn event_of<K>(event: watcher::Event<Slim<K>>) -> Option<Event> {
    Some(match event {
        watcher::Event::Init => Event::Listing,
        watcher::Event::InitApply(slim) => Event::Listed(slim.sketch?),
        watcher::Event::InitDone => Event::Complete,
        watcher::Event::Apply(slim) => Event::Put(slim.sketch?),
        watcher::Event::Delete(slim) => Event::Gone(slim.sketch?),
    })
}

fn tell(known: &Known, kind: Kind, event: Event) {
    let completes = matches!(event, Event::Complete);
    known.take(kind, event);
    if completes {
        tracing::debug!(kind = kind.name(), "listed");
    }
}

/// Says once that a kind is not known: a log full of retries tells nobody more.
fn failure(known: &Known, kind: Kind, error: &watcher::Error) -> Event {
    let event = match error {
        watcher::Error::InitialListFailed(error) if is_refusal(error) => Event::Refused,
        watcher::Error::WatchStartFailed(error) if is_refusal(error) => Event::Halted,
        _ => Event::Broken,
    };
    let refused = !matches!(event, Event::Broken);
    match (known.state(kind), refused) {
        (State::Refused, true) | (State::Broken, false) => tracing::debug!(kind = kind.name(), %error, "not watched"),
        (_, true) => tracing::warn!(
            kind = kind.name(),
            %error,
            "may not be listed: what rests on objects of this kind is left open, and denied nowhere"
        ),
        (_, false) => tracing::warn!(kind = kind.name(), %error, "the watch is broken, and is tried again"),
    }
    event
}

/// Whether the API server answers, and the answer is no.
fn is_refusal(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if matches!(status.code, 401 | 403 | 404 | 405))
}

/// An object reduced while it is read, so that a page of a list never holds whole ones.
#[derive(Debug, Clone)]
pub(in crate::cluster) struct Slim<K> {
    /// What a watch needs to go on.
    meta: ObjectMeta,
    /// What is kept.
    pub(in crate::cluster) sketch: Option<Sketch>,
    kind: PhantomData<K>,
}

impl<'de, K: Resource<DynamicType = ()>> Deserialize<'de> for Slim<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let version = node.path(&["metadata", "resourceVersion"]).and_then(Node::as_str).map(str::to_owned);
        let meta = ObjectMeta { resource_version: version, ..ObjectMeta::default() };
        Ok(Self { meta, sketch: Sketch::of(node, &K::kind(&())), kind: PhantomData })
    }
}

impl<K: Resource<DynamicType = ()>> Resource for Slim<K> {
    type DynamicType = ();
    type Scope = K::Scope;

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}
