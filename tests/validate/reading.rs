//! Single objects, read from an API server that takes down what it is asked.

use std::sync::{Arc, Mutex};

use beamgate::cluster::live::{ApiServer, Live, Reference};
use hyper::{Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// Reads an object where the API server answers everything with this; gives what was asked, and whether something was read.
fn read(kind: &str, namespace: Option<&str>, name: &str, answer: &Value) -> (Vec<String>, bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let found = runtime.block_on(async {
        let (asked, answer) = (Arc::clone(&asked), answer.to_string());
        let service = tower::service_fn(move |request: Request<Body>| {
            asked.lock().unwrap().push(request.uri().to_string());
            let answer = Body::from(answer.clone().into_bytes());
            async move { Ok::<_, std::io::Error>(Response::new(answer)) }
        });
        let what = Reference { kind: kind.to_owned(), namespace: namespace.map(str::to_owned), name: name.to_owned() };
        ApiServer(Client::new(service, "default")).get(&what).await
    });
    let asked = asked.lock().unwrap().clone();
    (asked, found.is_ok_and(|found| found.is_some()))
}

fn object(kind: &str, namespace: &str, name: &str) -> Value {
    let namespace = (!namespace.is_empty()).then_some(namespace);
    json!({"kind": kind, "metadata": {"name": name, "namespace": namespace, "resourceVersion": "7"}})
}

/// `beamgate.dev/namespace: "beamgate-system/secrets/beamgate-certificates?"` is no namespace.
#[test]
fn a_name_never_becomes_another_question() {
    let secret = object("Secret", "beamgate-system", "beamgate-certificates");
    for (kind, namespace, name) in [
        ("Service", "beamgate-system/secrets/beamgate-certificates?", "cart"),
        ("Service", "shop/pods", "cart"),
        ("Service", "..", "cart"),
        ("Service", "", "cart"),
        ("Service", "shop", "../secrets/x"),
        ("Service", "shop", "cart?watch=true"),
        ("Service", "shop", ""),
        ("ConfigMap", "shop", "%2e%2e"),
        ("ConfigMap", "shop", "a\nb"),
        ("Role", "shop", ".."),
        ("Role", "shop", "a/b"),
        ("RoleBinding", "shop", "a#b"),
    ] {
        assert_eq!(read(kind, Some(namespace), name, &secret), (vec![], false), "{kind} {namespace}/{name}");
    }
}

#[test]
fn names_that_there_are_are_asked_for() {
    for (kind, namespace, name, path) in [
        ("Service", "shop", "cart", "/api/v1/namespaces/shop/services/cart"),
        ("ConfigMap", "shop", "kube-root-ca.crt", "/api/v1/namespaces/shop/configmaps/kube-root-ca.crt"),
        ("ClusterRole", "", "system:node", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node"),
    ] {
        let place = (!namespace.is_empty()).then_some(namespace);
        let (asked, found) = read(kind, place, name, &object(kind, namespace, name));
        assert_eq!((asked.len(), found), (1, true), "{asked:?}");
        assert!(asked[0].contains(path), "{asked:?}");
    }
}

/// Whatever comes back is used only if it is what was asked for.
#[test]
fn another_object_is_none() {
    for other in [object("Secret", "shop", "cart"), object("Service", "ops", "cart"), object("Service", "shop", "web")]
    {
        assert!(!read("Service", Some("shop"), "cart", &other).1, "{other}");
    }
}
