//! What `beamgate advise` prints and writes, done: a bare app becomes one that forms.
//!
//! Every candidate is chosen once for a Deployment and once for a StatefulSet. What `advise --write` wrote is applied, and the
//! lines that it printed for `config/runtime.exs` and `rel/env.sh.eex` are put into the image, where the release evaluates them.

mod again;
mod bare;

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::app::Kind;
use crate::cluster;
use crate::observe::Fate;
use crate::parts::{Part, Seen, Suite};
use crate::stage::{self, Image, Outcome, Scene, judged};

const SUITE: Suite = Suite {
    name: "advise",
    page: "advise-proofs.md",
    head: HEAD,
    parts: &[
        Part { name: "bare", head: BARE, play: bare::play },
        Part { name: "chosen", head: CHOSEN, play: chosen },
        Part { name: "script", head: SCRIPT, play: script },
        Part { name: "again", head: again::HEAD, play: again::play },
    ],
};

pub(crate) fn run(arguments: &[String]) -> Vec<String> {
    SUITE.play(&SUITE.choose(arguments))
}

/// A candidate for a bare app, as `advise` wrote it.
struct Advised {
    kind: Kind,
    /// `Kubernetes:ip:pods`.
    strategy: String,
    /// Whether the article's guide comes to it.
    guide: bool,
    /// What `advise` says comes of it.
    verdict: String,
    manifest: String,
    /// What is printed for `rel/env.sh.eex` and `config/runtime.exs`.
    files: Vec<(&'static str, String)>,
    /// What is to be done besides.
    then: Vec<String>,
}

impl Advised {
    /// All candidates for a kind of workload, the best one first.
    fn all(kind: Kind) -> Vec<Self> {
        let ranking = advise(kind, &[]);
        let ranking = ranking["candidates"].as_array().unwrap();
        ranking.iter().map(|candidate| Self::of(kind, candidate)).collect()
    }

    fn of(kind: Kind, candidate: &Value) -> Self {
        let strategy = candidate["name"].as_str().unwrap().to_owned();
        let advice = advise(kind, &["--strategy", &strategy, "--write"]);
        let chosen = &advice["chosen"];
        assert_eq!(chosen["name"], strategy.as_str());
        let line = |key: &str| chosen[key].as_str().unwrap_or_default().to_owned();
        let then = chosen["then"].as_array().unwrap().iter();
        Self {
            kind,
            strategy,
            guide: candidate["guide"].as_bool().unwrap(),
            verdict: candidate["verdict"].as_str().unwrap().to_owned(),
            manifest: fs::read_to_string(bare::file()).unwrap(),
            files: vec![
                ("env.sh", line("env_sh")),
                ("runtime.exs", format!("import Config\n\n{}", line("runtime_exs"))),
            ],
            then: then.map(|command| command.as_str().unwrap().to_owned()).collect(),
        }
    }

    fn title(&self) -> String {
        format!("{:?} {}", self.kind, self.strategy)
    }

    fn image(&self) -> Image {
        Image { app: "cart".to_owned(), files: self.files.clone() }
    }

    fn scene(&self) -> Scene {
        Scene { title: self.title(), manifest: self.manifest.clone(), images: vec![self.image()], together: None }
    }

    fn is_named_by_the_manifest(&self) -> bool {
        self.manifest.contains("- name: RELEASE_NODE")
    }

    /// What the strategy dials.
    fn name(&self) -> &'static str {
        let stateful = self.kind == Kind::StatefulSet;
        match self.strategy.as_str() {
            name if name.starts_with("Kubernetes:dns") => "cart@{pod-ip-dashed}.shop.pod.cluster.local",
            "Kubernetes.DNSSRV" if !stateful => "cart@{pod-ip-dashed}.cart-headless.shop.svc.cluster.local",
            name if name == "Kubernetes.DNSSRV" || name.starts_with("Kubernetes:hostname") => {
                "cart@{pod-name}.cart-headless.shop.svc.cluster.local"
            }
            _ => "cart@{pod-ip}",
        }
    }

