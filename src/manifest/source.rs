//! A text that was read, and where its bytes are on the page.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::world::node::Span;

/// What is said behind the name of a folder that was rendered.
pub const RENDERED: &str = " (rendered)";

/// Where a text came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file on disk.
    File(PathBuf),
    /// Standard input, or text that was handed over.
    Stream,
    /// What `helm` or `kustomize` printed for this folder.
    Rendered(PathBuf),
    /// A file on disk of which `kustomize` made what it printed: not judged by itself.
    Part(PathBuf),
    /// A file on disk of a chart: not judged by itself, and no YAML.
    Template(PathBuf),
}

/// A text with the name under which reports mention it.
#[derive(Debug)]
pub struct Source {
    /// The name to show: the path as the user would write it, or `overlays/prod (rendered)`.
    pub name: String,
    /// Where it came from.
    pub origin: Origin,
    /// All of it.
    pub text: String,
    starts: OnceLock<Vec<u32>>,
}

/// A place on the page, both numbers counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in Unicode code points.
    pub column: u32,
}

impl Source {
    /// A text under a name.
    pub fn new(name: impl Into<String>, origin: Origin, text: String) -> Self {
        Self { name: name.into(), origin, text, starts: OnceLock::new() }
    }

    /// The file on disk.
    pub fn path(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(path) | Origin::Part(path) | Origin::Template(path) => Some(path),
            Origin::Stream | Origin::Rendered(_) => None,
        }
    }

    /// The folder that the text belongs to, as far as it belongs to one.
    pub fn folder(&self) -> &Path {
        match &self.origin {
            Origin::File(path) | Origin::Part(path) | Origin::Template(path) => path.parent().unwrap_or(Path::new("")),
            Origin::Rendered(folder) => folder,
            Origin::Stream => Path::new(""),
        }
    }

    /// Whether it is judged: what others are made of is judged as they are.
    pub fn is_judged(&self) -> bool {
        !matches!(self.origin, Origin::Part(_) | Origin::Template(_))
    }

    /// Line and column of a byte. Offsets beyond the end mean the end, those inside a character its beginning.
    pub fn position(&self, offset: u32) -> Position {
        let starts = self.starts();
        let line = starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = starts.get(line).map_or(0, |start| *start as usize);
        let mut end = self.text.len().min(offset as usize);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = self.text.get(start..end).unwrap_or("");
        Position { line: number(line + 1), column: number(before.chars().count() + 1) }
    }

    /// The bytes of a line (counted from one), without its line break.
    pub fn line(&self, line: u32) -> Span {
        let starts = self.starts();
        let index = (line as usize).saturating_sub(1);
        let end_of_text = number(self.text.len());
        let start = starts.get(index).copied().unwrap_or(end_of_text);
        let next = starts.get(index + 1).copied().unwrap_or(end_of_text);
        let text = self.text.get(start as usize..next as usize).unwrap_or("");
        Span { start, end: start + number(text.trim_end_matches(['\n', '\r']).len()) }
    }

    /// The text of some bytes; nothing where they cut a character.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The first byte of every line. Most sources never need it: only those with something to report.
    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| number(at + 1));
            std::iter::once(0).chain(breaks).collect()
        })
    }
}

/// Sources are far smaller than 4 GiB, see [`MAX_BYTES`](super::read::MAX_BYTES).
pub(crate) fn number(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_code_points() {
        let source = Source::new("a", Origin::Stream, "a: ä→x\r\nb: 1\n".to_owned());
        for (offset, line, column) in [(0, 1, 1), (3, 1, 4), (5, 1, 5), (8, 1, 6), (11, 2, 1), (99, 3, 1), (4, 1, 4)] {
            assert_eq!(source.position(offset), Position { line, column }, "{offset}");
        }
        assert_eq!(source.slice(source.line(1)), "a: ä→x");
        assert_eq!(source.slice(source.line(2)), "b: 1");
        assert_eq!(source.slice(source.line(9)), "");
    }
}
