//! A symptom as it is found in a log: made of the words that the findings and the rules' pages say.

use std::mem::discriminant;

use memchr::memmem::{self, Finder};

use crate::symptom::Symptom;

/// From this length on words are found in no text by accident.
const LONG: usize = 12;

/// Stands for the value that a symptom names, and occurs in no text.
const HOLE: &str = "\u{1}";

/// What a line that shows a symptom has, in this order.
#[derive(Debug)]
pub(super) struct Pattern {
    make: fn(String) -> Symptom,
    /// Finds the first words: most lines do not even have these.
    first: Finder<'static>,
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// These words.
    Words(String),
    /// The value; whether it goes on to the end of the line.
    Value { is_rest: bool },
    /// These words, in this line or one of those below it: the rest of a crash report.
    Below(String),
}

/// How much of a pattern a line shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// All of it.
    Whole(Symptom),
    /// All of it, if one of the lines below has these words.
    IfBelow(Symptom, String),
}

impl Pattern {
    /// The patterns of everything that is logged.
    pub(super) fn all() -> Vec<Self> {
        Symptom::LOGGED.iter().filter_map(|make| Self::of(*make)).collect()
    }

    /// The pattern of one symptom, if it is logged.
    pub(super) fn of_symptom(symptom: &Symptom) -> Option<Self> {
        Self::all().into_iter().find(|pattern| discriminant(&(pattern.make)(String::new())) == discriminant(symptom))
    }

    /// The words between the first backticks, and between those that follow with an "in": `A` in `B`.
    fn of(make: fn(String) -> Symptom) -> Option<Self> {
        let said = make(HOLE.to_owned()).to_string();
        let mut quoted = said.split('`').skip(1);
        let mut parts = parts_of(quoted.next()?);
        while quoted.next() == Some(" in ") {
            parts.push(Part::Below(quoted.next()?.to_owned()));
        }
        let Some(Part::Words(first)) = parts.first() else { return None };
        Some(Self { make, first: Finder::new(first).into_owned(), parts })
    }

    /// The words that tell it from all others: the last that are long, for what comes after a value is more telling.
    pub(super) fn words(&self) -> &str {
        let words = self.parts.iter().filter_map(|part| match part {
            Part::Words(words) => Some(words.trim_matches(|c: char| !c.is_alphanumeric())),
            _ => None,
        });
        words.max_by_key(|words| words.len().min(LONG)).unwrap_or("")
    }

    /// Where in libcluster it is seen, as pages say it: `Kubernetes.DNS`.
    pub(super) fn place(&self) -> Option<&str> {
        self.parts.iter().find_map(|part| match part {
            Part::Below(words) => words.strip_prefix("Cluster.Strategy."),
            _ => None,
        })
    }

    pub(super) fn find(&self, line: &str) -> Option<Match> {
        self.first.find(line.as_bytes())?;
        let mut rest = line;
        let mut value = String::new();
        let mut below = None;
        let mut parts = self.parts.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Words(words) => rest = after(rest, words)?,
                Part::Below(words) => match after(rest, words) {
                    Some(after) => rest = after,
                    None => below = Some(words.clone()),
                },
                Part::Value { is_rest: true } => value = rest.trim().to_owned(),
                Part::Value { is_rest: false } => {
                    let end = match parts.peek() {
                        Some(Part::Words(next)) => memmem::find(rest.as_bytes(), next.as_bytes())?,
                        _ => name_end(rest),
                    };
                    value = unquoted(&rest[..end]).to_owned();
                    rest = &rest[end..];
                }
            }
        }
        let symptom = (self.make)(value);
        Some(match below {
            Some(words) => Match::IfBelow(symptom, words),
            None => Match::Whole(symptom),
        })
    }
}

