//! What a tool has rendered, followed back to the files that it was made of.
//!
//! Helm says above each document which template it comes from, and lines are compared. kustomize says nothing unless it is told
//! to (`buildMetadata: [originAnnotations]`), so objects are known by their kinds and names, and values by being the same; the
//! most specific file that says a value has it.

mod again;
mod chart;
mod kustomization;
mod owner;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::kustomize::{self, Graph, Layer};
use super::locate::Place;
use super::source::{Origin, Source};
use super::walk::{self, absolute};
use crate::place::Loc;
use crate::world::node::{Node, Span};
pub use owner::Written;

/// The files behind a rendered text.
#[derive(Debug, Clone)]
pub struct Behind {
    /// The folder that was rendered, absolute.
    folder: PathBuf,
    tool: Tool,
    /// The files that could be read, and the numbers of their sources.
    numbers: BTreeMap<PathBuf, u32>,
}

#[derive(Debug, Clone)]
enum Tool {
    Helm,
    Kustomize {
        layers: Vec<Layer>,
        /// Everything that it reads.
        files: BTreeSet<PathBuf>,
    },
}

impl Behind {
    /// What is behind a chart.
    pub(super) fn chart(folder: &Path) -> Self {
        Self { folder: absolute(folder), tool: Tool::Helm, numbers: BTreeMap::new() }
    }

    /// What is behind a kustomization.
    pub(super) fn kustomization(folder: &Path, all: &kustomize::Kustomization, layers: Vec<Layer>) -> Self {
        let files = all.objects.iter().chain(&all.parts).cloned().collect();
        let tool = Tool::Kustomize { layers, files };
        Self { folder: absolute(folder), tool, numbers: BTreeMap::new() }
    }

    /// The files that places in the rendered text may lead to, absolute.
    pub(super) fn paths(&self, rendered: &str) -> Vec<PathBuf> {
        match &self.tool {
            Tool::Helm => {
                let mut paths = chart::templates(&self.folder, rendered);
                paths.extend([chart::card(&self.folder), chart::values(&self.folder)]);
                paths
            }
            Tool::Kustomize { layers, .. } => {
                let files = |layer: &Layer| {
                    let own = std::iter::once(&layer.file).chain(&layer.patches).chain(&layer.objects);
                    own.cloned().collect::<Vec<_>>()
                };
                layers.iter().flat_map(files).collect()
            }
        }
    }

    /// Where such a file comes from.
    pub(super) fn origin(&self, path: PathBuf) -> Origin {
        match self.tool {
            Tool::Helm => Origin::Template(path),
            Tool::Kustomize { .. } => Origin::Part(path),
        }
    }

    /// Says which source such a file is.
    pub(super) fn add(&mut self, path: PathBuf, number: u32) {
        self.numbers.insert(path, number);
    }

    /// Whether it is a chart.
    pub fn is_chart(&self) -> bool {
        matches!(self.tool, Tool::Helm)
    }

    /// The folders that are made of a file, of all that lie beside it and beside what was rendered. One is judged here; if
    /// there are others, a change of the file would be one of theirs too.
    pub fn users(&self, file: &Path) -> Vec<PathBuf> {
        let file = absolute(file);
        let common = file.ancestors().find(|above| self.folder.starts_with(above)).unwrap_or(&self.folder);
        let (found, _) = walk::walk(&[common.to_owned()]);
        let found = found.into_iter().filter(|found| kustomize::is_kustomization(&found.path));
        let folders = found.filter_map(|found| found.path.parent().map(Path::to_owned));
        let users = Graph::read(folders.chain([self.folder.clone()])).users(&file);
        users.iter().map(|user| walk::shown(user)).collect()
    }

    /// The way back from the rendered text.
    pub(super) fn trail<'s>(&'s self, sources: &'s [Source], rendered: &'s Source) -> Trail<'s> {
        match &self.tool {
            Tool::Helm => Trail::Chart(chart::Trail::new(self, sources, rendered)),
            Tool::Kustomize { layers, .. } => Trail::Kustomization(kustomization::Trail::new(self, layers, sources)),
        }
    }

    fn source<'s>(&self, path: &Path, sources: &'s [Source]) -> Option<(u32, &'s Source)> {
        let number = *self.numbers.get(path)?;
        Some((number, sources.get(number as usize)?))
    }
}

/// A way back from a rendered text to its files.
pub(super) enum Trail<'s> {
    Chart(chart::Trail<'s>),
    Kustomization(kustomization::Trail<'s>),
}

impl Trail<'_> {
    /// Where a place of a rendered object was written, or at least what made it.
    pub(super) fn place(&self, object: &Node<'_>, rendered: Span, loc: &Loc) -> Option<Place> {
        match self {
            Self::Chart(chart) => chart.place(rendered),
            Self::Kustomization(kustomization) => kustomization.place(object, loc),
        }
    }

    /// What made some bytes of the rendered text, as far as that is known without reading them.
    pub(super) fn somewhere(&self, rendered: Span) -> Option<Place> {
        match self {
            Self::Chart(chart) => chart.place(rendered),
            Self::Kustomization(kustomization) => kustomization.card(),
        }
    }
}
