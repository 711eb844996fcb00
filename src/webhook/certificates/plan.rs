//! What to do next with the authority and the certificate, as a function of what there is and what time it is.
//!
//! An authority is followed by another in four steps, and at each of them every client trusts every server:
//!
//! | step | who signs | the bundle that clients trust |
//! |---|---|---|
//! | nothing beside | A | A |
//! | [`Step::Announce`] | A | A and B |
//! | [`Step::Turn`], after the bundle was seen everywhere for a while | B | A and B |
//! | [`Step::Forget`], after the same while | B | B |

use std::time::Duration;

use jiff::Timestamp;

/// What was decided before.
#[derive(Debug, Clone)]
pub struct Terms {
    /// By which names the server is asked; by the first the API server asks.
    pub names: Vec<String>,
    /// How long an authority is valid.
    pub authority: Duration,
    /// How long a certificate is valid.
    pub leaf: Duration,
    /// How long two authorities are trusted together before the new one signs, and again before the old one is forgotten. None
    /// at all makes a rotation an outage.
    pub overlap: Duration,
}

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Until when the authority is valid.
    pub authority_ends: Timestamp,
    /// Until when the certificate is valid.
    pub leaf_ends: Timestamp,
    /// Whether the certificate has the name by which the API server asks.
    pub names_fit: bool,
    /// What stands beside the authority.
    pub beside: Beside,
}

/// What stands beside the authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// The one that will follow it.
    Next,
    /// The one that it has followed.
    Old,
}

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Keep,
    /// A new authority and its certificate in place of whatever there was.
    Begin,
    /// A new certificate of the same authority.
    Renew,
    /// The authority that will follow, beside the one that signs.
    Announce,
    /// The next authority signs from now on, and the old one stays beside it.
    Turn,
    /// The old authority goes.
    Forget,
}

/// Decides. `seen` is for how long, without a gap, the bundle of this very state was seen in all our webhook configurations;
/// nothing, if it was not seen there just now.
pub fn step(state: Option<&State>, seen: Option<Duration>, now: Timestamp, terms: &Terms) -> Step {
    let Some(state) = state else { return Step::Begin };
    let expired = state.authority_ends <= now;
    let settled = seen.is_some_and(|seen| seen >= terms.overlap);
    match state.beside {
        Beside::Next if settled || expired => return Step::Turn,
        Beside::Old if settled => return Step::Forget,
        _ if expired => return Step::Begin,
        Beside::Nothing if is_due(state.authority_ends, terms.authority, now) => {
            return if terms.overlap.is_zero() { Step::Begin } else { Step::Announce };
        }
        _ => {}
    }
    // A certificate does not outlive its authority: a new one would end no later.
    let can_be_longer = state.authority_ends > state.leaf_ends;
    if !state.names_fit || (can_be_longer && is_due(state.leaf_ends, terms.leaf, now)) {
        Step::Renew
    } else {
        Step::Keep
    }
}

/// Whether two thirds of a life are over.
fn is_due(ends: Timestamp, life: Duration, now: Timestamp) -> bool {
    ends - life / 3 <= now
}

/// Until when a certificate that is made now is valid.
pub fn leaf_ends(authority_ends: Timestamp, now: Timestamp, terms: &Terms) -> Timestamp {
    (now + terms.leaf).min(authority_ends)
}

