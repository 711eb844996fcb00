//! `beamgate advise`: which strategy a workload is to use, what each would take, and what to write for the one at hand.

mod advice;
mod json;
mod reasons;
mod tell;
mod weigh;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::ValueEnum;

use self::advice::Advice;
use self::weigh::Weighed;
use super::fix::{files, is_writable};
use super::lint::nothing_to_read;
use super::live::LiveArgs;
use super::session::{InputArgs, Session};
use super::trace::{is_meant, known};
use crate::advise::CANDIDATES;
use crate::discovery::edit_distance;
use crate::manifest::Source;
use crate::place::ObjectId;
use crate::rules::TraceVerdict;
use crate::trace::Trace;
use crate::world::object::Object;

pub use self::json::schema;

/// The arguments of `beamgate advise`.
#[derive(Debug, clap::Args)]
pub(super) struct AdviseArgs {
    /// The workload: `cart`, `deployment/cart`, `shop/cart`.
    #[arg(value_name = "WORKLOAD")]
    workload: String,

    /// What to read.
    #[command(flatten)]
    input: InputArgs,

    /// Whether a cluster is around the files: what it has need not be written, and a new name must not be one of its.
    #[command(flatten)]
    live: LiveArgs,

    /// Say what to write for this one [default: the first of the ranking]. Of several that are called so, such as `Kubernetes`
    /// or `Kubernetes:ip`, it is the first.
    #[arg(long, value_name = "NAME[:MODE[:LOOKUP]]")]
    strategy: Option<String>,

    /// Write the manifests. What belongs into the app is printed, and written by nobody.
    #[arg(long)]
    write: bool,

    /// How to say it.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// How to say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For scripts: `beamgate.dev/advise/v1`.
    Json,
}

pub(super) fn run(args: &AdviseArgs, stdin: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let mut input = args.input.clone();
    if input.paths.is_empty() {
        input.paths.push(PathBuf::from("."));
    }
    if args.write && input.paths.iter().any(|path| path.as_os_str() == "-") {
        bail!("--write is for files: standard input has none, and the diff is printed without it");
    }
    let session = args.live.open(&input, stdin)?;
    if let Some(why) = nothing_to_read(&input.paths, &session) {
        bail!(why);
    }
    let subject = subject(&session, &args.workload)?;
    let advice = Advice::of(session, &input, subject)?;
    let chosen = choose(&advice, args.strategy.as_deref())?;
    if args.write {
        write(&advice.candidates[chosen])?;
    }
    match args.format {
        Format::Human => out.write_all(tell::human(&advice, chosen, args.write).as_bytes())?,
        Format::Json => json::write(&advice, chosen, args.write, out)?,
    }
    Ok(match advice.candidates[chosen].verdict {
        TraceVerdict::Forms => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    })
}

/// How many workloads are named where one is asked for.
const SHOWN: usize = 3;

/// The one workload that is meant, by its world and number.
fn subject(session: &Session, said: &str) -> anyhow::Result<(usize, ObjectId)> {
    let mut found = Vec::new();
    for (number, scene) in session.worlds.iter().enumerate() {
        let world = &scene.world;
        let meant = scene.asked().filter(|(object, _)| is_meant(object, said));
        found.extend(meant.map(|(object, workload)| (number, world, object, workload)));
    }
    match found.as_slice() {
        [] => match around(session, said) {
            Some(object) => bail!("{} is on the cluster and in no file: advice is about files", object.title()),
            None => bail!("no workload `{said}` in the input{}", known(session)),
        },
        [(number, world, object, workload)] => {
            let trace = Trace::of(world, object, workload);
            if let Some(server) = trace.server {
                bail!("{}: {server} clusters by itself, and no strategy is needed for it", object.title());
            }
            if !trace.starts_a_node() {
                bail!("{}: what its container runs starts no node that stays", object.title());
            }
            Ok((*number, object.id))
        }
        several => {
            let titles = several.iter().take(SHOWN).map(|(number, _, object, _)| {
                let file = session.source_of(*number, object).map_or("", |source| source.name.as_str());
                format!("{} in {file}", object.title())
            });
            let more = several.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(", or one of {more} more") } else { String::new() };
            bail!(
                "`{said}` may be {}{more}: say namespace/kind/name, or give the folder that is meant",
                titles.collect::<Vec<_>>().join(" or ")
            )
        }
    }
}

/// A workload of this name that is no file's.
fn around<'s>(session: &'s Session, said: &str) -> Option<&'s Object> {
    let objects = session.worlds.iter().flat_map(|scene| scene.world.workloads());
    objects.map(|(object, _)| object).find(|object| is_meant(object, said))
}

/// The candidate that is asked for, else the first.
fn choose(advice: &Advice, said: Option<&str>) -> anyhow::Result<usize> {
    let Some(said) = said else { return Ok(0) };
    let found = advice.candidates.iter().position(|weighed| weighed.candidate.is_meant(said));
    let Some(found) = found else {
        let distance = |known: &str| edit_distance(&known.to_lowercase(), &said.to_lowercase());
        let names: Vec<String> = CANDIDATES.iter().map(ToString::to_string).collect();
        let strategies = CANDIDATES.iter().map(|candidate| candidate.strategy.to_owned());
        let near = names.iter().cloned().chain(strategies).min_by_key(|known| distance(known));
        let near = near.filter(|near| distance(near) <= 3);
        let near = near.map_or_else(String::new, |near| format!(" did you mean `{near}`?"));
        bail!("`{said}` is not among the candidates;{near} there are {}", names.join(", "));
    };
    Ok(found)
}

fn write(chosen: &Weighed) -> anyhow::Result<()> {
    if let Some(text) = chosen.texts.iter().find(|text| !is_writable(&text.after)) {
        bail!(
            "{}: it was rendered, and belongs where it comes from: the diff is printed without --write",
            text.after.name
        );
    }
    let changed = chosen.texts.iter().map(|text| -> (&Source, &str) { (&text.after, &text.before) });
    files::write(changed)
}
