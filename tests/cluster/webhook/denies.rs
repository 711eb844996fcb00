//! Every rule that may deny: its bad manifests are denied at `kubectl apply`, with its code, and all others are admitted.
//!
//! The other objects of a manifest are there before its workload is applied. A quota keeps the namespaces free of pods:
//! this is about what is said, and what comes of it the proofs of the rules show.

use std::collections::BTreeMap;
use std::fs;

use serde_json::json;

use crate::cluster::{self, kubectl};
use crate::parts::Seen;
use crate::proofs;
use crate::stage;

pub(super) const HEAD: &str = "\
## What is denied

Every fixture with an error, applied with `kubectl` where its other objects are there already.

| rule | file | errors | seen |
|---|---|---|---|
";

/// What makes pods, or is one.
const WORKLOADS: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"];

/// A file, and what has to come of it.
struct Case {
    directory: String,
    file: String,
    /// The codes of its errors.
    errors: Vec<String>,
    /// Why an error is not denied.
    not_denied: Option<String>,
    /// Why it is not applied.
    not_applied: Option<String>,
    namespace: String,
}

/// What `kubectl apply` came to.
enum Answer {
    NotAsked,
    Admitted,
    Denied(String),
    /// By somebody else, or not at all.
    Failed(String),
}

pub(super) fn play(seen: &mut Seen) {
    let cases = cases();
    prepare(&cases);
    let answers = cluster::each(&cases, apply);
    for (case, answer) in cases.iter().zip(&answers) {
        judge(case, answer, seen);
    }
}

fn judge(case: &Case, answer: &Answer, seen: &mut Seen) {
    let title = format!("{}/{}", case.directory, case.file);
    let is_denied = !case.errors.is_empty() && case.not_denied.is_none();
    match answer {
        Answer::NotAsked => {}
        Answer::Failed(why) => seen.expect(false, format!("{title}: {why}")),
        Answer::Admitted => seen.expect(!is_denied, format!("{title}: admitted")),
        Answer::Denied(why) => {
            let has_code = case.errors.iter().any(|code| why.contains(code.as_str()));
            seen.expect(is_denied && has_code, format!("{title}: denied: {why}"));
        }
    }
    if case.errors.is_empty() {
        return;
    }
    let (code, slug) = case.directory.split_once('-').unwrap();
    let said = match (answer, &case.not_denied, &case.not_applied) {
        (Answer::Denied(_), ..) => "denied".to_owned(),
        (_, Some(why), _) => format!("*not denied:* {why}"),
        (Answer::NotAsked, _, Some(why)) => format!("*not applied:* {why}"),
        _ => "admitted".to_owned(),
    };
    seen.row([&format!("[BG{code}](rules/BG{code}.md) {slug}"), &case.file, &case.errors.join(" "), &said]);
}

/// Every fixture that the API server itself takes, but for those that need a `beamgate.toml` of their own: the webhook has one
/// for the whole cluster.
fn cases() -> Vec<Case> {
    let first = stage::first_namespace();
    let mut cases = Vec::new();
    for (directory, proof) in proofs::read() {
        let folder = cluster::root().join("tests/rules").join(&directory);
        if folder.join("beamgate.toml").exists() {
            continue;
        }
        let text = fs::read_to_string(folder.join("expect.toml")).unwrap();
        let expected: BTreeMap<String, Vec<String>> = toml::from_str(&text).unwrap();
        let taken =
            |file: &str| proof.files.get(file).is_none_or(|expected| expected.fate != crate::observe::Fate::Refused);
        for (file, found) in expected.into_iter().filter(|(file, _)| taken(file)) {
            let errors = found.iter().filter_map(|one| one.strip_suffix(" error")).map(str::to_owned).collect();
            let (not_denied, not_applied) =
                (proof.not_denied.get(&file).cloned(), proof.not_applied.get(&file).cloned());
            let namespace = stage::namespace(first + cases.len());
            cases.push(Case { directory: directory.clone(), file, errors, not_denied, not_applied, namespace });
        }
    }
    cases
}

fn prepare(cases: &[Case]) {
    let objects = cases.iter().flat_map(|case| {
        let name = &case.namespace;
        let labels = json!({"proof": "yes"});
        [
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}),
            json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "no-pods", "namespace": name},
                "spec": {"hard": {"pods": "0"}}}),
        ]
    });
    let objects: Vec<_> = objects.collect();
    cluster::prepare(&json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string());
}

/// Applies the other objects, then the workloads, and takes these away.
fn apply(case: &Case) -> Answer {
    if case.not_applied.is_some() {
        return Answer::NotAsked;
    }
    let path = cluster::root().join("tests/rules").join(&case.directory).join(format!("{}.yaml", case.file));
    let manifest = stage::moved(&fs::read_to_string(path).unwrap(), &case.namespace);
    let (workloads, others): (Vec<&str>, Vec<&str>) =
        manifest.split("\n---\n").partition(|document| is_workload(document));
    if let Err(why) = run("apply", &others) {
        return Answer::Failed(why);
    }
    let answer = match run("apply", &workloads) {
        Ok(()) => Answer::Admitted,
        Err(why) if why.contains("beamgate.dev\" denied the request") => Answer::Denied(why),
        // A bare pod that gets so far was let pass by the webhook.
        Err(why) if why.contains("exceeded quota: no-pods") => Answer::Admitted,
        Err(why) => Answer::Failed(why),
    };
    stage::end(&case.namespace);
    answer
}

fn is_workload(document: &str) -> bool {
    let kind = document.lines().find_map(|line| line.strip_prefix("kind: "));
    kind.is_some_and(|kind| WORKLOADS.contains(&kind.trim()))
}

fn run(verb: &str, documents: &[&str]) -> Result<(), String> {
    if documents.is_empty() {
        return Ok(());
    }
    let output = kubectl(&[verb, "-f", "-"], &documents.join("\n---\n"));
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}
