//! What the parser reads from.

use saphyr_parser::Input;

/// A text of which nearly every character is a byte.
///
/// The parser's own input decodes a character anew whenever it is looked at, two where one decides, and has every plain
/// scalar begin with room for 128 bytes.
#[derive(Clone, Copy)]
pub(super) struct Characters<'s> {
    text: &'s str,
    at: usize,
    /// The character at `at`, which is looked at several times; behind the end it is the NUL that the parser expects there.
    here: char,
}

/// How far the parser looks ahead at once. A scalar that has room for 32 bytes and holds one takes as many without growing.
const AHEAD: usize = 31;

impl<'s> Characters<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        let mut characters = Self { text, at: 0, here: '\0' };
        characters.look();
        characters
    }

    #[inline]
    fn look(&mut self) {
        self.here = match self.text.as_bytes().get(self.at) {
            Some(byte) if byte.is_ascii() => char::from(*byte),
            Some(_) => self.wide(),
            None => '\0',
        };
    }

    /// The character here, which is not a single byte.
    #[cold]
    fn wide(&self) -> char {
        self.text.get(self.at..).and_then(|rest| rest.chars().next()).unwrap_or('\0')
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
        let character = self.here;
        self.skip();
        character
    }

    #[inline]
    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        let reads = !matches!(self.here, '\0' | '\n' | '\r' | '\u{feff}');
        reads.then(|| self.raw_read_ch())
    }

    #[inline]
    fn skip(&mut self) {
        self.at += self.here.len_utf8();
        self.look();
    }

    #[inline]
    fn skip_n(&mut self, count: usize) {
        (0..count).for_each(|_| self.skip());
    }

    #[inline]
    fn peek(&self) -> char {
        self.here
    }

    #[inline]
    fn peek_nth(&self, n: usize) -> char {
        let mut ahead = *self;
        ahead.skip_n(n);
        ahead.here
    }

    #[inline]
    fn peek_opt(&self) -> Option<char> {
        (self.at < self.text.len()).then_some(self.here)
    }

    // The rest is as the trait has it, without looking at more characters, or more often, than it takes to decide.

    #[inline]
    fn next_is_blank_or_breakz(&self) -> bool {
        matches!(self.here, '\0' | '\t' | '\n' | '\r' | ' ')
    }

    #[inline]
    fn next_can_be_plain_scalar(&self, in_flow: bool) -> bool {
        let is_flow = |character| in_flow && matches!(character, ',' | '[' | ']' | '{' | '}');
        match self.here {
            ':' => {
                let next = self.peek_nth(1);
                !matches!(next, ' ' | '\t' | '\n' | '\r' | '\0') && !is_flow(next)
            }
            '\u{feff}' => false,
            character => !is_flow(character),
        }
    }
}
