//! The certificate that is served at the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwapOption;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::pair::Pair;
use crate::webhook::metrics::Metrics;

/// A place for a certificate. Connections that were made with an older one are kept.
#[derive(Debug)]
pub struct Served {
    now: ArcSwapOption<CertifiedKey>,
    not_after: AtomicI64,
    metrics: Arc<Metrics>,
}

impl Served {
    /// A place without one: no handshake succeeds.
    pub fn nothing_yet(metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { now: ArcSwapOption::empty(), not_after: AtomicI64::new(0), metrics })
    }

    /// Serves a certificate from now on.
    pub fn serve(&self, pair: &Pair) {
        self.now.store(Some(Arc::clone(&pair.key)));
        self.not_after.store(pair.not_after, Ordering::Relaxed);
        self.metrics.certificate(pair.not_after);
    }

    /// Counts that there was to be another certificate, and is not.
    pub fn failed(&self) {
        self.metrics.no_certificate();
    }

    /// What is missing before a client can be answered.
    pub fn missing(&self) -> Option<&'static str> {
        if self.now.load().is_none() {
            return Some("there is no certificate");
        }
        let now = jiff::Timestamp::now().as_second();
        (now >= self.not_after.load(Ordering::Relaxed)).then_some("the certificate has expired")
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.now.load_full()
    }
}
