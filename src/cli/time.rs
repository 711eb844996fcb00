//! Lengths of time, as they are typed.

use std::time::Duration;

/// `500ms`, `5s`, `1h30m`, `30d`.
pub(super) fn time(said: &str) -> Result<Duration, String> {
    let unread = || "a time is written `5s`, `500ms` or `30d`".to_owned();
    if let Some(days) = said.strip_suffix('d').and_then(|days| days.parse::<u32>().ok()) {
        return Ok(Duration::from_secs(u64::from(days) * 24 * 3600));
    }
    let time = said.parse::<jiff::SignedDuration>().map_err(|_| unread())?;
    Duration::try_from(time).map_err(|_| "it is negative".to_owned())
}