/// Words, values and `...`, which stands for anything. How a value is quoted differs between versions of Elixir and
/// formats of logs, so the quotation marks belong to neither. A message of several lines is known by its first.
fn parts_of(text: &str) -> Vec<Part> {
    let text = text.split_once("! ").map_or(text, |(first, _)| &text[..=first.len()]);
    let mut parts = Vec::new();
    for (number, piece) in text.split(HOLE).enumerate() {
        if number > 0 {
            let quoted = text.split(HOLE).nth(number - 1).is_some_and(|before| before.ends_with(is_quote));
            parts.push(Part::Value { is_rest: piece.is_empty() && !quoted });
        }
        let words = piece.split("...").map(|words| words.trim_matches(is_quote).trim());
        parts.extend(words.filter(|words| !words.is_empty()).map(|words| Part::Words(words.to_owned())));
    }
    parts
}

fn after<'l>(line: &'l str, words: &str) -> Option<&'l str> {
    memmem::find(line.as_bytes(), words.as_bytes()).map(|at| &line[at + words.len()..])
}

/// The last word without what it is quoted with: `{~c"kubernetes.default"` stands in a tuple.
fn unquoted(text: &str) -> &str {
    let word = text.trim().rsplit(char::is_whitespace).next().unwrap_or("");
    word.trim_start_matches('{').trim_start_matches("~c").trim_matches(is_quote)
}

/// Where a name ends that no words follow.
fn name_end(text: &str) -> usize {
    let name = text.trim_start_matches(is_quote);
    text.len() - name.len() + name.find(ends_name).unwrap_or(name.len())
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\')
}

fn ends_name(c: char) -> bool {
    c.is_whitespace() || c.is_control() || is_quote(c) || matches!(c, ',' | ';')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symptom(line: &str) -> Option<Symptom> {
        Pattern::all().iter().find_map(|pattern| match pattern.find(line) {
            Some(Match::Whole(symptom) | Match::IfBelow(symptom, _)) => Some(symptom),
            None => None,
        })
    }

    #[test]
    fn every_symptom_that_is_logged_is_found_in_its_own_words() {
        for make in Symptom::LOGGED {
            let made = make("cart@10.42.1.7".to_owned());
            let said = made.to_string();
            let logged = said.split("`, ").next().and_then(|said| said.split("`; ").next()).unwrap();
            assert_eq!(symptom(&logged.replace('`', "")), Some(made.clone()), "{made}");
        }
    }

    #[test]
    fn values_are_found_however_they_are_quoted() {
        let unable = |name: &str| Some(Symptom::UnableToConnect(name.to_owned()));
        for line in [
            r#"[warning] [libcluster:k8s] unable to connect to :"cart@10.42.1.7""#,
            "\u{1b}[33m[libcluster:k8s] unable to connect to :\"cart@10.42.1.7\"\u{1b}[0m",
            r#"{"level":"warn","msg":"[libcluster:k8s] unable to connect to :\"cart@10.42.1.7\"","pid":1}"#,
        ] {
            assert_eq!(symptom(line), unable("cart@10.42.1.7"), "{line}");
        }
        assert_eq!(symptom("unable to connect to :cart@web"), unable("cart@web"));
        assert_eq!(symptom(r#"unable to connect to :"cart@$(MY_POD_IP)": x"#), unable("cart@$(MY_POD_IP)"));
        let lost = r#"unable to connect to :"cart@a.b": not part of network"#;
        assert_eq!(symptom(lost), Some(Symptom::NotPartOfNetwork("cart@a.b".to_owned())));
        let host = r#"request to kubernetes failed!: {:failed_connect, [{:to_address, {~c"kubernetes.default", 443}}, {:inet, [:inet], :nxdomain}]}"#;
        assert_eq!(symptom(host), Some(Symptom::ApiHostUnresolved("kubernetes.default".to_owned())));
        let lookup = "'cart.shop.svc.cluster.local.' : lookup against cart failed: :nxdomain";
        assert_eq!(symptom(lookup), Some(Symptom::LookupFailed("cart".to_owned())));
        assert_eq!(symptom("connected to :\"cart@10.42.1.7\""), None);
    }
}
