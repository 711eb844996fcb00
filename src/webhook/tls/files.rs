//! A certificate in files: `tls.crt` and `tls.key` of a Secret that is mounted.
//!
//! The kubelet writes a new folder and then moves the link `..data` to it. A watch on a file goes deaf with that, so the folder
//! is watched; and since a watch may be deaf for other reasons, the files are read every few seconds too. What they contain
//! decides, not when they were written.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

use super::pair::{Pair, PairError};
use super::served::Served;

/// Why there is no certificate in a folder.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file cannot be read.
    #[error("{path}: {error}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// What is in the files is no certificate and its key.
    #[error("{folder}: {error}")]
    Pair {
        /// Where they are.
        folder: String,
        /// What is wrong.
        error: PairError,
    },
}

/// The folder of a certificate.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    served: Arc<Served>,
    /// What was read last, good or bad, so that it is not said twice.
    last: Option<Result<Contents, String>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Without the key.
impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contents").finish_non_exhaustive()
    }
}

impl Files {
    /// Nothing is read yet.
    pub fn new(folder: PathBuf, served: Arc<Served>) -> Self {
        Self { folder, served, last: None }
    }

    /// Reads the files again, and serves what is new in them. A certificate that cannot be served leaves the old one.
    pub async fn look(&mut self) {
        let read = read(&self.folder).await;
        let seen = read.as_ref().map(Contents::clone).map_err(ToString::to_string);
        if self.last.as_ref() == Some(&seen) {
            return;
        }
        self.last = Some(seen);
        let folder = self.folder.display().to_string();
        let pair = read.and_then(|read| {
            let pair = Pair::from_pem(&read.certificate, &read.key);
            pair.map_err(|error| FilesError::Pair { folder: folder.clone(), error })
        });
        match pair {
            Ok(pair) => {
                self.served.serve(&pair);
                let expires = jiff::Timestamp::from_second(pair.not_after).unwrap_or_default();
                tracing::info!(folder, %expires, "a certificate is served");
            }
            Err(error) => {
                self.served.failed();
                tracing::error!(%error, "no certificate to serve; one that was served before still is");
            }
        }
    }

    /// Follows the files for ever.
    pub async fn follow(mut self, every: Duration) {
        let (changed, mut changes) = mpsc::channel(1);
        let watch = watch(&self.folder, changed);
        if let Err(error) = &watch {
            tracing::warn!(%error, "the folder of the certificate is not watched, only read every {every:?}");
        }
        loop {
            self.look().await;
            tokio::select! {
                // Without a watch nothing ever comes.
                Some(()) = changes.recv() => tokio::time::sleep(Duration::from_millis(50)).await,
                () = tokio::time::sleep(every) => {}
            }
        }
    }
}

/// A key may be new and its certificate old for a moment, where somebody writes one after the other: such a pair is apart, is
/// said to be, and the next look finds the right one.
async fn read(folder: &Path) -> Result<Contents, FilesError> {
    let file = async |name: &str| {
        let path = folder.join(name);
        let read = tokio::fs::read(&path).await;
        read.map_err(|error| FilesError::Read { path: path.display().to_string(), error })
    };
    Ok(Contents { certificate: file("tls.crt").await?, key: file("tls.key").await? })
}

fn watch(folder: &Path, changed: mpsc::Sender<()>) -> notify::Result<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading is an event too, and must not lead to the next reading.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // A look that is due already will see this as well.
            let _ = changed.try_send(());
        }
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}
