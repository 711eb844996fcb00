//! Changes of a rendered object to changes of the file that says it.

use super::kustomization::{Hit, Role, Trail, reach};
use super::{Behind, Trail as AnyTrail, chart};
use crate::fix::change::Change;
use crate::manifest::document;
use crate::manifest::load::Input;
use crate::manifest::locate::Place;
use crate::manifest::yaml;
use crate::place::{Loc, ObjectId, Pointer, Step};
use crate::world::node::Node;

/// A change, and the document of a file in which it is to be made.
#[derive(Debug, Clone)]
pub struct Written {
    /// The number of the source.
    pub source: u32,
    /// The number of the document in it.
    pub document: u32,
    /// The change as it is there.
    pub change: Change,
}

/// Why a change of a rendered object is nowhere to be made.
const NOWHERE: &str = "it was rendered, and no file says it";

impl<T> Input<T> {
    /// Where a change of a rendered object is to be made.
    ///
    /// # Errors
    /// Why nowhere: a template says it, or a patch that is no file, or nobody knows who does.
    pub fn owner(&self, origin: &document::Origin, change: &Change) -> Result<Written, String> {
        let rendered = self.sources.get(origin.source as usize).ok_or(NOWHERE)?;
        let behind = self.behind.get(&origin.source).ok_or(NOWHERE)?;
        let range = yaml::documents(&rendered.text).get(origin.document as usize).cloned().ok_or(NOWHERE)?;
        let parsed = yaml::parse(&rendered.text, range).ok().flatten().ok_or(NOWHERE)?;
        let object = document::descend(&parsed.root, &origin.items).ok_or(NOWHERE)?;
        match behind.trail(&self.sources, rendered) {
            AnyTrail::Kustomization(trail) => owner(&trail, object, change, |place| self.said(place)),
            AnyTrail::Chart(trail) => {
                let at = place_of(change);
                let span = crate::manifest::resolve::resolve(object, &rendered.text, &at.pointer, &at.focus);
                Err(trail.place(span).map_or_else(|| NOWHERE.to_owned(), |place| self.templated(behind, place)))
            }
        }
    }

    /// `k8s/base/cart.yaml:12`.
    fn said(&self, place: Place) -> String {
        self.sources
            .get(place.source as usize)
            .map_or_else(String::new, |source| format!("{}:{}", source.name, source.position(place.span.start).line))
    }

    /// What to say of a value that a template makes, and which values of the chart it takes.
    fn templated(&self, behind: &Behind, place: Place) -> String {
        let source = self.sources.get(place.source as usize);
        let line = source.map_or("", |source| source.slice(source.line(source.position(place.span.start).line)));
        let values = chart::taken(line);
        let takes: Vec<String> = values.iter().map(|path| self.value(behind, path)).collect();
        let takes = if takes.is_empty() { String::new() } else { format!(", which takes {}", takes.join(" and ")) };
        format!("a template of a chart makes it, {}{takes}", self.said(place))
    }

    /// `` `node.host` (chart/values.yaml:3)``.
    fn value(&self, behind: &Behind, path: &str) -> String {
        let place = behind.source(&chart::values(&behind.folder), &self.sources).and_then(|(number, source)| {
            let parsed = yaml::parse(&source.text, yaml::documents(&source.text).first()?.clone()).ok()??;
            let steps: Vec<&str> = path.split('.').collect();
            let span = parsed.root.path(&steps)?.span;
            Some(Place { source: number, span })
        });
        place.map_or_else(|| format!("`{path}` of its values"), |place| format!("`{path}` ({})", self.said(place)))
    }
}

/// The place that a change is about.
fn place_of(change: &Change) -> Loc {
    match change {
        Change::Set { at, .. } | Change::Substitute { at, .. } | Change::Swap { at, .. } | Change::Remove { at } => {
            at.clone()
        }
        Change::Insert { list, .. } | Change::Move { list, .. } => list.clone(),
        Change::Create { .. } => Pointer::root().of(ObjectId(0)),
    }
}

