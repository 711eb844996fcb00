//! What a run has to say, before anybody decides how to say it.
//!
//! A plain view: every text is ready to print, every place is bytes of a file. The renderers add nothing but form.

use crate::policy::baseline::Entry;
use crate::rules::Rule;
use crate::rules::finding::{Effect, Fix, Names, Severity, Verdict};
use crate::world::node::Span;

/// What one run has to say.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings, in any order: the renderers sort them by place.
    pub findings: Vec<ReportedFinding>,
    /// Every workload that was looked at, whatever came of it.
    pub workloads: Vec<CheckedWorkload>,
    /// What a baseline says of the findings, if there is one.
    pub compared: Option<Compared>,
    /// The severity from which a finding fails the run.
    pub fail_on: Severity,
    /// How many findings somebody has silenced: with an annotation, a comment or the configuration.
    pub ignored: usize,
    /// How many Kubernetes objects are no workloads.
    pub other_objects: usize,
    /// What was not read.
    pub skipped: Vec<Skipped>,
    /// What the user should know about the run itself.
    pub notices: Vec<Notice>,
    /// The files that [`Place::file`] counts, in the order in which they were given.
    pub files: Vec<File>,
    /// What was read of a cluster, where one was.
    pub cluster: Option<ReadCluster>,
}

/// What was read of a cluster.
#[derive(Debug, Clone, Default)]
pub struct ReadCluster {
    /// The context of the kubeconfig.
    pub context: Option<String>,
    /// Whether all namespaces were asked for.
    pub all_namespaces: bool,
    /// The namespaces that were read.
    pub namespaces: Vec<String>,
    /// Those that were to be read and are not there.
    pub absent: Vec<String>,
    /// How many objects were read that no other of them makes.
    pub objects: usize,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// A pod that shows that the webhook injects there.
    pub injected: Option<String>,
}

/// Kinds of a cluster that could not be read.
#[derive(Debug, Clone)]
pub struct Unread {
    /// The kinds, or an object of one: `Role`, ``ConfigMap `cart` ``.
    pub what: Vec<String>,
    /// The resource of the first, as a role names it.
    pub resource: String,
    /// Where; none for all namespaces, or for what is in none.
    pub namespace: Option<String>,
    /// Whether it is in no namespace.
    pub in_none: bool,
    /// Whether the cluster has no such kind; else it may not be read.
    pub unknown: bool,
    /// What the API server says.
    pub why: String,
    /// What that means for the judgement.
    pub means: String,
}

/// What came of comparing the findings with a baseline.
#[derive(Debug, Default)]
pub struct Compared {
    /// Findings that it knows; they are not among [`Report::findings`].
    pub known: Vec<Known>,
    /// What it knows and was not found.
    pub gone: Vec<Entry>,
}

/// A finding that a baseline knows.
#[derive(Debug)]
pub struct Known {
    /// The finding.
    pub finding: ReportedFinding,
    /// Why it may stay; empty if nothing was said.
    pub note: String,
}

/// A finding, placed.
#[derive(Debug)]
pub struct ReportedFinding {
    /// The rule.
    pub rule: &'static Rule,
    /// How loud, after the configuration has had its say.
    pub severity: Severity,
    /// What the fault does here.
    pub effect: Effect,
    /// How certain.
    pub verdict: Verdict,
    /// One line.
    pub message: String,
    /// The title of the workload that it is about; the input itself has none.
    pub workload: Option<String>,
    /// The folder of the chart or kustomization that was rendered to see it; the places are those of its files.
    pub rendered_from: Option<String>,
    /// The places.
    pub labels: Vec<ReportedLabel>,
    /// The two names, where it is about them.
    pub names: Option<Names>,
    /// What would be seen at run time.
    pub at_run_time: Option<String>,
    /// More that is worth saying, a line each.
    pub notes: Vec<String>,
    /// What to do.
    pub fix: Option<Fix>,
    /// Texts at its places that are never shown.
    pub secrets: Vec<String>,
    /// Who it is, across runs and edits: see [`fingerprint`](crate::rules::fingerprint::fingerprint).
    pub fingerprint: String,
}

