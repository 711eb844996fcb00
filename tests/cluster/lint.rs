//! What `beamgate lint` says of a manifest.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::cluster::feed;

/// The report, as far as it is compared.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    pub(crate) workloads: Vec<Workload>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Finding {
    pub(crate) code: String,
    pub(crate) severity: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Workload {
    #[serde(rename = "ref")]
    pub(crate) title: String,
    pub(crate) verdict: String,
    pub(crate) boots: Option<String>,
    #[serde(default)]
    pub(crate) missing: Vec<String>,
}

impl Report {
    /// The findings above Info, as they are named in a table.
    pub(crate) fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = self
            .findings
            .iter()
            .filter(|finding| finding.severity != "info")
            .map(|finding| finding.code.clone())
            .collect();
        codes.sort();
        codes.dedup();
        codes
    }

    /// The workload of this title; kinds and names decide, since lint may not know the namespace.
    pub(crate) fn workload(&self, kind: &str, name: &str) -> Option<&Workload> {
        self.workloads.iter().find(|workload| {
            let mut words = workload.title.split_whitespace();
            let same_kind = words.next() == Some(kind);
            same_kind && words.next().is_some_and(|path| path.rsplit('/').next() == Some(name))
        })
    }
}

/// Lints a file where it lies, so that the configuration beside it is found.
pub(crate) fn file(path: &Path, options: &[&str]) -> Report {
    run(path.to_str().unwrap(), options, "")
}

/// Lints a text.
pub(crate) fn text(manifest: &str, options: &[&str]) -> Report {
    run("-", options, manifest)
}

fn run(path: &str, options: &[&str], input: &str) -> Report {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    let output = feed(command.args(["lint", path, "--format", "json"]).args(options), input);
    let complaint = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("beamgate lint {path}: {error}\n{complaint}"))
}
