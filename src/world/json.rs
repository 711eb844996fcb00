//! JSON to [`Node`]s: what the API server sends needs no places in a file, so every span is empty.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::node::{Entry, Node, Span, Value};

/// The most values that an object is read with. What the API server can store has 1.5 MiB, and hardly ten thousand; `[1,1,…]`
/// costs thirty times its text.
pub const MOST: usize = 200_000;

/// A map with more entries than this is read with an index, or it would be compared entry by entry.
const SMALL: usize = 32;

impl<'s> Node<'s> {
    /// A value that nobody wrote in a file.
    pub fn nowhere(value: Value<'s>) -> Self {
        Self { span: Span::default(), value }
    }

    /// The same of a value that was read already.
    pub fn of_json(json: &'s Json) -> Self {
        Self::nowhere(match json {
            Json::Null => Value::Null,
            Json::Bool(value) => boolean(*value),
            Json::Number(number) => Value::Number(Cow::Owned(number.to_string())),
            Json::String(text) => Value::String(Cow::Borrowed(text)),
            Json::Array(items) => Value::List(items.iter().map(Self::of_json).collect()),
            Json::Object(entries) => {
                let entry =
                    |(key, value): (&'s String, &'s Json)| entry(Cow::Borrowed(key.as_str()), Self::of_json(value));
                Value::Map(entries.iter().map(entry).collect())
            }
        })
    }

    /// The value as `serde_json` has it.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value, _) => Json::Bool(*value),
            Value::Number(text) => serde_json::from_str(text).unwrap_or(Json::Null),
            Value::String(text) => Json::String(text.to_string()),
            Value::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Value::Map(entries) => {
                Json::Object(entries.iter().map(|entry| (entry.key.to_string(), entry.node.to_json())).collect())
            }
        }
    }
}

fn boolean(value: bool) -> Value<'static> {
    Value::Bool(value, Cow::Borrowed(if value { "true" } else { "false" }))
}

fn entry<'s>(key: Cow<'s, str>, node: Node<'s>) -> Entry<'s> {
    Entry { key, key_span: Span::default(), node }
}

/// What of a value somebody wants to read. The rest is not even taken apart.
#[derive(Debug, Clone, Copy)]
pub enum Keep {
    /// All of it.
    All,
    /// Of a map, these entries, and what of each.
    Only(&'static [(&'static str, Keep)]),
    /// Of a list, this of each item.
    Each(&'static Keep),
}

impl Keep {
    /// What of the entry of a key.
    fn of(self, key: &str) -> Option<Self> {
        match self {
            Self::All => Some(Self::All),
            Self::Only(entries) => entries.iter().find(|(known, _)| *known == key).map(|(_, keep)| *keep),
            Self::Each(_) => None,
        }
    }

    /// What of each item.
    fn of_items(self) -> Self {
        match self {
            Self::Each(keep) => *keep,
            other => other,
        }
    }
}

impl<'de: 's, 's> Deserialize<'de> for Node<'s> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Keep::All.deserialize(deserializer)
    }
}

impl<'de> DeserializeSeed<'de> for Keep {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        Limited { keep: self, left: &Cell::new(MOST) }.deserialize(deserializer)
    }
}

/// The same within a limit that all values of one text share.
#[derive(Clone, Copy)]
struct Limited<'c> {
    keep: Keep,
    /// How many more values may be read.
    left: &'c Cell<usize>,
}

impl Limited<'_> {
    fn of(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Limited<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| D::Error::custom(format_args!("more than {MOST} values")))?);
        deserializer.deserialize_any(self).map(Node::nowhere)
    }
}

impl<'de> Visitor<'de> for Limited<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(boolean(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Cow::Owned(number.to_string())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.of(self.keep.of_items()))? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        let mut entries = Entries::default();
        while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
            match self.keep.of(&key) {
                Some(keep) => entries.put(key, map.next_value_seed(self.of(keep))?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Map(entries.all))
    }
}

/// The entries of a map so far.
#[derive(Default)]
struct Entries<'s> {
    all: Vec<Entry<'s>>,
    /// Where each key is, once there are many.
    index: HashMap<Cow<'s, str>, usize>,
}