/// A place and what is to be said there.
#[derive(Debug)]
pub struct ReportedLabel {
    /// Whether this is where the fault is; the others show what it collides with.
    pub primary: bool,
    /// The title of the object: `Service shop/cart`.
    pub object: String,
    /// The path in it, keyed: `spec.ports[name=epmd].port`.
    pub pointer: String,
    /// The path in it, as RFC 6901 has it: `/spec/ports/0/port`.
    pub json_pointer: String,
    /// Where that was written, if it was read from a file.
    pub place: Option<Place>,
    /// What is to be said.
    pub text: String,
}

/// Bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number in [`Report::files`].
    pub file: usize,
    /// The bytes.
    pub span: Span,
}

/// A text that was read.
#[derive(Debug)]
pub struct File {
    /// Its name as the user would write it.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// A workload and what came of it.
#[derive(Debug)]
pub struct CheckedWorkload {
    /// `StatefulSet shop/cart`.
    pub title: String,
    /// `StatefulSet`.
    pub kind: String,
    /// The namespace, where it is known.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// Whether its replicas find each other.
    pub verdict: WorkloadVerdict,
    /// The name that the node boots with.
    pub boots: Option<String>,
    /// The names that its peers dial.
    pub dials: Vec<String>,
    /// What would have to be known for a verdict, for one that is open.
    pub missing: Vec<String>,
}

/// Whether the replicas of a workload find each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkloadVerdict {
    /// They do.
    Forms,
    /// Some replica does not see all others.
    Breaks,
    /// Something that was not seen decides it.
    Open,
    /// Evidently a BEAM workload, but it declares no strategy.
    NotOptedIn,
    /// Left alone, for this reason: `RabbitMQ clusters by itself`.
    NotChecked(String),
}

/// Documents that were not read.
#[derive(Debug)]
pub struct Skipped {
    /// The file or folder.
    pub input: String,
    /// Why, so that it reads well after a colon: `Helm template`.
    pub reason: String,
    /// How many documents it stands for.
    pub count: usize,
}

/// What the user should know about the run itself.
#[derive(Debug)]
pub struct Notice {
    /// One line: `Helm chart deploy/: not rendered`.
    pub text: String,
    /// What to run about it.
    pub command: Option<String>,
}

impl ReportedFinding {
    /// Where a reader meets it: by file, then by place in it; at the end if it has no place.
    fn order(&self) -> impl Ord + use<> {
        let place = self.primary().and_then(|label| label.place);
        (place.is_none(), place.map(|place| (place.file, place.span)), self.rule.code)
    }

    /// The place of the fault, or at least the first place.
    pub fn primary(&self) -> Option<&ReportedLabel> {
        self.labels.iter().find(|label| label.primary).or_else(|| self.labels.first())
    }

    /// The labels, the primary first.
    pub fn ordered_labels(&self) -> Vec<&ReportedLabel> {
        let primary = self.primary();
        let is_primary = |label: &&ReportedLabel| primary.is_some_and(|first| std::ptr::eq(first, *label));
        let others = self.labels.iter().filter(|label| !is_primary(label));
        primary.into_iter().chain(others).collect()
    }
}

impl ReportedLabel {
    /// The object and the place in it: `Service shop/cart, spec.ports`.
    pub fn address(&self) -> String {
        match self.pointer.as_str() {
            "" => self.object.clone(),
            pointer => format!("{}, {pointer}", self.object),
        }
    }
}

impl Report {
    /// The findings as a reader meets them: by file, then by place in it; those without a place last.
    pub fn sorted(&self) -> Vec<&ReportedFinding> {
        let mut findings: Vec<_> = self.findings.iter().collect();
        findings.sort_by_key(|finding| finding.order());
        findings
    }

    /// Takes the findings out, sorted likewise.
    pub fn take_sorted(&mut self) -> Vec<ReportedFinding> {
        let mut findings = std::mem::take(&mut self.findings);
        findings.sort_by_key(ReportedFinding::order);
        findings
    }

    /// The findings that a baseline knows.
    pub fn known(&self) -> &[Known] {
        self.compared.as_ref().map_or(&[], |compared| &compared.known)
    }

    /// How many findings are this loud.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}
