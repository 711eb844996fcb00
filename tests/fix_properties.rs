//! Whatever a manifest looks like, `beamgate fix` changes what it means to and nothing else.
//!
//! The manifests are those of the rules' fixtures, written anew in styles and with comments that chance decides, and any
//! text at all.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use beamgate::cli::fix::FixArgs;
use beamgate::cli::session::InputArgs;
use beamgate::inject::Sent;
use beamgate::manifest::yaml;
use beamgate::report::model::WorkloadVerdict;
use beamgate::rules::{self, Mends, Rule};
use beamgate::world::facts::Facts;
use beamgate::world::node::Node;
use beamgate::world::object::Object;
use proptest::prelude::*;
use serde_json::Value as Json;
use writing::{Style, Writer, style};

mod writing;

/// A rule that is mended by the program, its `bad.yaml`, and what becomes of it.
struct Fixture {
    rule: &'static Rule,
    bad: Vec<Json>,
    fixed: Vec<Json>,
    config: Option<std::path::PathBuf>,
}

static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
    let mended = rules::all().filter(|rule| matches!(rule.mends, Mends::Program(_)));
    let fixture = |rule: &'static Rule| {
        let name = format!("tests/rules/{:03}-{}", rule.code, rule.slug);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let fixed = read("written.yaml").or_else(|| read("fixed.yaml")).unwrap();
        let config = Some(folder.join("beamgate.toml")).filter(|file| file.is_file());
        Fixture { rule, bad: objects(&read("bad.yaml").unwrap()), fixed: objects(&fixed), config }
    };
    mended.map(fixture).collect()
});

fn objects(text: &str) -> Vec<Json> {
    let documents = yaml::documents(text).into_iter().filter_map(|range| yaml::parse(text, range).unwrap());
    documents.flat_map(|document| unlisted(document.root.to_json())).collect()
}

/// The objects of a `List`, or the one that is none.
fn unlisted(object: Json) -> Vec<Json> {
    match object["kind"] == "List" {
        true => object["items"].as_array().unwrap().clone(),
        false => vec![object],
    }
}

fn fix(fixture: &Fixture, text: &str) -> String {
    let input = InputArgs { config: fixture.config.clone(), ..InputArgs::default() };
    let args = FixArgs { input, all: true, select: vec![fixture.rule.id()], ..FixArgs::default() };
    beamgate::cli::fix::text(text, &args).unwrap()
}

fn comments(text: &str) -> Vec<&str> {
    let marks = text.match_indices("# comment ");
    marks.filter_map(|(at, _)| text[at..].split_once(':').map(|(comment, _)| comment)).collect()
}

