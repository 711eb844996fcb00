//! Ours against the API server's: every answer of `sigs.k8s.io/yaml` in `yaml-typing/table.json` must be ours.

use beamgate::manifest::yaml;
use beamgate::world::node::{Node, Value};
use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
struct Table {
    scalars: Vec<Case>,
    keys: Vec<Case>,
    documents: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    name: String,
    text: String,
    /// As JSON text, for `null` is an answer and a missing value is none.
    #[serde(default, deserialize_with = "some")]
    value: Option<Json>,
    #[serde(default)]
    error: bool,
}

fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// Where we knowingly differ, with the reason.
const DIFFERENT: &[(&str, &str)] = &[
    ("!!float 18446744073709551615", "we take it"),
    ("\"\\/\"", "JSON's escape; kubectl reads JSON with another library, which takes it"),
    ("json escapes", "the same"),
    ("json surrogates", "the same"),
    ("\tx", "we take a tab there"),
    ("\tx: y", "the same"),
    ("tab after dash", "the same"),
    ("tab blank line", "the same"),
    ("tab before value of list", "the same"),
    ("\u{7}", "we take control characters"),
    ("\"\u{7}\"", "the same"),
    ("\u{7f}", "the same"),
    ("\"\u{7f}\"", "the same"),
    ("\u{80}", "the same"),
    ("bad control", "the same"),
    ("\u{85}", "line breaks of YAML 1.1 are characters to us"),
    ("a\u{85}b", "the same"),
    ("a\u{2028}b", "the same"),
    ("nel in plain", "the same"),
    ("\u{feff}", "a byte order mark inside a document is an error to us"),
    ("a\u{feff}", "the same"),
    ("block root unindented", "goyaml loses the text"),
    ("flow key only colon", "YAML 1.2 ends the key at the colon"),
    ("flow multi-line key", "we take it"),
    ("directive 1.2", "we take any version"),
    ("directive unknown", "we take it"),
    ("binary", "left as written: no field that we read is binary"),
    ("anchor with colon", "YAML 1.2 allows colons in the names of anchors"),
    ("alias colon", "the same"),
];

fn json(node: &Node<'_>) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value, _) => Json::Bool(*value),
        Value::Number(text) => number(text),
        Value::String(text) => Json::String(text.to_string()),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|entry| (entry.key.to_string(), json(&entry.node))).collect(),
    }
}

fn number(text: &str) -> Json {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    if let Ok(whole) = text.parse::<u64>() {
        return whole.into();
    }
    let float: f64 = text.replace('_', "").parse().unwrap_or(f64::NAN);
    float.into()
}

/// `1.0` and `1` are one number to the API server.
fn same(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => ours == theirs,
    }
}

/// What we make of a stream's first document, which is all that the library reads. JSON cannot say infinity.
fn ours(text: &str) -> Result<Json, String> {
    let Some(document) = yaml::documents(text).into_iter().next() else { return Ok(Json::Null) };
    match yaml::parse(text, document).map_err(|error| error.message)? {
        Some(parsed) if infinite(&parsed.root) => Err("infinite".to_owned()),
        Some(parsed) => Ok(json(&parsed.root)),
        None => Ok(Json::Null),
    }
}

fn infinite(node: &Node<'_>) -> bool {
    let number = matches!(&node.value, Value::Number(text) if text.contains(['i', 'I', 'n', 'N']));
    number || node.items().iter().any(infinite) || node.entries().iter().any(|entry| infinite(&entry.node))
}

fn compare(cases: &[Case], document: impl Fn(&str) -> String) -> Vec<String> {
    let known = |case: &Case| DIFFERENT.iter().any(|(text, _)| *text == case.text || *text == case.name);
    cases
        .iter()
        .filter_map(|case| {
            let ours = ours(&document(&case.text));
            let agreed = match (&ours, &case.value) {
                (Err(_), None) => case.error,
                (Ok(ours), Some(theirs)) => same(ours, theirs),
                _ => false,
            };
            let theirs = case.value.as_ref().map_or("an error".to_owned(), Json::to_string);
            let text = || format!("{} {:?}: ours {ours:?}, theirs {theirs}", case.name, case.text);
            (agreed == known(case)).then(text)
        })
        .collect()
}

#[test]
fn the_api_server_would_read_the_same() {
    let table: Table = serde_json::from_str(include_str!("yaml-typing/table.json")).unwrap();
    let mut wrong = compare(&table.scalars, |text| format!("- {text}\n"));
    wrong.extend(compare(&table.keys, |text| format!("{text}: x\n")));
    wrong.extend(compare(&table.documents, str::to_owned));
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
