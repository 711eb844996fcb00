//! Scripts that come into a container out of a ConfigMap.

use super::env::Scope;
use super::launcher::{Script, is_shell};
use super::template::{Part, Piece, Template, Why};
use crate::place::{Loc, Pointer};
use crate::world::object::{Body, value_of};
use crate::world::pod::Container;

/// A file in a container.
pub(super) enum File<'w> {
    /// Its text, and where it is written.
    Text(&'w str, Loc),
    /// It is there, and nobody can say what is in it.
    Unread(Why),
}

/// The file at a path, if it is mounted out of a ConfigMap.
fn file<'w>(scope: Scope<'w>, container: &Container, path: &str) -> Option<File<'w>> {
    let (map, key) = container.mounted(path)?;
    let unread = || File::Unread(Why::ConfigMap(map.to_owned()));
    let found = scope.world.config_maps_named(scope.object, map);
    let mut texts = found.iter().map(|object| match &object.body {
        Body::ConfigMap(config) => value_of(&config.data, &key),
        _ => None,
    });
    let (Some(object), Some(Some(text))) = (found.first(), texts.next()) else { return Some(unread()) };
    // Two that could be meant may say two things.
    if texts.any(|other| other != Some(text)) {
        return Some(unread());
    }
    Some(File::Text(text, Pointer::root().key("data").key(key).of(object.id)))
}

/// The `env.sh` of the release, if one is mounted over it.
pub(super) fn env_sh<'w>(scope: Scope<'w>, container: &Container) -> Option<File<'w>> {
    match container.mounted_env_sh().as_slice() {
        [] => None,
        [path] => file(scope, container, path),
        // One for each version, and which one runs the image says.
        _ => Some(File::Unread(Why::Image)),
    }
}

/// The script that a command line runs, by its path or by a shell's, if it is mounted.
pub(super) fn script(scope: Scope<'_>, container: &Container, words: &[Template]) -> Option<Script> {
    let shell = words.first()?.literal().filter(|path| is_shell(path));
    let index = if shell.is_some() { operand(words)? } else { 0 };
    let File::Text(text, at) = file(scope, container, &words.get(index)?.literal()?)? else { return None };
    let shell = match shell {
        Some(path) => path.rsplit('/').next().unwrap_or_default().to_owned(),
        None => interpreter(text)?,
    };
    let mut whole = Template::empty();
    whole.push(Piece { part: Part::Lit(text.to_owned()), at: at.clone().within(0..text.len()) });
    let arguments = words.get(index + 1..).map(<[_]>::to_vec);
    Some(Script { text: whole, at, shell, is_first: false, arguments })
}

/// Where the options of a shell end. With `-s` it reads something else, with `-c` there is no file.
fn operand(words: &[Template]) -> Option<usize> {
    let mut index = 1;
    loop {
        let word = words.get(index)?.literal()?;
        index += match word.as_str() {
            "--" | "-" => return Some(index + 1),
            // BusyBox is told which of its programs it is.
            "sh" | "ash" if index == 1 => 1,
            option if !option.starts_with(['-', '+']) => return Some(index),
            option if option.starts_with("--") || option.contains(['c', 's']) => return None,
            option if option.ends_with(['o', 'O']) => 2,
            _ => 1,
        };
    }
}

/// The shell of `#!/bin/sh -e`, `#!/usr/bin/env bash`; of another interpreter nothing is known.
fn interpreter(text: &str) -> Option<String> {
    let Some(line) = text.lines().next().and_then(|line| line.strip_prefix("#!")) else {
        return Some("sh".to_owned());
    };
    let shell = line.split_whitespace().find(|word| is_shell(word))?;
    shell.rsplit('/').next().map(str::to_owned)
}