fn sorted(mut objects: Vec<Json>) -> Vec<String> {
    objects.sort_by_key(ToString::to_string);
    objects.iter().map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn in_any_style_only_what_is_meant_changes(which in any::<prop::sample::Index>(), style in style()) {
        let fixture = &FIXTURES[which.index(FIXTURES.len())];
        let text = Writer::of(&style, &fixture.bad);
        prop_assert_eq!(objects(&text), fixture.bad.clone(), "the generator is wrong: {}", text);
        let fixed = fix(fixture, &text);
        prop_assert_eq!(sorted(objects(&fixed)), sorted(fixture.fixed.clone()), "{}\n{}\n{}", fixture.rule.id(), text, fixed);
        prop_assert_eq!(&fix(fixture, &fixed), &fixed, "{}", fixture.rule.id());
        let gone = comments(&text).iter().filter(|comment| !comments(&fixed).contains(comment)).count();
        let most = if takes_away(fixture) { MOST_LOST } else { 0 };
        prop_assert!(gone <= most, "{} lost {gone} comments\n{text}\n{fixed}", fixture.rule.id());
        let blank = |text: &str| text.lines().filter(|line| line.trim().is_empty()).count();
        prop_assert!(blank(&fixed) >= blank(&text) || takes_away(fixture), "{}\n{text}\n{fixed}", fixture.rule.id());
        let lines = fixed.matches('\n').count();
        prop_assert!(!style.crlf || fixed.matches("\r\n").count() == lines, "{}\n{fixed:?}", fixture.rule.id());
    }

    #[test]
    fn what_is_shared_is_left_alone_or_said_anew(which in any::<prop::sample::Index>(), style in style()) {
        let fixture = &FIXTURES[which.index(FIXTURES.len())];
        let text = Writer::of(&Style { aliases: true, ..style }, &fixture.bad);
        prop_assert_eq!(objects(&text), fixture.bad.clone(), "the generator is wrong: {}", text);
        let fixed = fix(fixture, &text);
        let is_fixed = sorted(objects(&fixed)) == sorted(fixture.fixed.clone());
        prop_assert!(is_fixed || fixed == text, "{}\n{}\n{}", fixture.rule.id(), text, fixed);
        prop_assert_eq!(&fix(fixture, &fixed), &fixed, "{}", fixture.rule.id());
    }

    #[test]
    fn what_was_fixed_is_not_found_again(which in any::<[prop::sample::Index; 2]>(), styles in (style(), style())) {
        let [a, b] = which.map(|which| &FIXTURES[which.index(FIXTURES.len())]);
        let text = format!("{}\n---\n{}", Writer::of(&styles.0, &a.bad), Writer::of(&styles.1, &b.bad));
        let args = FixArgs { all: true, ..FixArgs::default() };
        let fixed = beamgate::cli::fix::text(&text, &args).unwrap();
        prop_assert_eq!(&beamgate::cli::fix::text(&fixed, &args).unwrap(), &fixed, "{}", text);
        let (before, after) = (found(&text), found(&fixed));
        for (fingerprint, count) in after {
            prop_assert!(before.get(&fingerprint).is_none_or(|was| count <= *was), "{fingerprint}: {text}\n{fixed}");
        }
        let (formed, forms) = (forming(&text), forming(&fixed));
        prop_assert!(formed.is_subset(&forms), "{formed:?}, then {forms:?}: {text}\n{fixed}");
    }

    #[test]
    fn what_was_written_need_not_be_injected(which in any::<prop::sample::Index>(), style in style()) {
        let fixture = &FIXTURES[which.index(FIXTURES.len())];
        let text = Writer::of(&style, &fixture.fixed);
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/116-relies-on-injection/beamgate.toml");
        let input = InputArgs { config: Some(config), ..InputArgs::default() };
        let args = FixArgs { input, select: vec!["BG116".to_owned()], ..FixArgs::default() };
        let fixed = beamgate::cli::fix::text(&text, &args).unwrap();
        for (written, sent) in injected(&fixed).iter().zip(injected(&text)) {
            // What nothing refers to need not be written.
            let is_needed = |name: &str| name.contains("RELEASE_") || written.contains_key(name);
            let needed: BTreeMap<_, _> = sent.into_iter().filter(|(name, _)| is_needed(name)).collect();
            prop_assert_eq!(written, &needed, "{}\n{}", text, fixed);
        }
        if fixed != text {
            prop_assert_eq!(injected(&fixed), written(&fixed), "{}", fixed);
        }
    }

    #[test]
    fn damaged_manifests_are_answered(
        which in any::<prop::sample::Index>(),
        style in style(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8), 1..5),
    ) {
        let fixture = &FIXTURES[which.index(FIXTURES.len())];
        let mut lines: Vec<String> = Writer::of(&Style { aliases: true, ..style }, &fixture.bad).lines().map(str::to_owned).collect();
        for (place, how) in damage {
            let place = place.index(lines.len());
            match how {
                0 if lines.len() > 1 => drop(lines.remove(place)),
                1 => lines.insert(place, lines[place].clone()),
                2 => lines[place].insert_str(0, "  "),
                _ => lines[place] = lines[place].split_inclusive(':').next().unwrap_or("").to_owned(),
            }
        }
        let text = lines.join("\n");
        let args = FixArgs { all: true, ..FixArgs::default() };
        let fixed = beamgate::cli::fix::text(&text, &args).unwrap();
        prop_assert_eq!(&beamgate::cli::fix::text(&fixed, &args).unwrap(), &fixed, "{}", text);
    }

    #[test]
    fn any_text_is_answered(text in ".{0,400}") {
        let args = FixArgs { all: true, ..FixArgs::default() };
        beamgate::cli::fix::text(&text, &args).unwrap();
    }
}

