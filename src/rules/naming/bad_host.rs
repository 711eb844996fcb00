//! # bad-host (BG108)
//!
//! The VM does not check the host of its own name, but its peers do, and DNS does: an empty label, a dot at the end, no dot
//! at all or a second `@` make a name under which nobody can reach the node.
//!
//! ## At run time
//!
//! `unable to connect to` the name that the peers expect, every five seconds; `Node.list()` stays empty. Where they dial the
//! name without a dot: `** Hostname cart is illegal **`. A second `@` crashes at boot.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: RELEASE_NODE
//!     value: cart@$(MY_POD_NAME).cart.shop.svc.cluster.local.
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!   - name: RELEASE_NODE
//!     value: cart@$(MY_POD_NAME).cart.shop.svc.cluster.local
//! ```
//!
//! Addresses need no dots (IPv6 has none), and a name without any host is completed by the pod where it can be.
//!
//! ## Where nodes announce their names
//!
//! With `Gossip` and `Announced` peers dial whatever a node says it is called. A host such as `127.0.0.1` or `localhost` leads
//! whoever dials it to itself. The bare name of a Deployment's pod, which short names have, is in no DNS unless something
//! unseen puts it there: that is a warning. Nothing is written for short names, which cannot hold an address. A name of the
//! cluster's DNS leads to the node only where the pods ask that DNS: with another `dnsPolicy` the workload is left open.
//!
//! ## Facts
//!
//! OTP 25.2.3, `inet_tcp_dist.erl`, `splitnode/3`.

use crate::discovery::Dialled;
use crate::name::boot::{Boot, Crash, Naming};
use crate::name::template::{Part, Sym, Template};
use crate::place::Loc;
use crate::rules::env;
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::announced::Astray;

pub(super) static RULE: Rule = Rule {
    code: 108,
    slug: "bad-host",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "the part after `@` is no host that peers can reach",
    source: include_str!("bad_host.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[
        Condition {
            holds: r"variables.distribution in ['', 'name'] && variables.name.matches('^[A-Za-z0-9_-]+@[^@?]+$') &&
                    variables.releaseNode.matches(r'@\.|\.\.|\.$')",
            certain: true,
            says: "RELEASE_NODE is `{variables.releaseNode}`, and its host has an empty label or a dot at its end: \
                   no peer can reach this node; at run time: `unable to connect to` it, every five seconds; fix: \
                   write the host as its peers dial it",
        },
        Condition {
            holds: r"variables.distribution == 'name' &&
                    variables.name.matches(r'^[A-Za-z0-9_-]+@([A-Za-z0-9_-]|\{(namespace|podName)\})+$') &&
                    has(variables.workload.metadata.name) && !variables.workload.metadata.name.contains('.')",
            certain: true,
            says: "RELEASE_NODE is `{variables.releaseNode}`, and its host has no dot: no peer can reach this node; \
                   at run time: `unable to connect to` it, every five seconds; fix: write the host as its peers dial \
                   it",
        },
        Condition {
            holds: "variables.distribution in ['', 'name', 'sname'] &&
                    variables.name.matches('^[A-Za-z0-9_-]+@[^@?]*@[^?]*$')",
            certain: true,
            says: "RELEASE_NODE is `{variables.releaseNode}`, with a second `@`; at run time: `Invalid node name!`, \
                   and the pod restarts for ever; fix: write the host as its peers dial it",
        },
    ],
    "names in the VM's flags, white space, and hosts that lead nowhere where nodes announce their names",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(naming) = &trace.naming else { return };
    let Some((name, at)) = naming.written() else { return announced(trace, naming.launch.at.clone(), found) };
    let Some((_, host)) = name.split_once('@') else { return announced(trace, at, found) };
    let long = naming.is_presumed_long();
    let what = match &naming.boot {
        Boot::Crash(Crash::Words) if has_unexpanded(&host) => return, // BG105 and BG106 say why
        Boot::Crash(Crash::Words) if host.words().len() > 1 => "white space in it",
        Boot::Crash(Crash::InvalidName) if host.contains('@') => "a second `@`",
        Boot::Named(_) if has_unexpanded(&host) => return, // BG105 and BG106 say why
        Boot::Named(_) => match fault(&host, long, trace.object.name.contains('.')) {
            Some(what) => what,
            None => return announced(trace, at, found),
        },
        _ => return,
    };
    let symptom = match &naming.boot {
        Boot::Crash(Crash::Words) => Symptom::Words,
        Boot::Crash(_) => Symptom::InvalidNodeName,
        _ => match trace.first_dialled().filter(|dialled| *dialled != trace.identity.example(name)) {
            Some(dialled) => Symptom::UnableToConnect(dialled),
            None if what == NO_DOT => Symptom::IllegalHostname(trace.identity.example(&host)),
            None => Symptom::UnableToConnect(trace.identity.example(name)),
        },
    };
    let finding = found.refute(&RULE, format!("host `{host}` has {what}: no peer can reach this node"));
    let fix = match trace.dialled() {
        Dialled::Made => "write the host as its peers dial it",
        _ => "write a host that its peers can reach",
    };
    finding.label(at, what).symptom(symptom);
    mend(trace, fix, finding);
}

