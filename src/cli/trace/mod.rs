//! `beamgate trace`: the journey of one connection, each step with the command that checks it by hand; and with a cluster, what
//! comes of it now.

mod beside;
mod journey;
#[cfg(feature = "cluster")]
mod mismatch;
#[cfg(feature = "cluster")]
mod now;
mod tell;
mod walk;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use super::clusters::{self, Format};
use super::lint::nothing_to_read;
use super::live::LiveArgs;
use super::session::{InputArgs, Session};
use super::told::notes;
use crate::trace::Trace;
use crate::world::object::Object;
use journey::Journey;

pub use tell::schema;

/// The arguments of `beamgate trace`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "beamgate trace [OPTIONS] <WORKLOAD> [PATH]...
       beamgate trace [OPTIONS] --with-cluster [WORKLOAD] [PATH]...
       beamgate trace [OPTIONS] --clusters [PATH]...")]
pub(super) struct TraceArgs {
    /// The workload: `cart`, `statefulset/cart`, `shop/cart`; with a cluster, all that declare a strategy if none is named. With
    /// --clusters, one more path.
    #[arg(value_name = "WORKLOAD", required_unless_present_any = ["clusters", "with_cluster"])]
    workload: Option<String>,

    /// Follow all connections between workloads instead: which of them become one cluster, and what keeps the others apart.
    #[arg(long)]
    clusters: bool,

    /// How to write it; dot and mermaid draw the clusters.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,

    /// What to read.
    #[command(flatten)]
    input: InputArgs,

    /// Whether a cluster is asked, too.
    #[command(flatten)]
    live: LiveArgs,
}

pub(super) fn run(args: &TraceArgs, stdin: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let mut input = args.input.clone();
    let wanted = match &args.workload {
        Some(workload) if !args.clusters => Some(workload.as_str()),
        // Whatever stands first is taken for the workload.
        path => {
            input.paths.splice(..0, path.iter().map(PathBuf::from));
            None
        }
    };
    let session = args.live.open(&input, stdin)?;
    let cluster = session.cluster.as_ref();
    let notices = if cluster.is_some() { session.input.notices.as_slice() } else { &[] };
    if args.clusters {
        if !args.live.is_alone(&input)
            && let Some(why) = nothing_to_read(&input.paths, &session)
        {
            bail!(why);
        }
        clusters::write(&session, args.format, out)?;
        if args.format == Format::Human && !notices.is_empty() {
            writeln!(out)?;
            out.write_all(notes(notices).as_bytes())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let journeys = journeys(&session, wanted);
    if let Some(said) = wanted.filter(|_| journeys.is_empty()) {
        let place = if args.live.is_alone(&input) { "on the cluster" } else { "in the input" };
        bail!("no workload `{said}` {place}{}", known(&session));
    }
    match args.format {
        Format::Human => tell::human(&journeys, notices, out)?,
        Format::Json => tell::json(&journeys, cluster, out)?,
        Format::Dot | Format::Mermaid => bail!("what is drawn are the clusters: --clusters"),
    }
    Ok(if journeys.iter().any(Journey::is_split) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The journeys to the workloads of this name, or to all that declare a strategy.
fn journeys(session: &Session, wanted: Option<&str>) -> Vec<Journey> {
    let mut found = Vec::new();
    for (number, scene) in session.worlds.iter().enumerate() {
        for (object, workload) in scene.asked() {
            let trace = Trace::of(&scene.world, object, workload);
            if wanted.map_or_else(|| trace.is_opted_in(), |said| is_meant(object, said)) {
                found.push(Journey::of(session, number, &trace));
            }
        }
    }
    found
}

/// The short names of `kubectl`.
const KINDS: [(&str, &str); 7] = [
    ("deploy", "deployment"),
    ("sts", "statefulset"),
    ("ds", "daemonset"),
    ("rs", "replicaset"),
    ("rc", "replicationcontroller"),
    ("cj", "cronjob"),
    ("po", "pod"),
];

/// Whether a workload is what somebody calls so: `cart`, `statefulset/cart`, `sts/cart`, `shop/cart`, `shop/deployment/cart`.
pub(super) fn is_meant(object: &Object, said: &str) -> bool {
    let kind = object.kind.to_lowercase();
    let is_kind = |word: &str| {
        let word = word.to_lowercase();
        word == kind || word == format!("{kind}s") || KINDS.contains(&(word.as_str(), kind.as_str()))
    };
    let is_namespace = |word: &str| object.namespace.as_deref() == Some(word);
    let words: Vec<&str> = said.split('/').collect();
    match words.as_slice() {
        [name] => object.name == *name,
        [before, name] => object.name == *name && (is_kind(before) || is_namespace(before)),
        [namespace, kind, name] => object.name == *name && is_namespace(namespace) && is_kind(kind),
        _ => false,
    }
}

/// The workloads that are asked about, for somebody who meant one of them.
pub(super) fn known(session: &Session) -> String {
    let objects = session.worlds.iter().flat_map(|scene| scene.asked().map(|(object, _)| object));
    let mut names: Vec<String> =
        objects.map(|object| format!("{}/{}", object.kind.to_lowercase(), object.name)).collect();
    names.sort();
    names.dedup();
    match names.len() {
        0 => ", nor any other".to_owned(),
        1..=12 => format!("; there are {}", names.join(", ")),
        more => format!("; there are {}, and {} more", names[..12].join(", "), more - 12),
    }
}
