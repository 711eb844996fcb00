//! # query-variable-unset (BG216)
//!
//! Phoenix generates an app that takes the query of `DNSCluster` from `DNS_CLUSTER_QUERY`, and clusters with nobody where that is
//! not set: `query: Application.get_env(:cart, :dns_cluster_query) || :ignore`.
//!
//! ## At run time
//!
//! Nothing is logged; `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: DNSCluster
//! # ...
//!         env:
//!           - name: RELEASE_NODE
//!             value: cart@$(MY_POD_IP)
//! ```
//!
//! ## Fix
//!
//! Name a headless Service that selects the pods:
//!
//! ```yaml
//!           - name: DNS_CLUSTER_QUERY
//!             value: cart
//! ```
//!
//! If the app has its query from elsewhere, declare it with `beamgate.dev/service`; if the image sets the variable, declare what it
//! sets it to. Nothing is said where an `envFrom` that is not in the input may set it.
//!
//! ## Facts
//!
//! Phoenix since 1.7.8, `installer/templates/phx_single/config/runtime.exs.eex`; dns_cluster 0.2.0, `lib/dns_cluster.ex`: `:ignore`
//! starts nothing. An empty value is a query that is answered with an error, which is not logged either.

use crate::discovery::Query;
use crate::name::env::Lookup;
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::declared::Key;

pub(super) static RULE: Rule = Rule {
    code: 216,
    slug: "query-variable-unset",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "DNS_CLUSTER_QUERY is not set: the app looks for nobody",
    source: include_str!("query_variable_unset.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.strategy == 'DNSCluster' && !('beamgate.dev/service' in variables.annotations) &&
                    variables.startsRelease && !variables.hasEnvFrom && !('DNS_CLUSTER_QUERY' in variables.names)",
        certain: false,
        says: "DNSCluster asks for what is in DNS_CLUSTER_QUERY, which is not set; at run time nothing is found, and \
               nothing is logged; fix: set it to the headless Service of these pods",
    }],
    "an empty value, and commands that are not plainly a release's",
);

const QUERY: &str = "DNS_CLUSTER_QUERY";

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(declared), Some(naming), Some(container)) = (&trace.declared, &trace.naming, trace.container) else {
        return;
    };
    let asks = trace.is_strategy(&["DNSCluster"]) && trace.key(Key::Service).is_none();
    if !asks || !trace.starts_a_node() {
        return;
    }
    let (message, at) = match naming.env.lookup(QUERY) {
        Lookup::Unset if matches!(trace.query, Query::Undeclared) => (
            format!("{QUERY} is not set: the app looks for nobody"),
            container.at.key("env").of(trace.object.id).at_key(),
        ),
        Lookup::Set(var) if var.value.is_empty() => (format!("{QUERY} is empty: the app finds nobody"), var.at.clone()),
        _ => return,
    };
    let finding = found.suspect(&RULE, message);
    finding
        .label(at, format!("no {QUERY}"))
        .label(declared.strategy.at.clone(), "asks for what is in it")
        .symptom(Symptom::Silence)
        .note(format!(
            "unless the image sets it, or the app asks for something else: then declare `{}`",
            Key::Service.annotation()
        ))
        .fix(Safety::Safe, format!("set {QUERY} to a headless Service that selects these pods"));
    if let [only] = trace.headless_services().as_slice()
        && let Some(env) = EnvList::of(trace)
    {
        finding.changes(match trace.env.get(QUERY) {
            Some(_) => env.set(QUERY, &only.name),
            None => vec![env.add(QUERY, &only.name, None)],
        });
    }
}
