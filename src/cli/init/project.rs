//! Which mix project the manifests are of.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::policy::project::{here, top};

const PROJECT: &str = "mix.exs";

/// The project above a path, or beside it: the nearest folder above that has a `mix.exs`, or in which one folder alone has. It is
/// not looked for outside of the repository; without one, not above the working directory.
pub(super) fn find(from: &Path) -> anyhow::Result<PathBuf> {
    let Ok(start) = from.canonicalize() else { bail!("there is no {}", from.display()) };
    let top = top(&start);
    let inside = start.ancestors().take_while(|folder| folder.starts_with(&top));
    for folder in inside.filter(|folder| folder.is_dir()) {
        if folder.join(PROJECT).is_file() {
            return Ok(shown(folder));
        }
        let beside = projects_in(folder);
        match beside.as_slice() {
            [] => {}
            [only] => return Ok(shown(only)),
            several => {
                let names: Vec<_> = several.iter().map(|folder| shown(folder).display().to_string()).collect();
                bail!("there are several mix projects: {}; say which with --app", names.join(", "));
            }
        }
    }
    bail!("no {PROJECT} above {} or beside it; say where the app is with --app", from.display())
}

fn projects_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = entries.filter(|path| path.join(PROJECT).is_file()).collect();
    found.sort();
    found
}

/// A folder as seen from the working directory.
fn shown(folder: &Path) -> PathBuf {
    let below = here().and_then(|here| folder.strip_prefix(here).ok().map(Path::to_owned));
    below.unwrap_or_else(|| folder.to_owned())
}
