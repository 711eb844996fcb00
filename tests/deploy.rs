//! What `deploy/` says is what this program reads; on a cluster, `cargo test --test cluster -- webhook` tries it.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::path::Path;

use beamgate::policy::config::Policy;
use beamgate::world::facts::NEVER_ASKED;

fn deploy() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy"))
}

#[test]
fn lint_finds_nothing_in_it() {
    let report = beamgate::cli::lint::report(deploy(), &mut std::io::empty()).unwrap();
    let found: Vec<&str> = report.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn lint_and_injector_leave_out_the_same_namespaces() {
    let manifest = fs::read_to_string(deploy().join("kustomize/base/injector.yaml")).unwrap();
    assert!(manifest.contains(&format!("values: [{}]", NEVER_ASKED.join(", "))));
}

#[test]
fn the_config_map_holds_a_configuration() {
    let manifest = fs::read_to_string(deploy().join("kustomize/base/config.yaml")).unwrap();
    let (_, block) = manifest.split_once("  beamgate.toml: |\n").unwrap();
    let text: String = block.lines().map(|line| line.trim_start().to_owned() + "\n").collect();
    let folder = std::env::temp_dir().join(format!("beamgate-deploy-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("beamgate.toml");
    fs::write(&file, text).unwrap();
    let read = Policy::read(&file);
    fs::remove_dir_all(&folder).unwrap();
    assert!(read.unwrap().facts().unwrap().injection);
}
