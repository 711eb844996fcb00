//! Who is to name the node as it is dialled: the pod, in a variable, or the image, in its script.

use super::Candidate;
use crate::fix::change::Change;
use crate::name::inputs::FIELDS;
use crate::name::same::Same;
use crate::name::spelling;
use crate::name::template::{Sym, Template};
use crate::trace::Trace;
use crate::world::declared::Key;

/// Who names the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// The pod's environment: whoever runs a command in the container then finds the same name.
    Pod,
    /// The image's `rel/env.sh`, which does so already.
    Image,
    /// The image's `rel/env.sh`, with other lines than it has.
    OtherImage,
}

/// Who names the node of a workload that declares a candidate, and the changes that declare it of the image.
pub fn name(trace: &Trace<'_>, candidate: Candidate) -> (Naming, Vec<Change>) {
    let Some(dialled) = dialled(trace) else { return (Naming::Pod, Vec::new()) };
    let by_the_image = is_named_by_its_image(trace);
    if !by_the_image && !candidate.dials_dashes(trace) {
        return (Naming::Pod, Vec::new());
    }
    let own = trace.naming.as_ref().and_then(|naming| naming.written());
    if by_the_image && own.is_some_and(|(own, _)| trace.identity.same(&dialled, own) == Same::Yes) {
        return (Naming::Image, Vec::new());
    }
    let at = |key: Key| trace.pod.at_annotation(&key.annotation()).of(trace.object.id);
    let node_name = Change::set(at(Key::NodeName), dialled.to_string());
    let inputs = Change::set(at(Key::Inputs), inputs(trace, &dialled));
    (Naming::OtherImage, vec![node_name, inputs])
}

/// The name that peers dial, in whatever namespace the pods run.
pub(super) fn dialled(trace: &Trace<'_>) -> Option<Template> {
    let dial = trace.dials.first()?;
    dial.name.unknown().is_none().then(|| trace.identity.with_own_namespace(&dial.name))
}

/// Whether the image names the node, as an annotation says, or its script.
pub fn is_named_by_its_image(trace: &Trace<'_>) -> bool {
    let Some(naming) = &trace.naming else { return false };
    naming.declared.is_some() || naming.is_by_env_sh()
}

/// The variables that a script needs for a name: `MY_POD_IP=podIP MY_POD_NAMESPACE=namespace`.
fn inputs(trace: &Trace<'_>, name: &Template) -> String {
    let mut words: Vec<String> = Vec::new();
    for sym in name.syms().map(source) {
        let field = FIELDS.iter().find(|(_, known)| *known == sym).map(|(field, _)| *field);
        if let (Some(variable), Some(field)) = (variable(trace, sym), field) {
            let word = format!("{variable}={field}");
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    words.join(" ")
}

/// What a symbol is made of in a shell.
pub(super) fn source(sym: Sym) -> Sym {
    match sym {
        Sym::PodIpDashed => Sym::PodIp,
        Sym::Hostname => Sym::PodName,
        sym => sym,
    }
}

/// The variable of the container that holds a symbol, or that would.
pub(super) fn variable<'t>(trace: &'t Trace<'_>, sym: Sym) -> Option<&'t str> {
    spelling::holder(sym, &trace.env, None).or_else(|| spelling::usual(sym))
}
