//! What the admission webhook does, as `beamgate.toml` and the labels of namespaces say it.

use schemars::JsonSchema;
use serde::Deserialize;

/// The label of a namespace that says what comes of a fault there.
pub const ENFORCE: &str = "beamgate.dev/enforce";

/// What the admission webhook does.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct WebhookConfig {
    /// What comes of a fault, where the namespace has no label `beamgate.dev/enforce`.
    pub enforce: Enforce,
    /// Whether names with dashes for dots, of `dns` mode and of `Kubernetes.DNSSRV` on a Deployment, are written by an init
    /// container and read through `fileKeyRef`: Kubernetes 1.35 and later.
    pub file_key_ref: bool,
    /// What is never judged: every key that is given must match. Where that is the namespace alone, nothing is injected either;
    /// the name and the creator of a controller's pods are other than those of the workload.
    pub exempt: Vec<Exempt>,
}

/// What comes of a fault.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, serde::Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Enforce {
    /// Nothing at all: nothing is judged.
    Off,
    /// A warning.
    Warn,
    /// The request is denied, where that is certain.
    #[default]
    Deny,
    /// It is denied also where that rests on other objects, in a dry run too.
    Strict,
}

/// Requests that are let pass unjudged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Exempt {
    /// The namespace.
    pub namespace: Option<String>,
    /// The object's name.
    pub name: Option<String>,
    /// Who asks: `system:serviceaccount:ci:deployer`.
    pub user: Option<String>,
}

impl Enforce {
    /// What a namespace's label says. A word that means nothing here denies nothing.
    pub fn of_label(value: &str) -> Self {
        match value {
            "off" => Self::Off,
            "deny" => Self::Deny,
            "strict" => Self::Strict,
            _ => Self::Warn,
        }
    }
}

impl WebhookConfig {
    /// The namespaces in which nothing is injected.
    pub fn left_out(&self) -> impl Iterator<Item = String> + '_ {
        let alone = self.exempt.iter().filter(|exempt| exempt.name.is_none() && exempt.user.is_none());
        alone.filter_map(|exempt| exempt.namespace.clone())
    }

    /// Whether a request is let pass unjudged.
    pub fn exempts(&self, namespace: Option<&str>, name: &str, user: &str) -> bool {
        self.exempt.iter().any(|exempt| exempt.covers(namespace, name, user))
    }
}

impl Exempt {
    /// Whether every key that is given matches. One that gives none is a slip, and covers nothing.
    fn covers(&self, namespace: Option<&str>, name: &str, user: &str) -> bool {
        let says = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| found == Some(wanted.as_str()))
        };
        let given = [&self.namespace, &self.name, &self.user].into_iter().any(Option::is_some);
        given && says(&self.namespace, namespace) && says(&self.name, Some(name)) && says(&self.user, Some(user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_an_exemption_must_match() {
        let exempt = |text: &str| toml::from_str::<WebhookConfig>(text).unwrap();
        let asked = |config: &WebhookConfig| {
            [("shop", "cart", "anna"), ("shop", "web", "anna"), ("ci", "cart", "bert")]
                .map(|(namespace, name, user)| config.exempts(Some(namespace), name, user))
        };
        for (text, passes) in [
            ("", [false, false, false]),
            ("[[exempt]]", [false, false, false]),
            ("[[exempt]]\nnamespace = 'shop'", [true, true, false]),
            ("[[exempt]]\nname = 'cart'", [true, false, true]),
            ("[[exempt]]\nname = 'cart'\nnamespace = 'shop'", [true, false, false]),
            ("[[exempt]]\nuser = 'bert'\n[[exempt]]\nname = 'web'", [false, true, true]),
        ] {
            assert_eq!(asked(&exempt(text)), passes, "{text}");
        }
    }

    #[test]
    fn a_misspelt_label_denies_nothing() {
        for (label, enforce) in
            [("off", Enforce::Off), ("warn", Enforce::Warn), ("deny", Enforce::Deny), ("strict", Enforce::Strict)]
        {
            assert_eq!(Enforce::of_label(label), enforce);
        }
        assert_eq!([Enforce::of_label("denny"), Enforce::of_label("")], [Enforce::Warn; 2]);
    }
}
