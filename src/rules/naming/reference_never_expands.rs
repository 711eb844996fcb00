//! # reference-never-expands (BG105)
//!
//! Kubernetes expands `$(VAR)` in the `value` of an environment variable, and only there: not in what comes out of a
//! ConfigMap or Secret, not where `$$` escapes it, and only if `VAR` stands *above* it in the list. Otherwise the text stays
//! as it is, without an error or event. The VM takes any text for a host, so the node boots under that name.
//!
//! ## At run time
//!
//! The node boots and is literally called `cart@$(MY_POD_IP)`; `unable to connect to` its own expected name is all that is
//! logged. In the part before `@` the text crashes the node: `Invalid node name!`. In what the DNS strategies ask:
//! `lookup against $(SERVICE) failed: :nxdomain`.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: RELEASE_NODE
//!     value: cart@$(MY_POD_IP)
//!   - name: MY_POD_IP
//!     valueFrom:
//!       fieldRef:
//!         fieldPath: status.podIP
//! ```
//!
//! ## Fix
//!
//! Define the variable above its use:
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
//! `HOSTNAME` is set by the container runtime, and the image's `ENV` by the image: the kubelet knows neither. Only variables
//! that decide the name, the VM's flags, the cookie or the query are looked at; a cookie that stays literal is the same in
//! every pod and forms a cluster, so that is a warning. With an `envFrom` that is not in the input nothing is said.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/kubelet/kubelet_pods.go`, `makeEnvironmentVariables`, and
//! `third_party/forked/golang/expansion/expand.go`. Seen on a cluster: all four ways, and `$(HOSTNAME)`.

use super::shell_in_env_value::{as_a_name, as_a_query, is_shell};
use crate::fix::change::Change;
use crate::name::env::Var;
use crate::name::template::{Part, Piece, Sym, Template, Unexpanded};
use crate::place::{Focus, Loc};
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::feeds::{Fed, Feeds};
use crate::world::object::{Body, Object};
use crate::world::pod::EnvSource;

pub(super) static RULE: Rule = Rule {
    code: 105,
    slug: "reference-never-expands",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "a `$(VAR)` stays literal",
    source: include_str!("reference_never_expands.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[
        Condition {
            holds: r"variables.releaseNode.matches(r'^([A-Za-z0-9_.@:-]|\$\([A-Za-z_][A-Za-z0-9_]*\))*$') &&
                    variables.named && !variables.hasEnvFrom &&
                    variables.unresolved.exists(x,
                    !(x in variables.programs) && !x.contains('_PORT_') &&
                    !variables.serviceLinks.exists(end, x.endsWith(end)) &&
                    !(variables.injects && (x.startsWith('MY_') || variables.env.exists(e, e.name == x &&
                    has(e.valueFrom) && has(e.valueFrom.fieldRef)) ||
                    variables.inputs.exists(w, w.startsWith(x + '=')))))",
            certain: true,
            says: "RELEASE_NODE is `{variables.releaseNode}`, and $({variables.unresolved.join('), $(')}) stays \
                   literal, for it is not defined above it; at run time the node boots under that very text and \
                   nobody reaches it; fix: define it above RELEASE_NODE",
        },
        Condition {
            holds: r"variables.named &&
                    variables.releaseNode.matches(r'^([A-Za-z0-9_.@:-]|\$?\$\([A-Za-z_][A-Za-z0-9_]*\))*$') &&
                    variables.releaseNode.matches(r'\$\$\(') &&
                    !variables.programs.exists(program, variables.releaseNode.contains('$$(' + program + ')'))",
            certain: true,
            says: "RELEASE_NODE is `{variables.releaseNode}`, and `$$` keeps Kubernetes from expanding what follows; \
                   at run time the node boots under that very text and nobody reaches it; fix: write one dollar sign",
        },
    ],
    "references in other variables than RELEASE_NODE and in those that it refers to, and those out of a ConfigMap; with any `envFrom`, all but escaped ones",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let mut said: Vec<&Part> = Vec::new();
    for fed in trace.feeding() {
        for piece in fed.value.pieces() {
            let Part::Unexpanded(text, why) = &piece.part else { continue };
            let name = text.trim_start_matches("$(").trim_end_matches(')');
            // A misspelt distribution is BG102's, a command BG106's.
            let of_another = is_shell(name) || fed.feeds == Feeds::Distribution && found.has(&[102]);
            if of_another || said.contains(&&piece.part) {
                continue;
            }
            said.push(&piece.part);
            let reference = Reference { trace, fed: &fed, piece, name, why };
            let message = format!("`$({name})` in {} stays literal: {}", fed.what, reference.reason());
            let finding = found.refute(&RULE, message);
            reference.consequence(finding);
            reference.label(finding);
            reference.fix(finding);
        }
    }
}

