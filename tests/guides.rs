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
        let (verdict, findings) = if guide.is_open() { ("open", 1) } else { ("forms", 0) };
        assert_eq!(report["workloads"][0]["verdict"], verdict, "{}: {report:#}", guide.title);
        assert_eq!(report["findings"].as_array().map(Vec::len), Some(findings), "{}: {report:#}", guide.title);
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
    assert_eq!(pages.len(), 10);
    assert_eq!(pages.iter().filter(|guide| guide.is_played()).count(), 8);
    for guide in pages {
        assert!(table.contains(&format!("strategies/{}.md", guide.title)), "{}", guide.title);
    }
}

/// A project with the configuration of a page, that starts what the page is about; each test writes one of its own.
fn project(guide: &Guide, test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("project-{test}-{}", guide.title));
    let page = fs::read_to_string(root().join(format!("docs/strategies/{}.md", guide.title))).unwrap();
    let code = page.split("```elixir\n").nth(1).unwrap().split("```").next().unwrap();
    let start = "def start(_, _) do\n  topologies = Application.get_env(:libcluster, :topologies, [])\n  children = [\n    \
                 {Cluster.Supervisor, [topologies]},\n    {DNSCluster, query: Application.get_env(:cart, :dns_cluster_query) || \
                 :ignore}\n  ]\nend\n";
    for (file, text) in [("config/runtime.exs", code), ("lib/cart.ex", start)] {
        fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
        fs::write(folder.join(file), text).unwrap();
    }
    folder
}

/// What `beamgate` makes of a manifest.
fn run(arguments: &[&str], project: &Path, manifest: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    command.args(arguments).arg("-").arg("--app").arg(project);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(manifest.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn the_code_of_a_page_says_what_its_manifests_declare() {
    for guide in guide::all() {
        let project = project(&guide, "compared");
        let found = run(&["lint", "--select", "BG008"], &project, &guide.manifest);
        assert!(found.contains("no findings"), "{}: {found}", guide.title);
        // Of another declaration it is not true, so something was compared.
        let other = guide.manifest.replacen("strategy: ", "strategy: Kubernetes.DNS # ", 1);
        let found = run(&["lint", "--select", "BG008"], &project, &other);
        assert_eq!(found.contains("error[BG008"), guide.title != "dns", "{}: {found}", guide.title);
    }
}

#[test]
fn the_declaration_of_a_page_is_written_from_its_code() {
    for guide in guide::all() {
        // The image's name is not in the configuration; dns_cluster takes the node's own basename.
        let is_of_the_image = |line: &str| {
            line.contains("node-name")
                || line.contains("inputs")
                || guide.title == "dns_cluster" && line.contains("basename")
        };
        let is_declared = |line: &str| line.contains("beamgate.dev/") && !is_of_the_image(line);
        let bare: Vec<&str> = guide.manifest.lines().filter(|line| !is_declared(line)).collect();
        let written = run(&["init"], &project(&guide, "written"), &(bare.join("\n") + "\n"));
        for line in guide.manifest.lines().filter(|line| is_declared(line)) {
            assert!(written.lines().any(|other| other.trim() == line.trim()), "{}: {line}\n{written}", guide.title);
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