/// Writes a name under which the node is found, or says where a script is to; where neither can be, somebody has to decide.
fn mend(trace: &Trace<'_>, title: &str, finding: &mut Finding) {
    match (env::name_findable(trace), trace.findable()) {
        (Some(changes), _) => drop(finding.fix(Safety::Safe, title).changes(changes)),
        (None, Some(name)) if env::export_name(trace, &name, title, finding) => {}
        _ => drop(finding.fix(Safety::Unsafe, title)),
    }
}

/// A host that is as good as any, and leads to another pod, or nowhere.
fn announced(trace: &Trace<'_>, at: Loc, found: &mut Findings) {
    // Of one name for all pods BG109 says that it is one.
    let own = trace.dials.first().map(|dial| &dial.name).filter(|name| trace.identity.differs_between_pods(name));
    let Some((_, host)) = own.and_then(|name| name.split_once('@')) else { return };
    let host = trace.identity.show(&host);
    let (finding, what) = match trace.astray() {
        Some(Astray::Own) => {
            let message = format!("host `{host}` is each pod's own: whoever dials it comes to itself");
            (found.refute(&RULE, message), "leads nowhere else")
        }
        Some(Astray::PodName) => {
            let message = format!("host `{host}` is the bare name of a pod, which DNS does not know");
            (found.suspect(&RULE, message), "no name in DNS")
        }
        Some(Astray::Perhaps(_)) | None => return,
    };
    finding.label(at, what);
    if let Some(dialled) = trace.first_dialled() {
        finding.symptom(Symptom::UnableToConnect(dialled));
    }
    // An address is no short name.
    match trace.naming.as_ref().is_some_and(Naming::is_presumed_long) {
        true => mend(trace, "name the node by its address", finding),
        false => drop(finding.fix(Safety::Unsafe, "use a long name, and name the node by its address")),
    }
}

const NO_DOT: &str = "no dot";

fn fault(host: &Template, long: bool, dotted_pods: bool) -> Option<&'static str> {
    let last = host.pieces().last().and_then(|piece| piece.part.text());
    if last.is_some_and(|text| text.ends_with('.')) {
        return Some("a dot at its end");
    }
    let first = host.pieces().first().and_then(|piece| piece.part.text());
    let empty = |text: &str| text.contains("..");
    if first.is_some_and(|text| text.starts_with('.'))
        || host.pieces().iter().filter_map(|piece| piece.part.text()).any(empty)
    {
        return Some("an empty label");
    }
    (long && host.unknown().is_none() && is_dotless(host, dotted_pods)).then_some(NO_DOT)
}

/// Whether a host is certainly neither an address nor a name with a dot. Pods are called after their workload.
fn is_dotless(host: &Template, dotted_pods: bool) -> bool {
    let may_have_dots = |sym| match sym {
        Sym::PodName | Sym::Hostname => dotted_pods,
        Sym::PodIpDashed | Sym::Namespace | Sym::Uid => false,
        Sym::PodIp | Sym::PodIps | Sym::HostIp | Sym::NodeName | Sym::ClusterDomain => true,
    };
    !host.contains('.') && !host.contains(':') && !host.syms().any(may_have_dots)
}

fn has_unexpanded(host: &Template) -> bool {
    host.pieces().iter().any(|piece| matches!(piece.part, Part::Unexpanded(..)))
        || host.contains('$')
        || host.contains('`')
}
