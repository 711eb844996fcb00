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
use beamgate::world::object::Object;
use proptest::prelude::*;
use serde_json::Value as Json;

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
    documents.map(|document| document.root.to_json()).collect()
}

fn fix(fixture: &Fixture, text: &str) -> String {
    let input = InputArgs { config: fixture.config.clone(), ..InputArgs::default() };
    let args = FixArgs { input, all: true, select: vec![fixture.rule.id()], ..FixArgs::default() };
    beamgate::cli::fix::text(text, &args).unwrap()
}

/// How chance writes a document.
#[derive(Debug, Clone)]
struct Style {
    indent: usize,
    dash: usize,
    crlf: bool,
    /// Whether the last line ends.
    open_end: bool,
    /// Whether what is there already may be said by an alias.
    aliases: bool,
    /// What is decided on the way, one after the other.
    dice: Vec<u8>,
}

fn style() -> impl Strategy<Value = Style> {
    let dice = prop::collection::vec(any::<u8>(), 40..200);
    (2..5_usize, any::<[bool; 3]>(), dice).prop_map(|(indent, [flush, crlf, open_end], dice)| Style {
        indent,
        dash: if flush { 0 } else { indent },
        crlf,
        open_end,
        aliases: false,
        dice,
    })
}

/// Writes values; each comment has a number of its own.
struct Writer<'s> {
    style: &'s Style,
    next: usize,
    comments: usize,
    /// What has an anchor in this document.
    anchored: Vec<Json>,
    out: String,
}

impl Writer<'_> {
    fn of(style: &Style, objects: &[Json]) -> String {
        let mut writer = Writer { style, next: 0, comments: 0, anchored: Vec::new(), out: String::new() };
        for (number, object) in objects.iter().enumerate() {
            if number > 0 {
                writer.out.push_str("---\n");
                writer.anchored.clear();
            }
            writer.entries(object, 0, false);
        }
        let text = if style.open_end { writer.out.trim_end_matches('\n').to_owned() } else { writer.out };
        if style.crlf { text.replace('\n', "\r\n") } else { text }
    }

    fn roll(&mut self, sides: u8) -> u8 {
        let die = self.style.dice[self.next % self.style.dice.len()];
        self.next += 1;
        die % sides
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# comment {}:", self.comments)
    }

    /// A line of comment, now and then.
    fn above(&mut self, column: usize) {
        if self.roll(6) == 0 {
            let comment = self.comment();
            self.out.push_str(&format!("{}{comment}\n", " ".repeat(column)));
        }
    }

    fn end_of_line(&mut self) {
        if self.roll(6) == 0 {
            let comment = self.comment();
            self.out.push_str(&format!(" {comment}"));
        }
        self.out.push('\n');
    }

    fn entries(&mut self, map: &Json, column: usize, on_dash: bool) {
        let mut keys: Vec<&String> = map.as_object().unwrap().keys().collect();
        keys.sort_by_key(|key| (*key != "name" && *key != "apiVersion", *key != "kind"));
        for (number, key) in keys.into_iter().enumerate() {
            if number > 0 || !on_dash {
                self.above(column);
                self.out.push_str(&" ".repeat(column));
            }
            let quoted = self.roll(9) == 0;
            self.out.push_str(&if quoted { format!("\"{key}\":") } else { format!("{key}:") });
            self.value(&map[key], column);
        }
    }

    /// An alias for what was said before, or now and then an anchor for what may be said again. Whether all is said.
    fn alias(&mut self, value: &Json) -> bool {
        let known = self.anchored.iter().position(|known| known == value);
        match known.filter(|_| self.roll(2) == 0) {
            Some(number) => {
                self.out.push_str(&format!(" *a{number}"));
                self.end_of_line();
                true
            }
            None if known.is_none() && self.roll(3) == 0 => {
                self.out.push_str(&format!(" &a{}", self.anchored.len()));
                self.anchored.push(value.clone());
                false
            }
            None => false,
        }
    }

    fn value(&mut self, value: &Json, column: usize) {
        if self.style.aliases && self.alias(value) {
            return;
        }
        let is_flow = self.roll(5) == 0;
        match value {
            Json::Object(map) if !map.is_empty() && !is_flow => {
                self.end_of_line();
                self.entries(value, column + self.style.indent, false);
            }
            Json::Array(items) if !items.is_empty() && !is_flow => {
                self.end_of_line();
                for item in items {
                    self.item(item, column + self.style.dash);
                }
            }
            Json::String(text) => {
                let scalar = self.scalar(text, column + self.style.indent);
                self.out.push_str(&format!(" {scalar}"));
                if text.contains('\n') { self.out.push('\n') } else { self.end_of_line() }
            }
            other => {
                let flow = self.flow(other);
                self.out.push_str(&format!(" {flow}"));
                self.end_of_line();
            }
        }
    }

    fn item(&mut self, item: &Json, column: usize) {
        self.above(column);
        self.out.push_str(&" ".repeat(column));
        self.out.push('-');
        match item {
            Json::Object(map) if !map.is_empty() && self.roll(5) > 0 => {
                self.out.push(' ');
                self.entries(item, column + 2, true);
            }
            other => self.value(other, column),
        }
    }

    fn scalar(&mut self, text: &str, column: usize) -> String {
        if text.contains('\n') {
            let lines = text.lines().map(|line| format!("\n{}{line}", " ".repeat(column)));
            return format!("|{}", lines.collect::<String>());
        }
        match self.roll(4) {
            0 => format!("'{}'", text.replace('\'', "''")),
            1 => Json::from(text).to_string(),
            _ => plain(text),
        }
    }

    fn flow(&mut self, value: &Json) -> String {
        match value {
            Json::Object(map) => {
                let entries: Vec<String> =
                    map.iter().map(|(key, value)| format!("{key}: {}", self.flow(value))).collect();
                if self.roll(2) == 0 {
                    format!("{{{}}}", entries.join(", "))
                } else {
                    format!("{{ {} }}", entries.join(" , "))
                }
            }
            Json::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(","))
            }
            Json::String(text) if text.contains(['\n', ',', '{', '}', '[', ']']) => {
                Json::from(text.as_str()).to_string()
            }
            Json::String(text) => self.scalar(text, 0),
            other => other.to_string(),
        }
    }
}

/// Plain where that says the same.
fn plain(text: &str) -> String {
    let alone = yaml::parse(text, 0..text.len()).ok().flatten().map(|parsed| parsed.root.to_json());
    let is_plain = alone == Some(Json::from(text)) && !text.starts_with(['|', '>', '"', '\'']);
    if is_plain { text.to_owned() } else { Json::from(text).to_string() }
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
        let most = if takes_away(fixture.rule) { MOST_LOST } else { 0 };
        prop_assert!(gone <= most, "{} lost {gone} comments\n{text}\n{fixed}", fixture.rule.id());
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
        let Ok(object) = Object::read(&parsed.root, "", &[]) else { continue };
        let Some(workload) = object.workload() else { continue };
        let after = Sent::of(&parsed.root, &object, workload, &facts).apply(&parsed.root.to_json());
        environments(&after, &mut found);
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

/// Whether a fix takes something away, or writes over a whole map.
fn takes_away(rule: &Rule) -> bool {
    [4, 5, 113, 115, 206, 217, 402, 601, 605].contains(&rule.code)
}
