//! What is said of the further ways in which nodes look for others: whom they find, and whether they connect.

use super::walk::Walk;
use crate::membership::{Link, Outcome};
use crate::trace::{Agreement, Trace};
use crate::world::object::Object;

impl Walk<'_> {
    /// One step for each further way.
    pub(super) fn beside(&mut self) {
        let trace = self.trace;
        if trace.has_unread_topologies() {
            self.step("beside", "unknown: `beamgate.dev/topologies` is not understood");
        }
        for (number, way) in trace.ways().enumerate().skip(1) {
            let Some(declared) = &way.declared else { continue };
            self.placed("beside", Self::said(declared), &declared.strategy.at);
            let found = way.found_workloads();
            if found.is_empty() {
                self.step("", format!("finds no workload {}", trace.world.facts.source));
            }
            for object in found {
                let text = what_comes_of_it(trace, number, object);
                self.placed("", text, &object.at(&["metadata", "name"]));
            }
        }
    }
}

/// Whether the nodes connect to those of a workload that they find.
fn what_comes_of_it(trace: &Trace<'_>, way: usize, object: &Object) -> String {
    let title = object.title();
    if object.id == trace.object.id {
        let agrees = match trace.way(way).agreement() {
            Agreement::Same => "and dials them by their names",
            Agreement::Differs(..) => "and dials other names than they have",
            Agreement::Open(_) | Agreement::Nothing => "and whether it dials their names is not known",
        };
        return format!("finds the pods of {title} itself, {agrees}");
    }
    let Some(other) = object.workload().map(|workload| Trace::of(trace.world, object, workload)) else {
        return format!("finds {title}");
    };
    let links = Link::all(trace, &other);
    match links.into_iter().find(|link| link.way == way).map(|link| link.outcome) {
        Some(Outcome::Joins) => format!("finds {title}, and connects"),
        Some(Outcome::Splits(split)) => format!("finds {title}, and never connects: {}", split.between(&other)),
        Some(Outcome::Open(why)) => format!("finds {title}; whether it connects is not known: {why}"),
        None => format!("finds {title}, which is no node that could answer"),
    }
}
