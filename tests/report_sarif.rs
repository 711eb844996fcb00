//! What code scanning reads.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod report_samples;

use beamgate::report::model::{Compared, Known};
use beamgate::report::{Format, Report};
use report_samples::*;
use serde_json::{Value, json};

fn run_of(report: &Report) -> Value {
    let log: Value = serde_json::from_str(&print(report, Format::Sarif)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    log["runs"][0].clone()
}

#[test]
fn rules_carry_their_pages() {
    let run = run_of(&shop());
    let rule = &run["tool"]["driver"]["rules"][0];
    assert_eq!((&rule["id"], &rule["name"]), (&json!("BG204"), &json!("ServiceWithoutPorts")));
    assert_eq!(rule["fullDescription"]["text"], "A headless Service that declares no ports has no SRV records.");
    assert!(rule["help"]["markdown"].as_str().unwrap().contains("## At run time"));
    assert_eq!(rule["helpUri"], "https://beamgate.dev/rules/BG204");
    assert_eq!(rule["defaultConfiguration"]["level"], "error");
}

#[test]
fn results_point_into_files_and_at_their_rules() {
    let run = run_of(&shop());
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let result = &run["results"][1];
    assert_eq!(run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
    assert_eq!(
        result["locations"][0]["physicalLocation"],
        json!({
            "artifactLocation": {"uri": "k8s/service.yaml", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 6, "startColumn": 1, "endLine": 6, "endColumn": 5},
        })
    );
    assert_eq!(result["relatedLocations"][0]["id"], 1);
    assert_eq!(
        result["message"]["text"].as_str().unwrap(),
        "an SRV query for `cart.shop.svc.cluster.local` returns nothing: the Service has no ports.\n\
         Workload: StatefulSet shop/cart.\n\
         At run time: `lookup against cart failed: :nxdomain`, every five seconds; `Node.list()` stays empty.\n\
         Fix (safe): give the Service a port:\n\
         ports:\n  - name: epmd\n    port: 4369\n\
         See also: [StatefulSet shop/cart](1): asks for SRV records of cart.shop.svc.cluster.local."
    );
}

#[test]
fn alerts_keep_their_identity_and_two_of_one_identity_stay_two() {
    let mut report = single("a: x\n", "x");
    report.findings.extend(single("a: x\n", "a").findings);
    let results = run_of(&report)["results"].clone();
    let (first, second) = (&results[0]["partialFingerprints"], &results[1]["partialFingerprints"]);
    assert_eq!(first["beamgate/v1"], second["beamgate/v1"]);
    let hash = |fingerprints: &Value| fingerprints["primaryLocationLineHash"].as_str().unwrap().to_owned();
    assert!(hash(first).ends_with(":1") && hash(second).ends_with(":2"));
}

#[test]
fn what_was_not_read_is_a_notification() {
    let notifications = run_of(&shop())["invocations"][0]["toolExecutionNotifications"].clone();
    assert_eq!(notifications[0]["message"]["text"], "skipped deploy/templates: Helm template");
    assert_eq!(notifications.as_array().unwrap().len(), 3);
}

#[test]
fn a_place_in_no_file_is_a_logical_location() {
    let mut report = single("a: x\n", "x");
    report.findings[0].labels[0].place = None;
    let location = &run_of(&report)["results"][0]["locations"][0];
    assert_eq!(
        *location,
        json!({
            "logicalLocations": [{"fullyQualifiedName": "StatefulSet shop/cart spec"}],
            "message": {"text": "here"},
        })
    );
}

#[test]
fn a_baseline_says_what_is_new_and_why_the_rest_may_stay() {
    let mut report = shop();
    assert_eq!(run_of(&report)["results"][0]["baselineState"], Value::Null);
    let known = Known { finding: report.findings.remove(0), note: "next year".into() };
    report.compared = Some(Compared { known: vec![known], gone: Vec::new() });
    let run = run_of(&report);
    let result = |number: usize| {
        let result = &run["results"][number];
        assert!(result["locations"][0]["physicalLocation"].is_object());
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        (rule["id"].clone(), result["baselineState"].clone(), result["suppressions"].clone())
    };
    assert_eq!(result(0), (json!("BG301"), json!("new"), Value::Null));
    let why = json!([{"kind": "external", "justification": "next year"}]);
    assert_eq!(result(1), (json!("BG204"), json!("unchanged"), why));
}
