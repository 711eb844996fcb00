//! # basename-per-release (BG111)
//!
//! The part of the node's name before `@` has the version of the image in it, so each release finds nodes of its own alone. During a
//! rollout there are two clusters: nothing is handed over from the old nodes to the new, and what is to exist once exists twice.
//!
//! ## At run time
//!
//! Nothing is logged. `Node.list()` of the new nodes has no old ones in it, and the other way round, until the rollout is done.
//!
//! ## Example
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: DNSCluster
//! # ...
//!           env:
//!             - name: RELEASE_NODE
//!               value: cart-5f2e1ab@$(MY_POD_IP)
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!             - name: RELEASE_NODE
//!               value: cart@$(MY_POD_IP)
//! ```
//!
//! Phoenix's guide to releases has such a name so that old and new nodes do not meet; where that is what you want, ignore this with a
//! reason. With `strategy: Recreate` they never do, and this is silent.
//!
//! A part counts as a version if it is the tag of the image, with a digit in it, or looks like a commit: seven to forty digits and letters up to
//! `f`, with some of both.
//!
//! ## Facts
//!
//! dns_cluster 0.2.0, `lib/dns_cluster.ex`, takes its own basename for that of its peers; Phoenix 1.8,
//! `guides/deployment/releases.md`.

use crate::discovery::Dialled;
use crate::fix::change::Change;
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::{Agreement, Trace};
use crate::world::declared::Key;
use crate::world::pod::EnvSource;

pub(super) static RULE: Rule = Rule {
    code: 111,
    slug: "basename-per-release",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the part before `@` changes with each release: old and new nodes never meet",
    source: include_str!("basename_per_release.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs a name that is solved, and what the image's tag is"),
};

const NODE: &str = "RELEASE_NODE";

fn check(trace: &Trace<'_>, found: &mut Findings) {
    // Whoever announces its name is found whatever that is.
    let is_made = trace.dialled() == Dialled::Made;
    let meets_nobody = trace.workload.recreates || !is_made || !matches!(trace.agreement(), Agreement::Same);
    let (Some(naming), false) = (&trace.naming, meets_nobody) else { return };
    let (Some(base), Some((_, at))) = (trace.own_base().and_then(|base| base.literal()), naming.written()) else {
        return;
    };
    let Some(version) = version_in(&base, tag(trace)) else { return };
    let finding = found
        .refute(&RULE, format!("basename `{base}` has a version in it, `{version}`: old and new nodes never meet"));
    finding
        .label(at, "another name with each release")
        .symptom(Symptom::Seen("during a rollout, two clusters that do not know of each other".to_owned()))
        .fix(Safety::Unsafe, "leave the version out");
    match trace.key(Key::Basename) {
        Some(basename) => finding.label(basename.at.clone(), "and the app looks for that one"),
        None => finding.changes(without(trace, version)),
    };
}

/// The tag of the image.
fn tag<'t>(trace: &'t Trace<'_>) -> Option<&'t str> {
    let image = trace.container?.image.as_deref()?.split('@').next()?;
    let (_, tag) = image.rsplit('/').next()?.split_once(':')?;
    let is_version = tag.len() > 3 && tag.contains(|c: char| c.is_ascii_digit());
    is_version.then_some(tag)
}

fn version_in<'b>(base: &'b str, tag: Option<&str>) -> Option<&'b str> {
    // A tag's dots are no characters of a basename.
    let tag = tag.map(|tag| tag.replace(['.', '+'], "-"));
    let whole = tag.and_then(|tag| base.match_indices(&tag).next().map(|(at, found)| &base[at..at + found.len()]));
    let commit = || base.split(['-', '_']).find(|part| is_commit(part));
    whole.filter(|found| *found != base).or_else(commit)
}

fn is_commit(part: &str) -> bool {
    let has = |is: fn(&char) -> bool| part.chars().any(|c| is(&c));
    (7..=40).contains(&part.len())
        && part.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
}

/// The name without its version, where it is written as it is read.
fn without(trace: &Trace<'_>, version: &str) -> Vec<Change> {
    let source = trace.env.get(NODE).and_then(|var| Some(&trace.container?.env.get(var.index?)?.source));
    let (Some(env), Some(EnvSource::Value(text))) = (EnvList::of(trace), source) else { return Vec::new() };
    let seams = [format!("-{version}"), format!("_{version}"), format!("{version}-"), format!("{version}_")];
    let seam = seams.iter().find(|seam| text.contains(seam.as_str()));
    seam.map_or_else(Vec::new, |seam| env.set(NODE, &text.replacen(seam.as_str(), "", 1)))
}
