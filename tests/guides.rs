//! The pages about strategies: what they tell people to write forms, and nothing is to be said against it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

#[path = "cluster/guide.rs"]
mod guide;

use guide::Guide;

/// What lint says of the manifests of a page, with the script that the page puts into the image.
fn lint(guide: &Guide) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    command.args(["lint", "-", "--complete", "--format", "json"]);
    if let Some(script) = &guide.script {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.sh", guide.title));
        fs::write(&file, script).unwrap();
        command.arg("--env-sh").arg(file);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(guide.manifest.as_bytes()).unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn every_strategy_s_manifests_form() {
    for guide in guide::all() {
        let report = lint(&guide);
        assert_eq!(report["workloads"][0]["verdict"], "forms", "{}: {report:#}", guide.title);
        assert_eq!(report["findings"].as_array().map(Vec::len), Some(0), "{}: {report:#}", guide.title);
    }
}

/// Without the script, and without what is declared of it, `dns` mode has no name: so the script is what is judged.
#[test]
fn the_script_of_a_page_is_what_names_the_node() {
    let mut guide = guide::all().into_iter().find(|guide| guide.script.is_some()).unwrap();
    let declared = |line: &&str| !line.contains("beamgate.dev/node-name") && !line.contains("beamgate.dev/inputs");
    guide.manifest = guide.manifest.lines().filter(declared).collect::<Vec<_>>().join("\n");
    assert_eq!(lint(&guide)["workloads"][0]["verdict"], "forms");
    guide.script = Some("export RELEASE_NODE=cart\n".to_owned());
    assert_ne!(lint(&guide)["workloads"][0]["verdict"], "forms");
}

#[test]
fn every_strategy_that_is_judged_has_a_page() {
    let table = fs::read_to_string(root().join("docs/strategies.md")).unwrap();
    let pages = guide::all();
    assert_eq!(pages.len(), 8);
    for guide in pages {
        assert!(table.contains(&format!("strategies/{}.md", guide.title)), "{}", guide.title);
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
