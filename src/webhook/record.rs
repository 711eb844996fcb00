//! What is kept of a question: its counts, and a line in the log.

use std::time::{Duration, Instant};

use super::metrics::{Counting, Metrics, Outcome, Webhook};
use super::review::{Answer, Counted, Request};

/// The kinds that have a series of their own.
const KINDS: [&str; 18] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "Namespace",
    "NetworkPolicy",
    "Pod",
    "PodTemplate",
    "ReplicaSet",
    "ReplicationController",
    "Role",
    "RoleBinding",
    "Service",
    "ServiceAccount",
    "StatefulSet",
];

/// A question that is being answered.
#[derive(Debug)]
pub(super) struct Record<'m> {
    metrics: &'m Metrics,
    webhook: Webhook,
    began: Instant,
    _in_flight: Counting<'m>,
}

impl<'m> Record<'m> {
    /// A question whose head was read.
    pub(super) fn begin(metrics: &'m Metrics, webhook: Webhook) -> Self {
        Self { metrics, webhook, began: Instant::now(), _in_flight: metrics.in_flight() }
    }

    /// When its head was read.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// The end of one that was no question.
    pub(super) fn unread(self, outcome: Outcome, why: &str) {
        let took = self.began.elapsed();
        self.metrics.question(self.webhook, "unknown", "other", outcome, took);
        let (webhook, outcome) = (self.webhook.word(), outcome.word());
        tracing::warn!(webhook, outcome, why, duration_ms = millis(took), "a request could not be read");
    }

    /// The end of one that was read. `answer` is missing where others had to answer in its place.
    pub(super) fn answered(self, request: &Request<'_>, outcome: Outcome, answer: Option<&Answer>) {
        let took = self.began.elapsed();
        let kind: &str = &request.kind.kind.0;
        let counted = KINDS.iter().copied().find(|known| *known == kind).unwrap_or("other");
        let operation = request.operation.word();
        self.metrics.question(self.webhook, operation, counted, outcome, took);
        let findings = answer.map_or(&[][..], |answer| &answer.findings);
        self.metrics.findings(findings);

        let (id, webhook, duration_ms) = (&*request.uid.0, self.webhook.word(), millis(took));
        let (namespace, name) = (request.namespace().unwrap_or_default(), request.name().unwrap_or_default());
        // Never a value of the object: names, and codes of rules.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    id, webhook, operation, kind, namespace, name,
                    outcome = outcome.word(), rules = %Codes(findings), dry_run = request.is_dry_run(), duration_ms,
                    "answered"
                )
            };
        }
        match outcome {
            Outcome::Allowed => line!(debug),
            Outcome::Patched | Outcome::Warned | Outcome::Denied => line!(info),
            Outcome::Refused | Outcome::Shed | Outcome::Late | Outcome::Panicked => line!(warn),
        }
    }
}

/// `BG204,BG301`.
struct Codes<'a>(&'a [Counted]);

impl std::fmt::Display for Codes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, found) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}BG{:03}", found.rule.code)?;
        }
        Ok(())
    }
}

/// For people who read the log, microseconds are enough.
fn millis(took: Duration) -> f64 {
    took.as_micros() as f64 / 1e3
}
