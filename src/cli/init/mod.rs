//! `beamgate init`: the declaration that is missing, as the app's code says it.

mod choose;
mod project;
mod tell;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;

use super::fix::repair::{Repair, Wanted, Why};
use super::fix::{diff, files};
use super::lint::nothing_to_read;
use super::session::{InputArgs, Session};
use crate::fix::change::Change;
use crate::place::ObjectId;
use crate::rules::finding::{Fix, Safety};
use crate::rules::word;
use crate::trace::Trace;
use crate::trace::coded::{Line, pasted};
use crate::world::code::{Unread, Way};

/// The arguments of `beamgate init`.
#[derive(Debug, clap::Args)]
pub(super) struct InitArgs {
    /// What to read.
    #[command(flatten)]
    input: InputArgs,

    /// The workload that runs the app: `cart`, `statefulset/cart`, `shop/cart` [default: the only one that looks like it].
    #[arg(long, value_name = "WORKLOAD")]
    workload: Option<String>,

    /// Which of several topologies to declare: the one that has to form.
    #[arg(long, value_name = "NAME")]
    topology: Option<String>,

    /// Print what would change, and write nothing.
    #[arg(long)]
    diff: bool,
}

/// What is to be declared of a workload, and what is not known.
struct Plan {
    subject: (usize, ObjectId),
    /// `Deployment shop/cart`.
    title: String,
    lines: Vec<Line>,
    /// What is declared already, whatever it says.
    known: usize,
    /// Options of the strategy that the code has and that were not evaluated: the annotation, and what the code calls it.
    left: Vec<(String, &'static str)>,
    unread: Vec<Unread>,
    fix: Fix,
    /// The command that judges it.
    lint: String,
}

pub(super) fn run(
    args: InitArgs,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let mut input = args.input;
    if input.paths.is_empty() {
        input.paths.push(PathBuf::from("."));
    }
    let is_stream = input.paths.iter().any(|path| path.as_os_str() == "-");
    if is_stream && input.paths.len() > 1 {
        bail!("`-` stands alone: what comes by standard input goes to standard output");
    }
    if input.app.is_none() {
        let first = if is_stream { Path::new(".") } else { input.paths[0].as_path() };
        input.app = Some(project::find(first)?);
    }
    let session = Session::open(&input, stdin)?;
    if let Some(why) = nothing_to_read(&input.paths, &session) {
        bail!(why);
    }
    let mut plan = choose::plan(&session, args.workload.as_deref(), args.topology.as_deref())?;
    plan.lint = lint(&input);
    let wanted = Wanted { input: &input, unsafe_too: true, select: &[], only: None };
    let (repaired, refused) = match plan.lines.is_empty() {
        true => (Repair::new(session, wanted), None),
        false => Repair::new(session, wanted).change(&plan.fix.changes, plan.subject)?,
    };
    let told = tell::tell(&plan, &repaired, refused.as_ref(), args.diff);
    if args.diff {
        repaired.changed().try_for_each(|(source, before)| stdout.write_all(diff(source, before).as_bytes()))?;
        stdout.flush()?;
        stderr.write_all(told.as_bytes())?;
    } else if is_stream {
        repaired.sources().iter().try_for_each(|source| stdout.write_all(source.text.as_bytes()))?;
        stdout.flush()?;
        stderr.write_all(told.as_bytes())?;
    } else {
        files::write(repaired.changed())?;
        stdout.write_all(told.as_bytes())?;
    }
    let waits = args.diff && repaired.changed().next().is_some();
    let is_done = refused.is_none() && plan.left.is_empty() && !waits;
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

impl Plan {
    fn new(world: usize, trace: &Trace<'_>, way: &Way) -> Self {
        let lines = trace.lines_of(way);
        let is_known = |line: &Line| match line.key {
            None => trace.declared.is_some(),
            Some(key) => trace.key(key).is_some(),
        };
        let (known, lines): (Vec<_>, Vec<_>) = lines.into_iter().partition(is_known);
        let at = |line: &Line| match line.key {
            None => trace.pod.at_label(&line.name()),
            Some(_) => trace.pod.at_annotation(&line.name()),
        };
        let changes = lines.iter().map(|line| Change::set(at(line).of(trace.object.id), line.text.as_str()));
        let fix = Fix {
            safety: Safety::Unsafe,
            title: "declare what the app's code says".to_owned(),
            snippet: Some(pasted(&lines)),
            changes: changes.collect(),
            unwritten: None,
            besides: None,
        };
        let unread = Trace::unread_options(way).into_iter();
        let left = unread.filter(|(_, key)| trace.key(*key).is_none());
        Self {
            subject: (world, trace.object.id),
            title: trace.object.title(),
            lines,
            known: known.len(),
            left: left.map(|(called, key)| (key.annotation(), called)).collect(),
            unread: trace.code().map_or_else(Vec::new, |code| code.unread.clone()),
            fix,
            lint: String::new(),
        }
    }
}

/// The command that judges what was read.
fn lint(input: &InputArgs) -> String {
    let app = input.app.iter().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let words = input.paths.iter().map(PathBuf::as_path).chain([Path::new("--app")]).chain(app);
    words.fold("beamgate lint".to_owned(), |command, path| format!("{command} {}", word(&path.to_string_lossy())))
}

/// Why nothing was written, for people.
fn refusal(why: &Why) -> String {
    Some(why.reason()).filter(|reason| !reason.is_empty()).unwrap_or_else(|| "it is not in a file".to_owned())
}
