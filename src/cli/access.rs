//! The options that say which cluster is meant, as kubectl has them.

use std::path::PathBuf;

/// Which cluster.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AccessArgs {
    /// The context of the kubeconfig [default: the current one].
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,

    /// The kubeconfig [default: KUBECONFIG, else ~/.kube/config, else that of the pod in which this runs].
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}

impl AccessArgs {
    /// The same with a namespace.
    #[cfg(feature = "cluster")]
    pub(super) fn in_namespace(&self, namespace: Option<&str>) -> crate::cluster::Access {
        crate::cluster::Access {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            namespace: namespace.map(str::to_owned),
        }
    }

    /// The first option that is said.
    pub(super) fn said(&self) -> Option<&'static str> {
        let context = self.context.as_ref().map(|_| "--context");
        context.or(self.kubeconfig.as_ref().map(|_| "--kubeconfig"))
    }
}
