//! Files of volumes in a container's file system.

use super::node::Node;
use super::pod::Container;

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
            let Volume::ConfigMap { name, items } = &self.volume else { return None };
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
            return Self::of_config_map(map);
        }
        if let Some(secret) = volume.get("secret") {
            return Self::Secret(secret.text("secretName").unwrap_or_default());
        }
        let Some(projected) = volume.get("projected") else { return Self::Disk };
        match projected.list("sources") {
            [only] => only.get("configMap").map_or(Self::Projected, Self::of_config_map),
            _ => Self::Projected,
        }
    }

    fn of_config_map(map: &Node<'_>) -> Self {
        let item = |item: &Node<'_>| Some((item.text("key")?, item.text("path")?));
        let items = map.get("items").map(|items| items.items().iter().filter_map(item).collect());
        match map.text("name").filter(|name| !name.is_empty()) {
            Some(name) => Self::ConfigMap { name, items },
            None => Self::Projected,
        }
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

/// Whether a path is a folder or in it; everything is in `/`, which says nothing.
fn is_in(folder: &str, path: &str) -> bool {
    folder != "/" && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Container {
    /// What a volume puts at a path, if one does.
    pub fn mounted(&self, path: &str) -> Option<Mounted<'_>> {
        // What is mounted further down hides what is there.
        let nearest = self.volume_mounts.iter().filter(|mount| is_in(&mount.path, path));
        Some(nearest.max_by_key(|mount| mount.path.len())?.file(path))
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
        let words = self.command.iter().chain(&self.args);
        let is_of_a_path = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
        let tokens = words.flat_map(move |word| word.split(move |c| !is_of_a_path(c)));
        let run: Vec<String> = tokens.filter(|token| !token.is_empty()).filter_map(|token| self.path(token)).collect();
        let decides = move |mount: &&Mount| is_env_sh(&mount.path) || run.iter().any(|path| is_in(&mount.path, path));
        self.volume_mounts.iter().filter(decides).filter_map(|mount| match &mount.volume {
            Volume::ConfigMap { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// Where files are mounted that a release sources when it starts: `/app/releases/1.0.0/env.sh`.
    pub fn mounted_env_sh(&self) -> Vec<&str> {
        self.volume_mounts.iter().map(|mount| mount.path.as_str()).filter(|path| is_env_sh(path)).collect()
    }

    /// Whether a folder is mounted in which such a file would lie, given the release's own if that is known.
    pub fn mounts_a_release(&self, root: Option<&str>) -> bool {
        let root = root.unwrap_or("/app");
        self.volume_mounts.iter().any(|mount| is_in(&mount.path, root) || is_of_releases(&mount.path))
    }
}

/// `/app/releases`, `/app/releases/1.0.0`; Mix has a version begin with a number.
fn is_of_releases(path: &str) -> bool {
    let is_version = |file: &str| file.starts_with(|c: char| c.is_ascii_digit()) && !file.contains('/');
    path.ends_with("/releases") || path.rsplit_once("/releases/").is_some_and(|(_, file)| is_version(file))
}

fn is_env_sh(path: &str) -> bool {
    path.strip_suffix("/env.sh").and_then(|folder| folder.rsplit('/').nth(1)) == Some("releases")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(path: &str, sub_path: &str, items: Option<&[(&str, &str)]>) -> Mount {
        let item = |(key, path): &(&str, &str)| ((*key).to_owned(), (*path).to_owned());
        let items = items.map(|items| items.iter().map(item).collect());
        Mount {
            path: absolute("/", path),
            sub_path: Some(sub_path.to_owned()),
            volume: Volume::ConfigMap { name: "scripts".to_owned(), items },
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
        assert!(!is_fetched("/a", &["/app/bin/cart", "start"]), "a beginning of a word is no folder");
        assert!(!is_fetched("/etc/cart", &["/app/bin/cart", "start"]));
    }

    #[test]
    fn a_release_sources_one_file() {
        assert!(is_env_sh("/app/releases/1.0.0/env.sh"));
        for path in ["/app/env.sh", "/releases/env.sh", "/app/releases/env.sh"] {
            assert!(!is_env_sh(path), "{path}");
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
