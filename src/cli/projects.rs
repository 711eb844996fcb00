//! The projects that manifests lie in: found above them, and given to the workloads that may run their releases.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::session::Scene;
use crate::manifest::source::Origin;
use crate::manifest::{Input, Notice};
use crate::place::ObjectId;
use crate::policy::config::Policy;
use crate::report::closing::listed;
use crate::trace::Trace;
use crate::world::declared::{App, Declared, env_sh_of, projects_of, vm_args_of};
use crate::world::object::Object;
use crate::world::project::{Ground, Project, Sourced, Unread};

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
pub(super) fn notices(scene: &Scene, policy: &Policy) -> Vec<Notice> {
    let mut read: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    let mut unread: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let may_run_one = |object: &&Object| projects_of(object, &scene.world.facts).next().is_some();
    for object in opted_in(scene).filter(may_run_one) {
        let Some(workload) = object.workload() else { continue };
        let trace = Trace::of(&scene.world, object, workload);
        for file in unread_files(&trace) {
            unread.entry((file.path.clone(), file.reason.clone())).or_default().push(object.title());
        }
        let files = files(&trace, policy);
        if !files.is_empty() {
            read.entry(files).or_default().push(object.title());
        }
    }
    let words = |list: &[String]| listed(&list.iter().map(String::as_str).collect::<Vec<_>>(), WORKLOADS);
    let read = read.into_iter().map(|(files, titles)| format!("read {} for {}", words(&files), words(&titles)));
    let unread = unread.into_iter().map(|((path, reason), titles)| {
        format!("{path} was not read, and may name the nodes of {}: {reason}", words(&titles))
    });
    read.chain(unread).map(|text| Notice { text, command: None }).collect()
}

/// The files of its release that would decide about a workload, and could not be read.
fn unread_files<'t>(trace: &'t Trace<'_>) -> impl Iterator<Item = &'t Unread> {
    let release = trace.naming.as_ref().and_then(|naming| naming.release.as_ref());
    release.into_iter().flat_map(|release| [&release.unread_env_sh, &release.unread_vm_args]).flatten()
}

/// How many workloads a notice names.
const WORKLOADS: usize = 3;

/// The files of its release that decide about a workload, but for those that somebody gave.
fn files(trace: &Trace<'_>, policy: &Policy) -> Vec<String> {
    let facts = &trace.world.facts;
    let Some(release) = trace.naming.as_ref().and_then(|naming| naming.release.as_ref()) else { return Vec::new() };
    let env_sh = release.env_sh.as_ref().filter(|_| env_sh_of(trace.object, facts).is_none());
    let env_sh = env_sh.map(|script| script.id);
    let vm_args = release.vm_args.as_ref().filter(|_| vm_args_of(trace.object, facts).is_none());
    let vm_args = vm_args.map(|file| file.script.id);
    let cookie = release.cookie.as_ref().map(|at| at.object);
    let numbers = [env_sh, vm_args, cookie].into_iter().flatten().filter_map(ObjectId::as_text);
    numbers.filter_map(|number| Some(policy.texts.get(number)?.name.clone())).collect()
}
