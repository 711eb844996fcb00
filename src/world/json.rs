//! JSON to [`Node`]s: what the API server sends needs no places in a file, so every span is empty.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::node::{Entry, Node, Span, Value};

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
        deserializer.deserialize_any(AnyValue(self)).map(Node::nowhere)
    }
}

struct AnyValue(Keep);

impl<'de> Visitor<'de> for AnyValue {
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
        while let Some(item) = list.next_element_seed(self.0.of_items())? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        let mut entries: Vec<Entry<'de>> = Vec::new();
        while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
            let Some(keep) = self.0.of(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let node = map.next_value_seed(keep)?;
            // Of duplicates the last one counts, as it does for the API server.
            match entries.iter_mut().find(|known| known.key == key) {
                Some(known) => known.node = node,
                None => entries.push(entry(key, node)),
            }
        }
        Ok(Value::Map(entries))
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
    }
}
