//! The alerts of the chart, and the metrics that they read.

use std::collections::BTreeSet;

use beamgate::webhook::metrics::Outcome;

use crate::{document, text};

/// Every alert, and its expression.
fn alerts() -> Vec<(String, String)> {
    let file = text("deploy/helm/files/alerts.yaml");
    let document = document(&file);
    let groups = document.list("groups").iter();
    let rules = groups.flat_map(|group| group.list("rules"));
    rules.map(|rule| (rule.text("alert").unwrap(), rule.text("expr").unwrap())).collect()
}

/// The words of a text that may be names of metrics.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'));
    words.filter(|word| word.starts_with("beamgate_") || word.starts_with("apiserver_")).collect()
}

#[test]
fn they_read_only_what_is_documented() {
    let documented = text("docs/webhook.md");
    let documented = metrics(&documented);
    let alerts = alerts();
    assert!(alerts.len() > 5);
    for (alert, expression) in &alerts {
        let read = metrics(expression);
        assert!(!read.is_empty() && read.is_subset(&documented), "{alert}: {read:?}");
    }
}

/// The words for what came of a request are those that are counted.
#[test]
fn they_know_what_no_answer_is() {
    let words = [Outcome::Shed, Outcome::Late, Outcome::Panicked].map(Outcome::word).join("|");
    let reads = |(_, expression): &(String, String)| expression.contains(&format!("outcome=~\"{words}\""));
    assert!(alerts().iter().any(reads), "none reads {words}");
}

/// Whoever is woken up is told what it means and what to do, and finds the same names in `deploy/README.md`.
#[test]
fn each_has_a_runbook() {
    let file = text("deploy/helm/files/alerts.yaml");
    let document = document(&file);
    let readme = text("deploy/README.md");
    for rule in document.list("groups").iter().flat_map(|group| group.list("rules")) {
        let alert = rule.text("alert").unwrap();
        let annotations = rule.get("annotations").unwrap();
        assert!(annotations.text("summary").is_some_and(|line| !line.contains('\n')), "{alert}");
        assert!(annotations.text("description").is_some(), "{alert}");
        let severity = rule.get("labels").and_then(|labels| labels.text("severity")).unwrap();
        assert!(["critical", "warning", "info"].contains(&severity.as_str()), "{alert}: {severity}");
        assert!(readme.contains(&format!("| `{alert}` | {severity} |")), "{alert} is not in deploy/README.md");
    }
}
