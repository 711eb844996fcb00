//! `sed` with `s` commands whose pattern is a character or plain text.

use super::tools;
use crate::name::template::Template;

/// `s/pattern/replacement/g`.
struct Substitute {
    pattern: Vec<Atom>,
    replacement: String,
    everywhere: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Atom {
    Char(char),
    /// The `.` that is not escaped.
    Any,
}

/// What it prints, if that is known, and whether it turns every character into another. `None` if the script is not read.
pub(super) fn run(input: &Template, words: &[&str], dotless: bool) -> Option<(Option<Template>, bool)> {
    let mut commands = Vec::new();
    match words {
        [script] if !script.starts_with('-') => parse(script, false, &mut commands)?,
        ["-E" | "-r", script] => parse(script, true, &mut commands)?,
        [] => return None,
        _ => {
            for pair in words.chunks(2) {
                let ["-e", script] = pair else { return None };
                parse(script, false, &mut commands)?;
            }
        }
    }
    let mut value = Some(input.clone());
    let mut ate = false;
    for command in &commands {
        ate |= command.pattern == [Atom::Any] && command.everywhere;
        value = value.and_then(|value| command.apply(&value, dotless));
    }
    Some((value, ate))
}

fn parse(script: &str, extended: bool, commands: &mut Vec<Substitute>) -> Option<()> {
    let mut rest = script.trim();
    while !rest.is_empty() {
        let (command, after) = substitute(rest, extended)?;
        commands.push(command);
        rest = after.trim_start_matches([';', ' ', '\n']);
        if rest.len() == after.len() && !rest.is_empty() {
            return None;
        }
    }
    Some(())
}

fn substitute(text: &str, extended: bool) -> Option<(Substitute, &str)> {
    let mut chars = text.strip_prefix('s')?.chars();
    let delimiter = chars.next().filter(|c| c.is_ascii_punctuation() && *c != '\\')?;
    let (pattern, after) = until(chars.as_str(), delimiter)?;
    let (replacement, after) = until(after, delimiter)?;
    let flags = after.find([';', '\n', ' ']).unwrap_or(after.len());
    let everywhere = match &after[..flags] {
        "g" => true,
        "" => false,
        _ => return None,
    };
    // Shells' `sed`s differ on whether an escaped delimiter keeps a meaning of its own.
    let escaped = format!("\\{delimiter}");
    if ".*[]^$&+?(){}|".contains(delimiter) && (pattern.contains(&escaped) || replacement.contains(&escaped)) {
        return None;
    }
    let pattern = atoms(pattern, delimiter, extended)?;
    Some((Substitute { pattern, replacement: plain(replacement, delimiter)?, everywhere }, &after[flags..]))
}

fn until(text: &str, delimiter: char) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = text.char_indices().find_map(|(index, c)| {
        let ends = c == delimiter && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(index)
    })?;
    Some((&text[..end], &text[end + delimiter.len_utf8()..]))
}

/// A pattern without repetition, anchors or groups.
fn atoms(pattern: &str, delimiter: char, extended: bool) -> Option<Vec<Atom>> {
    let mut atoms = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        atoms.push(match c {
            '\\' => {
                let next = rest.chars().next().filter(|c| ".*[]^$/-_:@\\".contains(*c) || *c == delimiter)?;
                rest = &rest[next.len_utf8()..];
                Atom::Char(next)
            }
            '[' => {
                // `[.]`.
                let mut class = rest.chars();
                let (inner, Some(']')) = (class.next()?, class.next()) else { return None };
                if matches!(inner, '^' | ']' | '[' | '\\') {
                    return None;
                }
                rest = class.as_str();
                Atom::Char(inner)
            }
            '.' => Atom::Any,
            '*' | '^' | '$' => return None,
            '+' | '?' | '(' | ')' | '{' | '}' | '|' if extended => return None,
            c => Atom::Char(c),
        });
    }
    (!atoms.is_empty()).then_some(atoms)
}

fn plain(replacement: &str, delimiter: char) -> Option<String> {
    let mut text = String::new();
    let mut chars = replacement.chars();
    while let Some(c) = chars.next() {
        match c {
            '&' | '\n' => return None,
            '\\' => text.push(chars.next().filter(|c| "-._/\\&:@".contains(*c) || *c == delimiter)?),
            c => text.push(c),
        }
    }
    Some(text)
}

impl Substitute {
    fn apply(&self, input: &Template, dotless: bool) -> Option<Template> {
        if let Some(text) = input.literal() {
            let at = &input.pieces().first()?.at;
            return Some(Template::lit(self.on_text(&text), at));
        }
        match self.pattern.as_slice() {
            [Atom::Char(c)] if self.everywhere => {
                let image = |other: char| if other == *c { self.replacement.clone() } else { other.to_string() };
                tools::map(input, dotless, &image)
            }
            [Atom::Char(c)] => self.first(input, *c, dotless),
            _ => None,
        }
    }

    /// The first such character, where it is certain which one that is.
    fn first(&self, input: &Template, c: char, dotless: bool) -> Option<Template> {
        // More lines would be more firsts.
        let lines = input.pieces().iter().filter_map(|piece| piece.part.text()).map(|text| text.matches('\n').count());
        if lines.sum::<usize>() > 1 || input.unknown().is_some() {
            return None;
        }
        let Some((before, after)) = super::pattern::split_first(input, c, dotless)? else { return Some(input.clone()) };
        let mut output = before;
        output.push_lit(&self.replacement, &input.pieces().first()?.at);
        output.append(&after);
        Some(output)
    }

    fn on_text(&self, text: &str) -> String {
        let lines: Vec<String> = text.split('\n').map(|line| self.on_line(line)).collect();
        lines.join("\n")
    }

    fn on_line(&self, line: &str) -> String {
        let chars: Vec<char> = line.chars().collect();
        let fits = |atom: &Atom, c: &char| *atom == Atom::Any || *atom == Atom::Char(*c);
        let (mut output, mut index) = (String::new(), 0);
        while index < chars.len() {
            let here = chars.get(index..index + self.pattern.len());
            if here.is_some_and(|here| self.pattern.iter().zip(here).all(|(atom, c)| fits(atom, c))) {
                output.push_str(&self.replacement);
                index += self.pattern.len();
                if !self.everywhere {
                    break;
                }
            } else {
                output.push(chars[index]);
                index += 1;
            }
        }
        output.extend(&chars[index..]);
        output
    }
}
