//! Pods that carry everything, about which the webhook is not even asked.
//!
//! This says the same as the `matchConditions` of `deploy/kustomize/base/injector.yaml`, word for word: whoever is left out
//! there gets nothing here either, so that a pod is the same whether it passed by us or not.

use crate::world::declared::Key;
use crate::world::object::value_of;
use crate::world::pod::{Container, EnvSource, PodTemplate};

/// Whether a pod needs nothing.
pub(super) fn carries_everything(pod: &PodTemplate) -> bool {
    let containers = || pod.containers.iter().filter(|container| !container.init && !container.sidecar);
    containers().any(carries_its_name) || is_named_by_its_image(pod, containers)
}

/// Whether it has RELEASE_DISTRIBUTION and RELEASE_NODE, and what RELEASE_NODE refers to stands above it.
fn carries_its_name(container: &Container) -> bool {
    let first = |name: &str| container.env.iter().position(|var| var.name == name);
    let (Some(node), Some(_)) = (first("RELEASE_NODE"), first("RELEASE_DISTRIBUTION")) else { return false };
    let values = container.env.iter().filter(|var| var.name == "RELEASE_NODE").filter_map(|var| match &var.source {
        EnvSource::Value(text) | EnvSource::NotString { text, .. } => Some(text),
        _ => None,
    });
    values.flat_map(|text| references(text)).all(|name| first(name).is_some_and(|index| index < node))
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

/// Whether the image makes its name itself, out of variables that are all there.
fn is_named_by_its_image<'p, C: Iterator<Item = &'p Container>>(pod: &PodTemplate, containers: impl Fn() -> C) -> bool {
    let annotation = |key: Key| value_of(&pod.annotations, &key.annotation()).map(str::to_owned);
    if annotation(Key::NodeName).is_none() {
        return false;
    }
    let inputs = annotation(Key::Inputs).unwrap_or_default();
    let mut words = inputs.split([' ', ',', '\n', '\t']).filter(|word| !word.is_empty());
    words.all(|word| {
        let name = word.split('=').next().unwrap_or(word);
        containers().any(|container| container.env.iter().any(|var| var.name == name))
    })
}
