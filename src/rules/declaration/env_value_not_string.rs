//! # env-value-not-string (BG006)
//!
//! The value of an environment variable is a string. YAML reads `true`, `4000` and, in the API server's YAML 1.1, `yes` and
//! `on` as something else, and the API server refuses the whole object.
//!
//! ## At run time
//!
//! `kubectl apply` is refused: `cannot unmarshal bool into Go struct field EnvVar...value of type string`.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: PHX_SERVER
//!     value: true
//! ```
//!
//! ## Fix
//!
//! ```yaml
//! env:
//!   - name: PHX_SERVER
//!     value: "true"
//! ```
//!
//! `1.35.4`, `0.0.0.0`, `15s` and an empty value are fine. All containers of the pod are looked at.
//!
//! ## Facts
//!
//! `core/v1`, `EnvVar.value` is a string; `sigs.k8s.io/yaml` types scalars as YAML 1.1 does.

use crate::fix::change::Change;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::pod::{EnvSource, EnvVar};

pub(super) static RULE: Rule = Rule {
    code: 6,
    slug: "env-value-not-string",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the value of an environment variable is not a string",
    source: include_str!("env_value_not_string.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("the API server refuses such an object before it asks any policy"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    for container in &trace.pod.containers {
        for (index, var) in container.env.iter().enumerate().filter(|(_, var)| !var.name.is_empty()) {
            let EnvSource::NotString { text, what } = &var.source else { continue };
            let shown = if is_cookie(var) { "‹redacted›" } else { text };
            let at = container.at_env(index).key("value").of(trace.object.id);
            let finding = found.refute(&RULE, format!("env {} is the {what} `{shown}`, not a string", var.name));
            finding
                .label(at.clone(), format!("a {what}"))
                .symptom(Symptom::Refused(format!(
                    "cannot unmarshal {} into Go struct field EnvVar...value of type string",
                    go_kind(what)
                )))
                .fix(Safety::Unsafe, "put it in quotes");
            if matches!(*what, "boolean" | "number") {
                finding.changes([Change::set(at, text.as_str())]);
            }
        }
    }
}

/// Cookies are shown nowhere.
fn is_cookie(var: &EnvVar) -> bool {
    var.name.to_uppercase().contains("COOKIE")
}

/// What Go's JSON decoder calls it.
fn go_kind(what: &str) -> &str {
    match what {
        "boolean" => "bool",
        "list" => "array",
        "map" => "object",
        other => other,
    }
}
