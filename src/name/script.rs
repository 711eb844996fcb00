//! What the scripts on a node's way to its boot make of the environment: that of the command, then the release's own `rel/env.sh`,
//! which the start script sources and which therefore beats the pod.

use super::env::{Env, Lookup, Scope};
use super::launcher::{self, Launch, Program};
use super::mounted::{self, File};
use super::release::Picked;
use super::shell::{self, Assigned, Outcome, Surroundings, Variable};
use super::template::{Sym, Template, Why};
use super::wrapper;
use crate::place::{Focus, Loc, Pointer};
use crate::world::declared;
use crate::world::pod::Container;
use crate::world::workload::Workload;

/// What came of the script of a command line.
struct Wrapped {
    /// The environment of the command that it hands over to.
    env: Env,
    /// That command.
    program: Program,
    /// Its words, behind what only starts it.
    words: Vec<Template>,
    /// That command, if it is not `exec`: the shell starts it as a child, unless it takes the liberty to replace itself.
    child: Option<Loc>,
    /// `sed 's/./-/g'` in it.
    dashes_everything: Option<Loc>,
}

/// What the scripts of a command line make of it.
pub(super) struct Run {
    /// What it starts in the end.
    pub(super) launch: Launch,
    /// The environment of that.
    pub(super) env: Env,
    /// The command that starts it, if it is not `exec`.
    pub(super) child: Option<Loc>,
    /// `sed 's/./-/g'` in one of them.
    pub(super) dashes_everything: Option<Loc>,
}

/// How many scripts are read, one of which runs the next.
const SCRIPTS: usize = 3;

/// Runs the scripts of a command line. What is left after so many may do anything.
pub(super) fn run(scope: Scope<'_>, workload: &Workload, container: &Container, launch: Launch, env: &Env) -> Run {
    let mut run = Run { launch, env: env.clone(), child: None, dashes_everything: None };
    let mut next = run.launch.script.clone();
    let mut left = SCRIPTS;
    while let Some(script) = next.take() {
        let script = if left == 0 { unread(script) } else { script };
        left = left.saturating_sub(1);
        let wrapped = wrapped(scope, workload, &run.env, &script);
        (run.env, run.launch.program) = (wrapped.env, wrapped.program);
        run.launch.start_script = launcher::start_script(&wrapped.words);
        run.launch.by_elixir = !launcher::is_erl(&wrapped.words);
        run.dashes_everything = run.dashes_everything.or(wrapped.dashes_everything);
        let is_first = script.is_first;
        next = next_script(scope, container, &wrapped.words).map(|next| launcher::Script { is_first, ..next });
        // What a script starts as a child is not the container's first process: that stays the script.
        if run.child.is_none() {
            run.child = wrapped.child;
            run.launch.script = next.clone().filter(|_| run.child.is_none()).or(Some(script));
        }
    }
    run
}

/// A script of which nothing is read.
fn unread(script: launcher::Script) -> launcher::Script {
    let text = Template::opaque(Why::Program(script.name.clone()), &script.at);
    launcher::Script { text, shell: script.name.clone(), ..script }
}

/// The script that a command of a script runs.
fn next_script(scope: Scope<'_>, container: &Container, words: &[Template]) -> Option<launcher::Script> {
    let at = |index: usize| Some(words.get(index)?.pieces().first()?.at.clone());
    launcher::shell_script(words, at).or_else(|| mounted::script(scope, container, words))
}

/// Runs the script of a command line.
fn wrapped(scope: Scope<'_>, workload: &Workload, env: &Env, script: &launcher::Script) -> Wrapped {
    let get = |name: &str| variable(env, name);
    let arguments = script.arguments.clone();
    let from = Surroundings { arguments, ..surroundings(scope, workload, &get, &script.at) };
    let outcome = shell::read_template(&script.text, &from);
    // In the bytes of a script that the kubelet filled in, a reference has no length of its own; and one that stands in another
    // may have been written in quotes.
    let literal = script.text.literal().is_some() && !matches!(script.at.focus, Focus::Within(..));
    let place = |range: &std::ops::Range<usize>| {
        if literal { script.at.clone().within(range.clone()) } else { script.at.clone() }
    };
    let mut after = env.clone();
    assign(&mut after, &outcome, |assigned| assigned.exported.then(|| place(&assigned.at)));
    let mut words = Vec::new();
    let program = match &outcome.command {
        Some(command) => {
            for (name, assigned) in &command.with {
                set(&mut after, name, assigned, place(&assigned.at));
            }
            match wrapper::skipped(&command.words) {
                Ok(skipped) => {
                    words = command.words[skipped..].to_vec();
                    Program::of(&words)
                }
                Err(why) => Program::Foreign(why),
            }
        }
        None => Program::Wrapper(script.shell.clone()),
    };
    let child = outcome.command.as_ref().filter(|command| !command.exec).map(|command| place(&command.at));
    let dashes_everything = outcome.sed_eats_everything.first().map(place);
    Wrapped { env: after, program, words, child, dashes_everything }
}

/// The text of a script, and where it is.
type Text = declared::Sourced<String>;

/// What came of `rel/env.sh`.
pub(super) struct Sourced {
    /// The environment of the start script afterwards.
    pub(super) env: Env,
    /// Whether everything that the script may have set is known.
    pub(super) closed: bool,
    /// Its text, where it could be read, and where that is.
    pub(super) text: Option<Text>,
    /// `sed 's/./-/g'` in it.
    pub(super) dashes_everything: Option<Loc>,
}

