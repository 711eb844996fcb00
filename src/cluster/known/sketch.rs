//! What is kept of a watched object: its text without what no judgement reads, and a few hashes to find it by.
//!
//! An [`Object`] is four times as large, and of ten thousand a request needs a dozen: they are read again when they are needed.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::cluster::prune::{prune, prune_pairs};
use crate::world::node::Node;
use crate::world::object::{Body, Object};

/// An object, in brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// Its namespace; empty for those that are in none.
    pub(super) namespace: Box<str>,
    /// Its name.
    pub(super) name: Box<str>,
    /// As JSON.
    text: Box<str>,
    /// Hashes of the labels that others find it by: a Service's own, those of a workload's pods, the subjects of a binding.
    keys: Box<[u32]>,
    /// Hashes of the labels that a Service selects.
    selector: Box<[u32]>,
}

impl Sketch {
    /// Draws what a list or a watch says; the items of a list leave out their kind. None of what cannot be read.
    pub fn of(mut root: Node<'_>, kind: &str) -> Option<Self> {
        prune(&mut root, kind);
        prune_pairs(&mut root, kind);
        let object = Object::read(&root, "", &[]).ok()?;
        let (keys, selector) = match &object.body {
            Body::Service(service) => (hashes(&object.labels), hashes(&service.selector)),
            Body::Workload(workload) => (hashes(&workload.template.labels), Box::default()),
            Body::Binding(binding) => {
                (binding.subjects.iter().map(|subject| hash(subject.name.as_str())).collect(), Box::default())
            }
            _ => (Box::default(), Box::default()),
        };
        Some(Self {
            namespace: object.namespace.unwrap_or_default().into(),
            name: object.name.into(),
            text: root.to_json().to_string().into(),
            keys,
            selector,
        })
    }

    /// The object, as far as it was kept.
    pub fn object(&self) -> Option<Object> {
        let node: Node<'_> = serde_json::from_str(&self.text).ok()?;
        Object::read(&node, "", &[]).ok()
    }

    /// Whether its labels may hold all of these; that they do is to be seen in the object.
    pub(super) fn may_carry(&self, wanted: &[u32]) -> bool {
        wanted.iter().all(|one| self.keys.contains(one))
    }

    /// Whether it may be about one of these.
    pub(super) fn may_name(&self, wanted: &[u32]) -> bool {
        wanted.iter().any(|one| self.keys.contains(one))
    }

    /// Whether all that it selects may be among these labels.
    pub(super) fn may_select(&self, labels: &[u32]) -> bool {
        !self.selector.is_empty() && self.selector.iter().all(|one| labels.contains(one))
    }
}

/// The hashes of labels, to compare with those that were kept.
pub(super) fn hashes(pairs: &[(String, String)]) -> Box<[u32]> {
    pairs.iter().map(|(key, value)| hash((key.as_str(), value.as_str()))).collect()
}

/// A hash that is the same as long as this program runs.
pub(super) fn hash(value: impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    // Half of it is enough to leave out nearly all that is not meant.
    hasher.finish() as u32
}
