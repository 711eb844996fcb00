//! Objects as YAML, in the order in which they were written.

use serde_json::Value as Json;

use super::typing::{self, Scalar};
use crate::world::node::Node;

/// A document. Keys and items that `like` has too come in its order, then all others.
pub fn yaml(value: &Json, like: Option<&Node<'_>>) -> String {
    let mut text = String::new();
    match value {
        Json::Object(map) if !map.is_empty() => entries(value, like, 0, &mut text),
        Json::Array(items) if !items.is_empty() => list(items, like, 0, &mut text),
        scalar => {
            text.push_str(&inline(scalar, 0));
            text.push('\n');
        }
    }
    text
}

/// The entries of a map, the first of which stands where the text ends.
fn entries(map: &Json, like: Option<&Node<'_>>, indent: usize, text: &mut String) {
    let mut keys: Vec<&String> = map.as_object().into_iter().flat_map(|map| map.keys()).collect();
    let position = |key: &str| {
        let known = like.and_then(|like| like.entries().iter().position(|entry| entry.key == key));
        known.unwrap_or(usize::MAX)
    };
    keys.sort_by_key(|key| (position(key), *key != "name"));
    for (number, key) in keys.into_iter().enumerate() {
        if number > 0 {
            pad(indent, text);
        }
        text.push_str(&string(key, indent));
        text.push(':');
        let like = like.and_then(|like| like.entry(key)).map(|entry| &entry.node);
        match &map[key] {
            value @ Json::Object(inner) if !inner.is_empty() => {
                text.push('\n');
                pad(indent + 2, text);
                entries(value, like, indent + 2, text);
            }
            Json::Array(items) if !items.is_empty() => {
                text.push('\n');
                pad(indent + 2, text);
                list(items, like, indent + 2, text);
            }
            scalar => {
                text.push(' ');
                text.push_str(&inline(scalar, indent + 2));
                text.push('\n');
            }
        }
    }
}

fn list(items: &[Json], like: Option<&Node<'_>>, indent: usize, text: &mut String) {
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            pad(indent, text);
        }
        text.push_str("- ");
        let like = like.and_then(|like| counterpart(item, like, number));
        match item {
            Json::Object(map) if !map.is_empty() => entries(item, like, indent + 2, text),
            Json::Array(inner) if !inner.is_empty() => list(inner, like, indent + 2, text),
            scalar => {
                text.push_str(&inline(scalar, indent + 2));
                text.push('\n');
            }
        }
    }
}

/// The item of the same name; where items have no names, that of the same place.
fn counterpart<'n, 's>(item: &Json, like: &'n Node<'s>, number: usize) -> Option<&'n Node<'s>> {
    match item.get("name").and_then(Json::as_str) {
        Some(name) => like.items().iter().find(|other| other.get("name").and_then(Node::as_str) == Some(name)),
        None => like.items().get(number),
    }
}

fn pad(indent: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', indent));
}

/// A value that needs no line of its own.
fn inline(value: &Json, indent: usize) -> String {
    match value {
        Json::String(text) => string(text, indent),
        other => other.to_string(),
    }
}

/// A string: plain where nobody could take it for anything else, in lines where it has lines, else in quotation marks.
pub(super) fn string(text: &str, indent: usize) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let has_lines = text.contains('\n') && !text.starts_with([' ', '\n']) && !text.ends_with("\n\n");
    if has_lines && text.chars().all(|c| c == '\n' || !c.is_control()) {
        let (body, chomp) = text.strip_suffix('\n').map_or((text, "-"), |body| (body, ""));
        let lines = body.lines().map(|line| match line.is_empty() {
            true => "\n".to_owned(),
            false => format!("\n{}{line}", " ".repeat(indent)),
        });
        return format!("|{chomp}{}", lines.collect::<String>());
    }
    // Every string of JSON is one of YAML.
    Json::from(text).to_string()
}

pub(super) fn is_plain(text: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '$' | '.' | '(');
    let allowed = |c: char| c.is_ascii_graphic() || c == ' ';
    text.starts_with(begins)
        && text.chars().all(allowed)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && matches!(typing::plain(text), Scalar::String)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml as reader;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(text: &str) -> Json {
        reader::parse(text, 0..text.len()).unwrap().unwrap().root.to_json()
    }

    #[test]
    fn keys_stand_in_the_order_in_which_they_were_written() {
        let text = "kind: Pod\nspec:\n  containers:\n    - image: b\n      name: b\n    - image: a\n      name: a\napiVersion: v1\n";
        let node = reader::parse(text, 0..text.len()).unwrap().unwrap().root;
        let mut json = node.to_json();
        assert_eq!(yaml(&json, Some(&node)), text);
        json["spec"]["containers"][1]["env"] = json!([{"value": "1", "name": "A"}]);
        json["spec"]["containers"].as_array_mut().unwrap().remove(0);
        let changed = "kind: Pod\nspec:\n  containers:\n    - image: a\n      name: a\n      env:\n        - name: A\n          value: \"1\"\napiVersion: v1\n";
        assert_eq!(yaml(&json, Some(&node)), changed);
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let text = prop_oneof!["[ -~\n]{0,12}", "(yes|null|1|0x1|~|a: b|- a|a #b|#|x:|2026-01-01|é|\t|a\nb|a\nb\n|<<)"];
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i32>().prop_map(Json::from),
            text.prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[ -~]{1,6}|yes|1", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any_json()) {
            let value = json!({"value": value});
            let text = yaml(&value, None);
            prop_assert_eq!(read(&text), value, "{}", text);
        }
    }
}
