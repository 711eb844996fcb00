//! Objects that are small and mean much: what they cost is bounded, and nobody is denied for it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use beamgate::webhook::mutate::mutate;
use serde_json::{Value, json};

use super::cluster::{Ask, Cluster, fixture, outcome, the};

/// `A1` is twice `A0`, and so on: the last is eight gigabytes long.
fn doubled(text: &str) -> Vec<Value> {
    let more = (1..=30).map(|number| {
        let before = number - 1;
        json!({"name": format!("A{number}"), "value": format!("$(A{before})$(A{before})")})
    });
    [json!({"name": "A0", "value": text})].into_iter().chain(more).collect()
}

/// A workload that is right, but for these variables; its name is read after them.
fn workload(variables: &[Value]) -> Value {
    let mut workload = the("Deployment", &fixture("202-service-not-headless/good.yaml"));
    let env = &mut workload["spec"]["template"]["spec"]["containers"][0]["env"];
    let own = env.as_array().unwrap().clone();
    *env = variables.iter().cloned().chain(own).collect();
    workload
}

fn pod_of(workload: &Value) -> Value {
    let template = &workload["spec"]["template"];
    let mut pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
    pod["metadata"]["name"] = json!("cart-7x");
    pod["metadata"]["namespace"] = json!("shop");
    pod
}

/// Text, parts that stay as they are written, and symbols.
#[test]
fn doublings_are_not_worked_out() {
    let service = the("Service", &fixture("202-service-not-headless/good.yaml"));
    let cluster = Cluster::of(std::slice::from_ref(&service));
    for first in ["xxxxxxxx", "$(NOWHERE)", "$$(A)", "${X}", "$(MY_POD_IP)"] {
        let workload = workload(&doubled(first));
        assert_eq!(outcome(&cluster.ask(&Ask::create(&workload))), "passes", "{first}");
        let mut named = workload.clone();
        let env = named["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().unwrap();
        env.iter_mut().find(|var| var["name"] == "RELEASE_NODE").unwrap()["value"] = json!("$(A30)@$(MY_POD_IP)");
        assert!(cluster.ask(&Ask::create(&named)).denial.is_none(), "{first}");
        let answer = Ask::create(&pod_of(&named)).with_request(|request| mutate(request, &cluster.settings));
        assert!(answer.denial.is_none(), "{first}");
        let said = lint(&[service.clone(), named]);
        assert!(!said.contains("error"), "{first}: {said}");
    }
}

/// A reference behind the doublings is found, and found in time.
#[test]
fn what_stands_behind_doublings_is_settled() {
    let mut pod = pod_of(&workload(&[]));
    let later = json!({"name": "MY_LATE_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}});
    let mut env = doubled("");
    env.push(json!({"name": "RELEASE_NODE", "value": "cart$(A30)@$(MY_LATE_IP)"}));
    env.push(later);
    pod["spec"]["containers"][0]["env"] = json!(env);
    let settings = Cluster::of(&[]).settings;
    let answer = Ask::create(&pod).with_request(|request| mutate(request, &settings));
    assert!(answer.audit[0].1.contains("MY_LATE_IP (moved)"), "{:?}", answer.audit);
}

/// A long chain is not walked on the stack.
#[test]
fn long_chains_end() {
    let chain = (1..20_000).map(|number| json!({"name": format!("A{number}"), "value": format!("$(A{})", number - 1)}));
    let mut env: Vec<Value> = chain.collect();
    env.push(json!({"name": "RELEASE_NODE", "value": "cart@$(A19999)"}));
    let mut pod = pod_of(&workload(&[]));
    pod["spec"]["containers"][0]["env"] = json!(env);
    let settings = Cluster::of(&[]).settings;
    assert!(Ask::create(&pod).with_request(|request| mutate(request, &settings)).denial.is_none());
}

/// Each of many variables is as long as a program may have one, and together they are a thousand times that.
#[test]
fn many_long_variables_are_bounded_together() {
    let long = "x".repeat(100 << 10);
    let copies = (0..20_000).map(|number| json!({"name": format!("B{number}"), "value": "$(LONG)"}));
    let variables: Vec<Value> = [json!({"name": "LONG", "value": long})].into_iter().chain(copies).collect();
    let cluster = Cluster::of(&[the("Service", &fixture("202-service-not-headless/good.yaml"))]);
    let mut workload = workload(&variables);
    let container = &mut workload["spec"]["template"]["spec"]["containers"][0];
    container["args"] = (0..20_000).map(|_| json!("$(LONG)")).collect();
    assert!(cluster.ask(&Ask::create(&workload)).denial.is_none());
}

/// One ConfigMap may be a megabyte, and may be named as often as one likes.
#[test]
fn config_maps_are_bounded_together() {
    let data: serde_json::Map<String, Value> =
        (0..1000).map(|number| (format!("K{number}"), json!("x".repeat(1000)))).collect();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big", "namespace": "shop"},
        "data": data});
    let service = the("Service", &fixture("202-service-not-headless/good.yaml"));
    let cluster = Cluster::of(&[service, map]);
    let mut workload = workload(&[]);
    let container = &mut workload["spec"]["template"]["spec"]["containers"][0];
    container["envFrom"] = (0..5_000).map(|_| json!({"configMapRef": {"name": "big"}})).collect();
    assert!(cluster.ask(&Ask::create(&workload)).denial.is_none());
}

/// Seven megabytes of `[1,1,…]` are a hundred and fifty in memory. Where nothing declares a strategy, they are not even
/// taken apart; where something does, it is said that nobody looked.
#[test]
fn what_has_too_many_values_is_not_judged() {
    let cluster = Cluster::of(&[]);
    let mut declared = workload(&[]);
    declared["spec"]["junk"] = json!(vec![1; 300_000]);
    for request in [Ask::create(&declared), Ask::update(&declared, &workload(&[]))] {
        let answer = cluster.ask(&request);
        assert!(answer.denial.is_none());
        let [warning] = &answer.warnings[..] else { panic!("{:?}", answer.warnings) };
        assert!(warning.starts_with("beamgate: not judged: more than 200000 values"), "{warning}");
        assert_eq!(answer.audit[0].0, "not-judged");
    }
    for kind in ["Deployment", "CronJob", "Pod", "ConfigMap"] {
        let mut undeclared = declared.clone();
        undeclared["kind"] = json!(kind);
        undeclared["spec"]["template"]["metadata"]["labels"] = json!({"app": "cart"});
        let answer = cluster.ask(&Ask::create(&undeclared));
        assert!(answer.denial.is_none() && answer.warnings.is_empty() && answer.audit.is_empty(), "{kind}");
    }
}

fn lint(objects: &[Value]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    let command = command.args(["lint", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
