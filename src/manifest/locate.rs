//! Symbolic places to bytes: a document is read again for them, and what was rendered is followed back to its files.

use std::ops::Range;

use rayon::prelude::*;

use super::behind::Trail;
use super::load::Input;
use super::source::{Source, number};
use super::{document, resolve, yaml};
use crate::place::Loc;
use crate::world::node::Span;

/// A place in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The number of the source.
    pub source: u32,
    /// The bytes.
    pub span: Span,
}

impl<T> Input<T> {
    /// The bytes of a symbolic place in the object that came from `origin`. Its document is read again.
    pub fn locate(&self, origin: &document::Origin, loc: &Loc) -> Option<Place> {
        self.locate_all(vec![(origin, loc)]).pop().map(|(_, place)| place)
    }

    /// The same for many places, in no order. However many are in a document, it is read again once.
    pub fn locate_all<'p>(&self, mut places: Vec<(&'p document::Origin, &'p Loc)>) -> Vec<(&'p Loc, Place)> {
        places.sort_unstable_by_key(|(origin, _)| (origin.source, origin.document));
        let by_source: Vec<_> = places.chunk_by(|(a, _), (b, _)| a.source == b.source).collect();
        let (sources, behind) = (&self.sources, &self.behind);
        let located = by_source.into_par_iter().filter_map(|places| {
            let number = places.first()?.0.source;
            let source = sources.get(number as usize)?;
            let trail = behind.get(&number).map(|behind| behind.trail(sources, source));
            Some(locate_in_source(source, trail.as_ref(), places))
        });
        located.flatten().collect()
    }

    /// The place itself, or one in a file that what was rendered is made of.
    pub fn at_home(&self, source: u32, span: Span) -> Place {
        let trail = self.behind.get(&source).zip(self.sources.get(source as usize));
        let home = trail.and_then(|(behind, rendered)| behind.trail(&self.sources, rendered).somewhere(span));
        home.unwrap_or(Place { source, span })
    }
}

fn locate_in_source<'p>(
    source: &Source,
    trail: Option<&Trail<'_>>,
    places: &[(&document::Origin, &'p Loc)],
) -> Vec<(&'p Loc, Place)> {
    let ranges = yaml::documents(&source.text);
    let by_document: Vec<_> = places.chunk_by(|(a, _), (b, _)| a.document == b.document).collect();
    let located = by_document.into_par_iter().filter_map(|places| {
        let range = ranges.get(places.first()?.0.document as usize)?.clone();
        Some(locate_in_document(source, range, trail, places))
    });
    located.flatten().collect()
}

fn locate_in_document<'p>(
    source: &Source,
    document: Range<usize>,
    trail: Option<&Trail<'_>>,
    places: &[(&document::Origin, &'p Loc)],
) -> Vec<(&'p Loc, Place)> {
    let Ok(Some(parsed)) = yaml::parse(&source.text, document) else { return Vec::new() };
    let locate = |(origin, loc): &(&document::Origin, &'p Loc)| {
        let root = document::descend(&parsed.root, &origin.items)?;
        let span = resolve::resolve(root, &source.text, &loc.pointer, &loc.focus);
        let home = trail.and_then(|trail| trail.place(root, span, loc));
        Some((*loc, home.unwrap_or(Place { source: origin.source, span })))
    };
    places.iter().filter_map(locate).collect()
}

/// The bytes of a range.
pub(super) fn span(range: Range<usize>) -> Span {
    Span { start: number(range.start), end: number(range.end) }
}
