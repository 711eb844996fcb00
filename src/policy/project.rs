//! The mix project that manifests lie in: its `mix.exs`, and what its releases are made of beside the code.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::{ConfigError, Policy, Text};
use crate::elixir::{self, Mix, MixRelease};
use crate::manifest::walk::shown;
use crate::place::ObjectId;
use crate::world::declared::{Script, VmArgs};
use crate::world::project::{Ground, Project, Release, Sourced, Unread};

const PROJECT: &str = "mix.exs";

/// The templates of a release that say something here.
const TEMPLATES: [&str; 2] = ["rel/env.sh.eex", "rel/vm.args.eex"];

/// No such file is longer.
const LONGEST: u64 = 1 << 17;

/// No input lies in more projects.
const MANY: usize = 32;

/// How many `mix.exs` are read above that of an umbrella's app.
const ABOVE: usize = 8;

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
        if self.projects.0.len() >= MANY {
            return None;
        }
        let project =
            self.umbrella_or_app(&nearest, &top).unwrap_or_else(Some).filter(Project::says_something).map(Arc::new);
        self.projects.0.insert(nearest, project.clone());
        project
    }

    /// The project of a folder that somebody named, whatever is known of it.
    ///
    /// # Errors
    /// A file that decides is there, and cannot be read.
    pub(super) fn said(&mut self, folder: &Path, by_name: bool) -> Result<Sourced, ConfigError> {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let top = top(&real);
        let found = self.mix(&real, &top).map_err(ConfigError::Unread)?;
        let project = found.map_or_else(Project::default, |found| self.project(found, &top));
        let unread = |release: &Arc<Release>| release.unread_env_sh.clone().or(release.unread_vm_args.clone());
        match project.releases.iter().find_map(unread) {
            Some(unread) => Err(ConfigError::Unread(unread)),
            None => Ok(Sourced { project: Arc::new(project), ground: Ground::Said { by_name } }),
        }
    }

    /// The project of the nearest `mix.exs`, or what is left of it where one that decides cannot be read.
    fn umbrella_or_app(&mut self, nearest: &Path, top: &Path) -> Result<Option<Project>, Project> {
        let own = self.mix(nearest, top).map_err(|unread| unreadable(unread, nearest, nearest))?;
        let above = nearest.ancestors().skip(1).take_while(|folder| folder.starts_with(top));
        let mut umbrella = None;
        for folder in above.filter(|folder| folder.join(PROJECT).is_file()).take(ABOVE) {
            let found = self.mix(folder, top).map_err(|unread| unreadable(unread, folder, nearest))?;
            umbrella = found.filter(|found| found.is_umbrella_of(nearest));
            if umbrella.is_some() {
                break;
            }
        }
        let Some(own) = own else { return Ok(None) };
        let Some(umbrella) = umbrella.filter(|umbrella| umbrella.mix.lists_releases) else {
            return Ok(Some(self.project(own, top)));
        };
        let own_files = TEMPLATES.iter().any(|file| nearest.join(file).exists());
        Ok((!own.mix.lists_releases && !own_files).then(|| self.project(umbrella, top)))
    }

    /// None where there is no `mix.exs`, or nothing in it that is understood.
    fn mix(&mut self, folder: &Path, top: &Path) -> Result<Option<Found>, Unread> {
        let Some(script) = self.template(&folder.join(PROJECT), top)? else { return Ok(None) };
        let mix = elixir::mix(&script).map_err(|unreadable| {
            let line = script.text[..unreadable.at].matches('\n').count() + 1;
            let place = if unreadable.at > 0 { format!(" (line {line})") } else { String::new() };
            unread(&folder.join(PROJECT), &format!("it {}{place}", unreadable.reason))
        })?;
        Ok(mix.map(|mix| Found { folder: folder.to_owned(), script, mix }))
    }

    fn project(&mut self, found: Found, top: &Path) -> Project {
        let name = found.script.id.as_text().and_then(|number| Some(self.texts.get(number)?.name.clone()));
        let releases = found.mix.releases.iter().map(|release| Arc::new(self.release(release, &found.folder, top)));
        let releases = releases.collect();
        Project { name: name.unwrap_or_default(), app: found.mix.app, releases, unread: None }
    }

    fn release(&mut self, release: &MixRelease, folder: &Path, top: &Path) -> Release {
        let templates = release.templates.as_ref().map(|templates| folder.join(templates));
        let mut template =
            |name: &str| templates.as_ref().map_or(Ok(None), |folder| self.template(&folder.join(name), top));
        let (env_sh, unread_env_sh) = either(template("env.sh.eex"));
        let (vm_args, unread_vm_args) = either(template("vm.args.eex"));
        let vm_args = vm_args.map(|script| VmArgs { script, is_source: false });
        let (name, cookie) = (release.name.clone(), release.cookie.clone());
        Release { name, env_sh, vm_args, cookie, unread_env_sh, unread_vm_args }
    }

    /// A small file of the repository, links out of it not followed; each once.
    fn template(&mut self, file: &Path, top: &Path) -> Result<Option<Script>, Unread> {
        let Ok(real) = file.canonicalize() else { return Ok(None) };
        let text = text(&real, top).map_err(|reason| unread(file, &reason))?;
        let name = shown(file).display().to_string();
        let known = self.texts.iter().position(|known| known.name == name && known.text == text);
        let number = known.unwrap_or_else(|| {
            self.texts.push(Text { name, text: text.clone() });
            self.texts.len() - 1
        });
        Ok(Some(Script { id: ObjectId::text(number), text }))
    }
}

fn either(read: Result<Option<Script>, Unread>) -> (Option<Script>, Option<Unread>) {
    match read {
        Ok(script) => (script, None),
        Err(unread) => (None, Some(unread)),
    }
}

fn unread(file: &Path, reason: &str) -> Unread {
    Unread { path: shown(file).display().to_string(), reason: reason.to_owned() }
}

/// The text of a file, or why there is none.
fn text(file: &Path, top: &Path) -> Result<String, String> {
    if !file.starts_with(top) {
        return Err("it is a link out of the repository".to_owned());
    }
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no file".to_owned());
    }
    if metadata.len() > LONGEST {
        return Err(format!("it is longer than {} KiB", LONGEST >> 10));
    }
    std::fs::read_to_string(file).map_err(|error| error.to_string())
}

/// What a `mix.exs` leaves that cannot be read: with templates beside it, or beside the app's own, any release may have them.
fn unreadable(mix: Unread, folder: &Path, nearest: &Path) -> Project {
    let is_there = |folder: &Path| TEMPLATES.iter().any(|file| folder.join(file).exists());
    let may_have_templates = is_there(folder) || is_there(nearest);
    let name = mix.path.clone();
    let release = Release { unread_env_sh: Some(mix), ..Release::default() };
    Project { name, unread: may_have_templates.then(|| Arc::new(release)), ..Project::default() }
}

impl Found {
    fn is_umbrella_of(&self, app: &Path) -> bool {
        let apps = self.mix.apps_path.as_ref().map(|path| self.folder.join(path));
        apps.is_some_and(|apps| app.parent() == Some(&apps))
    }
}

/// The folder above which nothing is read: that of the repository; without one the working directory, or where the given folder
/// is not in it, the one that it lies in.
pub fn top(start: &Path) -> PathBuf {
    let repository = start.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned);
    let here = || here().filter(|here| start.starts_with(here));
    repository.or_else(here).unwrap_or_else(|| start.parent().unwrap_or(start).to_owned())
}

/// The working directory.
pub fn here() -> Option<PathBuf> {
    std::env::current_dir().and_then(|here| here.canonicalize()).ok()
}
