//! Where a text holds an Erlang cookie. Cookies are never printed, and reports show lines of other people's files.
//!
//! This reads characters, not YAML: what is shown may be a broken manifest, a shell script or a `vm.args`, and a secret
//! must stay one there too. Where it is in doubt it hides too much, which costs a reader a word.

use std::ops::Range;

const QUOTES: [char; 3] = ['"', '\'', '`'];

/// The bytes of every literal cookie, in order, never touching each other and never across a line break. References
/// such as `$(COOKIE)` are no secret.
pub(super) fn cookies(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let found = lower
        .match_indices("cookie")
        .map(|(at, _)| word_around(text, at))
        .flat_map(|word| values_of(text, &word))
        .flat_map(|value| by_line(text, value));
    merged(found.collect())
}

/// The same bytes, in order, in ranges that never touch each other.
pub(super) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, kept| {
        let touches = next.start <= kept.end;
        if touches {
            kept.end = kept.end.max(next.end);
        }
        touches
    });
    ranges
}

/// The same text with its cookies hidden.
pub(crate) fn without_cookies(text: &str, with: &str) -> String {
    let mut clean = text.to_owned();
    for range in cookies(text).into_iter().rev() {
        clean.replace_range(range, with);
    }
    clean
}

/// `RELEASE_COOKIE`, `-setcookie`, `.erlang.cookie`.
fn word_around(text: &str, at: usize) -> Range<usize> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let start = text[..at].trim_end_matches(part).len();
    let end = text.len() - text[at..].trim_start_matches(part).len();
    start..end
}

/// What the word gives a value to, by the ways in which manifests, scripts and argument files do that.
fn values_of(text: &str, word: &Range<usize>) -> Vec<Range<usize>> {
    let name = &text[word.clone()];
    if text[..word.start].ends_with("${") {
        return shell_default(text, word).into_iter().collect();
    }
    if name.starts_with('-') || name.contains("setcookie") {
        let first = after_flag(text, word.end);
        // `-setcookie node cookie`
        let second = first.as_ref().filter(|first| text[(*first).clone()].contains('@')).and_then(|first| {
            let rest = text[first.end..].trim_start_matches([' ', '\t']);
            let is_value = rest.len() < text.len() - first.end && !rest.starts_with(['-', '+', '\n', '#', '"', '\'']);
            is_value.then(|| token(text, text.len() - rest.len()))?
        });
        return first.into_iter().chain(second).collect();
    }
    let rest = text[word.end..].trim_start_matches(['\\', '"', '\'', ' ', '\t']);
    let at = text.len() - rest.len();
    if rest.starts_with(':') {
        return yaml_value(text, word.start, at + 1).into_iter().collect();
    }
    if rest.starts_with('=') {
        return token(text, at + 1).into_iter().collect();
    }
    if rest.starts_with('(') || (rest.starts_with(',') && text[..word.start].ends_with('{')) {
        return erlang_value(text, at + 1).into_iter().collect();
    }
    match key_before(text, word.start) {
        Some(("name" | "key", key)) => siblings(text, key, word.end),
        _ => Vec::new(),
    }
}

/// `${RELEASE_COOKIE:-sekret}`: whatever stands after the variable's name.
fn shell_default(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    let rest = text[word.start..].trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    let start = text.len() - rest.trim_start_matches([':', '-', '=', '+', '?']).len();
    let end = text[start..].find(['}', '\n']).map_or(text.len(), |end| start + end);
    (start < end).then_some(start..end)
}

/// `set_cookie(sekret)`, `{cookie, sekret}`: all up to the last bracket of the line.
fn erlang_value(text: &str, start: usize) -> Option<Range<usize>> {
    let line = text[start..].split('\n').next().unwrap_or("");
    let end = line.rfind([')', '}']).unwrap_or(line.len());
    let spaces = end - line[..end].trim_start().len();
    literal(text, start + spaces..start + end)
}

