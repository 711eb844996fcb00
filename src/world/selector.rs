//! Label selectors: as they are written in a query string (`app=cart,tier in (web, api),!canary`), and in an object
//! (`matchLabels`, `matchExpressions`).

use std::fmt;

use super::node::Node;
use super::object::{is_placeholder, value_of};
use super::pod::is_added_to_pods;

/// A label selector: every requirement must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector(Vec<Requirement>);

/// One requirement of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// `key=value`, `key==value`, `key in (a, b)`.
    In(String, Vec<String>),
    /// `key!=value`, `key notin (a, b)`; holds for objects without the key too.
    NotIn(String, Vec<String>),
    /// `key`.
    Exists(String),
    /// `!key`.
    Absent(String),
}

/// Whether something is selected, as far as it is known. The order is that of certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selected {
    /// It is not.
    No,
    /// It may be.
    Perhaps,
    /// It is.
    Yes,
}

/// A selector that the API server would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a label selector")]
pub struct BadSelector(pub String);

impl Selector {
    /// Reads the query form. An empty selector holds for everything, as in a list request.
    pub fn parse(text: &str) -> Result<Self, BadSelector> {
        split_outside_parentheses(text)
            .into_iter()
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Requirement::parse(part).ok_or_else(|| BadSelector(part.to_owned())))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Reads the form of an object. Nothing for one that the API server refuses.
    pub fn read(node: &Node<'_>) -> Option<Self> {
        let pairs = node.strings("matchLabels").into_iter();
        let pairs = pairs.map(|(key, value)| Some(Requirement::In(key, vec![value])));
        let expressions = node.list("matchExpressions").iter().map(Requirement::read);
        pairs.chain(expressions).collect::<Option<_>>().map(Self)
    }

    /// Whether an object with these labels is selected, where it may have more of some keys, and placeholders are filled in
    /// before anything is applied.
    pub fn selects(&self, labels: &[(String, String)], may_have: impl Fn(&str) -> bool) -> Selected {
        let one = |requirement: &Requirement| match value_of(labels, requirement.key()) {
            _ if requirement.has_placeholder() => Selected::Perhaps,
            Some(value) if is_placeholder(value) => Selected::Perhaps,
            None if may_have(requirement.key()) => Selected::Perhaps,
            _ if requirement.holds(labels) => Selected::Yes,
            _ => Selected::No,
        };
        self.0.iter().map(one).min().unwrap_or(Selected::Yes)
    }

    /// Whether two selectors have the same requirements, in whatever order.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        let all_in = |one: &Self, other: &Self| one.0.iter().all(|requirement| other.0.contains(requirement));
        all_in(self, other) && all_in(other, self)
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: &[(String, String)]) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels))
    }

    /// Whether pods made from a template with these labels may be selected: their controller adds some that it leaves out.
    pub fn may_match(&self, labels: &[(String, String)]) -> bool {
        let is_added = |requirement: &Requirement| is_added_to_pods(requirement.key());
        self.0.iter().all(|requirement| is_added(requirement) || requirement.holds(labels))
    }

    /// Whether labels say something else of a key that is asked for.
    pub fn contradicts(&self, labels: &[(String, String)]) -> bool {
        self.pairs().any(|(key, value)| value_of(labels, key).is_some_and(|own| own != value))
    }

    /// The pairs that a label list can say.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|requirement| match requirement {
            Requirement::In(key, values) => Some((key.as_str(), values.first()?.as_str())),
            _ => None,
        })
    }

    /// The pairs that every selected object must carry, to look candidates up by.
    pub fn required_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|requirement| match requirement {
            Requirement::In(key, values) if values.len() == 1 && !is_added_to_pods(key) => {
                Some((key.as_str(), values[0].as_str()))
            }
            _ => None,
        })
    }
}

