//! Scripts, and files with flags, that come into a container out of volumes: those of ConfigMaps are read, and what others do
//! nobody knows.

use super::args_file::{self, VM_ARGS};
use super::env::{Env, Lookup, Scope};
use super::launcher::{Runs, Script, is_shell, is_start_script};
use super::template::{Part, Piece, Template, Why};
use crate::place::{Loc, Pointer};
use crate::world::mounted::{Mounted, RELEASE_VM_ARGS, VMARGS_PATH, Versioned, Volume, absolute};
use crate::world::object::{Body, Object, value_of};
use crate::world::pod::{Container, KeyRef};

/// What relx makes a `vm.args` of.
pub(super) const VM_ARGS_SRC: &str = "vm.args.src";

/// The version of the release that runs, where somebody says it.
const RELEASE_VSN: &str = "RELEASE_VSN";

/// A file in a container.
pub(super) enum File<'w> {
    /// Its text, and where it is written.
    Text(&'w str, Loc),
    /// It is there, and nobody can say what is in it.
    Unread(Why),
}

/// The file at a path, if it is mounted.
fn file<'w>(scope: Scope<'w>, container: &Container, path: &str) -> Option<File<'w>> {
    Some(match container.mounted(path)? {
        Mounted::Key(map, key) => text(scope, map, key, path),
        Mounted::Of(volume) => File::Unread(unread(volume, path)),
    })
}

/// The text of a ConfigMap's key.
fn text<'w>(scope: Scope<'w>, map: &str, key: String, path: &str) -> File<'w> {
    let found = scope.world.config_maps_named(scope.object, map);
    let Some(object) = found.first() else { return File::Unread(Why::ConfigMap(map.to_owned())) };
    let mut texts = found.iter().map(|object| match &object.body {
        Body::ConfigMap(config) => value_of(&config.data, &key),
        _ => None,
    });
    match texts.next().flatten() {
        // Two that could be meant may say two things.
        Some(text) if texts.all(|other| other == Some(text)) => {
            File::Text(text, Pointer::root().key("data").key(key).of(object.id))
        }
        _ => File::Unread(Why::Program(path.to_owned())),
    }
}

fn unread(volume: &Volume, path: &str) -> Why {
    match volume {
        Volume::Secret(name) => Why::Secret(KeyRef { name: name.clone(), ..KeyRef::default() }),
        _ => Why::Program(path.to_owned()),
    }
}

/// The `env.sh` of the release, if one is mounted over it.
pub(super) fn env_sh<'w>(scope: Scope<'w>, container: &Container, env: &Env) -> Option<File<'w>> {
    let root = root_of_release(container);
    let hidden = || container.mounts_a_release(root.as_deref()).then_some(File::Unread(Why::Image));
    file_of_release(scope, container, root.as_deref(), env, "env.sh").or_else(hidden)
}

/// A `vm.args` that is mounted where the start script of a release looks for it.
pub(super) struct MountedArgs<'w> {
    pub(super) file: File<'w>,
    /// Whether it is the `vm.args.src` of which relx makes a `vm.args`.
    pub(super) is_source: bool,
}

/// The `vm.args` that the start script of a mix release reads.
pub(super) fn of_mix<'w>(scope: Scope<'w>, container: &Container, env: &Env) -> Option<MountedArgs<'w>> {
    let own = || file_of_release(scope, container, root_of_release(container).as_deref(), env, VM_ARGS);
    let file = match Said::of(env, RELEASE_VM_ARGS) {
        Said::Nothing => own(),
        Said::Path(path) => file(scope, container, &path),
        Said::Unknown(why) => Some(File::Unread(why)),
        Said::Maybe(why) => own().map(|_| File::Unread(why)),
    };
    Some(MountedArgs { file: file?, is_source: false })
}

