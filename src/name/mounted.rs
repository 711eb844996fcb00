//! Scripts, and files with flags, that come into a container out of volumes: those of ConfigMaps are read, and what others do
//! nobody knows.

use super::args_file;
use super::env::{Env, Scope};
use super::launcher::{Runs, Script, is_shell, is_start_script};
use super::template::{Part, Piece, Template, Why};
use crate::place::{Loc, Pointer};
use crate::world::mounted::{Mounted, RELEASE_VM_ARGS, VMARGS_PATH, Versioned, Volume, absolute};
use crate::world::object::{Body, value_of};
use crate::world::pod::{Container, KeyRef};

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
pub(super) fn env_sh<'w>(scope: Scope<'w>, container: &Container) -> Option<File<'w>> {
    let root = root_of_release(container);
    let hidden = || container.mounts_a_release(root.as_deref()).then_some(File::Unread(Why::Image));
    file_of_release(scope, container, root.as_deref(), "env.sh").or_else(hidden)
}

/// The `vm.args` of the release, or the `vm.args.src` that relx makes it of, if one is mounted where the start script looks; and
/// whether it is the latter.
pub(super) fn vm_args<'w>(
    scope: Scope<'w>,
    container: &Container,
    env: &Env,
    is_relx: bool,
) -> Option<(File<'w>, bool)> {
    let variable = if is_relx { VMARGS_PATH } else { RELEASE_VM_ARGS };
    if let Some(path) = args_file::path_of(env, variable) {
        let path = path.literal().filter(|path| path.starts_with('/'))?;
        return Some((file(scope, container, &absolute("/", &path))?, false));
    }
    let root = root_of_release(container);
    let of = |name: &str| file_of_release(scope, container, root.as_deref(), name);
    of("vm.args.src").map(|file| (file, true)).or_else(|| Some((of("vm.args")?, false)))
}

/// The folder of the release, where the command says that.
fn root_of_release(container: &Container) -> Option<String> {
    let is_program = |word: &&String| is_start_script(word) && !word.contains(char::is_whitespace);
    let program = container.command.iter().chain(&container.args).find(is_program)?;
    Some(container.path(program)?.rsplit_once("/bin/")?.0.to_owned())
}

/// A file of the release's version, if one is mounted there.
fn file_of_release<'w>(scope: Scope<'w>, container: &Container, root: Option<&str>, name: &str) -> Option<File<'w>> {
    let is_its = |found: &Versioned<'_>| found.has_number() && root.is_none_or(|root| root == found.root);
    match container.mounted_in_releases(name).as_slice() {
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
