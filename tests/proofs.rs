//! What the proofs look for is what the pages say; the cluster itself is asked by `tests/cluster/prove`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use std::fs;
use std::path::Path;

use beamgate::rules;

/// Each rule with its page, in one line, and its proof.
fn proofs() -> impl Iterator<Item = (String, String, toml::Table)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    rules::all().map(move |rule| {
        let directory = root.join(format!("{:03}-{}", rule.code, rule.slug));
        let text = fs::read_to_string(directory.join("proof.toml"))
            .unwrap_or_else(|error| panic!("{}/proof.toml: {error}", directory.display()));
        (rule.id(), words(&rule.page()), toml::from_str(&text).unwrap())
    })
}

/// Fixtures with a fault, of whose proof nothing is said.
fn unproven(directory: &Path, proof: &toml::Table) -> Vec<String> {
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let names = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let names = names.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    let is_faulty = |name: &String| name.starts_with("bad") || name.starts_with("warn");
    let is_said = |name: &String| {
        let not_played = proof.get("not-played").and_then(|files| files.get(name));
        proof.contains_key(name) || proof.contains_key("not-proven") || not_played.is_some()
    };
    names.filter(|name| is_faulty(name) && !is_said(name)).collect()
}

#[test]
fn every_fault_has_a_proof_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    for directory in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let proof: toml::Table = toml::from_str(&fs::read_to_string(directory.join("proof.toml")).unwrap()).unwrap();
        let unproven = unproven(&directory, &proof);
        assert!(unproven.is_empty(), "{}/proof.toml says nothing of {unproven:?}", directory.display());
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The parts of a log line that are the same for every app: what stands before a name, between `{placeholders}` and `...`.
fn fixed_parts(pattern: &str) -> impl Iterator<Item = &str> {
    let pattern = pattern.split(":\"").next().unwrap_or_default();
    let literal = pattern.split('{').enumerate().flat_map(|(index, part)| {
        let after = part.split_once('}').map(|(_, rest)| rest);
        // An unpaired brace is a part of the log: `{undef,[{elixir,`.
        if index == 0 { Some(part) } else { after.or(Some(part)) }
    });
    literal.flat_map(|part| part.split("...")).map(str::trim).filter(|part| part.len() > 5)
}

#[test]
fn pages_show_what_proofs_look_for() {
    let mut missing = Vec::new();
    for (rule, page, proof) in proofs() {
        let files = proof.iter().filter_map(|(_, file)| file.get("log")?.as_str());
        // What the test's own app reports, no page shows.
        let files = files.filter(|log| !log.starts_with("cart-report"));
        missing.extend(
            files.flat_map(fixed_parts).filter(|part| !page.contains(*part)).map(|part| format!("{rule}: {part}")),
        );
    }
    assert!(missing.is_empty(), "proofs look for what the pages do not show: {missing:#?}");
}

#[test]
fn pages_say_what_is_not_proven() {
    let mut wrong = Vec::new();
    for (rule, page, proof) in proofs() {
        let why = proof.get("not-proven").and_then(toml::Value::as_str);
        let expected = why.map(|why| format!("Not proven here: {why}"));
        if !expected.as_ref().map_or(!page.contains("Not proven here"), |said| page.contains(said)) {
            wrong.push(format!("{rule}: {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "pages and proofs disagree on what is not proven: {wrong:#?}");
}
