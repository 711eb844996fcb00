//! `beamgate fix` makes of every `bad.yaml` the `fixed.yaml` beside it, byte for byte, or says why not.
//!
//! Where there is a `written.yaml`, the program mends the fault in another way than the person who wrote `fixed.yaml`:
//! with more care for what else may depend on it, or as the webhook would.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::path::{Path, PathBuf};

use beamgate::cli::fix::FixArgs;
use beamgate::cli::session::InputArgs;
use beamgate::rules::finding::Safety;
use beamgate::rules::{self, Mends, Rule};

fn directory(rule: &Rule) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(format!("{:03}-{}", rule.code, rule.slug))
}

/// What `beamgate fix --select RULE` makes of a text, with the configuration of its directory.
fn fix(rule: &Rule, text: &str, all: bool) -> String {
    let config = Some(directory(rule).join("beamgate.toml")).filter(|file| file.is_file());
    let input = InputArgs { config, ..InputArgs::default() };
    let args = FixArgs { input, all, select: vec![rule.id()], ..FixArgs::default() };
    beamgate::cli::fix::text(text, &args).unwrap()
}

fn read(rule: &Rule, name: &str) -> Option<String> {
    fs::read_to_string(directory(rule).join(name)).ok()
}

#[test]
fn bad_becomes_fixed_byte_for_byte() {
    let mut wrong = String::new();
    for rule in rules::all() {
        let bad = read(rule, "bad.yaml").unwrap();
        let fixed = match rule.mends {
            Mends::Person(_) => bad.clone(),
            Mends::Program(_) => read(rule, "written.yaml").or_else(|| read(rule, "fixed.yaml")).unwrap(),
        };
        if fix(rule, &bad, true) != fixed {
            wrong += &format!("{}\n", rule.id());
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_is_not_safe_waits_to_be_asked_for() {
    for rule in rules::all() {
        let bad = read(rule, "bad.yaml").unwrap();
        let changes = fix(rule, &bad, false) != bad;
        assert_eq!(changes, rule.mends == Mends::Program(Safety::Safe), "{}", rule.id());
    }
}

/// A name that peers only hear keeps what stands before `@`: what is declared was never tried.
#[test]
fn an_announced_name_keeps_its_basename() {
    let rule = rules::all().find(|rule| rule.code == 108).unwrap();
    let bad = read(rule, "bad-announced.yaml").unwrap();
    for declared in ["bad.name", "other"] {
        let key = format!("strategy: Announced\n      annotations:\n        beamgate.dev/basename: {declared}");
        let bad = bad.replace("strategy: Announced", &key);
        let fixed = fix(rule, &bad, false);
        assert_ne!(fixed, bad, "{declared}");
        let name = |text: &str| {
            let (_, below) = text.split_once("name: RELEASE_NODE\n").unwrap();
            let (base, host) = below.lines().next().unwrap().split_once('@').unwrap();
            (base.to_owned(), host.to_owned())
        };
        assert_eq!(name(&fixed).0, name(&bad).0, "{declared}");
    }
}

/// A short name cannot be the node's address, and nothing else is known.
#[test]
fn a_fix_that_writes_nothing_is_not_promised_to_be_safe() {
    let rule = rules::all().find(|rule| rule.code == 108).unwrap();
    let warn = directory(rule).join("warn-announced.yaml");
    let report = beamgate::cli::lint::report(&warn, &mut std::io::empty()).unwrap();
    let fix = report.findings.first().and_then(|finding| finding.fix.as_ref()).unwrap();
    assert_eq!((fix.safety, fix.changes.len()), (Safety::Unsafe, 0));
}

#[test]
fn what_is_right_stays_and_a_second_run_changes_nothing() {
    for rule in rules::all() {
        for file in fs::read_dir(directory(rule)).unwrap().map(|entry| entry.unwrap().path()) {
            let Some(text) = Some(&file).filter(|file| file.extension().is_some_and(|end| end == "yaml")) else {
                continue;
            };
            let text = fs::read_to_string(text).unwrap();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let once = fix(rule, &text, true);
            assert_eq!(fix(rule, &once, true), once, "{} {name}", rule.id());
            let is_right =
                ["good.yaml", "fixed.yaml", "written.yaml"].contains(&name.as_str()) || name.starts_with("near");
            assert!(!is_right || once == text, "{} {name}", rule.id());
        }
    }
}

/// The other faults that are left, though their rule's are mended as a rule: nothing says what to write.
const LEFT: [(&str, &str); 20] = [
    ("BG002", "bad-input-name"), // a name that no variable can have
    ("BG002", "bad-selector"),   // a selector that is none
    ("BG002", "bad-topology"),   // nothing of such a line is known
    ("BG002", "warn-topology"),  // what is mended of a further topology may be others' business
    ("BG003", "bad-basename"),   // the app's configuration says it
    ("BG103", "warn"),           // two names, of which somebody has to choose
    ("BG105", "bad-basename"),   // a variable that nothing defines
    ("BG105", "bad-service"),
    ("BG105", "warn-cookie"),
    ("BG108", "warn-announced"), // an address is no short name
    ("BG111", "bad-tag"),        // the app looks for that name
    ("BG201", "warn-topology"),
    ("BG202", "bad-alias"), // an alias may have other readers
    ("BG202", "bad-topology"),
    ("BG301", "bad-dots"),       // dashes for dots, which `$(VAR)` cannot say
    ("BG301", "bad-env-script"), // a script in a ConfigMap
    ("BG301", "bad-start-script"),
    ("BG601", "bad-configmap"), // the ConfigMap may have other readers
    ("BG601", "bad-flag"),      // a flag among others
    ("BG607", "bad-file"),      // a file in a ConfigMap
];

#[test]
fn what_is_left_of_the_others_is_known() {
    let mut left = Vec::new();
    for rule in rules::all().filter(|rule| matches!(rule.mends, Mends::Program(_))) {
        let mut files: Vec<PathBuf> =
            fs::read_dir(directory(rule)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let is_bad = name.starts_with("bad") || name.starts_with("warn");
            if !is_bad || file.extension().is_none_or(|end| end != "yaml") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            if fix(rule, &text, true) == text {
                left.push((rule.id(), name));
            }
        }
    }
    let known: Vec<(String, String)> =
        LEFT.iter().map(|(rule, name)| ((*rule).to_owned(), (*name).to_owned())).collect();
    assert_eq!(left, known);
}

#[test]
fn what_needs_a_decision_says_which() {
    let reasons = rules::all().filter_map(|rule| match rule.mends {
        Mends::Person(what) => Some((rule.code, what)),
        Mends::Program(_) => None,
    });
    let codes: Vec<u16> = reasons
        .map(|(code, what)| {
            assert!(!what.is_empty() && !what.ends_with('.'), "{code}");
            code
        })
        .collect();
    assert_eq!(
        codes,
        [
            1, 7, 107, 110, 118, 205, 210, 211, 212, 218, 219, 221, 303, 304, 305, 306, 307, 502, 503, 504, 505, 603,
            701, 703, 704
        ]
    );
}

#[test]
fn what_is_not_mended_says_why() {
    let mut reasons = 0;
    for rule in rules::all() {
        for file in fs::read_dir(directory(rule)).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_none_or(|end| end != "yaml") {
                continue;
            }
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_beamgate"));
            let output = command.args(["fix", "--diff", "--unsafe", "--fail-on", "info"]).arg(&file).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            // The first line of each block is indented by two; what to write is indented further.
            let lines = said.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
            for line in lines.filter(|line| !line.starts_with("  would fix ")) {
                let begins = ["  not written: ", "  needs a decision: "];
                assert!(begins.iter().any(|begin| line.starts_with(begin)), "{}: {line}", file.display());
                reasons += 1;
            }
        }
    }
    assert!(reasons > 20, "{reasons}");
}