/// `-setcookie sekret`, `"--cookie", "sekret"`, and list items one below the other.
fn after_flag(text: &str, end: usize) -> Option<Range<usize>> {
    let mut rest = text[end..].trim_start_matches([' ', '\t', '\\', '"', '\'', ',', '=']);
    while let Some(next) = rest.trim_start_matches('\r').strip_prefix('\n') {
        let next = next.trim_start_matches([' ', '\t']);
        rest = next.strip_prefix("- ").unwrap_or(next).trim_start_matches([' ', '"', '\'']);
        if rest.split_whitespace().next().is_some_and(|word| word.ends_with(':')) {
            return None;
        }
    }
    if rest.starts_with([']', '}', ')', '#', '`']) {
        return None;
    }
    token(text, text.len() - rest.len())
}

/// One word, or all that a quotation mark before it or at its start encloses.
fn token(text: &str, start: usize) -> Option<Range<usize>> {
    if let Some(range) = quoted(text, start) {
        return range;
    }
    let rest = &text[start..];
    if rest.starts_with("$(") {
        let end = rest.find([')', '\n']).map_or(text.len(), |end| start + end);
        return literal(text, start..end + usize::from(text[end..].starts_with(')')));
    }
    let opened = text[..start].chars().next_back().filter(|c| QUOTES.contains(c));
    let end = match opened {
        Some(quote) => rest.find([quote, '\n']),
        None => rest.find(|c: char| c.is_whitespace() || QUOTES.contains(&c)),
    };
    literal(text, start..end.map_or(text.len(), |end| start + end))
}

/// The inside of the quotation marks that open here, if they do; they may close lines below.
fn quoted(text: &str, start: usize) -> Option<Option<Range<usize>>> {
    let quote = text[start..].chars().next().filter(|c| QUOTES.contains(c))?;
    let inside = start + 1;
    let mut escaped = false;
    for (at, c) in text[inside..].char_indices() {
        if c == quote && !escaped {
            return Some(literal(text, inside..inside + at));
        }
        escaped = quote == '"' && c == '\\' && !escaped;
    }
    Some(literal(text, inside..text.len()))
}

/// The value of a key: a scalar in any of YAML's styles, or all that is indented below it.
fn yaml_value(text: &str, key: usize, start: usize) -> Option<Range<usize>> {
    let start = start + text[start..].len() - text[start..].trim_start_matches([' ', '\t', '\\']).len();
    if let Some(range) = quoted(text, start) {
        return range;
    }
    let line_start = text[..key].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = &text[start..line_end];
    let end = if text[line_start..start].contains(['{', '[']) { line.find([',', '}', ']']) } else { line.find(" #") };
    let here = start..end.map_or(line_end, |end| start + end);

    let is_comment = text[line_start..].trim_start_matches([' ', '\t']).starts_with('#');
    let below = if is_comment { line_end } else { end_of_block(text, line_start, line_end) };
    if below > line_end {
        let header = line.starts_with(['|', '>']) || line.trim().is_empty();
        return Some(if header { line_end..below } else { start..below });
    }
    literal(text, here)
}

/// The end of the lines that are indented more than the key of this line, or the line's own end.
fn end_of_block(text: &str, line_start: usize, line_end: usize) -> usize {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-', '"', '\'', '{', '\t']).len();
    let key = indent(&text[line_start..line_end]);
    let mut end = line_end;
    let mut at = line_end;
    while let Some(rest) = text[at..].strip_prefix('\n') {
        let line = rest.split('\n').next().unwrap_or("");
        let spaces = line.len() - line.trim_start().len();
        at += 1 + line.len();
        if line.trim().is_empty() {
            continue;
        }
        if spaces <= key {
            break;
        }
        end = at;
    }
    end
}

/// The `value` beside the key that named the cookie, before it or after it. Where the item ends is only guessed, by the
/// next name: the next item's value may be hidden too.
fn siblings(text: &str, key: usize, end: usize) -> Vec<Range<usize>> {
    let next_name = first_key(text, "name", end..text.len()).unwrap_or(text.len());
    let after = first_key(text, "value", end..next_name);

    let opens_item = text[..key].trim_end_matches([' ', '\t', '\r', '\n', '"', '\'', '\\']).ends_with(['-', '{']);
    let before = (!opens_item).then(|| {
        let last_name = last_key(text, "name", 0..key).unwrap_or(0);
        last_key(text, "value", last_name..key)
    });
    let values = [after, before.flatten()].into_iter().flatten();
    values.filter_map(|at| yaml_value(text, at, after_colon(text, at + "value".len())?)).collect()
}

