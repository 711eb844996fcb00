//! Whole questions of the API server, as they are sent, and whole answers.
//!
//! `tests/admission/<case>/review.json` is asked, and `answer.json` is what is answered, its patch decoded. `UPDATE=1 cargo
//! test --test admission` writes the answers anew.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beamgate::policy::config::Policy;
use beamgate::webhook::mutate::mutate;
use beamgate::webhook::review::Request;
use beamgate::webhook::settings::Settings;
use serde_json::Value;

fn answer(review: &str, folder: &Path) -> Value {
    let policy =
        Some(folder.join("beamgate.toml")).filter(|file| file.exists()).map(|file| Policy::read(&file).unwrap());
    let settings = Settings::new(policy.unwrap_or_default()).unwrap();
    let request = Request::read(review.as_bytes()).unwrap();
    let sent = mutate(&request, &settings).to_json(&request.uid.0).unwrap();
    let mut answer: Value = serde_json::from_slice(&sent).unwrap();
    if let Some(patch) = answer["response"].get_mut("patch") {
        *patch = serde_json::from_slice(&STANDARD.decode(patch.as_str().unwrap()).unwrap()).unwrap();
    }
    answer
}

/// The object of a question, as the answer leaves it.
fn patched(review: &str, answer: &Value) -> Value {
    let review: Value = serde_json::from_str(review).unwrap();
    let mut object = review["request"]["object"].clone();
    if let Some(patch) = answer.pointer("/response/patch") {
        let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
        json_patch::patch(&mut object, &patch).unwrap();
    }
    object
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/admission");
    let mut cases: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

#[test]
fn questions_are_answered() {
    for folder in cases() {
        let review = fs::read_to_string(folder.join("review.json")).unwrap();
        let answer = answer(&review, &folder);
        let (before, after) = (patched(&review, &Value::Null), patched(&review, &answer));
        assert_ne!(before, after, "{}", folder.display());
        let text = serde_json::to_string_pretty(&answer).unwrap() + "\n";
        let file = folder.join("answer.json");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, &text).unwrap();
        }
        assert_eq!(text, fs::read_to_string(&file).unwrap(), "{}", file.display());
    }
}
