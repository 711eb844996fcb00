//! Every fixture of every rule, as the API server judges it: the same as `tests/policies` works out beside the rules.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::cluster::{self, kubectl};
use crate::parts::Seen;
use crate::stage;

pub(super) const HEAD: &str = "\
## What is said of the fixtures

Every fixture, made as a dry run in a namespace without a label. What is not listed passes without a word.

| fixture | seen |
|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    let namespace = stage::namespace(stage::first_namespace());
    let namespaces: Vec<_> = [namespace.as_str(), "ops", "infra", "mail"]
        .iter()
        .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"proof": "yes"}}}))
        .collect();
    cluster::prepare(&json!({"apiVersion": "v1", "kind": "List", "items": namespaces}).to_string());
    let text = fs::read_to_string(cluster::root().join("tests/policies/decisions.toml")).unwrap();
    let expected: BTreeMap<String, String> = toml::from_str(&text).unwrap();
    let fixtures = fixtures();
    let answers = cluster::each(&fixtures, |(_, file)| {
        let manifest = stage::moved(&fs::read_to_string(file).unwrap(), &namespace);
        let output = kubectl(&["create", "--dry-run=server", "-f", "-"], &manifest);
        super::summary(&String::from_utf8_lossy(&output.stderr))
    });
    for ((name, _), said) in fixtures.iter().zip(answers) {
        let wanted = expected.get(name).map_or("", String::as_str);
        seen.expect(said == wanted, format!("{name}: {said:?}, expected {wanted:?}"));
        if !said.is_empty() {
            seen.row([name, &said]);
        }
    }
}

/// Those that need no `beamgate.toml`, by name: `101-long-name-needs-name/bad`.
fn fixtures() -> Vec<(String, PathBuf)> {
    let folders = fs::read_dir(cluster::root().join("tests/rules")).unwrap().map(|entry| entry.unwrap().path());
    let folders = folders.filter(|folder| folder.is_dir() && !folder.join("beamgate.toml").exists());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    let stem = |path: &std::path::Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    let mut found: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "yaml"))
        .map(|file| (format!("{}/{}", stem(file.parent().unwrap()), stem(&file)), file))
        .collect();
    found.sort();
    found
}
