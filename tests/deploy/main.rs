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
fn lint_finds_nothing_in_it() {
    let report = beamgate::cli::lint::report(&root().join("deploy"), &mut std::io::empty()).unwrap();
    let found: Vec<&str> = report.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn lint_and_injector_leave_out_the_same_namespaces() {
    let manifest = text("deploy/kustomize/base/injector.yaml");
    assert!(manifest.contains(&format!("values: [{}]", NEVER_ASKED.join(", "))));
}

/// `deploy/` says everywhere which version it is.
#[test]
fn what_is_installed_is_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    let chart = text("deploy/helm/Chart.yaml");
    assert_eq!(document(&chart).text("appVersion").as_deref(), Some(version));
    assert!(text("deploy/kustomize/base/deployment.yaml").contains(&format!("image: beamgate:{version}\n")));
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
