//! Every strategy and mode: an app whose manifest has the label and the annotations and no name at all really forms.

use serde_json::{Value, json};

use super::install;
use crate::admission::{self, Given};
use crate::app::{App, Kind, Lookup, Mode, STRATEGIES, Strategy};
use crate::cluster;
use crate::observe::Fate;
use crate::parts::Seen;
use crate::stage::{self, Outcome, Scene, judged};

pub(super) const HEAD: &str = "\
## What is injected forms

The manifest has the label and the annotations of the strategy, and neither a name nor what a name is made of.

| strategy | workload | injected | the nodes' names | seen |
|---|---|---|---|---|
";

/// An app without a name, and the name that its nodes get.
struct Nameless {
    title: String,
    kind: Kind,
    app: App,
    name: &'static str,
}

pub(super) fn play(seen: &mut Seen) {
    let apps = apps();
    install::configure("file-key-ref = true");
    let scenes: Vec<Scene> = apps.iter().map(Nameless::scene).collect();
    let injected: Vec<Given> = cluster::each(&apps, injected);
    for ((app, outcome), given) in apps.iter().zip(stage::play(&scenes)).zip(&injected) {
        row(app, &outcome, given, seen);
    }
    install::configure("");
    for app in apps.iter().filter(|app| matches!(app.app.strategy, Strategy::Kubernetes(Mode::Dns, _))) {
        inputs_only(app, seen);
    }
}

fn row(app: &Nameless, outcome: &Outcome, given: &Given, seen: &mut Seen) {
    let names: Vec<String> = judged(&outcome.workloads).flat_map(|one| outcome.names(one)).collect();
    let fate = outcome.fate();
    let why = outcome.refused.as_deref().unwrap_or_default();
    seen.expect(fate == Fate::Forms, format!("{}: it {fate} {why}", app.title));
    seen.expect(names == [app.name], format!("{}: its nodes are called {names:?}", app.title));
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let title = app.title.as_str();
    seen.row([title, &format!("{:?}", app.kind), &environment(given), &names.join(" "), &fate.to_string()]);
}

/// Without the policy's consent, `dns` mode gets what the image's script needs, and a warning that shows the script.
fn inputs_only(app: &Nameless, seen: &mut Seen) {
    let given = injected(app);
    let environment = environment(&given);
    let has_name = environment.contains("RELEASE_NODE");
    seen.expect(!has_name, format!("{}, without file-key-ref: RELEASE_NODE is injected", app.title));
    seen.expect(environment.contains("MY_POD_IP"), format!("{}, without file-key-ref: no inputs", app.title));
    let warns = given.warnings.iter().any(|line| line.contains("mode: ip"));
    seen.expect(warns, format!("{}, without file-key-ref: warnings {:?}", app.title, given.warnings));
    let title = format!("{}, without `file-key-ref`", app.title);
    seen.row([&title, &format!("{:?}", app.kind), &environment, "", "warned"]);
}

/// What the API server makes of a pod of the app, as a controller makes it.
fn injected(app: &Nameless) -> Given {
    let mut pod = app.app.clone().template().clone();
    let owner = if app.kind == Kind::StatefulSet { "StatefulSet" } else { "ReplicaSet" };
    pod["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": owner, "name": "cart", "uid": "1", "controller": true}]);
    if app.kind == Kind::StatefulSet {
        pod["spec"]["hostname"] = json!("cart-0");
        pod["spec"]["subdomain"] = json!("cart");
    }
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("cart-0");
    pod["metadata"]["namespace"] = json!("default");
    pod["spec"].as_object_mut().unwrap().remove("serviceAccountName");
    admission::try_out(&pod).unwrap_or_else(|why| panic!("{why}"))
}

/// The variables that the pod was given: `RELEASE_NODE=cart@$(MY_POD_IP)`.
fn environment(given: &Given) -> String {
    let env = given.object["spec"]["containers"][0]["env"].as_array().cloned().unwrap_or_default();
    let added = env.iter().filter(|variable| variable["name"] != "RELEASE_COOKIE");
    added
        .map(|variable| format!("`{}={}`", variable["name"].as_str().unwrap(), value(variable)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn value(variable: &Value) -> String {
    let from = &variable["valueFrom"];
    if let Some(file) = from["fileKeyRef"]["path"].as_str() {
        return format!("(file {file})");
    }
    let texts = [&variable["value"], &from["fieldRef"]["fieldPath"]];
    texts.iter().find_map(|text| text.as_str()).unwrap_or_default().to_owned()
}

fn apps() -> Vec<Nameless> {
    let mut apps: Vec<Nameless> = STRATEGIES
        .into_iter()
        .map(|strategy| {
            let kind = if has_hostnames(strategy) { Kind::StatefulSet } else { Kind::Deployment };
            let app = App::new(strategy, kind).nameless();
            Nameless { title: strategy.describe(), kind, app, name: expected(strategy) }
        })
        .collect();
    // CoreDNS calls a pod without a host name by its address.
    let app = App::new(Strategy::DnsSrv, Kind::Deployment).nameless();
    let title = "Kubernetes.DNSSRV without host names".to_owned();
    let name = "cart@{pod-ip-dashed}.cart.shop.svc.cluster.local";
    apps.push(Nameless { title, kind: Kind::Deployment, app, name });
    apps
}

fn has_hostnames(strategy: Strategy) -> bool {
    matches!(strategy, Strategy::Kubernetes(Mode::Hostname, Lookup::Endpoints | Lookup::Pods) | Strategy::DnsSrv)
}

/// What the strategy dials.
fn expected(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Kubernetes(Mode::Dns, _) => "cart@{pod-ip-dashed}.shop.pod.cluster.local",
        Strategy::Kubernetes(Mode::Hostname, _) | Strategy::DnsSrv => "cart@{pod-name}.cart.shop.svc.cluster.local",
        _ => "cart@{pod-ip}",
    }
}

impl Nameless {
    fn scene(&self) -> Scene {
        Scene { title: format!("{} without a name", self.title), manifest: self.app.manifest(), ..Scene::default() }
    }
}
