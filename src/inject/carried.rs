//! Pods that carry everything, about which the webhook is not even asked.
//!
//! This says the same as the `matchConditions` of `deploy/kustomize/base/injector.yaml`, word for word: whoever is left out
//! there gets nothing here either, so that a pod is the same whether it passed by us or not. To be asked in vain costs little,
//! so whatever is not plain to see counts as lacking.

use crate::name::inputs;
use crate::world::declared::Key;
use crate::world::object::value_of;
use crate::world::pod::{Container, EnvSource, PodTemplate};

/// Whether a pod needs nothing.
pub(super) fn carries_everything(pod: &PodTemplate) -> bool {
    let wanted = annotation(pod, Key::Container);
    let counts = |container: &&Container| wanted.is_none_or(|wanted| wanted == container.name);
    let containers = pod.containers.iter().filter(|container| !container.init && !container.sidecar);
    let nodes: Vec<&Container> = containers.filter(counts).collect();
    nodes.iter().any(|container| carries_its_name(container)) || is_named_by_its_image(pod, &nodes)
}

/// Whether it has RELEASE_DISTRIBUTION and RELEASE_NODE, and what RELEASE_NODE refers to stands above it and refers to nothing
/// in turn.
fn carries_its_name(container: &Container) -> bool {
    let first = |name: &str| container.env.iter().position(|var| var.name == name);
    let (Some(node), Some(_)) = (first("RELEASE_NODE"), first("RELEASE_DISTRIBUTION")) else { return false };
    let values = |name: &str| {
        let name = name.to_owned();
        container.env.iter().filter(move |var| var.name == name).map(|var| match &var.source {
            EnvSource::Value(text) | EnvSource::NotString { text, .. } => text.as_str(),
            _ => "",
        })
    };
    let is_plain = |name: &str| values(name).all(|text| !text.contains("$("));
    values("RELEASE_NODE")
        .flat_map(references)
        .all(|name| first(name).is_some_and(|index| index < node) && is_plain(name))
}

/// `\$\([A-Za-z_][A-Za-z0-9_.-]*\)`, which knows nothing of an escaped dollar.
fn references(text: &str) -> impl Iterator<Item = &str> {
    let name = |rest: &'_ str| -> Option<usize> {
        let end = rest.find(')')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let starts = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (starts && rest[..end].chars().all(is_name)).then_some(end)
    };
    text.match_indices("$(").filter_map(move |(at, open)| {
        let rest = &text[at + open.len()..];
        name(rest).map(|end| &rest[..end])
    })
}

/// Whether the image makes its name itself, and each container that may be the node's has all the variables for it: a sidecar
/// may read a variable of the same name.
fn is_named_by_its_image(pod: &PodTemplate, nodes: &[&Container]) -> bool {
    if annotation(pod, Key::NodeName).is_none() {
        return false;
    }
    let words = annotation(pod, Key::Inputs).unwrap_or_default();
    let mut names = inputs::words(words).map(|word| word.split('=').next().unwrap_or(word));
    let have_all = |name: &str| nodes.iter().all(|container| container.env.iter().any(|var| var.name == name));
    !nodes.is_empty() && names.all(have_all)
}

fn annotation(pod: &PodTemplate, key: Key) -> Option<&str> {
    value_of(&pod.annotations, &key.annotation())
}
