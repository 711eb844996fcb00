//! # incomplete-declaration (BG003)
//!
//! The strategy has an option without which it cannot work, and no annotation says it. What depends on the option was not
//! checked. Without the part of the name before the `@` no name at all can be compared, so that one is an error.
//!
//! ## At run time
//!
//! Nothing, if only the annotation is missing. Where the app's configuration lacks the option too, `** (KeyError) key
//! :service not found`, and the application does not start; without `kubernetes_service_name` the peers dial names with a
//! hole in them, `app@cart-0..shop.svc.cluster.local`.
//!
//! ## Example
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: Kubernetes.DNS
//! annotations:
//!   beamgate.dev/basename: cart
//! ```
//!
//! ## Fix
//!
//! ```yaml
//! annotations:
//!   beamgate.dev/basename: cart
//!   beamgate.dev/service: cart
//! ```
//!
//! The basename need not be declared where `RELEASE_NODE`, the VM's flags or `beamgate.dev/node-name` give it; an option may
//! also point at a variable of the container: `beamgate.dev/service: $(K8S_SERVICE)`.
//!
//! ## Facts
//!
//! libcluster 3.5.0: `Keyword.fetch!` in `lib/strategy/kubernetes.ex`, `kubernetes_dns.ex` and `kubernetes_dns_srv.ex`.
//!
//! Not proven here: It is about what is declared of an app, and the app of the proofs does what is declared.

use crate::discovery::Problem;
use crate::fix::change::Change;
use crate::name::boot::Setting;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::declared::Key;

pub(super) static RULE: Rule = Rule {
    code: 3,
    slug: "incomplete-declaration",
    severity: Severity::Error,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the strategy needs an option that is not declared",
    source: include_str!("incomplete_declaration.rs"),
    check: Check::Ways(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.strategy in ['Kubernetes', 'Kubernetes.DNS', 'Kubernetes.DNSSRV', 'DNSPoll', 'Peerage'] &&
                    variables.basename == '' && variables.named && !variables.hasEnvFrom &&
                    !variables.names.exists(n, n == 'RELEASE_NODE' || n in variables.flagVariables)",
        certain: true,
        says: "`{variables.strategy}` needs `beamgate.dev/basename`, and nothing else names the node, so nothing \
                   was checked; fix: declare it as the app's configuration says it",
    }],
    "the warnings about other options that are not declared",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(declared), Some(strategy)) = (&trace.declared, &trace.strategy) else { return };
    if !trace.starts_a_node() {
        return;
    }
    for problem in &strategy.problems {
        let Problem::Missing(key, called) = problem else { continue };
        let name = declared.strategy.value.as_str();
        let option = declared.spelling(*key);
        let message = format!("not checked: `{name}` needs `{option}` (libcluster's `{called}`)");
        let finding = found.refute(&RULE, message);
        finding.label(declared.strategy.at.clone(), format!("needs `{option}`"));
        if *key != Key::Basename || !nothing_names_the_node(trace) {
            finding.at_most(Severity::Warning);
        }
        let without = match *called {
            "kubernetes_service_name" => "peers dial `app@<hostname>..<namespace>.svc...`".to_owned(),
            called => Symptom::KeyError(called.to_owned()).to_string(),
        };
        finding.note(format!("if the app's configuration lacks it too: {without}"));
        finding.fix(Safety::Unsafe, "declare it as the app's configuration says it");
        if declared.is_further {
            finding.snippet(format!("{name} {option}=<{called}>"));
            continue;
        }
        let (annotation, value) = (key.annotation(), example(trace, *key, called));
        match value.starts_with('<') || value.contains(".<") {
            true => finding.snippet(format!("annotations:\n  {annotation}: {value}")),
            false => finding.changes([Change::set(trace.pod.at_annotation(&annotation).of(trace.object.id), value)]),
        };
    }
}

/// Whether neither a variable nor something unread can name the node.
fn nothing_names_the_node(trace: &Trace<'_>) -> bool {
    trace.naming.as_ref().is_some_and(|naming| !matches!(naming.node, Setting::Open(_)))
}

/// The value, where the manifests leave no choice.
fn example(trace: &Trace<'_>, key: Key, called: &str) -> String {
    let services = trace.headless_services();
    match (key, services.as_slice()) {
        (Key::Service, [only]) if called == "query" => {
            let namespace = only.namespace.as_deref().unwrap_or("<namespace>");
            format!("{}.{namespace}.svc.{}", only.name, trace.world.facts.cluster_domain)
        }
        (Key::Service, [only]) => only.name.clone(),
        _ => format!("<{called}>"),
    }
}
