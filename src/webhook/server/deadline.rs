//! Until when an answer is of use.

use std::time::{Duration, Instant};

/// What a webhook configuration says unless it says otherwise.
const DEFAULT: Duration = Duration::from_secs(10);
/// The most that it can say.
const MOST: Duration = Duration::from_secs(30);
/// An answer on the last moment is late: it has a way to go, and the API server's clock started before ours.
const WAY: Duration = Duration::from_millis(200);

/// Until when an answer to a question that has just come is of use. The API server says in the query how long it waits.
pub(super) fn of(query: Option<&str>, now: Instant) -> Instant {
    let said = query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("timeout="));
    let waits = said.and_then(go_duration).unwrap_or(DEFAULT).min(MOST);
    now + waits.saturating_sub(WAY.min(waits / 4))
}

/// A duration as Go writes it: `10s`, `1m30s`, `1.5s`, `300ms`.
fn go_duration(mut text: &str) -> Option<Duration> {
    let mut sum = 0.0;
    while !text.is_empty() {
        let number = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let rest = text.get(number..)?;
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match rest.get(..unit)? {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "%C2%B5s" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        sum += text.get(..number)?.parse::<f64>().ok()? * seconds;
        text = rest.get(unit..)?;
    }
    Duration::try_from_secs_f64(sum).ok().filter(|sum| !sum.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_says_how_long_the_api_server_waits() {
        let now = Instant::now();
        for (query, millis) in [
            (None, 9_800),
            (Some("timeout=3s"), 2_800),
            (Some("a=b&timeout=1m0s"), 29_800),
            (Some("timeout=300ms"), 225),
            (Some("timeout=1.5s&dry=1"), 1_300),
            (Some("timeout=9999999999999999999h"), 9_800),
            (Some("timeout=soon"), 9_800),
            (Some("timeout=5"), 9_800),
            (Some("timeout=-5s"), 9_800),
            (Some("timeout=0s"), 9_800),
            (Some("timeout="), 9_800),
        ] {
            assert_eq!((of(query, now) - now).as_millis(), millis, "{query:?}");
        }
    }
}