/// The `vm.args`, or the `vm.args.src`, that the start script of relx reads. There are many places where it looks for them: where more
/// than one holds a file, nobody says which counts.
pub(super) fn of_relx<'w>(scope: Scope<'w>, container: &Container, env: &Env) -> Option<MountedArgs<'w>> {
    let paths = match Said::of(env, VMARGS_PATH) {
        Said::Path(path) => {
            let both = [format!("{path}.src"), path];
            both.into_iter().filter(|path| is_there(scope, container, path)).collect()
        }
        Said::Nothing => args_of_relx(container),
        Said::Unknown(why) => return Some(MountedArgs { file: File::Unread(why), is_source: false }),
        Said::Maybe(why) => {
            let is_one = !args_of_relx(container).is_empty();
            return is_one.then_some(MountedArgs { file: File::Unread(why), is_source: false });
        }
    };
    let path = paths.first()?;
    let is_source = path.ends_with(".src");
    let file = match file(scope, container, path)? {
        File::Text(..) if paths.len() > 1 || !is_certain(container, path) => File::Unread(Why::Image),
        // It writes what it fills in beside the file, or over it: a ConfigMap takes neither.
        File::Text(..) if !is_source && is_set(env, "RELX_REPLACE_OS_VARS") && !is_set(env, "RELX_OUT_FILE_PATH") => {
            File::Unread(Why::Program(path.clone()))
        }
        file => file,
    };
    Some(MountedArgs { file, is_source })
}

fn is_set(env: &Env, variable: &str) -> bool {
    args_file::path_of(env, variable).is_some()
}

/// Where such files are mounted: in the release's own folder, or in that of a version. Elsewhere they are the app's own business, if
/// it is known where the release is.
fn args_of_relx(container: &Container) -> Vec<String> {
    let root = root_of_release(container);
    let is_one = |path: &&str| {
        let Some((folder, VM_ARGS | VM_ARGS_SRC)) = path.rsplit_once('/') else { return false };
        root.as_deref().is_none_or(|root| folder == root) || Versioned::of(folder).is_some()
    };
    container.volume_mounts.iter().map(|mount| mount.path.as_str()).filter(is_one).map(str::to_owned).collect()
}

/// Whether relx certainly looks for the file there: where a variable says so, or in the folder of its only version.
fn is_certain(container: &Container, path: &str) -> bool {
    let root = root_of_release(container);
    match Versioned::of(path) {
        Some(found) => found.has_number() && root.is_none_or(|root| root == found.root),
        None => !args_of_relx(container).iter().any(|own| own == path) || root.is_some(),
    }
}

/// Whether something is mounted at a path, as far as one can tell.
fn is_there(scope: Scope<'_>, container: &Container, path: &str) -> bool {
    match container.mounted(path) {
        Some(Mounted::Key(map, key)) => {
            let found = scope.world.config_maps_named(scope.object, map);
            let has_key = |object: &&Object| match &object.body {
                Body::ConfigMap(config) => value_of(&config.data, &key).is_some(),
                _ => false,
            };
            found.is_empty() || found.iter().any(has_key)
        }
        // `items` without it, or a file of another name.
        Some(Mounted::Of(Volume::ConfigMap { .. })) => container.volume_mounts.iter().any(|mount| mount.path == path),
        Some(Mounted::Of(_)) => true,
        None => false,
    }
}

/// What a variable says of a path.
enum Said {
    /// It is not set: the path is the usual one.
    Nothing,
    /// It is this one.
    Path(String),
    /// It is set to nobody knows what.
    Unknown(Why),
    /// It may be set, or it is set to a path of which only a part is known.
    Maybe(Why),
}

impl Said {
    fn of(env: &Env, variable: &str) -> Self {
        let value = match env.lookup(variable) {
            Lookup::Open(why) => return Self::Maybe(why.clone()),
            Lookup::Set(var) if !var.value.is_empty() => &var.value,
            Lookup::Set(_) | Lookup::Unset => return Self::Nothing,
        };
        match (value.literal(), value.pieces()) {
            (Some(path), _) if path.starts_with('/') => Self::Path(absolute("/", &path)),
            (None, [Piece { part: Part::Opaque(why), .. }]) => Self::Unknown(why.clone()),
            _ => Self::Maybe(Why::Program(variable.to_owned())),
        }
    }
}

