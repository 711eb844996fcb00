//! What is counted, for Prometheus.
//!
//! No label names an object: the number of series is bounded by this file.

use std::fmt::Write as _;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::review::{Answer, Counted};
use crate::cluster::known::State;

/// The limits of the histogram's buckets, in seconds.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Who was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Webhook {
    /// `/mutate`.
    Mutate,
    /// `/validate`.
    Validate,
}

impl Webhook {
    /// The word for it, in labels and logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mutate => "mutate",
            Self::Validate => "validate",
        }
    }
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// There was nothing to say.
    Allowed,
    /// The object was changed.
    Patched,
    /// It was let pass with a warning.
    Warned,
    /// It was denied.
    Denied,
    /// It was no question that can be answered.
    Refused,
    /// There was no room for it.
    Shed,
    /// There was no time for it.
    Late,
    /// It made the program panic.
    Panicked,
}

impl Outcome {
    /// What an answer is counted as.
    pub fn of(answer: &Answer) -> Self {
        match answer {
            Answer { denial: Some(_), .. } => Self::Denied,
            Answer { patch: Some(_), .. } => Self::Patched,
            Answer { warnings, .. } if !warnings.is_empty() => Self::Warned,
            _ => Self::Allowed,
        }
    }

    /// The word for it, in labels and logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Patched => "patched",
            Self::Warned => "warned",
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::Shed => "shed",
            Self::Late => "late",
            Self::Panicked => "panicked",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QuestionLabels {
    webhook: &'static str,
    operation: &'static str,
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    rule: Code,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WatchLabels {
    kind: &'static str,
    state: &'static str,
}

/// `BG204`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Code(u16);

impl EncodeLabelValue for Code {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        write!(encoder, "BG{:03}", self.0)
    }
}

/// A single label.
type Label = [(&'static str, &'static str); 1];
type Counts = Family<Label, Counter>;

/// All that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    questions: Family<QuestionLabels, Counter>,
    seconds: Family<Label, Histogram, fn() -> Histogram>,
    findings: Family<FindingLabels, Counter>,
    in_flight: Gauge,
    connections: Gauge,
    shed: Counts,
    handshakes: Counts,
    lines_lost: Counter,
    expiry: Gauge,
    certificates: Counts,
    watches: Family<WatchLabels, Gauge>,
    objects: Family<Label, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("beamgate");
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What this is", version);
        let seconds = Family::<Label, Histogram, fn() -> Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let metrics = Self {
            questions: Family::default(),
            seconds: seconds.clone(),
            findings: Family::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            shed: Family::default(),
            handshakes: Family::default(),
            lines_lost: Counter::default(),
            expiry: Gauge::default(),
            certificates: Family::default(),
            watches: Family::default(),
            objects: Family::default(),
            registry: Registry::default(),
        };
        registry.register("requests", "Admission requests, by what came of them", metrics.questions.clone());
        registry.register_with_unit("request_duration", "From head to answer", Unit::Seconds, seconds);
        registry.register("findings", "Findings of the rules, by what came of them", metrics.findings.clone());
        registry.register(
            "requests_in_flight",
            "Admission requests that are being answered",
            metrics.in_flight.clone(),
        );
        registry.register("connections", "Open connections for admission requests", metrics.connections.clone());
        registry.register("shed", "What there was no room for", metrics.shed.clone());
        registry.register("handshake_failures", "Connections that ended before HTTP", metrics.handshakes.clone());
        registry.register("log_lines_lost", "Lines that nobody read in time", metrics.lines_lost.clone());
        let expiry = "When the certificate that is served expires, since 1970; 0 without one";
        registry.register_with_unit("certificate_expiry", expiry, Unit::Seconds, metrics.expiry.clone());
        let certificates = "Looks for a new certificate, by what came of them";
        registry.register("certificate_reloads", certificates, metrics.certificates.clone());
        registry.register("watch", "1 for the state in which the watch of a kind is", metrics.watches.clone());
        registry.register("watch_objects", "Objects of a kind that are known", metrics.objects.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// A question that was answered.
    pub(super) fn question(
        &self,
        webhook: Webhook,
        operation: &'static str,
        kind: &'static str,
        outcome: Outcome,
        took: Duration,
    ) {
        let labels = QuestionLabels { webhook: webhook.word(), operation, kind, outcome: outcome.word() };
        self.questions.get_or_create(&labels).inc();
        self.seconds.get_or_create(&[("webhook", webhook.word())]).observe(took.as_secs_f64());
        if outcome == Outcome::Shed {
            self.shed("room");
        }
    }

    /// What was found in it.
    pub(super) fn findings(&self, findings: &[Counted]) {
        for found in findings {
            let labels = FindingLabels { rule: Code(found.rule.code), outcome: found.outcome.word() };
            self.findings.get_or_create(&labels).inc();
        }
    }

    /// A question, as long as it is being answered.
    pub(super) fn in_flight(&self) -> Counting<'_> {
        Counting::one(&self.in_flight)
    }

