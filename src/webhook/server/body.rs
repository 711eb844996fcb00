//! The body of a question, within limits.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::Body as _;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest body that is read. A question holds the object twice at most, old and new. etcd takes 1.5 MiB for an object,
/// as protobuf, and the API server takes requests of 3 MiB, as JSON: 2 × 3 MiB, and 1 MiB for all that is around them, the
/// options and who asks among it.
pub const BODY_LIMIT: usize = 7 << 20;

/// What is read of any body without asking for room: with the limit of connections, this bounds it.
const ALWAYS: usize = 64 << 10;

/// What larger bodies may take together, in bytes.
const ROOM: usize = 64 << 20;

/// The room that large bodies share.
#[derive(Debug)]
pub(super) struct Room(Semaphore);

impl Default for Room {
    fn default() -> Self {
        Self(Semaphore::new(ROOM))
    }
}

/// A body that was read, and the room that it takes.
pub(super) struct Read<'r> {
    pub(super) bytes: Bytes,
    _room: Option<SemaphorePermit<'r>>,
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("the body is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    #[error("too many large requests at once")]
    Busy,
    #[error("the body broke off: {0}")]
    Broken(axum::Error),
}

/// Reads a body to its end.
pub(super) async fn read(mut body: Body, room: &Room) -> Result<Read<'_>, Unread> {
    let Some(first) = next(&mut body).await? else { return Ok(Read { bytes: Bytes::new(), _room: None }) };
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX).saturating_add(first.len());
    if expected > BODY_LIMIT {
        return Err(refuse(body, Unread::TooLarge).await);
    }
    if body.is_end_stream() {
        return Ok(Read { bytes: first, _room: None });
    }
    let mut bytes = Vec::with_capacity(expected.min(ALWAYS));
    bytes.extend_from_slice(&first);
    let mut taken = None;
    while let Some(more) = next(&mut body).await? {
        if bytes.len() + more.len() > BODY_LIMIT {
            return Err(refuse(body, Unread::TooLarge).await);
        }
        if bytes.len() + more.len() > ALWAYS && take(room, &mut taken, more.len()).is_none() {
            drop((taken, bytes));
            return Err(refuse(body, Unread::Busy).await);
        }
        bytes.extend_from_slice(&more);
    }
    Ok(Read { bytes: bytes.into(), _room: taken })
}

/// Room is taken for what has come, not for what was announced: to announce much and send little must not keep others out.
fn take<'r>(room: &'r Room, taken: &mut Option<SemaphorePermit<'r>>, bytes: usize) -> Option<()> {
    let more = room.0.try_acquire_many(u32::try_from(bytes).ok()?).ok()?;
    match taken {
        Some(taken) => taken.merge(more),
        None => *taken = Some(more),
    }
    Some(())
}

/// Lets go what a client still sends, within reason: one that is cut off while it sends does not read why.
async fn refuse(mut body: Body, why: Unread) -> Unread {
    let mut left = BODY_LIMIT;
    let rest = async {
        while let Ok(Some(more)) = next(&mut body).await {
            let Some(less) = left.checked_sub(more.len()) else { return };
            left = less;
        }
    };
    // Whether it was all or not, now it is told.
    let _ = tokio::time::timeout(Duration::from_millis(500), rest).await;
    why
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, Unread> {
    loop {
        let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await else { return Ok(None) };
        // What is no data is trailers, which say nothing here.
        if let Ok(data) = frame.map_err(Unread::Broken)?.into_data() {
            return Ok(Some(data));
        }
    }
}
