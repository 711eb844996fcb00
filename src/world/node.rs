//! A value of a manifest as the API server would see it, with the bytes that said it.
//!
//! This is all that the world knows of files: whoever reads YAML or JSON makes [`Node`]s, and the objects are read
//! leniently from them. Strings borrow from the source where the source says them literally.

use std::borrow::Cow;

/// A half-open range of bytes in one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'s> {
    /// The bytes of the value. For an alias, those of the anchored value that it stands for.
    pub span: Span,
    /// The value.
    pub value: Value<'s>,
}

/// A value, typed as the API server types it. Scalars that are no strings keep their text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'s> {
    /// `null`, `~` or nothing.
    Null,
    /// `true`; in YAML 1.1 also `yes` and `on`.
    Bool(bool, Cow<'s, str>),
    /// A number: a whole one in decimal, whatever notation was used (`0x1F` is `31`), a fraction as it was written.
    Number(Cow<'s, str>),
    /// A string, decoded.
    String(Cow<'s, str>),
    /// A list.
    List(Vec<Node<'s>>),
    /// A map in the order written. Of duplicate keys only the last is here.
    Map(Vec<Entry<'s>>),
}

/// An entry of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'s> {
    /// The key as a string, which is all that JSON knows.
    pub key: Cow<'s, str>,
    /// The bytes of the key.
    pub key_span: Span,
    /// The value.
    pub node: Node<'s>,
}

impl<'s> Node<'s> {
    /// The entry of a map, or nothing for a missing key and for anything that is no map.
    pub fn entry(&self, key: &str) -> Option<&Entry<'s>> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value under a key, `null` counting as absent, as it does for the API server.
    pub fn get(&self, key: &str) -> Option<&Node<'s>> {
        self.entry(key).map(|entry| &entry.node).filter(|node| node.value != Value::Null)
    }

    /// The value under a path of keys.
    pub fn path(&self, keys: &[&str]) -> Option<&Node<'s>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry<'s>] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Node<'s>] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// A string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Any scalar, as it was written: what a user meant by `name: 1`, though the API server refuses it.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) | Value::Number(text) | Value::Bool(_, text) => Some(text),
            _ => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value, _) => Some(value),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub fn as_u32(&self) -> Option<u32> {
        match &self.value {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The scalar under a key, owned.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.scalar().map(str::to_owned)
    }

    /// The boolean under a key.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    /// The list under a key, or an empty one.
    pub fn list(&self, key: &str) -> &[Node<'s>] {
        self.get(key).map_or(&[], Node::items)
    }

    /// The scalars of the list under a key.
    pub fn texts(&self, key: &str) -> Vec<String> {
        self.list(key).iter().filter_map(Node::scalar).map(str::to_owned).collect()
    }

    /// The map under a key with its scalar values, such as labels.
    pub fn strings(&self, key: &str) -> Vec<(String, String)> {
        let entries = self.get(key).map_or(&[] as &[_], Node::entries);
        entries.iter().filter_map(|entry| Some((entry.key.to_string(), entry.node.scalar()?.to_owned()))).collect()
    }
}
