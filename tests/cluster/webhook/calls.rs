//! What the API server counts of the calls to its webhooks.

use super::install::succeed;

/// Calls since the API server began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calls {
    /// All of them.
    pub(super) all: u64,
    /// Those without an answer where the object was let pass.
    pub(super) failed_open: u64,
    /// Those without an answer, or without one that can be used, where the object was refused.
    pub(super) failed: u64,
}

impl Calls {
    /// Up to now.
    pub(super) fn now() -> Self {
        let text = succeed(&["get", "--raw", "/metrics"]);
        let ours = |metric: &str| {
            let start = format!("{metric}{{");
            let lines = text.lines().filter(|line| line.contains(".beamgate.dev\""));
            lines.filter(|line| line.starts_with(&start)).map(str::to_owned).collect::<Vec<_>>()
        };
        let failed = ours("apiserver_admission_webhook_rejection_count");
        Self {
            all: sum(ours("apiserver_admission_webhook_request_total").iter()),
            failed_open: sum(ours("apiserver_admission_webhook_fail_open_count").iter()),
            failed: sum(failed.iter().filter(|line| !line.contains("error_type=\"no_error\""))),
        }
    }

    /// Those from then on.
    pub(super) fn since(then: Self) -> Self {
        let now = Self::now();
        Self {
            all: now.all - then.all,
            failed_open: now.failed_open - then.failed_open,
            failed: now.failed - then.failed,
        }
    }

    pub(super) fn failures(self) -> u64 {
        self.failed + self.failed_open
    }
}

fn sum<'l>(lines: impl Iterator<Item = &'l String>) -> u64 {
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}
