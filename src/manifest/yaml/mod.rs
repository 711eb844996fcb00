//! Documents to values with the bytes that said them.
//!
//! The grammar is `saphyr-parser`'s, pulled event by event: nothing here or there recurses with the input. Documents as most
//! people write them are read without it, in a quarter of the time, and no differently (`quick`). What the scalars mean is
//! [`typing`](super::typing)'s business.

mod build;
mod input;
mod map;
mod marks;
mod quick;
mod repair;
mod scalar;
pub mod split;

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScanError};
use thiserror::Error;

use self::build::Failure;
use self::input::Characters;
use self::repair::Repairs;
use super::source::number;
use crate::world::node::{Node, Span};

pub(super) use marks::skip_blank;
pub use split::documents;

/// Maps and lists nest at most this deep. What the API server stores is never deeper than a few dozen.
pub const MAX_DEPTH: usize = 200;
/// The bytes that aliases may be worth in a document, so that ten lines cannot fill the memory.
pub const MAX_ALIASED: usize = 32 << 20;
/// The `,`, `[` and `{` of a document. The parser keeps the tokens of a flow collection until it ends.
const MAX_FLOW: usize = 1 << 20;
/// The bytes that may be read again after repairs.
const MAX_REPAIRS: usize = 16 << 20;

/// A document that is no YAML, or none that the API server would take.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct YamlError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// Something odd that does not keep the document from being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub span: Span,
    /// What.
    pub text: String,
}

/// A document that was read.
#[derive(Debug, PartialEq)]
pub struct Parsed<'s> {
    /// Its value.
    pub root: Node<'s>,
    /// What was odd.
    pub notes: Vec<Note>,
}

/// Reads the document in these bytes of `text`. Nothing if there is only comment.
pub fn parse(text: &str, document: Range<usize>) -> Result<Option<Parsed<'_>>, YamlError> {
    let (base, text) = window(text, document)?;
    if let Some(parsed) = quick::read(text, base) {
        return Ok(Some(parsed));
    }
    let mut repairs = Repairs::default();
    for attempt in 1.. {
        match build::build(text, base, &repairs) {
            Err(Failure::Scan(stuck)) => {
                // Every attempt reads from the beginning, so a large document gets few of them.
                let worth_it = attempt < 4 || attempt * text.len() < MAX_REPAIRS;
                if !worth_it || !repairs.add(text, &stuck) {
                    return Err(scan_error(text, base, &stuck.error));
                }
            }
            Err(Failure::Yaml(error)) => return Err(error),
            Ok(parsed) => return Ok(parsed),
        }
    }
    Ok(None)
}

/// Whether the bytes are YAML at all.
pub fn check(text: &str, document: Range<usize>) -> Result<(), YamlError> {
    let (base, window) = window(text, document.clone())?;
    if quick::read(window, base).is_some() {
        return Ok(());
    }
    let mut depth = 0_usize;
    for event in Parser::new(Characters::new(window)) {
        // The parser is stricter than the API server's; only building knows how to help it.
        let Ok((event, span)) = event else { return parse(text, document).map(drop) };
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(too_deep(empty(base + marks::Marks::new(window).byte(span.start))));
        }
    }
    Ok(())
}

/// The text of a document and where it begins, if the parser can be trusted with it.
fn window(text: &str, document: Range<usize>) -> Result<(usize, &str), YamlError> {
    let base = document.start;
    let text = text.get(document).unwrap_or("");
    let flow = text.len() > MAX_FLOW && memchr::memchr3_iter(b',', b'[', b'{', text.as_bytes()).nth(MAX_FLOW).is_some();
    if flow {
        let message = "more lists and maps in one document than can be read".to_owned();
        return Err(YamlError { message, span: empty(base) });
    }
    // The parser counts the bytes of directives where it should count characters.
    if let Some(at) = odd_directive(text) {
        let message = "a directive must not hold anything but ASCII".to_owned();
        return Err(YamlError { message, span: empty(base + at) });
    }
    Ok((base, text))
}

/// A line that begins with `%` and is not ASCII.
fn odd_directive(text: &str) -> Option<usize> {
    let lines = memchr::memchr_iter(b'%', text.as_bytes());
    let begins_line =
        |at: &usize| at.checked_sub(1).is_none_or(|before| matches!(text.as_bytes()[before], b'\n' | b'\r'));
    let is_odd = |at: &usize| text.get(*at..).is_some_and(|rest| !rest.lines().next().unwrap_or("").is_ascii());
    lines.filter(begins_line).find(is_odd)
}

fn scan_error(text: &str, base: usize, error: &ScanError) -> YamlError {
    let at = base + marks::Marks::new(text).byte(*error.marker());
    YamlError { message: error.info().to_owned(), span: empty(at) }
}

fn too_deep(span: Span) -> YamlError {
    YamlError { message: format!("maps and lists nest more than {MAX_DEPTH} deep"), span }
}

fn empty(at: usize) -> Span {
    Span { start: number(at), end: number(at) }
}
