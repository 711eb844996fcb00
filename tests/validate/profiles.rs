//! What the profiles of `policies/` make of the fixtures: what `policies/README.md` says they do.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use beamgate::policy::config::Policy;
use beamgate::webhook::review::Outcome;
use serde_json::Value;

use super::cluster::{Ask, Cluster, readable};
use super::rules::{fixtures, is_judged, name};

fn profile(name: &str) -> Policy {
    Policy::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("policies/{name}.toml"))).unwrap()
}

/// The rules for which some workload of these objects is denied.
fn denied(objects: &[Value], policy: impl Fn() -> Policy) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (index, workload) in objects.iter().enumerate().filter(|(_, object)| is_judged(object)) {
        let mut others = objects.to_vec();
        others.remove(index);
        let answer = Cluster::with_policy(&others, policy()).ask(&Ask::create(workload));
        let findings = answer.findings.iter().filter(|found| found.outcome == Outcome::Denied);
        codes.extend(findings.map(|found| found.rule.id()));
    }
    codes
}

/// Each fixture without a configuration of its own.
fn plain() -> Vec<(String, Vec<Value>)> {
    let files = fixtures().into_iter().filter(|file| !file.with_file_name("beamgate.toml").is_file());
    files.filter_map(|file| Some((name(&file), readable(&fs::read_to_string(&file).unwrap())?))).collect()
}

#[test]
fn observe_denies_nothing() {
    for (name, objects) in plain() {
        assert_eq!(denied(&objects, || profile("observe")), BTreeSet::new(), "{name}");
    }
}

#[test]
fn the_default_is_what_there_is_without_a_file() {
    let mut denials = 0;
    for (name, objects) in plain() {
        let with = denied(&objects, || profile("default"));
        assert_eq!(with, denied(&objects, Policy::default), "{name}");
        denials += with.len();
    }
    assert!(denials > 30, "{denials}");
}

#[test]
fn strict_also_denies_a_cookie_that_others_know() {
    let mut more = BTreeSet::new();
    for (name, objects) in plain() {
        let default = denied(&objects, || profile("default"));
        let strict = denied(&objects, || profile("strict"));
        assert!(default.is_subset(&strict), "{name}: {default:?} and {strict:?}");
        let faulty = name.rsplit('/').next().unwrap().starts_with("bad");
        assert!(faulty || strict.is_empty(), "{name}: {strict:?}");
        more.extend(strict.difference(&default).cloned());
    }
    // BG117 rests on a Service as it was a moment ago, which is enough for `strict` alone.
    assert_eq!(more.iter().collect::<Vec<_>>(), ["BG117", "BG601", "BG605"]);
}
