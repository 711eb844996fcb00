//! # query-not-qualified (BG203)
//!
//! The app asks DNS for a part of a Service's name, and nothing completes it. `DNSPoll` does not use the search list of
//! `/etc/resolv.conf` at all: it needs the full name. The other strategies do, but the list begins with the pod's own
//! namespace, so a bare name does not find a Service of another one.
//!
//! ## At run time
//!
//! `DNSPoll` logs nothing; `Node.list()` stays empty. `Kubernetes.DNS` says `lookup against cart failed: :nxdomain`. In
//! the pod `getent hosts cart` and `nslookup cart` succeed, because they do use the search list.
//!
//! ## Example
//!
//! ```yaml
//!         beamgate.dev/strategy: DNSPoll
//!       annotations:
//!         beamgate.dev/service: cart
//! ```
//!
//! ## Fix
//!
//! Ask for the full name, in the app's configuration and in the annotation that repeats it:
//!
//! ```yaml
//!         beamgate.dev/service: cart.shop.svc.cluster.local
//! ```
//!
//! A query of two parts (`demo.internal`) may be a name outside the cluster. It is a warning where a Service is called
//! so, and nothing is said otherwise; nor of other namespaces where `dnsConfig.searches` adds some.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/dns_poll.ex`: `inet_res:lookup/3`; OTP 25.2.3, `inet_res.erl`, where only
//! `getbyname` goes through the search list.

use crate::discovery::{Form, ServiceRef};
use crate::fix::change::Change;
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 203,
    slug: "query-not-qualified",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "DNS is asked for a part of a name that nothing completes",
    source: include_str!("query_not_qualified.rs"),
    check: Check::Ways(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: r"variables.strategy in ['DNSPoll', 'Peerage'] &&
                    variables.service.matches(r'^[a-z0-9-]+(\.[a-z0-9-]+\.svc)?$') &&
                    variables.askedNamespace.matches('^[a-z0-9-]*$')",
        certain: true,
        says: "`beamgate.dev/service: {variables.service}` is no full name, and {variables.strategy} does not use \
               the search list; at run time nothing is found, and nothing is logged; fix: ask for \
               <service>.<namespace>.svc.{variables.clusterDomain}",
    }],
    "names that come out of a variable, and Services in other namespaces",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(asked) = trace.asked_service() else { return };
    let written = asked.written();
    let finding = match asked.form {
        Form::Bare if asked.search && is_elsewhere(trace, asked) => found
            .refute(&RULE, format!("`{written}` is looked for in the pod's own namespace; the Service is `{asked}`")),
        Form::Bare | Form::InZone if !asked.search => {
            found.refute(&RULE, format!("`{written}` is no full name, and this lookup does not use the search list"))
        }
        Form::InNamespace if !asked.search && !trace.services(asked).is_empty() => {
            found.suspect(&RULE, format!("`{written}` is no full name, and this lookup does not use the search list"))
        }
        _ => return,
    };
    explain(trace, asked, finding);
}

/// Whether the Service is declared to be in another namespace than the pods, and no search list of theirs reaches it.
fn is_elsewhere(trace: &Trace<'_>, asked: &ServiceRef) -> bool {
    let own = trace.object.namespace.as_ref();
    !trace.pod.own_searches && own.is_some() && asked.namespace.is_some() && own != asked.namespace.as_ref()
}

fn explain(trace: &Trace<'_>, asked: &ServiceRef, finding: &mut Finding) {
    finding.label(asked.at.clone(), "nothing completes this");
    if let Some(service) = trace.services(asked).first() {
        finding.label(service.at(&["metadata", "name"]), format!("its full name is {}", asked.fqdn()));
    }
    finding.symptom(trace.nothing_found(asked));
    match &asked.variable {
        Some(name) => {
            finding.fix(Safety::Safe, "ask for the full name");
            finding.changes(EnvList::of(trace).map_or_else(Vec::new, |env| env.set(name, &asked.fqdn())));
        }
        None => {
            finding.fix(Safety::Unsafe, "ask for the full name, in the app and in the annotation that repeats it");
            finding.changes([Change::set(asked.at.clone(), asked.fqdn())]);
            finding.besides(format!("have the app ask for {}, too", asked.fqdn()));
        }
    }
}
