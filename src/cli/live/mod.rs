//! `--with-cluster`: a live cluster as the world around the files, or in their place. It is only read.

#[cfg(feature = "cluster")]
mod surroundings;

#[cfg(feature = "cluster")]
pub(super) use surroundings::Live;

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;

use super::access::AccessArgs;
use super::session::{InputArgs, Session};

/// Whether a cluster is asked, and which.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct LiveArgs {
    /// Read a live cluster, too, and change nothing on it. With a PATH, its files are judged in the world of the cluster, where
    /// each stands for the object of its kind, namespace and name; without one, what the cluster has is judged.
    #[arg(long)]
    pub with_cluster: bool,

    /// Read all its namespaces [default: those that occur in the files; without any, that of -n or of the context].
    #[arg(long, short = 'A', requires = "with_cluster")]
    pub all_namespaces: bool,

    /// Which cluster.
    #[command(flatten)]
    pub access: AccessArgs,

    /// How long the cluster may take for all that it is asked [default: 30s].
    #[arg(long, value_name = "TIME", requires = "with_cluster", value_parser = super::time::patience)]
    pub timeout: Option<Duration>,
}

impl LiveArgs {
    /// Whether the cluster is to be judged, and no file.
    pub(super) fn is_alone(&self, input: &InputArgs) -> bool {
        self.with_cluster && input.paths.is_empty()
    }

    /// Reads the input and, where it is asked for, the cluster.
    ///
    /// # Errors
    /// A configuration that cannot be used; a cluster that does not answer.
    pub(super) fn open(&self, input: &InputArgs, stdin: &mut dyn Read) -> anyhow::Result<Session> {
        match (self.with_cluster, self.access.said()) {
            (true, _) => self.open_with_cluster(input, stdin),
            (false, Some(option)) => bail!("{option} is for --with-cluster"),
            (false, None) => {
                let mut input = input.clone();
                if input.paths.is_empty() {
                    input.paths.push(PathBuf::from("."));
                }
                Session::open(&input, stdin)
            }
        }
    }

    #[cfg(feature = "cluster")]
    fn open_with_cluster(&self, input: &InputArgs, stdin: &mut dyn Read) -> anyhow::Result<Session> {
        surroundings::open(self, input, stdin)
    }

    #[cfg(not(feature = "cluster"))]
    fn open_with_cluster(&self, _: &InputArgs, _: &mut dyn Read) -> anyhow::Result<Session> {
        bail!("--with-cluster: this beamgate is built without the feature `cluster`")
    }
}
