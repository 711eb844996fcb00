//! A cluster that holds the objects of some YAML, and answers as the webhook does.

use std::future::Future;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use beamgate::cluster::known::{Event, Kind, Known, Sketch};
use beamgate::cluster::live::{Live, NotRead, Reference, Seen};
use beamgate::manifest::yaml::{parse, split};
use beamgate::policy::config::Policy;
use beamgate::webhook::review::{Answer, Request};
use beamgate::webhook::settings::Settings;
use beamgate::webhook::validate::validate;
use beamgate::world::node::Node;
use beamgate::world::object::Object;
use serde_json::{Value, json};

/// The documents of some YAML, as the API server would have them.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    readable(text).unwrap()
}

/// The same of YAML that may not be any.
pub(crate) fn readable(text: &str) -> Option<Vec<Value>> {
    let parsed = split::documents(text).into_iter().map(|range| parse(text, range).ok());
    let parsed: Option<Vec<_>> = parsed.collect();
    let objects = parsed?.into_iter().flatten().map(|parsed| parsed.root.to_json());
    let items = objects.flat_map(|object| match &object["items"] {
        Value::Array(items) if object["kind"] == "List" => items.clone(),
        _ => vec![object],
    });
    Some(items.map(with_namespace).collect())
}

fn with_namespace(mut object: Value) -> Value {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let cluster_wide = ["Namespace", "ClusterRole", "ClusterRoleBinding"].contains(&kind.as_str());
    if !cluster_wide && let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.entry("namespace").or_insert(json!("default"));
    }
    object
}

/// What is known, what is there, and what was asked of it.
pub(crate) struct Cluster {
    pub(crate) settings: Settings,
    pub(crate) known: Known,
    there: Vec<Value>,
    /// Reads fail, as without permission.
    pub(crate) silent: bool,
    /// But those of this kind.
    pub(crate) heard: Option<&'static str>,
    asked: Mutex<Vec<String>>,
}

impl Cluster {
    /// The watch has seen everything that is there.
    pub(crate) fn of(objects: &[Value]) -> Self {
        Self::with_policy(objects, Policy::default())
    }

    pub(crate) fn with_policy(objects: &[Value], policy: Policy) -> Self {
        Self::behind(objects, objects, policy)
    }

    /// The watch has seen the first, and the second is there.
    pub(crate) fn behind(seen: &[Value], there: &[Value], policy: Policy) -> Self {
        let settings = Settings::new(policy).unwrap();
        let known = Known::new(settings.facts.clone());
        for kind in Kind::WATCHED {
            known.take(kind, Event::Listing);
            for object in seen.iter().filter(|object| object["kind"] == kind.name()) {
                known.take(kind, Event::Listed(sketch(object)));
            }
            known.take(kind, Event::Complete);
        }
        // The label of the namespaces is known: none has one, unless the test says so.
        let mut there = there.to_vec();
        for namespace in ["default", "shop", "ops", "infra", "mail"] {
            let is_it = |object: &Value| object["kind"] == "Namespace" && object["metadata"]["name"] == namespace;
            let object = json!({"kind": "Namespace", "metadata": {"name": namespace}});
            if !seen.iter().any(is_it) {
                known.take(Kind::Namespace, Event::Put(sketch(&object)));
            }
            if !there.iter().any(is_it) {
                there.push(object);
            }
        }
        Self { settings, known, there, silent: false, heard: None, asked: Mutex::default() }
    }

    /// The webhook's answer.
    pub(crate) fn ask(&self, request: &Ask) -> Answer {
        let body = request.body();
        let request = Request::read(body.as_bytes()).unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        wait(validate(&request, &self.settings, &self.known, self, until))
    }

