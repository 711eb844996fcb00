//! Label selectors as they are written in a query string: `app=cart,tier in (web, api),!canary`.

use std::fmt;

use super::object::value_of;

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

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: &[(String, String)]) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels))
    }

    /// A pair that every selected object must carry, to look candidates up by.
    pub fn required_pair(&self) -> Option<(&str, &str)> {
        self.0.iter().find_map(|requirement| match requirement {
            Requirement::In(key, values) if values.len() == 1 => Some((key.as_str(), values[0].as_str())),
            _ => None,
        })
    }
}

impl Requirement {
    fn parse(text: &str) -> Option<Self> {
        if let Some(key) = text.strip_prefix('!') {
            return is_key(key.trim()).then(|| Self::Absent(key.trim().to_owned()));
        }
        if let Some((left, values)) = text.split_once('(') {
            let values = values.strip_suffix(')')?.split(',').map(|value| value.trim().to_owned()).collect();
            let mut words = left.split_whitespace();
            let (key, operator) = (words.next()?.to_owned(), words.next()?);
            return match (operator, words.next()) {
                ("in", None) => Some(Self::In(key, values)),
                ("notin", None) => Some(Self::NotIn(key, values)),
                _ => None,
            };
        }
        let pair =
            |key: &str, value: &str| is_key(key.trim()).then(|| (key.trim().to_owned(), vec![value.trim().to_owned()]));
        if let Some((key, value)) = text.split_once("!=") {
            return pair(key, value).map(|(key, values)| Self::NotIn(key, values));
        }
        if let Some((key, value)) = text.split_once('=') {
            return pair(key, value.strip_prefix('=').unwrap_or(value)).map(|(key, values)| Self::In(key, values));
        }
        is_key(text).then(|| Self::Exists(text.to_owned()))
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
    fn what_is_no_selector_is_said() {
        for text in ["app cart", "in (a)", "a within (b)", "=cart", "a in (b"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
