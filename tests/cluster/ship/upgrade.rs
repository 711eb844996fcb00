//! Replicas of the chart give way to others, and nobody notices.

use super::install;
use crate::load::{Failed, under_load};
use crate::parts::Seen;
use crate::replicas;

pub(super) const HEAD: &str = "\
## Upgrades

Under a constant load of pods, Deployments and unlabelled pods, as dry runs and really. Failed calls are those that the API server
counts; [that it would count them](webhook-proofs.md#what-it-survives) was seen too.

| what is done | failed calls | labelled pods without a name | requests for unlabelled pods that fail |
|---|---|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    install::default_release();
    let told = under_load(|| {
        install::upgrade(&["--set=logLevel=debug"]);
        replicas::gone();
    });
    told.judge("`helm upgrade` with other arguments for the webhook", Failed::None, seen);
    let told = under_load(replicas::restart);
    told.judge("`kubectl rollout restart`", Failed::None, seen);
}
