//! # shell-in-env-value (BG106)
//!
//! No shell ever reads the values of `env`. Kubernetes knows one form, `$(VAR)`; a `${VAR}`, a `$VAR`, a `$(hostname -i)` or a
//! command in backquotes stays as it is, and the release takes it for the name.
//!
//! ## At run time
//!
//! With spaces in it the start script falls apart: `init terminating in do_boot`, and the
//! pod restarts for ever. Without, the node boots and is literally called `cart@${MY_POD_IP}`; `unable to connect to` the
//! names that its peers ought to have is all that is logged.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: RELEASE_NODE
//!     value: cart@$(hostname -i)
//! ```
//!
//! ## Fix
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
//! Or let a shell do it: the same line in the image's `rel/env.sh` works. A `${X}` that no container of the pod defines is
//! taken for a placeholder that `envsubst` or a GitOps engine fills in before, and nothing is said. Only variables that decide
//! the name, the VM's flags, the cookie or the query are looked at.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `third_party/forked/golang/expansion/expand.go`; what the release does with it was tried with Elixir 1.14.

use crate::fix::change::Change;
use crate::name::boot::{Boot, Crash};
use crate::name::placeholder::is_definition;
use crate::name::template::{Part, Piece, Sym};
use crate::place::{Focus, Loc};
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::feeds::{Fed, Feeds};

pub(super) static RULE: Rule = Rule {
    code: 106,
    slug: "shell-in-env-value",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "shell syntax where no shell runs",
    source: include_str!("shell_in_env_value.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[
        Condition {
            holds: "variables.named && !variables.releaseNode.matches('[${<]') &&
                    variables.releaseNode.matches('`[^`]*`')",
            certain: true,
            says: "RELEASE_NODE is `{variables.releaseNode}`, with a command that no shell runs; at run time the \
                   node is literally called so, or does not boot; fix: let the kubelet fill it in, as $(MY_POD_IP) \
                   does",
        },
        Condition {
            holds: r"variables.named && !variables.hasEnvFrom && !variables.releaseNode.matches(r'\$\$|\{|<') &&
                    variables.references.exists(x,
                    !(x in variables.names) && !x.contains('_PORT') && !x.contains('_SERVICE_HOST') &&
                    (x.matches('[^A-Za-z0-9_.-]') || x in variables.programs))",
            certain: true,
            says: "RELEASE_NODE is `{variables.releaseNode}`, with a command that no shell runs; at run time the \
                   node is literally called so, or does not boot; fix: let the kubelet fill it in, as $(MY_POD_IP) \
                   does",
        },
        Condition {
            holds: r"variables.named && !variables.releaseNode.matches(r'\$\$|\$\(|\{\{|<%|`') &&
                    variables.releaseNode.matches(r'\$\{?[A-Za-z_]') &&
                    variables.releaseNode.findAll(r'\$\{?[A-Za-z_][A-Za-z0-9_]*').map(x,
                    x.replace('$', '').replace('{', '')).all(x, x != 'RELEASE_NODE' && x in variables.names &&
                    variables.env.all(e, e.name != x || (has(e.valueFrom) ? has(e.valueFrom.fieldRef) :
                    !(has(e.value) && e.value.contains('$')))))",
            certain: true,
            says: "RELEASE_NODE is `{variables.releaseNode}`: Kubernetes expands $(VAR) and nothing else; at run \
                   time the node is literally called so; fix: write $(VAR), below the variable",
        },
    ],
    "shell syntax in other variables than RELEASE_NODE, variables that are read from elsewhere, and the warning where it may be a placeholder",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let mut said: Vec<String> = Vec::new();
    for fed in trace.feeding() {
        for piece in fed.value.pieces() {
            let Some(syntax) = syntax(trace, piece) else { continue };
            let of_another = fed.feeds == Feeds::Distribution && found.has(&[102]);
            let may_be_text = fed.feeds == Feeds::Cookie && !syntax.is_known_variable;
            if of_another || may_be_text || !trace.is_out_of_reach_of_a_shell(&piece.at) || said.contains(&syntax.text)
            {
                continue;
            }
            said.push(syntax.text.clone());
            let message = format!("`{}` in {} is shell syntax, and no shell runs it", syntax.text, fed.what);
            // `envsubst` fills in a `$X`, too.
            let finding =
                if syntax.may_be_a_placeholder { found.suspect(&RULE, message) } else { found.refute(&RULE, message) };
            finding.label(place(trace, piece, &syntax.text), "stays as it is written");
            consequence(trace, &fed, finding);
            fix(trace, &fed, piece, &syntax, finding);
        }
    }
}

fn consequence(trace: &Trace<'_>, fed: &Fed<'_>, finding: &mut Finding) {
    match fed.feeds {
        Feeds::Name => {
            finding.symptom(as_a_name(trace, fed));
        }
        Feeds::Distribution => {
            finding.symptom(Symptom::BadDistribution(fed.value.to_string()));
        }
        Feeds::Query => {
            finding.symptom(as_a_query(trace));
        }
        Feeds::Cookie | Feeds::Flags => {
            finding.at_most(Severity::Warning).effect(Effect::Risks);
        }
    }
}

