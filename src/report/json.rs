//! For scripts: one JSON document. Fields are only ever added to this version of it.

use std::borrow::Cow;
use std::io::{self, Write};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::model::{
    CheckedWorkload, Compared, Known, ReadCluster, Report, ReportedFinding, ReportedLabel, Skipped, WorkloadVerdict,
};
use super::source::{Region, Sources, sources};
use crate::rules::finding::{Effect, Fix, Safety, Severity, Verdict};

const SCHEMA: &str = "beamgate.dev/report/v1";

/// What one run of beamgate has to say.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "beamgate report")]
struct Document<'r> {
    /// The version of this format.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    /// Who wrote it.
    tool: Tool,
    /// The numbers.
    summary: Summary,
    /// What was not read.
    inputs_skipped: Vec<SkippedInput<'r>>,
    /// The findings, by file and place in it.
    findings: Vec<Finding<'r>>,
    /// Every workload that was looked at.
    workloads: Vec<Workload<'r>>,
    /// What a baseline says, where one was given.
    baseline: Option<Baseline<'r>>,
    /// What was read of a cluster, where one was.
    cluster: Option<Cluster<'r>>,
}

/// What was read of a cluster.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Cluster<'r> {
    /// The context of the kubeconfig; none where this ran in the cluster.
    context: Option<&'r str>,
    /// The namespaces that were read.
    namespaces: &'r [String],
    /// Those that were to be read and are not there.
    absent: &'r [String],
    /// How many objects were read that no other of them makes.
    objects: usize,
    /// Whether the webhook was seen to inject names there.
    injects: bool,
    /// What could not be read. What rests on it is open.
    unread: Vec<Unread<'r>>,
}

/// Kinds of a cluster that could not be read.
#[derive(Serialize, JsonSchema)]
struct Unread<'r> {
    /// The kinds, or an object of one.
    what: &'r [String],
    /// The namespace; none for all of them, or for what is in none.
    namespace: Option<&'r str>,
    /// What the API server says.
    why: &'r str,
    /// What that means for the judgement.
    means: &'r str,
}

/// What came of comparing the findings with a baseline.
#[derive(Serialize, JsonSchema)]
struct Baseline<'r> {
    /// What it knows; these are not among `findings`.
    known: Vec<KnownFinding<'r>>,
    /// What it knows and was not found.
    gone: Vec<KnownFinding<'r>>,
}

/// A finding that a baseline knows.
#[derive(Serialize, JsonSchema)]
struct KnownFinding<'r> {
    /// The rule: `BG204 service-without-ports`.
    rule: Cow<'r, str>,
    /// The workload that it is about.
    workload: Option<&'r str>,
    /// Its fingerprint.
    fingerprint: &'r str,
    /// Why it may stay.
    note: &'r str,
}

/// Who wrote the report.
#[derive(Serialize, JsonSchema)]
struct Tool {
    /// `beamgate`.
    name: &'static str,
    /// Its version.
    version: &'static str,
}

/// The numbers of a run.
#[derive(Serialize, JsonSchema)]
struct Summary {
    /// Findings that are errors.
    errors: usize,
    /// Findings that are warnings.
    warnings: usize,
    /// Findings that are only good to know.
    infos: usize,
    /// Findings that a baseline knows; they are not listed.
    known: usize,
    /// Findings that somebody has silenced, however; they are not listed.
    ignored: usize,
    /// Workloads whose replicas find each other.
    forms: usize,
    /// Workloads of which some replica does not see all others.
    breaks: usize,
    /// Workloads for which something unseen decides.
    open: usize,
    /// Evident BEAM workloads that declare no strategy.
    not_opted_in: usize,
    /// Workloads that were left alone.
    not_checked: usize,
    /// Objects that are no workloads.
    other_objects: usize,
    /// Documents that were not read.
    skipped: usize,
}

/// Documents that were not read.
#[derive(Serialize, JsonSchema)]
struct SkippedInput<'r> {
    /// The file or folder.
    input: &'r str,
    /// Why.
    reason: &'r str,
    /// How many files it stands for.
    count: usize,
}

