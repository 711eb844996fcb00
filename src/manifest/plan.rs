//! What to render, and which files are then not judged by themselves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::behind::Behind;
use super::kustomize::{Graph, Kustomization, Layer, is_kustomization};
use super::load::{Notice, Options};
use super::render::{RenderError, Tools};
use super::source::{Origin, RENDERED, Source};
use super::template::chart_of;
use super::walk::absolute;
use super::yaml;

/// A folder that a tool turns into manifests.
enum Job {
    Chart(PathBuf),
    Kustomization(PathBuf, Box<Kustomization>, Vec<Layer>),
}

/// What became of the charts and kustomizations of an input.
#[derive(Default)]
pub(super) struct Plan {
    /// What was rendered, and of what.
    pub(super) rendered: Vec<(Source, Behind)>,
    /// What could not be, and the command that would.
    pub(super) notices: Vec<Notice>,
    /// Files that are no manifests of their own, absolute.
    consumed: BTreeSet<PathBuf>,
    /// Charts that were rendered, or never are, absolute: nothing below them is judged raw.
    charts: Vec<PathBuf>,
    /// Kustomizations that were not rendered and whose objects are more than what their files say.
    pub(super) unrendered: Vec<Unrendered>,
}

/// A kustomization whose objects are judged as their files have them, which is not all that is said of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrendered {
    /// The folder.
    pub name: String,
    /// The files, absolute.
    pub objects: BTreeSet<PathBuf>,
}

impl Plan {
    /// Renders the roots among the charts and kustomizations whose files are in the input.
    pub(super) fn new(files: &[PathBuf], options: &Options<'_>) -> Self {
        let (jobs, libraries) = jobs(files);
        let tools = &options.tools;
        let render = |job: &Job| match options.render {
            true => job.render(tools),
            false => Err(Unable { why: "`--no-render` was given".to_owned(), failed: false }),
        };
        let outcomes: Vec<_> = jobs.into_par_iter().map(|job| (render(&job), job)).collect();
        let charts = libraries.iter().map(|folder| absolute(folder)).collect();
        let mut plan = Self { charts, ..Self::default() };
        for (outcome, job) in outcomes {
            plan.take(job, outcome);
        }
        plan
    }

    /// Whether a file is judged as part of something else, or not at all.
    pub(super) fn consumes(&self, path: &Path) -> bool {
        if self.consumed.is_empty() && self.charts.is_empty() {
            return false;
        }
        let path = absolute(path);
        self.consumed.contains(&path) || self.charts.iter().any(|chart| path.starts_with(chart))
    }

    fn take(&mut self, job: Job, outcome: Result<String, Unable>) {
        let rendered = outcome.is_ok();
        match outcome {
            Ok(text) => self.rendered.push((job.source(text), job.behind())),
            Err(unable) => self.notices.push(job.notice(&unable)),
        }
        match job {
            Job::Chart(folder) if rendered => self.charts.push(absolute(&folder)),
            Job::Chart(folder) => self.consumed.extend(tooling(&folder)),
            Job::Kustomization(ref folder, ref all, _) => {
                if !rendered && (all.folders.len() > 1 || all.parts.len() > 1) {
                    let (name, objects) = (folder.display().to_string(), all.objects.clone());
                    self.unrendered.push(Unrendered { name, objects });
                }
                // Patches are parts of objects: alone they would look like objects with everything missing.
                self.consumed.extend(all.parts.iter().cloned());
                if rendered {
                    self.consumed.extend(all.objects.iter().cloned());
                }
            }
        }
    }
}

/// Whether a chart is only there for others to use: Helm renders no such.
fn is_library(chart: &Path) -> bool {
    let read = || {
        let text = std::fs::read_to_string(chart.join("Chart.yaml")).ok()?;
        let card = yaml::parse(&text, yaml::documents(&text).first()?.clone()).ok()??;
        Some(card.root.get("type")?.scalar()? == "library")
    };
    read().unwrap_or_default()
}

