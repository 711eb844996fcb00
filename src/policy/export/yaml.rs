//! YAML of a few fixed shapes, in which an expression stands as it is written.

use std::fmt::Write as _;

/// A text that is written line by line, deeper or less deep.
#[derive(Debug, Default)]
pub(super) struct Yaml {
    text: String,
    depth: usize,
}

impl Yaml {
    /// Lines at this depth.
    pub(super) fn lines(&mut self, lines: &str) -> &mut Self {
        for line in lines.lines() {
            match line.is_empty() {
                true => self.text.push('\n'),
                // Writing to a string never fails.
                false => _ = writeln!(self.text, "{:1$}{line}", "", self.depth * 2),
            }
        }
        self
    }

    /// What is written within is deeper.
    pub(super) fn within(&mut self, write: impl FnOnce(&mut Self)) -> &mut Self {
        self.depth += 1;
        write(self);
        self.depth -= 1;
        self
    }

    /// `key: |-` and some lines.
    pub(super) fn block(&mut self, key: &str, text: &str) -> &mut Self {
        self.lines(&format!("{key}: |-")).within(|yaml| _ = yaml.lines(text))
    }

    /// A list of things with a name and an expression.
    pub(super) fn named<'n>(&mut self, key: &str, items: impl IntoIterator<Item = (&'n str, &'n str)>) -> &mut Self {
        self.lines(&format!("{key}:")).within(|yaml| {
            for (name, expression) in items {
                yaml.lines(&format!("- name: {name}")).within(|yaml| _ = yaml.block("expression", expression));
            }
        })
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// A text in double quotes.
pub(super) fn quoted(text: &str) -> String {
    // A string always has a JSON form, which YAML reads.
    serde_json::to_string(text).unwrap_or_default()
}

/// A text in CEL's single quotes.
pub(super) fn cel(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
