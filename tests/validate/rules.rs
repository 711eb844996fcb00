//! Every fixture of every rule, applied: the workloads are made one by one in a cluster that holds the rest of the file.
//!
//! `decisions.toml` says what comes of each. What it does not list passes without a word. `UPDATE=1` writes it: read the
//! difference, each line of it is a denial or a warning that somebody gets.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use beamgate::policy::config::Policy;
use beamgate::webhook::review::Answer;
use serde_json::Value;

use super::cluster::{Ask, Cluster, fixture, outcome, readable, the};

const SAID: &str = "tests/validate/decisions.toml";

/// Kinds that a validator is asked about.
const JUDGED: [&str; 8] = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod", "Rollout"];

pub(super) fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let directories = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = directories.flat_map(|directory| fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()));
    let mut found: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    found.sort();
    found
}

pub(super) fn is_judged(object: &Value) -> bool {
    JUDGED.contains(&object["kind"].as_str().unwrap_or_default())
}

/// `202-service-not-headless/bad`.
pub(super) fn name(file: &Path) -> String {
    let part = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    format!("{}/{}", part(file.parent().unwrap()), part(file))
}

/// What is answered for the workloads of a file; nothing where it is no YAML that an API server would take.
fn answers(file: &Path) -> Option<Vec<Answer>> {
    let text = fs::read_to_string(file).unwrap();
    let objects = readable(&text)?;
    let config = file.with_file_name("beamgate.toml");
    let policy = || if config.is_file() { Policy::read(&config).unwrap() } else { Policy::default() };
    let workloads = objects.iter().enumerate().filter(|(_, object)| is_judged(object));
    let answered = workloads.map(|(index, workload)| {
        let mut others = objects.clone();
        others.remove(index);
        Cluster::with_policy(&others, policy()).ask(&Ask::create(workload))
    });
    Some(answered.collect())
}

/// What comes of them.
fn applied(file: &Path) -> Option<String> {
    let mut outcomes: Vec<String> = answers(file)?.iter().map(outcome).collect();
    outcomes.dedup();
    outcomes.retain(|outcome| outcome != "passes");
    Some(outcomes.join(" | "))
}

fn said() -> BTreeMap<String, String> {
    let found = fixtures().into_iter().filter_map(|file| Some((name(&file), applied(&file)?)));
    found.filter(|(_, said)| !said.is_empty()).collect()
}

#[test]
fn every_fixture_is_denied_or_warned_as_it_is_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAID);
    let found = said();
    if std::env::var_os("UPDATE").is_some() {
        let mut text = String::from(
            "# What comes of each fixture when its workloads are applied. Whatever is not listed passes silently.\n",
        );
        for (name, said) in &found {
            writeln!(text, "\"{name}\" = \"{said}\"").unwrap();
        }
        fs::write(&path, text).unwrap();
    }
    let expected: BTreeMap<String, String> = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let differs = |name: &&String| found.get(*name) != expected.get(*name);
    let names: std::collections::BTreeSet<&String> = found.keys().chain(expected.keys()).filter(differs).collect();
    let lines =
        names.into_iter().map(|name| format!("{name}: {:?}, expected {:?}", found.get(name), expected.get(name)));
    let lines: Vec<String> = lines.collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// What is mended is admitted, and so is what was never broken.
#[test]
fn what_is_fixed_good_or_near_is_never_denied() {
    for (name, said) in said() {
        let file = name.rsplit('/').next().unwrap();
        let faulty = file.starts_with("bad");
        assert!(faulty || !said.contains("denied"), "{name}: {said}");
    }
}

/// What runs becomes what is in the file.
#[test]
fn a_rename_is_warned_where_it_splits_the_cluster() {
    let of = |file: &str| fixture(&format!("703-rename-mid-rollout/{file}.yaml"));
    let before = of("before");
    for (file, said) in [("bad", "warned BG703"), ("fixed", "passes"), ("good", "passes"), ("near", "passes")] {
        let request = Ask::update(&the("Deployment", &before), &the("Deployment", &of(file)));
        assert_eq!(outcome(&Cluster::of(&before).ask(&request)), said, "{file}");
    }
}

#[test]
fn a_service_in_use_is_not_taken_away_silently() {
    let of = |file: &str| fixture(&format!("704-service-in-use/{file}.yaml"));
    let service = the("Service", &of("before"));
    let asked = |objects: &str, request: &Ask| outcome(&Cluster::of(&of(objects)).ask(request));
    assert_eq!(asked("before", &Ask::delete(&service)), "warned BG704");
    assert_eq!(asked("before", &Ask::update(&service, &the("Service", &of("good")))), "passes");
    assert_eq!(asked("fixed", &Ask::delete(&service)), "passes", "nobody asks for it by then");
}

/// With `force`, Flux takes an error with these words for the change of an immutable field, and deletes the object to make it again.
#[test]
fn no_denial_reads_like_a_change_of_an_immutable_field() {
    let mut denials = 0;
    for file in fixtures() {
        for denial in answers(&file).unwrap_or_default().into_iter().filter_map(|answer| answer.denial) {
            assert!(
                !denial.contains("is immutable") && !denial.contains("immutable field"),
                "{}: {denial}",
                name(&file)
            );
            denials += 1;
        }
    }
    assert!(denials > 30, "{denials}");
}
