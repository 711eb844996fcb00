//! What of an input was not read.

use std::collections::BTreeMap;

use crate::manifest::{self, Problem};
use crate::report::model::Skipped;

/// The documents that were skipped, by reason; those that are no YAML by file, for one's own may be among them.
pub(super) fn skipped(counts: &manifest::Skipped, problems: &[Problem]) -> Vec<Skipped> {
    let known = [
        ("not Kubernetes", counts.no_kind),
        ("kustomizations, charts and values", counts.tooling),
        ("templates, not rendered", counts.templates),
    ];
    let known = known.into_iter().filter(|(_, count)| *count > 0).map(|(reason, count)| (String::new(), reason, count));
    let broken = broken(problems).into_iter().map(|(file, count)| (file.to_owned(), "not YAML", count));
    known.chain(broken).map(|(input, reason, count)| Skipped { input, reason: reason.to_owned(), count }).collect()
}

/// The files that are no YAML, and no manifests as far as one can tell.
fn broken(problems: &[Problem]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for problem in problems.iter().filter(|problem| problem.source.is_some() && !problem.named && !problem.kubernetes) {
        *counts.entry(problem.name.as_str()).or_default() += 1;
    }
    counts
}
