//! What a kustomization is made of, read without running anything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::walk::absolute;
use super::{read, yaml};
use crate::world::node::Node;

/// The names that kustomize looks for in a folder.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether a path is a kustomization, by its name.
pub fn is_kustomization(path: &Path) -> bool {
    path.file_name().is_some_and(|name| NAMES.iter().any(|known| name == *known))
}

/// A kustomization as it is written, all paths absolute.
#[derive(Debug, Default, Clone)]
pub struct Kustomization {
    /// The file that says all this.
    pub file: PathBuf,
    /// What it puts before the names of its objects, and behind them.
    pub affixes: (String, String),
    /// Whether it says which namespace its objects are in.
    pub namespace: bool,
    /// Files with patches, in the order in which they are applied.
    pub patches: Vec<PathBuf>,
    /// Files with whole objects.
    pub objects: BTreeSet<PathBuf>,
    /// Files with parts of objects, or with none: patches, values, what generators read.
    pub parts: BTreeSet<PathBuf>,
    /// Folders with kustomizations of their own.
    pub folders: BTreeSet<PathBuf>,
    /// What it would fetch over the network.
    pub remote: Vec<String>,
    /// Whether it wants a chart, which kustomize renders only with `--enable-helm`.
    pub helm: bool,
}

/// A kustomization among those that a folder is made of, as it is seen from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The file that says it.
    pub file: PathBuf,
    /// What stands before and behind the names of its objects in the end.
    pub affixes: (String, String),
    /// Whether it says which namespace its objects are in.
    pub namespace: bool,
    /// Its patches, the last one first.
    pub patches: Vec<PathBuf>,
    /// Its files with whole objects.
    pub objects: Vec<PathBuf>,
}

/// All kustomizations that a set of folders leads to, and who consumes whom.
#[derive(Debug, Default)]
pub struct Graph {
    known: BTreeMap<PathBuf, Kustomization>,
}

impl Graph {
    /// Reads the kustomizations in these folders and, through them, the ones that they consume, wherever those are.
    pub fn read(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut graph = Self::default();
        let mut waiting: Vec<_> = folders.into_iter().map(|folder| absolute(&folder)).collect();
        while let Some(folder) = waiting.pop() {
            if graph.known.contains_key(&folder) {
                continue;
            }
            let read = of_folder(&folder).unwrap_or_default();
            waiting.extend(read.folders.iter().cloned());
            graph.known.insert(folder, read);
        }
        graph
    }

    /// Whether another kustomization consumes this folder.
    pub fn is_consumed(&self, folder: &Path) -> bool {
        let folder = absolute(folder);
        self.known.iter().any(|(by, kustomization)| *by != folder && kustomization.folders.contains(&folder))
    }

    /// The folders that nothing else consumes and that consist of this file among others.
    pub fn users(&self, file: &Path) -> Vec<PathBuf> {
        let file = absolute(file);
        let uses = |folder: &&PathBuf| {
            let all = self.closure(folder);
            !self.is_consumed(folder) && (all.objects.contains(&file) || all.parts.contains(&file))
        };
        self.known.keys().filter(uses).cloned().collect()
    }

    /// What a folder is made of, the most specific first: itself, then what it consumes, level by level.
    pub fn layers(&self, folder: &Path) -> Vec<Layer> {
        let mut waiting = VecDeque::from([(absolute(folder), (String::new(), String::new()))]);
        let (mut seen, mut layers) = (BTreeSet::new(), Vec::new());
        while let Some((folder, (before, behind))) = waiting.pop_front() {
            let Some(one) = self.known.get(&folder).filter(|_| seen.insert(folder)) else { continue };
            let affixes = (before + &one.affixes.0, one.affixes.1.clone() + &behind);
            waiting.extend(one.folders.iter().map(|folder| (folder.clone(), affixes.clone())));
            layers.push(Layer {
                file: one.file.clone(),
                affixes,
                namespace: one.namespace,
                patches: one.patches.iter().rev().cloned().collect(),
                objects: one.objects.iter().cloned().collect(),
            });
        }
        layers
    }

