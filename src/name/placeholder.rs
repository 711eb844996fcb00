//! Placeholders of files that something else fills in before they are applied.

use std::ops::Range;

use super::template::{Part, Why};
use crate::world::pod::{EnvSource, EnvVar, PodTemplate};

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
/// defines the `X` of a `${X}`, and not as that, somebody took Kubernetes for a shell, and the text stays.
pub(super) fn find_placeholder(text: &str, pod: &PodTemplate) -> Option<Range<usize>> {
    let mut starts = text.char_indices().filter(|(_, c)| matches!(c, '$' | '{' | '<')).map(|(start, _)| start);
    starts.find_map(|start| Some(start..start + placeholder(&text[start..], pod)?))
}

/// How long a placeholder may be, in bytes, and how far into a value it is looked for whether it is itself one: a hostile value has
/// thousands of beginnings without an end.
const LONGEST: usize = 4096;

/// How long the placeholder is with which a text begins, if it does.
fn placeholder(text: &str, pod: &PodTemplate) -> Option<usize> {
    let kinds = [("${", "}"), ("{{", "}}"), ("<%", "%>"), ("$", "")];
    let (open, close) = kinds.into_iter().find(|(open, _)| text.starts_with(open))?;
    let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let name: String = text[open.len()..].chars().take_while(is_word).collect();
    let mut vars = pod.containers.iter().flat_map(|container| &container.env).filter(|var| var.name == name);
    let is_one = match open {
        "${" => !name.is_empty() && !vars.any(|var| is_definition(var, &name)),
        // Without braces it may be meant as it is, but for that of a variable in itself.
        "$" => vars.next().is_some_and(|var| !is_definition(var, &name)),
        _ => true,
    };
    if !is_one {
        return None;
    }
    let near = &text.as_bytes()[..text.len().min(LONGEST)];
    match close {
        "" => Some(open.len() + name.len()),
        close => Some(memchr::memmem::find(near, close.as_bytes())? + close.len()),
    }
}

/// Whether a variable is one of this name, and not itself what something else fills in: the `X` of `X: ${X}`, as it is written for
/// `envsubst` and for Flux, nobody has defined yet.
pub(crate) fn is_definition(var: &EnvVar, name: &str) -> bool {
    var.name == name && !matches!(&var.source, EnvSource::Value(text) if refers_as_a_shell(text, name))
}

/// Whether a text holds `$X` or `${X}`.
fn refers_as_a_shell(text: &str, name: &str) -> bool {
    let starts = text.match_indices('$').take_while(|(at, _)| *at < LONGEST);
    starts.map(|(at, _)| at).any(|at| {
        let behind = &text[at + 1..];
        let rest = behind.strip_prefix('{').unwrap_or(behind).strip_prefix(name);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}
