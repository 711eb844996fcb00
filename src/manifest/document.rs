//! Documents to the objects in them.

use std::ops::Range;

use memchr::memmem;

use super::source::Source;
use super::yaml::{self, Note, YamlError};
use crate::world::node::{Node, Value};

/// How an object is found again: a place that outlives its tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The number of the source.
    pub source: u32,
    /// The number of the document in it.
    pub document: u32,
    /// The positions that lead from the document through `items` of lists; mostly none.
    pub items: Box<[u32]>,
}

/// What was in the input and is no Kubernetes object, or none that anybody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skipped {
    /// Documents without `apiVersion` or `kind`.
    pub no_kind: usize,
    /// Documents of a kind that no rule reads.
    pub unwanted: usize,
    /// Kustomizations, charts, values and what else says how to make objects.
    pub tooling: usize,
    /// Templates and files with placeholders, which are not YAML yet.
    pub templates: usize,
    /// Broken documents that are not evidently Kubernetes objects.
    pub broken: usize,
}

impl Skipped {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.no_kind += other.no_kind;
        self.unwanted += other.unwanted;
        self.tooling += other.tooling;
        self.templates += other.templates;
        self.broken += other.broken;
    }
}

/// Reads one document and hands over its objects with the item path of each. Kinds that are not `wanted` are only
/// checked for being YAML.
pub fn read(
    source: &Source,
    document: Range<usize>,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    skipped: &mut Skipped,
    mut object: impl FnMut(&Node<'_>, &[u32]),
) -> Result<Vec<Note>, YamlError> {
    let text = source.text.get(document.clone()).unwrap_or("");
    if sniff(text).is_some_and(|kind| !wanted(kind) && !kind.ends_with("List")) {
        skipped.unwanted += 1;
        return yaml::check(&source.text, document).map(|()| Vec::new());
    }
    let Some(parsed) = yaml::parse(&source.text, document)? else { return Ok(Vec::new()) };
    // Nothing but comment between two markers is a null.
    if parsed.root.value != Value::Null {
        roots(&parsed.root, wanted, skipped, &mut Vec::new(), &mut object);
    }
    Ok(parsed.notes)
}

/// The kind of a document, if exactly one line at its left edge says so.
fn sniff(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let begins_line = |at: &usize| at.checked_sub(1).is_none_or(|before| bytes.get(before) == Some(&b'\n'));
    let mut lines = memmem::find_iter(bytes, "kind:").filter(begins_line);
    let (Some(at), None) = (lines.next(), lines.next()) else { return None };
    let kind = text.get(at + "kind:".len()..)?.lines().next()?.trim();
    (!kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(kind)
}

/// The objects of a value: itself, or those of a list, which may hold lists.
fn roots(
    node: &Node<'_>,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    skipped: &mut Skipped,
    path: &mut Vec<u32>,
    object: &mut impl FnMut(&Node<'_>, &[u32]),
) {
    let kind = node.get("kind").and_then(Node::as_str);
    let (Some(kind), Some(version)) = (kind, node.get("apiVersion").and_then(Node::as_str)) else {
        skipped.no_kind += 1;
        return;
    };
    if version.starts_with("kustomize.config.k8s.io/") {
        skipped.tooling += 1;
    } else if kind.ends_with("List") && !node.list("items").is_empty() {
        for (index, item) in (0..).zip(node.list("items")) {
            path.push(index);
            roots(item, wanted, skipped, path, object);
            path.pop();
        }
    } else if wanted(kind) {
        object(node, path);
    } else {
        skipped.unwanted += 1;
    }
}

/// The object at a place of a document's tree.
pub fn descend<'n, 's>(root: &'n Node<'s>, items: &[u32]) -> Option<&'n Node<'s>> {
    items.iter().try_fold(root, |node, index| node.list("items").get(*index as usize))
}

/// Whether a text means to be a Kubernetes object, as far as one can tell without reading it.
pub fn looks_like_kubernetes(text: &str) -> bool {
    let says = |key: &str| text.lines().any(|line| line.trim_start_matches(['"', ' ', '{']).starts_with(key));
    let at_edge =
        |key: &str| text.starts_with(key) || memmem::find(text.as_bytes(), format!("\n{key}").as_bytes()).is_some();
    if text.trim_start().starts_with('{') {
        return says("apiVersion\"") && says("kind\"");
    }
    at_edge("apiVersion:") && at_edge("kind:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::source;

    fn kinds(text: &str) -> (Vec<String>, Skipped) {
        let source = Source::new("a", source::Origin::Stream, text.to_owned());
        let (mut skipped, mut found) = (Skipped::default(), Vec::new());
        for document in yaml::documents(text) {
            let wanted = |kind: &str| kind != "Secret";
            let name = |node: &Node<'_>, path: &[u32]| found.push(format!("{}{path:?}", node.text("kind").unwrap()));
            read(&source, document, &wanted, &mut skipped, name).unwrap();
        }
        (found, skipped)
    }

    #[test]
    fn lists_are_unpacked_and_the_rest_is_counted() {
        let text = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service}
- {apiVersion: v1, kind: PodList, items: [{apiVersion: v1, kind: Pod}, {kind: Pod}]}
- {apiVersion: v1, kind: Secret}
---
kind: Secret
apiVersion: v1
---
# nothing
---
image: {tag: 1}
---
{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
---
apiVersion: v1
kind: List
";
        let (found, skipped) = kinds(text);
        assert_eq!(found, ["Service[0]", "Pod[1, 0]", "Pod[]", "List[]"]);
        assert_eq!(skipped, Skipped { no_kind: 2, unwanted: 2, tooling: 1, ..Skipped::default() });
    }

    #[test]
    fn kinds_are_sniffed_where_they_are_certain() {
        for (text, kind) in [
            ("kind: Service\n", Some("Service")),
            ("a: 1\r\nkind:  Pod \r\nb: 2\r\n", Some("Pod")),
            ("a:\n  kind: Pod\n", None),
            ("kind: Pod\nkind: Service\n", None),
            ("kind: \"Pod\"\n", None),
            ("kind:\n  Pod\n", None),
        ] {
            assert_eq!(sniff(text), kind, "{text}");
        }
    }
}
