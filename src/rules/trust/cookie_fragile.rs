//! # cookie-fragile (BG604)
//!
//! The cookie comes out of a Secret that may be missing: with `optional: true` the variable is then left out, and the node takes
//! the cookie that was made up when its image was built. Nothing says so, until two builds run side by side.
//!
//! ## At run time
//!
//! Nothing at first. Then `** Connection attempt from node ... rejected. Invalid challenge reply. **` on the node that is dialled,
//! whenever nodes of another build, or some that did find the Secret, are there.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: RELEASE_COOKIE
//!     valueFrom:
//!       secretKeyRef:
//!         name: cart-cookie
//!         key: cookie
//!         optional: true
//! ```
//!
//! ## Fix
//!
//! Leave `optional` out. Without its Secret the pod then does not start, and says why.
//!
//! ## Facts
//!
//! Elixir's `release.init.ex`: `RELEASE_COOKIE:-$(cat releases/COOKIE)`. A line break at the end of a cookie is one of its characters
//! there (`--cookie "$RELEASE_COOKIE"`), the same in all nodes that read it in the same place. What is in a Secret is not read here.

use super::COOKIE;
use crate::fix::change::Change;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::pod::{EnvSource, KeyRef};

pub(super) static RULE: Rule = Rule {
    code: 604,
    slug: "cookie-fragile",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Safe),
    summary: "without its Secret, the node takes the cookie of its image",
    source: include_str!("cookie_fragile.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.startsRelease &&
                    variables.env.filter(e, e.name == 'RELEASE_COOKIE').size() == 1 &&
                    variables.env.exists(e, e.name == 'RELEASE_COOKIE' && has(e.valueFrom) &&
                    has(e.valueFrom.secretKeyRef) && has(e.valueFrom.secretKeyRef.optional) &&
                    e.valueFrom.secretKeyRef.optional)",
        certain: false,
        says: "RELEASE_COOKIE is left out where its Secret is missing, and the node takes the cookie of its image; at run \
               time: `Connection attempt from node ... rejected`; fix: leave `optional` out",
    }],
    "ConfigMaps",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(naming), Some(container)) = (&trace.naming, trace.container) else { return };
    let reads_it = trace.is_opted_in() && trace.starts_a_node() && naming.launch.program.may_be_a_release();
    let Some(index) = container.env_index(COOKIE).filter(|_| reads_it) else { return };
    let Some((kind, reference, key)) = optional(&container.env[index].source) else { return };
    let at = container.at_env_key(index, &["valueFrom", key, "optional"]).of(trace.object.id);
    found
        .suspect(&RULE, format!("without {kind} `{}` the node takes the cookie of its image", reference.name))
        .label(at.clone(), format!("leaves {COOKIE} out, instead of saying that it is missing"))
        .symptom(Symptom::CookieRejected)
        .fix(Safety::Safe, "leave `optional` out")
        .changes([Change::Remove { at }]);
}

/// What a variable is taken from, and its key in `valueFrom`, if the variable is left out where that is missing.
fn optional(source: &EnvSource) -> Option<(&'static str, &KeyRef, &'static str)> {
    let (kind, reference, key) = match source {
        EnvSource::Secret(reference) => ("Secret", reference, "secretKeyRef"),
        EnvSource::ConfigMap(reference) => ("ConfigMap", reference, "configMapKeyRef"),
        _ => return None,
    };
    reference.optional.then_some((kind, reference, key))
}
