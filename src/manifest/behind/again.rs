//! Rendering once more what files would come to if they said something else, in a copy of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Behind, Tool};
use crate::manifest::render::Tools;

impl Behind {
    /// What a kustomization comes to where some of its files have other texts. The files themselves stay as they are.
    ///
    /// # Errors
    /// It cannot be rendered, or it is a chart.
    pub fn again(&self, tools: &Tools, texts: &[(PathBuf, &str)]) -> Result<String, String> {
        let Tool::Kustomize { files, .. } = &self.tool else { return Err("it is a chart".to_owned()) };
        let is_above = |above: &&Path| files.iter().all(|file| file.starts_with(above));
        let root = self.folder.ancestors().find(is_above).ok_or("its files have no folder in common")?;
        let copy = Copy::new().map_err(|error| format!("it could not be rendered again: {error}"))?;
        for file in files.iter().filter(|file| file.is_file()) {
            let edited = texts.iter().find(|(path, _)| path == file).map(|(_, text)| text.as_bytes());
            copy.add(root, file, edited).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        let folder = copy.place(root, &self.folder);
        tools.kustomization(&folder).map_err(|error| format!("it could not be rendered again: {error}"))
    }
}

/// A folder that goes away with this. Manifests may hold secrets, so nobody else may look into it.
struct Copy(PathBuf);

impl Copy {
    fn new() -> std::io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("beamgate-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // Tools that are given a link lose their way from there to the folders beside it.
        let path = std::env::temp_dir().canonicalize()?.join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }

    /// Where a path below `root` is in the copy.
    fn place(&self, root: &Path, path: &Path) -> PathBuf {
        path.strip_prefix(root).map_or_else(|_| self.0.clone(), |below| self.0.join(below))
    }

    fn add(&self, root: &Path, file: &Path, edited: Option<&[u8]>) -> std::io::Result<()> {
        let place = self.place(root, file);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        match edited {
            Some(text) => fs::write(place, text),
            None => fs::copy(file, place).map(drop),
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
