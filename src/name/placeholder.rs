//! Placeholders of files that something else fills in before they are applied.

use std::ops::Range;

use super::template::{Part, Why};
use crate::world::pod::PodTemplate;

/// Text without references: what is literal in it, and what is a placeholder; with the bytes of each, counted from `start`.
pub(super) fn parts(text: &str, start: usize, pod: &PodTemplate) -> Vec<(Part, Range<usize>)> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = find_placeholder(&text[at..], pod).map(|found| at + found.start..at + found.end) {
        parts.push((Part::Lit(text[at..found.start].to_owned()), start + at..start + found.start));
        let why = Why::Placeholder(text[found.clone()].to_owned());
        parts.push((Part::Opaque(why), start + found.start..start + found.end));
        at = found.end;
    }
    parts.push((Part::Lit(text[at..].to_owned()), start + at..start + text.len()));
    parts
}

/// The first placeholder of a file that `envsubst`, a template engine or a GitOps engine fills in. Where the container itself
/// defines the `X` of a `${X}`, somebody took Kubernetes for a shell, and the text stays.
pub(super) fn find_placeholder(text: &str, pod: &PodTemplate) -> Option<Range<usize>> {
    let mut starts = text.char_indices().filter(|(_, c)| matches!(c, '$' | '{' | '<')).map(|(start, _)| start);
    starts.find_map(|start| Some(start..start + placeholder(&text[start..], pod)?))
}

/// How long the placeholder is with which a text begins, if it does.
fn placeholder(text: &str, pod: &PodTemplate) -> Option<usize> {
    let kinds = [("${", "}"), ("{{", "}}"), ("<%", "%>")];
    let (open, close) = kinds.into_iter().find(|(open, _)| text.starts_with(open))?;
    let end = text.find(close)? + close.len();
    let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let name: String = text[open.len()..].chars().take_while(is_word).collect();
    let defined = || pod.containers.iter().any(|container| container.env.iter().any(|var| var.name == name));
    (open != "${" || !(name.is_empty() || defined())).then_some(end)
}
