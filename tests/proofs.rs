//! What the proofs look for is what the pages say; the cluster itself is asked by `tests/cluster/prove`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use std::fs;
use std::path::Path;

use beamgate::rules;

/// Each rule with its page, in one line, and its proof. What is wrong with files that cannot be read, no cluster sees.
fn proofs() -> impl Iterator<Item = (String, String, toml::Table)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let seen_by_a_cluster = rules::all().filter(|rule| rule.slug != "unreadable-input");
    seen_by_a_cluster.map(move |rule| {
        let directory = root.join(format!("{:03}-{}", rule.code, rule.slug));
        let text = fs::read_to_string(directory.join("proof.toml"))
            .unwrap_or_else(|error| panic!("{}/proof.toml: {error}", directory.display()));
        (rule.id(), words(&rule.page()), toml::from_str(&text).unwrap())
    })
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
