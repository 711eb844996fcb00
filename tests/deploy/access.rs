//! What the webhook may do, as the manifests say it and `deploy/README.md` repeats it.

use beamgate::manifest::yaml;
use beamgate::world::node::Node;

use crate::text;
use crate::written::{cell, comment, holds};

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
    let rows = ["access", "certificates"].map(|name| rows(&format!("deploy/kustomize/base/{name}.yaml"))).concat();
    holds("deploy/README.md", &format!("| of | it may | |\n|---|---|---|\n{rows}"));
}

/// Nothing is granted by a wildcard, and what is written has a name.
#[test]
fn nothing_is_granted_beyond_that() {
    for name in ["access", "certificates"] {
        let file = text(&format!("deploy/kustomize/base/{name}.yaml"));
        for at in yaml::documents(&file) {
            let Some(parsed) = yaml::parse(&file, at).unwrap() else { continue };
            for rule in parsed.root.list("rules") {
                let words = ["apiGroups", "resources", "verbs"].map(|key| rule.texts(key)).concat();
                assert!(!words.iter().any(|word| word == "*"), "{words:?}");
                let reads = rule.texts("verbs").iter().all(|verb| ["get", "list", "watch"].contains(&verb.as_str()));
                assert!(reads || !rule.texts("resourceNames").is_empty(), "{words:?}");
            }
        }
    }
}
