//! pre-commit, GitHub Actions and kubectl: what each of them is told, done as they would do it, without a network.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use beamgate::manifest::yaml;
use serde_json::Value;

const BROKEN: &str = "examples/cluster-demo/dnssrv/broken";
const GOOD: &str = "examples/cluster-demo/dnssrv/good";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

fn parsed(text: &str) -> Value {
    yaml::parse(text, 0..text.len()).unwrap().unwrap().root.to_json()
}

/// A folder that goes away with this.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("beamgate-hosts-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("bin")).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// A search path with this folder's programs first.
    fn programs(&self) -> String {
        format!("{}:{}", self.path("bin"), std::env::var("PATH").unwrap())
    }

    fn script(&self, name: &str, text: &str) {
        let file = self.0.join("bin").join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// An archive as a release has it, and the list of checksums beside it.
    fn release(&self, version: &str, checksum: Option<&str>) -> String {
        self.release_of(Path::new(env!("CARGO_BIN_EXE_beamgate")), version, checksum)
    }

    fn release_of(&self, program: &Path, version: &str, checksum: Option<&str>) -> String {
        let name = format!("beamgate-{version}-{}-linux", std::env::consts::ARCH);
        let tag = self.0.join(format!("v{version}"));
        fs::create_dir_all(tag.join(&name)).unwrap();
        fs::copy(program, tag.join(&name).join("beamgate")).unwrap();
        fs::copy(root().join("LICENSE-MIT"), tag.join(&name).join("LICENSE-MIT")).unwrap();
        let archive = format!("{name}.tar.gz");
        succeed(Command::new("tar").args(["--use-compress-program=gzip -1", "-cf", &archive, &name]).current_dir(&tag));
        let sum = succeed(Command::new("sha256sum").arg(&archive).current_dir(&tag));
        let sum = checksum.map_or(sum.clone(), |other| sum.replace(sum.split(' ').next().unwrap(), other));
        fs::write(tag.join("SHA256SUMS"), &sum).unwrap();
        sum
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn pre_commit_runs_its_hooks_on_the_whole_tree() {
    let folder = Folder::new("pre-commit");
    symlink(env!("CARGO_BIN_EXE_beamgate"), folder.0.join("bin/beamgate")).unwrap();
    let hooks = parsed(&read(root().join(".pre-commit-hooks.yaml")));
    let hooks = hooks.as_array().unwrap();
    assert_eq!(
        hooks.iter().map(|hook| hook["id"].as_str().unwrap()).collect::<Vec<_>>(),
        ["beamgate", "beamgate-system"]
    );
    for hook in hooks {
        // Were they passed, each would be read without the others.
        assert_eq!(hook["pass_filenames"], false);
        let words: Vec<_> = hook["entry"].as_str().unwrap().split(' ').collect();
        let arguments = hook["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap());
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(arguments).env("PATH", folder.programs());
        for (tree, code) in [(BROKEN, 1), (GOOD, 0)] {
            assert_eq!(command.current_dir(root().join(tree)).output().unwrap().status.code(), Some(code), "{tree}");
        }
    }
}

/// Copies what the action would download.
const CURL: &str = r#"#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in
        --output) to=$2; shift ;;
        file://*) from=${1#file://} ;;
    esac
    shift
done
[ -f "$from" ] || exit 22
cp "$from" "$to"
"#;

/// A job of GitHub Actions, with the inputs of action.yml.
struct Job {
    folder: Folder,
    inputs: Vec<(String, String)>,
}

impl Job {
    fn new(name: &str, inputs: &[(&str, &str)]) -> Self {
        let folder = Folder::new(name);
        folder.script("curl", CURL);
        for file in ["path", "output"] {
            fs::write(folder.0.join(file), "").unwrap();
        }
        let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { folder, inputs }
    }

    /// Does a step that is a script.
    fn step(&self, number: usize) -> Output {
        let action = parsed(&read(root().join("action.yml")));
        let step = &action["runs"]["steps"][number];
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().unwrap()]);
        for (name, value) in step["env"].as_object().unwrap() {
            command.env(name, self.expanded(value.as_str().unwrap(), &action));
        }
        let added = read(self.folder.0.join("path"));
        let programs = added.lines().map(|line| format!("{line}:")).collect::<String>() + &self.folder.programs();
        command.env("PATH", programs).env("GITHUB_ACTION_PATH", root()).env("RUNNER_TEMP", &self.folder.0);
        command.env("GITHUB_PATH", self.folder.0.join("path")).env("GITHUB_OUTPUT", self.folder.0.join("output"));
        command.current_dir(root()).output().unwrap()
    }

    /// The expressions of action.yml that are there, and no others.
    fn expanded(&self, text: &str, action: &Value) -> String {
        let url = "${{ github.server_url }}/${{ github.action_repository }}/releases/download";
        let text = text.replace(url, &format!("file://{}", self.folder.0.display()));
        let Some(name) = text.strip_prefix("${{ inputs.").and_then(|text| text.strip_suffix(" }}")) else {
            assert!(!text.contains("${{"), "{text}");
            return text;
        };
        let given = self.inputs.iter().find(|(input, _)| input == name).map(|(_, value)| value.clone());
        given.unwrap_or_else(|| action["inputs"][name]["default"].as_str().unwrap().to_owned())
    }
}