impl Requirement {
    /// An item of `matchExpressions`.
    fn read(node: &Node<'_>) -> Option<Self> {
        let (key, values) = (node.text("key")?, node.texts("values"));
        match node.text("operator")?.as_str() {
            "In" if !values.is_empty() => Some(Self::In(key, values)),
            "NotIn" if !values.is_empty() => Some(Self::NotIn(key, values)),
            "Exists" if values.is_empty() => Some(Self::Exists(key)),
            "DoesNotExist" if values.is_empty() => Some(Self::Absent(key)),
            _ => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(key) = text.strip_prefix('!') {
            return is_key(key.trim()).then(|| Self::Absent(key.trim().to_owned()));
        }
        if let Some((left, values)) = text.split_once('(') {
            let values: Vec<String> =
                values.strip_suffix(')')?.split(',').map(|value| value.trim().to_owned()).collect();
            if !values.iter().all(|value| is_value(value)) {
                return None;
            }
            let mut words = left.split_whitespace();
            let (key, operator) = (words.next()?.to_owned(), words.next()?);
            return match (operator, words.next()) {
                _ if !is_key(&key) => None,
                ("in", None) => Some(Self::In(key, values)),
                ("notin", None) => Some(Self::NotIn(key, values)),
                _ => None,
            };
        }
        let pair = |key: &str, value: &str| {
            let (key, value) = (key.trim(), value.trim());
            (is_key(key) && is_value(value)).then(|| (key.to_owned(), vec![value.to_owned()]))
        };
        if let Some((key, value)) = text.split_once("!=") {
            return pair(key, value).map(|(key, values)| Self::NotIn(key, values));
        }
        if let Some((key, value)) = text.split_once('=') {
            return pair(key, value.strip_prefix('=').unwrap_or(value)).map(|(key, values)| Self::In(key, values));
        }
        is_key(text).then(|| Self::Exists(text.to_owned()))
    }

    fn has_placeholder(&self) -> bool {
        let values = match self {
            Self::In(_, values) | Self::NotIn(_, values) => values.as_slice(),
            Self::Exists(_) | Self::Absent(_) => &[],
        };
        is_placeholder(self.key()) || values.iter().any(|value| is_placeholder(value))
    }

    fn key(&self) -> &str {
        match self {
            Self::In(key, _) | Self::NotIn(key, _) | Self::Exists(key) | Self::Absent(key) => key,
        }
    }

    fn holds(&self, labels: &[(String, String)]) -> bool {
        match self {
            Self::In(key, values) => value_of(labels, key).is_some_and(|value| values.iter().any(|one| one == value)),
            Self::NotIn(key, values) => value_of(labels, key).is_none_or(|value| values.iter().all(|one| one != value)),
            Self::Exists(key) => value_of(labels, key).is_some(),
            Self::Absent(key) => value_of(labels, key).is_none(),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&parts.join(","))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(key, values) if values.len() == 1 => write!(f, "{key}={}", values[0]),
            Self::In(key, values) => write!(f, "{key} in ({})", values.join(",")),
            Self::NotIn(key, values) if values.len() == 1 => write!(f, "{key}!={}", values[0]),
            Self::NotIn(key, values) => write!(f, "{key} notin ({})", values.join(",")),
            Self::Exists(key) => f.write_str(key),
            Self::Absent(key) => write!(f, "!{key}"),
        }
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
}

/// A label's value: the API server answers 400 to a query with any other, such as a quoted one.
fn is_value(text: &str) -> bool {
    let at_the_end = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && at_the_end(text.chars().next())
        && at_the_end(text.chars().next_back())
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_u32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<(String, String)> {
        [("app", "cart"), ("tier", "web")].map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
    }

    #[test]
    fn selectors_select_as_the_api_server_does() {
        for (text, selected) in [
            ("", true),
            ("app=cart", true),
            ("app==cart", true),
            ("app = cart , tier=web", true),
            ("app=basket", false),
            ("app!=basket", true),
            ("colour!=blue", true),
            ("tier in (web, api)", true),
            ("tier notin (web, api)", false),
            ("app,tier in (api,web),!canary", true),
            ("canary", false),
        ] {
            assert_eq!(Selector::parse(text).map(|selector| selector.matches(&labels())), Ok(selected), "{text}");
        }
    }

    #[test]
    fn labels_that_a_controller_adds_may_be_there() {
        for (text, selected) in [
            ("app=cart,statefulset.kubernetes.io/pod-name=cart-0", true),
            ("job-name=cart", true),
            ("app=basket,pod-template-hash=1", false),
            ("app=cart,role=web", false),
        ] {
            assert_eq!(Selector::parse(text).map(|selector| selector.may_match(&labels())), Ok(selected), "{text}");
        }
    }

    #[test]
    fn what_is_no_selector_is_said() {
        for text in ["app cart", "in (a)", "a within (b)", "=cart", "a in (b", "app=\"cart\"", "app='cart'", "app=a b"]
        {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
