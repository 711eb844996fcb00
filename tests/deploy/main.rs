//! What `deploy/` and `policies/` say is what this program reads and does; on a cluster, `cargo test --test cluster` tries it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

mod alerts;
mod profiles;
mod values;

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
