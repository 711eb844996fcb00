//! Strings, charlists and what else is written between quotes.

use tree_sitter::Node;

use super::Coded;
use super::eval::Eval;
use super::tree::children;

impl Eval<'_> {
    /// The text of a string, a charlist, a sigil or a quoted atom or keyword.
    pub(super) fn quoted(&mut self, node: Node<'_>) -> Option<Coded> {
        let field = |name| node.child_by_field_name(name);
        // What a heredoc is without its indentation is left to Elixir.
        if field("quoted_start").is_some_and(|start| self.source(start).len() > 1) {
            return None;
        }
        let parts = children(node);
        if parts.iter().any(|part| part.kind() == "sigil_modifiers") {
            return None;
        }
        let mut text = Coded::default();
        for part in parts {
            match part.kind() {
                "sigil_name" if !matches!(self.source(part), "s" | "S" | "c" | "C") => return None,
                "sigil_name" => {}
                "quoted_content" => text.append(&Coded::lit(self.source(part))),
                "escape_sequence" => text.append(&Coded::lit(escaped(self.source(part))?)),
                "interpolation" => {
                    let [inner] = children(part)[..] else { return None };
                    text.append(&self.eval(inner).value.to_text()?);
                }
                _ => return None,
            }
        }
        Some(text)
    }
}

/// The character of an escape sequence; those by number are left alone.
fn escaped(sequence: &str) -> Option<&str> {
    Some(match sequence.strip_prefix('\\')? {
        "n" => "\n",
        "t" => "\t",
        "r" => "\r",
        "s" => " ",
        "\n" => "",
        plain if plain.len() == 1 && plain.chars().all(|c| c.is_ascii_punctuation()) => plain,
        _ => return None,
    })
}
