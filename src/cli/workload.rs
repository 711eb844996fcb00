//! Workloads as the command line names them.

use super::session::Session;
use crate::world::object::Object;

/// The short names of `kubectl`.
const KINDS: [(&str, &str); 7] = [
    ("deploy", "deployment"),
    ("sts", "statefulset"),
    ("ds", "daemonset"),
    ("rs", "replicaset"),
    ("rc", "replicationcontroller"),
    ("cj", "cronjob"),
    ("po", "pod"),
];

/// Whether an object is the one that is said: `cart`, `statefulset/cart`, `shop/cart`.
pub(super) fn is_meant(object: &Object, said: &str) -> bool {
    let kind = object.kind.to_lowercase();
    let is_kind = |word: &str| {
        let word = word.to_lowercase();
        word == kind || word == format!("{kind}s") || KINDS.contains(&(word.as_str(), kind.as_str()))
    };
    let is_namespace = |word: &str| object.namespace.as_deref() == Some(word);
    let words: Vec<&str> = said.split('/').collect();
    match words.as_slice() {
        [name] => object.name == *name,
        [before, name] => object.name == *name && (is_kind(before) || is_namespace(before)),
        [namespace, kind, name] => object.name == *name && is_namespace(namespace) && is_kind(kind),
        _ => false,
    }
}

/// The workloads that there are, for whoever has said another.
pub(super) fn known(session: &Session) -> String {
    let titles = session.worlds.iter().flat_map(|(world, _)| world.workloads().map(|(object, _)| object));
    let mut names: Vec<String> =
        titles.map(|object| format!("{}/{}", object.kind.to_lowercase(), object.name)).collect();
    names.sort();
    names.dedup();
    match names.len() {
        0 => ", nor any other".to_owned(),
        1..=12 => format!("; there are {}", names.join(", ")),
        more => format!("; there are {}, and {} more", names[..12].join(", "), more - 12),
    }
}
