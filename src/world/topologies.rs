//! The `topologies` annotation: further ways in which an app looks for nodes, beside the one that the label and the other annotations
//! say. One a line, a strategy and its options as the annotations are called: `Kubernetes.DNS basename=worker service=worker`.

use std::ops::Range;

use super::declared::{Key, Sourced};
use crate::place::{Focus, Loc};

/// One of the further ways.
pub type Topology = (Sourced<String>, Vec<(Key, Sourced<String>)>);

/// The options that a topology may have. The others are about the pod, whatever it looks for.
pub const OPTIONS: [Key; 7] =
    [Key::Basename, Key::Mode, Key::Lookup, Key::Selector, Key::Service, Key::Namespace, Key::ClusterDomain];

/// A part of the annotation that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("has `{word}`, {fault}")]
pub struct BadTopology {
    /// The part.
    pub word: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// Where it stands.
    pub at: Loc,
}

/// Why a part is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A line begins with it.
    #[error("where a line begins with the name of a strategy")]
    NoStrategy,
    /// It follows the strategy.
    #[error("which is no option: `service=…`")]
    NoOption,
    /// No topology has it.
    #[error("and no topology has such an option")]
    UnknownOption,
    /// It stands there twice.
    #[error("which is said twice")]
    Twice,
}

/// Reads all of them.
///
/// # Errors
/// The first part that is not understood.
pub fn read(written: &Sourced<String>) -> Result<Vec<Topology>, BadTopology> {
    let text = &written.value;
    let lines = text.split_inclusive('\n').scan(0, |start, line| {
        let range = *start..*start + line.len();
        *start = range.end;
        Some(range)
    });
    // A list of YAML is what one may expect here, and its dashes harm nobody.
    let lines = lines.map(|range| trimmed(text, range)).map(|range| match text[range.clone()].strip_prefix("- ") {
        Some(_) => trimmed(text, range.start + 2..range.end),
        None => range,
    });
    lines.filter(|range| !range.is_empty()).map(|range| read_line(written, range)).collect()
}

fn read_line(written: &Sourced<String>, line: Range<usize>) -> Result<Topology, BadTopology> {
    let text = &written.value;
    let piece = |range: Range<usize>| Sourced { value: text[range.clone()].to_owned(), at: within(&written.at, range) };
    let bad = |range: Range<usize>, fault| {
        let Sourced { value: word, at } = piece(range);
        BadTopology { word, fault, at }
    };
    let first = text[line.clone()].find(char::is_whitespace).map_or(line.end, |length| line.start + length);
    if text[line.start..first].contains(['=', ':']) {
        return Err(bad(line.start..first, Fault::NoStrategy));
    }
    let mut keys: Vec<(Key, Sourced<String>)> = Vec::new();
    for option in options(text, trimmed(text, first..line.end)) {
        let Some(length) = begins_an_option(&text[option.clone()]) else { return Err(bad(option, Fault::NoOption)) };
        let name = option.start..option.start + length;
        let key = Key::named(&text[name.clone()]).filter(|key| OPTIONS.contains(key));
        let key = key.ok_or_else(|| bad(name.clone(), Fault::UnknownOption))?;
        if keys.iter().any(|(known, _)| *known == key) {
            return Err(bad(name, Fault::Twice));
        }
        keys.push((key, piece(trimmed(text, name.end + 1..option.end))));
    }
    Ok((piece(line.start..first), keys))
}

/// The options of a line. A value may have spaces, as that of a selector has: it ends where the next option begins.
fn options(text: &str, line: Range<usize>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start = line.start;
    for word in text[line].split_inclusive(char::is_whitespace) {
        let range = start..start + word.len();
        start = range.end;
        match found.last_mut() {
            Some(last) if begins_an_option(word).is_none() => last.end = range.end,
            _ => found.push(range),
        }
    }
    found.into_iter().map(|range| trimmed(text, range)).filter(|range| !range.is_empty()).collect()
}

/// How long the name is with which an option begins: `service=…`. What a selector holds after a space is none: `in (a, b)`.
fn begins_an_option(word: &str) -> Option<usize> {
    let (name, _) = word.split_once('=')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_name.then_some(name.len())
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let slice = &text[range.clone()];
    let start = range.start + (slice.len() - slice.trim_start().len());
    start..start + slice.trim().len()
}

/// A part of a value. Where the value itself is a part of a text, its place is near enough: quotes and escapes are between.
fn within(at: &Loc, range: Range<usize>) -> Loc {
    match at.focus {
        Focus::Value => at.clone().within(range),
        Focus::Key | Focus::Within(..) => at.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{ObjectId, Pointer};

    fn read_text(text: &str) -> Result<Vec<Topology>, BadTopology> {
        read(&Sourced { value: text.to_owned(), at: Pointer::root().of(ObjectId(0)) })
    }

    fn shown(text: &str) -> String {
        let show = |(strategy, keys): Topology| {
            let keys: Vec<_> = keys.iter().map(|(key, value)| format!(" [{}|{}]", key.name(), value.value)).collect();
            format!("{}{}\n", strategy.value, keys.concat())
        };
        read_text(text).unwrap().into_iter().map(show).collect()
    }

    #[test]
    fn each_line_is_a_strategy_with_its_options() {
        assert_eq!(
            shown("Kubernetes.DNS basename=worker service=worker\n\n  - Gossip\r\n"),
            "Kubernetes.DNS [basename|worker] [service|worker]\nGossip\n"
        );
        assert_eq!(
            shown("Kubernetes selector=app=cart,tier in (web, api) namespace=$(PEERS) mode=ip"),
            "Kubernetes [selector|app=cart,tier in (web, api)] [namespace|$(PEERS)] [mode|ip]\n"
        );
        assert_eq!(shown(""), "");
    }

    #[test]
    fn every_part_knows_its_place() {
        let text = "Gossip\n- Kubernetes.DNS  basename=worker service=größe ";
        let read = read_text(text).unwrap();
        let of = |at: &Loc| match at.focus {
            Focus::Within(start, end) => text[start as usize..end as usize].to_owned(),
            _ => panic!("a part"),
        };
        let (strategy, keys) = &read[1];
        assert_eq!(of(&strategy.at), "Kubernetes.DNS");
        assert_eq!(keys.iter().map(|(_, value)| of(&value.at)).collect::<Vec<_>>(), ["worker", "größe"]);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, word, fault) in [
            ("basename=worker service=x", "basename=worker", Fault::NoStrategy),
            ("strategy: Kubernetes", "strategy:", Fault::NoStrategy),
            ("Gossip worker service=x", "worker", Fault::NoOption),
            ("Gossip servce=x", "servce", Fault::UnknownOption),
            ("Gossip inputs=x", "inputs", Fault::UnknownOption),
            ("Gossip mode=ip mode=dns", "mode", Fault::Twice),
        ] {
            let bad = read_text(text).unwrap_err();
            assert_eq!((bad.word.as_str(), bad.fault), (word, fault), "{text}");
        }
    }
}
