//! The `inputs` annotation: the variables that the image's script reads to make the node's name.

use super::env::{Env, Lookup};
use super::spelling::is_only;
use super::template::{Sym, Template, Why};
use crate::place::Loc;
use crate::world::declared::{Key, Sourced};

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

/// Why a word of the annotation is no input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It binds nothing.
    #[error("is not VARIABLE=field")]
    Unbound,
    /// No shell reads a variable of this name, though `env` may hold one.
    #[error("names no variable: a letter or `_`, then letters, digits and `_`")]
    Name,
    /// The release, the VM or the shell takes this variable for something else.
    #[error("names a variable that the release, the VM or the shell takes for something else")]
    Reserved,
    /// The field is not one of [`FIELDS`].
    #[error("binds to no field")]
    Field,
    /// The variable is bound to another field before.
    #[error("binds a variable once more, to another field")]
    Twice,
}

/// A word that is no input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` {fault}")]
pub struct BadInput {
    /// The word.
    pub word: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Variables that mean something else than where the pod is: to the release's start script (Elixir's `release.init.ex`), to
/// relx's, to `erl` (its manual page), and to every shell. Others that begin with `RELEASE_` or `ERL_` may be anybody's own.
const RESERVED: [&str; 29] = [
    "RELEASE_NODE",
    "RELEASE_DISTRIBUTION",
    "RELEASE_COOKIE",
    "RELEASE_NAME",
    "RELEASE_VSN",
    "RELEASE_MODE",
    "RELEASE_ROOT",
    "RELEASE_PROG",
    "RELEASE_COMMAND",
    "RELEASE_TMP",
    "RELEASE_VM_ARGS",
    "RELEASE_REMOTE_VM_ARGS",
    "RELEASE_SYS_CONFIG",
    "RELEASE_BOOT_SCRIPT",
    "RELEASE_BOOT_SCRIPT_CLEAN",
    "RELX_REPLACE_OS_VARS",
    "ERL_AFLAGS",
    "ERL_FLAGS",
    "ERL_ZFLAGS",
    "ERL_LIBS",
    "ERL_EPMD_PORT",
    "ERL_DIST_PORT",
    "ELIXIR_ERL_OPTIONS",
    "PATH",
    "HOME",
    "PWD",
    "IFS",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
];

/// The inputs that a workload declares: all of them, or none.
///
/// # Errors
/// The first word that is no input.
pub fn declared(keys: &[(Key, Sourced<String>)]) -> Result<Vec<Input>, BadInput> {
    keys.iter().find(|(key, _)| *key == Key::Inputs).map_or(Ok(Vec::new()), |(_, declared)| parse(declared))
}

/// Reads `POD_IP=podIP NAMESPACE=namespace`.
fn parse(declared: &Sourced<String>) -> Result<Vec<Input>, BadInput> {
    let mut inputs: Vec<Input> = Vec::new();
    for word in words(&declared.value) {
        let bad = |fault| BadInput { word: word.to_owned(), fault };
        let (name, field) = word.split_once('=').ok_or_else(|| bad(Fault::Unbound))?;
        if !is_name(name) {
            return Err(bad(Fault::Name));
        }
        if RESERVED.contains(&name) {
            return Err(bad(Fault::Reserved));
        }
        let (_, sym) = FIELDS.iter().find(|(known, _)| *known == field).ok_or_else(|| bad(Fault::Field))?;
        match inputs.iter().find(|known| known.name == name) {
            Some(known) if known.sym != *sym => return Err(bad(Fault::Twice)),
            Some(_) => {}
            None => inputs.push(Input { name: name.to_owned(), sym: *sym, at: declared.at.clone() }),
        }
    }
    Ok(inputs)
}

/// Whether a shell can read a variable of this name (POSIX.1-2024, 3.216): `env` itself allows almost everything.
fn is_name(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{ObjectId, Pointer};

    fn read(text: &str) -> Result<Vec<String>, String> {
        let at = Pointer::root().of(ObjectId(0));
        let inputs = declared(&[(Key::Inputs, Sourced { value: text.to_owned(), at })]);
        let shown = |input: Input| format!("{}={}", input.name, input.sym.name());
        inputs.map(|inputs| inputs.into_iter().map(shown).collect()).map_err(|bad| bad.to_string())
    }

    #[test]
    fn spaces_commas_and_ends_of_lines_separate() {
        let words = ["POD_IP=pod-ip", "_N1=namespace"].map(str::to_owned).to_vec();
        assert_eq!(read("POD_IP=podIP,_N1=namespace"), Ok(words.clone()));
        assert_eq!(read(" POD_IP=podIP\r\n\t_N1=namespace\n POD_IP=podIP"), Ok(words));
        assert_eq!(read(" "), Ok(vec![]));
        assert_eq!(declared(&[]), Ok(vec![]));
    }

    #[test]
    fn what_no_script_can_read_is_refused() {
        for (text, why) in [
            ("A=podIP POD_IP", "`POD_IP` is not VARIABLE=field"),
            ("=podIP", "`=podIP` names no variable"),
            ("PÖD=podIP", "`PÖD=podIP` names no variable"),
            ("POD-IP=podIP", "`POD-IP=podIP` names no variable"),
            ("1A=podIP", "`1A=podIP` names no variable"),
            ("A=podIP B=podIp", "`B=podIp` binds to no field"),
            ("A=podIP=podIP", "`A=podIP=podIP` binds to no field"),
            ("A=podIP A=hostIP", "`A=hostIP` binds a variable once more"),
            ("RELEASE_NODE=podName", "`RELEASE_NODE=podName` names a variable that the release"),
            ("PATH=podName", "`PATH=podName` names a variable that the release"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.starts_with(why), "{said}");
        }
        assert_eq!(read("RELEASE_HOST=podIP").unwrap().len(), 1, "anybody's own");
    }
}
