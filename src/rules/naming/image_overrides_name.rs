//! # image-overrides-name (BG113)
//!
//! The start script of a release sources the image's `rel/env.sh`, and an `export RELEASE_NODE=…` there beats the variable of
//! the pod. What the manifest says of the name is then not true, and whoever changes it changes nothing.
//!
//! ## At run time
//!
//! Nothing by itself: the node is called as the image says (`beamgate probe` shows it). Whether that is what its peers dial is
//! BG301's question.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: RELEASE_NODE
//!     value: store@$(MY_POD_IP)
//! ```
//!
//! ```sh
//! # rel/env.sh
//! export RELEASE_NODE="cart@${MY_POD_IP}"
//! ```
//!
//! ## Fix
//!
//! Leave one of the two. In the script `export RELEASE_NODE="${RELEASE_NODE:-cart@127.0.0.1}"` gives way to the pod.
//!
//! The same holds for a name that `beamgate.dev/node-name` declares and for a script in the command. Without any of these
//! the image is not known, and nothing is said.
//!
//! ## Facts
//!
//! Elixir's `release.init.ex`, `cli_text/0`: `env.sh` is sourced before the defaults.

use crate::name::same::Same;
use crate::name::template::Template;
use crate::place::Loc;
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 113,
    slug: "image-overrides-name",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the image sets the name; the pod's RELEASE_NODE is ignored",
    source: include_str!("image_overrides_name.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs the name solver, to compare what the image says with what the pod says"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some((who, image, image_at, pod, pod_at)) = overridden(trace) else { return };
    if !differs(trace, image, pod) {
        return;
    }
    let message = format!(
        "{who} calls the node `{}`; the pod's RELEASE_NODE `{}` is ignored",
        trace.identity.show(image),
        trace.identity.show(pod)
    );
    let ignored = trace.env.get("RELEASE_NODE").and_then(|var| var.index);
    let removed = EnvList::of(trace).zip(ignored).and_then(|(env, index)| env.remove(index));
    found
        .refute(&RULE, message)
        .label(pod_at.clone(), "ignored")
        .label(image_at.clone(), "the node's name")
        .fix(Safety::Unsafe, "leave one of the two, or let the script give way: `${RELEASE_NODE:-...}`")
        .changes(removed);
}

/// Who sets the name, the name, and the one that the pod sets in vain.
type Overridden<'t> = (&'static str, &'t Template, &'t Loc, &'t Template, &'t Loc);

fn overridden<'t>(trace: &'t Trace<'_>) -> Option<Overridden<'t>> {
    let naming = trace.naming.as_ref()?;
    if let Some(declared) = &naming.declared {
        let pod = trace.env.get("RELEASE_NODE").filter(|var| !var.value.is_empty())?;
        return Some(("the image", &declared.value, &declared.at, &pod.value, &pod.at));
    }
    let pod = naming.overridden.as_ref()?;
    let at = naming.node.at()?;
    let who = if naming.is_by_env_sh() { "`rel/env.sh`" } else { "the command's script" };
    Some((who, naming.node.value()?, at, &pod.value, &pod.at))
}

fn differs(trace: &Trace<'_>, image: &Template, pod: &Template) -> bool {
    // What the VM completes, or a script makes of it, is not ignored.
    let is_a_part = image.to_string().contains(&pod.to_string());
    !is_a_part && matches!(trace.identity.same(image, pod), Same::No { .. })
}
