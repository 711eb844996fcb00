//! The workloads that one workload may share a cluster with, for the rules about two of them.

use super::Link;
use crate::trace::Trace;
use crate::world::workload::WorkloadKind;

/// With how many others a workload is compared: a selector that catches more is said of the first ones.
const MOST: usize = 16;

/// Another workload whose nodes are found.
#[derive(Debug)]
pub struct Sibling<'w> {
    /// The other workload.
    pub trace: Trace<'w>,
    /// What comes of it that they are found.
    pub link: Link,
    /// What comes of it that they find ours, if they do.
    pub back: Option<Link>,
}

impl Sibling<'_> {
    /// Both directions.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        [&self.link].into_iter().chain(&self.back)
    }
}

/// The workloads whose nodes a workload finds, and about which it speaks: of two that find each other, the one that was read
/// first does. In a webhook's world that is the one about which the API server asks.
///
/// Only workloads that declare a strategy are among them, and no Jobs, which BG701 is about.
pub fn siblings<'w>(trace: &Trace<'w>) -> Vec<Sibling<'w>> {
    if !is_sibling(trace) {
        return Vec::new();
    }
    let others = trace.found_workloads().into_iter().filter(|object| object.id != trace.object.id).take(MOST);
    let with = |object| {
        let other = Trace::of(trace.world, object, object.workload()?);
        let link = Link::between(trace, &other).filter(|_| is_sibling(&other))?;
        let back = Link::between(&other, trace);
        let is_ours = back.is_none() || trace.object.id < object.id;
        is_ours.then_some(Sibling { trace: other, link, back })
    };
    others.filter_map(with).collect()
}

fn is_sibling(trace: &Trace<'_>) -> bool {
    trace.is_opted_in() && trace.server.is_none() && trace.workload.kind != WorkloadKind::Job
}
