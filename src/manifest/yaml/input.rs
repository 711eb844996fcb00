//! What the parser reads from.

use saphyr_parser::Input;

/// A text of which nearly every character is a byte.
///
/// The parser's own input decodes a character anew whenever it is looked at, two where one decides, and has every plain
/// scalar begin with room for 128 bytes.
#[derive(Clone, Copy)]
pub(super) struct Characters<'s> {
    /// The next one; `\0` at the end.
    current: char,
    /// What follows it; nothing at the end.
    rest: Option<&'s [u8]>,
}

/// How far the parser looks ahead at once. A scalar that has room for 32 bytes and holds one takes as many without growing.
const AHEAD: usize = 31;

impl<'s> Characters<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        Self::at(text.as_bytes())
    }

    #[inline]
    fn at(bytes: &'s [u8]) -> Self {
        match bytes.split_first() {
            Some((byte, rest)) if byte.is_ascii() => Self { current: char::from(*byte), rest: Some(rest) },
            _ => Self::wide(bytes),
        }
    }

    /// At a character of several bytes, or at the end.
    #[cold]
    fn wide(bytes: &'s [u8]) -> Self {
        let width = bytes.first().map_or(0, |byte| byte.leading_ones() as usize);
        let split = bytes.split_at_checked(width);
        let decoded = split.and_then(|(character, rest)| {
            let current = std::str::from_utf8(character).ok()?.chars().next()?;
            Some(Self { current, rest: Some(rest) })
        });
        decoded.unwrap_or(Self { current: '\0', rest: None })
    }
}

impl Input for Characters<'_> {
    // Everything is there already.
    #[inline]
    fn lookahead(&mut self, _: usize) {}

    #[inline]
    fn buflen(&self) -> usize {
        AHEAD
    }

    #[inline]
    fn bufmaxlen(&self) -> usize {
        AHEAD
    }

    #[inline]
    fn raw_read_ch(&mut self) -> char {
        let current = self.current;
        self.skip();
        current
    }

    #[inline]
    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        let reads = !matches!(self.current, '\0' | '\n' | '\r' | '\u{feff}');
        reads.then(|| self.raw_read_ch())
    }

    #[inline]
    fn skip(&mut self) {
        if let Some(rest) = self.rest {
            *self = Self::at(rest);
        }
    }

    #[inline]
    fn skip_n(&mut self, count: usize) {
        (0..count).for_each(|_| self.skip());
    }

    #[inline]
    fn peek(&self) -> char {
        self.current
    }

    #[inline]
    fn peek_nth(&self, n: usize) -> char {
        let mut ahead = *self;
        ahead.skip_n(n);
        ahead.current
    }

    #[inline]
    fn peek_opt(&self) -> Option<char> {
        self.rest.map(|_| self.current)
    }

    // As the trait has it, without looking two characters ahead where one decides.
    #[inline]
    fn next_can_be_plain_scalar(&self, in_flow: bool) -> bool {
        let is_flow = |character| in_flow && matches!(character, ',' | '[' | ']' | '{' | '}');
        match self.current {
            ':' => {
                let next = self.peek_nth(1);
                !matches!(next, ' ' | '\t' | '\n' | '\r' | '\0') && !is_flow(next)
            }
            '\u{feff}' => false,
            character => !is_flow(character),
        }
    }
}
