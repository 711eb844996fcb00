//! What is generated is what the code says. `UPDATE=1 cargo test --test generated` writes it.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use beamgate::{cli, policy, rules};

const INTRODUCTION: &str = "\
# Rules

In the order in which a connection is made: declaration (BG0xx), naming (1xx), discovery (2xx), agreement (3xx), access (4xx),
trust (6xx), lifecycle (7xx). The severity is the default; `[rules]` in `beamgate.toml` changes it.

";

/// Every generated file below `docs/`, but for the report's schema, which is the business of `tests/report_json.rs`.
fn generated() -> BTreeMap<PathBuf, String> {
    let pages = rules::all().map(|rule| (page(rule), cli::rules::page(rule)));
    let table = format!("{INTRODUCTION}{}", cli::rules::markdown());
    let others = [
        ("rules.md", table),
        ("SUMMARY.md", summary()),
        ("beamgate.schema.json", policy::config::schema()),
        ("probe.schema.json", cli::probe::schema()),
        ("trace.schema.json", cli::trace::schema()),
        ("clusters.schema.json", cli::clusters::schema()),
        ("advise.schema.json", cli::advise::schema()),
        ("policies.md", policies()),
        ("../policies/validating-admission-policy.yaml", export().validating().unwrap()),
        ("../policies/mutating-admission-policy.yaml", export().mutating().unwrap()),
    ];
    pages.chain(others.map(|(name, text)| (docs().join(name), text))).collect()
}

/// What is written by hand, and the tables below it.
fn policies() -> String {
    let tables = policy::export::tables();
    let page = fs::read_to_string(docs().join("policies.md")).unwrap();
    let by_hand = page.split(tables.lines().next().unwrap()).next().unwrap();
    format!("{by_hand}{tables}")
}

/// The contents of the book: what is written by hand, and the rules below it.
fn summary() -> String {
    const LAST_BY_HAND: &str = "- [Rules](rules.md)\n";
    let page = fs::read_to_string(docs().join("SUMMARY.md")).unwrap();
    let by_hand = page.split(LAST_BY_HAND).next().unwrap();
    let line = |rule: &rules::Rule| format!("  - [{} {}](rules/{}.md)\n", rule.id(), rule.slug, rule.id());
    rules::all().map(line).fold(format!("{by_hand}{LAST_BY_HAND}"), |all, line| all + &line)
}

/// The policies of an empty configuration.
fn export() -> policy::export::Export<'static> {
    static POLICY: std::sync::LazyLock<policy::config::Policy> = std::sync::LazyLock::new(Default::default);
    let kubernetes = policy::export::Version::DEFAULT;
    policy::export::Export { policy: &POLICY, kubernetes, name: "beamgate", injector: true }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

fn page(rule: &rules::Rule) -> PathBuf {
    docs().join("rules").join(format!("{}.md", rule.id()))
}

#[test]
fn generated_files_are_fresh() {
    let generated = generated();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(docs().join("rules")).unwrap();
        generated.iter().for_each(|(path, text)| fs::write(path, text).unwrap());
    }
    let is_stale = |(path, text): &(&PathBuf, &String)| fs::read_to_string(path).ok().as_ref() != Some(text);
    let stale: Vec<_> = generated.iter().filter(is_stale).map(|(path, _)| path).collect();
    assert!(stale.is_empty(), "stale, run UPDATE=1 cargo test --test generated: {stale:?}");
}

#[test]
fn the_configuration_of_the_book_is_one() {
    let page = fs::read_to_string(docs().join("configure.md")).unwrap();
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config: policy::config::Config = toml::from_str(example).unwrap();
    assert!(config.rules.keys().all(|name| rules::find(name.get_ref()).is_some()));
}

#[test]
fn every_page_has_a_rule() {
    let generated = generated();
    let pages = fs::read_dir(docs().join("rules")).unwrap().map(|entry| entry.unwrap().path());
    let lost: Vec<_> = pages.filter(|page| !generated.contains_key(page)).collect();
    assert!(lost.is_empty(), "no rule has these pages: {lost:?}");
}
