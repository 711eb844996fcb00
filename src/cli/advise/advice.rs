//! All candidates for a workload, the best one first.

use std::collections::BTreeMap;

use super::weigh::{Bench, Left, Tried, Weighed};
use crate::advise::{CANDIDATES, Candidate, guide};
use crate::cli::session::{InputArgs, Session};
use crate::manifest::Notice;
use crate::place::ObjectId;
use crate::report::model::ReadCluster;
use crate::trace::Trace;
use crate::world::declared::Key;

/// What is to be said of a workload.
pub(super) struct Advice {
    /// `Deployment shop/cart`.
    pub(super) title: String,
    /// The strategy that it declares now, as it is written.
    pub(super) declares: Option<String>,
    /// The candidate that this is.
    pub(super) declared: Option<Candidate>,
    /// Whether `beamgate.toml` says something of it that the pod template is to say.
    pub(super) moves: bool,
    /// The strategies that its code configures, where that was given.
    pub(super) configures: Vec<String>,
    /// Whether its pods have host names of their own that stay.
    pub(super) stateful: bool,
    /// What the article's guide comes to for it.
    pub(super) guide: String,
    /// The best one first.
    pub(super) candidates: Vec<Weighed>,
    /// Those that the manifests are not written for, and why.
    pub(super) unwritten: Vec<(Candidate, String)>,
    /// What was read of a cluster, where one was.
    pub(super) cluster: Option<ReadCluster>,
    /// What is to be known of that.
    pub(super) notices: Vec<Notice>,
}

impl Advice {
    /// Weighs all candidates for a workload.
    pub(super) fn of(session: Session, input: &InputArgs, subject: (usize, ObjectId)) -> anyhow::Result<Self> {
        let Some(advice) = look(&session, subject, Self::before) else { anyhow::bail!("the workload is gone") };
        let bench = Bench {
            input,
            subject,
            injection: session.policy.config.injection,
            kept: advice.declared.filter(|_| !advice.moves),
        };
        let cluster = session.cluster.clone();
        let notices = if cluster.is_some() { session.input.notices.clone() } else { Vec::new() };
        let mut session = without_the_rest(session, input)?;
        let (mut candidates, mut unwritten) = (Vec::new(), Vec::new());
        for candidate in CANDIDATES {
            let (back, weighed) = better(&bench, session, candidate, &advice)?;
            session = back;
            match weighed {
                Ok(weighed) => candidates.push(weighed),
                Err(reason) => unwritten.push((candidate, reason)),
            }
        }
        if let (true, Some((_, reason))) = (candidates.is_empty(), unwritten.first()) {
            anyhow::bail!("{}: no strategy can be declared: {reason}", advice.title);
        }
        // Stable: of equals, the first of the list stays the first.
        candidates.sort_by_key(|weighed| weighed.standing(&advice));
        Ok(Self { candidates, unwritten, cluster, notices, ..advice })
    }

    /// What is to be said before any candidate is weighed.
    fn before(trace: &Trace<'_>) -> Self {
        Self {
            title: trace.object.title(),
            declares: declares(trace),
            declared: Candidate::declared(trace),
            moves: trace.keys.iter().any(|(key, said)| is_option(*key) && said.at.object.as_text().is_some())
                || trace.declared.as_ref().is_some_and(|declared| declared.strategy.at.object.as_text().is_some()),
            configures: trace.coded_ways().iter().map(|way| way.strategy.value.clone()).collect(),
            stateful: trace.workload.has_stable_hostnames(),
            guide: guide::sentence(trace),
            candidates: Vec::new(),
            unwritten: Vec::new(),
            cluster: None,
            notices: Vec::new(),
        }
    }

    /// What is to be done besides to use a candidate, in this order.
    pub(super) fn then<'a>(&self, weighed: &'a Weighed) -> Vec<&'a str> {
        const MOVE: &str =
            "take the strategy and its options out of `[[app]]` in beamgate.toml: the pod template says them";
        let besides = weighed.made.iter().filter_map(|made| made.fix.besides.as_deref());
        self.moves.then_some(MOVE).into_iter().chain(besides).collect()
    }

    /// The findings that are left whatever is chosen: they tell nobody which one to choose.
    pub(super) fn is_left_by_all(&self, left: &Left) -> bool {
        let has = |weighed: &Weighed| weighed.left.iter().any(|other| other.rule.code == left.rule.code);
        self.candidates.iter().all(has)
    }
}

/// A candidate in the better of two ways: what is declared may do as it is, or as it would be declared now.
fn better(
    bench: &Bench<'_>,
    mut session: Session,
    candidate: Candidate,
    advice: &Advice,
) -> anyhow::Result<(Session, Tried)> {
    let (mut ways, mut why) = (Vec::new(), String::new());
    for keeps in [true, false].into_iter().filter(|keeps| !keeps || bench.kept == Some(candidate)) {
        let (back, weighed) = bench.weigh(session, candidate, keeps)?;
        session = back;
        match weighed {
            Ok(weighed) => ways.push(weighed),
            Err(reason) => why = reason,
        }
    }
    let best = ways.into_iter().min_by_key(|weighed: &Weighed| weighed.standing(advice));
    Ok((session, best.ok_or(why)))
}

/// The session without what is said of the app elsewhere than in its manifests: its code is going to say something else, and so
/// is `beamgate.toml`.
fn without_the_rest(mut session: Session, input: &InputArgs) -> anyhow::Result<Session> {
    for app in &mut session.policy.apps {
        (app.code, app.strategy) = (None, None);
        app.keys.retain(|(key, _)| !is_option(*key));
    }
    session.with_texts(input, &BTreeMap::new())
}

/// Whether a key is about the strategy, and not about the image.
fn is_option(key: Key) -> bool {
    !matches!(key, Key::NodeName | Key::Inputs | Key::Container | Key::Ignore)
}

fn declares(trace: &Trace<'_>) -> Option<String> {
    trace.declared.as_ref().map(|declared| match Candidate::declared(trace) {
        Some(candidate) => candidate.to_string(),
        None => declared.strategy.value.clone(),
    })
}

/// Looks at the workload as it is in a session.
pub(super) fn look<T>(
    session: &Session,
    (world, object): (usize, ObjectId),
    see: impl FnOnce(&Trace<'_>) -> T,
) -> Option<T> {
    let world = &session.worlds.get(world)?.world;
    let object = world.object(object)?;
    Some(see(&Trace::of(world, object, object.workload()?)))
}
