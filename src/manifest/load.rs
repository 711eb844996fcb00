//! The whole way from paths to objects.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::behind::Behind;
use super::document::{self, Skipped, looks_like_kubernetes};
use super::plan::{self, Plan, Unrendered};
use super::read::{self, ReadError};
use super::render::Tools;
use super::source::{self, Source, number};
use super::template::{self, Raw};
use super::walk::{self, Found};
use super::yaml;
use crate::world::node::{Node, Span};

/// How to load.
#[derive(Clone)]
pub struct Options<'a> {
    /// The kinds that anybody wants to see.
    pub wanted: &'a (dyn Fn(&str) -> bool + Sync),
    /// Whether to render charts and kustomizations.
    pub render: bool,
    /// What to render them with.
    pub tools: Tools,
    /// The name under which reports mention what came by standard input.
    pub stdin_name: Option<String>,
}

/// Where an object was found, while it is being read.
#[derive(Debug, Clone, Copy)]
pub struct RootInfo<'a> {
    /// The number of its source.
    pub source: u32,
    /// The folder that the source belongs to.
    pub folder: &'a Path,
    /// The number of its document in the source.
    pub document: u32,
    /// Its way through the `items` of lists.
    pub items: &'a [u32],
}

impl RootInfo<'_> {
    /// The same, to be kept.
    pub fn origin(&self) -> document::Origin {
        document::Origin { source: self.source, document: self.document, items: self.items.into() }
    }
}

/// Objects that are judged together.
#[derive(Debug)]
pub struct WorldInput<T> {
    /// What it is: a rendered folder, or nothing for the files as they are.
    pub name: Option<String>,
    /// The objects, in the order of the sources.
    pub objects: Vec<T>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The number of the source, unless there is no text at all.
    pub source: Option<u32>,
    /// The name of the file.
    pub name: String,
    /// The bytes that are wrong.
    pub span: Span,
    /// What is wrong with them.
    pub message: String,
    /// Whether this was evidently meant to be a Kubernetes object.
    pub kubernetes: bool,
    /// Whether the user named the file.
    pub named: bool,
}

/// Something to know about the input as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub text: String,
    /// The command that helps.
    pub command: Option<String>,
}

/// Something odd in a source that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceNote {
    /// The number of the source.
    pub source: u32,
    /// What and where.
    pub note: yaml::Note,
}

/// All that was read.
#[derive(Debug, Default)]
pub struct Input<T> {
    /// The texts.
    pub sources: Vec<Source>,
    /// The objects.
    pub worlds: Vec<WorldInput<T>>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// What could be read and is odd.
    pub notes: Vec<SourceNote>,
    /// What to say about the input.
    pub notices: Vec<Notice>,
    /// What was no object.
    pub skipped: Skipped,
    /// What the rendered sources were made of, by their numbers.
    pub behind: BTreeMap<u32, Behind>,
    /// Kustomizations whose files are judged as they are.
    pub unrendered: Vec<Unrendered>,
}

impl<T> Input<T> {
    /// Takes the objects out, world by world, for whoever keeps them elsewhere.
    pub fn take_objects(self) -> (Input<()>, Vec<Vec<T>>) {
        let names =
            self.worlds.iter().map(|world| WorldInput { name: world.name.clone(), objects: Vec::new() }).collect();
        let objects = self.worlds.into_iter().map(|world| world.objects).collect();
        let Self { sources, problems, notes, notices, skipped, behind, unrendered, .. } = self;
        (Input { sources, worlds: names, problems, notes, notices, skipped, behind, unrendered }, objects)
    }
}

/// A text to be taken apart.
struct Text {
    source: Source,
    named: bool,
}

/// What one source came to.
struct Yield<T> {
    objects: Vec<T>,
    problems: Vec<Problem>,
    notes: Vec<SourceNote>,
    skipped: Skipped,
    /// The chart that its templates belong to, if they were not read.
    chart: Option<PathBuf>,
}

