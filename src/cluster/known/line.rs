//! The line to the API server over which one kind is watched.
//!
//! The watcher of `kube` 5 says neither that a watch has begun again, nor that it waits for an answer that never comes: it
//! bounds the silence of a watch (295 s), and nothing else. So the requests themselves are looked at.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Request, Response};
use kube::Client;
use kube::client::Body;
use tokio::time::timeout;

use super::{Event, Kind, Known};

/// How long the API server may take to begin a watch, or to give a page of a list.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a request was given up.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Silent,
    #[error(transparent)]
    Failed(#[from] kube::Error),
}

/// The same client; each request ends in time, and a watch that begins is told to [`Known`].
pub(super) fn tapped(client: Client, known: Arc<Known>, kind: Kind) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (client, known) = (client.clone(), Arc::clone(&known));
        async move {
            let is_watch = is_watch(&request);
            let answer = timeout(PATIENCE, answered(&client, request, is_watch)).await.map_err(|_| Lost::Silent)??;
            if is_watch && answer.status().is_success() {
                known.take(kind, Event::Started);
            }
            Ok::<_, Lost>(answer)
        }
    });
    Client::new(service, namespace)
}

/// The answer: of a watch its beginning, of all else the whole.
async fn answered(client: &Client, request: Request<Body>, is_watch: bool) -> Result<Response<Body>, kube::Error> {
    let answer = client.send(request).await?;
    if is_watch {
        return Ok(answer);
    }
    let (head, body) = answer.into_parts();
    Ok(Response::from_parts(head, Body::from(body.collect_bytes().await?)))
}

fn is_watch(request: &Request<Body>) -> bool {
    request.uri().query().is_some_and(|query| query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1")))
}
