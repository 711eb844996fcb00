//! The proof of every rule: its bad manifests fail as its page says, the fixed ones form.
//!
//! `tests/rules/<code>-<slug>/proof.toml` says what is to be seen. What is not said there is not hoped for either: a file
//! that is fixed, by a person or as `beamgate fix` writes it, good or nearly bad forms, and every verdict and every name that `beamgate lint` gives is compared with
//! what happens.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::app::NAMESPACE;
use crate::cluster;
use crate::lint::{self, Report};
use crate::observe::{Fate, Observation};
use crate::stage::{self, Image, Outcome, Scene, judged};

/// A rule's `proof.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Proof {
    /// Why what the rule says cannot be seen on this cluster.
    pub(crate) not_proven: Option<String>,
    /// Files with a fault that are not played, and why.
    #[serde(default)]
    pub(crate) not_played: BTreeMap<String, String>,
    /// Files with an error that the webhook does not deny, and why.
    #[serde(default)]
    pub(crate) not_denied: BTreeMap<String, String>,
    /// Files whose other objects the API server of the test does not take, and why.
    #[serde(default)]
    pub(crate) not_applied: BTreeMap<String, String>,
    /// What is to be seen of the files, by their names.
    #[serde(flatten)]
    pub(crate) files: BTreeMap<String, Expected>,
}

/// What is to be seen of a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Expected {
    /// What becomes of it.
    pub(crate) fate: Fate,
    /// What is logged, or said by the API server or the kubelet; `...` stands for anything in a line.
    pub(crate) log: Option<String>,
    /// What must not be logged.
    pub(crate) silent: Option<String>,
    /// Whether the nodes of all workloads are one cluster, where the rule is about several.
    pub(crate) together: Option<bool>,
    /// Beside each Deployment, play it once more with an image of another build, as in the middle of a rollout.
    #[serde(default)]
    pub(crate) two_builds: bool,
}

/// A fixture and what is to be seen of it.
struct Case {
    directory: String,
    file: String,
    path: PathBuf,
    expected: Expected,
}

/// Proves the rules whose codes begin with one of these words; all of them, and the table, without any.
pub(crate) fn run(arguments: &[String]) -> Vec<String> {
    let every = arguments.iter().any(|argument| argument == "--every");
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let mut proofs = read();
    proofs.retain(|directory, _| wanted.is_empty() || wanted.iter().any(|code| directory.starts_with(code.as_str())));
    let cases: Vec<Case> = proofs.iter().flat_map(|(directory, proof)| cases(directory, proof, every)).collect();
    assert!(!cases.is_empty(), "nothing to prove: no directory of tests/rules begins with {wanted:?}");
    let scenes: Vec<Scene> = cases.iter().map(scene).collect();
    let outcomes = stage::play(&scenes);
    let mut wrong = Vec::new();
    let mut seen = BTreeMap::new();
    for (case, outcome) in cases.iter().zip(&outcomes) {
        keep_log(case, outcome);
        let report = lint::file(&case.path, &[]);
        let title = format!("{}/{}", case.directory, case.file);
        wrong.extend(compare(case, outcome).into_iter().map(|what| format!("{title}: {what}")));
        wrong.extend(disagreements(&report, outcome).into_iter().map(|what| format!("{title}: {what}")));
        seen.insert((case.directory.clone(), case.file.clone()), row(case, outcome));
    }
    if wanted.is_empty() && !every {
        fs::write(cluster::root().join("docs/proofs.md"), table(&proofs, &seen)).unwrap();
    }
    wrong
}

/// Every rule's proof, by its directory. A directory without one is a mistake.
pub(crate) fn read() -> BTreeMap<String, Proof> {
    let root = cluster::root().join("tests/rules");
    let directories = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let read = |path: PathBuf| {
        let text =
            fs::read_to_string(path.join("proof.toml")).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let proof = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.file_name().unwrap().to_string_lossy().into_owned(), proof)
    };
    directories.map(read).collect()
}

fn cases(directory: &str, proof: &Proof, every: bool) -> Vec<Case> {
    let folder = cluster::root().join("tests/rules").join(directory);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<Case> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|path| {
            let file = path.file_stem().unwrap().to_string_lossy().into_owned();
            let forms = Expected { fate: Fate::Forms, log: None, silent: None, together: None, two_builds: false };
            if proof.not_played.contains_key(&file) {
                return None;
            }
            let is_near = file.starts_with("near") || file == "good";
            // What the program writes has to come to the same as what a person did.
            let said = || proof.files.get("fixed").filter(|_| file == "written");
            let expected = match proof.files.get(&file).or_else(said) {
                Some(expected) => expected.clone(),
                None if file == "fixed" || file == "written" || (every && is_near) => forms,
                None => return None,
            };
            Some(Case { directory: directory.to_owned(), file, path, expected })
        })
        .collect();
    cases.sort_by(|a, b| a.file.cmp(&b.file));
    let unknown = proof.files.keys().find(|name| !folder.join(format!("{name}.yaml")).exists());
    assert!(unknown.is_none(), "{directory}/proof.toml: there is no {}.yaml", unknown.unwrap());
    cases
}

