//! Journeys, for people and for scripts.

use std::io::{self, Write};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::journey::{self, Journey};
use crate::cli::told::{At, Told, notes, verdict};
use crate::manifest::Notice;
use crate::report::json::Cluster;
use crate::report::model::ReadCluster;
use crate::rules::TraceVerdict;
use crate::rules::finding::Severity;

const SCHEMA: &str = "beamgate.dev/trace/v1";

/// Writes journeys for people.
pub(super) fn human(journeys: &[Journey], notices: &[Notice], out: &mut dyn Write) -> io::Result<()> {
    if journeys.is_empty() {
        writeln!(out, "no workload declares a strategy\n")?;
    }
    for (number, journey) in journeys.iter().enumerate() {
        let between = if number > 0 { "\n" } else { "" };
        write!(out, "{between}{}", lines(journey))?;
    }
    if !journeys.is_empty() && !notices.is_empty() {
        writeln!(out)?;
    }
    out.write_all(notes(notices).as_bytes())
}

fn lines(journey: &Journey) -> String {
    let mut told = Told(format!("{}: {}\n", journey.title, verdict(&journey.verdict, journey.source)));
    if let TraceVerdict::Open(missing) = &journey.verdict {
        // Findings speak for themselves, below.
        let speaks = |reason: &&String| journey.findings.iter().any(|(finding, _)| finding.message == **reason);
        missing.iter().filter(|reason| !speaks(reason)).for_each(|reason| told.more(reason));
    }
    told.0.push('\n');
    let placed = |text: &str, at: Option<&At>| at.map_or_else(|| text.to_owned(), |at| at.behind(text));
    for step in &journey.steps {
        told.step(step.name, &placed(&step.text, step.at.as_ref()));
        step.command.iter().for_each(|command| told.check(command));
    }
    for (finding, at) in &journey.findings {
        let said = format!("{}[{} {}]: {}", finding.severity, finding.rule.id(), finding.rule.slug, finding.message);
        told.0.extend(["\n", &placed(&said, at.as_ref()), "\n"]);
    }
    #[cfg(feature = "cluster")]
    if let Some(now) = &journey.now {
        told.0.push('\n');
        now.tell(|name, said| told.step(name, said));
    }
    told.0
}

/// The connections to some workloads.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "beamgate trace")]
struct Document<'j> {
    /// The version of this format.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    /// The workloads.
    workloads: Vec<Workload<'j>>,
    /// What was read of a cluster, where one was.
    cluster: Option<Cluster<'j>>,
}

/// The connection to a workload.
#[derive(Serialize, JsonSchema)]
struct Workload<'j> {
    /// `StatefulSet shop/cart`.
    r#ref: &'j str,
    /// Whether its replicas find each other, as the manifests say: `forms`, `breaks`, `open`, `not_opted_in`, `not_checked`.
    verdict: &'static str,
    /// What stands between this workload and a verdict.
    missing: &'j [String],
    /// The name that the node boots with.
    boots: Option<&'j str>,
    /// The names that its peers dial.
    dials: &'j [String],
    /// The steps, as they are told to people.
    steps: Vec<Step<'j>>,
    /// What the rules say.
    findings: Vec<Finding<'j>>,
    /// What a live cluster makes of it, where one was read.
    #[cfg(feature = "cluster")]
    now: Option<&'j super::now::Now>,
}

/// A step of a connection.
#[derive(Serialize, JsonSchema)]
struct Step<'j> {
    /// Its name; empty if it belongs to the step before it.
    name: &'j str,
    /// What is known of it.
    text: &'j str,
    /// Where that is written.
    at: Option<Place<'j>>,
    /// The command that checks it by hand.
    command: Option<&'j str>,
}

/// A place. What is on the cluster has no file.
#[derive(Serialize, JsonSchema)]
struct Place<'j> {
    /// The object.
    object: &'j str,
    /// The place in it, an RFC 6901 JSON pointer.
    pointer: &'j str,
    /// The file.
    file: Option<&'j str>,
    /// The line, counted from 1.
    line: Option<u32>,
    /// The column, counted from 1, in Unicode code points.
    column: Option<u32>,
}

/// A finding, in short: `beamgate lint` says more.
#[derive(Serialize, JsonSchema)]
struct Finding<'j> {
    /// The rule: `BG204`.
    code: String,
    /// Its name.
    slug: &'static str,
    /// How loud.
    severity: Severity,
    /// One line.
    message: &'j str,
    /// The place of the fault.
    at: Option<Place<'j>>,
}

/// Writes journeys for scripts.
pub(super) fn json(journeys: &[Journey], cluster: Option<&ReadCluster>, out: &mut dyn Write) -> io::Result<()> {
    let workloads = journeys.iter().map(workload).collect();
    let document = Document { schema: SCHEMA, workloads, cluster: cluster.map(Cluster::of) };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// The JSON Schema of what `--format json` writes.
pub fn schema() -> String {
    let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Document<'_>>();
    format!("{:#}\n", schema.as_value())
}

fn workload(journey: &Journey) -> Workload<'_> {
    let (verdict, missing): (_, &[String]) = match &journey.verdict {
        TraceVerdict::Forms => ("forms", &[]),
        TraceVerdict::Breaks => ("breaks", &[]),
        TraceVerdict::Open(missing) => ("open", missing),
        TraceVerdict::NotOptedIn => ("not_opted_in", &[]),
        TraceVerdict::OwnClustering(_) => ("not_checked", &[]),
    };
    Workload {
        r#ref: &journey.title,
        verdict,
        missing,
        boots: journey.boots.as_deref(),
        dials: &journey.dials,
        steps: journey.steps.iter().map(step).collect(),
        findings: journey.findings.iter().map(|(found, at)| finding(found, at.as_ref())).collect(),
        #[cfg(feature = "cluster")]
        now: journey.now.as_ref(),
    }
}

fn step(step: &journey::Step) -> Step<'_> {
    let journey::Step { name, text, at, command } = step;
    Step { name, text, at: at.as_ref().map(place), command: command.as_deref() }
}

fn place(at: &At) -> Place<'_> {
    let At { object, pointer, file, .. } = at;
    Place {
        object,
        pointer,
        file: file.as_ref().map(|(name, ..)| name.as_str()),
        line: file.as_ref().map(|(_, line, _)| *line),
        column: file.as_ref().map(|(_, _, column)| *column),
    }
}

fn finding<'j>(found: &'j crate::rules::finding::Finding, at: Option<&'j At>) -> Finding<'j> {
    Finding {
        code: found.rule.id(),
        slug: found.rule.slug,
        severity: found.severity,
        message: &found.message,
        at: at.map(place),
    }
}
