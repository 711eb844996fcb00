//! Every fixture of every rule: what the policies deny is what the webhook denies, with the same code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use beamgate::policy::config;
use beamgate::policy::export::{Export, Version};
use serde_json::Value;

use crate::cel::Policy;
use crate::cluster::{Ask, Cluster, outcome, readable};

/// Kinds that the policies are asked about.
const JUDGED: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"];

/// The policies for errors and for warnings, of a configuration.
pub(crate) fn exported(toml: &str) -> Vec<Policy> {
    Policy::all(&export(&configured(toml)).validating().unwrap())
}

/// The same for clusters without an injector.
pub(crate) fn exported_without_injector() -> Vec<Policy> {
    let policy = configured("");
    Policy::all(&Export { injector: false, ..export(&policy) }.validating().unwrap())
}

pub(crate) fn export(policy: &config::Policy) -> Export<'_> {
    Export { policy, kubernetes: Version::DEFAULT, name: "beamgate", injector: true }
}

pub(crate) fn configured(toml: &str) -> config::Policy {
    config::Policy { config: toml::from_str(toml).unwrap(), ..config::Policy::default() }
}

/// What a webhook would say that does not inject: there is none, but for these policies.
fn without_injector(objects: &[Value]) -> Cluster {
    let mut cluster = Cluster::of(objects);
    cluster.settings.facts.injection = false;
    cluster
}

/// The codes that the webhook denies.
pub(crate) fn denied(cluster: &Cluster, ask: &Ask) -> BTreeSet<String> {
    codes(&outcome(&cluster.ask(ask)), "denied ")
}

pub(crate) fn codes(outcome: &str, word: &str) -> BTreeSet<String> {
    let part = outcome.split("; ").find_map(|part| part.strip_prefix(word));
    part.into_iter().flat_map(|codes| codes.split(',')).map(str::to_owned).collect()
}

/// The codes that a policy speaks of.
pub(crate) fn said(policy: &Policy, ask: &Ask) -> BTreeSet<String> {
    policy.says(ask).into_iter().map(|(rule, _)| rule).collect()
}

/// The workloads of each fixture, with the rest of the file. One that `[[app]]` says more of is not asked about.
static WORKLOADS: LazyLock<Vec<(PathBuf, Value, Vec<Value>)>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    let mut found = Vec::new();
    for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "yaml")) {
        let Some(objects) = readable(&fs::read_to_string(&file).unwrap()) else { continue };
        // The API server refuses values that are no strings before it asks anybody.
        if file.with_file_name("beamgate.toml").exists() || file.to_string_lossy().contains("/006-") {
            continue;
        }
        for (index, workload) in objects.iter().enumerate() {
            if JUDGED.contains(&workload["kind"].as_str().unwrap_or_default()) {
                let mut others = objects.clone();
                others.remove(index);
                found.push((file.clone(), workload.clone(), others));
            }
        }
    }
    found
});

#[test]
fn what_is_denied_is_denied_by_the_webhook_too() {
    type Around = fn(&[Value]) -> Cluster;
    let mut denials = BTreeSet::new();
    for (policies, cluster) in
        [(exported(""), Cluster::of as Around), (exported_without_injector(), without_injector as Around)]
    {
        for (file, workload, others) in &*WORKLOADS {
            let ask = Ask::create(workload);
            let said = said(&policies[0], &ask);
            for world in [&[][..], &others[..]] {
                let denied = denied(&cluster(world), &ask);
                assert!(said.is_subset(&denied), "{}: said {said:?}, denied {denied:?}", file.display());
            }
            denials.extend(said);
        }
    }
    // Each rule that is exported as an error has a fixture in which it is denied; that of BG104 leaves the name to the image.
    let exported: BTreeSet<String> = errors_by_default().filter(|rule| rule != "BG104").collect();
    assert_eq!(denials, exported);
}

/// What the policies say of each fixture: `denied BG301; warned BG601`. The API server of the test cluster has to say the same.
#[test]
fn every_fixture_is_judged_as_it_is_written() {
    const SAID: &str = "tests/policies/decisions.toml";
    let policies = exported("");
    let mut all: BTreeMap<String, [BTreeSet<String>; 2]> = BTreeMap::new();
    for (file, workload, _) in &*WORKLOADS {
        let stem = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        let name = format!("{}/{}", stem(file.parent().unwrap()), stem(file));
        let ask = Ask::create(workload);
        let known = all.entry(name).or_default();
        known.iter_mut().zip(&policies).for_each(|(codes, policy)| codes.extend(said(policy, &ask)));
    }
    let mut text =
        String::from("# What the policies say of each fixture. Of whatever is not listed they say nothing.\n");
    for (name, codes) in &all {
        let words = ["denied", "warned"].iter().zip(codes).filter(|(_, codes)| !codes.is_empty());
        let words =
            words.map(|(word, codes)| format!("{word} {}", codes.iter().cloned().collect::<Vec<_>>().join(",")));
        let words: Vec<String> = words.collect();
        if !words.is_empty() {
            text += &format!("\"{name}\" = \"{}\"\n", words.join("; "));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAID);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), text, "UPDATE=1 writes it");
}

#[test]
fn what_is_warned_is_warned_by_the_webhook_too() {
    let [_, warnings] = &exported("")[..] else { panic!() };
    let mut all = BTreeSet::new();
    for (file, workload, others) in &*WORKLOADS {
        let ask = Ask::create(workload);
        let warned = codes(&outcome(&Cluster::of(others).ask(&ask)), "warned ");
        let said = said(warnings, &ask);
        assert!(said.is_subset(&warned), "{}: said {said:?}, warned {warned:?}", file.display());
        all.extend(said);
    }
    assert_eq!(
        all.into_iter().collect::<Vec<_>>(),
        ["BG004", "BG216", "BG218", "BG601", "BG602", "BG604", "BG605", "BG606", "BG701"]
    );
}

/// The rules that some condition denies by default.
pub(crate) fn errors_by_default() -> impl Iterator<Item = String> {
    use beamgate::rules::finding::Severity;
    use beamgate::rules::{self, Cel};
    let is_exported = |rule: &&rules::Rule| {
        rule.severity == Severity::Error && matches!(rule.cel, Cel::Exported(conditions, _) if conditions[0].certain)
    };
    rules::all().filter(is_exported).map(rules::Rule::id)
}
