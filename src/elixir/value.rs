//! Values of Elixir, as far as clustering needs them.

use std::fmt;

use super::Coded;
use crate::world::code::{Piece, Unread};
use crate::world::declared::Sourced;

/// A value and where it was written.
pub(super) type Item = Sourced<Value>;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// `nil`, `true`, `:ip`, `Cluster.Supervisor` (which is `:"Elixir.Cluster.Supervisor"`).
    Atom(String),
    /// A number, as it is written.
    Number(String),
    /// A string or a charlist.
    Text(Coded),
    /// A list. An item that is not evaluated stands for any number of them.
    List(Vec<Item>),
    /// A tuple.
    Tuple(Vec<Item>),
    /// What is not evaluated, and why.
    Unknown(String),
    /// `raise`: nothing comes after it.
    Never,
}

impl Value {
    pub(super) fn atom(name: impl Into<String>) -> Self {
        Self::Atom(name.into())
    }

    pub(super) fn nil() -> Self {
        Self::atom("nil")
    }

    pub(super) fn flag(flag: bool) -> Self {
        Self::atom(if flag { "true" } else { "false" })
    }

    pub(super) fn as_atom(&self) -> Option<&str> {
        match self {
            Self::Atom(name) => Some(name),
            _ => None,
        }
    }

    /// Whether a condition takes it for true; none if that depends on what is not known: a variable may not be set.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Atom(name) => Some(!matches!(name.as_str(), "nil" | "false")),
            Self::Text(text) => text.variable().is_none_or(|(_, default)| default.is_some()).then_some(true),
            Self::Number(_) | Self::List(_) | Self::Tuple(_) => Some(true),
            Self::Unknown(_) | Self::Never => None,
        }
    }

    /// Whether two values are the same, if that is certain.
    pub(super) fn same(&self, other: &Self) -> Option<bool> {
        let is_plain = |value: &Self| match value {
            Self::Atom(_) => true,
            Self::Text(text) => text.literal().is_some(),
            _ => false,
        };
        (is_plain(self) && is_plain(other)).then(|| self == other)
    }

    /// As a part of a string.
    pub(super) fn to_text(&self) -> Option<Coded> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Atom(name) if name == "nil" => Some(Coded::default()),
            Self::Atom(name) => Some(Coded::lit(name)),
            Self::Number(digits) => digits.parse::<u64>().ok().map(|number| Coded::lit(number.to_string())),
            _ => None,
        }
    }

    /// The entries of a keyword list, with what is not evaluated among them as no pair.
    pub(super) fn entries(&self) -> Option<Vec<Result<(&str, &Item), &Item>>> {
        let Self::List(items) = self else { return None };
        items.iter().map(entry).collect()
    }

    /// The value of a key; the first, as `Keyword.get` has it.
    pub(super) fn get(&self, key: &str) -> Option<&Item> {
        self.entries()?
            .into_iter()
            .find_map(|entry| entry.ok().filter(|(known, _)| *known == key).map(|(_, item)| item))
    }

    /// How much there is of it: what is copied may grow with each copy.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::List(items) | Self::Tuple(items) => 1 + items.iter().map(|item| item.value.weight()).sum::<usize>(),
            Self::Text(text) => 1 + text.weight(),
            _ => 1,
        }
    }
}

fn entry(item: &Item) -> Option<Result<(&str, &Item), &Item>> {
    match &item.value {
        Value::Tuple(pair) => match pair.as_slice() {
            [key, value] => Some(Ok((key.value.as_atom()?, value))),
            _ => None,
        },
        Value::Unknown(_) => Some(Err(item)),
        _ => None,
    }
}

/// A pair of a keyword list.
pub(super) fn pair(key: &str, value: Item) -> Item {
    let at = value.at.clone();
    let key = Item { value: Value::atom(key), at: at.clone() };
    Item { value: Value::Tuple(vec![key, value]), at }
}

/// What is said of something that is not evaluated.
pub(super) fn unread(item: &Item) -> Option<Unread> {
    match &item.value {
        Value::Unknown(what) => Some(Unread { at: item.at.clone(), what: what.clone() }),
        _ => None,
    }
}

/// As Elixir's `inspect` prints it, with `$(X)` for a variable and `?` for what is not known; `{:#}` says what it is where no variable
/// is set.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Atom(name) => f.write_str(&atom(name)),
            Self::Number(digits) => f.write_str(&digits.replace('_', "")),
            Self::Text(text) => f.write_str(&quoted(text, !f.alternate())),
            Self::List(items) => {
                f.write_str("[")?;
                let pairs = self.entries().and_then(|entries| entries.into_iter().collect::<Result<Vec<_>, _>>().ok());
                match pairs {
                    Some(pairs) => separated(f, &pairs, |f, (key, item)| {
                        write!(f, "{}: ", atom(key).trim_start_matches(':'))?;
                        item.value.fmt(f)
                    })?,
                    None => separated(f, items, |f, item| item.value.fmt(f))?,
                }
                f.write_str("]")
            }
            Self::Tuple(items) => {
                f.write_str("{")?;
                separated(f, items, |f, item| item.value.fmt(f))?;
                f.write_str("}")
            }
            Self::Unknown(_) | Self::Never => f.write_str("?"),
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    items.iter().enumerate().try_for_each(|(index, item)| {
        f.write_str(if index == 0 { "" } else { ", " })?;
        write(f, item)
    })
}

fn atom(name: &str) -> String {
    if matches!(name, "nil" | "true" | "false") {
        return name.to_owned();
    }
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '?' | '!');
    match name.strip_prefix("Elixir.") {
        Some(module) => module.to_owned(),
        None if name.chars().all(is_plain) => format!(":{name}"),
        None => format!(":{name:?}"),
    }
}

fn quoted(text: &Coded, set: bool) -> String {
    match text.variable() {
        Some((_, None)) if !set => "nil".to_owned(),
        _ => format!("{:?}", text.filled(set)).replace("#{", "\\#{"),
    }
}

/// `a || b` of a variable: `b` stands in for it where it is not set.
pub(super) fn with_default(variable: &Coded, default: &Value) -> Option<Value> {
    let (name, None) = variable.variable()? else { return None };
    let default = match default {
        Value::Text(text) => Some(text.clone()),
        // Without it the app does not start, or does not ask.
        Value::Never => None,
        Value::Atom(name) if matches!(name.as_str(), "nil" | "false" | "ignore") => None,
        _ => return None,
    };
    Some(Value::Text(Coded(vec![Piece::Variable(name.to_owned(), default)])))
}
