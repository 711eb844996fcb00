//! Which cluster, and as whom: what kubectl would take, unless something else is said.

use std::env;
use std::path::PathBuf;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::{ClusterError, whole};

/// What is said of it.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The kubeconfig; without it KUBECONFIG names it, or it is in the home folder, or this runs in the cluster.
    pub kubeconfig: Option<PathBuf>,
    /// The context in it; without it the current one.
    pub context: Option<String>,
    /// The namespace; without it that of the context.
    pub namespace: Option<String>,
}

/// A client, and what is known of where it leads.
pub(super) struct Reached {
    pub(super) client: Client,
    pub(super) namespace: String,
    /// The address of the API server.
    pub(super) server: String,
    /// The context; none where this runs in the cluster.
    pub(super) context: Option<String>,
}

impl Access {
    pub(super) async fn reach(&self) -> Result<Reached, ClusterError> {
        let unusable = |error: &dyn std::error::Error| ClusterError::Configuration(whole(error));
        let (config, context) = match self.kubeconfig() {
            Ok(kubeconfig) => self.of_kubeconfig(kubeconfig).await?,
            // Who names one does not mean another.
            Err(error) if self.is_said() => return Err(unusable(&error)),
            Err(error) => (Config::incluster().map_err(|_| unusable(&error))?, None),
        };
        let namespace = self.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let server = config.cluster_url.to_string();
        let server = server.trim_end_matches('/').to_owned();
        let client = Client::try_from(config).map_err(|error| unusable(&error))?;
        Ok(Reached { client, namespace, server, context })
    }

    fn is_said(&self) -> bool {
        self.kubeconfig.is_some()
            || self.context.is_some()
            || env::var_os("KUBECONFIG").is_some_and(|it| !it.is_empty())
    }

    fn kubeconfig(&self) -> Result<Kubeconfig, KubeconfigError> {
        match &self.kubeconfig {
            Some(file) => Kubeconfig::read_from(file),
            None => Kubeconfig::read(),
        }
    }

    async fn of_kubeconfig(&self, kubeconfig: Kubeconfig) -> Result<(Config, Option<String>), ClusterError> {
        let context = self.context.clone().or_else(|| kubeconfig.current_context.clone());
        let known: Vec<&str> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
        match context.as_deref().filter(|context| !context.is_empty()) {
            Some(name) if known.contains(&name) => {}
            Some(name) => return Err(ClusterError::Context(format!("there is no context `{name}`"), named(&known))),
            None => return Err(ClusterError::Context("no context is the current one".to_owned(), named(&known))),
        }
        let options = KubeConfigOptions { context: context.clone(), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        Ok((config.map_err(|error| ClusterError::Configuration(whole(&error)))?, context))
    }
}

fn named(contexts: &[&str]) -> String {
    match contexts {
        [] => "and no other either; KUBECONFIG or --kubeconfig names another file".to_owned(),
        known => format!("choose one with --context: {}", known.join(", ")),
    }
}