/// A finding.
#[derive(Serialize, JsonSchema)]
struct Finding<'r> {
    /// The rule: `BG204`.
    code: String,
    /// Its name: `service-without-ports`.
    slug: &'static str,
    /// How loud, after the configuration has had its say.
    severity: Severity,
    /// What the fault does, whatever its severity.
    effect: Effect,
    /// How certain it is.
    verdict: Verdict,
    /// One line.
    message: &'r str,
    /// The workload that it is about: a `ref` of `workloads`.
    workload: Option<&'r str>,
    /// The folder of the chart or kustomization that was rendered to see it. The places are in the files that it was made of.
    rendered_from: Option<&'r str>,
    /// The places, the primary first.
    labels: Vec<Label<'r>>,
    /// What would be seen at run time.
    at_run_time: Option<&'r str>,
    /// What to do.
    fix: Option<FixTitle<'r>>,
    /// The same finding has the same fingerprint in every run, wherever it moves.
    fingerprint: &'r str,
    /// The rule's page.
    docs: String,
}

/// A place and what is to be said there. Objects that were not read from a file have no file and no position.
#[derive(Serialize, JsonSchema)]
struct Label<'r> {
    /// Whether the fault is here.
    role: Role,
    /// The object: `Service shop/cart`.
    object: &'r str,
    /// The place in the object, an RFC 6901 JSON pointer.
    pointer: &'r str,
    /// The file, as it was named on the command line or found below what was.
    file: Option<&'r str>,
    /// The first line, counted from 1.
    line: Option<usize>,
    /// The first column, counted from 1, in Unicode code points.
    column: Option<usize>,
    /// The last line.
    end_line: Option<usize>,
    /// The column after the last one.
    end_column: Option<usize>,
    /// The first byte, counted from 0.
    byte_start: Option<usize>,
    /// The byte after the last one.
    byte_end: Option<usize>,
    /// What is to be said.
    text: &'r str,
}

/// What a place is to its finding.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Role {
    /// The fault is here.
    Primary,
    /// It collides with this.
    Related,
}

/// What to do about a finding.
#[derive(Serialize, JsonSchema)]
struct FixTitle<'r> {
    /// Whether it may be done without asking.
    safety: Safety,
    /// One line in the imperative.
    title: &'r str,
}

/// A workload and what came of it.
#[derive(Serialize, JsonSchema)]
struct Workload<'r> {
    /// `StatefulSet shop/cart`.
    r#ref: &'r str,
    /// Whether its replicas find each other.
    verdict: Outcome,
    /// The name that the node boots with.
    boots: Option<&'r str>,
    /// The names that its peers dial.
    dials: &'r [String],
    /// What stands between this workload and a verdict.
    missing: Vec<&'r str>,
}

/// Whether the replicas of a workload find each other.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// They do.
    Forms,
    /// Some replica does not see all others.
    Breaks,
    /// Something that was not seen decides it.
    Open,
    /// Evidently a BEAM workload, but it declares no strategy.
    NotOptedIn,
    /// Left alone.
    NotChecked,
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sources = sources(report);
    serde_json::to_writer_pretty(&mut *out, &document(report, &sources))?;
    writeln!(out)
}

/// The JSON Schema of what [`Format::Json`](super::Format::Json) writes.
pub fn schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Document<'_>>();
    // With the alternate flag, JSON values print as they do in files.
    format!("{:#}\n", schema.as_value())
}

fn document<'r>(report: &'r Report, sources: &'r Sources<'r>) -> Document<'r> {
    Document {
        schema: SCHEMA,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        summary: summary(report),
        inputs_skipped: report.skipped.iter().map(skipped).collect(),
        findings: report.sorted().into_iter().map(|finding| self::finding(finding, sources)).collect(),
        workloads: report.workloads.iter().map(workload).collect(),
        baseline: report.compared.as_ref().map(baseline),
        cluster: report.cluster.as_ref().map(Cluster::of),
    }
}

impl<'r> Cluster<'r> {
    pub(crate) fn of(read: &'r ReadCluster) -> Self {
        let unread = read.unread.iter().map(|unread| Unread {
            what: &unread.what,
            namespace: unread.namespace.as_deref(),
            why: &unread.why,
            means: &unread.means,
        });
        Self {
            context: read.context.as_deref(),
            namespaces: &read.namespaces,
            absent: &read.absent,
            objects: read.objects,
            injects: read.injected.is_some(),
            unread: unread.collect(),
        }
    }
}

