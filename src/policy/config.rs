//! `beamgate.toml`: found upwards from the input, or named on the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

pub use super::admission::{Enforce, Exempt, WebhookConfig};
pub use super::app::{AppConfig, Match};
use super::project::Projects;
use crate::place::ObjectId;
use crate::rules::finding::Severity;
use crate::rules::{self, Rule};
use crate::world::declared::{App, Script};
use crate::world::facts::{self, Facts, Kinds};
use crate::world::workload::{WorkloadKind, WorkloadPath};

/// The name of the file.
pub const FILE: &str = "beamgate.toml";

/// Everything that the file may say.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// The DNS domain of the cluster; "cluster.local" unless it says otherwise.
    pub cluster_domain: Option<String>,
    /// The namespace of objects that say none.
    pub namespace: Option<String>,
    /// What serves DNS in the cluster.
    pub dns: Dns,
    /// Whether the admission webhook injects what the manifests leave out.
    pub injection: Injection,
    /// The kinds of which the input holds every object of its namespaces: services, rbac, network, config, workloads, all.
    #[schemars(with = "Vec<String>")]
    pub complete: Vec<Spanned<String>>,
    /// The severity from which on `beamgate lint` fails.
    pub fail_on: Option<Severity>,
    /// Severities by code ("BG601") or slug ("cookie-literal").
    #[schemars(with = "BTreeMap<String, Level>")]
    pub rules: BTreeMap<Spanned<String>, Level>,
    /// Declarations for workloads that cannot be annotated.
    pub app: Vec<AppConfig>,
    /// Kinds with a pod template that Kubernetes does not know.
    pub workload: Vec<WorkloadConfig>,
    /// What the admission webhook does.
    pub webhook: WebhookConfig,
}

impl Config {
    /// What the configuration makes of a rule's severity; nothing where the rule is off.
    pub fn severity(&self, rule: &Rule, severity: Severity) -> Option<Severity> {
        let is_meant = |name: &str| rules::find(name).is_some_and(|found| found.code == rule.code);
        match self.rules.iter().find(|(name, _)| is_meant(name.get_ref())) {
            None => Some(severity),
            Some((_, Level::Off)) => None,
            Some((_, Level::Info)) => Some(Severity::Info),
            Some((_, Level::Warning)) => Some(Severity::Warning),
            Some((_, Level::Error)) => Some(Severity::Error),
        }
    }
}

/// What serves DNS.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dns {
    /// CoreDNS, as almost everywhere.
    #[default]
    #[serde(rename = "coredns")]
    CoreDns,
    /// CoreDNS with `endpoint_pod_names` in its Corefile.
    EndpointPodNames,
    /// Something that answers no more than the Kubernetes DNS specification says.
    Other,
}

impl From<Dns> for facts::Dns {
    fn from(dns: Dns) -> Self {
        match dns {
            Dns::CoreDns => Self::CoreDns,
            Dns::EndpointPodNames => Self::EndpointPodNames,
            Dns::Other => Self::Other,
        }
    }
}

/// Who injects the node's name.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Injection {
    /// Nobody: what is in the manifests is all.
    #[default]
    None,
    /// The admission webhook.
    Webhook,
}

/// How loud a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not at all.
    Off,
    /// Good to know.
    Info,
    /// A warning.
    Warning,
    /// An error.
    Error,
}

/// Where a kind keeps its pod template.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WorkloadConfig {
    /// The kind.
    pub kind: String,
    /// The keys to the pod template, joined by dots.
    #[serde(default = "default_template_path")]
    pub template_path: String,
    /// Whether its pods have host names of their own that stay, as a StatefulSet's.
    #[serde(default)]
    pub stable_hostnames: bool,
}

fn default_template_path() -> String {
    "spec.template".to_owned()
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// It is not TOML, or says something that is not known.
    #[error("{path}: {error}")]
    Parse {
        /// Which file.
        path: String,
        /// Where and what.
        error: Box<toml::de::Error>,
    },
    /// A file of a project that decides cannot be read.
    #[error("{}: {}", .0.path, .0.reason)]
    Unread(crate::world::project::Unread),
    /// A folder that is said to be an app's is none.
    #[error("{path}: is no mix project: there is neither mix.exs nor config/config.exs nor config/runtime.exs")]
    NoProject {
        /// Which folder.
        path: String,
    },
    /// It names a rule that does not exist.
    #[error("{place}: [rules] {}", rules::unknown(name))]
    UnknownRule {
        /// Which file, line and column.
        place: String,
        /// What it names.
        name: String,
    },
    /// It names kinds that do not exist.
    #[error("{place}: complete: {error}")]
    UnknownKinds {
        /// Which file, line and column.
        place: String,
        /// What it names.
        error: crate::world::facts::UnknownKinds,
    },
}

