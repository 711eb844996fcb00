//! Decoded scalars to values and keys.

use std::borrow::Cow;

use crate::manifest::typing::{self, Number, Scalar};
use crate::world::node::Value;

/// What every tag of YAML's own begins with; `!!` is short for it.
pub(super) const YAML: &str = "tag:yaml.org,2002:";

/// A scalar without quotes and without a tag.
pub(super) fn plain(text: Cow<'_, str>) -> Value<'_> {
    let number = match typing::plain(&text) {
        Scalar::Null => return Value::Null,
        Scalar::Bool(value) => return Value::Bool(value, text),
        Scalar::Merge | Scalar::String => return Value::String(text),
        Scalar::Number(Cow::Borrowed(_)) => None,
        Scalar::Number(Cow::Owned(spelled)) => Some(spelled),
    };
    Value::Number(number.map_or(text, Cow::Owned))
}

/// A plain scalar as a key: JSON knows only strings. Nothing if it cannot be one.
pub(super) fn plain_key(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    match text {
        Cow::Borrowed(text) => typing::key(text),
        Cow::Owned(text) => typing::key(&text).map(|key| Cow::Owned(key.into_owned())),
    }
}

/// A scalar with a tag, which counts more than quotes do. Tags that are not YAML's own make a string of anything.
pub(super) fn tagged<'s>(text: Cow<'s, str>, tag: &str) -> Result<Value<'s>, String> {
    let name = tag.strip_prefix(YAML).unwrap_or("");
    if !matches!(name, "null" | "bool" | "int" | "float") {
        return Ok(Value::String(text));
    }
    let whole = matches!(typing::number(&text), Some(Number::Whole(_)));
    let value = plain(text);
    match (&value, name) {
        (Value::Null, "null") | (Value::Bool(..), "bool") | (Value::Number(_), "float") => Ok(value),
        (Value::Number(_), "int") if whole => Ok(value),
        _ => Err(format!("this is no {name}")),
    }
}