fn baseline(compared: &Compared) -> Baseline<'_> {
    let known = compared.known.iter().map(|Known { finding, note }| KnownFinding {
        rule: finding.rule.title().into(),
        workload: finding.workload.as_deref(),
        fingerprint: &finding.fingerprint,
        note,
    });
    let gone = compared.gone.iter().map(|entry| KnownFinding {
        rule: entry.rule.as_str().into(),
        workload: entry.workload.as_deref(),
        fingerprint: &entry.fingerprint,
        note: &entry.note,
    });
    Baseline { known: known.collect(), gone: gone.collect() }
}

fn summary(report: &Report) -> Summary {
    let with = |wanted: fn(&WorkloadVerdict) -> bool| report.workloads.iter().filter(|w| wanted(&w.verdict)).count();
    Summary {
        errors: report.count(Severity::Error),
        warnings: report.count(Severity::Warning),
        infos: report.count(Severity::Info),
        known: report.known().len(),
        ignored: report.ignored,
        forms: with(|verdict| matches!(verdict, WorkloadVerdict::Forms)),
        breaks: with(|verdict| matches!(verdict, WorkloadVerdict::Breaks)),
        open: with(|verdict| matches!(verdict, WorkloadVerdict::Open)),
        not_opted_in: with(|verdict| matches!(verdict, WorkloadVerdict::NotOptedIn)),
        not_checked: with(|verdict| matches!(verdict, WorkloadVerdict::NotChecked(_))),
        other_objects: report.other_objects,
        skipped: report.skipped.iter().map(|skipped| skipped.count).sum(),
    }
}

fn skipped(skipped: &Skipped) -> SkippedInput<'_> {
    SkippedInput { input: &skipped.input, reason: &skipped.reason, count: skipped.count }
}

fn finding<'r>(finding: &'r ReportedFinding, sources: &'r Sources<'r>) -> Finding<'r> {
    Finding {
        code: finding.rule.id(),
        slug: finding.rule.slug,
        severity: finding.severity,
        effect: finding.effect,
        verdict: finding.verdict,
        message: &finding.message,
        workload: finding.workload.as_deref(),
        rendered_from: finding.rendered_from.as_deref(),
        labels: finding.ordered_labels().into_iter().map(|label| self::label(label, sources)).collect(),
        at_run_time: finding.at_run_time.as_deref(),
        fix: finding.fix.as_ref().map(|Fix { safety, title, .. }| FixTitle { safety: *safety, title }),
        fingerprint: &finding.fingerprint,
        docs: finding.rule.url(),
    }
}

fn label<'r>(label: &'r ReportedLabel, sources: &'r Sources<'r>) -> Label<'r> {
    let region = Region::of(label, sources);
    let region = region.as_ref();
    Label {
        role: if label.primary { Role::Primary } else { Role::Related },
        object: &label.object,
        pointer: &label.json_pointer,
        file: region.map(|region| region.file),
        line: region.map(|region| region.start.line),
        column: region.map(|region| region.start.column),
        end_line: region.map(|region| region.end.line),
        end_column: region.map(|region| region.end.column),
        byte_start: region.map(|region| region.bytes.start),
        byte_end: region.map(|region| region.bytes.end),
        text: &label.text,
    }
}

fn workload(workload: &CheckedWorkload) -> Workload<'_> {
    let (verdict, reason) = match &workload.verdict {
        WorkloadVerdict::Forms => (Outcome::Forms, None),
        WorkloadVerdict::Breaks => (Outcome::Breaks, None),
        WorkloadVerdict::Open => (Outcome::Open, None),
        WorkloadVerdict::NotOptedIn => (Outcome::NotOptedIn, None),
        WorkloadVerdict::NotChecked(reason) => (Outcome::NotChecked, Some(reason.as_str())),
    };
    Workload {
        r#ref: &workload.title,
        verdict,
        boots: workload.boots.as_deref(),
        dials: &workload.dials,
        missing: workload.missing.iter().map(String::as_str).chain(reason).collect(),
    }
}