/// The findings of a text, by what they are.
fn found(text: &str) -> BTreeMap<String, usize> {
    let report = beamgate::cli::lint::report(Path::new("-"), &mut text.as_bytes()).unwrap();
    report.findings.iter().fold(BTreeMap::new(), |mut counts, finding| {
        *counts.entry(finding.fingerprint.clone()).or_default() += 1;
        counts
    })
}

/// The workloads of which each that is called so forms.
fn forming(text: &str) -> BTreeSet<String> {
    let report = beamgate::cli::lint::report(Path::new("-"), &mut text.as_bytes()).unwrap();
    let (forms, others): (Vec<_>, Vec<_>) =
        report.workloads.into_iter().partition(|workload| workload.verdict == WorkloadVerdict::Forms);
    let others: BTreeSet<String> = others.into_iter().map(|workload| workload.title).collect();
    forms.into_iter().map(|workload| workload.title).filter(|title| !others.contains(title)).collect()
}

/// The environments of all containers as the webhook leaves them: by name.
fn injected(text: &str) -> Vec<BTreeMap<String, String>> {
    let facts = Facts::default();
    let mut found = Vec::new();
    for range in yaml::documents(text) {
        let parsed = yaml::parse(text, range).unwrap().unwrap();
        let is_list = parsed.root.get("kind").and_then(Node::scalar) == Some("List");
        let roots = if is_list { parsed.root.list("items") } else { std::slice::from_ref(&parsed.root) };
        for root in roots {
            let Ok(object) = Object::read(root, "", &[]) else { continue };
            let Some(workload) = object.workload() else { continue };
            let after = Sent::of(root, &object, workload, &facts).apply(&root.to_json());
            environments(&after, &mut found);
        }
    }
    found
}

/// The environments of all containers as they are written.
fn written(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut found = Vec::new();
    for object in objects(text).iter().filter(|object| object.get("spec").is_some()) {
        environments(object, &mut found);
    }
    found
}

fn environments(value: &Json, found: &mut Vec<BTreeMap<String, String>>) {
    if let Some(env) = value.get("env").and_then(Json::as_array) {
        found.push(env.iter().map(|var| (var["name"].to_string(), var.to_string())).collect());
    }
    match value {
        Json::Object(map) => map.values().for_each(|value| environments(value, found)),
        Json::Array(items) => items.iter().for_each(|item| environments(item, found)),
        _ => {}
    }
}

/// What is taken away goes with the comments in its own lines: of `valueFrom`, or of a selector, there are a few.
const MOST_LOST: usize = 8;

/// Whether a fix takes something away, or writes over a whole map: a key that was there, or a port, is there less often.
fn takes_away(fixture: &Fixture) -> bool {
    let (before, after) = (keys(&fixture.bad), keys(&fixture.fixed));
    before.iter().any(|(key, count)| after.get(key).is_none_or(|left| left < count))
}

/// How often there is a key, or an item that is no map.
fn keys(objects: &[Json]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    objects.iter().for_each(|object| count(object, &mut found));
    found
}

fn count(value: &Json, found: &mut BTreeMap<String, usize>) {
    match value {
        Json::Object(map) => map.iter().for_each(|(key, value)| {
            *found.entry(key.clone()).or_default() += 1;
            count(value, found);
        }),
        Json::Array(items) => items.iter().for_each(|item| {
            *found.entry(if item.is_string() { item.to_string() } else { "-".to_owned() }).or_default() += 1;
            count(item, found);
        }),
        _ => {}
    }
}
