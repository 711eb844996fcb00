//! The log: lines of JSON on standard error, or lines for people.
//!
//! A thread of its own writes it. Whoever reads it may be slow, a full disk for one; then lines are lost, and counted, and no
//! pod waits.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry};

/// How much may wait to be written, in bytes.
const WAITING: usize = 4 << 20;
/// For how long lines are gathered after the first one: to wake a thread for each takes longer than to answer a question.
const GATHERED: Duration = Duration::from_millis(5);

/// What the lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An object of JSON each.
    Json,
    /// For people.
    Text,
}

/// What is to be written.
#[derive(Debug, Default)]
struct Waiting {
    text: Vec<u8>,
    ends: bool,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// The thread that writes the log. When this is dropped, all that was said before is written.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Writes what is said from now on, by this program and by those that it is made of.
    ///
    /// # Errors
    /// The system gives no thread, or there is a log already.
    pub fn begin(level: LevelFilter, format: Format, lost: Counter) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let lines = Lines { shared: Arc::clone(&shared), lost };
        let writes = Arc::clone(&shared);
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || writes.write())?;
        let shape = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(lines);
        let shape = match format {
            Format::Json => shape.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
            Format::Text => shape.with_target(false).compact().boxed(),
        };
        // kube's client quotes what it cannot read, and that could be our Secret. Its watches say at each try what we say once.
        let of = Targets::new()
            .with_default(level.min(LevelFilter::WARN))
            .with_target("beamgate", level)
            .with_target("kube_client", LevelFilter::OFF)
            .with_target("kube_runtime", LevelFilter::OFF);
        tracing::subscriber::set_global_default(Registry::default().with(shape.with_filter(of)))
            .map_err(io::Error::other)?;
        // Not what it says: that may quote a value.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "panicked");
        }));
        Ok(Self { shared, thread: Some(thread) })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.shared.lock().ends = true;
        self.shared.changed.notify_one();
        // It does not panic.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Shared {
    /// Nothing that holds the lock can leave it half done.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) {
        let mut text = Vec::new();
        loop {
            let idle = |waiting: &mut Waiting| waiting.text.is_empty() && !waiting.ends;
            let waiting = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
            let ends = waiting.ends;
            drop(waiting);
            if !ends {
                thread::sleep(GATHERED);
            }
            std::mem::swap(&mut text, &mut self.lock().text);
            // Nobody is left who could be told that this fails.
            let _ = io::stderr().write_all(&text);
            text.clear();
            if ends {
                return;
            }
        }
    }
}

/// Takes lines for the thread.
#[derive(Debug, Clone)]
struct Lines {
    shared: Arc<Shared>,
    lost: Counter,
}

impl<'l> MakeWriter<'l> for Lines {
    type Writer = &'l Self;

    fn make_writer(&'l self) -> Self::Writer {
        self
    }
}

impl Write for &Lines {
    /// tracing gives a whole line at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.shared.lock();
        if waiting.text.len() + line.len() > WAITING {
            self.lost.inc();
            return Ok(line.len());
        }
        let first = waiting.text.is_empty();
        waiting.text.extend_from_slice(line);
        drop(waiting);
        if first {
            self.shared.changed.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
