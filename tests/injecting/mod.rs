//! Pods, and what the webhook makes of them.
#![allow(clippy::unwrap_used, dead_code, reason = "a test that fails says so; not each test needs all of it")]

pub(crate) mod random;

use beamgate::policy::config::Policy;
use beamgate::webhook::mutate::mutate;
use beamgate::webhook::review::{Answer, Request};
use beamgate::webhook::settings::Settings;
use serde_json::{Value, json};

pub(crate) const IP: &str = "MY_POD_IP<-status.podIP";
pub(crate) const NAMESPACE: &str = "MY_POD_NAMESPACE<-metadata.namespace";
pub(crate) const POD_NAME: &str = "MY_POD_NAME<-metadata.name";
pub(crate) const LONG: &str = "RELEASE_DISTRIBUTION=name";
pub(crate) const BY_IP: &str = "RELEASE_NODE=cart@$(MY_POD_IP)";
pub(crate) const BY_HOST: &str = "RELEASE_NODE=cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local";

/// A pod of `Kubernetes.DNS`, whose name is made of its address.
pub(crate) fn by_ip(env: Value) -> Value {
    pod("Kubernetes.DNS", json!({"service": "cart"}), env)
}

/// A pod of a Deployment, as the API server asks about it.
pub(crate) fn pod(strategy: &str, annotations: Value, env: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "generateName": "cart-6c7d9f8b5-",
            "labels": {"app": "cart", "beamgate.dev/strategy": strategy},
            "annotations": {"beamgate.dev/basename": "cart"},
        },
        "spec": {"containers": [{"name": "cart", "image": "cart:1", "env": env}]},
    });
    let all = pod["metadata"]["annotations"].as_object_mut().unwrap();
    annotations.as_object().unwrap().iter().for_each(|(key, value)| {
        all.insert(format!("beamgate.dev/{key}"), value.clone());
    });
    pod
}

/// The same, as a StatefulSet makes it.
pub(crate) fn of_a_stateful_set(mut pod: Value) -> Value {
    let metadata = pod["metadata"].as_object_mut().unwrap();
    metadata.remove("generateName");
    metadata.insert("name".to_owned(), json!("cart-0"));
    pod["spec"]["hostname"] = json!("cart-0");
    pod["spec"]["subdomain"] = json!("cart");
    pod
}

/// A variable that is bound to a field of the downward API.
pub(crate) fn bound(name: &str, field: &str) -> Value {
    json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}})
}

/// A variable with a value.
pub(crate) fn var(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// The question about a pod in the namespace `shop`.
pub(crate) fn review(pod: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "705ab4f5", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE",
        "namespace": "shop", "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
        "object": pod}})
}

/// What is answered.
pub(crate) fn answer(review: &Value, settings: &Settings) -> Answer {
    let body = review.to_string();
    mutate(&Request::read(body.as_bytes()).unwrap(), settings)
}

/// The settings of an empty configuration, or of this one.
pub(crate) fn settings(name_files: bool) -> Settings {
    let mut settings = Settings::new(Policy::default()).unwrap();
    settings.facts.name_files = name_files;
    settings
}

/// A pod as the webhook leaves it, and what it says.
pub(crate) struct Injected {
    pub(crate) pod: Value,
    pub(crate) answer: Answer,
}

impl Injected {
    pub(crate) fn of(pod: &Value) -> Self {
        Self::with(pod, &settings(false))
    }

    pub(crate) fn with(pod: &Value, settings: &Settings) -> Self {
        let answer = answer(&review(pod), settings);
        let mut patched = pod.clone();
        if let Some(patch) = &answer.patch {
            json_patch::patch(&mut patched, patch).unwrap();
        }
        Self { pod: patched, answer }
    }

    /// The environment of a container, an entry a line: `A=value`, `A<-status.podIP`.
    pub(crate) fn env(&self, list: &str, number: usize) -> Vec<String> {
        let env = self.pod["spec"][list][number]["env"].as_array().cloned().unwrap_or_default();
        env.iter().map(shown).collect()
    }

    /// That of the first container.
    pub(crate) fn main(&self) -> Vec<String> {
        self.env("containers", 0)
    }

    /// The name that the first container is given.
    pub(crate) fn node(&self) -> Option<String> {
        self.main().into_iter().find_map(|line| line.strip_prefix("RELEASE_NODE").map(|rest| rest[1..].to_owned()))
    }
}

fn shown(var: &Value) -> String {
    let name = var["name"].as_str().unwrap_or_default();
    match (&var["value"], &var["valueFrom"]) {
        (Value::String(value), _) => format!("{name}={value}"),
        (_, Value::Object(from)) => {
            let (kind, from) = from.iter().next().unwrap();
            match kind.as_str() {
                "fieldRef" => format!("{name}<-{}", from["fieldPath"].as_str().unwrap()),
                kind => format!("{name}<-{kind}"),
            }
        }
        _ => name.to_owned(),
    }
}