#[test]
fn the_action_installs_a_release_and_lints() {
    let job =
        Job::new("action", &[("version", "1.2.3"), ("paths", BROKEN), ("arguments", "--select BG204\n--no-render")]);
    job.folder.release("1.2.3", None);
    let install = job.step(0);
    assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
    assert_eq!(read(job.folder.0.join("path")), format!("{}\n", job.folder.path("beamgate/bin")));

    let lint = job.step(1);
    assert_eq!(lint.status.code(), Some(1), "{}", String::from_utf8_lossy(&lint.stderr));
    let log = String::from_utf8(lint.stdout).unwrap();
    assert!(log.starts_with("::error title=BG204 service-without-ports,file=examples/"), "{log}");
    let output = read(job.folder.0.join("output"));
    let sarif = output.strip_prefix("sarif=").unwrap().trim_end();
    assert!(read(sarif).contains("\"ruleId\": \"BG204\""));
}

#[test]
fn the_action_passes_where_nothing_is_wrong_and_has_no_sarif_where_it_did_nothing() {
    let job = Job::new("passes", &[("version", "1.2.3"), ("paths", GOOD)]);
    job.folder.release("1.2.3", None);
    assert!(job.step(0).status.success());
    assert_eq!(job.step(1).status.code(), Some(0));
    let job = Job { inputs: vec![("paths".into(), "no-such-folder".into())], ..job };
    fs::write(job.folder.0.join("output"), "").unwrap();
    assert_eq!(job.step(1).status.code(), Some(2));
    assert_eq!(read(job.folder.0.join("output")), "");
}

#[test]
fn the_action_runs_nothing_whose_checksum_is_wrong() {
    let zeros = "0".repeat(64);
    // It would not even run.
    let never = &root().join("LICENSE-MIT");
    let wrong = Job::new("wrong", &[("version", "1.2.3")]);
    wrong.folder.release_of(never, "1.2.3", Some(&zeros));
    let pinned = Job::new("pinned", &[("version", "1.2.3"), ("sha256", &zeros)]);
    pinned.folder.release_of(never, "1.2.3", None);
    let unnamed = Job::new("unnamed", &[("version", "1.2.3")]);
    unnamed.folder.release_of(never, "1.2.3", None);
    fs::write(unnamed.folder.0.join("v1.2.3/SHA256SUMS"), format!("{zeros}  other.tar.gz\n")).unwrap();
    let missing = Job::new("missing", &[("version", "1.2.4")]);
    for job in [wrong, pinned, unnamed, missing] {
        assert!(!job.step(0).status.success());
        assert!(!job.folder.0.join("beamgate/bin/beamgate").exists());
        assert_eq!(read(job.folder.0.join("path")), "");
    }
}