/// Reads the inputs: files, folders, and `-` for `stdin`. `object` sees every wanted object once, in any order and
/// from several threads, and what it makes of them is kept; the trees are not.
pub fn load<T: Send>(
    inputs: &[PathBuf],
    options: &Options<'_>,
    stdin: &mut dyn Read,
    object: impl Fn(&Node<'_>, RootInfo<'_>) -> Option<T> + Sync,
) -> Input<T> {
    let (streams, paths): (Vec<_>, Vec<_>) = inputs.iter().cloned().partition(|input| input.as_os_str() == "-");
    let (found, lost) = walk::walk(&paths);
    let files: Vec<_> = found.iter().map(|file| file.path.clone()).collect();
    let plan = Plan::new(&files, options);

    let mut problems: Vec<_> = lost.into_iter().map(|lost| unread(&lost.path, lost.message, lost.named)).collect();
    let mut texts = Vec::new();
    if !streams.is_empty() {
        take(stdin_text(stdin, options), &mut texts, &mut problems);
    }
    let wanted: Vec<_> = found.into_iter().filter(|file| file.named || !plan.consumes(&file.path)).collect();
    for read in wanted.into_par_iter().map(file_text).collect::<Vec<_>>() {
        take(read, &mut texts, &mut problems);
    }
    let mut behind = BTreeMap::new();
    for (source, made_of) in plan.rendered {
        behind.insert(number(texts.len()), made_of);
        texts.push(Text { source, named: false });
    }
    add_parts(&mut texts, &mut behind, &files);

    let read = |(index, text): (usize, &Text)| take_apart(number(index), text, options, &object);
    let yields: Vec<_> = texts.par_iter().enumerate().map(read).collect();
    let sources = texts.into_iter().map(|text| text.source).collect();
    let input = Input {
        sources,
        worlds: Vec::new(),
        problems,
        notes: Vec::new(),
        notices: plan.notices,
        skipped: Skipped::default(),
        behind,
        unrendered: plan.unrendered,
    };
    assemble(input, yields)
}

/// Adds the files that what was rendered is made of, each once, under the names that the input gives them.
fn add_parts(texts: &mut Vec<Text>, behind: &mut BTreeMap<u32, Behind>, files: &[PathBuf]) {
    let known = |text: &Text| text.source.path().map(walk::absolute);
    let mut numbers: HashMap<PathBuf, u32> =
        (0..).zip(texts.iter()).filter_map(|(number, text)| Some((known(text)?, number))).collect();
    let names: HashMap<PathBuf, &PathBuf> = match behind.is_empty() {
        true => HashMap::new(),
        false => files.iter().map(|file| (walk::absolute(file), file)).collect(),
    };
    for (rendered, made_of) in behind {
        let paths = made_of.paths(texts.get(*rendered as usize).map_or("", |text| &text.source.text));
        for path in paths {
            let next = number(texts.len());
            let known = numbers.get(&path).copied().or_else(|| {
                let text = read::file(&path).ok()?;
                let name = names.get(&path).map_or_else(|| walk::shown(&path), |name| (*name).clone());
                let source = Source::new(name.display().to_string(), made_of.origin(path.clone()), text);
                texts.push(Text { source, named: false });
                Some(next)
            });
            if let Some(known) = known {
                numbers.insert(path.clone(), known);
                made_of.add(path, known);
            }
        }
    }
}

/// Reads sources once more, some of whose texts are others now. What was said of the input before still holds.
pub fn reread<T: Send>(
    before: Input<()>,
    options: &Options<'_>,
    object: impl Fn(&Node<'_>, RootInfo<'_>) -> Option<T> + Sync,
) -> Input<T> {
    let named =
        |index: usize| before.problems.iter().any(|problem| problem.source == Some(number(index)) && problem.named);
    let named: Vec<bool> = (0..before.sources.len()).map(named).collect();
    let texts: Vec<_> = before.sources.into_iter().zip(named).map(|(source, named)| Text { source, named }).collect();
    let read = |(index, text): (usize, &Text)| take_apart(number(index), text, options, &object);
    let yields: Vec<_> = texts.par_iter().enumerate().map(read).collect();
    let sources = texts.into_iter().map(|text| text.source).collect();
    let mut problems = before.problems;
    problems.retain(|problem| problem.source.is_none());
    let input = Input {
        sources,
        worlds: Vec::new(),
        problems,
        notes: Vec::new(),
        notices: before.notices,
        skipped: Skipped::default(),
        behind: before.behind,
        unrendered: before.unrendered,
    };
    assemble(input, yields)
}

fn take(read: Result<Text, Problem>, texts: &mut Vec<Text>, problems: &mut Vec<Problem>) {
    match read {
        Ok(text) => texts.push(text),
        Err(problem) => problems.push(problem),
    }
}

