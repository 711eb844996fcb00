//! The loop that brings the Secret, the webhook configurations and the served certificate together.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, select_all};
use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use k8s_openapi::api::core::v1::Secret;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Resource};
use tokio::sync::Notify;

use super::place::{Configuration, Place, PlaceError, Read, Which};
use super::plan::{self, Beside, Step, Terms};
use super::stored::{AfterError, SpoiltError, Stored};
use crate::webhook::tls::Served;

/// Looks after the certificates.
#[derive(Debug)]
pub struct Keeper {
    place: Place,
    terms: Terms,
    served: Arc<Served>,
    /// Whether all our webhook configurations have trusted us once.
    published: Arc<AtomicBool>,
    /// What is served.
    serves: Option<Stored>,
    /// What was seen everywhere, and since when.
    seen: Option<Seen>,
    /// What was wrong last, so that it is not said every few seconds.
    said: Option<String>,
}

#[derive(Debug)]
struct Seen {
    bundle: String,
    beside: Beside,
    since: Instant,
}

/// Why a look has led nowhere.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    After(#[from] AfterError),
    #[error(transparent)]
    Spoilt(#[from] SpoiltError),
    #[error("no webhook configuration calls Service {0}")]
    Nobody(String),
}

/// What comes after a look.
#[derive(Debug, PartialEq, Eq)]
enum Then {
    /// Something was written: see what it has become.
    Look,
    /// All is as it should be.
    Rest,
    /// These do not trust what is served, and it is for others to change that.
    Wait(String),
}

impl Keeper {
    /// Nothing is looked at yet.
    pub fn new(place: Place, terms: Terms, served: Arc<Served>) -> Self {
        Self { place, terms, served, published: Arc::default(), serves: None, seen: None, said: None }
    }

