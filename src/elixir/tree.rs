//! The tree of a text.

use tree_sitter::{Node, Parser, Tree};

/// No file that configures an app is longer.
const LONGEST: usize = 1 << 17;

/// No code that people write is nested deeper; each operator of a chain is a level.
const DEEPEST: usize = 1000;

/// Why a text is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable {
    /// The byte of the text at which it is so.
    pub at: usize,
    /// What is said of the file.
    pub reason: &'static str,
}

/// A text as Elixir's grammar has it.
pub(super) fn parse(text: &str) -> Result<Tree, Unreadable> {
    let unreadable = |at, reason| Unreadable { at, reason };
    if text.len() > LONGEST {
        return Err(unreadable(0, "is longer than 128 KiB"));
    }
    let mut parser = Parser::new();
    let tree = parser.set_language(&tree_sitter_elixir::LANGUAGE.into()).ok().and_then(|()| parser.parse(text, None));
    let tree = tree.filter(|tree| !tree.root_node().has_error());
    let tree = tree.ok_or_else(|| unreadable(0, "is no Elixir that could be read"))?;
    match too_deep(&tree) {
        Some(at) => Err(unreadable(at, "is nested too deeply to be read")),
        None => Ok(tree),
    }
}

/// Where a tree is deeper than anything that is looked at: much of what is done with it takes time with each level.
fn too_deep(tree: &Tree) -> Option<usize> {
    let mut cursor = tree.walk();
    let mut depth = 0;
    loop {
        if depth > DEEPEST {
            return Some(cursor.node().start_byte());
        }
        if cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
            depth -= 1;
        }
    }
}

/// The parts of an expression, without punctuation and comments.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.is_extra()).collect()
}

/// The arguments of a call, keywords at the end being one.
pub(super) fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    children(call).into_iter().find(|child| child.kind() == "arguments").map_or_else(Vec::new, children)
}

/// An expression and all that is in it, from the outside.
pub(super) fn descendants(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut waiting = vec![node];
    std::iter::from_fn(move || {
        let next = waiting.pop()?;
        waiting.extend(children(next).into_iter().rev());
        Some(next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_writes_is_not_read() {
        let unreadable = |text: &str| parse(text).err().map(|unreadable| (unreadable.at, unreadable.reason));
        assert_eq!(unreadable("a = [1, {2, !b}]"), None);
        let lists = |depth| format!("a = {}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(unreadable(&lists(DEEPEST / 2)), None);
        for deep in [lists(2 * DEEPEST), format!("a = {}b", "!".repeat(100_000)), "a <> ".repeat(2 * DEEPEST) + "a"] {
            let (at, reason) = unreadable(&deep).unwrap();
            assert_eq!(reason, "is nested too deeply to be read");
            assert!((DEEPEST - 10..6 * DEEPEST).contains(&at), "{at}");
        }
        assert_eq!(unreadable(&"!".repeat(100_000)), Some((0, "is no Elixir that could be read")));
        assert_eq!(unreadable(&"a\n".repeat(LONGEST)), Some((0, "is longer than 128 KiB")));
    }
}
