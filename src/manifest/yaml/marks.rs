//! The places that the parser reports, as bytes.
//!
//! It counts characters, and it is generous: a quoted scalar ends behind the comment that follows it, a block scalar
//! begins at its first line of content, and a tagged one at its tag. Here they become the bytes of the scalar itself.

use saphyr_parser::Marker;

/// Turns marks of one document into byte offsets, from the document's first byte.
pub(super) struct Marks<'s> {
    text: &'s str,
    ascii: bool,
    /// Where the last mark was, in characters and in bytes: marks stand close to each other, so walking is cheap.
    at: (usize, usize),
}

impl<'s> Marks<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        Self { text, ascii: text.is_ascii(), at: (0, 0) }
    }

    /// The byte of a mark.
    pub(super) fn byte(&mut self, mark: Marker) -> usize {
        let target = mark.index();
        if self.ascii {
            return target.min(self.text.len());
        }
        let (character, byte) = self.at;
        let bytes = if target >= character {
            let rest = self.text.get(byte..).unwrap_or("");
            byte + rest.char_indices().nth(target - character).map_or(rest.len(), |(at, _)| at)
        } else {
            let before = self.text.get(..byte).unwrap_or("");
            before.char_indices().rev().nth(character - target - 1).map_or(0, |(at, _)| at)
        };
        self.at = (target, bytes);
        bytes
    }
}

/// The end of the quoted scalar that begins at `start`, and whether its bytes are said literally: without escapes and
/// on one line.
pub(super) fn quoted_end(text: &str, start: usize) -> (usize, bool) {
    let bytes = text.as_bytes();
    let double = bytes.get(start) == Some(&b'"');
    let mut at = start + 1;
    let mut literal = true;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' if double => return (at + 1, literal),
            b'\'' if !double && bytes.get(at + 1) != Some(&b'\'') => return (at + 1, literal),
            b'\\' if double => (at, literal) = (at + 1, false),
            b'\'' if !double => (at, literal) = (at + 1, false),
            b'\n' | b'\r' => literal = false,
            _ => {}
        }
        at += 1;
    }
    (bytes.len(), false)
}

/// Steps over white space, line breaks and comments.
pub(in crate::manifest) fn skip_blank(text: &str, mut at: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    while at < end {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\n' | b'\r') => at += 1,
            // A byte order mark may stand before a document.
            Some(0xef) if bytes.get(at + 1..at + 3) == Some(&[0xbb, 0xbf]) => at += 3,
            Some(b'#') => at += memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at),
            _ => break,
        }
    }
    at.min(end)
}

/// Steps over `&anchor` and `!tag` in front of a value.
pub(super) fn skip_properties(text: &str, mut at: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    loop {
        at = skip_blank(text, at, end);
        if at >= end || !matches!(bytes.get(at), Some(b'&' | b'!')) {
            return at;
        }
        let flow = |byte: &u8| matches!(byte, b',' | b'[' | b']' | b'{' | b'}');
        let stop = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r') || flow(byte);
        at += bytes.get(at..end).and_then(|rest| rest.iter().position(stop)).unwrap_or(end - at);
        if bytes.get(at).is_some_and(flow) {
            return at;
        }
    }
}

/// The `|` or `>` of a block scalar, looked for from the end of what stood before it.
pub(super) fn block_header(text: &str, from: usize, content: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at = skip_properties(text, at, content);
        match bytes.get(at) {
            Some(b'|' | b'>') if at < content => return at,
            Some(b':' | b'-' | b'?') if at < content => at += 1,
            _ => return content,
        }
    }
}

/// Where a value that was left out would stand: behind the `:`, `-` or `?` that announced it.
pub(super) fn missing(text: &str, from: usize, end: usize) -> usize {
    let at = skip_blank(text, from, end.max(from));
    match text.as_bytes().get(at) {
        Some(b':' | b'-' | b'?') => at + 1,
        _ => from,
    }
}

/// The end without trailing white space.
pub(super) fn trimmed_end(text: &str, start: usize, end: usize) -> usize {
    start + text.get(start..end).map_or(0, |content| content.trim_end_matches([' ', '\t', '\n', '\r']).len())
}
