//! What Kubernetes itself can judge and inject: a `ValidatingAdmissionPolicy` and a `MutatingAdmissionPolicy`, made of the rules and
//! of the configuration, for who wants no webhook.
//!
//! What is exported may miss. It denies nothing that the webhook admits, and injects nothing that the injector does not.

mod clean;
mod conditions;
mod map;
mod page;
mod vap;
mod variables;
mod yaml;

use std::fmt;
use std::str::FromStr;

use super::admission::Enforce;
use super::config::{Config, Policy};
use crate::rules::cel::{Cel, Condition};
use crate::rules::finding::Severity;
use crate::rules::{self, Rule};
use crate::world::facts::Facts;
pub use page::tables;

/// A version of Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
}

/// What is exported, and for whom.
#[derive(Debug)]
pub struct Export<'p> {
    /// The configuration.
    pub policy: &'p Policy,
    /// The cluster's version.
    pub kubernetes: Version,
    /// What the objects' names begin with.
    pub name: &'p str,
    /// Whether pods may come to the injector: what it mends is no fault then.
    pub injector: bool,
}

/// Why nothing can be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The version has no such policies.
    #[error("Kubernetes {0} has no {1}: {2} is the first")]
    TooOld(Version, &'static str, Version),
    /// A text of the configuration that no name in Kubernetes has, and no expression should hold.
    #[error("`{0}` is no name")]
    NotAName(String),
}

/// What of the configuration has a say in the expressions.
#[derive(Debug)]
struct Profile<'p> {
    config: &'p Config,
    cluster_domain: String,
    injects: bool,
}

impl Version {
    /// 1.35.
    pub const DEFAULT: Self = Self::new(1, 35);
    /// The first with `ValidatingAdmissionPolicy` in v1.
    const VALIDATING: Self = Self::new(1, 30);
    /// The first with `MutatingAdmissionPolicy` in v1beta1.
    const MUTATING_BETA: Self = Self::new(1, 34);
    /// The first with it in v1.
    const MUTATING: Self = Self::new(1, 36);

    const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

impl Export<'_> {
    /// The `ValidatingAdmissionPolicy` objects, as YAML.
    ///
    /// # Errors
    /// The version has none, or the configuration says something that is no name.
    pub fn validating(&self) -> Result<String, ExportError> {
        self.needs("ValidatingAdmissionPolicy", Version::VALIDATING)?;
        let profile = self.profile()?;
        let mut documents = Vec::new();
        for class in [Class::Errors, Class::Warnings] {
            documents.extend(vap::documents(self.name, &profile, class, &validations(profile.config, class)));
        }
        Ok(documents.join("---\n"))
    }

    /// The `MutatingAdmissionPolicy` and its binding, as YAML.
    ///
    /// # Errors
    /// The version has none, or the configuration says something that is no name.
    pub fn mutating(&self) -> Result<String, ExportError> {
        self.needs("MutatingAdmissionPolicy", Version::MUTATING_BETA)?;
        let version = if self.kubernetes < Version::MUTATING { "v1beta1" } else { "v1" };
        Ok(map::documents(self.name, &self.profile()?, version).join("---\n"))
    }

    fn needs(&self, kind: &'static str, first: Version) -> Result<(), ExportError> {
        if self.kubernetes < first { Err(ExportError::TooOld(self.kubernetes, kind, first)) } else { Ok(()) }
    }

    fn profile(&self) -> Result<Profile<'_>, ExportError> {
        let config = &self.policy.config;
        let domain = config.cluster_domain.as_deref().map(|domain| domain.trim_matches('.').to_owned());
        let cluster_domain = domain.unwrap_or_else(|| Facts::default().cluster_domain);
        let of_exemptions =
            config.webhook.exempt.iter().flat_map(|exempt| [&exempt.namespace, &exempt.name, &exempt.user]);
        let of_apps = config.app.iter().flat_map(|app| [&app.matches.name, &app.matches.namespace]);
        let texts = of_exemptions.chain(of_apps).flatten().chain([&cluster_domain]);
        // Names of users may hold more than those of objects.
        let is_name = |text: &str| !text.chars().any(|c| c.is_control() || matches!(c, '\'' | '\\'));
        let odd = texts.into_iter().find(|text| !is_name(text)).cloned();
        match odd {
            Some(text) => Err(ExportError::NotAName(text)),
            None => Ok(Profile { config, cluster_domain, injects: self.injector }),
        }
    }
}

/// What comes of a rule, which is the same for a whole policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// The request is denied, where the namespace does not say otherwise.
    Errors,
    /// It is warned.
    Warnings,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Warnings => "warnings",
        }
    }

    /// What comes of it in namespaces without the label. A binding that was left out would stay on the cluster as it was before.
    fn default_action(self, config: &Config) -> &'static str {
        match (config.webhook.enforce, self) {
            (Enforce::Off, _) => "Audit",
            (Enforce::Deny | Enforce::Strict, Self::Errors) => "Deny",
            (Enforce::Warn, Self::Errors) | (_, Self::Warnings) => "Warn",
        }
    }
}

/// The exported faults whose findings come to a class under a configuration.
fn validations(config: &Config, class: Class) -> Vec<(&'static Rule, &'static Condition)> {
    let exported = rules::all().filter_map(|rule| match &rule.cel {
        Cel::Exported(conditions, _) => Some((rule, *conditions)),
        Cel::Not(_) => None,
    });
    let all = exported.flat_map(|(rule, conditions)| conditions.iter().map(move |condition| (rule, condition)));
    all.filter(|(rule, condition)| of(config, rule, condition) == Some(class)).collect()
}

/// What is merely suspected is a warning, whatever the configuration says: it is never denied.
fn of(config: &Config, rule: &Rule, condition: &Condition) -> Option<Class> {
    match config.severity(rule, rule.severity)? {
        Severity::Error if condition.certain => Some(Class::Errors),
        Severity::Error | Severity::Warning => Some(Class::Warnings),
        Severity::Info => None,
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Of some clusters, `kubectl version` says 1.35+.
        let mut numbers = text.trim_start_matches('v').trim_end_matches('+').split('.').map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self::new(major, minor)),
            _ => Err("not a version as 1.35".to_owned()),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
