//! The `inputs` annotation: the variables that the image's script reads to make the node's name.

use super::env::{Env, Lookup};
use super::spelling::is_only;
use super::template::{Sym, Template, Why};
use crate::place::Loc;
use crate::world::declared::Sourced;

/// A variable that the image reads, and what it takes it for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The variable.
    pub name: String,
    /// What it takes it for.
    pub sym: Sym,
    /// The annotation.
    pub at: Loc,
}

/// The fields of the downward API that an input can be, by their own names.
pub const FIELDS: [(&str, Sym); 6] = [
    ("podIP", Sym::PodIp),
    ("podIPs", Sym::PodIps),
    ("hostIP", Sym::HostIp),
    ("podName", Sym::PodName),
    ("namespace", Sym::Namespace),
    ("nodeName", Sym::NodeName),
];

/// The words of the annotation.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', '\n', '\r', '\t']).filter(|word| !word.is_empty())
}

/// Reads `POD_IP=podIP NAMESPACE=namespace`.
///
/// # Errors
/// The word that is not understood.
pub fn parse(declared: &Sourced<String>) -> Result<Vec<Input>, String> {
    words(&declared.value)
        .map(|word| {
            let (name, field) = word.split_once('=').ok_or_else(|| word.to_owned())?;
            let (_, sym) = FIELDS.iter().find(|(known, _)| *known == field).ok_or_else(|| word.to_owned())?;
            Ok(Input { name: name.to_owned(), sym: *sym, at: declared.at.clone() })
        })
        .collect()
}

impl Input {
    /// Whether the pod certainly leaves it out.
    pub fn is_missing(&self, env: &Env) -> bool {
        match env.lookup(&self.name) {
            Lookup::Set(var) => var.value.is_empty(),
            Lookup::Unset => true,
            Lookup::Open(_) => false,
        }
    }
}

/// The name that an image really makes: where an input is bound to something else than it takes it for, that is in the name.
pub fn bind(name: &Template, inputs: &[Input], env: &Env) -> Template {
    name.replace(|sym| {
        // What the script does to the address it also does to what stands in its place.
        let wanted = if sym == Sym::PodIpDashed { Sym::PodIp } else { sym };
        let input = inputs.iter().find(|input| input.sym == wanted)?;
        match env.lookup(&input.name) {
            Lookup::Set(var) if is_only(&var.value, wanted) => None,
            Lookup::Set(var) if sym == wanted => Some(var.value.clone()),
            Lookup::Set(var) => {
                let why = Why::Shell(format!("dashes for dots in `{}`", input.name));
                let dots = var.value.syms().any(|sym| matches!(sym, Sym::PodIp | Sym::PodIps | Sym::HostIp))
                    || var.value.contains('.');
                Some(if dots { Template::opaque(why, &var.at) } else { var.value.clone() })
            }
            Lookup::Open(why) => Some(Template::opaque(why.clone(), &input.at)),
            Lookup::Unset => None,
        }
    })
}