/// A reference that stays as it was written.
struct Reference<'r, 'w> {
    trace: &'r Trace<'w>,
    fed: &'r Fed<'r>,
    piece: &'r Piece,
    name: &'r str,
    why: &'r Unexpanded,
}

impl<'w> Reference<'_, 'w> {
    fn reason(&self) -> String {
        match self.why {
            Unexpanded::Later => format!("{} is defined further down", self.name),
            Unexpanded::Undefined => match self.meant() {
                Some(meant) => format!("nothing defines {}; did you mean `$({})`?", self.name, meant.name),
                None => format!("nothing defines {}", self.name),
            },
            Unexpanded::Escaped => "`$$` escapes it".to_owned(),
            Unexpanded::FromConfigMap(map) => format!("what comes out of ConfigMap `{map}` is never expanded"),
        }
    }

    fn consequence(&self, finding: &mut Finding) {
        match self.fed.feeds {
            Feeds::Name => {
                finding.symptom(as_a_name(self.trace, self.fed));
            }
            Feeds::Distribution => {
                finding.symptom(Symptom::BadDistribution(self.fed.value.to_string()));
            }
            Feeds::Query => {
                finding.symptom(as_a_query(self.trace));
            }
            Feeds::Cookie => {
                finding.at_most(Severity::Warning).effect(Effect::Risks);
                finding.note("the cookie is these very characters, in every pod: anybody can guess it");
            }
            Feeds::Flags => {
                finding.at_most(Severity::Warning).effect(Effect::Risks);
            }
        }
    }

    fn label(&self, finding: &mut Finding) {
        let origin = self.trace.origin(&self.piece.part).unwrap_or(&self.piece.at);
        finding.label(origin.clone(), "stays as it is written");
        if origin.pointer != self.piece.at.pointer {
            finding.label(self.piece.at.clone(), format!("{} takes it from there", self.fed.what));
        }
        match self.why {
            Unexpanded::Later => {
                if let Some(at) = self.definition() {
                    finding.label(at, "defined here, below its use");
                }
            }
            Unexpanded::FromConfigMap(map) => {
                if let Some(at) = self.in_config_map(map) {
                    finding.label(at, "never expanded here");
                }
            }
            Unexpanded::Undefined => {
                if let Some(meant) = self.meant() {
                    finding.label(meant.at.clone(), "is this meant?");
                }
            }
            Unexpanded::Escaped => {}
        }
    }

    fn fix(&self, finding: &mut Finding) {
        let name = self.name;
        match self.why {
            Unexpanded::Later => {
                finding.fix(Safety::Safe, format!("move {name} above its use")).changes(self.moved_up())
            }
            Unexpanded::Escaped => finding
                .fix(Safety::Safe, format!("write `$({name})`, with one dollar sign"))
                .changes(self.substituted(name)),
            Unexpanded::FromConfigMap(_) => {
                finding.fix(Safety::Safe, "write the value into `env` itself, below what it refers to");
                if self.fed.feeds != Feeds::Cookie {
                    finding.changes(self.written_out());
                }
                finding
            }
            Unexpanded::Undefined => match (self.meant(), field(name)) {
                (Some(meant), _) => finding
                    .fix(Safety::Safe, format!("write `$({})`", meant.name))
                    .changes(self.substituted(&meant.name)),
                (None, Some(path)) => finding
                    .fix(Safety::Safe, format!("define {name} above its use"))
                    .changes(self.env().map(|env| env.define(name, path, self.user(&env)))),
                (None, None) => finding.fix(Safety::Unsafe, format!("define {name} above its use")),
            },
        };
    }

    fn env(&self) -> Option<EnvList<'_, 'w>> {
        EnvList::of(self.trace)
    }

    /// Where the reference is written.
    fn written(&self) -> &Loc {
        self.trace.origin(&self.piece.part).unwrap_or(&self.piece.at)
    }

    /// The variable in whose value the reference is written.
    fn user(&self, env: &EnvList<'_, '_>) -> Option<usize> {
        env.index_of(self.written())
    }

    fn substituted(&self, name: &str) -> Option<Change> {
        let at = self.written();
        let is_exact = matches!(at.focus, Focus::Within(..));
        is_exact.then(|| Change::Substitute { at: at.clone(), text: format!("$({name})") })
    }

    fn moved_up(&self) -> Option<Change> {
        let env = self.env()?;
        env.move_above(self.trace.container?.env_index(self.name)?, self.user(&env)?)
    }

    /// The value of a ConfigMap as a value of the variable that has it from there.
    fn written_out(&self) -> Vec<Change> {
        let env = self.env().filter(|_| self.trace.env.get(&self.fed.what).is_some());
        env.map_or_else(Vec::new, |env| env.set(&self.fed.what, &self.fed.value.to_string()))
    }

    /// The variable that was probably meant: one that is called nearly so, or the pod's address.
    fn meant(&self) -> Option<&Var> {
        let vars = || self.trace.env.vars().iter().filter(|var| var.name != self.fed.what && is_plain(&var.value));
        let is_address = |var: &&Var| self.name.contains("IP") && var.value.syms().eq([Sym::PodIp]);
        let is_alike = |var: &&Var| var.name.ends_with(self.name) || self.name.ends_with(&var.name);
        vars().find(is_alike).or_else(|| vars().find(is_address))
    }

    fn definition(&self) -> Option<Loc> {
        let container = self.trace.container?;
        let index = container.env_index(self.name)?;
        Some(container.at_env(index).of(self.trace.object.id))
    }

    /// The key of the ConfigMap that says it.
    fn in_config_map(&self, map: &str) -> Option<Loc> {
        let object: &Object = self.trace.world.config_maps_named(self.trace.object, map).into_iter().next()?;
        let Body::ConfigMap(config) = &object.body else { return None };
        let var = self
            .trace
            .env
            .vars()
            .iter()
            .find(|var| var.value.pieces().iter().any(|piece| piece.part == self.piece.part))?;
        let source = var.index.and_then(|index| self.trace.container?.env.get(index)).map(|entry| &entry.source);
        let (key, _) = config.data.iter().find(|(key, _)| match source {
            Some(EnvSource::ConfigMap(from)) => from.key == *key,
            _ => var.name.ends_with(key.as_str()),
        })?;
        Some(object.at(&["data"]).pointer.key(key.clone()).of(object.id))
    }
}

/// Whether a value is known, so that it makes sense to refer to it.
fn is_plain(value: &Template) -> bool {
    !value.is_empty() && value.pieces().iter().all(|piece| !matches!(piece.part, Part::Unexpanded(..)))
}

/// The field of the downward API that a variable of this name usually is.
fn field(name: &str) -> Option<&'static str> {
    let words: Vec<&str> = name.split('_').collect();
    match words.as_slice() {
        [.., "IP"] => Some("status.podIP"),
        [.., "NAMESPACE" | "NS"] => Some("metadata.namespace"),
        [.., "HOSTNAME"] | [.., "POD", "NAME"] => Some("metadata.name"),
        _ => None,
    }
}