impl Sourced {
    /// What could not be read may set everything.
    fn unread(env: &Env, why: &Why) -> Self {
        let mut env = env.clone();
        env.forget(why);
        Self { env, closed: false, text: None, dashes_everything: None }
    }
}

/// Runs the `rel/env.sh` that comes out of a ConfigMap, that was given for a workload, or that is its release's.
pub(super) fn sourced(
    scope: Scope<'_>,
    workload: &Workload,
    container: &Container,
    env: &Env,
    release: Option<&Picked>,
    program: &Program,
) -> Option<Sourced> {
    let given = || declared::env_sh_of(scope.object, &scope.world.facts);
    // Of a file that somebody named it is known that it is the image's; what one that was found does not set, the image may.
    let (text, root, is_said) = match mounted::env_sh(scope, container, env) {
        Some(File::Text(text, at)) => (text, at, false),
        Some(File::Unread(why)) => {
            return Some(Sourced::unread(env, &why));
        }
        None => {
            let unread = || release.and_then(|picked| picked.release.unread_env_sh.as_ref());
            if let Some(unread) = unread().filter(|_| given().is_none()) {
                return Some(Sourced::unread(env, &Why::Program(unread.path.clone())));
            }
            let found = || release.and_then(|picked| picked.release.env_sh.as_ref());
            let is_said = given().is_some() || release.is_some_and(|picked| picked.is_said);
            let script = given().or_else(found)?;
            (script.text.as_str(), Pointer::root().of(script.id), is_said)
        }
    };
    let place = |range: std::ops::Range<usize>| root.clone().within(range);
    let name = release.map(|picked| picked.release.name.as_str());
    let gives_way = !is_said && matches!(program, Program::Image | Program::Wrapper(_));
    let is_unset = |variable: &str| matches!(env.lookup(variable), Lookup::Unset);
    let get = |variable: &str| match variable {
        // `RELEASE_COMMAND` is set before the script is sourced; we ask about the node that stays.
        "RELEASE_COMMAND" => Variable::Set(Template::lit("start", &root)),
        // What starts the release may be the image's own, which sets what the script gives way to.
        "RELEASE_NODE" | "RELEASE_DISTRIBUTION" | "RELEASE_NAME" if gives_way && is_unset(variable) => {
            Variable::Unknown(Why::Image)
        }
        "RELEASE_NAME" | "RELEASE_VSN" | "RELEASE_ROOT" if env.get(variable).is_none() => match name {
            Some(name) if variable == "RELEASE_NAME" => Variable::Set(Template::lit(name, &root)),
            _ => Variable::Unknown(Why::Image),
        },
        _ => self::variable(env, variable),
    };
    let from = Surroundings { release: name, ..surroundings(scope, workload, &get, &root) };
    let outcome = shell::read(text, &place, &from);
    let mut after = env.clone();
    // The start script reads its variables in the same shell, exported or not.
    assign(&mut after, &outcome, |assigned| Some(place(assigned.at.clone())));
    let dashes_everything = outcome.sed_eats_everything.first().cloned().map(place);
    let closed = is_said && outcome.anything.is_none();
    Some(Sourced { env: after, closed, text: Some(Text { value: text.to_owned(), at: root }), dashes_everything })
}

fn surroundings<'a>(
    scope: Scope<'_>,
    workload: &Workload,
    get: &'a dyn Fn(&str) -> Variable,
    at: &Loc,
) -> Surroundings<'a> {
    let hostname = Template::sym(Sym::Hostname, at);
    let fqdn = workload.subdomain().map(|subdomain| {
        let mut fqdn = hostname.clone();
        fqdn.push_lit(&format!(".{subdomain}."), at);
        fqdn.push_sym(Sym::Namespace, at);
        fqdn.push_lit(".svc.", at);
        fqdn.push_sym(Sym::ClusterDomain, at);
        fqdn
    });
    Surroundings {
        get,
        hostname,
        fqdn,
        pod_ip: Template::sym(Sym::PodIp, at),
        dotless: !scope.pod.host_network && !scope.object.name.contains('.'),
        arguments: None,
        release: None,
    }
}

/// A variable as a script finds it. What the manifest leaves out the image may set, but hardly the release's own settings,
/// which are the very thing that `rel/env.sh` is for; and `HOSTNAME` is the container runtime's.
pub(super) fn variable(env: &Env, name: &str) -> Variable {
    match env.lookup(name) {
        Lookup::Set(var) => Variable::Set(var.value.clone()),
        Lookup::Open(why) => Variable::Unknown(why.clone()),
        Lookup::Unset if name == "HOSTNAME" || name.starts_with("RELEASE_") => Variable::Unset,
        Lookup::Unset => Variable::Unknown(Why::Image),
    }
}

fn assign(env: &mut Env, outcome: &Outcome, place: impl Fn(&Assigned) -> Option<Loc>) {
    if let Some(why) = &outcome.anything {
        env.forget(why);
    }
    for (name, assigned) in &outcome.variables {
        if let Some(at) = place(assigned) {
            set(env, name, assigned, at);
        }
    }
}

fn set(env: &mut Env, name: &str, assigned: &Assigned, at: Loc) {
    env.set(name, assigned.value.clone().unwrap_or_default(), at);
}
