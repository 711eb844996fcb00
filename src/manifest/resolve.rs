//! Symbolic places to bytes.

use crate::place::{Focus, Pointer, Step};
use crate::world::node::{Entry, Node, Span, Value};

/// The bytes of what a pointer means in an object whose root is `root` and whose source says `text`.
///
/// Where the pointer leads nowhere, its nearest existing ancestor is meant. Maps and lists are pointed at by their
/// key, or by the value that names them in their list: nobody wants a caret under forty lines.
pub fn resolve(root: &Node<'_>, text: &str, pointer: &Pointer, focus: &Focus) -> Span {
    let mut here = Here { node: root, key: None, name: root.get("kind").map(|kind| kind.span) };
    for step in pointer.steps() {
        match here.down(step) {
            Some(next) => here = next,
            None => return here.handle(),
        }
    }
    match focus {
        Focus::Value => here.value(),
        Focus::Key => here.handle(),
        Focus::Within(start, end) => within(here.node, text, *start as usize, *end as usize).unwrap_or(here.value()),
    }
}

/// A node and what can be pointed at in its place.
struct Here<'n, 's> {
    node: &'n Node<'s>,
    key: Option<Span>,
    /// The value that names this item in its list.
    name: Option<Span>,
}

impl<'n, 's> Here<'n, 's> {
    fn down(&self, step: &Step) -> Option<Self> {
        match step {
            Step::Key(key) => {
                let Entry { key_span, node, .. } = self.node.entry(key)?;
                Some(Self { node, key: Some(*key_span), name: None })
            }
            Step::Item { key, value, index } => {
                let named = |item: &&Node<'s>| item.get(key).and_then(Node::scalar) == Some(value);
                let items = self.node.items();
                let node = items.get(*index as usize).filter(named).or_else(|| items.iter().find(named))?;
                Some(Self { node, key: None, name: node.get(key).map(|name| name.span) })
            }
            Step::Index(index) => {
                let node = self.node.items().get(*index as usize)?;
                Some(Self { node, key: None, name: node.entries().first().map(|entry| entry.key_span) })
            }
        }
    }

    fn value(&self) -> Span {
        match self.node.value {
            Value::Map(_) | Value::List(_) | Value::Null => self.handle(),
            _ => self.node.span,
        }
    }

    fn handle(&self) -> Span {
        let first = || self.node.entries().first().map(|entry| entry.key_span);
        self.key.or(self.name).or_else(first).unwrap_or(self.node.span)
    }
}

/// The bytes that say a part of a string: of one that is said literally, or of lines of a block scalar.
fn within(node: &Node<'_>, text: &str, start: usize, end: usize) -> Option<Span> {
    let decoded = node.as_str()?;
    let part = decoded.get(start..end)?;
    let from = node.span.start as usize;
    let written = text.get(from..node.span.end as usize)?;
    let place = |at: usize| {
        let literal = text.get(from + at + start..from + at + end)? == part;
        literal.then(|| span(from + at + start, from + at + end))
    };
    match written.as_bytes().first()? {
        b'"' | b'\'' if written.get(1..=end)? == decoded.get(..end)? => place(1),
        b'|' | b'>' if written != decoded => {
            let lines = Lines::of(written, decoded)?;
            Some(span(from + lines.place(start, false)?, from + lines.place(end, true)?))
        }
        _ if written == decoded => place(0),
        _ => None,
    }
}

fn span(start: usize, end: usize) -> Span {
    Span { start: super::source::number(start), end: super::source::number(end) }
}

/// The lines of a block scalar: where each begins decoded, where it begins as written, and its length.
struct Lines(Vec<(usize, usize, usize)>);

impl Lines {
    fn of(written: &str, decoded: &str) -> Option<Self> {
        let indent = indentation(written, decoded)?;
        let mut lines = Vec::new();
        let (mut said, mut at) = (0, written.find('\n')? + 1);
        for line in written.get(at..)?.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let content = content.get(indent..).unwrap_or("");
            if !decoded.get(said..)?.starts_with(content) {
                return None;
            }
            lines.push((said, at + indent, content.len()));
            said += content.len();
            said += usize::from(matches!(decoded.as_bytes().get(said), Some(b'\n' | b' ')));
            at += line.len();
        }
        Some(Self(lines))
    }

    fn place(&self, offset: usize, is_end: bool) -> Option<usize> {
        let fits = |(said, _, length): &&(usize, usize, usize)| {
            *said <= offset && offset <= said + length && (!is_end || *said < offset || *length == 0)
        };
        let line = if is_end { self.0.iter().find(fits) } else { self.0.iter().rev().find(fits) };
        line.map(|(said, written, _)| written + offset - said)
    }
}

/// How far the lines are indented: what the first one with content has more as written than it says.
fn indentation(written: &str, decoded: &str) -> Option<usize> {
    let leading = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let has_content = |line: &&str| !line.trim().is_empty();
    let as_written = written.lines().skip(1).find(has_content)?;
    let as_said = decoded.lines().find(has_content)?;
    leading(as_written).checked_sub(leading(as_said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml;

    const TEXT: &str = "\
kind: Deployment
spec:
  template:
    containers:
    - name: side
    - name: web
      env:
      - {name: A, value: \"x@$(IP)\"}
      - name: B
        value: 'it''s'
      - name: C
        value: |-
          one
            two $(IP)

          three
  empty:
";

    #[test]
    fn places_point_at_what_exists() {
        let containers = Pointer::keys(&["spec", "template", "containers"]);
        let web = containers.item("name", "web", 1);
        let env = web.key("env");
        let value = |name: &str, index| env.item("name", name, index).key("value");
        for (pointer, focus, expected) in [
            (Pointer::keys(&["kind"]), Focus::Value, "Deployment"),
            (Pointer::keys(&["kind"]), Focus::Key, "kind"),
            (Pointer::root(), Focus::Value, "Deployment"),
            (Pointer::keys(&["spec"]), Focus::Value, "spec"),
            (Pointer::keys(&["spec", "empty"]), Focus::Value, "empty"),
            (Pointer::keys(&["spec", "replicas"]), Focus::Value, "spec"),
            (Pointer::keys(&["metadata", "name"]), Focus::Value, "Deployment"),
            (containers.clone(), Focus::Value, "containers"),
            (web.clone(), Focus::Value, "web"),
            (containers.item("name", "web", 0), Focus::Value, "web"),
            (containers.item("name", "gone", 0), Focus::Value, "containers"),
            (containers.index(0), Focus::Value, "name"),
            (web.key("ports"), Focus::Value, "web"),
            (value("A", 0), Focus::Value, "\"x@$(IP)\""),
            (value("A", 0), Focus::Within(2, 7), "$(IP)"),
            (value("B", 1), Focus::Within(0, 2), "it"),
            (value("B", 1), Focus::Within(3, 4), "'it''s'"),
            (value("C", 2), Focus::Within(0, 3), "one"),
            (value("C", 2), Focus::Within(10, 15), "$(IP)"),
            (value("C", 2), Focus::Within(17, 22), "three"),
            (value("C", 2), Focus::Within(17, 99), "|-\n          one\n            two $(IP)\n\n          three"),
        ] {
            let parsed = yaml::parse(TEXT, 0..TEXT.len()).unwrap().unwrap();
            let span = resolve(&parsed.root, TEXT, &pointer, &focus);
            assert_eq!(&TEXT[span.start as usize..span.end as usize], expected, "{pointer} {focus:?}");
        }
    }
}