/// The folder of the release, where the command says that.
fn root_of_release(container: &Container) -> Option<String> {
    let is_program = |word: &&String| is_start_script(word) && !word.contains(char::is_whitespace);
    let program = container.command.iter().chain(&container.args).find(is_program)?;
    Some(container.path(program)?.rsplit_once("/bin/")?.0.to_owned())
}

/// A file of the release's version, if one is mounted there.
fn file_of_release<'w>(
    scope: Scope<'w>,
    container: &Container,
    root: Option<&str>,
    env: &Env,
    name: &str,
) -> Option<File<'w>> {
    let is_its = |found: &Versioned<'_>| found.has_number() && root.is_none_or(|root| root == found.root);
    // Mix's start script takes it from there (`release.init.ex`); of another version it reads nothing.
    let version = args_file::path_of(env, RELEASE_VSN).and_then(Template::literal);
    let runs = |found: &Versioned<'_>| version.as_ref().is_none_or(|version| version == found.version);
    let mut paths = container.mounted_in_releases(name);
    paths.retain(|path| Versioned::of(path).is_some_and(|found| runs(&found)));
    match paths.as_slice() {
        [] => None,
        [path] if Versioned::of(path).is_some_and(|found| is_its(&found)) => file(scope, container, path),
        // One for each version, and which one runs the image says; or one of something else.
        _ => Some(File::Unread(Why::Image)),
    }
}

/// The script that a command line runs, by its path or by a shell's, if it is mounted.
pub(super) fn script(scope: Scope<'_>, container: &Container, words: &[Template]) -> Option<Script> {
    let shell = words.first()?.literal().filter(|path| is_shell(path));
    let index = match (&shell, Runs::of(words)) {
        (Some(_), Some(Runs::File(index))) => index,
        (Some(_), _) => return None,
        (None, _) => 0,
    };
    let word = words.get(index)?;
    let path = word.literal()?;
    let path = found(container, &path, shell.is_some())?;
    let arguments = words.get(index + 1..).map(<[_]>::to_vec);
    let shell = shell.and_then(|path| path.rsplit('/').next().map(str::to_owned));
    let unread = |why| {
        let at = word.pieces().first()?.at.clone();
        let text = Template::opaque(why, &at);
        Some(Script { text, at, name: path.clone(), shell: path.clone(), is_first: false, arguments: None })
    };
    let (text, at) = match file(scope, container, &path)? {
        File::Text(text, at) => (text, at),
        File::Unread(why) => return unread(why),
    };
    // In a shell a carriage return is a part of the word that it ends.
    if text.contains('\r') {
        return unread(Why::Program(path.clone()));
    }
    if shell.is_none() && container.forbids_to_run(&path) {
        return unread(Why::NotRun(path.clone()));
    }
    let Some(shell) = shell.or_else(|| interpreter(text)) else { return unread(Why::Program(path.clone())) };
    let mut whole = Template::empty();
    whole.push(Piece { part: Part::Lit(text.to_owned()), at: at.clone().within(0..text.len()) });
    Some(Script { text: whole, at, name: path, shell, is_first: false, arguments })
}

/// The path of a program, or of a shell's script, if it is in a volume: a name alone is one of those that are looked for in a `PATH`.
fn found(container: &Container, word: &str, is_script: bool) -> Option<String> {
    let is_name = !word.contains('/');
    let own = container.path(word).filter(|_| is_script || !is_name);
    let programs = PATH.iter().filter(|_| is_name).map(|folder| format!("{folder}/{word}"));
    let path = own.into_iter().chain(programs).find(|path| container.mounted(path).is_some())?;
    // A whole release may be brought by an init container, and then it is what the image's would be.
    let is_release = is_start_script(&path) && matches!(container.mounted(&path), Some(Mounted::Of(Volume::Disk)));
    (!is_release).then_some(path)
}

const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The shell of `#!/bin/sh -e`, `#!/usr/bin/env bash`; of another interpreter nothing is known, and without one nothing is run.
fn interpreter(text: &str) -> Option<String> {
    let line = text.lines().next()?.strip_prefix("#!")?;
    let shell = line.split_whitespace().find(|word| is_shell(word))?;
    shell.rsplit('/').next().map(str::to_owned)
}