impl<'s> Entries<'s> {
    /// Of duplicates the last one counts, as it does for the API server.
    fn put(&mut self, key: Cow<'s, str>, node: Node<'s>) {
        match self.find(&key) {
            Some(known) => self.all[known].node = node,
            None => {
                if !self.index.is_empty() {
                    self.index.insert(key.clone(), self.all.len());
                }
                self.all.push(entry(key, node));
            }
        }
    }

    fn find(&mut self, key: &str) -> Option<usize> {
        if self.all.len() <= SMALL {
            return self.all.iter().position(|known| known.key == key);
        }
        if self.index.is_empty() {
            self.index = self.all.iter().enumerate().map(|(at, known)| (known.key.clone(), at)).collect();
        }
        self.index.get(key).copied()
    }
}

/// A string that borrows from the text where the text says it literally; serde's `Cow` always copies.
pub struct Text<'s>(pub Cow<'s, str>);

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de: 's, 's> Deserialize<'de> for Text<'s> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(OnlyText).map(Self)
    }
}

struct OnlyText;

impl<'de> Visitor<'de> for OnlyText {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_in_both_ways_alike_and_written_back() {
        let text = r#"{"a": [1, -2, 2.5, true, null, "é\n"], "b": {"c": ""}}"#;
        let json: Json = serde_json::from_str(text).unwrap();
        let node: Node<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(node, Node::of_json(&json));
        assert_eq!(node.to_json(), json);
    }

    #[test]
    fn what_nobody_wants_is_left_out() {
        const KEEP: Keep = Keep::Only(&[("a", Keep::All), ("b", Keep::Each(&Keep::Only(&[("c", Keep::All)])))]);
        let text = r#"{"a": {"x": [1]}, "b": [{"c": 1, "d": 2}, {"e": {}}], "f": 3}"#;
        let node = KEEP.deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap();
        assert_eq!(node.to_json(), serde_json::json!({"a": {"x": [1]}, "b": [{"c": 1}, {}]}));
        // What is of another type than it ought to be stays as it is.
        let node = KEEP.deserialize(&mut serde_json::Deserializer::from_str(r#"{"a": 1, "b": "x"}"#)).unwrap();
        assert_eq!(node.to_json(), serde_json::json!({"a": 1, "b": "x"}));
    }

    #[test]
    fn the_last_of_duplicate_keys_counts() {
        let node: Node<'_> = serde_json::from_str(r#"{"a": 1, "b": 2, "a": 3}"#).unwrap();
        assert_eq!(node.to_json(), serde_json::json!({"a": 3, "b": 2}));
        for count in [SMALL - 1, SMALL, SMALL + 1, 3 * SMALL] {
            let entry = |value: usize| move |key: usize| format!("\"k{key}\": {value}");
            let all: Vec<String> = (0..count).map(entry(1)).chain((0..count).rev().map(entry(2))).collect();
            let text = format!("{{{}}}", all.join(", "));
            let node: Node<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(node.to_json(), serde_json::from_str::<Json>(&text).unwrap());
            assert!(matches!(&node.value, Value::Map(entries) if entries.len() == count), "none is there twice");
        }
    }

    #[test]
    fn what_has_too_many_values_is_not_read() {
        let list = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
        let read = |text: &str| serde_json::from_str::<Node<'_>>(text).map(drop).map_err(|error| error.to_string());
        assert_eq!(read(&list(MOST - 1)), Ok(()));
        assert!(read(&list(MOST)).unwrap_err().starts_with("more than 200000 values"));
        assert!(read(&format!("{{\"a\": {0}, \"b\": {0}}}", list(MOST / 2))).is_err());
        // What nobody wants costs nothing.
        let text = format!("{{\"a\": {}, \"b\": 1}}", list(MOST));
        let keep = Keep::Only(&[("b", Keep::All)]);
        assert!(keep.deserialize(&mut serde_json::Deserializer::from_str(&text)).is_ok());
    }
}
