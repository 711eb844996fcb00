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
//! or give the script itself in `beamgate.toml`:
//!
//! ```toml
//! [[app]]
//! match = { name = "cart" }
//! env-sh = "rel/env.sh.eex"
//! ```
//!
//! ## Facts
//!
//! An `export` in `rel/env.sh` beats the pod's environment (Elixir's `release.init.ex`).
//!
//! Not proven here: It says what cannot be known from the manifest.

use crate::name::boot::{Boot, Setting};
use crate::name::template::Why;
use crate::rules::finding::{Effect, Findings, Safety, Severity, Verdict};
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
            if let Some((_, at)) = naming.written() {
                finding.label(at, "not known in full");
            }
        }
        _ => {}
    }
    if why == Why::Image {
        finding.fix(Safety::Safe, "say what the image calls the node").snippet(
            "annotations:\n  beamgate.dev/node-name: <basename>@{pod-ip}\n  beamgate.dev/inputs: POD_IP=podIP",
        );
    }
}
