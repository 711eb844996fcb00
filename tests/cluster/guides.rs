//! The pages about strategies: what they tell people to write, played as it stands there.

use crate::guide::{self, Guide};
use crate::observe::Fate;
use crate::stage::{self, Image, Scene};

/// Plays those that can be played: each has to form.
pub(crate) fn run() -> Vec<String> {
    let scenes: Vec<Scene> = guide::all().into_iter().filter(Guide::is_played).map(scene).collect();
    let outcomes = stage::play(&scenes);
    let lonely = scenes.iter().zip(&outcomes).filter(|(_, outcome)| outcome.fate() != Fate::Forms);
    lonely.map(|(scene, outcome)| format!("{}: it {}: {}", scene.title, outcome.fate(), outcome.log())).collect()
}

fn scene(guide: Guide) -> Scene {
    let image = |script| Image { app: "cart".to_owned(), files: vec![("env.sh", script)] };
    let images = guide.script.map(image).into_iter().collect();
    Scene { title: guide.title, manifest: guide.manifest, images, together: None }
}
