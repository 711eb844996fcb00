//! Texts to files: all of a file or nothing of it, and nothing at all if a file is not what it was.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::manifest::Source;

/// What was given to be mended: nothing else is written.
pub(super) struct Roots(Vec<PathBuf>);

impl Roots {
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        Self(paths.iter().filter_map(|path| path.canonicalize().ok()).collect())
    }

    /// Whether a text may be written back.
    ///
    /// # Errors
    /// It may not, and why: a link leads out of the folders that were given. A link that was named itself is meant.
    pub(super) fn check(&self, source: &Source) -> Result<(), String> {
        let Some(target) = source.path().and_then(|path| path.canonicalize().ok()) else { return Ok(()) };
        match self.0.iter().any(|root| target.starts_with(root)) {
            true => Ok(()),
            false => Err(format!("{} is {}, outside of what was given", source.name, target.display())),
        }
    }
}

/// A text beside the file that it is for.
struct Staged {
    beside: PathBuf,
    target: PathBuf,
    name: String,
}

/// Writes texts to their files. Each is written beside its file first, so that what can fail fails before any file changes.
pub(in crate::cli) fn write<'s>(changed: impl Iterator<Item = (&'s Source, &'s str)>) -> anyhow::Result<()> {
    let mut staged = Vec::new();
    for (source, before) in changed {
        match stage(source, before) {
            Ok(Some(one)) => staged.push(one),
            Ok(None) => {}
            Err(error) => {
                staged.iter().for_each(|one: &Staged| drop(fs::remove_file(&one.beside)));
                return Err(error).with_context(|| format!("{}: nothing was written", source.name));
            }
        }
    }
    let mut renamed = Ok(());
    for one in staged {
        match renamed {
            Ok(()) => renamed = fs::rename(&one.beside, &one.target).with_context(|| one.name.clone()),
            Err(_) => drop(fs::remove_file(&one.beside)),
        }
    }
    renamed
}

fn stage(source: &Source, before: &str) -> anyhow::Result<Option<Staged>> {
    let Some(path) = source.path() else { return Ok(None) };
    // A link stays one: what it leads to is written.
    let target = path.canonicalize()?;
    let metadata = fs::metadata(&target)?;
    if !metadata.is_file() {
        bail!("is no file that could be written");
    }
    if metadata.permissions().readonly() {
        bail!("may not be written");
    }
    if names(&metadata) > 1 {
        bail!("has another name too (a hard link), which would keep the old text");
    }
    if fs::read(&target)? != before.as_bytes() {
        bail!("has changed while it was read");
    }
    let beside = name_beside(&target)?;
    let staged = Staged { beside, target, name: source.name.clone() };
    match fill(&staged.beside, &source.text, &metadata) {
        Ok(()) => Ok(Some(staged)),
        Err(error) => {
            let _ = fs::remove_file(&staged.beside);
            Err(error.into())
        }
    }
}

/// A name in the same folder, so that renaming replaces the file at once.
fn name_beside(target: &Path) -> anyhow::Result<PathBuf> {
    let name = target.file_name().context("has no name")?;
    Ok(target.with_file_name(format!(".{}.beamgate-{}", name.to_string_lossy(), std::process::id())))
}

fn fill(path: &Path, text: &str, like: &fs::Metadata) -> std::io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path)?;
    give_to_its_owner(&file, like)?;
    file.set_permissions(like.permissions())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A program that runs as somebody else, in a container for one, leaves the file to whom it belongs.
#[cfg(unix)]
fn give_to_its_owner(file: &File, like: &fs::Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let is = file.metadata()?;
    match (is.uid(), is.gid()) == (like.uid(), like.gid()) {
        true => Ok(()),
        false => fchown(file, Some(like.uid()), Some(like.gid())),
    }
}

#[cfg(not(unix))]
fn give_to_its_owner(_: &File, _: &fs::Metadata) -> std::io::Result<()> {
    Ok(())
}

/// How many names a file has.
#[cfg(unix)]
fn names(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn names(_: &fs::Metadata) -> u64 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::source::Origin;

    #[test]
    fn a_file_that_is_not_what_was_read_is_left_alone() {
        let path = std::env::temp_dir().join(format!("beamgate-files-{}.yaml", std::process::id()));
        fs::write(&path, "theirs").unwrap();
        let source = Source::new("cart.yaml", Origin::File(path.clone()), "ours".to_owned());
        let error = write([(&source, "what was read")].into_iter()).unwrap_err();
        assert_eq!(format!("{error:#}"), "cart.yaml: nothing was written: has changed while it was read");
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        write([(&source, "theirs")].into_iter()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "ours");
        fs::remove_file(path).unwrap();
    }
}
