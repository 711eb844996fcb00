//! The tree of a text.

use tree_sitter::{Node, Parser, Tree};

/// No file that configures an app is longer.
const LONGEST: usize = 1 << 17;

/// A text as Elixir's grammar has it; none where it is not Elixir.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_elixir::LANGUAGE.into()).ok()?;
    let tree = parser.parse(text, None).filter(|_| text.len() <= LONGEST)?;
    (!tree.root_node().has_error()).then_some(tree)
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
