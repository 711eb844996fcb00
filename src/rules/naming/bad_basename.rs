//! # bad-basename (BG107)
//!
//! The part of a node's name before `@` may hold letters, digits, `_` and `-`. The VM refuses anything else, dots above all,
//! and does not start.
//!
//! ## At run time
//!
//! `Invalid node name! Please check your configuration`, and the pod restarts for ever.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: RELEASE_NODE
//!     value: shop.cart@$(MY_POD_IP)
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!   - name: RELEASE_NODE
//!     value: shop_cart@$(MY_POD_IP)
//! ```
//!
//! The basename that the peers dial (`kubernetes_node_basename`, `application_name`) must change with it. With `Gossip`, `Epmd`,
//! `LocalEpmd`, `ErlangHosts` and `Announced` they make no names, and what `beamgate.dev/basename` says is read by nobody.
//!
//! ## Facts
//!
//! OTP 25.2.3, `net_kernel.erl`, `valid_name_head/1`: `^[0-9A-Za-z_\-]+$`.

use crate::discovery::Dialled;
use crate::name::boot::{Boot, Crash};
use crate::name::template::{Part, Sym};
use crate::place::Loc;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::declared::Key;

pub(super) static RULE: Rule = Rule {
    code: 107,
    slug: "bad-basename",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Person("what the node is to be called, and its peers are to dial"),
    summary: "the part before `@` has a character that the VM refuses",
    source: include_str!("bad_basename.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[
        Condition {
            holds: "variables.distribution in ['', 'name', 'sname'] &&
                    variables.name.matches('^[A-Za-z0-9_.:-]*[.:][A-Za-z0-9_.:-]*(@[^?]*)?$')",
            certain: true,
            says: "`{variables.name.split('@')[0]}`, the part of RELEASE_NODE before `@`, has a character that the \
                   VM refuses; at run time: `Invalid node name!`, and the pod restarts for ever; fix: letters, \
                   digits, `_` and `-` are allowed",
        },
        Condition {
            holds: r"!(variables.strategy in ['Gossip', 'Announced', 'Epmd', 'LocalEpmd', 'ErlangHosts']) &&
                    !variables.basename.matches(r'\$\{|\{\{|<%') &&
                    variables.basename.split('$(')[0].matches('[^A-Za-z0-9_-]')",
            certain: true,
            says: "`beamgate.dev/basename: {variables.basename}` has a character that the VM refuses; at run time: \
                   `Invalid node name!`, and the pod restarts for ever; fix: letters, digits, `_` and `-` are \
                   allowed",
        },
    ],
    "names in the VM's flags, and names that refer to more than one level of variables",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some((base, refused, at)) = in_the_name(trace).or_else(|| in_the_declaration(trace)) else { return };
    let message = format!("basename `{base}` has `{refused}`; allowed are letters, digits, `_` and `-`");
    found
        .refute(&RULE, message)
        .label(at, "the VM refuses this name")
        .symptom(Symptom::InvalidNodeName)
        .fix(Safety::Unsafe, "rename the node, and what its peers dial");
}

fn in_the_name(trace: &Trace<'_>) -> Option<(String, char, Loc)> {
    let naming = trace.naming.as_ref()?;
    if !matches!(naming.boot, Boot::Crash(Crash::InvalidName | Crash::Words)) {
        return None;
    }
    let (name, at) = naming.written()?;
    let base = name.split_once('@').map_or_else(|| name.clone(), |(base, _)| base);
    let unexpanded = |part: &Part| matches!(part, Part::Unexpanded(..)) || part.text().is_some_and(is_shell);
    if base.pieces().iter().any(|piece| unexpanded(&piece.part)) {
        return None; // BG105 and BG106 say why
    }
    let refused = base.pieces().iter().enumerate().find_map(|(number, piece)| match &piece.part {
        Part::Sym(Sym::PodIp | Sym::PodIps | Sym::HostIp) => Some('.'),
        part => part.text().and_then(|text| refused(if number == 0 { text.trim_start() } else { text })),
    });
    Some((base.to_string(), refused?, at))
}

/// Where peers make no names, nobody reads what is declared.
fn in_the_declaration(trace: &Trace<'_>) -> Option<(String, char, Loc)> {
    if trace.dialled() != Dialled::Made {
        return None;
    }
    let declared = trace.declared.as_ref()?.get(Key::Basename)?;
    // A reference to a variable is not a name yet.
    let text = declared.value.trim().split("$(").next()?;
    Some((declared.value.clone(), refused(text)?, declared.at.clone()))
}

/// A dollar sign or a backquote was meant to become something else.
fn is_shell(text: &str) -> bool {
    text.contains(['$', '`'])
}

fn refused(base: &str) -> Option<char> {
    base.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '_' && *c != '-')
}
