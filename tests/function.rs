//! `beamgate lint -`, `fix -` and `inject -` as kpt and kustomize run them: a `ResourceList` in, one with results out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use beamgate::manifest::yaml;
use serde_json::{Value, json};

fn run(arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_beamgate"))
        .args(arguments)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn parsed(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    yaml::parse(text, 0..text.len()).unwrap().unwrap().root.to_json()
}

/// The documents of a file as the items of a list, each with what an orchestrator says of it.
fn list(file: &str, config: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let mut list = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n".to_owned();
    for (index, document) in text.split("---\n").filter(|document| document.contains("kind:")).enumerate() {
        let annotations = format!(
            "metadata:\n  annotations:\n    config.kubernetes.io/path: other.yaml\n    \
             internal.config.kubernetes.io/path: k8s/cart.yaml\n    internal.config.kubernetes.io/index: '{index}'\n"
        );
        let document = document.replacen("metadata:\n", &annotations, 1);
        let lines = document.lines().map(|line| format!("    {line}\n")).collect::<String>();
        list.push_str(&format!("  -\n{lines}"));
    }
    list + config
}

const PORTS: &str = "tests/rules/204-service-without-ports/bad.yaml";

#[test]
fn findings_are_results_and_fail_the_function() {
    let given = list(PORTS, "");
    let output = run(&["lint", "-"], &given);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error[BG204 "));
    let mut given_back = parsed(&output);
    let results = given_back.as_object_mut().unwrap().remove("results").unwrap();
    let items = yaml::parse(&given, 0..given.len()).unwrap().unwrap().root.to_json();
    assert_eq!(given_back, items);

    let result = &results[0];
    assert!(result["message"].as_str().unwrap().starts_with("BG204 service-without-ports: an SRV query"));
    let (kind, index) = (&result["resourceRef"]["kind"], result["file"]["index"].as_u64().unwrap());
    let item = &items["items"][usize::try_from(index).unwrap()];
    assert_eq!((kind, &item["kind"]), (&json!("Service"), &json!("Service")));
    assert_eq!(result["resourceRef"]["name"], item["metadata"]["name"]);
    assert_eq!(result["severity"], "error");
    assert_eq!(result["field"], json!({"path": "spec"}));
    assert_eq!(result["file"]["path"], "k8s/cart.yaml");
    assert_eq!(result["tags"]["rule"], "BG204");
}

#[test]
fn comments_come_through() {
    let given = list(PORTS, "# the end\n");
    let output = run(&["lint", "-"], &given);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(given.trim_end()), "{text}");
    assert!(text.contains("  # ") || text.contains("# the end"), "{text}");
}

#[test]
fn the_configuration_is_what_the_command_line_would_say() {
    let config =
        |entries: &str| format!("functionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  data: {{{entries}}}\n");
    let code = |config: &str| run(&["lint", "-"], &list(PORTS, config)).status.code();
    assert_eq!(code(&config("select: BG301")), Some(0));
    assert_eq!(code(&config("ignore: BG204")), Some(0));
    assert_eq!(code(&config("colour: red")), Some(2));
    assert_eq!(code(&config("fail-on: never")), Some(2));
    assert_eq!(code("functionConfig: {apiVersion: v1, kind: Secret}\n"), Some(2));
    let ours = "functionConfig: {apiVersion: beamgate.dev/v1, kind: Lint, spec: {select: [BG301, BG302]}}\n";
    assert_eq!(code(ours), Some(0));
}

#[test]
fn a_report_that_is_asked_for_takes_the_place_of_the_list() {
    let output = run(&["lint", "-", "--format", "json"], &list(PORTS, ""));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "beamgate.dev/report/v1");
    let file = format!("{}/function.sarif", env!("CARGO_TARGET_TMPDIR"));
    let output = run(&["lint", "-", "--format", "sarif", "--output", &file], &list(PORTS, ""));
    assert_eq!(parsed(&output)["kind"], "ResourceList");
    assert!(fs::read_to_string(file).unwrap().contains("BG204"));
}

