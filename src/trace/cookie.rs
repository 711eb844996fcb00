//! Where a node's cookie comes from. What it is is compared, and never shown.

use std::fmt;

use super::Trace;
use crate::name::args_file::{self, VM_ARGS};
use crate::name::env::Lookup;
use crate::name::flags::{single_values, values};
use crate::name::launcher::Program;
use crate::name::template::{Part, Piece, Template, Why};
use crate::place::Loc;
use crate::world::pod::KeyRef;
use crate::world::project::FixedCookie;
use crate::world::{SameNamespace, same_namespace};

/// The flag that gives the VM its cookie.
pub const SETCOOKIE: &str = "-setcookie";

/// The variable that the start script of a mix release reads.
pub const COOKIE: &str = "RELEASE_COOKIE";

/// What gives a node its cookie.
#[derive(Clone, PartialEq, Eq)]
pub enum Cookie {
    /// A key of a Secret.
    Secret(KeyRef),
    /// Text that can be read.
    Text(String),
    /// Nothing that can be read: a release takes that of its build, a plain VM makes one up.
    Image,
    /// It cannot be told, and why.
    Unknown(Why),
}

/// Whether two nodes have the same cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameCookie {
    /// They take it from the same place.
    Yes,
    /// They take it from different places.
    No,
    /// At least one of the places is not known.
    Open,
}

impl Cookie {
    fn of(value: &Template) -> Self {
        if let [Piece { part: Part::Opaque(Why::Secret(key)), .. }] = value.pieces() {
            return Self::Secret(key.clone());
        }
        let unknown = || value.unknown().cloned().unwrap_or(Why::Image);
        value.literal().map_or_else(|| Self::Unknown(unknown()), Self::Text)
    }
}

/// A cookie that is written down is not shown.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie({self})")
    }
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(key) => write!(f, "key `{}` of Secret `{}`", key.key, key.name),
            Self::Text(_) => f.write_str("text in the manifest"),
            Self::Image => f.write_str("the image's own"),
            Self::Unknown(why) => write!(f, "unknown: {why}"),
        }
    }
}

