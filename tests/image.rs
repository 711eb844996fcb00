//! What `deploy/image`, the manifests and the workflows say of each other. `deploy/image/build` reads the Dockerfile itself.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What follows these words at the start of a line, the white space before it aside.
fn value<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.trim_start().strip_prefix(words))
}

#[test]
fn the_dockerfile_has_the_version() {
    assert_eq!(value(&read("deploy/image/Dockerfile"), "ARG VERSION="), Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_dockerfile_has_a_rust_that_is_new_enough() {
    let numbers = |version: &str| -> Vec<u32> { version.split('.').map(|number| number.parse().unwrap()).collect() };
    let dockerfile = read("deploy/image/Dockerfile");
    let rust = numbers(value(&dockerfile, "ARG RUST=").unwrap());
    assert!(rust >= numbers(env!("CARGO_PKG_RUST_VERSION")), "{rust:?}");
}

#[test]
fn the_deployment_runs_the_image_as_its_user() {
    let deployment = read("deploy/kustomize/base/deployment.yaml");
    let (user, group) = (value(&deployment, "runAsUser: "), value(&deployment, "runAsGroup: "));
    let expected = format!("{}:{}", user.unwrap(), group.unwrap());
    assert_eq!(value(&read("deploy/image/Dockerfile"), "USER "), Some(expected.as_str()));
}

#[test]
fn actions_are_pinned_by_commit() {
    let folders = [".github/workflows", "examples/gitops/.github/workflows"];
    let mut used = 0;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workflows = folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let workflows = workflows.map(|entry| entry.unwrap().path());
    for file in workflows.chain([root.join("action.yml")]) {
        let text = fs::read_to_string(file).unwrap();
        let lines = text.lines().map(|line| line.trim_start().trim_start_matches("- "));
        for action in lines.filter_map(|line| line.strip_prefix("uses: ")) {
            let (_, commit) = action.split_once('@').unwrap();
            let (commit, version) = commit.split_once(" # v").unwrap_or((commit, ""));
            let is_hash = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_hash && !version.is_empty(), "{action}");
            used += 1;
        }
    }
    assert!(used > 0);
}
