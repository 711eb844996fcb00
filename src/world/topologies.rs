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

/// No app has more: each is followed on its own.
pub const MOST: usize = 16;

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
    /// There are more lines than [`MOST`].
    #[error("one topology more than are read: 16")]
    TooMany,
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
    let says_something = |range: &Range<usize>| !range.is_empty() && !text[range.clone()].starts_with('#');
    let read = lines.filter(says_something).enumerate().map(|(number, range)| match number < MOST {
        true => read_line(written, range),
        false => Err(bad(written, range, Fault::TooMany)),
    });
    read.collect()
}

fn piece(written: &Sourced<String>, range: Range<usize>) -> Sourced<String> {
    Sourced { value: written.value[range.clone()].to_owned(), at: within(&written.at, range) }
}

fn bad(written: &Sourced<String>, range: Range<usize>, fault: Fault) -> BadTopology {
    let Sourced { value: word, at } = piece(written, range);
    BadTopology { word, fault, at }
}

fn read_line(written: &Sourced<String>, line: Range<usize>) -> Result<Topology, BadTopology> {
    let text = &written.value;
    let first = text[line.clone()].find(char::is_whitespace).map_or(line.end, |length| line.start + length);
    if text[line.start..first].contains(['=', ':']) {
        return Err(bad(written, line.start..first, Fault::NoStrategy));
    }
    let mut keys: Vec<(Key, Sourced<String>)> = Vec::new();
    for option in options(text, trimmed(text, first..line.end)) {
        let Some(length) = begins_an_option(&text[option.clone()]) else {
            return Err(bad(written, option, Fault::NoOption));
        };
        let name = option.start..option.start + length;
        let key = Key::named(&text[name.clone()]).filter(|key| OPTIONS.contains(key));
        let key = key.ok_or_else(|| bad(written, name.clone(), Fault::UnknownOption))?;
        if keys.iter().any(|(known, _)| *known == key) {
            return Err(bad(written, name, Fault::Twice));
        }
        keys.push((key, piece(written, trimmed(text, name.end + 1..option.end))));
    }
    Ok((piece(written, line.start..first), keys))
}

/// The options of a line. Only what is selected may be said in several words: `selector=app=cart, tier in (web, api)`.
fn options(text: &str, line: Range<usize>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start = line.start;
    for word in text[line].split_inclusive(char::is_whitespace) {
        let range = start..start + word.len();
        start = range.end;
        let selected = found.last_mut().filter(|last| text[(*last).clone()].starts_with("selector="));
        match selected {
            Some(last) if goes_on(&text[last.clone()]) || begins_an_option(word).is_none() => last.end = range.end,
            _ => found.push(range),
        }
    }
    found.into_iter().map(|range| trimmed(text, range)).filter(|range| !range.is_empty()).collect()
}

/// Whether a selector is not at its end: behind a comma, or between brackets.
fn goes_on(selector: &str) -> bool {
    let open = selector.matches('(').count() > selector.matches(')').count();
    open || selector.trim_end().ends_with(',')
}

/// How long the name is with which an option begins: `service=…`.
fn begins_an_option(word: &str) -> Option<usize> {
    let (name, _) = word.split_once('=')?;
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
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
        assert_eq!(
            shown("# the workers\nKubernetes selector=app=cart, mode=web basename=b"),
            "Kubernetes [selector|app=cart, mode=web] [basename|b]\n"
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
    fn there_are_not_many_of_them() {
        assert_eq!(read_text(&"Gossip\n".repeat(MOST)).unwrap().len(), MOST);
        assert_eq!(read_text(&"Gossip\n".repeat(40_000)).unwrap_err().fault, Fault::TooMany);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, word, fault) in [
            ("basename=worker service=x", "basename=worker", Fault::NoStrategy),
            ("strategy: Kubernetes", "strategy:", Fault::NoStrategy),
            ("Gossip worker service=x", "worker", Fault::NoOption),
            ("Gossip servce=x", "servce", Fault::UnknownOption),
            ("Gossip service=x Basename=y", "Basename", Fault::UnknownOption),
            ("Gossip service=x, basename=y z", "z", Fault::NoOption),
            ("Gossip service=x Gossip", "Gossip", Fault::NoOption),
            ("Gossip inputs=x", "inputs", Fault::UnknownOption),
            ("Gossip mode=ip mode=dns", "mode", Fault::Twice),
        ] {
            let bad = read_text(text).unwrap_err();
            assert_eq!((bad.word.as_str(), bad.fault), (word, fault), "{text}");
        }
    }
}
