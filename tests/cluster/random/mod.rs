//! Random apps: what the cluster makes of them against what lint says.
//!
//! A seed is an app that forms, with one to three of its fields changed. The worlds are complete, so that *open* counts as
//! a disagreement. What was seen of a long run is kept in `seen.tsv`, and `cargo test` holds lint against it.

mod seed;
mod seen;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use crate::cluster;
use crate::lint::{self, Report};
use crate::matrix::{agree, verdicts};
use crate::observe::Fate;
use crate::stage::{self, Outcome, Scene};
use seed::{Made, make};

/// The seeds that are always run.
const ALWAYS: Range<u64> = 0..60;

/// Plays the apps of these seeds, `0..60`; of the ones that are always run, without. With `--record`, what is seen is
/// written to `seen.tsv`.
pub(crate) fn run(arguments: &[String]) -> Vec<String> {
    let seeds = seeds(arguments);
    let records = arguments.iter().any(|argument| argument == "--record");
    let made: Vec<Made> = seeds.clone().map(make).collect();
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    let scenes: Vec<Scene> = made.iter().map(scene).collect();
    stage::play_and_tell(&scenes, |number, outcome| {
        let made = &made[number];
        wrong.extend(compare(made, outcome, &mut tally));
        let fate = outcome.played().unwrap_or(Fate::Refused).to_string();
        if records {
            seen::write(made, fate);
        } else {
            wrong.extend(seen::contradicted(made, &fate));
        }
    });
    println!("{}", tally.summary(&seeds, wrong.len()));
    wrong.extend(tally.lopsided());
    wrong
}

/// How lint disagrees with what became of an app.
fn compare(made: &Made, outcome: &Outcome, tally: &mut Tally) -> Option<String> {
    let report = report(made);
    let (fate, said) = verdicts(&report, outcome);
    tally.add(made, fate, &report);
    if agree(fate, &said, &report) {
        return None;
    }
    keep(made, outcome);
    Some(format!("{}: it {fate}; lint says: {said} {}", title(made), reasons(&report)))
}

/// Lints the apps of these seeds; what is left open in a complete world is wrong already.
pub(crate) fn reach(arguments: &[String]) -> Vec<String> {
    let seeds = seeds(arguments);
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for made in seeds.clone().map(make) {
        let report = report(&made);
        let workload = report.workloads.first().unwrap();
        let fate = if workload.verdict == "forms" { Fate::Forms } else { Fate::DoesNotForm };
        tally.add(&made, fate, &report);
        if !["forms", "breaks"].contains(&workload.verdict.as_str()) {
            wrong.push(format!("{}: {} {}", title(&made), workload.verdict, reasons(&report)));
        }
    }
    println!("{}", tally.summary(&seeds, wrong.len()));
    wrong
}

fn seeds(arguments: &[String]) -> Range<u64> {
    let Some(text) = arguments.iter().find(|argument| !argument.starts_with("--")) else { return ALWAYS };
    let (first, last) = text.split_once("..").expect("FIRST..LAST");
    first.parse().unwrap()..last.parse().unwrap()
}

fn scene(made: &Made) -> Scene {
    Scene { title: title(made), manifest: made.manifest.clone(), ..Scene::default() }
}

fn title(made: &Made) -> String {
    format!("seed {}: {}", made.seed, made.title)
}

fn report(made: &Made) -> Report {
    lint::text(&made.manifest, &made.options())
}

/// What lint found, and what it misses.
fn reasons(report: &Report) -> String {
    let missing: Vec<String> = report.workloads.iter().flat_map(|workload| workload.missing.clone()).collect();
    format!("{} {}", report.codes().join(" "), missing.join("; "))
}

/// Keeps the manifest and the log of a disagreement.
fn keep(made: &Made, outcome: &Outcome) {
    let folder = cluster::root().join("target/random");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{}.json", made.seed)), &made.manifest).unwrap();
    fs::write(folder.join(format!("{}.log", made.seed)), outcome.log()).unwrap();
}

/// What the seeds reach.
#[derive(Default)]
struct Tally {
    fates: BTreeMap<Fate, usize>,
    rules: BTreeMap<String, usize>,
    changes: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn add(&mut self, made: &Made, fate: Fate, report: &Report) {
        *self.fates.entry(fate).or_default() += 1;
        for code in report.codes() {
            *self.rules.entry(code).or_default() += 1;
        }
        for change in &made.changes {
            *self.changes.entry(change).or_default() += 1;
        }
    }

    /// Apps that all form, or all break, tell little. Of a few, chance may make anything.
    fn lopsided(&self) -> Option<String> {
        let all: usize = self.fates.values().sum();
        let forms = self.fates.get(&Fate::Forms).copied().unwrap_or_default() * 100 / all.max(1);
        (all >= 200 && !(30..=70).contains(&forms))
            .then(|| format!("{forms} % of the apps form: it ought to be 30 to 70"))
    }

    fn summary(&self, seeds: &Range<u64>, wrong: usize) -> String {
        let fates: Vec<String> = self.fates.iter().map(|(fate, count)| format!("{count} {fate}")).collect();
        let rules: Vec<String> = self.rules.iter().map(|(code, count)| format!("{code} × {count}")).collect();
        format!(
            "seeds {}..{}: {}; {wrong} disagreements; {} kinds of change\nfindings: {}",
            seeds.start,
            seeds.end,
            fates.join(", "),
            self.changes.len(),
            rules.join(", ")
        )
    }
}