impl Trace<'_> {
    /// What gives the node its cookie.
    pub fn cookie(&self) -> Cookie {
        let Some(naming) = &self.naming else { return Cookie::Unknown(Why::Image) };
        let flags = self.cookie_flags();
        let lookup = naming.env.lookup(COOKIE);
        match (&naming.launch.program, flags.as_slice(), lookup) {
            (Program::Vm(_), [(_, value, _)], _) => Cookie::of(value),
            (program, [], Lookup::Set(var)) if program.may_be_a_release() && !var.value.is_empty() => {
                Cookie::of(&var.value)
            }
            (_, [], Lookup::Open(why)) => Cookie::Unknown(why.clone()),
            (_, [], _) if self.leaves_cookie_to_the_image() && !self.is_relx() => Cookie::Image,
            // A script, a file, or flags beside the variable.
            _ => Cookie::Unknown(Why::Image),
        }
    }

    /// Whether the nodes of another workload have the same cookie. What two Secrets hold may be the same all the same.
    pub fn same_cookie(&self, other: &Trace<'_>) -> SameCookie {
        let namespaces = same_namespace(self.object.namespace.as_deref(), other.object.namespace.as_deref());
        match (self.cookie(), other.cookie()) {
            // A pod reads the Secrets of its own namespace: those of two are two in any case.
            (Cookie::Secret(_), Cookie::Secret(_)) if namespaces != SameNamespace::Yes => SameCookie::Open,
            (Cookie::Secret(one), Cookie::Secret(other)) => is_same((&one.name, &one.key) == (&other.name, &other.key)),
            (Cookie::Text(one), Cookie::Text(other)) => is_same(one == other),
            (Cookie::Secret(_), Cookie::Text(_)) | (Cookie::Text(_), Cookie::Secret(_)) => SameCookie::No,
            (Cookie::Image, Cookie::Image) if self.runs_the_image_of(other) => SameCookie::Yes,
            _ => SameCookie::Open,
        }
    }

    /// Whether both start a release out of the same image; a VM without a cookie makes one up in every container.
    fn runs_the_image_of(&self, other: &Trace<'_>) -> bool {
        fn image<'w>(trace: &Trace<'w>) -> Option<&'w String> {
            trace.container?.image.as_ref()
        }
        fn is_vm(trace: &Trace<'_>) -> bool {
            trace.naming.as_ref().is_some_and(|naming| matches!(naming.launch.program, Program::Vm(_)))
        }
        image(self).is_some() && image(self) == image(other) && !is_vm(self) && !is_vm(other)
    }

    /// Every text that is given to the node for a cookie, as far as it is written down.
    pub fn literal_cookies(&self) -> Vec<String> {
        let variable = self.naming.as_ref().and_then(|naming| naming.env.get(COOKIE)).map(|var| var.value.clone());
        let flags = self.cookie_flags().into_iter().map(|(_, value, _)| value);
        let fixed = self.naming.as_ref().and_then(|naming| naming.release.as_ref()?.cookie.as_ref()?.text.clone());
        let texts = variable.into_iter().chain(flags).filter_map(|value| value.literal());
        texts.chain(fixed).filter(|text| !text.is_empty()).collect()
    }

    /// The place that says the cookie; where nothing does, that of the variables.
    pub fn at_cookie(&self) -> Loc {
        let written = self.cookie_flags().into_iter().next().map(|(_, _, at)| at);
        let variable = || Some(self.naming.as_ref()?.env.get(COOKIE)?.at.clone());
        written.or_else(variable).unwrap_or_else(|| self.at_env())
    }

    /// The cookies in the VM's flags, each with what has it: `-setcookie X`, and `--cookie X`, which is Elixir's.
    pub fn cookie_flags(&self) -> Vec<(String, Template, Loc)> {
        self.values_of_flags(&|words| single_values(words, SETCOOKIE).chain(values(words, "--cookie")).collect())
    }

    /// Those that the VM takes for its own.
    pub fn cookies_of_the_vm(&self) -> Vec<(String, Template, Loc)> {
        self.values_of_flags(&|words| single_values(words, SETCOOKIE).collect())
    }

    /// Values in the VM's flags, each with what has it, and where.
    fn values_of_flags(&self, of: &dyn Fn(&[Template]) -> Vec<&Template>) -> Vec<(String, Template, Loc)> {
        let Some(naming) = &self.naming else { return Vec::new() };
        let mut found = Vec::new();
        let mut add = |what: &str, words: &[Template], at: &Loc| {
            for value in of(words) {
                // In a file, the word itself; of a variable, its value.
                let own = value.pieces().first().map(|piece| &piece.at);
                let own = own.filter(|at| what == VM_ARGS || at.object.as_text().is_some());
                found.push((what.to_owned(), value.clone(), own.unwrap_or(at).clone()));
            }
        };
        for flags in &naming.flags {
            add(flags.variable, &flags.words, &flags.at);
        }
        // What a `vm.args` gives to relx is among the flags already.
        if let Program::Vm(words) = &naming.launch.program
            && !naming.is_by_vm_args()
        {
            add("the command", words, &naming.launch.at);
        }
        found
    }

    /// Whether nothing that can be read gives the node a cookie, and nothing unread is likely to.
    pub fn leaves_cookie_to_the_image(&self) -> bool {
        let (Some(naming), Some(container)) = (&self.naming, self.container) else { return false };
        let is_set = match naming.env.lookup(COOKIE) {
            Lookup::Set(var) => !var.value.is_empty(),
            Lookup::Unset => false,
            Lookup::Open(_) => true,
        };
        let says_cookie = |text: &str| text.to_lowercase().contains("cookie");
        let in_a_script = naming.launch.script.as_ref().is_some_and(|script| says_cookie(&script.text.to_string()))
            || naming.env_sh.as_ref().is_some_and(|script| says_cookie(&script.value));
        let in_a_file = container.volume_mounts.iter().any(|mount| says_cookie(&mount.path));
        let in_the_flags = !self.cookie_flags().is_empty()
            || container.args.iter().chain(&container.command).any(|word| says_cookie(word));
        self.starts_a_node() && !is_set && !in_a_script && !in_a_file && !in_the_flags
    }

    /// The cookie that the release's `mix.exs` fixes, where nothing that can be read gives the node another.
    pub fn fixed_cookie(&self) -> Option<&FixedCookie> {
        let release = self.naming.as_ref()?.release.as_ref()?;
        release.cookie.as_ref().filter(|_| self.leaves_cookie_to_the_image())
    }

    /// Whether a variable shows that a release of relx or Distillery may start here: their cookie is in `vm.args`. The port that
    /// relx alone reads is a sign of it, though not one that would do to say whose name counts.
    pub fn is_relx(&self) -> bool {
        args_file::is_relx(&self.env) || self.env.get("ERL_DIST_PORT").is_some()
    }
}

fn is_same(is_same: bool) -> SameCookie {
    if is_same { SameCookie::Yes } else { SameCookie::No }
}
