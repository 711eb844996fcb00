//! Paths to files.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;

/// A file that the input names or contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Whether the user named it, rather than a folder above it.
    pub named: bool,
}

/// A path that led nowhere.
#[derive(Debug)]
pub struct Lost {
    /// The path.
    pub path: PathBuf,
    /// What the system said.
    pub message: String,
    /// Whether the user named it.
    pub named: bool,
}

/// The files of the inputs, in the order of the inputs and sorted by path in each, none twice.
///
/// Folders are walked as `git` sees them, whether or not there is a repository; hidden ones are no exception. A file that was named is taken
/// whatever its name is and whoever ignores it.
pub fn walk(inputs: &[PathBuf]) -> (Vec<Found>, Vec<Lost>) {
    let mut walk = Walk { found: Vec::new(), lost: Vec::new(), seen: HashMap::new() };
    for input in inputs {
        match std::fs::metadata(input) {
            Ok(metadata) if metadata.is_dir() => walk.folder(input),
            Ok(_) => walk.take(input.clone(), real(input), true),
            Err(error) => walk.lose(input.clone(), error.to_string(), true),
        }
    }
    (walk.found, walk.lost)
}

struct Walk {
    found: Vec<Found>,
    lost: Vec<Lost>,
    seen: HashMap<PathBuf, usize>,
}

impl Walk {
    fn folder(&mut self, folder: &Path) {
        let by_path = |a: &Path, b: &Path| a.cmp(b);
        let mut builder = WalkBuilder::new(folder);
        builder.require_git(false).hidden(false).sort_by_file_path(by_path);
        // Manifests do live in `.k8s`, so hidden folders are walked, but for those in which version control keeps its own.
        builder.filter_entry(|entry| ![".git", ".hg", ".jj", ".svn"].iter().any(|own| entry.file_name() == *own));
        let real_folder = real(folder);
        for entry in builder.build() {
            match entry {
                Ok(entry) if is_manifest(entry.path()) && is_file(&entry) => {
                    let real = real_below(&real_folder, folder, &entry);
                    self.take(entry.into_path(), real, false);
                }
                Ok(_) => {}
                Err(error) => self.lose(folder.to_owned(), error.to_string(), false),
            }
        }
    }

    /// Links and repeated inputs lead to one file on several paths; it is one manifest all the same.
    fn take(&mut self, path: PathBuf, real: PathBuf, named: bool) {
        match self.seen.entry(real) {
            Entry::Occupied(before) => self.found[*before.get()].named |= named,
            Entry::Vacant(new) => {
                new.insert(self.found.len());
                self.found.push(Found { path: plain(&path), named });
            }
        }
    }

    fn lose(&mut self, path: PathBuf, message: String, named: bool) {
        self.lost.push(Lost { path, message, named });
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The real path of what was found below a folder. Only its last part can be a link, so the system need not be asked about
/// every file.
fn real_below(real_folder: &Path, folder: &Path, entry: &ignore::DirEntry) -> PathBuf {
    match entry.path().strip_prefix(folder) {
        Ok(below) if !entry.path_is_symlink() => real_folder.join(below),
        _ => real(entry.path()),
    }
}

/// Links to files are followed, links to folders are not: they may lead round in circles.
fn is_file(entry: &ignore::DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file() || kind.is_symlink() && entry.path().is_file())
}

/// By its name, as `kubectl apply -f` has it.
fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
        || path.file_name().is_some_and(|name| name == "Kustomization")
}

/// Without the `./` that walking adds.
fn plain(path: &Path) -> PathBuf {
    path.strip_prefix(".").map_or_else(|_| path.to_owned(), Path::to_owned)
}

/// The path from the root, without `.` and `..`, so that two ways to say one place compare equal.
pub fn absolute(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// A path as somebody would write it who stands in the current folder.
pub fn shown(path: &Path) -> PathBuf {
    let (here, path) = (absolute(Path::new(".")), absolute(path));
    let common = here.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = here.components().count() - common;
    // Somebody who must go up to the root names it.
    if common <= 1 && up > 0 {
        return path;
    }
    std::iter::repeat_n(Component::ParentDir, up).chain(path.components().skip(common)).collect()
}