    /// A connection, as long as it is open.
    pub(super) fn connection(&self) -> Counting<'_> {
        Counting::one(&self.connections)
    }

    /// Something for which there was no room.
    pub(super) fn shed(&self, what: &'static str) {
        self.shed.get_or_create(&[("what", what)]).inc();
    }

    /// A connection that ended before HTTP.
    pub(super) fn handshake_failed(&self, reason: &'static str) {
        self.handshakes.get_or_create(&[("reason", reason)]).inc();
    }

    /// The lines of the log that nobody read in time.
    pub fn lines_lost(&self) -> Counter {
        self.lines_lost.clone()
    }

    /// A certificate that is served from now on, and until when it is valid, in seconds since 1970.
    pub fn certificate(&self, not_after: i64) {
        self.expiry.set(not_after);
        self.certificates.get_or_create(&[("outcome", "served")]).inc();
    }

    /// A certificate that cannot be served, or could not be had.
    pub fn no_certificate(&self) {
        self.certificates.get_or_create(&[("outcome", "failed")]).inc();
    }

    /// How well a kind is known, and how many objects of it are.
    pub(super) fn watch(&self, kind: &'static str, state: State, objects: usize) {
        for (each, word) in [
            (State::Waiting, "waiting"),
            (State::Synced, "synced"),
            (State::Broken, "broken"),
            (State::Refused, "refused"),
        ] {
            let labels = WatchLabels { kind, state: word };
            self.watches.get_or_create(&labels).set(i64::from(state == each));
        }
        self.objects.get_or_create(&[("kind", kind)]).set(i64::try_from(objects).unwrap_or(i64::MAX));
    }

    /// The page, as Prometheus reads it.
    pub fn text(&self) -> String {
        let mut page = String::new();
        // To write to a string does not fail.
        let _ = text::encode(&mut page, &self.registry);
        page
    }
}

/// One more, until it is dropped.
#[derive(Debug)]
pub(super) struct Counting<'g>(&'g Gauge);

impl<'g> Counting<'g> {
    fn one(gauge: &'g Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rules;

    /// What the page says once everything has happened, and what `docs/webhook.md` promises.
    #[test]
    fn every_metric_is_documented() {
        let metrics = Metrics::default();
        metrics.question(Webhook::Mutate, "create", "Pod", Outcome::Shed, Duration::ZERO);
        let found = rules::all().map(|rule| Counted { rule, outcome: crate::webhook::review::Outcome::Warned });
        metrics.findings(&found.take(1).collect::<Vec<_>>());
        metrics.handshake_failed("timeout");
        metrics.certificate(1);
        metrics.watch("Service", State::Synced, 1);
        let page = metrics.text();
        let samples = page.lines().filter(|line| !line.starts_with('#'));
        let names = samples.filter_map(|line| line.split(['{', ' ']).next());
        let whole = |name: &str| {
            let parts = ["_bucket", "_count", "_sum"].iter().find_map(|part| name.strip_suffix(part));
            parts.unwrap_or(name).to_owned()
        };
        let exported: BTreeSet<String> = names.map(whole).collect();
        let table = include_str!("../../docs/webhook.md");
        let words = table.split('`').filter(|word| word.starts_with("beamgate_"));
        let documented: BTreeSet<String> = words.map(str::to_owned).collect();
        assert_eq!(exported, documented);
    }
}
