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

/// How long somebody waits: not nothing, and not so long that it is a mistake.
pub(super) fn patience(said: &str) -> Result<Duration, String> {
    let time = time(said)?;
    let most = Duration::from_secs(3600);
    if time.is_zero() || time > most { Err("it is more than 0 s, and 1 h at most".to_owned()) } else { Ok(time) }
}