const INJECTED: &str = "tests/rules/116-relies-on-injection/bad.yaml";

#[test]
fn what_is_injected_is_in_the_list_and_again_changes_nothing() {
    let given = list(INJECTED, "");
    let first = run(&["inject", "-"], &given);
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    let text = String::from_utf8(first.stdout.clone()).unwrap();
    assert!(text.contains("value: cart@$(MY_POD_IP)\n"), "{text}");
    let list = parsed(&first);
    assert_eq!(list["results"][0]["severity"], "info");
    assert!(list["results"][0]["message"].as_str().unwrap().starts_with("injected: cart: MY_POD_IP"));
    assert_eq!(list["results"][0]["resourceRef"]["kind"], "Deployment");

    let again = parsed(&run(&["inject", "-"], &text));
    assert_eq!(again["items"], list["items"]);
    assert_eq!(again["results"], Value::Null);
}

#[test]
fn a_list_without_pods_comes_back_as_it_is() {
    let given = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n";
    for command in ["inject", "lint"] {
        let output = run(&[command, "-"], given);
        assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap().as_str()), (Some(0), given));
    }
}

#[test]
fn what_is_fixed_is_in_the_list_and_lint_finds_no_more() {
    let given = list(PORTS, "");
    let fixed = run(&["fix", "-"], &given);
    let text = String::from_utf8(fixed.stdout).unwrap();
    assert!(text.contains("port: 4369") && !given.contains("port: 4369"), "{text}");
    let output = run(&["lint", "-"], &text);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(parsed(&output)["results"], Value::Null);
}

/// The lines that hold a comment.
fn comments(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.contains('#')).map(str::trim).collect()
}

#[test]
fn comments_come_through_an_injection() {
    let given = list(INJECTED, "# the end\n")
        .replace("    spec:\n", "    spec: # of the workload\n")
        .replace("          image:", "          # what runs\n              image:");
    let given = given.replacen("kind: Deployment", "kind: Deployment # ours", 1);
    let output = run(&["inject", "-"], &given);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(comments(&given).len() > 2 && text.contains("RELEASE_NODE"), "{text}");
    assert_eq!(comments(&text), comments(&given));
    let said = |text: &str| yaml::parse(text, 0..text.len()).unwrap().unwrap().root.to_json();
    let kinds = |list: &Value| list["items"].as_array().unwrap().iter().map(|item| item["kind"].clone()).collect();
    let (was, is): (Vec<Value>, Vec<Value>) = (kinds(&said(&given)), kinds(&said(&text)));
    assert_eq!(is, was);
}

#[test]
fn json_is_injected_into_all_the_same() {
    let given = yaml::parse(&list(INJECTED, ""), 0..list(INJECTED, "").len()).unwrap().unwrap().root.to_json();
    let (of_yaml, of_json) = (run(&["inject", "-"], &list(INJECTED, "")), run(&["inject", "-"], &given.to_string()));
    assert_eq!(parsed(&of_json), parsed(&of_yaml));
    assert_eq!(parsed(&of_json)["results"][0]["severity"], "info");
}

#[test]
fn what_is_fixed_is_said_and_so_is_what_is_left() {
    let given = list(PORTS, "").replace("kind: Service\n", "kind: Service # theirs\n");
    let output = run(&["fix", "-"], &given);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let fixed = parsed(&output);
    let [result] = fixed["results"].as_array().unwrap().as_slice() else { panic!("{fixed}") };
    assert_eq!(result["severity"], "info");
    let message = result["message"].as_str().unwrap();
    assert!(message.starts_with("fixed BG204 service-without-ports of "), "{message}");
    assert_eq!(result["resourceRef"]["kind"], "Service");
    let index = usize::try_from(result["file"]["index"].as_u64().unwrap()).unwrap();
    assert_eq!((&result["file"]["path"], &fixed["items"][index]["kind"]), (&json!("k8s/cart.yaml"), &json!("Service")));
    assert_eq!((&result["field"], &result["tags"]["rule"]), (&json!({"path": "spec"}), &json!("BG204")));
    assert!(String::from_utf8(output.stdout).unwrap().contains("kind: Service # theirs\n"));

    // Where nothing is asked for that would mend it, it is left.
    let left = run(&["fix", "-"], &list(MISSING, ""));
    let results = &parsed(&left)["results"];
    assert_eq!(results[0]["severity"], "warning");
    assert!(results[0]["message"].as_str().unwrap().ends_with("not made: `unsafe` is not asked for"), "{results}");
    assert_eq!((&results[0]["file"]["path"], &results[0]["tags"]["rule"]), (&json!("k8s/cart.yaml"), &json!("BG201")));
}

