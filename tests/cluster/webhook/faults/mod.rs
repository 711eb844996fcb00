//! What happens to the webhook, and what the cluster notices of it.
//!
//! Failed calls are counted by the API server itself; that they would be counted, the same test shows where the webhook is
//! made to do the wrong thing.

mod ends;
mod rotation;

use crate::parts::Seen;

pub(super) const HEAD: &str = "\
## What it survives

Under a constant load of pods, Deployments and unlabelled pods, as dry runs and really. Failed calls are those that the API server
counts: `apiserver_admission_webhook_fail_open_count`, and `…_rejection_count` with an `error_type` other than `no_error`.

| what happens | failed calls | labelled pods without a name | requests for unlabelled pods that fail |
|---|---|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    ends::play(seen);
    rotation::play(seen);
}
