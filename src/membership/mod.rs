//! Who becomes a member of which cluster: workloads whose nodes find each other, agree on their names and trust each other.
//!
//! A node that connects to one member of a cluster is connected to all of them: distribution is transitive, so clusters are
//! the connected components of the links that [join](link::Outcome::Joins).

pub mod link;
mod siblings;

use crate::trace::Trace;
use crate::world::World;
use crate::world::object::Object;
pub use link::{Link, Outcome, Split};
pub use siblings::{Sibling, siblings};

/// The clusters of a world.
#[derive(Debug)]
pub struct Clusters<'w> {
    /// Every workload that starts nodes, in the order read.
    pub workloads: Vec<Trace<'w>>,
    /// Who finds whom, by their numbers among the workloads.
    pub links: Vec<(usize, usize, Link)>,
    /// The workloads of each cluster, by their numbers, in the order read.
    pub groups: Vec<Vec<usize>>,
}

impl<'w> Clusters<'w> {
    /// Finds the clusters of a world.
    pub fn of(world: &'w World) -> Self {
        let traces = world.workloads().map(|(object, workload)| Trace::of(world, object, workload));
        let is_node = |trace: &Trace<'_>| trace.is_beam() && trace.starts_a_node();
        let workloads: Vec<Trace<'w>> = traces.filter(is_node).collect();
        let mut links = Vec::new();
        for (from, trace) in workloads.iter().enumerate() {
            let number = |object: &Object| workloads.binary_search_by_key(&object.id, |known| known.object.id).ok();
            let found = trace.found_workloads().into_iter().filter_map(number);
            let linked = found.filter_map(|to| Some((from, to, Link::between(trace, &workloads[to])?)));
            links.extend(linked);
        }
        let groups = components(workloads.len(), &links);
        Self { workloads, links, groups }
    }
}

/// The connected components of the links that join, each in ascending order, by their first members.
fn components(count: usize, links: &[(usize, usize, Link)]) -> Vec<Vec<usize>> {
    let mut first: Vec<usize> = (0..count).collect();
    fn root(first: &mut [usize], mut one: usize) -> usize {
        while first[one] != one {
            first[one] = first[first[one]];
            one = first[one];
        }
        one
    }
    for (from, to, _) in links.iter().filter(|(.., link)| link.joins()) {
        let (from, to) = (root(&mut first, *from), root(&mut first, *to));
        first[from.max(to)] = from.min(to);
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); count];
    for one in 0..count {
        groups[root(&mut first, one)].push(one);
    }
    groups.retain(|group| !group.is_empty());
    groups
}
