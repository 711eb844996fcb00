//! Changes of objects, said symbolically: what a rule would have somebody write.
//!
//! A rule knows no file and no YAML. Whoever makes the changes finds the bytes, and of a list the places as the changes
//! before have left them.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::WRITER_FILE;
use crate::place::{Loc, ObjectId};
use crate::world::pod::EnvSource;

/// A value to write, its keys in the order in which people write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// `null`.
    Null,
    /// A boolean.
    Flag(bool),
    /// A number, as it is written.
    Number(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// A map.
    Map(Vec<(String, Tree)>),
    /// What an alias of the document stands for, which only who reads the document can say: `*defaults`.
    Alias(String),
}

/// Where in its map a new entry stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Among {
    /// Behind all others.
    #[default]
    Last,
    /// Before all others.
    First,
    /// Behind the entry of this key; behind all if there is none.
    Behind(Cow<'static, str>),
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Sets a value. Where there is none, its entry is added, with the maps above that are missing.
    Set {
        /// Where.
        at: Loc,
        /// What.
        value: Tree,
        /// Where a new entry stands.
        among: Among,
    },
    /// Writes another text in the place of some bytes of a string.
    Substitute {
        /// Which bytes.
        at: Loc,
        /// The text.
        text: String,
    },
    /// Puts another entry into the place of one.
    Swap {
        /// The entry.
        at: Loc,
        /// The key of the other.
        key: Cow<'static, str>,
        /// Its value, if that changes too.
        value: Option<Tree>,
    },
    /// Removes an entry or an item, and what holds nothing else.
    Remove {
        /// Which.
        at: Loc,
    },
    /// Puts an item into a list, which is made if there is none.
    Insert {
        /// The list.
        list: Loc,
        /// The index that it will have; behind the end it is the last.
        index: usize,
        /// The item.
        item: Tree,
    },
    /// Moves an item of a list.
    Move {
        /// The list.
        list: Loc,
        /// Its index.
        from: usize,
        /// The index that it will have.
        to: usize,
    },
    /// Makes an object.
    Create {
        /// The object beside which it stands.
        beside: ObjectId,
        /// The object.
        object: Tree,
    },
}

impl Change {
    /// Sets a value, the last of its map if it is new.
    pub fn set(at: Loc, value: impl Into<Tree>) -> Self {
        Self::Set { at, value: value.into(), among: Among::Last }
    }

    /// The object that it changes, or beside which it makes another.
    pub fn object(&self) -> ObjectId {
        match self {
            Self::Set { at, .. } | Self::Substitute { at, .. } | Self::Swap { at, .. } | Self::Remove { at } => {
                at.object
            }
            Self::Insert { list, .. } | Self::Move { list, .. } => list.object,
            Self::Create { beside, .. } => *beside,
        }
    }
}

impl Tree {
    /// A map.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// A variable of a container, as a manifest says it: for files and for patches alike. Nothing for what is never written.
    pub fn variable(name: &str, source: &EnvSource) -> Option<Self> {
        let from = match source {
            EnvSource::Value(text) => return Some(Self::pairs([("name", name), ("value", text.as_str())])),
            EnvSource::Field(path) => Self::map([("fieldRef", Self::pairs([("fieldPath", path.as_str())]))]),
            EnvSource::File(volume) => {
                let file = [("volumeName", volume.as_str()), ("path", WRITER_FILE), ("key", name)];
                Self::map([("fileKeyRef", Self::pairs(file))])
            }
            _ => return None,
        };
        Some(Self::map([("name", name.into()), ("valueFrom", from)]))
    }

    /// The value as JSON has it; what an alias stands for is not known here.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null | Self::Alias(_) => Json::Null,
            Self::Flag(flag) => Json::Bool(*flag),
            Self::Number(text) => serde_json::from_str(text).unwrap_or(Json::Null),
            Self::Text(text) => Json::String(text.clone()),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Map(entries) => {
                Json::Object(entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
            }
        }
    }

    /// A map of strings, such as labels.
    pub fn pairs<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::map(pairs.into_iter().map(|(key, value)| (key, Self::Text(value.into()))))
    }
}

impl From<&Json> for Tree {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Flag(*flag),
            Json::Number(number) => Self::Number(number.to_string()),
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(items) => Self::list(items.iter().map(Self::from)),
            Json::Object(entries) => Self::map(entries.iter().map(|(key, value)| (key.as_str(), Self::from(value)))),
        }
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Tree {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u32> for Tree {
    fn from(number: u32) -> Self {
        Self::Number(number.to_string())
    }
}
