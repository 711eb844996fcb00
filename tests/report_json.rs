//! What scripts read.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod report_samples;

use beamgate::report::{Format, Report, schema};
use report_samples::*;
use serde_json::{Value, json};

const SCHEMA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");

fn json_of(report: &Report) -> Value {
    serde_json::from_str(&print(report, Format::Json)).unwrap()
}

/// Regenerate with `UPDATE=1 cargo test --test report_json`.
#[test]
fn the_published_schema_is_the_one_of_the_code() {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(SCHEMA_FILE, schema()).unwrap();
    }
    let published = std::fs::read_to_string(SCHEMA_FILE).unwrap();
    assert!(published == schema(), "docs/report.schema.json is stale: run UPDATE=1 cargo test --test report_json");
}

#[test]
fn a_report_says_what_it_is_and_what_came_of_it() {
    let report = json_of(&shop());
    assert_eq!(report["schema"], "beamgate.dev/report/v1");
    assert_eq!(report["tool"], json!({"name": "beamgate", "version": env!("CARGO_PKG_VERSION")}));
    assert_eq!(
        report["summary"],
        json!({
            "errors": 2, "warnings": 0, "infos": 0, "known": 0, "ignored": 0,
            "forms": 1, "breaks": 1, "open": 1, "not_opted_in": 1, "not_checked": 1,
            "other_objects": 14, "skipped": 3,
        })
    );
    assert_eq!(
        report["inputs_skipped"][0],
        json!({"input": "deploy/templates", "reason": "Helm template", "count": 2})
    );
    assert_eq!(
        report["workloads"][0],
        json!({
            "ref": "StatefulSet shop/cart",
            "verdict": "breaks",
            "boots": "cart@{pod-ip}",
            "dials": ["cart@{pod-name}.cart.shop.svc.cluster.local"],
            "missing": [],
        })
    );
    assert_eq!(report["workloads"][4]["verdict"], "not_checked");
    assert_eq!(report["workloads"][4]["missing"], json!(["RabbitMQ clusters by itself"]));
}

#[test]
fn findings_come_by_place_and_name_their_primary_label_first() {
    let report = json_of(&shop());
    let finding = &report["findings"][1];
    assert_eq!(
        *finding,
        json!({
            "code": "BG204",
            "slug": "service-without-ports",
            "severity": "error",
            "effect": "breaks",
            "verdict": "refuted",
            "message": "an SRV query for `cart.shop.svc.cluster.local` returns nothing: the Service has no ports",
            "workload": "StatefulSet shop/cart",
            "rendered_from": null,
            "labels": [
                {
                    "role": "primary", "object": "Service shop/cart", "pointer": "/spec",
                    "file": "k8s/service.yaml",
                    "line": 6, "column": 1, "end_line": 6, "end_column": 5, "byte_start": 70, "byte_end": 74,
                    "text": "headless, but no `ports:` in this spec",
                },
                {
                    "role": "related", "object": "StatefulSet shop/cart", "pointer": "/spec",
                    "file": "k8s/cart.yaml",
                    "line": 13, "column": 32, "end_line": 13, "end_column": 49, "byte_start": 208, "byte_end": 225,
                    "text": "asks for SRV records of cart.shop.svc.cluster.local",
                },
            ],
            "at_run_time": "`lookup against cart failed: :nxdomain`, every five seconds; `Node.list()` stays empty",
            "fix": {"safety": "safe", "title": "give the Service a port"},
            "fingerprint": finding["fingerprint"],
            "docs": "https://beamgate.dev/rules/BG204",
        })
    );
}

#[test]
fn columns_are_code_points_and_bytes_are_bytes() {
    let report = json_of(&single("\u{feff}# ä\r\n\"日本\": x\r\n", "x"));
    let label = &report["findings"][0]["labels"][0];
    assert_eq!((&label["line"], &label["column"], &label["end_column"]), (&json!(2), &json!(7), &json!(8)));
    assert_eq!((&label["byte_start"], &label["byte_end"]), (&json!(19), &json!(20)));

    let report = json_of(&single("\u{feff}ä: x\n", "x"));
    assert_eq!(report["findings"][0]["labels"][0]["column"], 4);
}

#[test]
fn a_place_in_no_file_has_no_position() {
    let mut report = single("a: x\n", "x");
    report.findings[0].labels[0].place = None;
    let label = &json_of(&report)["findings"][0]["labels"][0];
    for field in ["file", "line", "column", "end_line", "end_column", "byte_start", "byte_end"] {
        assert_eq!(label[field], Value::Null, "{field}");
    }
}

#[test]
fn an_empty_report_is_a_report() {
    let report = json_of(&Report::default());
    assert_eq!((&report["findings"], &report["workloads"]), (&json!([]), &json!([])));
}
