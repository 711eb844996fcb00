//! `[[app]]` in `beamgate.toml`, and the files of an app that the configuration or the command line names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::WalkBuilder;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::config::{ConfigError, Policy};
use crate::elixir;
use crate::manifest::read::MAX_BYTES;
use crate::place::{ObjectId, Pointer};
use crate::world::code::Code;
use crate::world::declared::{App, Key, Sourced, VmArgs};

/// Which workload is meant.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// Its name.
    pub name: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
}

/// A declaration: the same keys as the annotations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AppConfig {
    /// Which workloads.
    #[serde(rename = "match", default)]
    pub matches: Match,
    /// The strategy.
    #[schemars(with = "Option<String>")]
    pub strategy: Option<Spanned<String>>,
    /// The part before `@`.
    #[schemars(with = "Option<String>")]
    pub basename: Option<Spanned<String>>,
    /// `ip`, `dns` or `hostname`.
    #[schemars(with = "Option<String>")]
    pub mode: Option<Spanned<String>>,
    /// `endpoints` or `pods`.
    #[schemars(with = "Option<String>")]
    pub lookup: Option<Spanned<String>>,
    /// `kubernetes_selector`.
    #[schemars(with = "Option<String>")]
    pub selector: Option<Spanned<String>>,
    /// The Service that the strategy asks for.
    #[schemars(with = "Option<String>")]
    pub service: Option<Spanned<String>>,
    /// The namespace that the strategy asks about.
    #[schemars(with = "Option<String>")]
    pub namespace: Option<Spanned<String>>,
    /// The DNS domain that the strategy uses.
    #[schemars(with = "Option<String>")]
    pub cluster_domain: Option<Spanned<String>>,
    /// Further topologies, one a line: `Kubernetes.DNS basename=worker service=worker`.
    #[schemars(with = "Option<String>")]
    pub topologies: Option<Spanned<String>>,
    /// The name that the image sets.
    #[schemars(with = "Option<String>")]
    pub node_name: Option<Spanned<String>>,
    /// The variables that the image reads.
    #[schemars(with = "Option<String>")]
    pub inputs: Option<Spanned<String>>,
    /// The BEAM container.
    #[schemars(with = "Option<String>")]
    pub container: Option<Spanned<String>>,
    /// The path of the image's `rel/env.sh(.eex)`, relative to this file.
    pub env_sh: Option<PathBuf>,
    /// The path of the image's `vm.args(.eex)` or `vm.args.src`, relative to this file.
    pub vm_args: Option<PathBuf>,
    /// The folder of the app's `mix.exs`, relative to this file: what its code says is compared with what is declared.
    pub app_source: Option<PathBuf>,
}

impl Policy {
    pub(super) fn app(&mut self, app: &AppConfig, folder: &Path) -> Result<App, ConfigError> {
        let keys = [
            (Key::Basename, &app.basename),
            (Key::Mode, &app.mode),
            (Key::Lookup, &app.lookup),
            (Key::Selector, &app.selector),
            (Key::Service, &app.service),
            (Key::Namespace, &app.namespace),
            (Key::ClusterDomain, &app.cluster_domain),
            (Key::Topologies, &app.topologies),
            (Key::NodeName, &app.node_name),
            (Key::Inputs, &app.inputs),
            (Key::Container, &app.container),
        ];
        let by_name = app.matches.name.is_some();
        let said = app.app_source.as_ref().map(|path| self.said(&folder.join(path), by_name)).transpose()?;
        Ok(App {
            name: app.matches.name.clone(),
            namespace: app.matches.namespace.clone(),
            strategy: app.strategy.as_ref().map(sourced),
            keys: keys.into_iter().filter_map(|(key, value)| Some((key, sourced(value.as_ref()?)))).collect(),
            env_sh: app.env_sh.as_ref().map(|path| self.script(&folder.join(path))).transpose()?,
            vm_args: app.vm_args.as_ref().map(|path| self.flags(&folder.join(path))).transpose()?,
            code: app.app_source.as_ref().map(|path| self.code(&folder.join(path))).transpose()?,
            project: said,
        })
    }

    /// Adds a `rel/env.sh` for every workload that has none of its own.
    ///
    /// # Errors
    /// The script cannot be read.
    pub fn add_env_sh(&mut self, file: &Path) -> Result<(), ConfigError> {
        let script = self.script(file)?;
        self.apps.push(App { env_sh: Some(script), ..App::default() });
        Ok(())
    }

    /// Adds a `vm.args` for every workload that has none of its own.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn add_vm_args(&mut self, file: &Path) -> Result<(), ConfigError> {
        let vm_args = self.flags(file)?;
        self.apps.push(App { vm_args: Some(vm_args), ..App::default() });
        Ok(())
    }

    fn flags(&mut self, file: &Path) -> Result<VmArgs, ConfigError> {
        let is_source = file.extension().is_some_and(|extension| extension == "src");
        Ok(VmArgs { script: self.script(file)?, is_source })
    }

    /// Adds the source of the app for every workload that has none of its own.
    ///
    /// # Errors
    /// The folder is no mix project.
    pub fn add_code(&mut self, folder: &Path) -> Result<(), ConfigError> {
        let code = self.code(folder)?;
        let project = self.said(folder, false)?;
        self.apps.push(App { code: Some(code), project: Some(project), ..App::default() });
        Ok(())
    }

    /// What the code of a mix project says of clustering.
    fn code(&mut self, folder: &Path) -> Result<Arc<Code>, ConfigError> {
        // `./config/runtime.exs` is `config/runtime.exs` for everybody.
        let folder = folder.strip_prefix(".").unwrap_or(folder);
        // Mix needs no configuration: an app may say it all where it starts its children.
        let is_file = |path: &str| folder.join(path).is_file();
        if !is_file("mix.exs") && !elixir::has_configuration(is_file) {
            return Err(ConfigError::NoProject { path: folder.display().to_string() });
        }
        let mut sources = Vec::new();
        for file in sources_of(folder) {
            sources.push(self.script(&file)?);
        }
        let code = elixir::read(&mut |path| self.script(&folder.join(path)).ok(), &sources);
        Ok(Arc::new(code))
    }
}

/// The sources of a project, or of the apps of an umbrella, that start what forms clusters.
fn sources_of(folder: &Path) -> Vec<PathBuf> {
    let apps = std::fs::read_dir(folder.join("apps")).into_iter().flatten().flatten().map(|app| app.path());
    let folders = apps.chain([folder.to_owned()]).map(|app| app.join("lib"));
    let files = folders.filter(|folder| folder.is_dir()).flat_map(|folder| WalkBuilder::new(folder).build().flatten());
    let mut found: Vec<PathBuf> = files.map(ignore::DirEntry::into_path).filter(|path| is_of_interest(path)).collect();
    found.sort();
    found
}

fn is_of_interest(path: &Path) -> bool {
    let is_small = || path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_BYTES);
    path.extension().is_some_and(|extension| extension == "ex")
        && is_small()
        && std::fs::read_to_string(path).is_ok_and(|text| elixir::is_of_interest(&text))
}

/// A value of the file, which is always the first text.
fn sourced(value: &Spanned<String>) -> Sourced<String> {
    Sourced { value: value.get_ref().clone(), at: Pointer::root().of(ObjectId::text(0)).within(value.span()) }
}
