//! The arguments for certificates that the webhook makes for itself.

use std::time::Duration;

use anyhow::ensure;

use super::time::time;
use crate::webhook::certificates::issue::LONGEST;
use crate::webhook::certificates::place::Which;
use crate::webhook::run::SelfManaged;

/// What is kept in the cluster, and for how long.
#[derive(Debug, clap::Args)]
pub(super) struct ManagedArgs {
    /// Make the certificate, keep it in a Secret, renew it, and have the webhook configurations trust it.
    #[arg(long, group = "certificate")]
    self_managed: bool,

    /// The namespace of that Secret and of the Service [default: that of the pod, or of the kubeconfig's context].
    #[arg(long, value_name = "NAMESPACE", conflicts_with = "tls_dir")]
    namespace: Option<String>,

    /// That Secret. It is made if it is not there, and it is the only one that is ever read.
    #[arg(long, value_name = "NAME", conflicts_with = "tls_dir", default_value = "beamgate-certificates")]
    secret: String,

    /// The Service by which the webhooks are called.
    #[arg(long, value_name = "NAME", conflicts_with = "tls_dir", default_value = "beamgate")]
    service: String,

    /// The webhook configurations that must trust the certificate, by name; may be repeated. Webhooks in them that do not call
    /// the Service are left alone.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["tls_dir", "webhook_selector"],
        default_value = "beamgate"
    )]
    webhook_configuration: Vec<String>,

    /// The same, by labels.
    #[arg(long, value_name = "LABELS", conflicts_with = "tls_dir")]
    webhook_selector: Option<String>,

    /// How long an authority is valid. Another follows when two thirds of it are over.
    #[arg(long, value_name = "TIME", conflicts_with = "tls_dir", default_value = "365d", value_parser = lifetime)]
    ca_lifetime: Duration,

    /// How long a certificate is valid. Another follows when two thirds of it are over.
    #[arg(long, value_name = "TIME", conflicts_with = "tls_dir", default_value = "30d", value_parser = lifetime)]
    cert_lifetime: Duration,

    /// How long two authorities are trusted together before the new one signs, and again before the old one is forgotten.
    /// With 0s, requests fail while one follows the other.
    #[arg(long, value_name = "TIME", conflicts_with = "tls_dir", default_value = "10m", value_parser = time)]
    ca_overlap: Duration,
}

impl ManagedArgs {
    pub(super) fn terms(self) -> anyhow::Result<SelfManaged> {
        ensure!(self.cert_lifetime <= self.ca_lifetime, "--cert-lifetime is longer than --ca-lifetime");
        // A third of its life is left to an authority when the next one is announced.
        ensure!(self.ca_overlap < self.ca_lifetime / 3, "--ca-overlap is a third of --ca-lifetime, or more");
        Ok(SelfManaged {
            namespace: self.namespace,
            secret: self.secret,
            service: self.service,
            which: match self.webhook_selector {
                Some(labels) => Which::Labelled(labels),
                None => Which::Named(self.webhook_configuration),
            },
            authority: self.ca_lifetime,
            leaf: self.cert_lifetime,
            overlap: self.ca_overlap,
        })
    }
}

/// How long a certificate may be valid.
pub(super) fn lifetime(said: &str) -> Result<Duration, String> {
    let time = time(said)?;
    let sensible = Duration::from_secs(1)..=LONGEST;
    if sensible.contains(&time) { Ok(time) } else { Err("it is 1 s at least, and 100 years at most".to_owned()) }
}