fn scene(case: &Case) -> Scene {
    let folder = case.path.parent().unwrap();
    let manifest = fs::read_to_string(&case.path).unwrap();
    Scene {
        title: format!("{}/{}", case.directory, case.file),
        manifest: if case.expected.two_builds { two_builds(&manifest) } else { manifest },
        images: images(folder),
        together: case.expected.together,
    }
}

/// Adds a copy of each Deployment, of the same labels, that runs the image's second build.
fn two_builds(manifest: &str) -> String {
    let copy = |document: &str| {
        let renamed = document.replacen("\n  name: ", "\n  name: new-", 1);
        renamed.replace("image: cluster-demo:1", "image: cluster-demo:2")
    };
    let documents = manifest.split("\n---\n");
    let copies = documents.filter(|document| document.contains("\nkind: Deployment")).map(copy);
    let both = copies.fold(manifest.to_owned(), |all, copy| all + "\n---\n" + &copy);
    assert!(both.len() > manifest.len(), "nothing to copy: two-builds is about Deployments");
    both
}

/// The `env.sh` of each app that the `beamgate.toml` beside the fixtures names: it goes into that app's image.
fn images(folder: &Path) -> Vec<Image> {
    let Ok(text) = fs::read_to_string(folder.join("beamgate.toml")) else { return Vec::new() };
    let config: toml::Table = toml::from_str(&text).unwrap();
    let apps = config.get("app").and_then(toml::Value::as_array).into_iter().flatten();
    apps.filter_map(|app| {
        let script = fs::read_to_string(folder.join(app.get("env-sh")?.as_str()?)).unwrap();
        let app = app.get("match")?.get("name")?.as_str()?.to_owned();
        Some(Image { app, files: vec![("env.sh", script)] })
    })
    .collect()
}

/// Keeps what was seen, for whoever wonders.
fn keep_log(case: &Case, outcome: &Outcome) {
    let folder = cluster::root().join("target/proofs").join(&case.directory);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{}.log", case.file)), outcome.log()).unwrap();
}

/// What is not as the proof says.
fn compare(case: &Case, outcome: &Outcome) -> Vec<String> {
    let (expected, log, fate) = (&case.expected, outcome.log(), outcome.fate());
    let mut wrong = Vec::new();
    if fate != expected.fate {
        wrong.push(format!("expected: {}, seen: {fate}{}", expected.fate, hint(outcome)));
    }
    if let Some(together) = expected.together.filter(|together| *together != outcome.together()) {
        wrong.push(format!("the workloads are {} cluster", if together { "not one" } else { "one" }));
    }
    // Silence is that of nodes which are there.
    if fate == Fate::DoesNotForm && line_with(&log, "cart-report ").is_none() {
        wrong.push("no node ever reports".to_owned());
    }
    if let Some(wanted) = &expected.log
        && line_with(&log, wanted).is_none()
    {
        wrong.push(format!("nobody logs: {wanted}"));
    }
    if let Some(unwanted) = &expected.silent
        && let Some(line) = line_with(&log, unwanted)
    {
        wrong.push(format!("it ought to be silent, but: {line}"));
    }
    wrong
}

fn hint(outcome: &Outcome) -> String {
    let waiting: Vec<String> = outcome.workloads.iter().flat_map(Observation::waiting).collect();
    match (&outcome.refused, waiting.is_empty()) {
        (Some(said), _) => format!(" ({})", said.trim()),
        (None, true) => String::new(),
        (None, false) => format!(" ({})", waiting.join(", ")),
    }
}

/// The first line in which the parts of the pattern follow each other.
pub(crate) fn line_with<'l>(log: &'l str, pattern: &str) -> Option<&'l str> {
    let matches = |line: &&str| {
        let mut rest = *line;
        pattern.split("...").all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    };
    log.lines().find(matches)
}

