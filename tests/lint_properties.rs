//! Whatever stands in a manifest, the linter answers: no panic, every place inside its file, every report well formed.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use beamgate::report::model::Report;
use beamgate::report::{self, Format, Styles};
use proptest::prelude::*;

/// The texts of all fixtures: manifests that reach every rule.
static FIXTURES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules"), &mut files);
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
});

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
}

/// What may happen to a manifest on its way.
#[derive(Debug, Clone)]
enum Edit {
    Drop(usize),
    Repeat(usize),
    Swap(usize, usize),
    Value(usize, String),
    Indent(usize, usize),
    Cut(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let value = prop_oneof![
        Just(String::new()),
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("yes".to_owned()),
        Just("-1".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("$(".to_owned()),
        Just("$(A)$$(B)${C}@@".to_owned()),
        Just("\"a@$(MY_POD_IP)\\n\"".to_owned()),
        Just("|\n        x\n".to_owned()),
        Just("&a {b: *a}".to_owned()),
        Just("größe@ü".to_owned()),
        "[ -~]{0,20}",
    ];
    prop_oneof![
        any::<usize>().prop_map(Edit::Drop),
        any::<usize>().prop_map(Edit::Repeat),
        any::<(usize, usize)>().prop_map(|(a, b)| Edit::Swap(a, b)),
        (any::<usize>(), value).prop_map(|(line, value)| Edit::Value(line, value)),
        (any::<usize>(), 0..8_usize).prop_map(|(line, indent)| Edit::Indent(line, indent)),
        any::<usize>().prop_map(Edit::Cut),
    ]
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for edit in edits {
        let count = lines.len().max(1);
        match edit {
            _ if lines.is_empty() => {}
            Edit::Drop(line) => drop(lines.remove(line % count)),
            Edit::Repeat(line) => lines.insert(line % count, lines[line % count].clone()),
            Edit::Swap(a, b) => lines.swap(a % count, b % count),
            Edit::Value(line, value) => {
                if let Some((key, _)) = lines[line % count].clone().split_once(':') {
                    lines[line % count] = format!("{key}: {value}");
                }
            }
            Edit::Indent(line, indent) => {
                let text = lines[line % count].trim_start().to_owned();
                lines[line % count] = format!("{}{text}", " ".repeat(*indent));
            }
            Edit::Cut(line) => lines.truncate(line % count),
        }
    }
    lines.join("\n")
}

fn lint(text: &str) -> Report {
    beamgate::cli::lint::report(Path::new("-"), &mut text.as_bytes()).unwrap()
}

fn hold(report: &Report) {
    for label in report.findings.iter().flat_map(|finding| &finding.labels) {
        let Some(place) = label.place else { continue };
        let text = &report.files[place.file].text;
        assert!(text.get(place.span.start as usize..place.span.end as usize).is_some(), "{label:?}");
    }
    for format in [Format::Human, Format::Json, Format::Sarif] {
        let mut out = Vec::new();
        report::write(report, format, Styles::Off, &mut out).unwrap();
        if format != Format::Human {
            serde_json::from_slice::<serde_json::Value>(&out).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn edited_manifests_are_answered(file in any::<prop::sample::Index>(), edits in prop::collection::vec(edit(), 0..6)) {
        hold(&lint(&apply(file.get::<String>(&FIXTURES), &edits)));
    }

    #[test]
    fn two_manifests_are_judged_together(files in any::<[prop::sample::Index; 2]>()) {
        let [a, b] = files.map(|file| file.get::<String>(&FIXTURES).as_str());
        hold(&lint(&format!("{a}\n---\n{b}")));
    }

    #[test]
    fn any_text_is_answered(text in ".{0,400}") {
        hold(&lint(&text));
    }
}

#[test]
fn a_second_run_says_the_same() {
    for text in FIXTURES.iter().step_by(7) {
        let prints = |report: &Report| -> Vec<String> {
            report.findings.iter().map(|finding| format!("{} {}", finding.fingerprint, finding.message)).collect()
        };
        assert_eq!(prints(&lint(text)), prints(&lint(text)));
    }
}
