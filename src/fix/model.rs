//! Changes to the world's model of a pod.

use super::{Edit, WRITER_MOUNT, WRITER_SCRIPT};
use crate::name::env::NAME_WRITER;
use crate::world::mounted::{self, Mount, Volume};
use crate::world::pod::{Container, EnvVar, PodTemplate};

/// The pod as the changes leave it. The places of what was written stay those of what was written.
pub fn apply(pod: &PodTemplate, edits: &[Edit]) -> PodTemplate {
    let mut changed = pod.clone();
    for edit in edits {
        match edit {
            Edit::Insert { container, index, var } => {
                if let Some(env) = env(&mut changed, *container) {
                    env.insert((*index).min(env.len()), var.clone());
                }
            }
            Edit::Move { container, from, to } => {
                if let Some(env) = env(&mut changed, *container).filter(|env| to <= from && *from < env.len()) {
                    env[*to..=*from].rotate_right(1);
                }
            }
            Edit::WriteName { like, env } => {
                if let Some(writer) = changed.containers.get(*like).map(|like| writer(pod, like, env)) {
                    changed.containers.insert(0, writer);
                }
            }
            Edit::Annotate { key, value } => {
                changed.annotations.retain(|(known, _)| known != key);
                changed.annotations.push(((*key).to_owned(), value.clone()));
            }
        }
    }
    changed
}

fn env(pod: &mut PodTemplate, container: usize) -> Option<&mut Vec<EnvVar>> {
    Some(&mut pod.containers.get_mut(container)?.env)
}

fn writer(pod: &PodTemplate, like: &Container, env: &[EnvVar]) -> Container {
    Container {
        at: pod.at_spec(&["initContainers"]),
        name: NAME_WRITER.to_owned(),
        image: like.image.clone(),
        init: true,
        command: ["/bin/sh", "-c", WRITER_SCRIPT].map(str::to_owned).to_vec(),
        env: env.to_vec(),
        volume_mounts: vec![Mount {
            path: mounted::absolute("/", WRITER_MOUNT),
            sub_path: Some(String::new()),
            volume: Volume::Disk,
        }],
        ..Container::default()
    }
}
