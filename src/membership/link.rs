//! What comes of it when the nodes of one workload find those of another.

use crate::name::boot::Boot;
use crate::name::env::Lookup;
use crate::name::flags::values;
use crate::name::launcher::Program;
use crate::name::same::Same;
use crate::name::template::{Sym, Template, Why};
use crate::place::Loc;
use crate::trace::cookie::SameCookie;
use crate::trace::listening::EPMD_PORT;
use crate::trace::{Found, Trace};

/// The nodes of one workload find those of another.
#[derive(Debug, Clone)]
pub struct Link {
    /// In which of the [`Trace::ways`] they are found.
    pub way: usize,
    /// Whether it was meant: a further topology that finds others, and not the pods of its own, is there for them.
    pub meant: bool,
    /// The names that they dial, as templates under the identity of the pods that are dialled.
    pub dials: Vec<Template>,
    /// What comes of it.
    pub outcome: Outcome,
    /// Whether both take their cookie from the same place.
    pub cookies: SameCookie,
}

/// Whether a connection is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is, unless cookies that cannot be compared differ.
    Joins,
    /// It is not.
    Splits(Split),
    /// It depends on something that is not known.
    Open(Why),
}

/// What keeps nodes that find each other from connecting, in the order of a connection's journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// Those that are found have no name.
    Nameless,
    /// They are called otherwise than they are dialled: the first name that is dialled, and theirs.
    Names {
        /// As it is dialled.
        dialled: Template,
        /// As it is.
        own: Template,
    },
    /// They ask for epmd at different ports.
    EpmdPort(Difference),
    /// They speak different protocols.
    Protocol(Difference),
    /// They take their cookies from different places.
    Cookies,
}

/// A setting of the VM that two workloads give different values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// That of those that dial.
    pub from: Setting,
    /// That of those that are dialled.
    pub to: Setting,
}

/// A value and where it is; nowhere, where it is the VM's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The value.
    pub value: String,
    /// Where the manifest sets it.
    pub at: Option<Loc>,
}

impl Link {
    /// What comes of it when nodes of `from` look for their peers; nothing if they do not find those of `to`. If they do in several
    /// ways, one that connects them will do; if none does, the one that was declared last was meant for them.
    pub fn between(from: &Trace<'_>, to: &Trace<'_>) -> Option<Self> {
        let mut links = Self::all(from, to).into_iter();
        let first = links.next()?;
        Some(links.fold(first, |best, link| if best.joins() { best } else { link }))
    }

    /// The same, for each way in which they are found.
    pub fn all(from: &Trace<'_>, to: &Trace<'_>) -> Vec<Self> {
        let is_node = |trace: &Trace<'_>| trace.is_beam() && trace.starts_a_node();
        if from.object.id == to.object.id || !is_node(from) || !is_node(to) {
            return Vec::new();
        }
        let nameless = match from.boot() {
            Some(Boot::Named(_)) => None,
            Some(Boot::Opaque(why)) => Some(why.clone()),
            // A node without a name dials nobody.
            Some(Boot::Undistributed(_) | Boot::Crash(_)) | None => return Vec::new(),
        };
        from.finds(to).into_iter().map(|found| Self::of(from, to, found, nameless.clone())).collect()
    }

    fn of(from: &Trace<'_>, to: &Trace<'_>, found: Found, nameless: Option<Why>) -> Self {
        let Found { way, dials, doubt } = found;
        let dials: Vec<Template> = dials.into_iter().map(|dial| dial.name).collect();
        let cookies = from.same_cookie(to);
        let outcome = match (doubt, outcome(from, to, &dials, cookies), nameless) {
            (Some(why), ..) | (None, Outcome::Joins, Some(why)) => Outcome::Open(why),
            (None, outcome, _) => outcome,
        };
        Self { way, meant: way > 0 && !from.way(way).finds_itself(), dials, outcome, cookies }
    }

    /// Whether it makes one cluster of the two.
    pub fn joins(&self) -> bool {
        self.outcome == Outcome::Joins
    }

    /// What keeps it from doing so.
    pub fn split(&self) -> Option<&Split> {
        match &self.outcome {
            Outcome::Splits(split) => Some(split),
            _ => None,
        }
    }
}

impl Split {
    /// What keeps nodes from connecting to those of a workload: `it dials "a", they are "b"`.
    pub fn between(&self, to: &Trace<'_>) -> String {
        let show = |setting: &Setting| match setting.at {
            Some(_) => format!("`{}`", setting.value),
            None => format!("`{}` by default", setting.value),
        };
        let both = |name: &str, Difference { from, to }: &Difference| {
            format!("its {name} is {}, theirs is {}", show(from), show(to))
        };
        match self {
            Self::Nameless => "they have no name".to_owned(),
            Self::Names { dialled, own } => {
                format!("it dials `{}`, they are `{}`", to.identity.show(dialled), to.identity.show(own))
            }
            Self::EpmdPort(difference) => both(EPMD_PORT, difference),
            Self::Protocol(difference) => both("-proto_dist", difference),
            Self::Cookies => "they take their cookie from somewhere else".to_owned(),
        }
    }

