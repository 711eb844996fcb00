//! What the webhook may do, as the manifests say it and `deploy/README.md` repeats it.

use std::fs;

use beamgate::manifest::yaml;
use beamgate::world::node::Node;

use crate::written::{cell, comment, holds};
use crate::{root, text};

/// Below `deploy/kustomize/base` and `deploy/helm/templates`.
const FILES: [&str; 2] = ["access", "certificates"];

/// A row for each rule of a file: the kinds, the verbs, and the comment above.
fn rows(path: &str) -> String {
    let file = text(path);
    let mut rows = String::new();
    for at in yaml::documents(&file) {
        let Some(parsed) = yaml::parse(&file, at).unwrap() else { continue };
        let namespaced = parsed.root.text("kind").unwrap() == "Role";
        for rule in parsed.root.list("rules") {
            let why = comment(&file, rule.span.start as usize);
            assert!(!why.is_empty(), "{path}: a rule without a reason");
            rows += &format!("| {} | {} | {} |\n", kinds(rule, namespaced), rule.texts("verbs").join(", "), cell(&why));
        }
    }
    rows
}

fn kinds(rule: &Node<'_>, namespaced: bool) -> String {
    let quoted = |key: &str| rule.texts(key).iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let group = match rule.texts("apiGroups").concat() {
        core if core.is_empty() => String::new(),
        group => format!(" of {group}"),
    };
    let names = match quoted("resourceNames") {
        all if all.is_empty() => String::new(),
        names => format!(", but only {names}"),
    };
    let place = if namespaced { " in its own namespace" } else { "" };
    format!("{}{group}{names}{place}", quoted("resources"))
}

#[test]
fn the_readme_lists_what_it_may_do() {
    let rows = FILES.map(|name| rows(&format!("deploy/kustomize/base/{name}.yaml"))).concat();
    holds("deploy/README.md", &format!("| of | it may | |\n|---|---|---|\n{rows}"));
}

/// All that is granted: the group, the resources, the verbs and the only names. What is more is noticed here, whatever the README says.
const GRANTED: [[&str; 4]; 7] = [
    ["", "services serviceaccounts", "get list watch", ""],
    ["", "namespaces", "get list watch", ""],
    ["apps", "daemonsets deployments statefulsets", "get list watch", ""],
    ["rbac.authorization.k8s.io", "clusterrolebindings clusterroles rolebindings roles", "get list watch", ""],
    ["", "configmaps", "get", ""],
    ["", "secrets", "get list patch watch", "beamgate-certificates"],
    [
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations validatingwebhookconfigurations",
        "get list patch watch",
        "beamgate",
    ],
];

#[test]
fn nothing_is_granted_beyond_that() {
    let mut granted = Vec::new();
    for name in FILES {
        let file = text(&format!("deploy/kustomize/base/{name}.yaml"));
        for at in yaml::documents(&file) {
            let Some(parsed) = yaml::parse(&file, at).unwrap() else { continue };
            let words = |rule: &Node<'_>| {
                ["apiGroups", "resources", "verbs", "resourceNames"].map(|key| rule.texts(key).join(" "))
            };
            granted.extend(parsed.root.list("rules").iter().map(words));
        }
    }
    assert_eq!(granted, GRANTED);
}

/// The rules of each role of a file, as they are written.
fn rules(file: &str) -> Vec<String> {
    let below = |rest: &str| rest.lines().take_while(|line| line.starts_with("  ")).collect::<Vec<_>>().join("\n");
    file.split("\nrules:\n").skip(1).map(below).collect()
}

#[test]
fn the_chart_grants_the_same() {
    for name in FILES {
        let base = text(&format!("deploy/kustomize/base/{name}.yaml"));
        let chart = text(&format!("deploy/helm/templates/{name}.yaml"));
        let chart = rules(&chart.replace("{{ include \"beamgate.fullname\" . }}", "beamgate"));
        assert!(!chart.is_empty());
        assert_eq!(chart, rules(&base), "{name}");
    }
}

/// No other file makes a role, or binds one.
#[test]
fn roles_are_in_these_files_alone() {
    for folder in ["deploy/helm/templates", "deploy/kustomize/base"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let makes = fs::read_to_string(&path).unwrap().contains("apiVersion: rbac.authorization.k8s.io");
            let expected = FILES.contains(&path.file_stem().unwrap().to_str().unwrap());
            assert_eq!(makes, expected, "{}", path.display());
        }
    }
}
