//! The mix project that manifests lie in: its `mix.exs`, and what its releases are made of beside the code.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::{Policy, Text};
use crate::elixir::{self, Mix, MixRelease};
use crate::manifest::walk::shown;
use crate::place::ObjectId;
use crate::world::declared::{Script, VmArgs};
use crate::world::project::{Ground, Project, Release, Sourced};

const PROJECT: &str = "mix.exs";

/// No such file is longer.
const LONGEST: u64 = 1 << 17;

/// The projects that were looked for, by the folders of their `mix.exs`; none where it says nothing that can be read.
#[derive(Debug, Default)]
pub struct Projects(HashMap<PathBuf, Option<Arc<Project>>>);

/// A `mix.exs`, and where it is.
struct Found {
    folder: PathBuf,
    script: Script,
    mix: Mix,
}

impl Policy {
    /// The project above a folder, inside of its repository; that of an umbrella's app is the umbrella's. Where both have
    /// releases, it is not clear which of them goes into an image.
    pub fn project_above(&mut self, folder: &Path) -> Option<Arc<Project>> {
        let start = folder.canonicalize().ok()?;
        let top = top(&start);
        let inside = start.ancestors().take_while(|folder| folder.starts_with(&top));
        let nearest = inside.filter(|folder| folder.join(PROJECT).is_file()).take(1).next()?.to_owned();
        if let Some(known) = self.projects.0.get(&nearest) {
            return known.clone();
        }
        let project = self.umbrella_or_app(&nearest, &top).filter(Project::says_something).map(Arc::new);
        self.projects.0.insert(nearest, project.clone());
        project
    }

    /// The project of a folder that somebody named.
    pub(super) fn said(&mut self, folder: &Path) -> Option<Sourced> {
        let folder = folder.canonicalize().ok()?;
        let top = top(&folder);
        let found = self.mix(&folder, &top)?;
        let project = Arc::new(self.project(found, &top));
        Some(Sourced { project, ground: Ground::Said })
    }

    fn umbrella_or_app(&mut self, nearest: &Path, top: &Path) -> Option<Project> {
        let own = self.mix(nearest, top)?;
        let above = nearest.ancestors().skip(1).take_while(|folder| folder.starts_with(top));
        let mut umbrella = None;
        for folder in above.filter(|folder| folder.join(PROJECT).is_file()) {
            let found = self.mix(folder, top);
            umbrella = found.filter(|found| found.is_umbrella_of(nearest));
            if umbrella.is_some() {
                break;
            }
        }
        let Some(umbrella) = umbrella.filter(|umbrella| umbrella.mix.lists_releases) else {
            return Some(self.project(own, top));
        };
        let own_files = ["rel/env.sh.eex", "rel/vm.args.eex"].iter().any(|file| nearest.join(file).exists());
        (!own.mix.lists_releases && !own_files).then(|| self.project(umbrella, top))
    }

    fn mix(&mut self, folder: &Path, top: &Path) -> Option<Found> {
        let script = self.template(&folder.join(PROJECT), top)?;
        let mix = elixir::mix(&script)?;
        Some(Found { folder: folder.to_owned(), script, mix })
    }

    fn project(&mut self, found: Found, top: &Path) -> Project {
        let name = found.script.id.as_text().and_then(|number| Some(self.texts.get(number)?.name.clone()));
        let releases = found.mix.releases.iter().map(|release| Arc::new(self.release(release, &found.folder, top)));
        let releases = releases.collect();
        Project { name: name.unwrap_or_default(), app: found.mix.app, releases }
    }

    fn release(&mut self, release: &MixRelease, folder: &Path, top: &Path) -> Release {
        let templates = release.templates.as_ref().map(|templates| folder.join(templates));
        let mut template = |name: &str| self.template(&templates.as_ref()?.join(name), top);
        let env_sh = template("env.sh.eex");
        let vm_args = template("vm.args.eex").map(|script| VmArgs { script, is_source: false });
        Release { name: release.name.clone(), env_sh, vm_args, cookie: release.cookie.clone() }
    }

    /// A small file of the repository, links out of it not followed; each once.
    fn template(&mut self, file: &Path, top: &Path) -> Option<Script> {
        let real = file.canonicalize().ok().filter(|real| real.starts_with(top))?;
        real.metadata().ok().filter(|metadata| metadata.is_file() && metadata.len() <= LONGEST)?;
        let text = std::fs::read_to_string(&real).ok()?;
        let name = shown(file).display().to_string();
        let known = self.texts.iter().position(|known| known.name == name && known.text == text);
        let number = known.unwrap_or_else(|| {
            self.texts.push(Text { name, text: text.clone() });
            self.texts.len() - 1
        });
        Some(Script { id: ObjectId::text(number), text })
    }
}

impl Found {
    fn is_umbrella_of(&self, app: &Path) -> bool {
        let apps = self.mix.apps_path.as_ref().map(|path| self.folder.join(path));
        apps.is_some_and(|apps| app.parent() == Some(&apps))
    }
}

/// The folder above which nothing is looked for: that of the repository; without one the working directory, or the folder
/// itself where it is elsewhere.
pub fn top(start: &Path) -> PathBuf {
    let repository = start.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned);
    let here = || here().filter(|here| start.starts_with(here));
    repository.or_else(here).unwrap_or_else(|| start.parent().unwrap_or(start).to_owned())
}

/// The working directory.
pub fn here() -> Option<PathBuf> {
    std::env::current_dir().and_then(|here| here.canonicalize()).ok()
}