fn file_text(file: Found) -> Result<Text, Problem> {
    let text = read::file(&file.path).map_err(|error| {
        let kubernetes = matches!(&error, ReadError::NotUtf8 { guess, .. } if looks_like_kubernetes(guess));
        Problem { kubernetes, ..unread(&file.path, error.to_string(), file.named) }
    })?;
    let name = file.path.display().to_string();
    Ok(Text { source: Source::new(name, source::Origin::File(file.path), text), named: file.named })
}

fn stdin_text(stdin: &mut dyn Read, options: &Options<'_>) -> Result<Text, Problem> {
    let name = options.stdin_name.clone().unwrap_or_else(|| "<stdin>".to_owned());
    let text = read::stream(stdin, 0).map_err(|error: ReadError| unread(Path::new(&name), error.to_string(), true))?;
    Ok(Text { source: Source::new(name, source::Origin::Stream, text), named: true })
}

fn unread(path: &Path, message: String, named: bool) -> Problem {
    let name = path.display().to_string();
    Problem { source: None, name, span: Span::default(), message, kubernetes: false, named }
}

fn take_apart<T>(
    index: u32,
    text: &Text,
    options: &Options<'_>,
    object: &impl Fn(&Node<'_>, RootInfo<'_>) -> Option<T>,
) -> Yield<T> {
    let source = &text.source;
    let mut all = Yield {
        objects: Vec::new(),
        problems: Vec::new(),
        notes: Vec::new(),
        skipped: Skipped::default(),
        chart: None,
    };
    if !source.is_judged() {
        return all;
    }
    if let Some(Raw::Helm(chart)) = source.path().and_then(|path| template::of_chart(path, &source.text)) {
        all.skipped.templates += 1;
        all.chart = Some(chart);
        return all;
    }
    for (document, range) in (0..).zip(yaml::documents(&source.text)) {
        let each = |node: &Node<'_>, items: &[u32]| {
            let info = RootInfo { source: index, folder: source.folder(), document, items };
            all.objects.extend(object(node, info));
        };
        match document::read(source, range.clone(), options.wanted, &mut all.skipped, each) {
            Ok(notes) => all.notes.extend(notes.into_iter().map(|note| SourceNote { source: index, note })),
            Err(error) => all.broken(index, text, range, error),
        }
    }
    all
}

impl<T> Yield<T> {
    /// A document that is no YAML may not have been meant to be any.
    fn broken(&mut self, source: u32, text: &Text, range: Range<usize>, error: yaml::YamlError) {
        let document = text.source.text.get(range).unwrap_or("");
        if template::unreadable(document).is_some() {
            self.skipped.templates += 1;
            return;
        }
        let kubernetes = looks_like_kubernetes(document);
        if !kubernetes && !text.named {
            self.skipped.broken += 1;
        }
        let (name, named) = (text.source.name.clone(), text.named);
        self.problems.push(Problem {
            source: Some(source),
            name,
            span: error.span,
            message: error.message,
            kubernetes,
            named,
        });
    }
}

/// Sorts what the sources came to into worlds: the files as they are are one, and whatever was rendered is one of its own.
fn assemble<T>(mut input: Input<T>, yields: Vec<Yield<T>>) -> Input<T> {
    let mut charts = Vec::new();
    let mut files = WorldInput { name: None, objects: Vec::new() };
    for (index, one) in yields.into_iter().enumerate() {
        input.problems.extend(one.problems);
        input.notes.extend(one.notes);
        input.skipped.add(one.skipped);
        charts.extend(one.chart);
        match input.sources.get(index) {
            Some(Source { name, origin: source::Origin::Rendered(_), .. }) => {
                input.worlds.push(WorldInput { name: Some(name.clone()), objects: one.objects });
            }
            _ => files.objects.extend(one.objects),
        }
    }
    input.worlds.insert(0, files);
    charts.sort();
    charts.dedup();
    for chart in charts {
        let name = chart.display().to_string();
        let command = format!("helm template {name} | beamgate lint -");
        // The plan has spoken of the charts whose `Chart.yaml` is in the input.
        let spoken = plan::not_rendered(&name);
        if !input.notices.iter().any(|notice| notice.text.starts_with(&spoken)) {
            let text = format!("the templates of the chart in {name} were not rendered");
            input.notices.push(Notice { text, command: Some(command) });
        }
    }
    input
}
