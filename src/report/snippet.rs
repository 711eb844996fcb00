//! The lines of a file that a finding points at, with carets under what it means.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Snippet};

use super::model::ReportedLabel;
use super::source::Source;

/// Labels further apart than this do not share a picture, and no caret is longer: a manifest may be one long line.
const WIDEST: usize = 100;

/// Consecutive lines of one file, and the labels in them.
pub(super) struct Excerpt<'r> {
    source: &'r Source<'r>,
    marks: Vec<Mark<'r>>,
}

/// A label at its place.
struct Mark<'r> {
    label: &'r ReportedLabel,
    /// Bytes of the text.
    bytes: Range<usize>,
    /// Bytes of the shown text, no more than fit on the page.
    shown: Range<usize>,
}

impl<'r> Excerpt<'r> {
    /// The excerpts of one file that together show these labels of it.
    pub(super) fn of(source: &'r Source<'r>, labels: &[&'r ReportedLabel]) -> Vec<Self> {
        let marks = labels.iter().filter_map(|label| Mark::new(source, label));
        let marks: Vec<_> = marks.collect();
        let columns = || marks.iter().map(|mark| mark.column(source));
        let distance = columns().max().unwrap_or(0) - columns().min().unwrap_or(0);
        if distance > WIDEST {
            return marks.into_iter().map(|mark| Self { source, marks: vec![mark] }).collect();
        }
        vec![Self { source, marks }]
    }

    /// The excerpt as the drawing library wants it.
    pub(super) fn snippet(&self) -> Snippet<'r, Annotation<'r>> {
        let lines = self.lines();
        let window = self.source.shown_line(lines.start).start..self.source.shown_line(lines.end).end;
        let text = self.source.shown().get(window.clone()).unwrap_or("");
        let inside = |bytes: &Range<usize>| {
            let within = |at: usize| at.saturating_sub(window.start).min(text.len());
            within(bytes.start)..within(bytes.end)
        };
        let context = self.marks.iter().filter_map(|mark| self.naming_line(mark));
        let context = context.map(|line| AnnotationKind::Visible.span(inside(&self.source.shown_line(line))));
        let marks = self.marks.iter().map(|mark| {
            let kind = if mark.label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let text = Some(mark.label.text.as_str()).filter(|text| !text.is_empty());
            kind.span(inside(&mark.shown)).label(text)
        });
        Snippet::source(text)
            .line_start(lines.start + 1)
            .path(self.source.name)
            .annotations(context.collect::<Vec<_>>())
            .annotations(marks)
    }

    /// The library counts columns in the text that it draws, where a secret may have another length than in the file.
    /// This puts the file's own columns into the arrows.
    pub(super) fn true_columns(&self, drawn: String) -> String {
        let mut drawn = drawn;
        for mark in &self.marks {
            let line = self.source.line(mark.bytes.start);
            let start = self.source.shown_line(line).start;
            let column = self.source.shown().get(start..mark.shown.start).unwrap_or("").chars().count() + 1;
            let position = self.source.position(mark.bytes.start);
            if column != position.column {
                let arrow = |column| format!("{}:{}:{column}\n", self.source.name, position.line);
                drawn = drawn.replacen(&arrow(column), &arrow(position.column), 1);
            }
        }
        drawn
    }

    /// The first and the last line to show.
    fn lines(&self) -> Range<usize> {
        let first = |mark: &Mark<'_>| self.naming_line(mark).unwrap_or_else(|| self.source.line(mark.bytes.start));
        let last = |mark: &Mark<'_>| self.source.line(mark.bytes.end);
        self.marks.iter().map(first).min().unwrap_or(0)..self.marks.iter().map(last).max().unwrap_or(0)
    }

    /// The line above, if that is the `- name: X` which says whose value this is.
    fn naming_line(&self, mark: &Mark<'_>) -> Option<usize> {
        let line = self.source.line(mark.bytes.start);
        let text = |line| self.source.shown().get(self.source.shown_line(line)).unwrap_or("");
        let above = line.checked_sub(1)?;
        let (key, name) = (text(line), text(above));
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
        let names = name.trim_start().starts_with("- name:") && !key.trim_start().starts_with('-');
        (names && indent(key) == indent(name)).then_some(above)
    }
}

impl<'r> Mark<'r> {
    fn new(source: &Source<'_>, label: &'r ReportedLabel) -> Option<Self> {
        let bytes = source.visible(label.place?.span);
        let shown = source.shown_bytes(bytes.clone());
        let text = source.shown().get(shown.clone()).unwrap_or("");
        let first_line = text.split(['\r', '\n']).next().unwrap_or("");
        let length = match first_line.char_indices().nth(WIDEST) {
            Some((too_long, _)) => too_long,
            None => text.len(),
        };
        Some(Self { label, bytes, shown: shown.start..shown.start + length })
    }

    /// Where it begins in its line, roughly: in bytes.
    fn column(&self, source: &Source<'_>) -> usize {
        self.shown.start - source.shown_line(source.line(self.bytes.start)).start
    }
}