const MISSING: &str = "tests/rules/201-service-missing/bad.yaml";

/// A new object stands beside the others, and nobody says for it in which file.
#[test]
fn what_orchestrators_say_of_items_stays_as_it_was() {
    let config = "functionConfig: {apiVersion: v1, kind: ConfigMap, data: {unsafe: 'true'}}\n";
    let given = list(MISSING, config);
    let output = run(&["fix", "-"], &given);
    let (was, fixed) = (yaml::parse(&given, 0..given.len()).unwrap().unwrap().root.to_json(), parsed(&output));
    assert_eq!(fixed["results"][0]["severity"], "info", "{fixed}");
    let annotated = |list: &Value| -> Vec<Value> {
        let all = list["items"].as_array().unwrap().iter().map(|item| item["metadata"]["annotations"].clone());
        all.filter(|annotations| !annotations.is_null()).collect()
    };
    assert_eq!(annotated(&fixed), annotated(&was));
    let count = |list: &Value| list["items"].as_array().unwrap().len();
    assert_eq!(count(&fixed), count(&was) + 1);
    assert_eq!(fixed["functionConfig"], was["functionConfig"]);
}

#[test]
fn fix_is_configured_by_the_names_of_its_options() {
    let config = |data: &str| format!("functionConfig: {{apiVersion: v1, kind: ConfigMap, data: {{{data}}}}}\n");
    let code = |file: &str, data: &str| run(&["fix", "-"], &list(file, &config(data))).status.code();
    assert_eq!(code(PORTS, "select: BG301"), Some(0));
    assert_eq!(code(MISSING, "fail-on: warning"), Some(1));
    assert_eq!(code(MISSING, "complete: services"), Some(1));
    assert_eq!(code(MISSING, "unsafe: 'true', fail-on: warning"), Some(0));
    for wrong in ["colour: red", "unsafe: perhaps", "select: BG999", "fail-on: never"] {
        assert_eq!(code(PORTS, wrong), Some(2), "{wrong}");
    }
    let unselected = run(&["fix", "-"], &list(PORTS, &config("select: BG301")));
    assert!(!String::from_utf8(unselected.stdout).unwrap().contains("port: 4369"));
}

/// More objects than there are rounds.
#[test]
fn each_of_many_items_is_fixed() {
    let mut given = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n".to_owned();
    for number in 0..101 {
        let name = format!("name: cart, namespace: shop-{number}");
        given.push_str(&format!(
            "  - {{apiVersion: v1, kind: Service, metadata: {{{name}}}, spec: {{clusterIP: None, selector: {{a: b}}}}}}\n  \
             - {{apiVersion: apps/v1, kind: StatefulSet, metadata: {{{name}}}, spec: {{serviceName: cart, template: {{\
             metadata: {{labels: {{a: b, beamgate.dev/strategy: Kubernetes.DNSSRV}}, annotations: {{\
             beamgate.dev/node-name: 'cart@{{pod-name}}.cart.{{namespace}}.svc.cluster.local', \
             beamgate.dev/service: cart}}}}, spec: {{containers: [{{name: cart}}]}}}}}}}}\n"
        ));
    }
    let fixed = parsed(&run(&["fix", "-"], &given));
    let results = fixed["results"].as_array().unwrap();
    let fixes = results.iter().filter(|result| result["tags"]["rule"] == "BG204");
    assert_eq!(fixes.filter(|result| result["severity"] == "info").count(), 101, "{}", results[0]);
}