    /// One word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Nameless => "nameless",
            Self::Names { .. } => "names",
            Self::EpmdPort(_) => "epmd-port",
            Self::Protocol(_) => "protocol",
            Self::Cookies => "cookies",
        }
    }
}

fn outcome(from: &Trace<'_>, to: &Trace<'_>, dials: &[Template], cookies: SameCookie) -> Outcome {
    let own = match to.boot() {
        Some(Boot::Named(own)) => own,
        Some(Boot::Opaque(why)) => return Outcome::Open(why.clone()),
        Some(Boot::Undistributed(_) | Boot::Crash(_)) => return Outcome::Splits(Split::Nameless),
        None => return Outcome::Open(Why::Image),
    };
    match names(to, dials, own) {
        Same::Yes => {}
        // Whatever they are called.
        Same::Open(_) if cookies == SameCookie::No => return Outcome::Splits(Split::Cookies),
        Same::Open(why) => return Outcome::Open(why),
        Same::No { .. } => {
            let dialled = dials.first().cloned().unwrap_or_default();
            return Outcome::Splits(Split::Names { dialled, own: own.clone() });
        }
    }
    if let Some(difference) = difference(epmd_port(from), epmd_port(to)) {
        return Outcome::Splits(Split::EpmdPort(difference));
    }
    if let Some(difference) = difference(protocol(from), protocol(to)) {
        return Outcome::Splits(Split::Protocol(difference));
    }
    match cookies {
        SameCookie::No => Outcome::Splits(Split::Cookies),
        SameCookie::Yes | SameCookie::Open => Outcome::Joins,
    }
}

/// Whether some name that is dialled is the node's own: others are dialled in vain.
fn names(to: &Trace<'_>, dials: &[Template], own: &Template) -> Same {
    let compare = |dialled: &Template| match base_of_the_dialling_pod(dialled) {
        true => Same::Open(Why::Image),
        false => to.identity.same(dialled, own),
    };
    let compared: Vec<Same> = dials.iter().map(compare).collect();
    let is = |wanted: fn(&Same) -> bool| compared.iter().find(|same| wanted(same)).cloned();
    is(|same| *same == Same::Yes).or_else(|| is(|same| matches!(same, Same::Open(_)))).unwrap_or(Same::No { common: 0 })
}

/// Whether what stands before `@` is made of the pod that dials, whose symbols are not those of the one that is dialled.
fn base_of_the_dialling_pod(dialled: &Template) -> bool {
    let base = dialled.split_once('@').map(|(base, _)| base);
    base.is_some_and(|base| base.syms().any(|sym| !matches!(sym, Sym::Namespace | Sym::ClusterDomain)))
}

/// The port at which a node registers, and at which it asks for its peers, as far as the manifest decides it.
fn epmd_port(trace: &Trace<'_>) -> Option<Setting> {
    const DEFAULT: &str = "4369";
    match trace.naming.as_ref()?.env.lookup(EPMD_PORT) {
        Lookup::Set(var) if !var.value.is_empty() => Setting::of(&var.value, &var.at),
        Lookup::Set(_) | Lookup::Unset => Some(Setting::default_of(DEFAULT)),
        Lookup::Open(_) => None,
    }
}

/// The carrier of the distribution: `-proto_dist inet6_tcp`, `inet_tls`.
fn protocol(trace: &Trace<'_>) -> Option<Setting> {
    const DEFAULT: &str = "inet_tcp";
    let naming = trace.naming.as_ref()?;
    let in_variables = naming.flags.iter().map(|flags| (flags.words.as_slice(), &flags.at));
    let in_command = match &naming.launch.program {
        // What a `vm.args` gives to relx is among the flags already.
        Program::Vm(words) if !naming.is_by_vm_args() => Some((words.as_slice(), &naming.launch.at)),
        _ => None,
    };
    let all = in_variables.chain(in_command);
    let mut found = all.flat_map(|(words, at)| values(words, "-proto_dist").map(move |value| (value, at)));
    match (found.next(), found.next()) {
        (None, _) => Some(Setting::default_of(DEFAULT)),
        (Some((value, at)), None) => Setting::of(value, at),
        _ => None,
    }
}

impl Setting {
    fn of(value: &Template, at: &Loc) -> Option<Self> {
        Some(Self { value: value.literal()?, at: Some(at.clone()) })
    }

    fn default_of(value: &str) -> Self {
        Self { value: value.to_owned(), at: None }
    }
}

/// Two settings that differ. Where the manifest does not set one, the image may; it is presumed not to.
fn difference(from: Option<Setting>, to: Option<Setting>) -> Option<Difference> {
    let (from, to) = (from?, to?);
    (from.value != to.value).then_some(Difference { from, to })
}
