//! Every rule says what its fixtures expect, and nothing else.
//!
//! `tests/rules/<code>-<slug>/expect.toml` lists, for each YAML file beside it, the findings as `"BG204 error"`. Each file
//! is an input of its own. Where nothing is expected, every workload that declares a strategy must be judged to form: a
//! manifest that is merely not understood proves nothing. `"open"` in the list says that it is left open on purpose.
//! `RULE=204 cargo test --test rules` runs one directory.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use beamgate::report::model::WorkloadVerdict;

fn directories() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let wanted = std::env::var("RULE").unwrap_or_default();
    let mut found: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir() && path.file_name().unwrap().to_string_lossy().starts_with(&wanted));
    found.sort();
    found
}

/// The findings of one file and what is left open, as `beamgate lint FILE` has them: the configuration beside it is found by itself.
fn lint(file: &Path) -> Vec<String> {
    let report = beamgate::cli::lint::report(file, &mut std::io::empty()).unwrap();
    let mut found: Vec<String> =
        report.findings.iter().map(|finding| format!("{} {}", finding.rule.id(), finding.severity)).collect();
    if report.workloads.iter().any(|workload| workload.verdict == WorkloadVerdict::Open) {
        found.push("open".to_owned());
    }
    found.sort();
    found
}

#[test]
fn every_fixture_is_expected_to_say_something() {
    for directory in directories() {
        let expected = fs::read_to_string(directory.join("expect.toml")).unwrap();
        let expected: BTreeMap<String, Vec<String>> = toml::from_str(&expected).unwrap();
        let files = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<String> = files
            .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(expected.into_keys().collect::<Vec<_>>(), names, "{}", directory.display());
    }
}

#[test]
fn fixtures_find_what_they_expect() {
    let mut wrong = String::new();
    for directory in directories() {
        let expected = fs::read_to_string(directory.join("expect.toml")).unwrap();
        let expected: BTreeMap<String, Vec<String>> = toml::from_str(&expected).unwrap();
        for (name, mut expected) in expected {
            expected.sort();
            let mut found = lint(&directory.join(format!("{name}.yaml")));
            // What a finding leaves open, or breaks, is told by the finding.
            if found.len() > 1 && !expected.iter().any(|one| one == "open") {
                found.retain(|one| one != "open");
            }
            if found != expected {
                let directory = directory.file_name().unwrap().to_string_lossy();
                wrong += &format!("{directory}/{name}.yaml: expected {expected:?}, found {found:?}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
