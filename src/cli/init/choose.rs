//! Which workload runs the app, and which of the ways in its code is meant. Where that is not clear, it is asked.

use anyhow::{anyhow, bail};

use super::Plan;
use crate::cli::session::Session;
use crate::cli::trace::{is_meant, known};
use crate::discovery::canonical;
use crate::place::Loc;
use crate::trace::Trace;
use crate::world::code::{Unread, Way};

/// What to declare.
pub(super) fn plan(session: &Session, workload: Option<&str>, topology: Option<&str>) -> anyhow::Result<Plan> {
    let traces = session.worlds.iter().enumerate().flat_map(|(number, scene)| {
        scene.asked().map(move |(object, workload)| (number, Trace::of(&scene.world, object, workload)))
    });
    let is_candidate = |trace: &Trace<'_>| match workload {
        Some(said) => is_meant(trace.object, said),
        None => trace.is_beam() && trace.starts_a_node(),
    };
    let candidates: Vec<_> = traces.filter(|(_, trace)| is_candidate(trace)).collect();
    let (world, trace) = match (candidates.as_slice(), workload) {
        ([only], _) => only,
        ([], Some(said)) => bail!("no workload `{said}` in the input{}", known(session)),
        ([], None) => {
            bail!("no workload looks like a BEAM node; say which runs the app with --workload{}", known(session))
        }
        (several, _) => {
            let names = several.iter().map(|(_, trace)| format!("\n  {}", name(trace)));
            bail!("several workloads may run the app; say which with --workload:{}", names.collect::<String>());
        }
    };
    let way = way(session, *world, trace, topology)?;
    if let Some(declared) = &trace.declared
        && canonical(declared.strategy.value.trim()) != way.strategy.value
    {
        bail!(
            "{} declares `{}`, and the app's code says `{}`{}; correct one of them first, or say with --topology which is meant",
            trace.object.title(),
            declared.strategy.value,
            way.strategy.value,
            at(session, *world, &way.strategy.at),
        );
    }
    Ok(Plan::new(*world, trace, way))
}

/// `statefulset/cart`, with the namespace if it has one.
fn name(trace: &Trace<'_>) -> String {
    let object = trace.object;
    let namespace = object.namespace.as_ref().map_or_else(String::new, |namespace| format!("{namespace}/"));
    format!("{namespace}{}/{}", object.kind.to_lowercase(), object.name)
}

fn way<'w>(session: &Session, world: usize, trace: &Trace<'w>, topology: Option<&str>) -> anyhow::Result<&'w Way> {
    let ways = match topology {
        // Whoever names it knows that the image sets its variable.
        Some(name) => {
            trace.code().map_or_else(Vec::new, |code| code.ways.iter().filter(|way| way.name == name).collect())
        }
        None => trace.coded_ways(),
    };
    let row =
        |way: &Way| format!("\n  {:16} {:18}{}", way.name, way.strategy.value, at(session, world, &way.strategy.at));
    let all = || trace.code().into_iter().flat_map(|code| &code.ways).map(row).collect::<String>();
    match (ways.as_slice(), topology) {
        ([only], _) => Ok(only),
        ([], Some(name)) => Err(anyhow!("no topology `{name}` in the app's code; there are:{}", all())),
        ([], None) => Err(nothing(session, world, trace)),
        (several, _) => {
            let rows: String = several.iter().map(|way| row(way)).collect();
            Err(anyhow!("the app finds its peers in several ways; say which has to form with --topology:{rows}"))
        }
    }
}

/// What was found instead of a way to find nodes.
fn nothing(session: &Session, world: usize, trace: &Trace<'_>) -> anyhow::Error {
    let Some(code) = trace.code() else { return anyhow!("no code was read") };
    let unset = code.ways.iter().filter_map(|way| {
        let variable = way.options.iter().find_map(|(_, option)| option.value.as_ref()?.variable())?.0;
        let at = at(session, world, &way.strategy.at);
        Some(format!(
            "\n  {} only asks if {variable} is set, and {} does not set it{at}",
            way.strategy.value,
            name(trace)
        ))
    });
    let unread = code.unread.iter().map(|unread| format!("\n  {}", line(session, world, unread)));
    let all: String = unset.chain(unread).collect();
    match all.is_empty() {
        true => anyhow!("the app's code configures neither libcluster nor dns_cluster nor Peerage"),
        false => anyhow!("the app's code says nothing of clustering that could be evaluated:{all}"),
    }
}

/// What was not evaluated, and where.
pub(super) fn line(session: &Session, world: usize, unread: &Unread) -> String {
    let address = session.address(world, &unread.at).map_or_else(String::new, |address| format!("{address}: "));
    format!("{address}{}", unread.what)
}

fn at(session: &Session, world: usize, loc: &Loc) -> String {
    session.address(world, loc).map_or_else(String::new, |address| format!("  ({address})"))
}
