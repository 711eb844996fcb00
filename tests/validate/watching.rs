//! The watch, against an API server that does what it is told: the clock stands still but for what is waited for.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use beamgate::cluster::known::{Kind, Known, State, watch};
use beamgate::world::facts::Facts;
use hyper::{Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// What the API server does when Services are watched; all other kinds are empty, and nothing happens to them.
#[derive(Debug, Clone, Copy)]
enum Watch {
    Refused,
    /// It begins, and ends at once.
    Ends,
    Hangs,
}

/// An API server that does these one after another, and then nothing.
fn server(acts: &[Watch]) -> Client {
    let acts = Arc::new(Mutex::new(acts.iter().rev().copied().collect::<Vec<_>>()));
    let service = tower::service_fn(move |request: Request<Body>| {
        let acts = Arc::clone(&acts);
        async move {
            let is_watch = request.uri().query().unwrap_or_default().contains("watch=true");
            let services = request.uri().path() == "/api/v1/services";
            let act = if services && is_watch { acts.lock().unwrap().pop() } else { None };
            match act {
                _ if !is_watch => Ok::<_, std::io::Error>(said(200, &empty_list())),
                Some(Watch::Refused) => Ok(said(
                    403,
                    &json!({"kind": "Status", "status": "Failure", "message": "no", "reason": "Forbidden", "code": 403}),
                )),
                Some(Watch::Ends) => Ok(Response::new(Body::empty())),
                Some(Watch::Hangs) | None => pending().await,
            }
        }
    });
    Client::new(service, "default")
}

fn empty_list() -> Value {
    json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []})
}

fn said(code: u16, body: &Value) -> Response<Body> {
    Response::builder().status(code).body(Body::from(body.to_string().into_bytes())).unwrap()
}

/// How well Services are known in so many seconds, one state after another.
fn states(acts: &[Watch], seconds: u64) -> Vec<State> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let known = Arc::new(Known::new(Facts::default()));
        tokio::spawn(watch(Arc::clone(&known), server(acts)));
        let mut seen = Vec::new();
        for _ in 0..10 * seconds {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let state = known.state(Kind::Service);
            if seen.last() != Some(&state) {
                seen.push(state);
            }
        }
        seen
    })
}

/// One refusal of a watch does not blind for ever: it begins again without a list.
#[test]
fn a_refused_watch_is_known_again_once_it_begins() {
    let seen = states(&[Watch::Refused, Watch::Ends, Watch::Hangs], 20);
    assert_eq!(seen, [State::Refused, State::Synced]);
}

/// A watch that never begins is broken, however silent it is.
#[test]
fn silence_is_no_health() {
    assert_eq!(states(&[Watch::Ends, Watch::Hangs, Watch::Hangs], 600), [State::Synced, State::Broken]);
}
