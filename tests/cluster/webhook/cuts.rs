//! What the webhook is cut off from, and what still holds then: whoever is not sure lets pass.

use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use beamgate::webhook::certificates::issue::Pem;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::install;
use super::passes::{Place, bad, of_little_weight};
use crate::admission::{Calls, labelled_pod, try_out};
use crate::app::{App, Kind, Strategy};
use crate::cluster::{self, succeed, until};
use crate::parts::Seen;
use crate::replicas;
use crate::stage;

pub(super) const HEAD: &str = "\
## What it is cut off from

| what is missing | what is applied | seen |
|---|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    let place = Place::new(stage::first_namespace());
    place.without_pods();
    place.apply(&[portless_service()]).unwrap();
    no_replica(&place, seen);
    no_api_server(&place, seen);
    no_permission(&place, seen);
    no_certificate(seen);
}

/// With nobody left to ask, only those wait whose pods would be broken.
fn no_replica(place: &Place, seen: &mut Seen) {
    replicas::scale(0);
    let title = "every replica";
    let lacking = labelled_pod("default");
    let refused = try_out(&lacking).err().unwrap_or_default();
    let is_ours = refused.contains("failed calling webhook \"inject.beamgate.dev\"");
    seen.expect(is_ours, format!("a pod without its name, without a webhook: {refused}"));
    seen.row([title, "a pod that lacks its name", "refused"]);
    let before = Calls::now();
    let mut unlabelled = lacking.clone();
    unlabelled["metadata"]["labels"] = json!({});
    let mut workload = bad();
    workload.template()["metadata"]["labels"].as_object_mut().unwrap().remove("beamgate.dev/strategy");
    for (what, object) in
        [("a pod without the label", unlabelled), ("a Deployment without the label", workload.workload().clone())]
    {
        admitted(place, title, what, &object, seen);
    }
    let asked = Calls::since(before).all;
    seen.expect(asked == 0, format!("{asked} questions about what has no label"));
    admitted(place, title, "a Deployment with a fault", bad().workload(), seen);
    let mut service = portless_service();
    service["metadata"]["name"] = json!("another");
    admitted(place, title, "a Service", &service, seen);
    replicas::scale(2);
}

fn admitted(place: &Place, title: &str, what: &str, object: &Value, seen: &mut Seen) {
    let moved = stage::moved(&object.to_string(), &place.0);
    let given = try_out(&serde_json::from_str(&moved).unwrap());
    seen.expect(given.is_ok(), format!("{title} missing, {what}: refused"));
    seen.row([title, what, "admitted"]);
}

fn no_api_server(place: &Place, seen: &mut Seen) {
    let title = "the API server";
    knows(place, true);
    let cut = Cut::make();
    unsure(place, title, seen);
    // Nobody knows by then whether the namespace has a label against denials.
    until("a fault is only warned of", || fault_of_its_own(place).is_ok_and(|said| said.contains("Warning: BG301")));
    seen.row([title, "a workload with a fault of its own", "admitted, and warned of BG301"]);
    replicas::kill_one();
    until("a replica that starts without an API server is not ready", || replicas::ready() == 1);
    seen.row([title, "a replica starts", "it is not ready"]);
    drop(cut);
    replicas::rolled_out();
    knows(place, true);
    seen.row(["it is back", "a workload with a fault over a Service", "denied with BG204"]);
}

/// The webhook may not read Services.
fn no_permission(place: &Place, seen: &mut Seen) {
    let title = "the permission to read Services";
    let role = &cluster::get(&["clusterrole", "beamgate"])[0];
    let mut rules = role["rules"].clone();
    for rule in rules.as_array_mut().unwrap() {
        rule["resources"].as_array_mut().unwrap().retain(|resource| resource != "services");
    }
    let rules =
        rules.as_array().unwrap().iter().filter(|rule| rule["resources"] != json!([])).cloned().collect::<Vec<_>>();
    let patch = json!({"rules": rules}).to_string();
    succeed(&["patch", "clusterrole", "beamgate", "--type=merge", "--patch", &patch]);
    replicas::begin_again();
    seen.row([title, "a replica starts", "it is ready"]);
    unsure(place, title, seen);
    let denied = fault_of_its_own(place).err().unwrap_or_default();
    seen.expect(denied.contains("BG301"), format!("{title} missing, a fault within a template: {denied:?}"));
    seen.row([title, "a workload with a fault of its own", "denied with BG301"]);
    install::apply();
    knows(place, true);
    seen.row(["it is granted again", "a workload with a fault over a Service", "denied with BG204"]);
}

