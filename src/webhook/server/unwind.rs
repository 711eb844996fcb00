//! A panic in one question must not be the end of another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Something has panicked; the panic hook has said where.
#[derive(Debug)]
pub(super) struct Panicked;

/// What the future gives, unless it panics. Nothing that it has used is used again, but what is shared, and that is never
/// left half changed: it is counters, and maps behind locks that a panic does not poison.
pub(super) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Err(_) => Poll::Ready(Err(Panicked)),
    })
    .await
}
