//! The matrix of the article: every strategy × mode × lookup × kind × Service, what happens, and what lint says.
//!
//! These worlds are complete, so lint has to know: *forms* where the nodes see each other, *breaks* where they do not.

use std::fmt::Write as _;
use std::fs;

use serde_json::json;

use crate::app::{App, Kind, STRATEGIES, Strategy};
use crate::cluster;
use crate::lint::{self, Report};
use crate::observe::Fate;
use crate::proofs::line_with;
use crate::stage::{self, Outcome, Scene};

/// What says that nothing is missing.
pub(crate) const COMPLETE: [&str; 1] = ["--complete"];

struct Cell {
    strategy: Strategy,
    kind: Kind,
    headless: bool,
    ports: bool,
    app: App,
}

/// Plays all cells and writes `docs/matrix.md`.
pub(crate) fn run() -> Vec<String> {
    let cells = cells();
    let scenes: Vec<Scene> = cells.iter().map(Cell::scene).collect();
    let outcomes = stage::play(&scenes);
    let mut out = String::from(HEAD);
    let mut wrong = Vec::new();
    for ((cell, scene), outcome) in cells.iter().zip(&scenes).zip(&outcomes) {
        let report = lint::text(&scene.manifest, &COMPLETE);
        let (fate, said) = verdicts(&report, outcome);
        if !agree(fate, &said, &report) {
            wrong.push(format!("{}: it {fate}; lint says: {said} {}", scene.title, report.codes().join(" ")));
        }
        let _ = writeln!(out, "{}", cell.line(fate, &said, &report, outcome));
    }
    fs::write(cluster::root().join("docs/matrix.md"), out).unwrap();
    wrong
}

/// What became of the workload, and what lint says of it. An object that was refused counts by what comes of it.
pub(crate) fn verdicts(report: &Report, outcome: &Outcome) -> (Fate, String) {
    let fate = outcome.played().unwrap_or(Fate::Refused);
    let said = report.workloads.first().map_or_else(|| "nothing".to_owned(), |workload| workload.verdict.clone());
    (fate, said)
}

/// Whether they say the same. That something is refused or never runs has to be what lint foresees, not an accident.
pub(crate) fn agree(fate: Fate, said: &str, report: &Report) -> bool {
    let foreseen = |code: &str| said == "breaks" && report.codes().iter().any(|found| found == code);
    match fate {
        Fate::Forms => said == "forms",
        Fate::DoesNotForm | Fate::Crashes => said == "breaks",
        Fate::Pending => foreseen("BG115"),
        Fate::Refused => foreseen("BG006"),
    }
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for strategy in STRATEGIES {
        for kind in [Kind::Deployment, Kind::StatefulSet] {
            for headless in [true, false] {
                for ports in [true, false] {
                    let app = app(strategy, kind, headless, ports);
                    cells.push(Cell { strategy, kind, headless, ports, app });
                }
            }
        }
    }
    cells
}

fn app(strategy: Strategy, kind: Kind, headless: bool, ports: bool) -> App {
    let mut app = App::new(strategy, kind);
    let spec = app.find("Service").unwrap()["spec"].as_object_mut().unwrap();
    if !headless {
        spec.remove("clusterIP");
    }
    if !ports {
        spec.insert("ports".to_owned(), json!([]));
    }
    app
}

impl Cell {
    fn scene(&self) -> Scene {
        let (strategy, kind) = (self.strategy.describe(), self.kind);
        let title = format!("{strategy} {kind:?} headless={} ports={}", self.headless, self.ports);
        Scene { title, manifest: self.app.manifest(), ..Scene::default() }
    }

    fn line(&self, fate: Fate, said: &str, report: &Report, outcome: &Outcome) -> String {
        let yes = |yes: bool| if yes { "yes" } else { "no" };
        let log = outcome.log();
        let logged = ["unable to connect to...", "lookup against...failed", "cannot query...", "Can't set..."];
        // What a node that is the first to boot says of the others is over soon.
        let logged =
            logged.iter().filter(|_| fate != Fate::Forms).find_map(|pattern| line_with(&log, pattern)).map(message);
        let logged = logged.map_or_else(String::new, |line| format!("`{line}`"));
        let mode = self.strategy.mode().unwrap_or("");
        let lookup = self.strategy.lookup().unwrap_or("");
        format!(
            "| {} | {mode} | {lookup} | {:?} | {} | {} | {fate} | {logged} | {said} | {} |",
            self.strategy.name(),
            self.kind,
            yes(self.headless),
            yes(self.ports),
            report.codes().join(" ")
        )
    }
}

/// A line of the log without time and level.
fn message(line: &str) -> String {
    let from = line.find("[libcluster").or_else(|| line.find("Can't")).unwrap_or(0);
    line[from..].chars().take(120).collect()
}

const HEAD: &str = "\
<!-- Written by `cargo test --test cluster -- matrix`. -->
# Strategy, mode, lookup, kind and Service: what happens

Every combination, deployed to a real Kubernetes cluster with two real Erlang nodes each, and what `beamgate lint --complete`
says of the same manifest. The nodes have the name that the strategy asks for, as far as the kind of workload has one.
A Service without ports that is not headless is refused by the API server; the workload then runs without it.

| strategy | mode | lookup | workload | headless | ports | what happens | log | lint says | findings |
|---|---|---|---|---|---|---|---|---|---|
";