    /// Everything that a folder's kustomization consists of, its bases and their bases included.
    pub fn closure(&self, folder: &Path) -> Kustomization {
        let mut all = Kustomization::default();
        let mut waiting = vec![absolute(folder)];
        while let Some(folder) = waiting.pop() {
            if !all.folders.insert(folder.clone()) {
                continue;
            }
            let Some(one) = self.known.get(&folder) else { continue };
            all.objects.extend(one.objects.iter().cloned());
            all.parts.extend(one.parts.iter().cloned());
            all.remote.extend(one.remote.iter().cloned());
            all.helm |= one.helm;
            waiting.extend(one.folders.iter().cloned());
        }
        all
    }
}

fn of_folder(folder: &Path) -> Option<Kustomization> {
    let file = NAMES.iter().map(|name| folder.join(name)).find(|file| file.is_file())?;
    let text = read::file(&file).ok()?;
    let mut read = Kustomization { parts: BTreeSet::from([file.clone()]), file, ..Kustomization::default() };
    for document in yaml::documents(&text) {
        if let Ok(Some(parsed)) = yaml::parse(&text, document) {
            read.take(folder, &parsed.root);
        }
    }
    Some(read)
}

impl Kustomization {
    fn take(&mut self, folder: &Path, root: &Node<'_>) {
        for field in ["resources", "bases", "components"] {
            for entry in root.texts(field) {
                self.resource(folder, entry);
            }
        }
        self.affixes = (root.text("namePrefix").unwrap_or_default(), root.text("nameSuffix").unwrap_or_default());
        self.namespace = root.get("namespace").is_some();
        let patches = ["patches", "patchesJson6902"].into_iter().flat_map(|field| root.list(field));
        let patches =
            root.texts("patchesStrategicMerge").into_iter().chain(patches.filter_map(|item| item.text("path")));
        self.patches.extend(patches.filter(|entry| !entry.contains('\n')).map(|entry| absolute(&folder.join(entry))));
        self.helm |= !root.list("helmCharts").is_empty() || root.get("helmChartInflationGenerator").is_some();
        let fields = ["patchesStrategicMerge", "crds", "configurations", "transformers", "generators", "validators"];
        let whole = fields.iter().flat_map(|field| root.texts(field));
        let parts: Vec<_> = whole.chain(paths(root)).chain(generated(root)).collect();
        for part in parts {
            self.part(folder, part);
        }
    }

    fn resource(&mut self, folder: &Path, entry: String) {
        if is_remote(&entry) {
            self.remote.push(entry);
            return;
        }
        let path = absolute(&folder.join(entry));
        if path.is_dir() {
            self.folders.insert(path)
        } else {
            self.objects.insert(path)
        };
    }

    /// A part may be written inline, which is no path.
    fn part(&mut self, folder: &Path, entry: String) {
        if is_remote(&entry) {
            self.remote.push(entry);
        } else if !entry.contains('\n') {
            self.parts.insert(absolute(&folder.join(entry)));
        }
    }
}

/// The `path:` of patches and replacements, and of the schema.
fn paths(root: &Node<'_>) -> Vec<String> {
    let lists = ["patches", "patchesJson6902", "replacements"].into_iter().flat_map(|field| root.list(field));
    let single = root.get("openapi").into_iter();
    lists.chain(single).filter_map(|item| item.text("path")).collect()
}

/// The files that generators read, without the `key=` in front.
fn generated(root: &Node<'_>) -> Vec<String> {
    let generators = ["configMapGenerator", "secretGenerator"].into_iter().flat_map(|field| root.list(field));
    let files = generators.flat_map(|generator| {
        let mut files = generator.texts("files");
        files.extend(generator.texts("envs"));
        files.extend(generator.text("env"));
        files
    });
    files.map(|file| file.split_once('=').map_or(file.clone(), |(_, path)| path.to_owned())).collect()
}

/// What kustomize would fetch: URLs, and the short forms of Git hosts.
fn is_remote(entry: &str) -> bool {
    let hosts = ["github.com", "gitlab.com", "bitbucket.org", "git@", "git::", "gh:"];
    entry.contains("://") || entry.contains("?ref=") || hosts.iter().any(|host| entry.starts_with(host))
}