/// What is to be rendered, and the charts that cannot be by themselves.
fn jobs(files: &[PathBuf]) -> (Vec<Job>, Vec<PathBuf>) {
    let folder = |path: &PathBuf| path.parent().map(Path::to_owned);
    let charts: BTreeSet<_> = files
        .iter()
        .filter(|path| path.file_name().is_some_and(|name| name == "Chart.yaml"))
        .filter_map(folder)
        .collect();
    // A chart inside another one's folder is a dependency of it.
    let is_inner =
        |chart: &PathBuf| chart.ancestors().skip(1).any(|above| charts.contains(above)) && is_dependency(chart);
    let roots = charts.iter().filter(|chart| !is_inner(chart)).cloned();
    let (libraries, roots): (Vec<_>, Vec<_>) = roots.partition(|chart| is_library(chart));
    let roots = roots.into_iter().map(Job::Chart);

    let kustomizations: BTreeSet<_> = files.iter().filter(|path| is_kustomization(path)).filter_map(folder).collect();
    let graph = Graph::read(kustomizations.iter().cloned());
    let tops = kustomizations.into_iter().filter(|folder| !graph.is_consumed(folder) && chart_of(folder).is_none());
    let tops = tops.map(|folder| {
        let (all, layers) = (Box::new(graph.closure(&folder)), graph.layers(&folder));
        Job::Kustomization(folder, all, layers)
    });
    (roots.chain(tops).collect(), libraries)
}

fn is_dependency(chart: &Path) -> bool {
    chart.ancestors().any(|above| above.file_name().is_some_and(|name| name == "charts"))
}

/// The files of a chart that say how to render it.
fn tooling(chart: &Path) -> Vec<PathBuf> {
    ["Chart.yaml", "values.yaml", "values.schema.json"].iter().map(|name| absolute(&chart.join(name))).collect()
}

impl Job {
    fn folder(&self) -> &Path {
        match self {
            Self::Chart(folder) | Self::Kustomization(folder, ..) => folder,
        }
    }

    fn name(&self) -> String {
        let shown = self.folder().display().to_string();
        if shown.is_empty() { ".".to_owned() } else { shown }
    }

    /// The rendered text, or why there is none.
    fn render(&self, tools: &Tools) -> Result<String, Unable> {
        let here = if self.folder().as_os_str().is_empty() { Path::new(".") } else { self.folder() };
        let impossible = |why: String| Err(Unable { why, failed: false });
        let outcome = match self {
            Self::Chart(_) => tools.chart(here),
            Self::Kustomization(_, all, _) => {
                if let Some(remote) = all.remote.first() {
                    return impossible(format!("it needs `{remote}` from the network"));
                }
                if all.helm {
                    return impossible("it renders charts, which takes `--enable-helm`".to_owned());
                }
                tools.kustomization(here)
            }
        };
        outcome.map_err(|error| Unable { failed: matches!(error, RenderError::Failed(_)), why: error.to_string() })
    }

    fn source(&self, text: String) -> Source {
        Source::new(format!("{}{RENDERED}", self.name()), Origin::Rendered(self.folder().to_owned()), text)
    }

    fn behind(&self) -> Behind {
        match self {
            Self::Chart(folder) => Behind::chart(folder),
            Self::Kustomization(folder, all, layers) => Behind::kustomization(folder, all, layers.clone()),
        }
    }

    fn notice(&self, unable: &Unable) -> Notice {
        let (name, why) = (self.name(), &unable.why);
        let (text, command) = match self {
            Self::Chart(_) => {
                (not_rendered(&name), format!("helm template {name}{} | beamgate lint -", unable.values()))
            }
            Self::Kustomization(..) => (
                format!("the kustomization in {name} was not rendered"),
                format!("kubectl kustomize {name} | beamgate lint -"),
            ),
        };
        let first = if unable.lacks_charts() { format!("helm dependency build {name} && ") } else { String::new() };
        // What has just failed would fail again.
        let helps = !unable.failed || unable.lacks_charts() || unable.lacks_values();
        let command = helps.then(|| format!("{first}{command}"));
        Notice { text: format!("{text}: {why}"), command }
    }
}

/// How what is said of a chart begins.
pub(super) fn not_rendered(chart: &str) -> String {
    format!("the chart in {chart} was not rendered")
}

/// Why there is no rendered text.
struct Unable {
    why: String,
    /// Whether the tool ran, and refused.
    failed: bool,
}

impl Unable {
    /// Helm's words for charts that are to be downloaded first.
    fn lacks_charts(&self) -> bool {
        self.failed && ["helm dependency build", "missing in charts/"].iter().any(|words| self.why.contains(words))
    }

    /// Helm's words for values that somebody has to choose: `required` and `fail` of a template, a schema, a map that is not there.
    fn lacks_values(&self) -> bool {
        let words = ["execution error at", "values don't meet", "nil pointer evaluating"];
        self.failed && words.iter().any(|words| self.why.contains(words))
    }

    fn values(&self) -> &'static str {
        if self.lacks_values() { " -f <values>" } else { "" }
    }
}
