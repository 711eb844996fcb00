//! What `deploy/` and `policies/` say is what this program reads and does; on a cluster, `cargo test --test cluster` tries it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

mod access;
mod alerts;
mod profiles;
mod values;
mod written;

use std::fs;
use std::path::Path;

use beamgate::manifest::yaml;
use beamgate::world::facts::NEVER_ASKED;
use beamgate::world::node::Node;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The document of a file that holds one.
fn document(text: &str) -> Node<'_> {
    yaml::parse(text, 0..text.len()).unwrap().unwrap().root
}

#[test]
fn lint_and_injector_leave_out_the_same_namespaces() {
    let manifest = text("deploy/kustomize/base/injector.yaml");
    assert!(manifest.contains(&format!("values: [{}]", NEVER_ASKED.join(", "))));
}

/// Where a version of beamgate is said.
const SAY_THE_VERSION: [&str; 10] = [
    "deploy/README.md",
    "deploy/helm/Chart.yaml",
    "deploy/helm/README.md",
    "deploy/image/Dockerfile",
    "deploy/image/build",
    "deploy/kustomize/base/deployment.yaml",
    "examples/gitops/.github/workflows/manifests.yml",
    "examples/gitops/.gitlab-ci.yml",
    "examples/gitops/clusters/argocd/beamgate.yaml",
    "examples/gitops/clusters/flux/beamgate.yaml",
];

/// What stands right before it.
const BEFORE_THE_VERSION: [&str; 10] =
    ["beamgate:", "BEAMGATE: ", "BEAMGATE: v", "VERSION=", "ersion: ", "Revision: v", "ag: ", "ag: v", "ag=", "ref=v"];

#[test]
fn what_is_installed_is_this_version() {
    for file in SAY_THE_VERSION {
        let text = text(file);
        let after = BEFORE_THE_VERSION.iter().flat_map(|word| text.split(word).skip(1));
        let number =
            |rest: &str| rest.chars().take_while(|sign| sign.is_ascii_digit() || *sign == '.').collect::<String>();
        let found: Vec<String> = after.map(number).filter(|number| number.matches('.').count() == 2).collect();
        let all_are = found.iter().all(|version| version == env!("CARGO_PKG_VERSION"));
        assert!(all_are && !found.is_empty(), "{file} says {found:?}");
    }
}

/// Whom the API server asks about is decided in long expressions, of which the chart has a copy.
#[test]
fn the_chart_has_the_same_conditions() {
    for name in ["injector", "validator"] {
        let base = text(&format!("deploy/kustomize/base/{name}.yaml"));
        let chart = text(&format!("deploy/helm/templates/{name}.yaml"));
        let mut blocks = base.split("matchConditions:\n").skip(1).peekable();
        assert!(blocks.peek().is_some());
        for block in blocks {
            // Up to the next key of the webhook.
            let lines = block.lines().take_while(|line| line.starts_with("      "));
            let conditions: String = lines.map(|line| line.to_owned() + "\n").collect();
            assert!(conditions.contains("expression") && chart.contains(&conditions), "{name}: {conditions}");
        }
    }
}
