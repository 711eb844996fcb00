//! # single-port-range (BG119)
//!
//! `bin/cart rpc` and `bin/cart remote` are nodes, too, and listen on a port of their own. Where the VM's flags leave one port, the
//! node has it, and they find none: the flags of the container hold for every VM that is started in it.
//!
//! ## At run time
//!
//! `Protocol 'inet_tcp': register/listen error: eaddrinuse`, from the probe, the hook or the console; what they were to ask is
//! never asked.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: ERL_AFLAGS
//!     value: -kernel inet_dist_listen_min 9100 inet_dist_listen_max 9100
//! # ...
//! readinessProbe:
//!   exec:
//!     command: ["/app/bin/cart", "rpc", ":ok"]
//! ```
//!
//! ## Fix
//!
//! A few ports more. The node takes the first one, so nothing else has to be opened:
//!
//! ```yaml
//!     value: -kernel inet_dist_listen_min 9100 inet_dist_listen_max 9110
//! ```
//!
//! Or set the flags in `rel/env.sh`, for `start` alone. It is a warning where a probe or a hook runs such a command, and good to know
//! otherwise: people do, when something is wrong.
//!
//! ## Facts
//!
//! OTP 25.2.3, `inet_tcp_dist.erl`, `listen/2`: without `inet_dist_listen_max` the range is one port. Elixir's `release.init.ex`, whose
//! `rpc` and `remote` start a VM with these flags. What is set by a script is not seen here: it may be set for `start` alone.

use crate::fix::change::Change;
use crate::name::boot::FLAGS;
use crate::name::env::Var;
use crate::name::flags::values;
use crate::name::launcher::talks_to_a_node;
use crate::name::template::Template;
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::exec::Exec;
use crate::world::pod::EnvSource;

pub(super) static RULE: Rule = Rule {
    code: 119,
    slug: "single-port-range",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Safe),
    summary: "the VM's flags leave no port for `rpc` and `remote`",
    source: include_str!("single_port_range.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs the VM's flags, word for word, and the commands of probes"),
};

const MIN: &str = "inet_dist_listen_min";
const MAX: &str = "inet_dist_listen_max";

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let starts = trace.naming.as_ref().is_some_and(|naming| naming.launch.program.may_be_a_release());
    let Some(container) = trace.container.filter(|_| starts) else { return };
    let Some((var, port)) = FLAGS.iter().find_map(|name| trace.env.get(name).and_then(one_port)) else { return };
    let keeps_the_flags = |exec: &&Exec| talks_to_a_node(&exec.command) && !exec.says(&var.name);
    let message = format!("{} leaves the node port {port}, and `rpc` and `remote` none", var.name);
    let finding = found.suspect(&RULE, message);
    finding.label(var.at.clone(), "one port").symptom(Symptom::NoPort);
    let Some(exec) = container.execs.iter().find(keeps_the_flags) else {
        finding.at_most(Severity::Info).fix(Safety::Safe, "leave a few ports more");
        return;
    };
    if exec.occasion.must_succeed() {
        finding.effect(Effect::Breaks);
    }
    finding
        .label(exec.at.clone().of(trace.object.id), format!("the `{}` command is a node, too", exec.occasion.name()))
        .fix(Safety::Safe, "leave a few ports more")
        .changes(wider(trace, var, port));
}

/// The one port on which these flags have the VM listen, if it is one.
fn one_port(var: &Var) -> Option<(&Var, u16)> {
    let flags = var.value.words();
    let words: Option<Vec<String>> = flags.iter().map(Template::literal).collect();
    let words = words?;
    let number = |flag: &str| values(&flags, flag).next()?.literal()?.parse::<u16>().ok();
    let min = number(MIN)?;
    let says = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    // Without epmd the range is not looked at.
    let is_one = number(MAX) == Some(min) || !says(&[MAX]);
    (is_one && !says(&["-erl_epmd_port", "-dist_listen"])).then_some((var, min))
}

/// Ten ports more, where the value is written as it is read.
fn wider(trace: &Trace<'_>, var: &Var, port: u16) -> Vec<Change> {
    let source = var.index.and_then(|index| Some(&trace.container?.env.get(index)?.source));
    let (Some(env), Some(EnvSource::Value(text))) = (EnvList::of(trace), source) else { return Vec::new() };
    let last = port.saturating_add(10);
    let (min, max) = (format!("{MIN} {port}"), format!("{MAX} {port}"));
    let range = format!("{MAX} {last}");
    let wider = match text.contains(MAX) {
        true => text.replacen(&max, &range, 1),
        false => text.replacen(&min, &format!("{min} {range}"), 1),
    };
    if wider == *text { Vec::new() } else { env.set(&var.name, &wider) }
}
