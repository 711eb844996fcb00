//! `# beamgate: ignore[BG204] until=2027-03-01 reason`

use jiff::civil::Date;

use super::source::{Origin, Source, number};
use super::yaml;
use crate::world::node::{Node, Span, Value};

/// A comment that asks for silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its bytes, from the `#`.
    pub span: Span,
    /// The line that it is about, counted from one: its own, or the next with content if it stands alone.
    pub line: u32,
    /// The codes or slugs to ignore, as written.
    pub codes: Vec<String>,
    /// The last day on which it counts.
    pub until: Option<Date>,
    /// Why; empty if nothing was said.
    pub reason: String,
    /// What keeps it from being understood.
    pub fault: Option<&'static str>,
}

/// All comments for beamgate in a source. What looks like one inside a scalar is none.
pub fn comments(source: &Source) -> Vec<Comment> {
    let text = &source.text;
    let mut places = memchr::memmem::find_iter(text.as_bytes(), "beamgate:").filter_map(|at| hash(text, at)).peekable();
    if places.peek().is_none() {
        return Vec::new();
    }
    // A template is no YAML.
    let is_template = matches!(source.origin, Origin::Template(_));
    let documents = if is_template { Vec::new() } else { yaml::documents(text) };
    let mut found: Vec<_> = places.collect();
    for document in documents {
        let parsed = yaml::parse(text, document.clone());
        let inside = |at: &usize| match &parsed {
            Ok(Some(parsed)) => document.contains(at) && covered(&parsed.root, text, *at),
            Ok(None) => false,
            Err(_) => document.contains(at),
        };
        found.retain(|at| !inside(at));
    }
    found.into_iter().map(|at| read(source, at)).collect()
}

/// The `#` before `beamgate:`, if there is one that may begin a comment.
fn hash(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?.trim_end_matches([' ', '\t']);
    let hash = before.len().checked_sub(1).filter(|_| before.ends_with('#'))?;
    let starts = hash == 0 || text.as_bytes().get(hash - 1).is_some_and(u8::is_ascii_whitespace);
    starts.then_some(hash)
}

/// Whether a scalar covers the byte. The line of a block scalar's `|` may hold a comment.
fn covered(node: &Node<'_>, text: &str, at: usize) -> bool {
    let within = |span: Span| (span.start as usize..span.end as usize).contains(&at);
    match &node.value {
        Value::List(items) => items.iter().any(|item| covered(item, text, at)),
        Value::Map(entries) => entries.iter().any(|entry| within(entry.key_span) || covered(&entry.node, text, at)),
        _ => within(node.span) && !is_header(text, node.span, at),
    }
}

fn is_header(text: &str, span: Span, at: usize) -> bool {
    let before = text.get(span.start as usize..at).unwrap_or("");
    before.starts_with(['|', '>']) && !before.contains('\n')
}

fn read(source: &Source, at: usize) -> Comment {
    let line = source.position(number(at)).line;
    let bytes = source.line(line);
    let span = Span { start: number(at), end: bytes.end };
    let alone = source.slice(Span { start: bytes.start, end: span.start }).trim().is_empty();
    let line = if alone { next_line(source, line) } else { line };
    let said = source.slice(span).split_once("beamgate:").map_or("", |(_, said)| said.trim());
    let silent = Comment { span, line, codes: Vec::new(), until: None, reason: String::new(), fault: None };
    match directive(said) {
        Ok((codes, until, reason)) => Comment { codes, until, reason, ..silent },
        Err(fault) => Comment { fault: Some(fault), ..silent },
    }
}

/// The next line with content. At the end of the text: the last line.
fn next_line(source: &Source, line: u32) -> u32 {
    let last = source.position(number(source.text.len())).line;
    let has_content = |line: &u32| {
        let text = source.slice(source.line(*line)).trim();
        !text.is_empty() && !text.starts_with('#')
    };
    (line + 1..=last).find(has_content).unwrap_or(line)
}

type Directive = (Vec<String>, Option<Date>, String);

fn directive(said: &str) -> Result<Directive, &'static str> {
    let said = said.strip_prefix("ignore").ok_or("only `ignore[CODE]` is known here")?;
    let (codes, rest) = said
        .strip_prefix('[')
        .and_then(|said| said.split_once(']'))
        .ok_or("`ignore` needs the codes in brackets: `ignore[BG204]`")?;
    let codes: Vec<_> = codes.split(',').map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned).collect();
    if codes.is_empty() {
        return Err("there is no code in the brackets");
    }
    let mut until = None;
    let mut reason = rest.trim();
    if let Some(rest) = reason.strip_prefix("until=") {
        let (date, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        until = Some(date.parse().map_err(|_| "`until=` needs a day: `until=2027-03-01`")?);
        reason = rest.trim();
    }
    Ok((codes, until, reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::source::Origin;

    fn of(text: &str) -> Vec<Comment> {
        comments(&Source::new("a", Origin::Stream, text.to_owned()))
    }

    #[test]
    fn comments_apply_to_their_line_or_to_the_next() {
        for (text, line) in [
            ("a: 1 # beamgate: ignore[BG204] x\n", 1),
            ("a: 1\n# beamgate: ignore[BG204] x\n# more\n\nb: 1\n", 5),
            ("a: | # beamgate: ignore[BG204] x\n  t\n", 1),
            ("---\na: \"x\" # beamgate:ignore[BG204] x\n", 2),
            ("a:\n  - b\n  #beamgate: ignore[BG204] x\n  - c\n", 4),
        ] {
            assert_eq!(of(text).iter().map(|comment| comment.line).collect::<Vec<_>>(), [line], "{text}");
        }
    }

    #[test]
    fn scalars_are_no_comments() {
        for text in [
            "a: \"# beamgate: ignore[BG204] x\"\n",
            "a: |\n  # beamgate: ignore[BG204] x\n",
            "a: b#beamgate: ignore[BG204]\n",
            "beamgate: ignore\n",
            "a: [\n # beamgate: ignore[BG204] x\n",
        ] {
            assert_eq!(of(text), [], "{text}");
        }
    }

    #[test]
    fn codes_dates_and_reasons() {
        let comment = &of("# beamgate: ignore[BG204, service-without-ports] until=2027-03-01 we know\na: 1\n")[0];
        assert_eq!(comment.codes, ["BG204", "service-without-ports"]);
        assert_eq!(comment.until, Some(jiff::civil::date(2027, 3, 1)));
        assert_eq!(comment.reason, "we know");
        for said in ["ignore BG204", "ignore[]", "allow[BG204]", "ignore[BG204] until=soon x"] {
            assert!(of(&format!("a: 1 # beamgate: {said}\n"))[0].fault.is_some(), "{said}");
        }
    }
}
