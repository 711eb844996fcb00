//! # name-source-conflict (BG103)
//!
//! A name in the VM's flags beats the one that a release is given: `-name` in `ERL_AFLAGS` or `ELIXIR_ERL_OPTIONS` stands before
//! everything that the start script writes, any `-sname` beats every `-name`, and a VM that is started by hand does not read
//! RELEASE_NODE at all.
//!
//! ## At run time
//!
//! `Multiple -name given to erl, using the first, "cart@cart-0"`, and then `unable to connect to` the name that the peers
//! expect, every five seconds.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: ERL_AFLAGS
//!     value: -name cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local
//!   - name: RELEASE_DISTRIBUTION
//!     value: name
//!   - name: RELEASE_NODE
//!     value: cart@$(MY_POD_IP)
//! ```
//!
//! ## Fix
//!
//! Say the name in one place. Take it out of the flags:
//!
//! ```yaml
//! env:
//!   - name: RELEASE_DISTRIBUTION
//!     value: name
//!   - name: RELEASE_NODE
//!     value: cart@$(MY_POD_IP)
//! ```
//!
//! It is an error only where RELEASE_NODE is what the peers dial, and the flags are not. Where it is the other way round the
//! nodes find each other, and this is a warning: `bin/cart rpc` and `bin/cart remote` look for a node that is not there.
//! Where neither is right, BG301 says so.
//!
//! A release of relx does not read RELEASE_NODE either: its name is in its `vm.args`, which is read where it is shown (`--vm-args`).
//!
//! ## Facts
//!
//! OTP 25.2.3, `erl_distribution.erl`; `erlexec` puts `ERL_AFLAGS` before the command line's flags, `ERL_FLAGS` and `ERL_ZFLAGS`
//! behind. `ELIXIR_ERL_OPTIONS` is the first on the command line of `elixir` (`bin/elixir`, Elixir 1.14), before the start script's own
//! `--name` and its `vm.args`; `erl` and relx do not read it. A release of Elixir 1.14 took the names in that order.

use crate::fix::change::Change;
use crate::name::boot::{self, Boot, Naming, Setting};
use crate::name::launcher::Program;
use crate::name::same::Same;
use crate::name::template::{Part, Template};
use crate::rules::env::{EnvList, is_injected};
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::{Agreement, Trace};
use crate::world::pod::EnvSource;

pub(super) static RULE: Rule = Rule {
    code: 103,
    slug: "name-source-conflict",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "RELEASE_NODE loses against a name in the VM's flags",
    source: include_str!("name_source_conflict.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs the name that the VM's flags give"),
};

const NODE: &str = "RELEASE_NODE";

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(naming) = trace.naming.as_ref().filter(|naming| naming.declared.is_none()) else { return };
    let (Some(flag), Setting::Set(node)) = (&naming.flag, &naming.node) else { return };
    let Boot::Named(own) = &naming.boot else { return };
    // BG105 and BG106 say what is wrong with such a name.
    let stays_literal =
        own.contains('$') || own.pieces().iter().any(|piece| matches!(piece.part, Part::Unexpanded(..)));
    if is_injected(trace, NODE) || stays_literal {
        return;
    }
    let Boot::Named(meant) = boot::long(&node.value, trace.workload) else { return };
    let is = |a: &Template, b: &Template| trace.identity.same(a, b);
    if !matches!(is(own, &meant), Same::No { .. }) {
        return;
    }
    let meant_shown = trace.identity.show(&meant);
    let is_relx = naming.is_by_vm_args();
    let message = match naming.launch.program {
        Program::Vm(_) if is_relx => {
            format!("RELEASE_NODE is `{meant_shown}`, and the start script of relx does not read it")
        }
        Program::Vm(_) => format!("RELEASE_NODE is `{meant_shown}`, and a VM that is started by hand does not read it"),
        _ => format!("RELEASE_NODE is `{meant_shown}`, and the name in the VM's flags beats it"),
    };
    let dialled = trace.dials.iter().find(|dial| is(&dial.name, &meant) == Same::Yes);
    let finding = match (trace.agreement(), dialled) {
        (Agreement::Differs(..), Some(dial)) => {
            let dialled = trace.identity.example(&dial.name);
            let given_twice = !matches!(naming.launch.program, Program::Vm(_)) && flag.value.long;
            found.refute(&RULE, message).symptom(match given_twice {
                true => Symptom::NamedTwice,
                false => Symptom::UnableToConnect(dialled),
            })
        }
        // Neither is right: BG301.
        (Agreement::Differs(..), None) => return,
        _ => found.refute(&RULE, message).at_most(Severity::Warning).effect(Effect::Risks).symptom(Symptom::Seen(
            format!("`bin/<release> rpc` and `remote` look for `{}`: `:nodedown`", trace.identity.example(&meant)),
        )),
    };
    finding.label(flag.at.clone(), format!("the node is called `{}`", trace.identity.show(own)));
    finding.label(node.at.clone(), "loses");
    mend(trace, naming, finding);
}

/// Whether nobody wrote a variable: the webhook would.
fn mend(trace: &Trace<'_>, naming: &Naming, finding: &mut Finding) {
    match naming.launch.program {
        Program::Vm(_) if naming.is_by_vm_args() => {
            finding.fix(Safety::Unsafe, "name the node in vm.args, and nowhere else")
        }
        Program::Vm(_) => finding.fix(Safety::Unsafe, "name the node on the command line, and nowhere else"),
        _ if finding.effect == Effect::Breaks => {
            finding.fix(Safety::Unsafe, "take the name out of the flags").changes(without_name(trace, naming))
        }
        _ => finding.fix(Safety::Unsafe, "say the name in RELEASE_NODE alone"),
    };
}

/// The variable of the flags, without the name; without anything left, no variable.
fn without_name(trace: &Trace<'_>, naming: &Naming) -> Vec<Change> {
    let named = naming.flags.iter().find(|flags| naming.flag.as_ref().is_some_and(|flag| flag.at == flags.at));
    let (Some(env), Some(var)) = (EnvList::of(trace), named.and_then(|flags| trace.env.get(flags.variable))) else {
        return Vec::new();
    };
    let source = var.index.and_then(|index| Some(&trace.container?.env.get(index)?.source));
    let Some(EnvSource::Value(text)) = source else { return Vec::new() };
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let Some(at) = words.iter().position(|word| matches!(*word, "-name" | "-sname")) else { return Vec::new() };
    words.drain(at..words.len().min(at + 2));
    match words.is_empty() {
        true => var.index.and_then(|index| env.remove(index)).into_iter().collect(),
        false => env.set(&var.name, &words.join(" ")),
    }
}
