//! What a POSIX shell script makes of the variables of a pod, before there is a pod.
//!
//! `rel/env.sh` and `command: ["sh", "-c", "…"]` compute node names from the pod's address or host name. This reader runs
//! such a script with [templates](Template) for values: assignments, quotes, `${X:-…}`, `if`, `case`, functions, and
//! `$(…)` of the few programs that people use for it (`hostname`, `echo`, `printf`, `tr`, `sed`, `cut`, `cat`, `head`, `awk '{print $1}'`).
//! Where it cannot tell what a shell would do, the value is opaque and says why. It never guesses: `tests/shell_oracle.rs`
//! holds every answer against the shell of the machine.
//!
//! Programs that are not known are taken to have no part in the variables; files that are sourced, `eval` and syntax that
//! cannot be read are taken to have set all of them.

mod builtins;
mod command;
mod dollar;
mod effects;
mod eval;
mod expand;
mod fields;
mod flow;
mod lexer;
mod parser;
mod pattern;
mod script;
mod sed;
mod simple;
mod state;
mod syntax;
mod tools;
mod vars;

use std::ops::Range;

use super::template::{Template, Why};
use crate::place::Loc;

/// A variable as the script finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// It is in the environment.
    Set(Template),
    /// It is certainly not there.
    Unset,
    /// It may be there, with any value.
    Unknown(Why),
}

/// What the shell sees when it starts.
pub struct Surroundings<'a> {
    /// Its environment.
    pub get: &'a dyn Fn(&str) -> Variable,
    /// What `hostname` prints.
    pub hostname: Template,
    /// What `hostname -f` prints where the pod has a subdomain; without one it prints the host name.
    pub fqdn: Option<Template>,
    /// What `hostname -i` prints.
    pub pod_ip: Template,
    /// Whether host name and pod name are single DNS labels: not with `hostNetwork`, nor where a workload's name has dots.
    pub dotless: bool,
    /// `$1`, `$2`, … where they are known.
    pub arguments: Option<Vec<Template>>,
    /// What `<%= @release.name %>` was filled with when the release was built, where that is known.
    pub release: Option<&'a str>,
}

/// The last value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Its value; `None` where the script unset it.
    pub value: Option<Template>,
    /// Whether programs certainly see it: it is exported, or it came from the environment.
    pub exported: bool,
    /// The assignment in the script, in bytes.
    pub at: Range<usize>,
}

/// A command that keeps running once the script is through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The program and its arguments. A word with an opaque part may stand for several, or for none.
    pub words: Vec<Template>,
    /// Whether it was run by `exec`, and so gets the container's signals.
    pub exec: bool,
    /// Variables that were assigned for this command only: `RELEASE_NODE=x exec bin/app start`.
    pub with: Vec<(String, Assigned)>,
    /// Where it stands in the script, in bytes.
    pub at: Range<usize>,
}

impl Running {
    /// The words behind the program.
    pub fn arguments(&self) -> &[Template] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// What came of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The variables that it assigned, sorted by name.
    pub variables: Vec<(String, Assigned)>,
    /// Why any other variable may have been set too: a file that was sourced, `eval`, a syntax error.
    pub anything: Option<Why>,
    /// What the script hands over to: the command of its `exec`, or the last one that it ran. `None` where that is not
    /// clear.
    pub command: Option<Running>,
    /// The script certainly ends here, by `exit` or with an error, and what stands behind is not reached. Where it only may
    /// end early, the outcome is what it comes to if it does not.
    pub stops: Option<(Range<usize>, String)>,
    /// `sed 's/./-/g'`: the dot is not escaped, so every character becomes a dash.
    pub sed_eats_everything: Vec<Range<usize>>,
    /// Constructs that were not followed.
    pub unread: Vec<(Range<usize>, String)>,
}

impl Outcome {
    /// What the script made of a variable, if it touched it.
    pub fn variable(&self, name: &str) -> Option<&Assigned> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, assigned)| assigned)
    }
}

/// Reads a script. `place` says where bytes of it were written.
pub fn read(script: &str, place: &dyn Fn(Range<usize>) -> Loc, from: &Surroundings<'_>) -> Outcome {
    script::read(script, &std::collections::BTreeMap::new(), place, from)
}

/// Reads a script that the kubelet filled in: in `command` and `args` it expands `$(MY_POD_IP)` before there is a shell.
///
/// Byte ranges of the outcome count each part that is not literal text as [one character](PLACEHOLDER).
pub fn read_template(script: &Template, from: &Surroundings<'_>) -> Outcome {
    script::read_template(script, from)
}

/// Stands for a part without a text in the byte ranges of [`read_template`]; three bytes long.
pub const PLACEHOLDER: char = '\u{fffc}';

/// The text of a construct, short enough for a message.
fn clip(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut line = text.split_whitespace().take(LONGEST).collect::<Vec<_>>().join(" ");
    if let Some((index, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(index);
        line.push('…');
    }
    line
}
