//! # token-not-mounted (BG402)
//!
//! `Cluster.Strategy.Kubernetes` reads its token, the namespace and the API server's certificate from
//! `/var/run/secrets/kubernetes.io/serviceaccount`. With `automountServiceAccountToken: false`, on the pod or on its
//! ServiceAccount, nothing is there: the API server is asked by a stranger, about a namespace without a name.
//!
//! ## At run time
//!
//! `cannot query kubernetes (unauthorized): endpoints is forbidden: User "system:anonymous" cannot list resource
//! "endpoints"`, every five seconds; `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//!     spec:
//!       serviceAccountName: cart
//!       automountServiceAccountToken: false
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!       automountServiceAccountToken: true
//! ```
//!
//! The pod's own setting wins over its ServiceAccount's. Where any volume is mounted at that path, or above or below
//! it, it is taken for the token, and this rule is silent. The strategies that ask DNS need no token; with one of them,
//! `false` is right.
//!
//! ## Facts
//!
//! Measured on Kubernetes 1.35 with libcluster 3.5.0 (`lib/strategy/kubernetes.ex`, `get_token/1`).

use crate::fix::change::Change;
use crate::place::Loc;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::mounted::is_within;
use crate::world::object::{Body, Object};
use crate::world::pod::Container;

pub(super) static RULE: Rule = Rule {
    code: 402,
    slug: "token-not-mounted",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "the strategy calls the API, and the pod has no token",
    source: include_str!("token_not_mounted.rs"),
    check: Check::Ways(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.lists && has(variables.spec.automountServiceAccountToken) &&
                    !variables.spec.automountServiceAccountToken && has(variables.container.name) &&
                    !(has(variables.container.volumeMounts) &&
                    variables.container.volumeMounts.exists(m, m.mountPath.matches('^/*$|^(/var)?/run')))",
        certain: true,
        says: "the strategy calls the API, and automountServiceAccountToken: false leaves the pod without a \
                   token; at run time: `cannot query kubernetes (unauthorized)`; fix: set \
                   automountServiceAccountToken to true",
    }],
    "what the ServiceAccount says",
);

/// `/var/run` leads to `/run` in most images.
const TOKEN: &str = "/run/secrets/kubernetes.io/serviceaccount";

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(resource) = trace.discovery().and_then(|discovery| discovery.needs().list) else { return };
    let Some(refusal) = refusal(trace).filter(|_| !trace.container.is_none_or(mounts_it)) else { return };
    let message =
        "the strategy calls the API, and `automountServiceAccountToken: false` leaves the pod without a token";
    let finding = found.refute(&RULE, message);
    finding.label(refusal, "no token is mounted");
    if let Some(declared) = &trace.declared {
        finding.label(declared.strategy.at.clone(), format!("lists {}", resource.name()));
    }
    finding
        .symptom(Symptom::Unauthorized(format!(
            "{} is forbidden: User \"system:anonymous\" cannot list resource \"{}\"",
            resource.name(),
            resource.name()
        )))
        .fix(Safety::Safe, "mount the token")
        .changes([mount(trace)]);
}

/// What nothing forbids happens by itself; where the account forbids it, the pod has the last word.
fn mount(trace: &Trace<'_>) -> Change {
    let at = trace.at_pod_spec(&["automountServiceAccountToken"]);
    let accounts = trace.world.service_accounts_named(trace.object, trace.account());
    match trace.pod.automount.is_some() && !accounts.iter().any(|account| keeps_its_token(account)) {
        true => Change::Remove { at },
        false => Change::set(at, true),
    }
}

/// Where it is said that no token is mounted: on the pod, which wins, or on every ServiceAccount that may be meant.
fn refusal(trace: &Trace<'_>) -> Option<Loc> {
    match trace.pod.automount {
        Some(true) => None,
        Some(false) => Some(trace.at_pod_spec(&["automountServiceAccountToken"])),
        None => {
            let accounts = trace.world.service_accounts_named(trace.object, trace.account());
            let refuses = accounts.iter().all(|account| keeps_its_token(account));
            accounts.first().filter(|_| refuses).map(|account| account.at(&["automountServiceAccountToken"]))
        }
    }
}

fn keeps_its_token(account: &Object) -> bool {
    matches!(&account.body, Body::ServiceAccount(account) if account.automount == Some(false))
}

fn mounts_it(container: &Container) -> bool {
    container.volume_mounts.iter().any(|mount| {
        let path = mount.path.strip_prefix("/var").unwrap_or(&mount.path);
        is_within(TOKEN, path) || (is_within(path, TOKEN) && !matches!(path, "" | "/"))
    })
}