fn first_key(text: &str, key: &str, part: Range<usize>) -> Option<usize> {
    let offset = part.start;
    text[part].match_indices(key).map(|(at, _)| offset + at).find(|at| is_key(text, key, *at))
}

fn last_key(text: &str, key: &str, part: Range<usize>) -> Option<usize> {
    let offset = part.start;
    text[part].rmatch_indices(key).map(|(at, _)| offset + at).find(|at| is_key(text, key, *at))
}

fn is_key(text: &str, key: &str, at: usize) -> bool {
    let longer = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    !text[..at].ends_with(longer) && after_colon(text, at + key.len()).is_some()
}

/// What follows the colon of `name:`, `"name" :` or `\"name\":`, given where the name ends.
fn after_colon(text: &str, end: usize) -> Option<usize> {
    let rest = text[end..].trim_start_matches(['\\', '"', '\'', ' ', '\t']).strip_prefix(':')?;
    Some(text.len() - rest.len())
}

/// The key, on the same line, whose value begins here.
fn key_before(text: &str, value: usize) -> Option<(&str, usize)> {
    let before = text[..value].trim_end_matches(['\\', '"', '\'', ' ', '\t']).strip_suffix(':')?;
    let before = before.trim_end_matches(['\\', '"', '\'', ' ', '\t']);
    let start = before.trim_end_matches(char::is_alphanumeric).len();
    Some((&before[start..], start))
}

/// The range, unless it is empty or nothing but a reference to where the cookie is.
fn literal(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let value = text[range.clone()].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ']'));
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let reference = value.strip_prefix('$').is_some_and(|name| {
        let braced = name.strip_prefix('(').and_then(|name| name.strip_suffix(')'));
        let braced = braced.or_else(|| name.strip_prefix('{').and_then(|name| name.strip_suffix('}')));
        is_name(braced.unwrap_or(name))
    });
    let range = range.start..range.start + value.len();
    (!range.is_empty() && !reference).then_some(range)
}

