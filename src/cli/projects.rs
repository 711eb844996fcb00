//! The projects that manifests lie in: found above them, and given to the workloads that may run their releases.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::session::Scene;
use crate::manifest::Input;
use crate::manifest::source::Origin;
use crate::place::ObjectId;
use crate::policy::config::Policy;
use crate::report::closing::listed;
use crate::report::model::Notice;
use crate::trace::project_read::ProjectRead;
use crate::world::declared::{App, Declared, projects_of};
use crate::world::object::Object;
use crate::world::project::{Ground, Project, Sourced};

/// The projects above the files of a scene's workloads that declare a strategy, for each of them.
pub(super) fn find(scene: &mut Scene, policy: &mut Policy, input: &Input<()>) {
    let folders = folders(scene, input);
    let mut known: HashMap<PathBuf, Option<Arc<Project>>> = HashMap::new();
    let mut found: BTreeMap<String, (Arc<Project>, BTreeSet<ObjectId>)> = BTreeMap::new();
    for (object, folder) in folders {
        let project = known.entry(folder).or_insert_with_key(|folder| policy.project_above(folder));
        if let Some(project) = project {
            found.entry(project.name.clone()).or_insert_with(|| (project.clone(), BTreeSet::new())).1.insert(object);
        }
    }
    scene.world.facts.apps.extend(found.into_values().map(|(project, of)| {
        let project = Sourced { project, ground: Ground::Above { of } };
        App { project: Some(project), ..App::default() }
    }));
}

fn opted_in(scene: &Scene) -> impl Iterator<Item = &Object> {
    let facts = &scene.world.facts;
    scene.world.workloads().filter(|(object, workload)| Declared::is_there(object, workload, facts)).map(|it| it.0)
}

/// The workloads of which nobody has said where their project is, and the folders that they are read from. What comes by
/// standard input lies nowhere.
fn folders(scene: &Scene, input: &Input<()>) -> Vec<(ObjectId, PathBuf)> {
    let facts = &scene.world.facts;
    let of = |object: &Object| {
        let source = input.sources.get(scene.origin(object.id)?.source as usize)?;
        let folder = match source.origin {
            Origin::Stream => return None,
            _ => source.folder(),
        };
        let here = folder.as_os_str().is_empty();
        Some((object.id, if here { Path::new(".") } else { folder }.to_owned()))
    };
    opted_in(scene).filter(|object| projects_of(object, facts).next().is_none()).filter_map(of).collect()
}

/// What was read of projects, and what was not, and for whom.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Workloads, by the files that were read for them.
    read: BTreeMap<Vec<ObjectId>, Vec<String>>,
    /// Workloads, by the path of a file and why it was not read.
    unread: BTreeMap<(String, String), Vec<String>>,
}

/// How many workloads a notice names.
const WORKLOADS: usize = 3;

impl Told {
    /// Adds what was read for a workload.
    pub(super) fn add(&mut self, object: &Object, project: &ProjectRead) {
        for file in &project.unread {
            add_to(self.unread.entry((file.path.clone(), file.reason.clone())).or_default(), object.title());
        }
        if !project.read.is_empty() {
            add_to(self.read.entry(project.read.clone()).or_default(), object.title());
        }
    }

    pub(super) fn notices(self, policy: &Policy) -> Vec<Notice> {
        let words = |list: &[String]| listed(&list.iter().map(String::as_str).collect::<Vec<_>>(), WORKLOADS);
        let name = |id: &ObjectId| Some(policy.texts.get(id.as_text()?)?.name.clone());
        let named = |files: Vec<ObjectId>| files.iter().filter_map(name).collect::<Vec<_>>();
        let mut read: Vec<_> = self.read.into_iter().map(|(files, titles)| (named(files), titles)).collect();
        read.sort();
        let read = read.into_iter().map(|(files, titles)| format!("read {} for {}", words(&files), words(&titles)));
        let unread = self.unread.into_iter().map(|((path, reason), titles)| {
            format!("{path} was not read, and may name the nodes of {}: {reason}", words(&titles))
        });
        read.chain(unread).map(|text| Notice { text, command: None }).collect()
    }
}

/// A workload is in several worlds where several overlays build it.
fn add_to(titles: &mut Vec<String>, title: String) {
    if !titles.contains(&title) {
        titles.push(title);
    }
}
