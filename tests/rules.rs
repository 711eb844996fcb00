//! Every rule says what its fixtures expect, and nothing else.
//!
//! `tests/rules/<code>-<slug>/expect.toml` lists, for each YAML file beside it, the findings as `"BG204 error"`. Each file
//! is an input of its own. Where nothing is expected, every workload that declares a strategy must be judged to form: a
//! manifest that is merely not understood proves nothing. `"open"` in the list says that it is left open on purpose.
//! Where there is a `before.yaml`, the other files are what it becomes, and the rules about changes are heard too.
//! `RULE=204 cargo test --test rules` runs one directory.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use beamgate::manifest::yaml::{parse, split};
use beamgate::report::model::WorkloadVerdict;
use beamgate::rules::change::{Affected, Change, Edit, judge_change};
use beamgate::trace::Trace;
use beamgate::world::World;
use beamgate::world::facts::Facts;
use beamgate::world::object::Object;

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

fn objects(file: &Path) -> Vec<Object> {
    let text = fs::read_to_string(file).unwrap();
    let documents = split::documents(&text).into_iter().filter_map(|range| parse(&text, range).unwrap());
    documents.map(|document| Object::read(&document.root, "", &[]).unwrap()).collect()
}

/// What the rules about changes find when one file becomes another: object by object as it is written, then what is gone.
fn changes(before: &Path, after: &Path) -> Vec<String> {
    let (mut state, after) = (objects(before), objects(after));
    let is_kept = |object: &Object| after.iter().any(|other| other.title() == object.title());
    let removed: Vec<Object> = state.iter().filter(|object| !is_kept(object)).cloned().collect();
    let mut found = Vec::new();
    for object in after {
        let position = state.iter().position(|other| other.title() == object.title());
        let mut next = state.clone();
        match position {
            Some(position) => next[position] = object.clone(),
            None => next.push(object.clone()),
        }
        let edit = if position.is_some() { Edit::Alter } else { Edit::Make };
        found.extend(change(edit, &object, state, next.clone()));
        state = next;
    }
    for object in removed {
        let mut next = state.clone();
        next.retain(|other| other.title() != object.title());
        found.extend(change(Edit::Remove, &object, state, next.clone()));
        state = next;
    }
    found
}

fn change(edit: Edit, object: &Object, before: Vec<Object>, after: Vec<Object>) -> Vec<String> {
    let (before, after) = (World::new(before, Facts::default()), World::new(after, Facts::default()));
    let shown = if edit == Edit::Remove { &before } else { &after };
    let object = shown.objects().iter().find(|other| other.title() == object.title()).unwrap();
    let traces = after.workloads().filter_map(|(workload, found)| {
        let was = before.objects().iter().find(|other| other.title() == workload.title())?;
        Some((Trace::of(&before, was, was.workload()?), Trace::of(&after, workload, found)))
    });
    let traces: Vec<_> = traces.collect();
    let is_meant = |trace: &Trace<'_>| object.workload().is_none() || trace.object.title() == object.title();
    let affected: Vec<_> = traces.iter().filter(|(_, after)| is_meant(after)).collect();
    let affected: Vec<_> = affected.into_iter().map(|(before, after)| Affected { before, after }).collect();
    let findings = judge_change(&Change { edit, object, affected: &affected, cut: false });
    findings.iter().map(|finding| format!("{} {}", finding.rule.id(), finding.severity)).collect()
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
            let file = directory.join(format!("{name}.yaml"));
            let mut found = lint(&file);
            let before = directory.join("before.yaml");
            if before.is_file() {
                found.extend(changes(&before, &file));
                found.sort();
            }
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
