//! The ranking, and what to write, for scripts.

use std::io::{self, Write};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::advice::Advice;
use super::reasons::reasons;
use super::tell::word;
use super::weigh::Weighed;
use crate::advise::Candidate;
use crate::cli::fix::diff;
use crate::report::json::Cluster;
use crate::rules::finding::{Safety, Severity};
use crate::rules::{Rule, TraceVerdict};

const SCHEMA: &str = "beamgate.dev/advise/v1";

/// Which strategy a workload is to use, and what to write for it.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "beamgate advise")]
struct Document<'a> {
    /// The version of this format.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    /// The workload: `Deployment shop/cart`.
    workload: &'a str,
    /// The strategy that it declares now.
    declares: Option<&'a str>,
    /// The strategies that the app's code configures now, where --app shows it.
    configures: &'a [String],
    /// What the guide of the article "libcluster and Kubernetes" comes to, in a sentence.
    guide: &'a str,
    /// The candidates, the best one first.
    candidates: Vec<Ranked<'a>>,
    /// The candidates for which the manifests cannot be written.
    unwritten: Vec<Unwritten<'a>>,
    /// What to write for the one that was chosen.
    chosen: Chosen<'a>,
    /// What was read of a cluster, where one was.
    cluster: Option<Cluster<'a>>,
}

/// A candidate for which the manifests cannot be written.
#[derive(Serialize, JsonSchema)]
struct Unwritten<'a> {
    /// Its name.
    name: String,
    /// Why not.
    reason: &'a str,
}

/// A candidate, and what would come of it.
#[derive(Serialize, JsonSchema)]
struct Ranked<'a> {
    /// Its name, as --strategy takes it: `Kubernetes:ip:pods`.
    name: String,
    /// The strategy.
    strategy: &'static str,
    /// Its mode, where it has some.
    mode: Option<&'static str>,
    /// What it lists, where it lists something.
    lookup: Option<&'static str>,
    /// Whether the workload declares it now.
    declared: bool,
    /// Whether the guide of the article "libcluster and Kubernetes" comes to it.
    guide: bool,
    /// What `beamgate lint` says of the workload then: `forms`, `open` or `breaks`.
    verdict: &'static str,
    /// What would have to be known, for one that is open.
    missing: &'a [String],
    /// The findings that are left, but for what is only good to know.
    left: Vec<Remaining<'a>>,
    /// What was mended.
    changes: Vec<Made<'a>>,
    /// The objects that are new: `Service cart-headless`.
    created: &'a [String],
    /// How many objects have to be deleted and made again.
    recreated: usize,
    /// What the pods' account is to list and may not yet: `endpoints` or `pods`.
    rights: Option<&'static str>,
    /// What it asks of DNS that the Kubernetes DNS specification does not promise.
    beyond_dns_specification: Option<&'static str>,
    /// Whether a pod that is made again has its name again.
    stable_names: bool,
    /// How many changes it takes besides the declaration.
    edits: usize,
    /// Why it stands where it does.
    reasons: Vec<String>,
    /// Where that article says something else than what was read and measured.
    corrections: &'a [&'static str],
}

/// A finding that is left.
#[derive(Serialize, JsonSchema)]
struct Remaining<'a> {
    /// Its code: `BG602`.
    code: String,
    /// Its name.
    slug: &'static str,
    /// How loud it is.
    severity: Severity,
    /// What it says.
    message: &'a str,
}

/// A fix that was made.
#[derive(Serialize, JsonSchema)]
struct Made<'a> {
    /// The code of the rule that asked for it, if one did.
    code: Option<String>,
    /// What was done.
    title: &'a str,
    /// Whether it is safe, unsafe, or takes to delete an object.
    safety: Safety,
    /// What has to be done besides.
    then: Option<&'a str>,
}

/// What to write for the candidate that was chosen.
#[derive(Serialize, JsonSchema)]
struct Chosen<'a> {
    /// Its name.
    name: String,
    /// What changes in the manifests, cookies hidden.
    diff: String,
    /// The files that were written.
    written: Vec<&'a str>,
    /// The lines for `config/runtime.exs`.
    runtime_exs: &'a str,
    /// The lines for `rel/env.sh.eex`; none where what is there does already.
    env_sh: Option<&'a str>,
    /// The line for the deps of `mix.exs`.
    mix_exs: &'static str,
    /// The line for the children of the app's supervisor.
    child: Option<&'a str>,
    /// What has to be done besides, in this order.
    then: Vec<&'a str>,
}

pub(super) fn write(advice: &Advice, chosen: usize, written: bool, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        workload: &advice.title,
        declares: advice.declares.as_deref(),
        configures: &advice.configures,
        guide: &advice.guide,
        candidates: advice.candidates.iter().map(|weighed| ranked(advice, weighed)).collect(),
        unwritten: advice.unwritten.iter().map(unwritten).collect(),
        chosen: of_chosen(advice, &advice.candidates[chosen], written),
        cluster: advice.cluster.as_ref().map(Cluster::of),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn unwritten((candidate, reason): &(Candidate, String)) -> Unwritten<'_> {
    Unwritten { name: candidate.to_string(), reason }
}

fn ranked<'a>(advice: &Advice, weighed: &'a Weighed) -> Ranked<'a> {
    let candidate = weighed.candidate;
    Ranked {
        name: candidate.to_string(),
        strategy: candidate.strategy,
        mode: candidate.mode,
        lookup: candidate.lookup,
        declared: advice.declared == Some(candidate),
        guide: weighed.guided,
        verdict: word(&weighed.verdict),
        missing: match &weighed.verdict {
            TraceVerdict::Open(missing) => missing,
            _ => &[],
        },
        left: weighed.left.iter().map(remaining).collect(),
        changes: weighed.made.iter().map(made).collect(),
        created: &weighed.created,
        recreated: weighed.recreated().count(),
        rights: weighed.rights.map(crate::discovery::Resource::name),
        beyond_dns_specification: weighed.outside,
        stable_names: weighed.stable,
        edits: weighed.edits,
        reasons: reasons(advice, weighed),
        corrections: &weighed.corrections,
    }
}

fn remaining(left: &super::weigh::Left) -> Remaining<'_> {
    Remaining { code: left.rule.id(), slug: left.rule.slug, severity: left.severity, message: &left.message }
}

fn made(made: &super::weigh::Made) -> Made<'_> {
    let fix = &made.fix;
    Made { code: made.rule.map(Rule::id), title: &fix.title, safety: fix.safety, then: fix.besides.as_deref() }
}

fn of_chosen<'a>(advice: &Advice, weighed: &'a Weighed, written: bool) -> Chosen<'a> {
    let lines = &weighed.lines;
    let names = weighed.texts.iter().map(|text| text.after.name.as_str());
    Chosen {
        name: weighed.candidate.to_string(),
        diff: weighed.texts.iter().map(|text| diff(&text.after, &text.before)).collect(),
        written: names.filter(|_| written).collect(),
        runtime_exs: &lines.runtime_exs,
        env_sh: lines.env_sh.as_deref(),
        mix_exs: lines.mix_exs,
        child: lines.child.as_deref(),
        then: advice.then(weighed),
    }
}

/// The JSON Schema of what `--format json` writes.
pub fn schema() -> String {
    let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Document<'_>>();
    format!("{:#}\n", schema.as_value())
}
