//! Replicas that end: as they are asked to, and otherwise.

use std::time::Duration;

use super::super::install::{self, until};
use super::super::seen::Seen;
use super::{Failed, Told, under_load};

/// An end that loses calls does so in one of so many tries.
const TRIES: usize = 4;

pub(super) fn play(seen: &mut Seen) {
    let told = under_load(replace_both);
    told.judge("both replicas are replaced, one after the other", Failed::None, seen);

    install::add_arguments(&["--drain-delay=0s"]);
    old_ones_are_gone();
    let told = until_a_call_is_lost();
    told.judge("the same, with a drain delay of 0 s", Failed::Some, seen);
    install::apply();
    old_ones_are_gone();

    let told = under_load(|| {
        install::kill_one();
        install::rolled_out();
    });
    told.judge("one replica is killed with `kill -9`", Failed::Any, seen);
    let told = under_load(|| std::thread::sleep(Duration::from_secs(3)));
    told.judge("after that", Failed::None, seen);
}

fn replace_both() {
    install::restart();
    old_ones_are_gone();
}

/// Replaces both replicas, again and again if no call fails.
fn until_a_call_is_lost() -> Told {
    let mut told = under_load(replace_both);
    for _ in 1..TRIES {
        if told.calls.failures() > 0 {
            break;
        }
        told = under_load(replace_both);
    }
    told
}

fn old_ones_are_gone() {
    until("two replicas are left", || install::replicas_there() == 2);
}