    /// Whether all our webhook configurations have trusted us once. Later, a bundle that somebody else has reset is mended,
    /// and to be not ready would help nobody.
    pub fn published(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.published)
    }

    /// Looks again and again: at once when something of it has changed, and every few seconds anyhow.
    pub async fn keep(mut self) {
        let changed = Arc::new(Notify::new());
        tokio::spawn(watch(self.place.clone(), Arc::clone(&changed)));
        loop {
            let rest = match self.look().await {
                Ok(Then::Look) => Duration::from_millis(20),
                Ok(Then::Rest) => {
                    self.said = None;
                    plan::again(&self.terms)
                }
                Ok(Then::Wait(whom)) => {
                    if self.is_news(&whom) {
                        tracing::warn!(
                            configurations = whom,
                            "what is served is not trusted, and that is left to others"
                        );
                    }
                    plan::again(&self.terms)
                }
                // Whoever was quicker has written what we would have written; all others come at other times.
                Err(LookError::Place(PlaceError::Conflict(what))) => {
                    tracing::debug!(what, "somebody else was quicker");
                    Duration::from_millis(100 + u64::from(std::process::id() % 100))
                }
                Err(error) => {
                    self.complain(&error);
                    plan::again(&self.terms)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                // Several changes at once are one.
                () = changed.notified() => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// The configurations are read before the Secret: a bundle is then never older than the Secret that it is compared with,
    /// and what is written over it is only written if nobody else has written since.
    async fn look(&mut self) -> Result<Then, LookError> {
        let configurations = self.place.configurations().await?;
        let read = self.place.read().await?;
        let stored = match Stored::read(&read.data) {
            Ok(stored) => stored,
            Err(error) => {
                tracing::error!(secret = self.place.title(), %error, "the Secret is spoilt, and is made anew");
                None
            }
        };
        let state = stored.as_ref().map(|stored| stored.state(&self.terms)).transpose()?;
        let seen = match (&stored, &state) {
            (Some(stored), Some(state)) => self.seen(stored.bundle(), state.beside, &configurations),
            _ => None,
        };
        let step = plan::step(state.as_ref(), seen, Timestamp::now(), &self.terms);
        if step != Step::Keep {
            self.write(stored.as_ref(), step, &read).await?;
            return Ok(Then::Look);
        }
        let Some(stored) = stored else { return Ok(Then::Look) };
        let bundle = stored.bundle();
        self.publish(&stored, &configurations).await?;
        self.serve(stored)?;
        if configurations.is_empty() {
            return Err(LookError::Nobody(format!("{}/{}", self.place.namespace, self.place.service)));
        }
        if seen.is_some() {
            self.published.store(true, Ordering::Relaxed);
            return Ok(Then::Rest);
        }
        let distrusting = configurations.iter().filter(|configuration| !configuration.trusts(&bundle));
        let left =
            distrusting.filter_map(|configuration| Some((configuration.title(), configuration.left_to_others()?)));
        let said: Vec<_> = left.map(|(title, annotation)| format!("{title} (`{annotation}`)")).collect();
        Ok(if said.is_empty() { Then::Look } else { Then::Wait(said.join(", ")) })
    }

    async fn write(&self, stored: Option<&Stored>, step: Step, read: &Read) -> Result<(), LookError> {
        let after = Stored::after(stored, step, Timestamp::now(), &self.terms)?;
        self.place.write(after.data(), read).await?;
        tracing::info!(secret = self.place.title(), ?step, "the certificates were changed");
        Ok(())
    }

    async fn publish(&self, stored: &Stored, configurations: &[Configuration]) -> Result<(), LookError> {
        let bundle = stored.bundle();
        let ours = configurations.iter().filter(|configuration| configuration.left_to_others().is_none());
        for configuration in ours.filter(|configuration| !configuration.trusts(&bundle)) {
            self.place.publish(configuration, &bundle).await?;
            tracing::info!(configuration = configuration.title(), "the CA bundle was written");
        }
        Ok(())
    }

    fn serve(&mut self, stored: Stored) -> Result<(), LookError> {
        if !self.serves.as_ref().is_some_and(|serves| serves.serves_as(&stored)) {
            let pair = stored.pair()?;
            self.served.serve(&pair);
            let expires = Timestamp::from_second(pair.not_after).unwrap_or_default();
            tracing::info!(secret = self.place.title(), %expires, "a certificate is served");
            self.serves = Some(stored);
        }
        Ok(())
    }

    /// For how long the bundle of this state was seen everywhere, if it is seen there now.
    fn seen(&mut self, bundle: String, beside: Beside, configurations: &[Configuration]) -> Option<Duration> {
        if configurations.is_empty() || !configurations.iter().all(|configuration| configuration.trusts(&bundle)) {
            self.seen = None;
            return None;
        }
        match &self.seen {
            Some(seen) if seen.bundle == bundle && seen.beside == beside => Some(seen.since.elapsed()),
            _ => {
                self.seen = Some(Seen { bundle, beside, since: Instant::now() });
                Some(Duration::ZERO)
            }
        }
    }

    fn complain(&mut self, error: &LookError) {
        self.served.failed();
        if self.is_news(&error.to_string()) {
            tracing::error!(%error, "the certificates cannot be looked after; what was served before still is");
        }
    }

    /// Whether something else was said last, if anything.
    fn is_news(&mut self, what: &str) -> bool {
        let is_news = self.said.as_deref() != Some(what);
        self.said = Some(what.to_owned());
        is_news
    }
}

/// Tells of changes. What has changed is read then; a watch that is broken only makes it later.
async fn watch(place: Place, changed: Arc<Notify>) {
    let secret = Api::<PartialObjectMeta<Secret>>::namespaced(place.client.clone(), &place.namespace);
    let mut all = vec![changes(secret, watcher::Config::default().fields(&format!("metadata.name={}", place.secret)))];
    let configs = match &place.which {
        Which::Named(names) => {
            names.iter().map(|name| watcher::Config::default().fields(&format!("metadata.name={name}"))).collect()
        }
        Which::Labelled(labels) => vec![watcher::Config::default().labels(labels)],
    };
    for config in configs {
        let client = || place.client.clone();
        all.push(changes(Api::<PartialObjectMeta<MutatingWebhookConfiguration>>::all(client()), config.clone()));
        all.push(changes(Api::<PartialObjectMeta<ValidatingWebhookConfiguration>>::all(client()), config));
    }
    let mut all = pin!(select_all(all));
    while all.next().await.is_some() {
        changed.notify_one();
    }
}

/// The moments at which one of these has changed. Only metadata is sent.
fn changes<K>(api: Api<K>, config: watcher::Config) -> BoxStream<'static, ()>
where
    K: Resource + Clone + std::fmt::Debug + serde::de::DeserializeOwned + Send + 'static,
{
    let events = watcher(api, config).default_backoff();
    Box::pin(events.filter_map(async |event| event.is_ok().then_some(())))
}