/// The parts of a range on each line, without indentation.
fn by_line(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = range.start;
    for line in text[range].split('\n') {
        let content = line.trim();
        let from = start + (line.len() - line.trim_start().len());
        if !content.is_empty() {
            lines.push(from..from + content.len());
        }
        start += line.len() + 1;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        without_cookies(text, "***")
    }

    #[test]
    fn hides_cookies_however_they_are_written() {
        for (text, shown) in [
            (
                "- name: RELEASE_COOKIE\n  value: sekret\n- name: B\n  value: b",
                "- name: RELEASE_COOKIE\n  value: ***\n- name: B\n  value: b",
            ),
            (
                "- name: A\n  value: a\n- name: RELEASE_COOKIE\n  value: 'sek ret' # x",
                "- name: A\n  value: a\n- name: RELEASE_COOKIE\n  value: '***' # x",
            ),
            ("- value: sekret\n  name: RELEASE_COOKIE\n- name: B", "- value: ***\n  name: RELEASE_COOKIE\n- name: B"),
            ("- {name: RELEASE_COOKIE, value: sekret}", "- {name: RELEASE_COOKIE, value: ***}"),
            ("[{value: \"sekret\", name: RELEASE_COOKIE}]", "[{value: \"***\", name: RELEASE_COOKIE}]"),
            (
                r#"[{"name":"RELEASE_COOKIE","value":"sekret"},{"name":"B","value":"b"}]"#,
                r#"[{"name":"RELEASE_COOKIE","value":"***"},{"name":"B","value":"b"}]"#,
            ),
            ("- name: RELEASE_COOKIE\r\n  value: sekret\r\n", "- name: RELEASE_COOKIE\r\n  value: ***\r\n"),
            (
                "- name: RELEASE_COOKIE\n  value: |-\n    sekret\n- name: B",
                "- name: RELEASE_COOKIE\n  value: |-\n    ***\n- name: B",
            ),
            ("- name: RELEASE_COOKIE\n  value:\n    sekret\n", "- name: RELEASE_COOKIE\n  value:\n    ***\n"),
            (
                "- name: RELEASE_COOKIE\n  value: \"sek\n    ret\"\n",
                "- name: RELEASE_COOKIE\n  value: \"***\n    ***\"\n",
            ),
            ("args: [-setcookie sekret, -name, a@b]", "args: [-setcookie ***, -name, a@b]"),
            ("args: [\"--cookie\", \"sekret\", \"-name\"]", "args: [\"--cookie\", \"***\", \"-name\"]"),
            ("args:\n  - -setcookie\n  - sekret\n  - -name", "args:\n  - -setcookie\n  - ***\n  - -name"),
            ("value: \"-setcookie sekret -name a@b\"", "value: \"-setcookie *** -name a@b\""),
            ("-setcookie a@b sekret -name c@d\n", "-setcookie *** *** -name c@d\n"),
            ("-setcookie sekret\n-name a@b\n", "-setcookie ***\n-name a@b\n"),
            ("  RELEASE_COOKIE: sekret\n  B: b", "  RELEASE_COOKIE: ***\n  B: b"),
            ("literals:\n- RELEASE_COOKIE=sekret", "literals:\n- RELEASE_COOKIE=***"),
            ("export RELEASE_COOKIE=\"sek ret\"\n", "export RELEASE_COOKIE=\"***\"\n"),
            ("export RELEASE_COOKIE=${RELEASE_COOKIE:-sekret}\n", "export RELEASE_COOKIE=***\n"),
            ("echo ${RELEASE_COOKIE-sekret}\n", "echo ${RELEASE_COOKIE-***}\n"),
            ("export RELEASE_COOKIE=$(echo sekret | md5sum)\n", "export RELEASE_COOKIE=***\n"),
            ("COOKIE=`echo sekret`; x", "COOKIE=`***`; x"),
            (r#"{"value":"sekret","name":"RELEASE_COOKIE"}"#, r#"{"value":"***","name":"RELEASE_COOKIE"}"#),
            (
                "- name: 'RELEASE_COOKIE' # keep\n  # why\n  value: &c sekret # x\n",
                "- name: 'RELEASE_COOKIE' # keep\n  # why\n  value: *** # x\n",
            ),
            ("- {name: RELEASE_COOKIE,\n   value: sekret}", "- {name: RELEASE_COOKIE,\n   value: ***"),
            ("args: >-\n  -setcookie\n  sekret\n", "args: >-\n  -setcookie\n  ***\n"),
            ("[sh, -c, \"erl -setcookie 'sek ret' -name a\"]", "[sh, -c, \"erl -setcookie '***' -name a\"]"),
            ("stringData:\n  .erlang.cookie: sekret", "stringData:\n  .erlang.cookie: ***"),
            ("Node.set_cookie(:sekret)", "Node.set_cookie(***)"),
            ("[{cookie, 'sekret'}].", "[{cookie, ***}]."),
        ] {
            assert_eq!(hidden(text), shown);
        }
    }

    #[test]
    fn leaves_references_and_everything_else() {
        for text in [
            "- name: RELEASE_COOKIE\n  valueFrom:\n    secretKeyRef:\n      name: cart-cookie\n      key: cookie\n- name: B\n  value: b\n",
            "- {name: RELEASE_COOKIE, valueFrom: {secretKeyRef: {name: cart, key: cookie}}}\n- {name: B, value: b}",
            "value: -setcookie $(RELEASE_COOKIE) -name a@b",
            "RELEASE_COOKIE: $(COOKIE)",
            "args: [--cookie]\nimage: foo",
            "args:\n  - --cookie\nimage: foo",
            "command: [erl, -setcookie, $COOKIE]",
            "",
            "cookie",
            "-setcookie",
            "name: cookie",
        ] {
            assert_eq!(hidden(text), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn ranges_are_sound_whatever_the_text(text in r#"([ -~]|\n|ä|cookie|-setcookie |name: |value: |\$\{|\r\n|"){0,40}"#) {
            let mut end = 0;
            for range in cookies(&text) {
                assert!(range.start >= end && text[range.clone()].find('\n').is_none() && !range.is_empty());
                end = range.end;
            }
        }
    }
}