    /// What was read, by title.
    pub(crate) fn reads(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Live for Cluster {
    async fn get(&self, what: &Reference) -> Result<Option<Seen>, NotRead> {
        self.asked.lock().unwrap().push(what.title());
        if self.silent && self.heard != Some(what.kind.as_str()) {
            return Err(NotRead("no permission".to_owned()));
        }
        let is_it = |object: &&Value| {
            try_sketch(object).and_then(|sketch| sketch.object()).is_some_and(|object| what.is(&object))
        };
        Ok(self.there.iter().find(is_it).map(|found| Seen { object: read(found), resource_version: "4711".to_owned() }))
    }
}

pub(crate) fn read(object: &Value) -> Object {
    sketch(object).object().unwrap()
}

/// What a watch says of an object.
pub(crate) fn sketch(object: &Value) -> Sketch {
    try_sketch(object).unwrap_or_else(|| panic!("{object} is not read"))
}

fn try_sketch(object: &Value) -> Option<Sketch> {
    Sketch::of(Node::of_json(object), object["kind"].as_str()?)
}

/// A question.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) operation: &'static str,
    pub(crate) before: Value,
    pub(crate) after: Value,
    pub(crate) user: String,
    pub(crate) part: &'static str,
    pub(crate) dry_run: bool,
}

impl Ask {
    pub(crate) fn create(after: &Value) -> Self {
        Self::to("CREATE", &Value::Null, after)
    }

    pub(crate) fn update(before: &Value, after: &Value) -> Self {
        Self::to("UPDATE", before, after)
    }

    pub(crate) fn delete(before: &Value) -> Self {
        Self::to("DELETE", before, &Value::Null)
    }

    fn to(operation: &'static str, before: &Value, after: &Value) -> Self {
        Self {
            operation,
            before: before.clone(),
            after: after.clone(),
            user: "anna".to_owned(),
            part: "",
            dry_run: false,
        }
    }

    pub(crate) fn dry(mut self) -> Self {
        self.dry_run = true;
        self
    }

    pub(crate) fn by(mut self, user: &str) -> Self {
        self.user = user.to_owned();
        self
    }

    pub(crate) fn part(mut self, part: &'static str) -> Self {
        self.part = part;
        self
    }

    /// What is made of the question.
    pub(crate) fn with_request<T>(&self, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        answer(&Request::read(self.body().as_bytes()).unwrap())
    }

    fn body(&self) -> String {
        let object = if self.after.is_null() { &self.before } else { &self.after };
        let version = object["apiVersion"].as_str().unwrap_or("v1");
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": group, "version": version, "kind": object["kind"]},
            "resource": {"group": group, "version": version, "resource": "any"},
            "subResource": self.part,
            "name": object["metadata"]["name"].as_str().unwrap_or_default(),
            "namespace": object["metadata"]["namespace"].as_str().unwrap_or_default(),
            "operation": self.operation,
            "userInfo": {"username": self.user},
            "object": self.after, "oldObject": self.before, "dryRun": self.dry_run,
        }})
        .to_string()
    }
}

/// Nothing here waits for anything but the clock, and that is far away.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(future)
}

/// A fixture of a rule.
pub(crate) fn fixture(path: &str) -> Vec<Value> {
    documents(&text(path))
}

pub(crate) fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// The one of a kind.
pub(crate) fn the(kind: &str, objects: &[Value]) -> Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}")).clone()
}

/// All but some kind.
pub(crate) fn without(kind: &str, objects: &[Value]) -> Vec<Value> {
    objects.iter().filter(|object| object["kind"] != kind).cloned().collect()
}

/// `denied BG301; warned BG601`, or `passes`.
pub(crate) fn outcome(answer: &Answer) -> String {
    use beamgate::webhook::review::Outcome;
    let codes = |wanted: Outcome| {
        let mut codes: Vec<String> =
            answer.findings.iter().filter(|found| found.outcome == wanted).map(|found| found.rule.id()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes.join(",")
    };
    let parts = [("denied", codes(Outcome::Denied)), ("warned", codes(Outcome::Warned))];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, codes)| !codes.is_empty())
        .map(|(word, codes)| format!("{word} {codes}"))
        .collect();
    assert_eq!(answer.denial.is_some(), parts.first().is_some_and(|part| part.starts_with("denied")));
    if parts.is_empty() { "passes".to_owned() } else { parts.join("; ") }
}
