//! Where something was written, said symbolically: an object and a path of keys in it.
//!
//! A [`Loc`] knows no file. The offline linter resolves it to bytes of a file by reading the document again;
//! the webhook prints it as a JSON pointer. List items are named by their key (`env[name=RELEASE_NODE]`), so a
//! place survives a reordering; the index is carried along only to tell duplicates apart.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::Arc;

/// The number of an object in its [`World`](crate::world::World).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

impl ObjectId {
    /// Plain texts beside the manifests (`rel/env.sh`, `beamgate.toml`) are numbered from the end, so that one place type
    /// serves for both. In a text, [`Focus::Within`] counts bytes from its start and the pointer is the root.
    pub fn text(number: usize) -> Self {
        Self(u32::MAX - index_of(number))
    }

    /// The number of a plain text, if it is one.
    pub fn as_text(self) -> Option<usize> {
        let number = u32::MAX - self.0;
        (number < 1 << 16).then_some(number as usize)
    }
}

/// One step down from a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into the map entry of this key.
    Key(Cow<'static, str>),
    /// Into the list item whose `key` has this `value`; `index` is where it stood (0-based).
    Item {
        /// The key that names items of this list: `name` for containers and env.
        key: &'static str,
        /// The value of that key.
        value: Arc<str>,
        /// The item's position, which alone decides between items of one name.
        index: u32,
    },
    /// Into the list item at this position (0-based), where items have no name.
    Index(u32),
}

/// A path from the root of an object. Every piece of a name carries one, so copies share the steps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pointer(Arc<[Step]>);

impl Pointer {
    /// The root.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of map keys: `Pointer::keys(&["spec", "clusterIP"])`.
    pub fn keys(keys: &[&'static str]) -> Self {
        Self(keys.iter().map(|key| Step::Key(Cow::Borrowed(key))).collect())
    }

    /// What an RFC 6901 JSON pointer says; a number is the index of an item.
    pub fn of_json_pointer(text: &str) -> Self {
        let step = |token: &str| match token.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Key(Cow::Owned(unescaped(token).into_owned())),
        };
        Self(text.split('/').skip(1).map(step).collect())
    }

    /// One map key further down.
    #[must_use]
    pub fn key(&self, key: impl Into<Cow<'static, str>>) -> Self {
        self.with(Step::Key(key.into()))
    }

    /// Map keys further down.
    #[must_use]
    pub fn below<const N: usize>(&self, keys: [Cow<'static, str>; N]) -> Self {
        Self(self.0.iter().cloned().chain(keys.map(Step::Key)).collect())
    }

    /// One named list item further down.
    #[must_use]
    pub fn item(&self, key: &'static str, value: &str, index: usize) -> Self {
        self.with(Step::Item { key, value: value.into(), index: index_of(index) })
    }

    /// One list item further down.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index_of(index)))
    }

    /// A named list item further down, and keys in it.
    #[must_use]
    pub fn item_keys(&self, list: &'static str, value: &str, index: usize, keys: &[&'static str]) -> Self {
        let item = Step::Item { key: "name", value: value.into(), index: index_of(index) };
        let keys = keys.iter().map(|key| Step::Key(Cow::Borrowed(*key)));
        Self(self.0.iter().cloned().chain([Step::Key(Cow::Borrowed(list)), item]).chain(keys).collect())
    }

    /// The steps, from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// This place in `object`.
    pub fn of(self, object: ObjectId) -> Loc {
        Loc { object, pointer: self, focus: Focus::Value }
    }

    /// RFC 6901: `/spec/template/spec/containers/0/env/3/value`.
    pub fn to_json_pointer(&self) -> String {
        let mut text = String::new();
        for step in self.0.iter() {
            text.push('/');
            match step {
                Step::Key(key) => push_token(&mut text, key),
                Step::Item { index, .. } | Step::Index(index) => {
                    // Into memory: that does not fail.
                    let _ = write!(text, "{index}");
                }
            }
        }
        text
    }

    fn with(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }
}

/// Adds a key to a JSON pointer, escaped.
fn push_token(pointer: &mut String, key: &str) {
    for piece in key.split_inclusive(['~', '/']) {
        match piece.as_bytes().last() {
            Some(b'~') => pointer.extend([&piece[..piece.len() - 1], "~0"]),
            Some(b'/') => pointer.extend([&piece[..piece.len() - 1], "~1"]),
            _ => pointer.push_str(piece),
        }
    }
}

/// A token of a JSON pointer as the key that it is.
pub(crate) fn unescaped(token: &str) -> Cow<'_, str> {
    match token.contains('~') {
        true => Cow::Owned(token.replace("~1", "/").replace("~0", "~")),
        false => Cow::Borrowed(token),
    }
}

/// No list of a manifest that could be read has four billion items.
fn index_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The keyed form: `spec.template.spec.containers[name=app].env[name=RELEASE_NODE].value`. Stable under reordering,
/// so it is what fingerprints are made of.
impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if key.contains(['.', '/', '[']) => write!(f, "[\"{key}\"]")?,
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Item { key, value, .. } => write!(f, "[{key}={value}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What of the value at a pointer is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Focus {
    /// The value; for a map or a list, its key.
    Value,
    /// The key.
    Key,
    /// Bytes of the decoded string at the pointer, such as the `$(MY_POD_IP)` inside a value.
    Within(u32, u32),
}

/// A place in an object. Where the pointer leads nowhere (a key that is missing), the nearest existing ancestor is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Loc {
    /// The object.
    pub object: ObjectId,
    /// The path in it.
    pub pointer: Pointer,
    /// What of the value there.
    pub focus: Focus,
}

impl Loc {
    /// The same place, meaning its key.
    #[must_use]
    pub fn at_key(mut self) -> Self {
        self.focus = Focus::Key;
        self
    }

    /// The same place, meaning some bytes of its decoded string.
    #[must_use]
    pub fn within(mut self, bytes: Range<usize>) -> Self {
        self.focus = Focus::Within(index_of(bytes.start), index_of(bytes.end));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_print_keyed_and_as_json_pointers() {
        let env =
            Pointer::keys(&["spec", "containers"]).item("name", "app", 0).key("env").item("name", "A", 3).key("value");
        assert_eq!(env.to_string(), "spec.containers[name=app].env[name=A].value");
        assert_eq!(env.to_json_pointer(), "/spec/containers/0/env/3/value");

        let mode = Pointer::keys(&["metadata", "annotations"]).key("beamgate.dev/mode");
        assert_eq!(mode.to_string(), "metadata.annotations[\"beamgate.dev/mode\"]");
        assert_eq!(mode.to_json_pointer(), "/metadata/annotations/beamgate.dev~1mode");
        assert_eq!(Pointer::of_json_pointer(&mode.to_json_pointer()), mode);
        assert_eq!(Pointer::of_json_pointer("/items/0").steps(), Pointer::keys(&["items"]).index(0).steps());
    }
}