/// What is kept of the certificates is of no use any more.
fn no_certificate(seen: &mut Seen) {
    let long_ago = Timestamp::now() - Duration::from_secs(48 * 3600);
    let day = Duration::from_secs(24 * 3600);
    let old = Pem::authority(long_ago, day).unwrap();
    let young = Pem::authority(Timestamp::now(), day).unwrap();
    let names = [format!("beamgate.{}.svc", replicas::NAMESPACE)];
    let expired = |authority: &Pem| authority.sign(&names, long_ago, long_ago + day).unwrap();
    let garbage = json!({"tls.crt": BASE64.encode("nothing"), "tls.key": BASE64.encode("nothing")});
    for (what, data) in [
        ("a certificate that has not expired", kept(&young, &expired(&young))),
        ("a Secret that can be read", garbage),
        ("an authority that has not expired", kept(&old, &expired(&old))),
    ] {
        install::put_certificates(&data);
        mended(&data);
        seen.row([what, "nothing", "another is made, and it is trusted"]);
    }
    replicas::scale(0);
    let data = kept(&old, &expired(&old));
    install::put_certificates(&data);
    replicas::scale(2);
    mended(&data);
    seen.row(["an authority that has not expired", "replicas start", "another is made, and it is trusted"]);
}

/// Waits until there are other certificates than these, and the API server trusts them.
fn mended(data: &Value) {
    until("other certificates are made", || install::certificates()["tls.crt"] != data["tls.crt"]);
    until("they are trusted", || try_out(&labelled_pod("default")).is_ok());
}

/// An authority and a certificate, as the Secret has them.
fn kept(authority: &Pem, leaf: &Pem) -> Value {
    let [ca, ca_key, crt, key] =
        [&authority.certificate, &authority.key, &leaf.certificate, &leaf.key].map(|text| BASE64.encode(text));
    json!({"ca.crt": ca, "ca.key": ca_key, "tls.crt": crt, "tls.key": key})
}

/// What holds although something is missing.
fn unsure(place: &Place, title: &str, seen: &mut Seen) {
    let injected =
        try_out(&labelled_pod("default")).is_ok_and(|given| given.object.to_string().contains("RELEASE_NODE"));
    seen.expect(injected, format!("{title} missing: nothing is injected"));
    seen.row([title, "a pod that lacks its name", "injected"]);
    let passed = over_service(place);
    seen.expect(passed.is_ok(), format!("{title} missing, a fault over a Service: {passed:?}"));
    seen.row([title, "a workload with a fault over a Service", "admitted"]);
}

/// Tries a workload whose fault rests on nothing else.
fn fault_of_its_own(place: &Place) -> Result<String, String> {
    place.feed(&["apply", "--dry-run=server", "-f", "-"], &[bad().workload().clone()])
}

/// Waits until a fault over a Service is denied, or not.
fn knows(place: &Place, sure: bool) {
    until("the webhook knows the Service", || over_service(place).is_err_and(|why| why.contains("BG204")) == sure);
}

/// Applies a workload that asks a Service without ports for SRV records.
fn over_service(place: &Place) -> Result<String, String> {
    let mut app = of_little_weight(App::new(Strategy::DnsSrv, Kind::StatefulSet));
    let said = place.apply(&[app.workload().clone()]);
    stage::end(&place.0);
    said
}

fn portless_service() -> Value {
    let mut app = App::new(Strategy::DnsSrv, Kind::StatefulSet);
    let service = app.find("Service").unwrap();
    service["spec"].as_object_mut().unwrap().remove("ports");
    service.clone()
}

/// No pod reaches the API server, and what it has open to it breaks off.
struct Cut;

impl Cut {
    const RULE: [&str; 9] =
        ["-s", "10.244.0.0/16", "-p", "tcp", "--dport", "6443", "-j", "REJECT", "--reject-with=tcp-reset"];

    fn make() -> Self {
        Self::iptables("-I");
        Self
    }

    fn iptables(verb: &str) {
        assert!(Command::new("iptables").args([verb, "INPUT"]).args(Self::RULE).status().unwrap().success());
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        Self::iptables("-D");
    }
}
