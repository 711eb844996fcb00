//! # long-name-needs-name (BG101)
//!
//! A name whose host has a dot (an address, a full DNS name) is a *long* name, and a release boots with *short* names unless
//! `RELEASE_DISTRIBUTION` is `name`. The VM refuses to start.
//!
//! ## At run time
//!
//! `Can't set short node name! Please check your configuration`, and the pod restarts for ever.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: MY_POD_IP
//!     valueFrom:
//!       fieldRef:
//!         fieldPath: status.podIP
//!   - name: RELEASE_NODE
//!     value: cart@$(MY_POD_IP)
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!   - name: RELEASE_DISTRIBUTION
//!     value: name
//! ```
//!
//! Where the variable is missing, the image may still set it in `rel/env.sh`; then this is a warning. Give the script with
//! `env-sh` in `beamgate.toml`, or declare the whole name with `beamgate.dev/node-name`, and it is decided.
//!
//! ## Facts
//!
//! Elixir's `release.init.ex`: `RELEASE_DISTRIBUTION:-sname`; OTP 25.2.3, `net_kernel.erl`, `create_hostpart/2`.

use crate::fix::change::Change;
use crate::name::boot::{Boot, Crash, Naming, Setting};
use crate::name::template::{Sym, Template};
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 101,
    slug: "long-name-needs-name",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "the name has a dotted host, but RELEASE_DISTRIBUTION is not `name`",
    source: include_str!("long_name_needs_name.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: r"variables.distribution == 'sname' &&
                    variables.name.matches(r'^[A-Za-z0-9_-]+@[^@?]*(\.|\{podIPs?\}|\{hostIP\})[^@?]*$')",
        certain: true,
        says: "RELEASE_NODE `{variables.releaseNode}` has a dotted host, but RELEASE_DISTRIBUTION is sname; at run \
               time: `Can't set short node name!`, and the pod restarts for ever; fix: set RELEASE_DISTRIBUTION to \
               name",
    }],
    "names in the VM's flags, and names that refer to more than one level of variables; where RELEASE_DISTRIBUTION is not set, there is no warning",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(naming) = &trace.naming else { return };
    let finding = match (&naming.boot, &naming.flag) {
        (Boot::Crash(Crash::ShortName), Some(flag)) => {
            let message = format!("`{}` has a dotted host, but `-sname` asks for short names", flag.value.name);
            let finding = found.refute(&RULE, message);
            finding.label(flag.at.clone(), "short names, dotted host").fix(Safety::Safe, "use `-name`");
            finding
        }
        (Boot::Crash(Crash::ShortName), None) => refute(trace, naming, found),
        (Boot::Named(name), None) if is_left_to_the_image(naming) && is_long(name) => {
            suspect(trace, naming, name, found)
        }
        _ => return,
    };
    finding.symptom(Symptom::CantSetShortName);
}

fn refute<'f>(trace: &Trace<'_>, naming: &Naming, found: &'f mut Findings) -> &'f mut Finding {
    let node = naming.node.value().map(ToString::to_string).unwrap_or_default();
    let set = naming.distribution.literal().unwrap_or_else(|| "unset".to_owned());
    let finding = found.refute(&RULE, format!("`{node}` has a dotted host, but RELEASE_DISTRIBUTION is {set}"));
    if let Some(at) = naming.distribution.at() {
        finding.label(at.clone(), "short names");
    }
    if let Some(at) = naming.node.at() {
        finding.label(at.clone(), "a host with dots: a long name");
    }
    finding.fix(Safety::Safe, "set RELEASE_DISTRIBUTION to `name`").changes(long_names(trace, naming))
}

fn suspect<'f>(trace: &Trace<'_>, naming: &Naming, name: &Template, found: &'f mut Findings) -> &'f mut Finding {
    let message = format!("`{name}` has a dotted host, and RELEASE_DISTRIBUTION is not set, which means short names");
    let finding = found.suspect(&RULE, message);
    if let Some(at) = naming.node.at() {
        finding.label(at.clone(), "a host with dots: a long name");
    }
    finding
        .note("unless the image's `rel/env.sh` exports RELEASE_DISTRIBUTION=name")
        .fix(Safety::Safe, "set RELEASE_DISTRIBUTION to `name`")
        .changes(long_names(trace, naming))
}

/// Where nothing sets it, it stands above the name that needs it.
fn long_names(trace: &Trace<'_>, naming: &Naming) -> Vec<Change> {
    let Some(env) = EnvList::of(trace).filter(|_| is_the_pods(trace, naming)) else { return Vec::new() };
    let node = trace.env.get("RELEASE_NODE").and_then(|var| var.index);
    match trace.env.get(DISTRIBUTION) {
        None => vec![env.add(DISTRIBUTION, "name", node)],
        Some(_) => env.set(DISTRIBUTION, "name"),
    }
}

const DISTRIBUTION: &str = "RELEASE_DISTRIBUTION";

/// Whether the pod says it, not a script.
fn is_the_pods(trace: &Trace<'_>, naming: &Naming) -> bool {
    naming.distribution.at() == trace.env.get(DISTRIBUTION).map(|var| &var.at)
}

/// Only a release has the variable; what a wrapper starts is presumed to be one.
fn is_left_to_the_image(naming: &Naming) -> bool {
    let is_release = naming.launch.program.may_be_a_release();
    is_release && naming.declared.is_none() && naming.distribution == Setting::Unset && naming.node.value().is_some()
}

fn is_long(name: &Template) -> bool {
    let Some((_, host)) = name.split_once('@') else { return false };
    host.contains('.') || host.syms().any(|sym| matches!(sym, Sym::PodIp | Sym::PodIps | Sym::HostIp))
}
