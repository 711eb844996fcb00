//! `examples/gitops`: what its README says of the repository, and of each branch, is what `beamgate lint` says.
//!
//! `GITOPS=overwrite cargo test --test gitops` writes the transcripts anew.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gitops")
}

fn lint(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_beamgate")).arg("lint").args(arguments).current_dir(folder).output().unwrap()
}

/// A copy of the example that goes away with this.
struct Branch(PathBuf);

impl Branch {
    fn new(number: usize) -> Self {
        let folder = std::env::temp_dir().join(format!("beamgate-gitops-{}-{number}", std::process::id()));
        copy(&example(), &folder);
        Self(folder)
    }

    fn edit(&self, diff: &str) {
        let (file, hunk) = diff.split_once("@@\n").unwrap();
        let file = self.0.join(file.lines().find_map(|line| line.strip_prefix("+++ b/")).unwrap());
        let side = |other: char| -> String {
            let kept = hunk.lines().filter(|line| !line.starts_with(other));
            kept.map(|line| line[1..].to_owned() + "\n").collect()
        };
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text.matches(&side('+')).count(), 1, "{} is not what the diff starts from", file.display());
        fs::write(&file, text.replace(&side('+'), &side('-'))).unwrap();
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).unwrap();
        }
    }
}

/// The blocks of this language, with where each of them is in the text.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<(usize, &'t str)> {
    let fence = format!("```{language}\n");
    let starts = text.match_indices(&fence).map(|(at, _)| at + fence.len());
    starts.map(|at| (at, text[at..].split_once("```").unwrap().0)).collect()
}

#[test]
fn nothing_is_found_in_it() {
    let found = lint(&example(), &["--no-render", "--fail-on", "info", "--expect-workloads", "1", "."]);
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stdout));
}

/// Where nothing renders the overlays, the guard has to say so.
#[test]
fn the_check_passes_or_says_that_it_checked_too_little() {
    let text = fs::read_to_string(example().join("README.md")).unwrap();
    let (command, said) = blocks(&text, "console")[0].1.split_once('\n').unwrap();
    let arguments: Vec<&str> = command.strip_prefix("$ beamgate lint ").unwrap().split(' ').collect();
    let found = lint(&example(), &arguments);
    let really = String::from_utf8(found.stdout).unwrap();
    if really.contains("was not rendered") {
        assert_eq!(found.status.code(), Some(2), "{really}");
    } else {
        assert_eq!((said, found.status.code()), (really.as_str(), Some(0)));
    }
}

#[test]
fn each_branch_fails_as_the_readme_says() {
    let readme = example().join("README.md");
    let mut text = fs::read_to_string(&readme).unwrap();
    let diffs = blocks(&text, "diff").len();
    assert_eq!(diffs, 2);
    for number in 0..diffs {
        let branch = Branch::new(number);
        let (at, diff) = blocks(&text, "diff")[number];
        branch.edit(diff);
        let (start, transcript) = *blocks(&text, "console").iter().find(|(other, _)| *other > at).unwrap();
        let (command, said) = transcript.split_once('\n').unwrap();
        assert_eq!(command, "$ beamgate lint apps --no-render");
        let output = lint(&branch.0, &["apps", "--no-render"]);
        assert_eq!(output.status.code(), Some(1));
        let really = String::from_utf8(output.stdout).unwrap();
        if std::env::var("GITOPS").is_ok_and(|word| word == "overwrite") {
            let place = start + command.len() + 1;
            text.replace_range(place..place + said.len(), &really);
            fs::write(&readme, &text).unwrap();
        } else {
            assert_eq!(said, really, "{}", readme.display());
        }
    }
}
