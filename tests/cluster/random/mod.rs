//! Random apps: what the cluster makes of them against what lint says.
//!
//! A seed is an app that forms, with one to three of its fields changed. The worlds are complete, so that *open* counts as
//! a disagreement.

mod changes;

use std::collections::BTreeMap;
use std::fs;

use crate::app::{App, Kind, Lookup, Mode, STRATEGIES, Strategy};
use crate::cluster;
use crate::lint::{self, Report};
use crate::matrix::{COMPLETE, agree, verdicts};
use crate::observe::Fate;
use crate::stage::{self, Outcome, Scene};
use changes::{CHANGES, Change};

/// The seeds that are always run.
const ALWAYS: std::ops::Range<u64> = 0..60;

/// Changes that only matter to one strategy, which chance would seldom bring together: every tenth seed has one.
const PAIRS: [(Strategy, &str); 10] = [
    (Strategy::DnsSrv, "no ports"),
    (Strategy::DnsSrv, "named target port"),
    (Strategy::DnsSrv, "ClusterIP"),
    (Strategy::Dns, "ClusterIP"),
    (Strategy::Dns, "a plain service name elsewhere"),
    (Strategy::Kubernetes(Mode::Ip, Lookup::Endpoints), "named target port"),
    (Strategy::Kubernetes(Mode::Hostname, Lookup::Pods), "host name in the template"),
    (Strategy::DnsPoll, "a bare query"),
    (Strategy::DnsCluster, "a bare query"),
    (Strategy::Peerage, "ClusterIP"),
];

/// Splitmix64: a seed has to make the same app for ever, which no crate's generator promises.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    fn pick<'t, T>(&mut self, among: &'t [T]) -> &'t T {
        &among[self.below(among.len())]
    }
}

/// An app and how it came about.
struct Made {
    seed: u64,
    changes: Vec<&'static str>,
    scene: Scene,
}

impl Made {
    /// What lint says of it. The world is complete, and so is the image: its `env.sh` is the stock one, unless the app
    /// declares the name that its image gives.
    fn lint(&self) -> Report {
        let stock = cluster::root().join("tests/cluster/random/stock-env.sh");
        let image = ["--env-sh", stock.to_str().unwrap()];
        let is_declared = self.scene.manifest.contains("beamgate.dev/node-name");
        lint::text(&self.scene.manifest, &[&COMPLETE[..], if is_declared { &[] } else { &image }].concat())
    }
}

fn make(seed: u64) -> Made {
    let mut random = Random(seed.wrapping_mul(0x5851_f42d_4c95_7f2d));
    let pair = seed.is_multiple_of(10).then(|| *random.pick(&PAIRS));
    let strategy = pair.map_or_else(|| *random.pick(&STRATEGIES), |(strategy, _)| strategy);
    let mut app = App::new(strategy, kind(strategy, &mut random));
    let mut chosen: Vec<&Change> =
        CHANGES.iter().filter(|change| pair.is_some_and(|(_, name)| change.name == name)).collect();
    chosen.extend((chosen.len()..=random.below(3)).map(|_| random.pick(CHANGES)));
    let mut changes = Vec::new();
    for Change { name, apply } in chosen {
        if !changes.contains(name) && apply(&mut app) {
            changes.push(*name);
        }
    }
    let title = format!("seed {seed}: {}: {}", strategy.describe(), changes.join(", "));
    Made { seed, changes, scene: Scene { title, manifest: app.manifest(), ..Scene::default() } }
}

/// A kind of workload on which the strategy can form.
fn kind(strategy: Strategy, random: &mut Random) -> Kind {
    let stable = strategy == Strategy::DnsSrv || strategy.mode() == Some("hostname");
    if stable || random.below(3) == 0 { Kind::StatefulSet } else { Kind::Deployment }
}

/// Plays the apps of these seeds, `0..60`; of the ones that are always run, without.
pub(crate) fn run(seeds: Option<&str>) -> Vec<String> {
    let seeds = seeds.map_or(ALWAYS, range);
    let made: Vec<Made> = seeds.clone().map(make).collect();
    let scenes: Vec<Scene> = made.iter().map(|made| made.scene.clone()).collect();
    let outcomes = stage::play(&scenes);
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for (made, outcome) in made.iter().zip(&outcomes) {
        let report = made.lint();
        let (fate, said) = verdicts(&report, outcome);
        tally.add(made, fate, &report);
        if !agree(fate, &said, &report) {
            keep(made, outcome);
            let missing = report.workloads.iter().flat_map(|workload| workload.missing.clone()).collect::<Vec<_>>();
            let codes = report.codes().join(" ");
            wrong.push(format!("{}: it {fate}; lint says: {said} {codes} {}", made.scene.title, missing.join("; ")));
        }
    }
    println!("{}", tally.summary(&seeds, wrong.len()));
    wrong.extend(tally.lopsided());
    wrong
}

/// Lints the apps of these seeds; what is left open in a complete world is wrong already.
pub(crate) fn reach(seeds: Option<&str>) -> Vec<String> {
    let seeds = seeds.map_or(ALWAYS, range);
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for made in seeds.clone().map(make) {
        let report = made.lint();
        let workload = report.workloads.first().unwrap();
        let fate = if workload.verdict == "forms" { Fate::Forms } else { Fate::DoesNotForm };
        tally.add(&made, fate, &report);
        if !["forms", "breaks"].contains(&workload.verdict.as_str()) {
            let missing = workload.missing.join("; ");
            wrong.push(format!("{}: {} {} {missing}", made.scene.title, workload.verdict, report.codes().join(" ")));
        }
    }
    println!("{}", tally.summary(&seeds, wrong.len()));
    wrong
}

fn range(text: &str) -> std::ops::Range<u64> {
    let (first, last) = text.split_once("..").expect("FIRST..LAST");
    first.parse().unwrap()..last.parse().unwrap()
}

/// Keeps the manifest and the log of a disagreement.
fn keep(made: &Made, outcome: &Outcome) {
    let folder = cluster::root().join("target/random");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{}.json", made.seed)), &made.scene.manifest).unwrap();
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

    fn summary(&self, seeds: &std::ops::Range<u64>, wrong: usize) -> String {
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
