//! Files of volumes in a container's file system.

use std::collections::BTreeSet;

use super::node::{Node, Value};
use super::pod::{Container, EnvSource};

/// The longest path that Linux opens: `PATH_MAX`.
const LONGEST_PATH: usize = 4096;

/// The most paths of one container that are looked for in its volumes. A script has some dozens.
const MOST_PATHS: usize = 4096;

/// An entry of `volumeMounts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// `mountPath`, as [`absolute`] writes it.
    pub path: String,
    /// `subPath`: only this file, or folder, of the volume is mounted; none where nobody can say which.
    pub sub_path: Option<String>,
    /// What is mounted.
    pub volume: Volume,
}

/// What a volume is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Volume {
    /// A ConfigMap.
    ConfigMap {
        /// Its name.
        name: String,
        /// `items`: keys, and what their files are called; without them each key is a file.
        items: Option<Vec<(String, String)>>,
        /// Whether its files may be run: by `defaultMode` or the `mode` of some item, which is 0644 where it is not said.
        runs: bool,
    },
    /// A Secret.
    Secret(String),
    /// Several objects' files, or something that is no file of anybody's.
    Projected,
    /// An empty folder, a disk, an image: whatever is written there.
    Disk,
}

/// A file that a volume may have put at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mounted<'m> {
    /// The text of this key of a ConfigMap.
    Key(&'m str, String),
    /// Something of this volume.
    Of(&'m Volume),
}

impl Mount {
    /// Those of a container, given the pod's volumes.
    pub(super) fn read(container: &Node<'_>, volumes: &[Node<'_>]) -> Vec<Self> {
        let of = |mount: &Node<'_>| {
            let name = mount.text("name").unwrap_or_default();
            let volume = volumes.iter().find(|volume| volume.text("name").as_ref() == Some(&name));
            Some(Self {
                path: absolute("/", &mount.text("mountPath")?),
                // Of an expression the kubelet alone knows what it comes to.
                sub_path: match mount.get("subPathExpr") {
                    Some(_) => None,
                    None => Some(mount.text("subPath").unwrap_or_default()),
                },
                volume: volume.map_or(Volume::Projected, Volume::read),
            })
        };
        container.list("volumeMounts").iter().filter_map(of).collect()
    }

    /// What is in the file at a path that is this or below it.
    fn file(&self, path: &str) -> Mounted<'_> {
        let key = || {
            let Volume::ConfigMap { name, items, .. } = &self.volume else { return None };
            let inside = absolute("/", &format!("{}/{}", self.sub_path.as_ref()?, path.strip_prefix(&self.path)?));
            let file = inside.trim_start_matches('/');
            let key = match items {
                Some(items) => {
                    items.iter().find(|(_, path)| absolute("/", path) == inside).map(|(key, _)| key.as_str())?
                }
                None => Some(file).filter(|file| !file.is_empty() && !file.contains('/'))?,
            };
            Some(Mounted::Key(name, key.to_owned()))
        };
        key().unwrap_or(Mounted::Of(&self.volume))
    }
}

impl Volume {
    fn read(volume: &Node<'_>) -> Self {
        if let Some(map) = volume.get("configMap") {
            return Self::of_config_map(map, map.get("defaultMode"));
        }
        if let Some(secret) = volume.get("secret") {
            return Self::Secret(secret.text("secretName").unwrap_or_default());
        }
        let Some(projected) = volume.get("projected") else { return Self::Disk };
        match projected.list("sources") {
            [only] => {
                let of_config_map = |map| Self::of_config_map(map, projected.get("defaultMode"));
                only.get("configMap").map_or(Self::Projected, of_config_map)
            }
            _ => Self::Projected,
        }
    }

