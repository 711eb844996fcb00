//! Which `vm.args` a release starts its VM with, and what that is to the name.
//!
//! Both kinds of releases read `releases/<version>/vm.args`: a mix release unless `RELEASE_VM_ARGS` says another
//! (`release.init.ex`, Elixir 1.21), relx unless `VMARGS_PATH` does (`extended_bin`, March 2025), which first fills in a
//! `vm.args.src` that lies there. One out of a ConfigMap is read; over one that nobody here can read the name is left open.

use super::env::{Env, Lookup, Scope};
use super::flags::values;
use super::launcher::{Launch, Program, Verb, name_flag};
use super::mounted::{self, File, MountedArgs, VM_ARGS_SRC};
use super::release::Picked;
use super::template::{Template, Why};
use super::vm_args::{Replaces, is_distillery, is_too_long, names, place_of_name, words, words_of_template};
use crate::place::{Loc, Pointer};
use crate::world::declared::{self, vm_args_of};
use crate::world::mounted::{RELEASE_VM_ARGS, VMARGS_PATH};
use crate::world::pod::Container;

/// What a `vm.args` is to the program that a container starts.
pub(super) enum VmArgs {
    /// A release of relx or Distillery: it is the whole command line, and no variable of a mix release is read.
    Whole(Vec<Template>, Loc),
    /// A mix release: it stands behind the name that the start script gives.
    Beside(Vec<Template>, Loc),
    /// It may name the node, and nobody can say whether it does: the place is that of the name, where one is known.
    Unclear(Why, Option<Loc>),
}

/// What a file with flags is called in messages.
pub const VM_ARGS: &str = "vm.args";

/// Variables that only the start scripts of relx and Distillery read.
const THEIRS: [&str; 3] = ["RELX_", "REPLACE_OS_VARS", VMARGS_PATH];

/// Whether a variable shows that a release of relx or Distillery starts here.
pub fn is_relx(env: &Env) -> bool {
    env.vars().iter().any(|var| THEIRS.iter().any(|name| var.name.starts_with(name)))
}

/// What shows whose release it is. Of both it may be either, unless the command is one that only relx knows.
#[derive(Clone, Copy)]
struct Signs {
    mix: bool,
    relx: bool,
}

impl Signs {
    fn of(container: &Container, env: &Env, launch: &Launch) -> Self {
        let is_certain = launch.program.is_of_relx();
        let has_source = || !container.mounted_in_releases(VM_ARGS_SRC).is_empty();
        let mix = is_mix(env) || matches!(launch.program, Program::Release(Verb::Start));
        Self { mix: mix && !is_certain, relx: is_certain || is_relx(env) || has_source() }
    }

    /// The file that is mounted where such a release looks for it.
    fn mounted<'w>(self, scope: Scope<'w>, container: &Container, env: &Env) -> Option<MountedArgs<'w>> {
        let of_relx = || mounted::of_relx(scope, container, env);
        let of_mix = || mounted::of_mix(scope, container, env);
        match (self.relx, self.mix) {
            (true, false) => of_relx(),
            (true, true) => of_relx().or_else(of_mix),
            (false, _) => of_mix(),
        }
    }
}

/// A text, and how it came to be taken for the release's.
struct Source<'s> {
    text: &'s str,
    root: Loc,
    /// Whether it is a `vm.args.src`.
    is_source: bool,
    /// Whether it was found in a project that somebody did not name.
    is_found: bool,
    /// Whether it is out of a volume.
    is_mounted: bool,
}

/// Reads the `vm.args` of the release that a container starts: one that is mounted, that was given, or that was found.
pub(super) fn read(
    scope: Scope<'_>,
    container: &Container,
    env: &Env,
    launch: &Launch,
    release: Option<&Picked>,
) -> Option<VmArgs> {
    if !launch.program.is_of_relx() && !launch.program.may_be_a_release() {
        return None;
    }
    let signs = Signs::of(container, env, launch);
    let source = match signs.mounted(scope, container, env) {
        Some(MountedArgs { file: File::Unread(why), .. }) => return Some(VmArgs::Unclear(why, None)),
        Some(MountedArgs { file: File::Text(text, root), is_source }) => {
            Source { text, root, is_source, is_found: false, is_mounted: true }
        }
        None => match of_the_image(scope, container, env, release) {
            Ok(source) => source?,
            Err(unclear) => return unclear,
        },
    };
    Some(match is_too_long(source.text) {
        true => VmArgs::Unclear(Why::LongFile(VM_ARGS), None),
        false => source.read(env, signs),
    })
}

