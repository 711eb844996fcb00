//! Lint against what a real cluster has shown of random apps, without the cluster.
//!
//! The apps are made again from their seeds; what became of them is in `cluster/random/seen.tsv`.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test that fails says so")]
#![allow(dead_code, reason = "the modules are those of the cluster's tests, which need more of them")]

#[path = "cluster/app.rs"]
mod app;
#[path = "cluster/random/seed.rs"]
mod seed;
#[path = "cluster/random/seen.rs"]
mod seen;

use std::io::Write as _;
use std::process::{Command, Stdio};

use rayon::prelude::*;
use serde_json::Value;

use seed::Made;
use seen::Seen;

/// What lint says of the app: `forms`, `breaks` or `open`, and the codes above Info.
fn judge(made: &Made) -> (String, Vec<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    command.args(["lint", "-", "--format", "json"]).args(made.options());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(made.manifest.as_bytes()).unwrap();
    let report: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "info");
    let codes = findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
    (report["workloads"][0]["verdict"].as_str().unwrap().to_owned(), codes)
}

/// How lint disagrees with what was seen.
fn disagreement(seed: u64, seen: &Seen) -> Option<String> {
    let made = seed::make(seed);
    if made.fingerprint() != seen.fingerprint {
        return Some(format!("seed {seed} makes another app than the one that was played: play it again"));
    }
    let (said, codes) = judge(&made);
    let expected = if seen.fate == "forms" { "forms" } else { "breaks" };
    let told = || format!("seed {seed}: {}: it {}; lint says: {said} {}", made.title, seen.fate, codes.join(" "));
    (said != expected).then(told)
}

#[test]
fn lint_agrees_with_what_a_cluster_has_shown() {
    let seen = seen::read();
    assert!(seen.len() >= 100, "only {} apps were ever played", seen.len());
    let wrong: Vec<String> = seen.par_iter().filter_map(|(seed, seen)| disagreement(*seed, seen)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), seen.len(), wrong.join("\n"));
}
