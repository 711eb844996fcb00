//! Replicas that end: as they are asked to, and otherwise.

use std::time::Duration;

use super::super::install;
use crate::load::{Failed, Told, under_load};
use crate::parts::Seen;
use crate::replicas;

/// An end that loses calls does so in one of so many tries.
const TRIES: usize = 4;

/// Long enough for a load.
const A_WHILE: Duration = Duration::from_secs(4);

pub(super) fn play(seen: &mut Seen) {
    let told = under_load(replicas::restart);
    told.judge("both replicas are replaced, one after the other", Failed::None, seen);

    install::set_arguments(&["--drain-delay=0s"]);
    let told = until_a_call_is_lost();
    told.judge("the same, with a drain delay of 0 s", Failed::Some, seen);
    install::set_arguments(&[]);

    let told = under_load(|| {
        replicas::kill_one();
        replicas::rolled_out();
        std::thread::sleep(A_WHILE);
    });
    told.judge("one replica is killed with `kill -9`", Failed::Any, seen);
    let told = under_load(|| std::thread::sleep(A_WHILE));
    told.judge("after that", Failed::None, seen);
}

/// Replaces both replicas, again and again if no call fails.
fn until_a_call_is_lost() -> Told {
    let mut told = under_load(replicas::restart);
    for _ in 1..TRIES {
        if told.calls.failures() > 0 {
            break;
        }
        told = under_load(replicas::restart);
    }
    told
}