impl Source<'_> {
    fn read(&self, env: &Env, signs: Signs) -> VmArgs {
        let is_theirs = signs.relx || self.is_source;
        // In a volume nothing evaluates a `vm.args.eex`.
        let read = if self.is_mounted { words } else { words_of_template };
        let words = read(self.text, &self.root, &replaces(env, is_theirs, self.is_source));
        // What that file names beats what the script does, or does not.
        if let Some(path) = values(&words, "-args_file").next() {
            return VmArgs::Unclear(Why::Program(format!("-args_file {path}")), None);
        }
        let named = place_of_name(&words);
        let at = || named.clone().unwrap_or_else(|| self.root.clone().within(0..0));
        match (is_theirs, name_flag(&words)) {
            (true, _) if !signs.mix => VmArgs::Whole(words, at()),
            // A mix release has none by default, and relx needs one.
            (false, Some(_)) if !self.is_found && !is_mix(env) => {
                VmArgs::Unclear(Why::Program(VM_ARGS.to_owned()), named)
            }
            (false, _) => VmArgs::Beside(words, at()),
            (true, _) => VmArgs::Unclear(Why::Program(VM_ARGS.to_owned()), named),
        }
    }
}

/// The file of the image, as somebody gave it or its project has it; an error where it may be another.
fn of_the_image<'s>(
    scope: Scope<'s>,
    container: &Container,
    env: &Env,
    release: Option<&'s Picked>,
) -> Result<Option<Source<'s>>, Option<VmArgs>> {
    let of = |file: &'s declared::VmArgs, is_found| {
        let root = Pointer::root().of(file.script.id);
        Source { text: &file.script.text, root, is_source: file.is_source, is_found, is_mounted: false }
    };
    if let Some(given) = vm_args_of(scope.object, &scope.world.facts) {
        return Ok(Some(of(given, false)));
    }
    let unclear = |at| VmArgs::Unclear(Why::Program(VM_ARGS.to_owned()), at);
    if release.is_some_and(|picked| picked.release.unread_vm_args.is_some()) {
        return Err(Some(unclear(None)));
    }
    // Without a name of its own, that file is what the release was left to.
    if let Some(path) = path_of(env, RELEASE_VM_ARGS).filter(|_| is_undistributed(env)) {
        return Err(Some(VmArgs::Unclear(Why::Program(path.to_string()), None)));
    }
    let Some(found) = release.and_then(|picked| picked.release.vm_args.as_ref()) else { return Ok(None) };
    match is_replaced(container, env) {
        // Where the one of the repository names the node, what replaces it may do so too.
        true => Err(names(found).map(|at| unclear(Some(at)))),
        false => Ok(Some(of(found, true))),
    }
}

/// What a variable says of the path, where it is set and not empty.
pub(super) fn path_of<'e>(env: &'e Env, variable: &str) -> Option<&'e Template> {
    env.get(variable).map(|var| &var.value).filter(|value| !value.is_empty())
}

fn is_undistributed(env: &Env) -> bool {
    env.get("RELEASE_DISTRIBUTION").is_some_and(|var| var.value.literal().as_deref() == Some("none"))
}

fn is_mix(env: &Env) -> bool {
    ["RELEASE_NODE", "RELEASE_DISTRIBUTION", RELEASE_VM_ARGS].iter().any(|name| env.get(name).is_some())
}

/// What becomes of the variables in a file.
fn replaces(env: &Env, is_theirs: bool, is_source: bool) -> Replaces<'_> {
    let is_set = |name: &str| path_of(env, name).is_some();
    match is_set("RELX_REPLACE_OS_VARS") || is_set("REPLACE_OS_VARS") {
        // Distillery 2.1.1, `configure_release`.
        true if is_distillery(env) && is_set("RELEASE_READ_ONLY") => Replaces::Nothing,
        // `vm.args.src` is always filled in (relx, `extended_bin`).
        true => Replaces::From(env),
        false if is_source => Replaces::From(env),
        false if is_theirs => Replaces::Unknown,
        false => Replaces::Nothing,
    }
}

/// Whether the release may read another file than its own: a variable says which, or something is mounted above it.
fn is_replaced(container: &Container, env: &Env) -> bool {
    let is_said = !matches!(env.lookup(RELEASE_VM_ARGS), Lookup::Unset);
    let command: Vec<&str> =
        container.command.iter().chain(&container.args).flat_map(|word| word.split_whitespace()).collect();
    is_said || container.volume_mounts.iter().any(|mount| may_hide(&mount.path, &command))
}

/// Whether a mount is above `releases/<version>/vm.args`, as far as one can tell where the release is.
fn may_hide(mount: &str, command: &[&str]) -> bool {
    let holds =
        |word: &&str| word.strip_prefix(mount).is_some_and(|rest| rest.starts_with('/') && rest.contains("bin/"));
    let mut parts = mount.split('/');
    let is_usual = matches!(mount, "/app" | "/opt" | "/opt/app" | "/home" | "/home/app" | "/srv" | "/srv/app");
    is_usual || parts.any(|part| part == "releases" || part == VM_ARGS) || command.iter().any(holds)
}
