//! `beamgate trace --clusters`: which workloads become one cluster.

mod draw;
mod human;
mod json;

use std::io::{self, Write};

use super::session::Session;
use super::told::{boots, placed, verdict};
use crate::membership::{Clusters, Link, Outcome};
use crate::rules::{TraceVerdict, judge_trace};
use crate::trace::Trace;
use crate::trace::cookie::{Cookie, SameCookie};

pub use json::schema;

/// How to write the clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Human,
    /// For scripts: `beamgate.dev/clusters/v1`.
    Json,
    /// For Graphviz.
    Dot,
    /// For Mermaid: a flowchart.
    Mermaid,
}

/// The clusters of all worlds, ready to be written: the workloads are counted through.
#[derive(Debug, Default)]
struct Map {
    members: Vec<Member>,
    arrows: Vec<Arrow>,
    /// The members of each cluster.
    clusters: Vec<Vec<usize>>,
    /// Members of which nobody knows whom they find, and whom nobody finds.
    unknown: Vec<usize>,
}

/// A workload.
#[derive(Debug)]
struct Member {
    title: String,
    /// The title and where the workload was written.
    placed: String,
    kind: String,
    namespace: Option<String>,
    name: String,
    strategy: Option<String>,
    verdict: TraceVerdict,
    /// The name of its nodes, where it is known.
    boots: Option<String>,
    /// The same, or what becomes of it.
    told: String,
    cookie: Cookie,
}

/// One workload finds another.
#[derive(Debug)]
struct Arrow {
    from: usize,
    to: usize,
    dials: Vec<String>,
    outcome: Drawn,
    /// What splits them: one word.
    split: Option<&'static str>,
    /// Why it does not join for certain.
    why: Option<String>,
    cookies: SameCookie,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Drawn {
    Joins,
    Splits,
    Open,
}

pub(super) fn write(session: &Session, format: Format, out: &mut dyn Write) -> io::Result<()> {
    let map = Map::of(session);
    match format {
        Format::Human => out.write_all(human::tell(&map).as_bytes()),
        Format::Json => json::write(&map, out),
        Format::Dot => out.write_all(draw::dot(&map).as_bytes()),
        Format::Mermaid => out.write_all(draw::mermaid(&map).as_bytes()),
    }
}

impl Map {
    fn of(session: &Session) -> Self {
        let mut map = Self::default();
        for (number, scene) in session.worlds.iter().enumerate() {
            map.add(session, number, &Clusters::of(&scene.world));
        }
        map
    }

    fn add(&mut self, session: &Session, world: usize, found: &Clusters<'_>) {
        let first = self.members.len();
        self.members.extend(found.workloads.iter().map(|trace| Member::of(session, world, trace)));
        let arrow = |(from, to, link): &(usize, usize, Link)| Arrow {
            from: first + from,
            to: first + to,
            ..Arrow::of(link, &found.workloads[*to])
        };
        self.arrows.extend(found.links.iter().map(arrow));
        for group in &found.groups {
            let members: Vec<usize> = group.iter().map(|member| first + member).collect();
            match members.as_slice() {
                [one] if self.is_unknown(*one) => self.unknown.push(*one),
                _ => self.clusters.push(members),
            }
        }
    }

    fn is_unknown(&self, one: usize) -> bool {
        self.members[one].strategy.is_none() && !self.arrows.iter().any(|arrow| arrow.to == one)
    }
}

impl Member {
    fn of(session: &Session, world: usize, trace: &Trace<'_>) -> Self {
        let object = trace.object;
        let judged = judge_trace(trace);
        let title = format!("{}: {}", object.title(), verdict(&judged.verdict, trace.world.facts.source));
        Self {
            title: object.title(),
            placed: placed(session, world, &title, &object.at(&["metadata", "name"])),
            kind: object.kind.clone(),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            strategy: trace.strategy.as_ref().map(|strategy| strategy.name.clone()),
            boots: judged.boots,
            told: trace.boot().map_or_else(|| "unknown".to_owned(), |boot| boots(trace, boot)),
            verdict: judged.verdict,
            cookie: trace.cookie(),
        }
    }
}

impl Arrow {
    fn of(link: &Link, to: &Trace<'_>) -> Self {
        let mut dials: Vec<String> = link.dials.iter().map(|name| to.identity.show(name)).collect();
        dials.sort_unstable();
        dials.dedup();
        let (outcome, why) = match &link.outcome {
            Outcome::Joins if link.cookies == SameCookie::Yes => (Drawn::Joins, None),
            Outcome::Joins => (Drawn::Joins, Some("if their cookies are the same".to_owned())),
            Outcome::Splits(split) => (Drawn::Splits, Some(split.between(to))),
            Outcome::Open(why) => (Drawn::Open, Some(why.to_string())),
        };
        let split = link.split().map(|split| split.word());
        Self { from: 0, to: 0, dials, outcome, split, why, cookies: link.cookies }
    }
}