/// When to look again, if nothing happens before.
pub fn again(terms: &Terms) -> Duration {
    let soonest = terms.leaf.min(terms.authority) / 10;
    let soonest = if terms.overlap.is_zero() { soonest } else { soonest.min(terms.overlap / 4) };
    soonest.clamp(Duration::from_millis(500), Duration::from_secs(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);
    const MINUTE: Duration = Duration::from_secs(60);

    fn terms(overlap: Duration) -> Terms {
        Terms { names: vec!["beamgate.beamgate.svc".to_owned()], authority: DAY * 360, leaf: DAY * 30, overlap }
    }

    /// So many days are left to the authority and the certificate.
    fn state(authority: i64, leaf: i64, beside: Beside) -> State {
        let ends = |days: i64| now() + jiff::SignedDuration::from_hours(24 * days);
        State { authority_ends: ends(authority), leaf_ends: ends(leaf), names_fit: true, beside }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    #[test]
    fn each_state_has_one_next_step() {
        use Beside::{Next, Nothing, Old};
        let (short, long) = (Some(MINUTE), Some(MINUTE * 10));
        for (authority, leaf, beside, seen, step_is) in [
            // All is young.
            (300, 25, Nothing, long, Step::Keep),
            (300, 25, Nothing, None, Step::Keep),
            // Two thirds of the certificate's life are over.
            (300, 11, Nothing, long, Step::Keep),
            (300, 10, Nothing, long, Step::Renew),
            (300, -5, Nothing, None, Step::Renew),
            (300, 9, Next, short, Step::Renew),
            (300, 9, Old, None, Step::Renew),
            // It ends with its authority: another would be no better.
            (5, 5, Next, None, Step::Keep),
            // Two thirds of the authority's are.
            (121, 25, Nothing, long, Step::Keep),
            (120, 25, Nothing, long, Step::Announce),
            (120, 9, Nothing, None, Step::Announce),
            // The next one signs when it has been trusted for long enough, and without a gap.
            (110, 25, Next, None, Step::Keep),
            (110, 25, Next, short, Step::Keep),
            (110, 25, Next, long, Step::Turn),
            // The old one goes when everybody serves what the new one has signed.
            (360, 30, Old, None, Step::Keep),
            (360, 30, Old, short, Step::Keep),
            (360, 30, Old, long, Step::Forget),
            // Nobody was here for a long time.
            (-1, -1, Nothing, None, Step::Begin),
            (-1, -1, Next, None, Step::Turn),
            (-1, -1, Old, short, Step::Begin),
        ] {
            let state = state(authority, leaf, beside);
            assert_eq!(step(Some(&state), seen, now(), &terms(MINUTE * 5)), step_is, "{state:?} {seen:?}");
        }
        assert_eq!(step(None, None, now(), &terms(MINUTE * 5)), Step::Begin);
    }

    #[test]
    fn a_certificate_gets_new_names_at_once() {
        let state = State { names_fit: false, ..state(300, 30, Beside::Nothing) };
        assert_eq!(step(Some(&state), None, now(), &terms(MINUTE)), Step::Renew);
    }

    #[test]
    fn without_an_overlap_the_authority_is_replaced_at_once() {
        let terms = terms(Duration::ZERO);
        assert_eq!(step(Some(&state(120, 25, Beside::Nothing)), None, now(), &terms), Step::Begin);
    }

    /// Whatever the lives and the gaps in what is seen: clients trust who signs, at each step, and the steps come to rest.
    #[test]
    fn a_whole_life_never_breaks_trust() {
        let terms = Terms { authority: DAY * 90, ..terms(MINUTE * 10) };
        let mut now = now();
        let (mut signs, mut trusted) = (0, vec![0]);
        let mut made = 0;
        let mut state = State {
            authority_ends: now + terms.authority,
            leaf_ends: leaf_ends(now + terms.authority, now, &terms),
            names_fit: true,
            beside: Beside::Nothing,
        };
        let mut next_ends = state.authority_ends;
        let mut seen_since = now;
        let mut steps = Vec::new();
        for tick in 0..200_000u32 {
            now += MINUTE * 3;
            if tick % 97 == 0 {
                // Somebody has reset the bundle.
                seen_since = now;
            }
            let seen = Duration::try_from(now.duration_since(seen_since)).ok();
            let done = step(Some(&state), seen, now, &terms);
            match done {
                Step::Keep => continue,
                Step::Begin => panic!("trust was lost after {steps:?}"),
                Step::Renew => state.leaf_ends = leaf_ends(state.authority_ends, now, &terms),
                Step::Announce => {
                    made += 1;
                    trusted.push(made);
                    next_ends = now + terms.authority;
                    state.beside = Beside::Next;
                }
                Step::Turn => {
                    signs = made;
                    state.authority_ends = next_ends;
                    state.leaf_ends = leaf_ends(next_ends, now, &terms);
                    state.beside = Beside::Old;
                }
                Step::Forget => {
                    trusted.retain(|authority| *authority == signs);
                    state.beside = Beside::Nothing;
                }
            }
            seen_since = now;
            assert!(trusted.contains(&signs) && trusted.len() <= 2 && state.leaf_ends > now);
            steps.push(done);
        }
        assert!(made >= 6, "{steps:?}");
    }
}
