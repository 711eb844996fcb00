//! `beamgate lint`, `trace` and `advise --with-cluster` against an API that serves a small cluster.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

mod advise;
#[allow(dead_code, reason = "the other half is for hosts")]
#[path = "../probe/fake.rs"]
mod fake;
mod lint;
mod scene;
#[allow(dead_code, reason = "nodes that wait are for probes")]
#[path = "../probe/api.rs"]
mod server;
mod trace;
mod trouble;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use server::{Answers, kubeconfig};

fn run(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    // Where no configuration is found, and no manifest.
    command.args(arguments).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command.env("KUBECONFIG", config).env_remove("KUBERNETES_SERVICE_HOST").output().unwrap()
}

/// Runs a command against an API, in a folder of its own.
fn against(name: &str, answers: Answers, arguments: &[&str]) -> Output {
    run(&kubeconfig(&format!("live-{name}"), &server::serve(answers, scene::silent), &json!({})), arguments)
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// Writes a manifest to a file of its own.
fn manifest(name: &str, objects: &[Value]) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("live-{name}.yaml"));
    let documents: Vec<String> = objects.iter().map(Value::to_string).collect();
    fs::write(&file, documents.join("\n---\n")).unwrap();
    file
}
