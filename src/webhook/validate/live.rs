//! Reads within the time that is left.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::cluster::live::{Live, NotRead, Reference, Seen};

/// How long a request may wait for the API server, all its reads together.
const PATIENCE: Duration = Duration::from_millis(300);

/// Reads objects until a moment.
#[derive(Debug)]
pub(super) struct Reader<'l, L> {
    live: &'l L,
    until: Instant,
}

impl<'l, L: Live> Reader<'l, L> {
    /// Reads for 300 ms at most, and never after `until`.
    pub(super) fn new(live: &'l L, until: Instant) -> Self {
        Self { live, until: until.min(Instant::now() + PATIENCE) }
    }

    /// One object; none if there is no such object.
    pub(super) async fn get(&self, what: &Reference) -> Result<Option<Seen>, NotRead> {
        let late = |_| Err(NotRead("the API server does not answer in time".to_owned()));
        tokio::time::timeout_at(self.until.into(), self.live.get(what)).await.unwrap_or_else(late)
    }

    /// Several objects at once; those that could not be read are left out.
    pub(super) async fn all(&self, what: Vec<Reference>) -> Vec<(Reference, Option<Seen>)> {
        let read = what.into_iter().map(|what| async move {
            let seen = self.get(&what).await;
            (what, seen)
        });
        join_all(read).await.into_iter().filter_map(|(what, seen)| Some((what, seen.ok()?))).collect()
    }
}
