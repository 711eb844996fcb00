//! Files of ConfigMaps in a container's file system.

use super::node::Node;
use super::pod::Container;

/// A ConfigMap, or a file of it, that is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountedMap {
    /// `mountPath`.
    pub path: String,
    /// `subPath`: only this file of the volume is mounted, at the path itself.
    pub sub_path: Option<String>,
    /// The ConfigMap.
    pub config_map: String,
    /// `items` of the volume: keys, and what their files are called; without them each key is a file.
    pub items: Option<Vec<(String, String)>>,
}

impl MountedMap {
    /// Those of a container, given the pod's volumes.
    pub(super) fn read(container: &Node<'_>, volumes: &[Node<'_>]) -> Vec<Self> {
        let of = |mount: &Node<'_>| {
            // Of an expression the kubelet alone knows what it comes to.
            if mount.get("subPathExpr").is_some() {
                return None;
            }
            let name = mount.text("name")?;
            let volume = volumes.iter().find(|volume| volume.text("name").as_ref() == Some(&name))?.get("configMap")?;
            let item = |item: &Node<'_>| Some((item.text("key")?, item.text("path")?));
            Some(Self {
                path: mount.text("mountPath")?,
                sub_path: mount.text("subPath").filter(|path| !path.is_empty()),
                config_map: volume.text("name").filter(|name| !name.is_empty())?,
                items: volume.get("items").map(|items| items.items().iter().filter_map(item).collect()),
            })
        };
        if volumes.is_empty() {
            return Vec::new();
        }
        container.list("volumeMounts").iter().filter_map(of).collect()
    }

    /// The key whose text is in the file at a path.
    fn key(&self, path: &str) -> Option<String> {
        let own = self.path.trim_end_matches('/');
        let file = match (&self.sub_path, path.strip_prefix(own)?) {
            (Some(file), "") => file.as_str(),
            (None, below) => below.strip_prefix('/')?,
            _ => return None,
        };
        match &self.items {
            Some(items) => items.iter().find(|(_, path)| path == file).map(|(key, _)| key.clone()),
            None => Some(file.to_owned()),
        }
    }
}

impl Container {
    /// The ConfigMap and the key whose text is in the file at a path.
    pub fn mounted(&self, path: &str) -> Option<(&str, String)> {
        let is_above = |mount: &&String| {
            let rest = path.strip_prefix(mount.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        // What is mounted further down hides what is there.
        let nearest = self.mounts.iter().filter(is_above).max_by_key(|mount| mount.trim_end_matches('/').len())?;
        let mut maps = self.maps.iter().filter(|map| map.path == *nearest);
        let map = maps.next()?;
        Some((&map.config_map, map.key(path)?))
    }

    /// The ConfigMaps whose files may decide what the container's node is called: the release's own, and what is run.
    pub(super) fn maps_of_scripts(&self) -> impl Iterator<Item = &str> {
        let is_run = |map: &MountedMap| self.command.iter().chain(&self.args).any(|word| word.contains(&map.path));
        let decides = move |map: &&MountedMap| is_env_sh(&map.path) || is_run(map);
        self.maps.iter().filter(decides).map(|map| map.config_map.as_str())
    }

    /// Where files are mounted that a release sources when it starts: `/app/releases/1.0.0/env.sh`.
    pub fn mounted_env_sh(&self) -> Vec<&str> {
        self.maps.iter().map(|map| map.path.as_str()).filter(|path| is_env_sh(path)).collect()
    }
}

fn is_env_sh(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    parts.next() == Some("env.sh")
        && parts.next().is_some_and(|version| !version.is_empty())
        && parts.next() == Some("releases")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(path: &str, sub_path: Option<&str>, items: Option<&[(&str, &str)]>) -> MountedMap {
        let item = |(key, path): &(&str, &str)| ((*key).to_owned(), (*path).to_owned());
        MountedMap {
            path: path.to_owned(),
            sub_path: sub_path.map(str::to_owned),
            config_map: "scripts".to_owned(),
            items: items.map(|items| items.iter().map(item).collect()),
        }
    }

    fn found(maps: Vec<MountedMap>, others: &[&str], path: &str) -> Option<String> {
        let paths = maps.iter().map(|map| map.path.clone());
        let mounts = paths.chain(others.iter().map(|path| (*path).to_owned())).collect();
        let container = Container { maps, mounts, ..Container::default() };
        container.mounted(path).map(|(_, key)| key)
    }

    #[test]
    fn a_file_is_found_where_the_kubelet_puts_it() {
        let folder = || vec![map("/scripts/", None, None)];
        assert_eq!(found(folder(), &[], "/scripts/start.sh").as_deref(), Some("start.sh"));
        assert_eq!(found(folder(), &[], "/scripts2/start.sh"), None);
        assert_eq!(found(folder(), &[], "/scripts"), None);
        assert_eq!(found(folder(), &["/scripts/start.sh"], "/scripts/start.sh"), None, "hidden by another");
        let file = || vec![map("/app/start", Some("start.sh"), None)];
        assert_eq!(found(file(), &["/app"], "/app/start").as_deref(), Some("start.sh"));
        assert_eq!(found(file(), &[], "/app/start/more"), None);
        let items = || vec![map("/s", None, Some(&[("start", "bin/start.sh")]))];
        assert_eq!(found(items(), &[], "/s/bin/start.sh").as_deref(), Some("start"));
        assert_eq!(found(items(), &[], "/s/start"), None);
    }

    #[test]
    fn a_release_sources_one_file() {
        assert!(is_env_sh("/app/releases/1.0.0/env.sh"));
        for path in ["/app/env.sh", "/releases/env.sh", "/app/releases//env.sh", "/app/releases/1.0.0/env.sh/"] {
            assert!(!is_env_sh(path), "{path}");
        }
    }
}
