//! The log: lines of JSON on standard error, or lines for people.
//!
//! A thread of its own writes it. Whoever reads it may be slow, a full disk for one; then lines are lost, and counted, and no
//! pod waits.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use prometheus_client::metrics::counter::Counter;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry};

/// How many lines may wait to be written.
const WAITING: usize = 4096;

/// What the lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An object of JSON each.
    Json,
    /// For people.
    Text,
}

enum Message {
    Line(Vec<u8>),
    End,
}

/// The thread that writes the log. When this is dropped, all that was said before is written.
#[derive(Debug)]
pub struct Log {
    messages: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Writes what is said from now on, by this program and by those that it is made of.
    ///
    /// # Errors
    /// The system gives no thread, or there is a log already.
    pub fn begin(level: LevelFilter, format: Format, lost: Counter) -> io::Result<Self> {
        let (messages, received) = sync_channel(WAITING);
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || write(&received))?;
        let lines = Lines { messages: messages.clone(), lost };
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
        Ok(Self { messages, thread: Some(thread) })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // Both fail only if the thread has ended.
        let _ = self.messages.send(Message::End);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn write(messages: &Receiver<Message>) {
    let mut out = io::stderr();
    while let Ok(Message::Line(line)) = messages.recv() {
        // Nobody is left who could be told.
        let _ = out.write_all(&line);
    }
}

/// Takes lines for the thread.
#[derive(Debug, Clone)]
struct Lines {
    messages: SyncSender<Message>,
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
        if self.messages.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
