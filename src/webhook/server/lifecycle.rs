//! From the first certificate to the last answer.
//!
//! The API server keeps its connections to a pod that is ending (kubernetes/kubernetes#127335), and the other nodes learn late
//! that it is. So the end has three steps: readiness fails and all else goes on; then each answer closes its connection, and
//! no new one is taken; then what is left is closed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Where the server is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It serves, and is ready if it has what it needs.
    Serving,
    /// It serves, and is not ready.
    Leaving,
    /// Each answer closes its connection, and no new one is taken.
    Closing,
}

/// How long the end takes.
#[derive(Debug, Clone, Copy)]
pub struct Drain {
    /// How long all goes on after readiness has failed.
    pub delay: Duration,
    /// How long the connections may take to end after that.
    pub timeout: Duration,
}

impl Drain {
    /// How long a connection that nobody uses is kept while closing. To close it could lose a request that is on its way. The API
    /// server uses first what it has used last, so the longer nobody has used it, the less likely that is: after 5 s, one call
    /// in some thousands was lost on a busy machine.
    pub(super) fn linger(&self) -> Duration {
        self.timeout * 4 / 5
    }
}

/// The phase, for whoever must know it. Clones share it.
#[derive(Debug, Clone)]
pub struct Life {
    phase: Arc<watch::Sender<Phase>>,
    drain: Drain,
}

impl Life {
    /// A life that begins.
    pub fn new(drain: Drain) -> Self {
        Self { phase: Arc::new(watch::Sender::new(Phase::Serving)), drain }
    }

    /// How long its end takes.
    pub fn drain(&self) -> Drain {
        self.drain
    }

    /// The phase.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Returns when the phase has come.
    pub async fn reaches(&self, phase: Phase) {
        // There is always a sender: this one.
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    /// The end, up to the point where no new connection is taken.
    pub async fn end(&self) {
        tracing::info!(delay_seconds = self.drain.delay.as_secs_f64(), "not ready any more: the end was asked for");
        self.phase.send_replace(Phase::Leaving);
        tokio::time::sleep(self.drain.delay).await;
        tracing::info!("each answer closes its connection");
        self.phase.send_replace(Phase::Closing);
    }
}

/// Returns when the process is asked to end: by SIGTERM or SIGINT.
///
/// # Errors
/// The system does not let us know.
#[cfg(unix)]
pub async fn asked_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Returns when the process is asked to end: by Ctrl-C.
///
/// # Errors
/// The system does not let us know.
#[cfg(not(unix))]
pub async fn asked_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
