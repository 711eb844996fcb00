//! A name as `env` can say it: what a person would write to get it, and what the webhook injects.

use super::env::{Env, Var};
use super::template::{Part, Sym, Template};

/// A field of the downward API, the symbol that it gives, and the variable that people usually put it in.
const FIELDS: [(Sym, &str, &str); 6] = [
    (Sym::PodIp, "MY_POD_IP", "status.podIP"),
    (Sym::PodIps, "MY_POD_IPS", "status.podIPs"),
    (Sym::PodName, "MY_POD_NAME", "metadata.name"),
    (Sym::Namespace, "MY_POD_NAMESPACE", "metadata.namespace"),
    (Sym::HostIp, "MY_HOST_IP", "status.hostIP"),
    (Sym::NodeName, "MY_NODE_NAME", "spec.nodeName"),
];

/// The field of the downward API that gives a symbol.
pub fn field(sym: Sym) -> Option<&'static str> {
    FIELDS.iter().find(|(known, ..)| *known == sym).map(|(_, _, field)| *field)
}

/// The variable that people usually put a symbol in.
pub fn usual(sym: Sym) -> Option<&'static str> {
    FIELDS.iter().find(|(known, ..)| *known == sym).map(|(_, usual, _)| *usual)
}

/// The symbol that people usually put in a variable.
pub fn usually(name: &str) -> Option<Sym> {
    FIELDS.iter().find(|(_, usual, _)| *usual == name).map(|(sym, ..)| *sym)
}

/// A value as `env` can say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelled {
    /// The value, with `$(VAR)` for what differs between pods.
    pub text: String,
    /// The variables that it refers to and the container does not have yet, none twice.
    pub missing: Vec<(String, Sym)>,
}

/// Spells a template for a variable that stands at this index of `env`; at its end if it is none.
/// Nothing where `$(VAR)` cannot say it: dots do not become dashes there.
pub fn spell(value: &Template, env: &Env, index: Option<usize>) -> Option<Spelled> {
    let mut spelled = Spelled { text: String::new(), missing: Vec::new() };
    for piece in value.pieces() {
        let sym = match &piece.part {
            Part::Lit(literal) => {
                // A dollar that is meant literally is written twice.
                match literal.contains('$') {
                    true => spelled.text.push_str(&literal.replace("$(", "$$(")),
                    false => spelled.text.push_str(literal),
                }
                continue;
            }
            Part::Sym(Sym::Hostname) => Sym::PodName,
            Part::Sym(sym) => *sym,
            Part::Unexpanded(..) | Part::Opaque(_) => return None,
        };
        let name = match holder(sym, env, index) {
            Some(name) => name.to_owned(),
            None => free_name(usual(sym)?, env),
        };
        spelled.text += &format!("$({name})");
        if holder(sym, env, index).is_none() && !spelled.missing.iter().any(|(known, _)| *known == name) {
            spelled.missing.push((name, sym));
        }
    }
    Some(spelled)
}

/// Spells a template for a script that runs with this environment, between double quotes. Nothing where a shell would take some
/// character for its own.
pub fn in_shell(value: &Template, env: &Env) -> Option<Spelled> {
    let mut spelled = Spelled { text: String::new(), missing: Vec::new() };
    for piece in value.pieces() {
        let (sym, dashed) = match &piece.part {
            Part::Lit(text) if !text.contains(['$', '`', '"', '\\', '}']) => {
                spelled.text.push_str(text);
                continue;
            }
            Part::Sym(Sym::PodIpDashed) => (Sym::PodIp, true),
            Part::Sym(Sym::Hostname) => (Sym::PodName, false),
            Part::Sym(sym) => (*sym, false),
            Part::Lit(_) | Part::Unexpanded(..) | Part::Opaque(_) => return None,
        };
        let held = holder(sym, env, None).map(str::to_owned);
        let name = held.clone().map_or_else(|| Some(free_name(usual(sym)?, env)), Some)?;
        spelled.text += &if dashed { format!("$(echo ${name} | tr . -)") } else { format!("${{{name}}}") };
        if held.is_none() && !spelled.missing.iter().any(|(known, _)| *known == name) {
            spelled.missing.push((name, sym));
        }
    }
    Some(spelled)
}

/// The variable that holds a symbol where a value at this index is expanded: a reference sees only what stands above it, and
/// of several definitions the last.
pub fn holder(sym: Sym, env: &Env, index: Option<usize>) -> Option<&str> {
    let is_above = |var: &&Var| index.is_none_or(|index| var.index.is_none_or(|above| above < index));
    let above = || env.vars().iter().filter(is_above);
    let holds = |var: &&Var| is_only(&var.value, sym);
    let is_last = |var: &&Var| above().rfind(|other| other.name == var.name).is_some_and(|last| holds(&last));
    above().filter(holds).find(is_last).map(|var| var.name.as_str())
}

/// A name that nothing in the container has.
fn free_name(usual: &str, env: &Env) -> String {
    let others = (2..).map(|number| format!("BEAMGATE_{usual}_{number}"));
    let mut names = [usual.to_owned(), format!("BEAMGATE_{usual}")].into_iter().chain(others);
    // Some name is free: there are more numbers than variables.
    names.find(|name| env.get(name).is_none()).unwrap_or_else(|| usual.to_owned())
}

/// The lines that set a variable to a template, with those that define what it needs and the container does not have yet.
pub fn lines(variable: &str, value: &Template, env: &Env) -> Option<String> {
    let spelled = spell(value, env, env.get(variable).and_then(|var| var.index))?;
    let definitions = spelled.missing.iter().filter_map(|(name, sym)| {
        Some(format!("- name: {name}\n  valueFrom:\n    fieldRef:\n      fieldPath: {}\n", field(*sym)?))
    });
    Some(format!("{}- name: {variable}\n  value: {}", definitions.collect::<String>(), spelled.text))
}

/// Whether a value is this symbol and nothing else.
pub fn is_only(value: &Template, sym: Sym) -> bool {
    matches!(value.pieces(), [piece] if piece.part == Part::Sym(sym))
}
