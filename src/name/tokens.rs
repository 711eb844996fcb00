//! A value of `env`, as the kubelet's expansion takes it apart
//! (`third_party/forked/golang/expansion/expand.go` of Kubernetes 1.35).

use std::ops::Range;

/// The names that a value refers to with `$(X)`.
pub fn references(text: &str) -> impl Iterator<Item = &str> {
    tokens(text).into_iter().filter_map(|token| match token {
        Token::Reference(_, name) => Some(name),
        Token::Text(_) | Token::Escaped(_) => None,
    })
}

/// A piece of text as the kubelet's expansion splits it; the ranges are bytes of the value.
pub(super) enum Token<'t> {
    /// Text as it stands.
    Text(Range<usize>),
    /// `$$`, of which one dollar stays; together with the `(X)` behind it, so that it can be pointed at.
    Escaped(Range<usize>),
    /// `$(X)` and its `X`.
    Reference(Range<usize>, &'t str),
}

/// Splits a value: `$$` escapes a dollar, `$(…)` is a reference up to the next `)`, every other dollar is text.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut start, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while let Some(dollar) = bytes[at..].iter().position(|byte| *byte == b'$').map(|found| at + found) {
        let reference = match bytes.get(dollar + 1) {
            Some(b'$') => Some(Token::Escaped(dollar..escaped_end(text, dollar))),
            Some(b'(') => text[dollar..]
                .find(')')
                .map(|length| Token::Reference(dollar..dollar + length + 1, &text[dollar + 2..dollar + length])),
            _ => None,
        };
        let Some(token) = reference else {
            at = dollar + 1;
            continue;
        };
        let (Token::Text(range) | Token::Escaped(range) | Token::Reference(range, _)) = &token;
        let end = range.end;
        if start < dollar {
            tokens.push(Token::Text(start..dollar));
        }
        tokens.push(token);
        (start, at) = (end, end);
    }
    if start < text.len() {
        tokens.push(Token::Text(start..text.len()));
    }
    tokens
}

/// Where the `$$` or `$$(X)` at a dollar ends. A reference with a further dollar inside is not one part: that one counts.
fn escaped_end(text: &str, dollar: usize) -> usize {
    let after = dollar + 2;
    let reference = text[after..].starts_with('(').then(|| text[after..].find(')')).flatten();
    match reference {
        Some(length) if !text[after..after + length].contains('$') => after + length + 1,
        _ => after,
    }
}
