//! # name-unprovable (BG307)
//!
//! What the node is called, or what its peers dial, depends on something that is not in the input: the image's
//! `rel/env.sh`, a Secret, a ConfigMap from elsewhere. Nothing is wrong, and nothing was checked.
//!
//! ## At run time
//!
//! It may form, or not.
//!
//! ## Example
//!
//! An opted-in Deployment without `RELEASE_NODE`, whose image names the node.
//!
//! ## Fix
//!
//! Say what the image does, and it is checked like everything else:
//!
//! ```yaml
//! annotations:
//!   beamgate.dev/node-name: cart@{pod-ip}
//!   beamgate.dev/inputs: POD_IP=podIP
//! ```
//!
//! The line that the finding shows has the name that peers dial, which is what the image ought to call the node, and no more
//! than a guess about what it does. Where not even that is known, no line is shown.
//!
//! or give the script itself in `beamgate.toml`:
//!
//! ```toml
//! [[app]]
//! match = { name = "cart" }
//! env-sh = "rel/env.sh.eex"
//! ```
//!
//! An `env.sh` or a `vm.args` that is mounted over the release's own is read where its ConfigMap is in the input. One in a Secret
//! never is, nor what a volume or an init container brings.
//!
//! ## Facts
//!
//! An `export` in `rel/env.sh` beats the pod's environment (Elixir's `release.init.ex`).
//!
//! Not proven here: It says what cannot be known from the manifest.

use crate::name::boot::{Boot, Setting};
use crate::name::template::{Part, Piece, Sym, Template, Why};
use crate::place::Loc;
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity, Verdict};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::{Agreement, Trace};

pub(super) static RULE: Rule = Rule {
    code: 307,
    slug: "name-unprovable",
    severity: Severity::Info,
    effect: Effect::Risks,
    mends: Mends::Person("what the image calls the node"),
    summary: "the name depends on something that is not in the input",
    source: include_str!("name_unprovable.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it says what could not be solved, and here nothing is"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    if !trace.is_opted_in() || found.has(&[2, 104, 112]) || trace.discovery().is_none() {
        return;
    }
    let Agreement::Open(why) = trace.agreement() else { return };
    let finding = found.suspect(&RULE, format!("the names were not compared: {why}"));
    finding.verdict = Verdict::Open;
    if let Some(at) = trace.naming.as_ref().and_then(|naming| naming.unclear.clone()) {
        finding.label(at, "names the node, if anything reads it");
        finding.note(
            "a release of relx takes its name from there, one of mix from RELEASE_NODE; nothing shows which it is",
        );
        return;
    }
    match (trace.naming.as_ref(), trace.boot()) {
        _ if matches!(why, Why::List(_)) => {
            if let Some(declared) = &trace.declared {
                finding.label(declared.strategy.at.clone(), "dials the names of that list");
            }
        }
        (Some(naming), Some(Boot::Opaque(_))) if !matches!(naming.node, Setting::Set(_)) => {
            finding.label(naming.launch.at.clone(), "names the node");
        }
        (Some(naming), _) => {
            if let Some((name, at)) = naming.written() {
                label_unknown(name, &at, finding);
            }
        }
        _ => {}
    }
    // Where the script was read, nobody need say what it does.
    let is_read = trace.naming.as_ref().is_some_and(|naming| naming.closed);
    if let Some(name) = declarable(trace).filter(|_| why == Why::Image && !is_read) {
        let dialled = "what peers dial: say so if the image does";
        finding
            .fix(Safety::Unsafe, "say what the image calls the node")
            .snippet(format!("annotations:\n  beamgate.dev/node-name: {name}  # {dialled}"));
    }
}

/// Points at a name, and at each part of it that nobody here can know.
fn label_unknown(name: &Template, at: &Loc, finding: &mut Finding) {
    finding.label(at.clone(), "not known in full");
    for piece in name.pieces() {
        let Part::Opaque(why) = &piece.part else { continue };
        let why = match why {
            Why::Image => "the pod does not set it: the image may".to_owned(),
            other => other.to_string(),
        };
        if piece.at != *at && finding.labels.iter().all(|label| label.at != piece.at) {
            finding.label(piece.at.clone(), why);
        }
    }
}

/// The name that peers dial as an annotation says it: in every namespace, whatever the basename, but with a host that is known.
fn declarable(trace: &Trace<'_>) -> Option<String> {
    let mut names = trace.dials.iter().map(|dial| trace.identity.with_own_namespace(&dial.name));
    let first = names.next()?;
    let (base, host) = first.split_once('@')?;
    let can_be_said = |piece: &Piece| match &piece.part {
        Part::Lit(text) => !text.contains(['$', '{']),
        Part::Sym(sym) => Sym::PLACEHOLDERS.iter().any(|(_, known)| known == sym),
        Part::Unexpanded(..) | Part::Opaque(_) => false,
    };
    let is_one = names.all(|other| other.to_string() == first.to_string());
    let base = base.literal().unwrap_or_else(|| "<basename>".to_owned());
    (is_one && host.pieces().iter().all(can_be_said)).then(|| format!("{base}@{host}"))
}