    fn of_config_map(map: &Node<'_>, mode: Option<&Node<'_>>) -> Self {
        let of_items = map.list("items").iter().filter_map(|item| item.get("mode"));
        let runs = mode.into_iter().chain(of_items).any(is_executable);
        let item = |item: &Node<'_>| Some((item.text("key")?, item.text("path")?));
        let items = map.get("items").map(|items| items.items().iter().filter_map(item).collect());
        match map.text("name").filter(|name| !name.is_empty()) {
            Some(name) => Self::ConfigMap { name, items, runs },
            None => Self::Projected,
        }
    }
}

/// Whether a mode has an `x` for somebody; one that nobody here can read may have.
fn is_executable(mode: &Node<'_>) -> bool {
    match &mode.value {
        Value::Number(number) => number.parse::<u32>().map_or(true, |mode| mode & 0o111 != 0),
        _ => true,
    }
}

/// A path without `.`, `..` and doubled slashes, seen from a folder.
pub fn absolute(from: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{from}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Whether a path is a folder or in it.
pub fn is_within(folder: &str, path: &str) -> bool {
    folder == "/" || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The same but for `/`: everything is in it, which says nothing.
fn is_in(folder: &str, path: &str) -> bool {
    folder != "/" && is_within(folder, path)
}

/// Whether one of the paths is a folder or in it, as [`is_in`] says it.
fn is_above_one(folder: &str, paths: &BTreeSet<String>) -> bool {
    let inside = format!("{folder}/");
    let is_in_it = || paths.range(inside.clone()..).next().is_some_and(|path| path.starts_with(&inside));
    folder != "/" && (paths.contains(folder) || is_in_it())
}

impl Container {
    /// What a volume puts at a path, if one does.
    pub fn mounted(&self, path: &str) -> Option<Mounted<'_>> {
        Some(self.mount_of(path)?.file(path))
    }

    /// Whether the volume at a path leaves its files without the right to be run.
    pub fn forbids_to_run(&self, path: &str) -> bool {
        self.mount_of(path).is_some_and(|mount| matches!(mount.volume, Volume::ConfigMap { runs: false, .. }))
    }

    fn mount_of(&self, path: &str) -> Option<&Mount> {
        // What is mounted further down hides what is there.
        let nearest = self.volume_mounts.iter().filter(|mount| is_in(&mount.path, path));
        nearest.max_by_key(|mount| mount.path.len())
    }

    /// A path as the container's first process sees it; none where the image says in which folder that starts.
    pub fn path(&self, path: &str) -> Option<String> {
        match &self.working_dir {
            _ if path.starts_with('/') => Some(absolute("/", path)),
            Some(folder) => Some(absolute(folder, path)),
            None => None,
        }
    }

    /// The ConfigMaps whose files may decide what the container's node is called: the release's own, and what is run.
    pub(super) fn maps_of_scripts(&self) -> impl Iterator<Item = &str> {
        let paths = self.paths_of_scripts();
        let decides = move |mount: &&Mount| {
            let is_its = DECIDING.iter().any(|name| is_of_release(&mount.path, name));
            is_its || is_above_one(&mount.path, &paths)
        };
        self.volume_mounts.iter().filter(decides).filter_map(|mount| match &mount.volume {
            Volume::ConfigMap { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The paths that the command says, or a variable says of a `vm.args`; in order, so that nobody need look at all of them.
    fn paths_of_scripts(&self) -> BTreeSet<String> {
        let words = self.command.iter().chain(&self.args);
        let is_of_a_path = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
        let tokens = words.flat_map(move |word| word.split(move |c| !is_of_a_path(c)));
        let said = self.env.iter().filter(|var| [RELEASE_VM_ARGS, VMARGS_PATH].contains(&var.name.as_str()));
        let said = said.filter_map(|var| match &var.source {
            EnvSource::Value(path) => Some(path.as_str()),
            _ => None,
        });
        let longest = LONGEST_PATH.saturating_sub(self.working_dir.as_ref().map_or(0, String::len));
        let tokens: BTreeSet<&str> =
            said.chain(tokens).filter(|path| !path.is_empty() && path.len() < longest).collect();
        tokens.into_iter().take(MOST_PATHS).filter_map(|path| self.path(path)).collect()
    }

    /// Where a file of a release's version is mounted: `/app/releases/1.0.0/env.sh`.
    pub fn mounted_in_releases(&self, name: &str) -> Vec<&str> {
        self.volume_mounts.iter().map(|mount| mount.path.as_str()).filter(|path| is_of_release(path, name)).collect()
    }

    /// Whether a folder is mounted in which such a file would lie, given the release's own if that is known.
    pub fn mounts_a_release(&self, root: Option<&str>) -> bool {
        let root = root.unwrap_or("/app");
        let is_of_releases = |path: &str| {
            let is_version = |found: Versioned<'_>| found.has_number() && found.file.is_empty();
            path.ends_with("/releases") || Versioned::of(path).is_some_and(is_version)
        };
        self.volume_mounts.iter().any(|mount| is_in(&mount.path, root) || is_of_releases(&mount.path))
    }
}

fn is_of_release(path: &str, name: &str) -> bool {
    Versioned::of(path).is_some_and(|found| found.file == name)
}

/// A path in the folder of a release's version: `/app/releases/1.0.0`, `/app/releases/1.0.0/env.sh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versioned<'p> {
    /// `/app`.
    pub root: &'p str,
    /// `1.0.0`.
    pub version: &'p str,
    /// `env.sh`; empty for the folder itself.
    pub file: &'p str,
}

impl<'p> Versioned<'p> {
    /// Takes a path apart, if it is one.
    pub fn of(path: &'p str) -> Option<Self> {
        let (root, rest) = path.rsplit_once("/releases/")?;
        let (version, file) = rest.split_once('/').unwrap_or((rest, ""));
        Some(Self { root, version, file })
    }

    /// Whether the version begins with a number, as Mix has it. Other files lie beside such folders.
    pub fn has_number(&self) -> bool {
        self.version.starts_with(|c: char| c.is_ascii_digit())
    }
}

/// The files of a release that may decide what its node is called.
const DECIDING: [&str; 3] = ["env.sh", "vm.args", "vm.args.src"];

/// The variable in which a mix release is told the path of another `vm.args`.
pub const RELEASE_VM_ARGS: &str = "RELEASE_VM_ARGS";

/// The same of relx and Distillery.
pub const VMARGS_PATH: &str = "VMARGS_PATH";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::pod::EnvVar;

    fn map(path: &str, sub_path: &str, items: Option<&[(&str, &str)]>) -> Mount {
        let item = |(key, path): &(&str, &str)| ((*key).to_owned(), (*path).to_owned());
        let items = items.map(|items| items.iter().map(item).collect());
        Mount {
            path: absolute("/", path),
            sub_path: Some(sub_path.to_owned()),
            volume: Volume::ConfigMap { name: "scripts".to_owned(), items, runs: false },
        }
    }

    fn disk(path: &str) -> Mount {
        Mount { volume: Volume::Disk, ..map(path, "", None) }
    }

    /// The key; `?` where something else is mounted.
    fn found(mounts: &[Mount], path: &str) -> Option<String> {
        let container = Container { volume_mounts: mounts.to_vec(), ..Container::default() };
        Some(match container.mounted(path)? {
            Mounted::Key(_, key) => key,
            Mounted::Of(_) => "?".to_owned(),
        })
    }

    #[test]
    fn a_file_is_found_where_the_kubelet_puts_it() {
        let folder = map("/scripts/", "", None);
        assert_eq!(found(std::slice::from_ref(&folder), "/scripts/start.sh").as_deref(), Some("start.sh"));
        assert_eq!(found(std::slice::from_ref(&folder), "/scripts2/start.sh"), None);
        assert_eq!(found(std::slice::from_ref(&folder), "/scripts").as_deref(), Some("?"));
        let hidden = [folder, disk("/scripts/start.sh")];
        assert_eq!(found(&hidden, "/scripts/start.sh").as_deref(), Some("?"));
        let file = map("/app/start", "./start.sh", None);
        assert_eq!(found(&[file.clone(), disk("/app")], "/app/start").as_deref(), Some("start.sh"));
        assert_eq!(found(&[file], "/app/start/more").as_deref(), Some("?"));
        let items = |sub_path| map("/s", sub_path, Some(&[("start", "bin/start.sh")]));
        assert_eq!(found(&[items("")], "/s/bin/start.sh").as_deref(), Some("start"));
        assert_eq!(found(&[items("")], "/s/start").as_deref(), Some("?"));
        assert_eq!(found(&[items("bin")], "/s/start.sh").as_deref(), Some("start"));
        assert_eq!(found(&[disk("/")], "/s/start"), None);
    }

    #[test]
    fn the_config_maps_of_what_runs_are_fetched() {
        let container = |mount: &str, command: &[&str]| Container {
            volume_mounts: vec![map(mount, "", None)],
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            ..Container::default()
        };
        let is_fetched = |mount: &str, command: &[&str]| container(mount, command).maps_of_scripts().count() == 1;
        assert!(is_fetched("/scripts", &["/scripts/start.sh"]));
        assert!(is_fetched("/scripts", &["sh", "-c", "exec '/scripts/../scripts//start.sh'; true"]));
        assert!(is_fetched("/app/releases/1/env.sh", &[]));
        assert!(is_fetched("/app/releases/1/vm.args", &[]));
        let said = EnvVar::new(RELEASE_VM_ARGS, EnvSource::Value("/scripts/vm.args".to_owned()));
        let by_variable = Container { env: vec![said], ..container("/scripts", &[]) };
        assert_eq!(by_variable.maps_of_scripts().count(), 1);
        assert!(!is_fetched("/a", &["/app/bin/cart", "start"]), "a beginning of a word is no folder");
        assert!(!is_fetched("/etc/cart", &["/app/bin/cart", "start"]));
    }

    #[test]
    fn a_folder_is_above_a_path_that_another_stands_before() {
        let paths = ["/a-b/x", "/a.sh", "/a/x", "/ab"].map(str::to_owned).into();
        for folder in ["/a", "/a/x", "/a-b", "/a.sh", "/ab"] {
            assert!(is_above_one(folder, &paths), "{folder}");
        }
        for folder in ["/", "/a/x/y", "/b", "/a/", "/a-"] {
            assert!(!is_above_one(folder, &paths), "{folder}");
        }
    }

    #[test]
    fn no_command_has_every_word_looked_for_in_every_volume() {
        let many = Container {
            volume_mounts: (0..3000).map(|at| map(&format!("/{}/{at}", "m".repeat(200)), "", None)).collect(),
            command: vec![(0..50_000).map(|at| format!("/{}/{at}x ", "m".repeat(200))).collect()],
            working_dir: Some("/w".repeat(1000)),
            ..Container::default()
        };
        let start = std::time::Instant::now();
        assert_eq!(many.maps_of_scripts().count(), 0);
        assert!(many.paths_of_scripts().len() <= MOST_PATHS);
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "it took {:?}", start.elapsed());
    }

    #[test]
    fn a_release_sources_one_file() {
        assert!(is_of_release("/app/releases/1.0.0/env.sh", "env.sh"));
        for path in ["/app/env.sh", "/releases/env.sh", "/app/releases/env.sh", "/app/releases/1.0.0/vm.args"] {
            assert!(!is_of_release(path, "env.sh"), "{path}");
        }
        let mounts = |path: &str, root| {
            Container { volume_mounts: vec![disk(path)], ..Container::default() }.mounts_a_release(root)
        };
        for path in ["/app", "/app/releases", "/app/releases/1.0.0", "/srv/releases"] {
            assert!(mounts(path, None), "{path}");
        }
        assert!(mounts("/opt", Some("/opt/cart")));
        for path in ["/", "/app/tmp", "/ap", "/app/releases/COOKIE", "/app/releases/1.0.0/more"] {
            assert!(!mounts(path, None), "{path}");
        }
    }
}
