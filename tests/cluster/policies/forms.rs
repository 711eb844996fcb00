//! Apps that have no name in their manifests are given one by the policy alone, and form.

use serde_json::json;

use crate::app::{App, Kind, Lookup, Mode, NAMESPACE, Strategy};
use crate::observe::Fate;
use crate::parts::Seen;
use crate::stage::{self, Scene, judged};

pub(super) const HEAD: &str = "\
## What is given a name forms

The manifest has the label and the annotations of the strategy, and neither a name nor what a name is made of. There is no webhook.

| strategy | workload | the nodes' names | seen |
|---|---|---|---|
";

const BY_ADDRESS: &str = "cart@{pod-ip}";
const BY_HOST: &str = "cart@{pod-name}.cart.shop.svc.cluster.local";

pub(super) fn play(seen: &mut Seen) {
    let apps = apps();
    let scene = |(title, _, app, _): &(String, Kind, App, &str)| Scene {
        title: format!("{title} without a name"),
        manifest: app.manifest(),
        ..Scene::default()
    };
    let scenes: Vec<Scene> = apps.iter().map(scene).collect();
    for ((title, kind, _, name), outcome) in apps.iter().zip(stage::play(&scenes)) {
        let names: Vec<String> = judged(&outcome.workloads).flat_map(|one| outcome.names(one)).collect();
        let fate = outcome.fate();
        seen.expect(
            fate == Fate::Forms,
            format!("{title}: it {fate} {}", outcome.refused.as_deref().unwrap_or_default()),
        );
        seen.expect(names == [*name], format!("{title}: its nodes are called {names:?}"));
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        seen.row([title, &format!("{kind:?}"), &names.join(" "), &fate.to_string()]);
    }
}

fn apps() -> Vec<(String, Kind, App, &'static str)> {
    let of =
        |strategy: Strategy, kind: Kind, name| (strategy.describe(), kind, App::new(strategy, kind).nameless(), name);
    let mut apps = vec![
        of(Strategy::Kubernetes(Mode::Ip, Lookup::Endpoints), Kind::Deployment, BY_ADDRESS),
        of(Strategy::Kubernetes(Mode::Ip, Lookup::Pods), Kind::Deployment, BY_ADDRESS),
        of(Strategy::Kubernetes(Mode::Hostname, Lookup::Endpoints), Kind::StatefulSet, BY_HOST),
        of(Strategy::Kubernetes(Mode::Hostname, Lookup::Pods), Kind::StatefulSet, BY_HOST),
        of(Strategy::Dns, Kind::Deployment, BY_ADDRESS),
        of(Strategy::DnsSrv, Kind::StatefulSet, BY_HOST),
    ];
    for name in ["DNSPoll", "DNSCluster", "Peerage"] {
        let mut app = App::new(Strategy::Dns, Kind::Deployment).nameless();
        app.template()["metadata"]["labels"]["beamgate.dev/strategy"] = json!(name);
        let service = format!("cart.{NAMESPACE}.svc.cluster.local");
        app.annotations().insert("beamgate.dev/service".to_owned(), json!(service));
        apps.push((name.to_owned(), Kind::Deployment, app, BY_ADDRESS));
    }
    apps
}
