//! What an app's Elixir code says of clustering: `config/*.exs`, and where `lib/` starts libcluster or dns_cluster.
//!
//! The code is parsed with Elixir's own grammar for tree-sitter and evaluated as `mix release` would in production, with
//! [texts](Coded) for values: literals, variables, `<>` and `#{…}`, `System.get_env`, `||`, `if` over what is known. Whatever else
//! there is has no value, and says so with its line: nothing is guessed, and nothing is run. `tests/elixir` holds what is read
//! against what Elixir reads.
//!
//! It opens no files: whoever calls it knows where they are.

mod call;
mod clustering;
mod config;
mod eval;
mod project;
mod started;
mod text;
mod tree;
mod value;

use std::collections::BTreeMap;

pub use crate::world::code::{Code, Coded};
use crate::world::declared::Script;
use config::Config;
pub use project::{Mix, MixRelease, mix};
pub use tree::Unreadable;

/// Where a release's configuration is read, in this order; the last two at boot, and the second of them only without the first
/// (`Mix.Tasks.Release`, Elixir 1.11 and later).
const BUILD: &str = "config/config.exs";
const RUNTIME: [&str; 2] = ["config/runtime.exs", "config/releases.exs"];

/// The environment that a release is built in.
const ENVIRONMENT: &str = "prod";

/// Gives a file of the project by its path from there; none if there is no such file, or none that can be read.
pub type Load<'l> = dyn FnMut(&str) -> Option<Script> + 'l;

/// Reads the configuration of a project, and of its sources those that start libcluster or dns_cluster.
pub fn read(load: &mut Load<'_>, sources: &[Script]) -> Code {
    let config = configuration(load);
    let started: Vec<_> = sources.iter().map(|source| started::read(source, &config)).collect();
    clustering::code(&config, &started)
}

/// The files that a project may have its configuration in.
pub fn has_configuration(exists: impl Fn(&str) -> bool) -> bool {
    exists(BUILD) || RUNTIME.into_iter().any(exists)
}

/// Whether a source starts libcluster or dns_cluster, and so is worth to be read.
pub fn is_of_interest(source: &str) -> bool {
    started::CHILDREN.iter().any(|child| source.contains(child))
}

fn configuration(load: &mut Load<'_>) -> Config {
    let mut config = Config::default();
    if let Some(script) = load(BUILD) {
        config = eval::file(&script, BUILD, config, load);
    }
    if let Some((path, script)) = RUNTIME.into_iter().find_map(|path| Some((path, load(path)?))) {
        config = eval::file(&script, path, config, load);
    }
    config
}

/// The settings that matter to clustering as Elixir's `inspect` prints them, with every variable `set` to `$(X)` or with none set, and
/// with `?` for what is not evaluated: to hold against what Elixir says.
pub fn settings(load: &mut Load<'_>, set: bool) -> BTreeMap<String, String> {
    let config = configuration(load);
    let shown = |value: &value::Value| if set { format!("{value}") } else { format!("{value:#}") };
    config.settings().map(|(app, key, item)| (format!("{app}.{key}"), shown(&item.value))).collect()
}
