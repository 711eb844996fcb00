//! Agreement (3xx): what the peers dial is what the node is called.

use super::Rule;
use crate::name::same::Same;
use crate::name::template::Template;
use crate::place::Loc;
use crate::trace::Trace;
use crate::world::declared::Key;

mod accidental_cluster;
mod address_family;
mod hard_coded_namespace;
mod name_mismatch;
mod name_unprovable;
mod siblings_disagree;
mod wrong_cluster_domain;

pub(super) static RULES: &[&Rule] = &[
    &name_mismatch::RULE,
    &hard_coded_namespace::RULE,
    &wrong_cluster_domain::RULE,
    &address_family::RULE,
    &siblings_disagree::RULE,
    &accidental_cluster::RULE,
    &name_unprovable::RULE,
];

/// What decides the first part in which a dialled name and another differ: the basename, or the strategy and its mode.
fn decides_dialled(trace: &Trace<'_>, dialled: &Template, own: &Template) -> Option<(Loc, &'static str)> {
    let base = |name: &Template| name.split_once('@').map(|(base, _)| base);
    // A basename that is not known may well be the one that is dialled.
    let differs = match (base(dialled), base(own)) {
        (Some(dialled), Some(own)) => matches!(trace.identity.same(&dialled, &own), Same::No { .. }),
        (dialled, own) => dialled.is_some() != own.is_some(),
    };
    if differs && let Some(basename) = trace.key(Key::Basename) {
        return Some((basename.at.clone(), "the basename that peers dial"));
    }
    let decides = |at: &Loc| (at.clone(), "decides what peers dial");
    let strategy = trace.declared.as_ref().map(|declared| &declared.strategy.at);
    trace.key(Key::Mode).map(|mode| &mode.at).or(strategy).map(decides)
}