    /// Says what is not as it was advised, and gives the names of the nodes.
    fn check(&self, outcome: &Outcome, seen: &mut Seen) -> String {
        let (title, fate) = (self.title(), outcome.fate());
        let agrees = (self.verdict == "forms") == (fate == Fate::Forms);
        let why = outcome.refused.as_deref().unwrap_or_default();
        seen.expect(agrees, format!("{title}: advise says that it {}; it {fate} {why}", self.verdict));
        let evaluated = outcome.log().contains("cart-configured by");
        seen.expect(evaluated, format!("{title}: nobody evaluates runtime.exs"));
        let names: Vec<String> = judged(&outcome.workloads).flat_map(|one| outcome.names(one)).collect();
        let as_dialled = fate != Fate::Forms || names == [self.name()];
        seen.expect(as_dialled, format!("{title}: its nodes are called {names:?}"));
        names.iter().filter(|_| fate == Fate::Forms).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
    }
}

/// Runs `advise` on a bare app of this kind. What does not form is no failure here.
fn advise(kind: Kind, options: &[&str]) -> Value {
    bare::write(kind);
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    command.args(["advise", "cart"]).arg(bare::folder()).args(["--format", "json"]).args(options);
    let output = cluster::feed(&mut command, "");
    let complaint = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("beamgate advise: {error}\n{complaint}"))
}

fn candidates() -> Vec<Advised> {
    [Kind::Deployment, Kind::StatefulSet].into_iter().flat_map(Advised::all).collect()
}

fn chosen(seen: &mut Seen) {
    let advised = candidates();
    let scenes: Vec<Scene> = advised.iter().map(Advised::scene).collect();
    for (one, outcome) in advised.iter().zip(stage::play(&scenes)) {
        let names = one.check(&outcome, seen);
        let guide = if one.guide { "yes" } else { "" };
        let namer = if one.is_named_by_the_manifest() { "the manifest" } else { "`rel/env.sh`" };
        let namer = if one.verdict == "forms" { namer } else { "" };
        let kind = format!("{:?}", one.kind);
        seen.row([&kind, &one.strategy, guide, &one.verdict, namer, &names, &outcome.fate().to_string()]);
    }
}

/// The same for the guide's leaves, where nothing but the printed script names the node.
fn script(seen: &mut Seen) {
    let mut advised = candidates();
    advised.retain(|one| one.guide && one.is_named_by_the_manifest());
    advised.iter_mut().for_each(|one| one.manifest = without_names(&one.manifest));
    let scenes: Vec<Scene> = advised.iter().map(Advised::scene).collect();
    for (one, outcome) in advised.iter().zip(stage::play(&scenes)) {
        let names = one.check(&outcome, seen);
        seen.row([&format!("{:?}", one.kind), &one.strategy, &names, &outcome.fate().to_string()]);
    }
}

/// The manifest without the two variables that make a name, each of two lines.
fn without_names(manifest: &str) -> String {
    let mut lines = manifest.lines();
    let mut kept = Vec::new();
    while let Some(line) = lines.next() {
        if ["- name: RELEASE_NODE", "- name: RELEASE_DISTRIBUTION"].contains(&line.trim()) {
            lines.next();
        } else {
            kept.push(line);
        }
    }
    assert_eq!(kept.len() + 4, manifest.lines().count(), "no name is written in\n{manifest}");
    kept.join("\n") + "\n"
}

const HEAD: &str = "\
# What is advised forms

`beamgate advise --write` was run on a bare app: a workload and a plain Service. What it wrote was applied to a real Kubernetes
cluster, and the lines that it printed for `config/runtime.exs` and `rel/env.sh.eex` were put into the image of real Erlang nodes,
which evaluated them. `guide` are the five leaves of the article's guide (\"Which one to use?\"), of which those that list
something may list endpoints or pods.
";

const BARE: &str = "\
## The bare app

| workload | seen |
|---|---|
";

const CHOSEN: &str = "\
## Every candidate

| workload | strategy | guide | advise says | named by | the nodes' names | seen |
|---|---|---|---|---|---|---|
";

const SCRIPT: &str = "\
## The printed script alone

The guide's leaves whose manifest names the node, once more without what it says of the name.

| workload | strategy | the nodes' names | seen |
|---|---|---|---|
";
