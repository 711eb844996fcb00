//! What a KRM function is given and gives back: a `ResourceList`, as kpt and kustomize pass it through a pipe.
//!
//! The text is kept and only what changes is written anew, so that the comments of everything else come through.

use memchr::memmem;
use serde_json::{Value as Json, json};

use super::{write, yaml};
use crate::world::node::{Node, Span};

/// A `ResourceList` that was read.
#[derive(Debug)]
pub struct ResourceList {
    text: String,
    value: Json,
    /// Its items.
    pub items: Vec<Item>,
    /// The `functionConfig`.
    pub config: Option<Json>,
}

/// One of the items.
#[derive(Debug, Clone)]
pub struct Item {
    /// The bytes of the item.
    pub span: Span,
    /// As it was given.
    pub value: Json,
}

impl ResourceList {
    /// Reads a text that is a `ResourceList` and nothing else.
    pub fn read(text: &str) -> Option<Self> {
        // Most texts are none, and some are large.
        memmem::find(text.as_bytes(), b"ResourceList")?;
        let [document] = yaml::documents(text).try_into().ok()?;
        let root = yaml::parse(text, document).ok()??.root;
        let is_list = root.text("kind").as_deref() == Some("ResourceList")
            && root.text("apiVersion").is_some_and(|version| version.starts_with("config.kubernetes.io/"));
        is_list.then(|| Self {
            text: text.to_owned(),
            value: root.to_json(),
            items: root.list("items").iter().map(|node| Item { span: node.span, value: node.to_json() }).collect(),
            config: root.get("functionConfig").map(Node::to_json),
        })
    }

    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The item that holds a byte of the text.
    pub fn item_at(&self, byte: u32) -> Option<&Item> {
        self.items.iter().find(|item| (item.span.start..item.span.end).contains(&byte))
    }

    /// The list to give back: with other values for the items of these numbers, and with these results.
    pub fn with(&self, changed: &[(usize, Json)], results: Vec<Json>) -> String {
        let mut expected = self.value.clone();
        for (number, value) in changed {
            expected["items"][number] = value.clone();
        }
        if let Some(map) = expected.as_object_mut() {
            map.remove("results");
        }
        if !results.is_empty() {
            expected["results"] = Json::Array(results);
        }
        let reads_so = |text: &String| read_json(text).as_ref() == Some(&expected);
        self.spliced(changed, &expected["results"]).filter(reads_so).unwrap_or_else(|| write::yaml(&expected, None))
    }

    /// The text with the changes written into it; nothing for JSON.
    fn spliced(&self, changed: &[(usize, Json)], results: &Json) -> Option<String> {
        let root = yaml::parse(&self.text, 0..self.text.len()).ok()??.root;
        let mut text = self.text.clone();
        let nodes = root.list("items");
        let mut changed: Vec<_> = changed.iter().collect();
        changed.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        let old = root.entry("results").map(|entry| entry.key_span.start as usize);
        for (number, value) in changed {
            let node = nodes.get(*number)?;
            let (start, end) = (node.span.start as usize, node.span.end as usize);
            let end = with_comment(&text, start + text.get(start..end)?.trim_end().len());
            let column = text[..start].chars().rev().take_while(|c| *c != '\n').count();
            let lines = write::yaml(value, Some(node));
            text.replace_range(
                start..end,
                lines.trim_end().replace('\n', &format!("\n{}", " ".repeat(column))).as_str(),
            );
        }
        if let Some(old) = old {
            // Items that stand above it may have moved it.
            let moved = text.len().checked_add(old)?.checked_sub(self.text.len())?;
            text = without_entry(&text, if nodes.first()?.span.start < u32::try_from(old).ok()? { moved } else { old });
        }
        if !results.is_null() {
            text.truncate(text.trim_end().len());
            text.push('\n');
            text.push_str(&write::yaml(&json!({ "results": results }), None));
        }
        Some(text)
    }
}

/// The end of the line, if nothing but comment stands there: it was about a line that may be another one now.
fn with_comment(text: &str, end: usize) -> usize {
    let rest = text[end..].lines().next().unwrap_or("");
    if rest.trim_start().starts_with('#') { end + rest.len() } else { end }
}

/// The text without the lines of an entry of its root.
fn without_entry(text: &str, start: usize) -> String {
    let continues = |line: &&str| line.starts_with([' ', '-', '\n', '\r', '#']);
    let mut lines = text[start..].split_inclusive('\n');
    let first = lines.next().map_or(0, str::len);
    let others: usize = lines.take_while(continues).map(str::len).sum();
    format!("{}{}", &text[..start], &text[start + first + others..])
}

fn read_json(text: &str) -> Option<Json> {
    Some(yaml::parse(text, 0..text.len()).ok()??.root.to_json())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
  - apiVersion: v1 # one
    kind: Pod
    metadata: {name: a}
  # two
  - kind: Pod
    apiVersion: v1
    metadata:
      name: b # b
results:
  - message: old
functionConfig:
  kind: ConfigMap
";

    #[test]
    fn what_does_not_change_keeps_its_comments() {
        let list = ResourceList::read(LIST).unwrap();
        let text = list.with(&[], Vec::new());
        assert_eq!(text, LIST.replace("results:\n  - message: old\n", ""));

        let mut pod = list.items[1].value.clone();
        pod["metadata"]["labels"] = json!({"a": "b"});
        let text = list.with(&[(1, pod)], vec![json!({"message": "new"})]);
        assert!(
            text.contains("apiVersion: v1 # one\n") && text.contains("  # two\n  - kind: Pod\n    apiVersion: v1\n"),
            "{text}"
        );
        assert!(text.contains("      name: b\n      labels:\n        a: b\n"), "{text}");
        assert!(text.ends_with("functionConfig:\n  kind: ConfigMap\nresults:\n  - message: new\n"), "{text}");
    }

    #[test]
    fn json_and_odd_texts_come_back_as_yaml() {
        for text in [
            r#"{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [{"kind": "Pod"}]}"#,
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [{kind: Pod}]\n...\n",
        ] {
            let list = ResourceList::read(text).unwrap();
            let text = list.with(&[(0, json!({"kind": "Job"}))], vec![json!({"message": "x"})]);
            let back = ResourceList::read(&text).unwrap();
            assert_eq!(back.items[0].value, json!({"kind": "Job"}));
            assert_eq!(back.value["results"], json!([{"message": "x"}]));
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "kind: ResourceList",
            "kind: List\n# ResourceList\n",
            "a: [ResourceList",
            &format!("{LIST}---\na: b\n"),
        ] {
            assert!(ResourceList::read(text).is_none(), "{text}");
        }
    }
}
