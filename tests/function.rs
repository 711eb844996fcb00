//! `beamgate lint -` and `beamgate inject -` as kpt and kustomize run them: a `ResourceList` in, one with results out.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

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
