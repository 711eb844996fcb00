//! A file as the reports see it: where its bytes are on the page, and what of it may be shown.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use super::model::{File, Report, ReportedLabel};
use super::redact;
use crate::world::node::Span;

/// What stands where a secret stood.
const REDACTED: &str = "‹redacted›";

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A place on the page. Both count from one, columns in Unicode code points; a byte order mark has no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A file, its lines, and a copy of its text without its secrets.
pub(super) struct Source<'f> {
    pub(super) name: &'f str,
    text: &'f str,
    /// The first byte of each line.
    starts: Vec<usize>,
    shown: String,
    cuts: Vec<Cut>,
}

/// Bytes of the text that are not shown, and the bytes of the shown text that stand for them.
struct Cut {
    from: Range<usize>,
    to: Range<usize>,
}

/// The files that a report has something to say about, by number. Most of those that were read have no finding.
pub(super) type Sources<'r> = BTreeMap<usize, Source<'r>>;

pub(super) fn sources(report: &Report) -> Sources<'_> {
    let known = report.known().iter().map(|known| &known.finding);
    let mut hidden: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
    for finding in report.findings.iter().chain(known) {
        for place in finding.labels.iter().filter_map(|label| label.place) {
            let ranges = hidden.entry(place.file).or_default();
            if let Some(file) = report.files.get(place.file).filter(|_| !finding.secrets.is_empty()) {
                ranges.extend(secrets_at(&file.text, place.span, &finding.secrets));
            }
        }
    }
    let source = |(number, hidden)| Some((number, Source::new(report.files.get(number)?, hidden)));
    hidden.into_iter().filter_map(source).collect()
}

/// Where a cookie stands on the lines of a place. Where it does not stand as it is, the code makes it of what is there: all of that.
fn secrets_at(text: &str, span: Span, secrets: &[String]) -> Vec<Range<usize>> {
    let bytes = span.start as usize..span.end as usize;
    let (Some(before), Some(inside), Some(behind)) =
        (text.get(..bytes.start), text.get(bytes.clone()), text.get(bytes.end..))
    else {
        return Vec::new(); // no place in this text
    };
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let lines = text.get(start..bytes.end + behind.find('\n').unwrap_or(behind.len())).unwrap_or_default();
    let occurrences = secrets.iter().filter(|secret| !secret.is_empty()).flat_map(|secret| {
        lines.match_indices(secret.as_str()).map(move |(at, _)| start + at..start + at + secret.len())
    });
    let found: Vec<Range<usize>> = occurrences.collect();
    let is_text = inside.contains(['"', '\'']);
    let made_of_it = (found.is_empty() && is_text).then_some(bytes);
    found.into_iter().chain(made_of_it).collect()
}

/// A label's bytes on the page.
pub(super) struct Region<'r> {
    pub(super) file: &'r str,
    pub(super) bytes: Range<usize>,
    pub(super) start: Position,
    pub(super) end: Position,
}

impl<'r> Region<'r> {
    pub(super) fn of(label: &ReportedLabel, sources: &'r Sources<'r>) -> Option<Self> {
        let place = label.place?;
        let source = sources.get(&place.file)?;
        let bytes = source.visible(place.span);
        let (start, end) = (source.position(bytes.start), source.position(bytes.end));
        Some(Self { file: source.name, bytes, start, end })
    }

    /// The file as a repository knows it: `./k8s/cart.yaml` is `k8s/cart.yaml`.
    pub(super) fn path(&self) -> &'r str {
        self.file.strip_prefix("./").unwrap_or(self.file)
    }
}

/// `k8s/cart.yaml:6:1`.
impl fmt::Display for Region<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path(), self.start.line, self.start.column)
    }
}

impl<'f> Source<'f> {
    pub(super) fn new(file: &'f File, hidden: Vec<Range<usize>>) -> Self {
        let text = file.text.as_str();
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let (shown, cuts) = show(text, hidden);
        Self { name: &file.name, text, starts, shown, cuts }
    }

    /// The bytes to point at: within the text, on character boundaries, without the blank end of a block scalar, and
    /// never on the empty line after the last line break, which no editor shows.
    pub(super) fn visible(&self, span: Span) -> Range<usize> {
        let last = self.text.trim_end_matches(['\n', '\r']).len();
        let is_boundary = |at: &usize| self.text.is_char_boundary(*at);
        let start = (0..=last.min(span.start as usize)).rev().find(is_boundary).unwrap_or(0);
        let end = (start.max(span.end as usize)..self.text.len()).find(is_boundary).unwrap_or(self.text.len());
        let bytes = self.text.get(start..end).unwrap_or("");
        start..start + bytes.trim_end_matches(['\n', '\r', ' ', '\t']).len()
    }

    pub(super) fn position(&self, offset: usize) -> Position {
        let line = self.line(offset);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        let before = if line == 0 { before.trim_start_matches(BYTE_ORDER_MARK) } else { before };
        Position { line: line + 1, column: before.chars().count() + 1 }
    }

    /// The index of the line that holds this byte.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The shown text, which has exactly the lines of the text.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The bytes of a line of the shown text, without its line break.
    pub(super) fn shown_line(&self, line: usize) -> Range<usize> {
        let start_of = |line: usize| self.starts.get(line).copied().unwrap_or(self.text.len());
        let (start, end) =
            (self.moved(start_of(line), |cut| cut.to.start), self.moved(start_of(line + 1), |cut| cut.to.end));
        let bytes = self.shown.get(start..end).unwrap_or("");
        start..start + bytes.trim_end_matches(['\n', '\r']).len()
    }

    /// Bytes of the text as bytes of the shown text. Whatever touches the inside of a secret means all of it.
    pub(super) fn shown_bytes(&self, bytes: Range<usize>) -> Range<usize> {
        let start = self.moved(bytes.start, |cut| cut.to.start);
        let end = self.moved(bytes.end, |cut| cut.to.end);
        start..end.max(start)
    }

    fn moved(&self, offset: usize, inside: impl Fn(&Cut) -> usize) -> usize {
        match self.cuts.iter().rev().find(|cut| cut.from.start < offset) {
            None => offset,
            Some(cut) if offset < cut.from.end => inside(cut),
            Some(cut) => cut.to.end + (offset - cut.from.end),
        }
    }
}

/// The text without secrets and without a byte order mark, which terminals draw as rubbish.
fn show(text: &str, hidden: Vec<Range<usize>>) -> (String, Vec<Cut>) {
    let mark = text.starts_with(BYTE_ORDER_MARK).then_some((0..BYTE_ORDER_MARK.len(), ""));
    let secrets = redact::merged(redact::cookies(text).into_iter().chain(hidden).collect());
    let secrets = secrets.into_iter().map(|range| (range, REDACTED));
    let mut shown = String::with_capacity(text.len());
    let mut cuts = Vec::new();
    let mut kept = 0;
    for (from, with) in mark.into_iter().chain(secrets) {
        shown.push_str(text.get(kept..from.start).unwrap_or(""));
        let start = shown.len();
        shown.push_str(with);
        kept = from.end;
        cuts.push(Cut { from, to: start..shown.len() });
    }
    shown.push_str(text.get(kept..).unwrap_or(""));
    (shown, cuts)
}
