//! What happens to the webhook, and what the cluster notices of it.
//!
//! Failed calls are counted by the API server itself; that they would be counted, the same test shows where the webhook is
//! made to do the wrong thing.

mod ends;
mod load;
mod rotation;

use super::calls::Calls;
use super::seen::Seen;
use load::{Asked, Load, Tally};

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

/// What a load has come to.
struct Told {
    tally: Tally,
    calls: Calls,
}

/// Does something under load.
fn under_load(what: impl FnOnce()) -> Told {
    let before = Calls::now();
    let load = Load::begin();
    what();
    let tally = load.end();
    Told { tally, calls: Calls::since(before) }
}

/// How many calls may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failed {
    /// None.
    None,
    /// Some do, and have to.
    Some,
    /// Who is killed answers nobody.
    Any,
}

impl Told {
    /// Compares with what may be seen, and adds the row.
    fn judge(&self, title: &str, failed: Failed, seen: &mut Seen) {
        let (failures, tally) = (self.calls.failures(), &self.tally);
        let refusals: Vec<_> = tally.refused.values().flatten().collect();
        let as_expected = match failed {
            Failed::None => failures == 0 && refusals.is_empty(),
            Failed::Some => failures > 0,
            Failed::Any => true,
        };
        seen.expect(as_expected, format!("{title}: {failures} calls failed; {refusals:?}"));
        seen.expect(tally.bare == 0, format!("{title}: {} labelled pods have no name", tally.bare));
        let unlabelled = tally.refused.contains_key(&Asked::Unlabelled);
        seen.expect(!unlabelled, format!("{title}: unlabelled pods are refused: {:?}", tally.refused));
        let asked_enough = self.calls.all > 50 && tally.asked.values().all(|count| *count > 3);
        seen.expect(asked_enough, format!("{title}: that was no load: {:?}, {:?}", tally.asked, self.calls));
        let said = match failed {
            Failed::None => "0",
            Failed::Some => "some",
            Failed::Any => "those on their way",
        };
        seen.row([title, said, "0", "0"]);
    }
}
