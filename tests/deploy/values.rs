//! The values of the chart: what `values.yaml` says of each is in the README, and the schema knows just these.

use std::collections::BTreeSet;

use beamgate::world::node::{Node, Value as Typed};
use serde_json::Value;

use crate::written::{cell, comment, holds};
use crate::{document, text};

/// A value, as `values.yaml` has it.
struct Row {
    /// `image.tag`.
    path: String,
    default: String,
    comment: String,
}

/// Every value that is none of a map's, with the comment above it.
fn rows() -> Vec<Row> {
    let file = text("deploy/helm/values.yaml");
    let mut rows = Vec::new();
    collect(&document(&file), &[], &file, &mut rows);
    rows
}

fn collect(map: &Node<'_>, above: &[&str], file: &str, rows: &mut Vec<Row>) {
    for entry in map.entries() {
        let path = [above, &[&*entry.key]].concat();
        if !entry.node.entries().is_empty() {
            collect(&entry.node, &path, file, rows);
            continue;
        }
        let comment = comment(file, entry.key_span.start as usize);
        rows.push(Row { path: path.join("."), default: shown(&entry.node), comment });
    }
}

fn shown(node: &Node<'_>) -> String {
    match &node.value {
        Typed::Null => "null".to_owned(),
        Typed::List(_) => "[]".to_owned(),
        Typed::Map(_) => "{}".to_owned(),
        Typed::Bool(_, text) | Typed::Number(text) => text.clone().into_owned(),
        Typed::String(text) if text.contains('\n') => "policies/default.toml".to_owned(),
        Typed::String(text) if text.is_empty() => "\"\"".to_owned(),
        Typed::String(text) => text.clone().into_owned(),
    }
}

#[test]
fn every_value_has_a_comment() {
    let bare: Vec<String> = rows().into_iter().filter(|row| row.comment.is_empty()).map(|row| row.path).collect();
    assert!(bare.is_empty(), "{bare:?}");
}

#[test]
fn the_readme_says_what_the_values_say() {
    let row = |row: Row| format!("| `{}` | `{}` | {} |\n", row.path, row.default, cell(&row.comment));
    let rows: String = rows().into_iter().map(row).collect();
    holds("deploy/helm/README.md", &format!("| value | default | |\n|---|---|---|\n{rows}"));
}

/// What the schema has a property for, as far as it closes its objects.
fn known(schema: &Value, above: &str, found: &mut BTreeSet<String>) {
    let Some(properties) = schema["properties"].as_object() else {
        found.insert(above.to_owned());
        return;
    };
    assert_eq!(schema["additionalProperties"], false, "{above} takes any slip");
    for (key, inner) in properties {
        known(inner, &format!("{above}.{key}"), found);
    }
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'))
}

#[test]
fn the_schema_knows_just_these() {
    let schema: Value = serde_json::from_str(&text("deploy/helm/values.schema.json")).unwrap();
    let mut found = BTreeSet::new();
    known(&schema, "", &mut found);
    // One may say more than the other: of `resources`, the schema leaves the rest to Kubernetes.
    let same = |one: &String, other: &String| one == other || is_below(one, other) || is_below(other, one);
    let given: BTreeSet<String> = rows().into_iter().map(|row| format!(".{}", row.path)).collect();
    let unknown: Vec<_> = given.iter().filter(|path| !found.iter().any(|known| same(path, known))).collect();
    assert!(unknown.is_empty(), "the schema refuses {unknown:?}");
    // Helm hands `global` to every chart that is part of another.
    let unsaid = |known: &&String| *known != ".global" && !given.iter().any(|path| same(path, known));
    let unsaid: Vec<_> = found.iter().filter(unsaid).collect();
    assert!(unsaid.is_empty(), "values.yaml does not say {unsaid:?}");
}

/// What a value of `null` takes away, and the templates can do without.
const MAY_BE_ABSENT: [&str; 5] =
    [".global", ".runAsUser", ".topologySpreadConstraints", ".resources.limits", ".resources.requests"];

/// With a `null`, Helm takes a default away. What the templates then left empty would be the API server's to fill in: of
/// `failurePolicy`, with `Fail`.
#[test]
fn no_value_can_be_taken_away() {
    let schema: Value = serde_json::from_str(&text("deploy/helm/values.schema.json")).unwrap();
    for row in rows() {
        let mut at = &schema;
        let mut path = String::new();
        for key in row.path.split('.') {
            path = format!("{path}.{key}");
            if at["properties"][key].is_null() {
                break;
            }
            let required = at["required"].as_array().is_some_and(|all| all.iter().any(|one| one == key));
            assert!(required || MAY_BE_ABSENT.contains(&path.as_str()), "{path} can be null");
            at = &at["properties"][key];
        }
    }
}
