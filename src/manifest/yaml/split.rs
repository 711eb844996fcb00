//! A stream to documents, textually.
//!
//! A line that begins with `---` or `...` and white space is a marker wherever it stands, even inside a scalar. So
//! one broken document loses none of the others of its file.

use std::ops::Range;

use memchr::memmem;

/// The byte ranges of the documents of a text, each with its own `---` line and the directives before it.
pub fn documents(text: &str) -> Vec<Range<usize>> {
    let mut splitter = Splitter { text, start: if text.starts_with('\u{feff}') { 3 } else { 0 }, found: Vec::new() };
    for (at, marker) in markers(text) {
        match marker {
            Marker::Start => splitter.start_at(at),
            Marker::End => splitter.end_at(at),
        }
    }
    splitter.close(text.len());
    splitter.found
}

#[derive(Clone, Copy)]
enum Marker {
    Start,
    End,
}

struct Splitter<'s> {
    text: &'s str,
    start: usize,
    found: Vec<Range<usize>>,
}

impl Splitter<'_> {
    /// Comments and directives before a `---` belong to the document that it begins.
    fn start_at(&mut self, at: usize) {
        if self.text.get(self.start..at).is_some_and(|before| !is_prologue(before)) {
            self.close(at);
        }
    }

    fn end_at(&mut self, at: usize) {
        self.close(at);
        let line = self.text.get(at..).and_then(|rest| rest.find('\n'));
        self.start = line.map_or(self.text.len(), |length| at + length + 1);
    }

    fn close(&mut self, end: usize) {
        if self.text.get(self.start..end).is_some_and(|text| !text.trim().is_empty()) {
            self.found.push(self.start..end);
        }
        self.start = end;
    }
}

/// Whether nothing here is content. A `---` line of its own is: it began a document, if an empty one.
fn is_prologue(text: &str) -> bool {
    text.lines().all(|line| line.trim_start().is_empty() || line.trim_start().starts_with('#') || line.starts_with('%'))
}

/// Every `---` and `...` that begins a line and stands alone or before white space, in order.
fn markers(text: &str) -> impl Iterator<Item = (usize, Marker)> {
    let mut found: Vec<_> = occurrences(text, "---").map(|at| (at, Marker::Start)).collect();
    let starts = found.len();
    found.extend(occurrences(text, "...").map(|at| (at, Marker::End)));
    if starts < found.len() {
        found.sort_by_key(|(at, _)| *at);
    }
    found.into_iter()
}

fn occurrences<'s>(text: &'s str, marker: &'static str) -> impl Iterator<Item = usize> + 's {
    let bytes = text.as_bytes();
    let begins_line = move |at: usize| match at.checked_sub(1).and_then(|before| bytes.get(before)) {
        None | Some(b'\n' | b'\r') => true,
        Some(0xbf) => text.get(..at).and_then(|before| before.strip_suffix('\u{feff}')).is_some_and(ends_line),
        Some(_) => false,
    };
    let ends = move |at: usize| matches!(bytes.get(at + 3), None | Some(b' ' | b'\t' | b'\n' | b'\r'));
    memmem::find_iter(bytes, marker).filter(move |at| begins_line(*at) && ends(*at))
}

fn ends_line(text: &str) -> bool {
    text.is_empty() || text.ends_with(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_split_and_prologues_stay_with_their_document() {
        for (text, expected) in [
            ("", vec![]),
            ("a: 1\n", vec!["a: 1\n"]),
            ("---\na: 1\n---\nb: 2\n", vec!["---\na: 1\n", "---\nb: 2\n"]),
            ("# head\n---\na: 1\n", vec!["# head\n---\na: 1\n"]),
            ("%YAML 1.1\n---\na: 1\n...\n%TAG ! x\n---\nb: 2", vec!["%YAML 1.1\n---\na: 1\n", "%TAG ! x\n---\nb: 2"]),
            ("a: |\n  x\n--- # next\nb: 2\n", vec!["a: |\n  x\n", "--- # next\nb: 2\n"]),
            ("a: ---\n----\n---x\n ---\n", vec!["a: ---\n----\n---x\n ---\n"]),
            ("---\n---\na: 1", vec!["---\n", "---\na: 1"]),
            ("\u{feff}---\na: 1\r\n---\r\nb: 2\r\n", vec!["---\na: 1\r\n", "---\r\nb: 2\r\n"]),
            ("a: 1\n---", vec!["a: 1\n", "---"]),
        ] {
            let found: Vec<_> = documents(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