/// Where `beamgate lint` says something else than what happened.
pub(crate) fn disagreements(report: &Report, outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    for workload in judged(&outcome.workloads) {
        let subject = &workload.subject;
        let Some(said) = report.workload(&subject.kind, &outcome.as_written(&subject.name)) else {
            // The copy of another build is not in the file.
            if !subject.name.starts_with("new-") {
                wrong.push(format!("lint does not know {} {}", subject.kind, subject.name));
            }
            continue;
        };
        let fate = workload.fate();
        match (said.verdict.as_str(), fate) {
            ("forms", fate) if fate != Fate::Forms => wrong.push(format!("lint says that it forms; it {fate}")),
            ("breaks", Fate::Forms) => {
                wrong.push(format!("lint says that it breaks ({}); it forms", report.codes().join(" ")))
            }
            _ => {}
        }
        // A node that is about to crash may be gone before it is asked.
        if fate != Fate::Crashes {
            wrong.extend(workload.doubtful_names());
        }
        if let Some(boots) = said.boots.as_deref().filter(|boots| !boots.contains("{?}")) {
            let others = outcome.names_other_than(workload, &as_seen(boots));
            wrong.extend(others.iter().map(|name| format!("lint says that its nodes boot as {boots}; one is {name}")));
        }
    }
    wrong
}

/// A name as lint writes it, in the placeholders of what was observed: a pod's host name is its name here.
fn as_seen(name: &str) -> String {
    name.replace("{hostname}", "{pod-name}")
        .replace("{cluster-domain}", "cluster.local")
        .replace("{namespace}", NAMESPACE)
}

/// What was seen of a file, for the table.
struct Row {
    fate: String,
    symptom: Option<String>,
    names: BTreeSet<String>,
}

fn row(case: &Case, outcome: &Outcome) -> Row {
    let log = outcome.log();
    let silence = case.expected.silent.as_ref().map(|_| "nothing is logged".to_owned());
    let symptom = case.expected.log.as_ref().map(|wanted| match line_with(&log, wanted) {
        Some(_) => format!("`{}`", wanted.replace('|', "\\|")),
        None => format!("not seen: `{wanted}`"),
    });
    let fate = outcome.fate();
    // A node that crashes again and again is there at one time and not at another.
    let named = judged(&outcome.workloads).filter(|_| fate != Fate::Crashes);
    let names = named.flat_map(|one| outcome.names(one)).collect();
    let fate = match case.expected.together.map(|_| outcome.together()) {
        Some(true) => format!("{fate}, one cluster"),
        Some(false) => format!("{fate}, two clusters"),
        None => fate.to_string(),
    };
    Row { fate, symptom: symptom.or(silence), names }
}

/// `docs/proofs.md`.
fn table(proofs: &BTreeMap<String, Proof>, seen: &BTreeMap<(String, String), Row>) -> String {
    let mut out = String::from(HEAD);
    for (directory, proof) in proofs {
        let (code, slug) = directory.split_once('-').unwrap();
        let rule = format!("[BG{code}](rules/BG{code}.md) {slug}");
        if let Some(why) = &proof.not_proven {
            let _ = writeln!(out, "| {rule} | | *not proven here:* {why} | | | |");
        }
        for (file, why) in &proof.not_played {
            let _ = writeln!(out, "| {rule} | {file} | *not played:* {why} | | | |");
        }
        let fate = |file: &str| seen.get(&(directory.clone(), file.to_owned())).map(|row| row.fate.to_string());
        let written = fate("written").map_or_else(String::new, |fate| format!("; as `fix` writes it: {fate}"));
        let after = fate("fixed").unwrap_or_default() + &written;
        let is_before = |file: &str| file != "fixed" && file != "written";
        let rows = seen.iter().filter(|((of, file), _)| of == directory && is_before(file));
        for (file, row) in rows.map(|((_, file), row)| (file, row)) {
            let symptom = row.symptom.as_deref().unwrap_or_default();
            let names: Vec<String> = row.names.iter().map(|name| format!("`{name}`")).collect();
            let _ = writeln!(out, "| {rule} | {file} | {} | {symptom} | {} | {after} |", row.fate, names.join(" "));
        }
    }
    out
}

const HEAD: &str = "\
<!-- Written by `cargo test --test cluster -- proofs`. -->
# What a real cluster shows

Each line is a fixture of a rule, applied to a real Kubernetes cluster with real Erlang nodes: what became of it, the line of
the log (or of the API server's answer) that its page speaks of, as it was looked for and found (`...` stands for anything), what
its nodes called themselves, and what became of the fixed one, and of what `beamgate fix` writes where that is not the same. `{pod-ip}` and its like stand for what differs from run to run.

| rule | file | seen before | symptom | the nodes' names | seen after |
|---|---|---|---|---|---|
";