#[test]
fn the_action_says_where_there_is_no_release() {
    for (system, machine, archive) in [
        ("Linux", "x86_64", Ok("x86_64")),
        ("Linux", "aarch64", Ok("aarch64")),
        ("Linux", "arm64", Ok("aarch64")),
        ("Linux", "riscv64", Err("for x86_64 and arm64 only, and this is riscv64")),
        ("Darwin", "arm64", Err("for Linux only, and this is Darwin")),
        ("MINGW64_NT-10.0-20348", "x86_64", Err("for Linux only, and this is MINGW64_NT-10.0-20348")),
    ] {
        let job = Job::new(&format!("on-{system}-{machine}"), &[("version", "1.2.3")]);
        job.folder.script("uname", &format!("#!/bin/sh\n[ \"$1\" = -s ] && echo {system} || echo {machine}\n"));
        job.folder.script("curl", "#!/bin/sh\necho \"$@\" >&2\nexit 22\n");
        let install = job.step(0);
        assert!(!install.status.success());
        let (said, asked) = (String::from_utf8(install.stdout).unwrap(), String::from_utf8(install.stderr).unwrap());
        match archive {
            Ok(archive) => assert!(asked.contains(&format!("beamgate-1.2.3-{archive}-linux.tar.gz")), "{asked}"),
            Err(why) => {
                assert!(said.starts_with("::error title=beamgate::there are releases "), "{said}");
                assert!(said.contains(why) && said.contains("leave out `version`, and Cargo builds it\n"), "{said}");
                assert_eq!(asked, "");
            }
        }
    }
}

#[test]
fn a_release_may_be_pinned() {
    let mut job = Job::new("right", &[("version", "v1.2.3")]);
    let sum = job.folder.release("1.2.3", None);
    fs::remove_file(job.folder.0.join("v1.2.3/SHA256SUMS")).unwrap();
    job.inputs.push(("sha256".into(), sum.split(' ').next().unwrap().into()));
    assert!(job.step(0).status.success());
}

#[test]
fn krew_installs_what_kubectl_runs() {
    let folder = Folder::new("krew");
    let sum = folder.release("1.2.3", None);
    let arch = std::env::consts::ARCH;
    let others = ["x86_64", "aarch64"].map(|other| sum.replace(arch, other)).concat();
    fs::write(folder.0.join("sums"), others).unwrap();
    let mut script = Command::new(root().join("deploy/krew/manifest"));
    script.args(["1.2.3", "https://github.com/OWNER/beamgate"]).arg(folder.0.join("sums"));
    let plugin = parsed(&succeed(&mut script));
    assert_eq!((&plugin["kind"], &plugin["spec"]["version"]), (&"Plugin".into(), &"v1.2.3".into()));
    let machine = if arch == "aarch64" { "arm64" } else { "amd64" };
    let platforms = plugin["spec"]["platforms"].as_array().unwrap();
    let is_ours = |platform: &&Value| platform["selector"]["matchLabels"]["arch"] == machine;
    let platform = platforms.iter().find(is_ours).unwrap();
    assert_eq!(platform["sha256"], sum.split(' ').next().unwrap());
    assert!(platform["uri"].as_str().unwrap().ends_with(&format!("/v1.2.3/beamgate-1.2.3-{arch}-linux.tar.gz")));

    // krew copies the files, and links to the program under the plugin's name.
    let file = &platform["files"][0];
    let from = folder.0.join("v1.2.3").join(file["from"].as_str().unwrap());
    fs::copy(from, folder.0.join(file["to"].as_str().unwrap())).unwrap();
    symlink(folder.0.join(platform["bin"].as_str().unwrap()), folder.0.join("bin/kubectl-beamgate")).unwrap();
    let help = succeed(Command::new(folder.0.join("bin/kubectl-beamgate")).args(["lint", "--help"]));
    assert!(help.contains("Usage: kubectl beamgate lint"), "{help}");
    let status =
        Command::new(folder.0.join("bin/kubectl-beamgate")).args(["lint", BROKEN]).current_dir(root()).output();
    assert_eq!(status.unwrap().status.code(), Some(1));
}

#[test]
fn a_manifest_of_half_a_release_is_none() {
    let folder = Folder::new("half");
    let sum = folder.release_of(&root().join("LICENSE-MIT"), "1.2.3", None);
    fs::write(folder.0.join("sums"), sum).unwrap();
    let mut script = Command::new(root().join("deploy/krew/manifest"));
    let output =
        script.args(["1.2.3", "https://github.com/OWNER/beamgate"]).arg(folder.0.join("sums")).output().unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
}