/// A text beside the manifests, for places in it.
#[derive(Debug, Clone)]
pub struct Text {
    /// Its name as the user would write it.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// A configuration, read and checked.
#[derive(Debug, Default)]
pub struct Policy {
    /// What the file says.
    pub config: Config,
    /// The declarations.
    pub apps: Vec<App>,
    /// Workload kinds.
    pub paths: Vec<WorkloadPath>,
    /// The texts that were read: the file itself and the scripts that it names. [`ObjectId::text`] counts them.
    pub texts: Vec<Text>,
    /// The projects that were looked for.
    pub projects: Projects,
}

impl Policy {
    /// The nearest `beamgate.toml` above a path, as seen from the working directory where that is above it.
    pub fn find(from: &Path) -> Option<PathBuf> {
        let from = from.canonicalize().ok()?;
        let found = from.ancestors().map(|folder| folder.join(FILE)).find(|file| file.is_file())?;
        let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
        Some(here.and_then(|here| found.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or(found))
    }

    /// Reads a file and the scripts that it names.
    ///
    /// # Errors
    /// What is wrong, with its place.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let path = file.display().to_string();
        let text = read(file)?;
        let config: Config =
            toml::from_str(&text).map_err(|error| ConfigError::Parse { path: path.clone(), error: Box::new(error) })?;
        if let Some(name) = config.rules.keys().find(|name| rules::find(name.get_ref()).is_none()) {
            let place = place(&path, &text, name.span().start);
            return Err(ConfigError::UnknownRule { place, name: name.get_ref().clone() });
        }
        for word in &config.complete {
            word.get_ref()
                .parse::<Kinds>()
                .map_err(|error| ConfigError::UnknownKinds { place: place(&path, &text, word.span().start), error })?;
        }
        let mut policy = Self { texts: vec![Text { name: path.clone(), text }], ..Self::default() };
        let folder = file.parent().unwrap_or(Path::new(""));
        for app in &config.app {
            let app = policy.app(app, folder)?;
            policy.apps.push(app);
        }
        policy.paths = config.workload.iter().map(workload_path).collect();
        policy.config = config;
        Ok(policy)
    }

    /// What is known of the cluster.
    ///
    /// # Errors
    /// A word of `complete` that names no kinds.
    pub fn facts(&self) -> Result<Facts, crate::world::facts::UnknownKinds> {
        let default = Facts::default();
        let domain = self.config.cluster_domain.as_deref().map(|domain| domain.trim_matches('.').to_owned());
        Ok(Facts {
            namespace: self.config.namespace.clone(),
            cluster_domain: domain.unwrap_or(default.cluster_domain),
            complete: self.complete()?,
            injection: self.config.injection == Injection::Webhook,
            left_out: default.left_out.into_iter().chain(self.config.webhook.left_out()).collect(),
            name_files: self.config.webhook.file_key_ref,
            dns: self.config.dns.into(),
            apps: self.apps.clone(),
            ..Facts::default()
        })
    }

    fn complete(&self) -> Result<Kinds, crate::world::facts::UnknownKinds> {
        let words = self.config.complete.iter();
        words.map(|word| word.get_ref().parse()).try_fold(Kinds::default(), |all, kinds| Ok(all.and(kinds?)))
    }

    pub(super) fn script(&mut self, file: &Path) -> Result<Script, ConfigError> {
        let text = read(file)?;
        let id = ObjectId::text(self.texts.len());
        self.texts.push(Text { name: file.display().to_string(), text: text.clone() });
        Ok(Script { id, text })
    }
}

/// `beamgate.toml:3:1`.
fn place(path: &str, text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    format!("{path}:{line}:{column}")
}

fn workload_path(config: &WorkloadConfig) -> WorkloadPath {
    WorkloadPath {
        kind: config.kind.clone(),
        template: config.template_path.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect(),
        makes: if config.stable_hostnames { WorkloadKind::StatefulSet } else { WorkloadKind::Replicas },
    }
}

fn read(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|error| ConfigError::Read { path: file.display().to_string(), error })
}

/// The JSON Schema of the file.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Config);
    // A schema is made of strings, numbers and maps; it always has a JSON form.
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_kinds_and_rules_are_checked() {
        let folder = std::env::temp_dir().join("beamgate-config-test");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(FILE);
        for (text, error) in [
            ("complete = [\"service\"]", "beamgate.toml:1:13: complete: `service` is none of services"),
            ("[rules]\nBG999 = \"off\"", "beamgate.toml:2:1: [rules] `BG999` is no rule"),
            ("colour = 1", "unknown field `colour`"),
            ("[[app]]\nenv-sh = \"missing.sh\"", "missing.sh"),
        ] {
            std::fs::write(&file, text).unwrap();
            let said = Policy::read(&file).unwrap_err().to_string();
            assert!(said.contains(error), "{said}");
        }
        std::fs::write(&file, "complete = [\"rbac\"]\n[[app]]\nmatch = { name = \"cart\" }\nmode = \"ip\"\n").unwrap();
        let policy = Policy::read(&file).unwrap();
        assert!(policy.facts().unwrap().complete.contains(Kinds::RBAC));
        assert_eq!(policy.apps[0].keys[0].1.value, "ip");
    }
}