/// What is seen where the text as it was written is asked for.
pub(super) fn as_a_query(trace: &Trace<'_>) -> Symptom {
    trace.asked_service().map_or(Symptom::Silence, |asked| trace.nothing_found(asked))
}

/// What becomes of a node whose name is the text as it was written.
pub(super) fn as_a_name(trace: &Trace<'_>, fed: &Fed<'_>) -> Symptom {
    match trace.boot() {
        Some(Boot::Crash(Crash::Words)) => Symptom::Words,
        Some(Boot::Crash(Crash::InvalidName)) => Symptom::InvalidNodeName,
        _ => Symptom::CalledLiterally(trace.identity.show(fed.value)),
    }
}

fn fix(trace: &Trace<'_>, fed: &Fed<'_>, piece: &Piece, syntax: &Syntax, finding: &mut Finding) {
    let at = place(trace, piece, &syntax.text);
    let write = |name: &str| Change::Substitute { at: at.clone(), text: format!("$({name})") };
    if syntax.is_known_variable {
        let name = syntax.text.trim_matches(['$', '{', '}']);
        finding.fix(Safety::Safe, format!("write `$({name})`, and define {name} above it")).changes([write(name)]);
        return;
    }
    if fed.feeds != Feeds::Name {
        finding.fix(Safety::Unsafe, "write the value itself");
        return;
    }
    let (name, path) = match syntax.text.contains("-i") || syntax.text.contains("-I") || syntax.text.contains("IP") {
        true => ("MY_POD_IP", "status.podIP"),
        false => ("MY_POD_NAME", "metadata.name"),
    };
    let existing = trace.env.vars().iter().find(|var| name == "MY_POD_IP" && var.value.syms().eq([Sym::PodIp]));
    let reference = existing.map_or(name, |var| var.name.as_str());
    finding.fix(Safety::Safe, format!("let the kubelet fill it in: `$({reference})`"));
    let env = EnvList::of(trace);
    let definition = env.as_ref().filter(|_| existing.is_none()).map(|env| env.define(name, path, env.index_of(&at)));
    if let Some(value) = env.as_ref().and_then(|env| env.with_reference(&at, &format!("$({reference})"))) {
        let above = if existing.is_none() { bound(name, path) } else { String::new() };
        finding.snippet(above + &value);
    }
    // The value is written before what it needs moves it down.
    finding.changes(std::iter::once(write(reference)).chain(definition));
}

/// The lines that bind a variable to a field.
fn bound(name: &str, field: &str) -> String {
    format!("- name: {name}\n  valueFrom:\n    fieldRef:\n      fieldPath: {field}\n")
}

/// Where the syntax stands, within the text around it.
fn place(trace: &Trace<'_>, piece: &Piece, syntax: &str) -> Loc {
    let at = trace.origin(&piece.part).unwrap_or(&piece.at).clone();
    let offset = piece.part.text().and_then(|text| text.find(syntax));
    match (&at.focus, offset) {
        (Focus::Within(start, _), Some(offset)) => {
            let start = *start as usize + offset;
            at.within(start..start + syntax.len())
        }
        _ => at,
    }
}

/// Something that only a shell understands.
struct Syntax {
    text: String,
    /// `$X` or `${X}` where the container has an `X`.
    is_known_variable: bool,
    may_be_a_placeholder: bool,
}

fn syntax(trace: &Trace<'_>, piece: &Piece) -> Option<Syntax> {
    match &piece.part {
        Part::Unexpanded(text, _) => {
            let name = text.trim_start_matches("$(").trim_end_matches(')');
            is_shell(name).then(|| Syntax { text: text.clone(), is_known_variable: false, may_be_a_placeholder: false })
        }
        Part::Lit(text) => variable(trace, text).or_else(|| backquoted(text)),
        _ => None,
    }
}

/// `$X` or `${X}`.
fn variable(trace: &Trace<'_>, text: &str) -> Option<Syntax> {
    let (name, braces) = text.match_indices('$').find_map(|(at, _)| {
        let behind = &text[at + 1..];
        let inner = behind.trim_start_matches('{');
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let name =
            inner.get(..end).filter(|name| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()))?;
        Some((name, behind.starts_with('{')))
    })?;
    let mut own = trace.container.into_iter().flat_map(|container| &container.env).filter(|var| var.name == name);
    let known = trace.env.get(name).is_some() && own.all(|var| is_definition(var, name));
    let text = if braces { format!("${{{name}}}") } else { format!("${name}") };
    Some(Syntax { text, is_known_variable: known, may_be_a_placeholder: !known })
}

fn backquoted(text: &str) -> Option<Syntax> {
    let (_, behind) = text.split_once('`')?;
    let (command, _) = behind.split_once('`')?;
    Some(Syntax { text: format!("`{command}`"), is_known_variable: false, may_be_a_placeholder: false })
}

/// Programs that people call for a name.
pub(crate) const PROGRAMS: [&str; 6] = ["hostname", "uname", "whoami", "date", "pwd", "id"];

/// Whether what stands between `$(` and `)` is a command, not the name of a variable.
pub(super) fn is_shell(name: &str) -> bool {
    let in_a_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !name.chars().all(in_a_name) || PROGRAMS.contains(&name)
}
