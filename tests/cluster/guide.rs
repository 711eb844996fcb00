//! The pages about strategies, as far as they can be played: their manifests, and what they put into the image.

use std::fs;
use std::path::Path;

/// What a page tells people to write.
#[derive(Debug)]
pub(crate) struct Guide {
    /// The name of its file, without `.md`.
    pub(crate) title: String,
    /// Its block of YAML.
    pub(crate) manifest: String,
    /// Its block of `sh`, which is the `rel/env.sh` of the image.
    pub(crate) script: Option<String>,
}

impl Guide {
    /// Whether it takes something that no manifest shows: multicast.
    pub(crate) fn is_open(&self) -> bool {
        self.title == "gossip"
    }

    /// Whether it can form on the test cluster, whose network drops multicast (BG218 is proven there), and which has no database.
    pub(crate) fn is_played(&self) -> bool {
        !self.is_open() && self.title != "announced"
    }
}

/// All of them, in the order of their names.
pub(crate) fn all() -> Vec<Guide> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/strategies");
    let mut pages: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages.iter().map(|page| read(page)).collect()
}

fn read(page: &Path) -> Guide {
    let text = fs::read_to_string(page).unwrap();
    let manifest = block(&text, "yaml").unwrap_or_else(|| panic!("{} has no manifests", page.display()));
    let title = page.file_stem().unwrap().to_string_lossy().into_owned();
    Guide { title, manifest, script: block(&text, "sh") }
}

/// The first block of this language.
fn block(text: &str, language: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("```{language}\n"))?;
    rest.split_once("```").map(|(block, _)| block.to_owned())
}