fn owner(
    trail: &Trail<'_>,
    object: &Node<'_>,
    change: &Change,
    said: impl Fn(Place) -> String,
) -> Result<Written, String> {
    let find = |loc: &Loc| one_owner(trail, object, loc, &said);
    let written = |hit: &Hit<'_, '_>, change: Change| Written { source: hit.source, document: hit.document, change };
    match change {
        Change::Create { .. } => Ok(written(&find(&place_of(change))?, change.clone())),
        Change::Insert { list, index, item } => {
            let items = reach(object, list.pointer.steps()).1.items();
            let (anchor, behind) = match (items.get(*index), items.last()) {
                (Some(anchor), _) => (anchor, 0),
                (None, Some(last)) => (last, 1),
                (None, None) => return Ok(written(&find(list)?, change.clone())),
            };
            let anchor = named(list, anchor).ok_or(NOWHERE)?;
            let hit = find(&anchor)?;
            let index = position(hit.root, &anchor).ok_or(NOWHERE)? + behind;
            Ok(written(&hit, Change::Insert { list: list.clone(), index, item: item.clone() }))
        }
        Change::Move { list, from, to } => {
            let items = reach(object, list.pointer.steps()).1.items();
            let item = |index: usize| items.get(index).and_then(|item| named(list, item)).ok_or(NOWHERE);
            let (moved, passed) = (item(*from)?, item(*to)?);
            let (hit, other) = (find(&moved)?, find(&passed)?);
            if (hit.source, hit.document) != (other.source, other.document) {
                return Err("the two are in different files".to_owned());
            }
            let at = |anchor: &Loc| position(hit.root, anchor).ok_or(NOWHERE);
            Ok(written(&hit, Change::Move { list: list.clone(), from: at(&moved)?, to: at(&passed)? }))
        }
        _ => Ok(written(&find(&place_of(change))?, change.clone())),
    }
}

/// The one file that says what is at a place; of a value, the most specific one. What is new goes where the object is.
fn one_owner<'t, 's>(
    trail: &'t Trail<'s>,
    object: &Node<'_>,
    loc: &Loc,
    said: &impl Fn(Place) -> String,
) -> Result<Hit<'t, 's>, String> {
    let steps = loc.pointer.steps();
    let (depth, value) = reach(object, steps);
    let is_there = depth == steps.len() && !steps.is_empty();
    let mut hits = trail.hits(object, loc);
    match is_there {
        true => hits.retain(|hit| hit.says_it),
        false => hits.retain(|hit| hit.role == Role::Object),
    }
    let several = hits.len() > 1 && (!is_there || value.scalar().is_none());
    if several {
        let places: Vec<String> = hits.iter().map(|hit| said(hit.place)).collect();
        return Err(format!("it was rendered, and several files say it: {}", places.join(", ")));
    }
    let Some(hit) = hits.into_iter().next() else { return Err(NOWHERE.to_owned()) };
    match hit.role {
        Role::Operations => Err(format!("a patch that is not edited says it, {}", said(hit.place))),
        _ => Ok(hit),
    }
}

/// An item of a list, by its name.
fn named(list: &Loc, item: &Node<'_>) -> Option<Loc> {
    let name = item.get("name").and_then(Node::scalar)?;
    // No list has so many: it is found by its name alone.
    let pointer = list.pointer.item("name", name, u32::MAX as usize);
    Some(Loc { pointer, ..list.clone() })
}

/// Where in its list an item is.
fn position(root: &Node<'_>, item: &Loc) -> Option<usize> {
    let (last, above) = item.pointer.steps().split_last()?;
    let Step::Item { key, value, .. } = last else { return None };
    let (depth, list) = reach(root, above);
    let is_it = |item: &Node<'_>| item.get(key).and_then(Node::scalar) == Some(value);
    list.items().iter().position(is_it).filter(|_| depth == above.len())
}
