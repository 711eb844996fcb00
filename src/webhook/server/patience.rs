//! How long a connection may say nothing.
//!
//! hyper's own limit for heads runs while a kept connection is idle too, and would close it under the API server's hands.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep, sleep};

use super::Limits;

/// A head is awaited, or read.
const HEAD: u8 = 0;
/// A question is read and answered, which has limits of its own.
const BUSY: u8 = 1;
/// An answer was given.
const IDLE: u8 = 2;

/// What a connection is at.
#[derive(Debug, Default)]
pub(super) struct Patience(AtomicU8);

impl Patience {
    /// A head was read.
    pub(super) fn busy(&self) {
        self.0.store(BUSY, Ordering::Relaxed);
    }

    /// An answer was given.
    pub(super) fn idle(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }

    fn is(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that does not wait for ever.
pub(super) struct Patient<S> {
    stream: S,
    patience: Arc<Patience>,
    limits: Limits,
    /// Where there may be no room for others.
    room: Arc<Semaphore>,
    /// What the time limit below is for.
    seen: u8,
    ends: Pin<Box<Sleep>>,
    /// When an idle connection is closed though nobody else wants its place.
    closes: Instant,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Arc<Patience>, limits: Limits, room: Arc<Semaphore>) -> Self {
        let ends = Box::pin(sleep(limits.head));
        Self { stream, patience, limits, room, seen: HEAD, ends, closes: Instant::now() }
    }

    /// The time that runs now: an error when it is up.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let is = self.patience.is();
        if is == BUSY {
            self.seen = BUSY;
            return Poll::Pending;
        }
        let now = Instant::now();
        if is != self.seen {
            self.seen = is;
            self.closes = now + self.limits.idle;
            let limit = if is == IDLE { self.limits.yields.min(self.limits.idle) } else { self.limits.head };
            self.ends.as_mut().reset(now + limit);
        }
        loop {
            ready!(self.ends.as_mut().poll(cx));
            let is_spared = is == IDLE && now < self.closes && self.room.available_permits() > 0;
            if !is_spared {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.ends.as_mut().reset(self.closes.min(now + self.limits.yields));
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if read.is_ready() && this.patience.is() == IDLE {
            // The first byte of the next head.
            this.patience.0.store(HEAD, Ordering::Relaxed);
        }
        // Whoever sends a byte now and then is as late as whoever sends none.
        match this.poll_late(cx) {
            Poll::Ready(late) => Poll::Ready(Err(late)),
            Poll::Pending => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
