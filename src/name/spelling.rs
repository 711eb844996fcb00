//! A name as lines of `env`: what a person would write to get it.

use std::fmt::Write as _;

use super::env::{Env, Var};
use super::template::{Part, Sym, Template};

/// A field of the downward API, the symbol that it gives, and the variable that people usually put it in.
const FIELDS: [(Sym, &str, &str); 4] = [
    (Sym::PodIp, "MY_POD_IP", "status.podIP"),
    (Sym::PodName, "MY_POD_NAME", "metadata.name"),
    (Sym::Namespace, "MY_POD_NAMESPACE", "metadata.namespace"),
    (Sym::HostIp, "MY_HOST_IP", "status.hostIP"),
];

/// The field of the downward API that gives a symbol.
pub fn field(sym: Sym) -> Option<&'static str> {
    FIELDS.iter().find(|(known, ..)| *known == sym).map(|(_, _, field)| *field)
}

/// The lines that set a variable to a template, with those that define what it needs and the container does not have yet.
/// Nothing where `$(VAR)` cannot say it: dots do not become dashes there.
pub fn lines(variable: &str, value: &Template, env: &Env) -> Option<String> {
    // A reference sees only what stands above it.
    let below = env.get(variable).and_then(|var| var.index);
    let is_above = |var: &Var| below.is_none_or(|below| var.index.is_none_or(|index| index < below));
    let mut definitions = String::new();
    let mut text = String::new();
    for piece in value.pieces() {
        let sym = match &piece.part {
            Part::Lit(literal) => {
                text.push_str(literal);
                continue;
            }
            Part::Sym(Sym::Hostname) => Sym::PodName,
            Part::Sym(sym) => *sym,
            Part::Unexpanded(..) | Part::Opaque(_) => return None,
        };
        let (_, usual, field) = FIELDS.iter().find(|(known, ..)| *known == sym)?;
        let existing =
            env.vars().iter().find(|var| is_only(&var.value, sym) && is_above(var)).map(|var| var.name.as_str());
        let name = existing.unwrap_or(usual);
        if existing.is_none() && !definitions.contains(&format!("name: {usual}\n")) {
            let _ = write!(definitions, "- name: {usual}\n  valueFrom:\n    fieldRef:\n      fieldPath: {field}\n");
        }
        let _ = write!(text, "$({name})");
    }
    Some(format!("{definitions}- name: {variable}\n  value: {text}"))
}

/// Whether a value is this symbol and nothing else.
pub fn is_only(value: &Template, sym: Sym) -> bool {
    matches!(value.pieces(), [piece] if piece.part == Part::Sym(sym))
}
