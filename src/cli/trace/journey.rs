//! A connection: its steps, from what is declared to the name that is dialled, and what comes of it.

#[cfg(feature = "cluster")]
use super::now::Now;
use super::walk::Walk;
use crate::cli::session::Session;
use crate::cli::told::At;
use crate::rules::finding::Finding;
use crate::rules::{Judged, TraceVerdict, judge_trace};
use crate::trace::Trace;
use crate::world::facts::Source;

/// One connection, ready to be told.
pub(super) struct Journey {
    /// `StatefulSet shop/cart`.
    pub(super) title: String,
    /// Where its objects come from.
    pub(super) source: Source,
    /// What comes of it.
    pub(super) verdict: TraceVerdict,
    /// What the node is called, as a template.
    pub(super) boots: Option<String>,
    /// What the peers dial.
    pub(super) dials: Vec<String>,
    /// The steps, in order.
    pub(super) steps: Vec<Step>,
    /// What the rules say.
    pub(super) findings: Vec<(Finding, Option<At>)>,
    /// What a live cluster makes of it.
    #[cfg(feature = "cluster")]
    pub(super) now: Option<Now>,
}

/// One step; without a name it belongs to the one before it.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) text: String,
    /// Where that is written.
    pub(super) at: Option<At>,
    /// The command that checks it by hand.
    pub(super) command: Option<String>,
}

impl Journey {
    /// Follows a connection; where a cluster is at hand, to its pods.
    pub(super) fn of(session: &Session, world: usize, trace: &Trace<'_>) -> Self {
        let judged = judge_trace(trace);
        let steps = Walk { session, world, trace, steps: Vec::new() }.walk();
        let Judged { verdict, boots, dials, findings, .. } = judged;
        let placed = |finding: Finding| {
            let at = finding.labels.first().map(|label| At::of(session, world, &label.at));
            (finding, at)
        };
        Self {
            title: trace.object.title(),
            source: trace.world.facts.source,
            verdict,
            #[cfg(feature = "cluster")]
            now: session.live.as_ref().map(|live| Now::of(live, trace, (&boots, &dials))),
            boots,
            dials,
            steps,
            findings: findings.into_iter().map(placed).collect(),
        }
    }

    /// Whether its nodes are seen not to find each other.
    #[cfg(feature = "cluster")]
    pub(super) fn is_split(&self) -> bool {
        self.now.as_ref().is_some_and(Now::is_split)
    }

    /// Whether its nodes are seen not to find each other.
    #[cfg(not(feature = "cluster"))]
    pub(super) fn is_split(&self) -> bool {
        false
    }
}
