//! Places in what kustomize rendered to the resources and patches that say them.

use std::borrow::Cow;
use std::path::Path;

use super::Behind;
use crate::manifest::kustomize::Layer;
use crate::manifest::locate::Place;
use crate::manifest::source::Source;
use crate::manifest::{resolve, yaml};
use crate::place::{Loc, Pointer, Step, unescaped};
use crate::world::node::{Node, Value};

/// The annotation that `buildMetadata: [originAnnotations]` asks for.
const ORIGIN: &str = "config.kubernetes.io/origin";

/// What a document of a file is to the objects that come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is one of them.
    Object,
    /// A part of one, which is laid over it.
    Patch,
    /// A list of operations (RFC 6902), or a patch that stands in the kustomization itself.
    Operations,
}

/// A document that was read for a kustomization.
struct Document<'s> {
    layer: usize,
    role: Role,
    source: u32,
    text: &'s str,
    number: u32,
    root: Node<'s>,
}

/// A document that says something of an object, as far as a pointer leads into it.
pub(super) struct Hit<'t, 's> {
    pub(super) role: Role,
    pub(super) source: u32,
    pub(super) document: u32,
    /// The root of the document.
    pub(super) root: &'t Node<'s>,
    /// How many steps of the pointer are there.
    pub(super) depth: usize,
    /// Whether all of them are, and lead to what was rendered.
    pub(super) says_it: bool,
    pub(super) place: Place,
}

pub(in crate::manifest) struct Trail<'s> {
    folder: &'s Path,
    layers: &'s [Layer],
    /// The most specific first.
    documents: Vec<Document<'s>>,
    /// The names of the sources that objects are in, for `config.kubernetes.io/origin`.
    behind: &'s Behind,
    card: Option<u32>,
}

impl<'s> Trail<'s> {
    pub(super) fn new(behind: &'s Behind, layers: &'s [Layer], sources: &'s [Source]) -> Self {
        let card = layers.first().and_then(|layer| behind.source(&layer.file, sources)).map(|(number, _)| number);
        let mut trail = Self { folder: &behind.folder, layers, documents: Vec::new(), behind, card };
        for (number, layer) in layers.iter().enumerate() {
            trail.read(number, Role::Operations, &layer.file, sources);
            layer.patches.iter().for_each(|path| trail.read(number, Role::Patch, path, sources));
        }
        for (number, layer) in layers.iter().enumerate() {
            layer.objects.iter().for_each(|path| trail.read(number, Role::Object, path, sources));
        }
        trail
    }

    fn read(&mut self, layer: usize, role: Role, path: &Path, sources: &'s [Source]) {
        let Some((source, file)) = self.behind.source(path, sources) else { return };
        for (number, range) in (0..).zip(yaml::documents(&file.text)) {
            let Ok(Some(parsed)) = yaml::parse(&file.text, range) else { continue };
            let role = if parsed.root.items().is_empty() { role } else { Role::Operations };
            self.documents.push(Document { layer, role, source, text: &file.text, number, root: parsed.root });
        }
    }

    /// The kustomization itself.
    pub(super) fn card(&self) -> Option<Place> {
        self.card.map(|source| Place { source, span: Default::default() })
    }

    /// Where a place of a rendered object was written. A value is the most specific file's that says it; what is missing is
    /// missing where the object is.
    pub(super) fn place(&self, object: &Node<'_>, loc: &Loc) -> Option<Place> {
        let is_value = reach(object, loc.pointer.steps()).1.scalar().is_some();
        let hits = self.hits(object, loc);
        let best = hits.iter().rev().max_by_key(|hit| (hit.depth, hit.says_it, !is_value && hit.role == Role::Object));
        best.map(|hit| hit.place).or_else(|| self.card())
    }

    /// The documents that say something of an object at a place, the most specific first.
    pub(super) fn hits<'t>(&'t self, object: &Node<'_>, loc: &Loc) -> Vec<Hit<'t, 's>> {
        let steps = loc.pointer.steps();
        let (depth, value) = reach(object, steps);
        let rendered = (depth == steps.len()).then_some(value);
        let names = self.names(object);
        let hit = |document: &'t Document<'s>| match document.role {
            Role::Operations => self.operation(document, object, &names, loc, rendered),
            _ => {
                if !self.is_of(document, object, &names) {
                    return None;
                }
                let (depth, found) = reach(&document.root, steps);
                let says_it = depth == steps.len() && rendered.is_some_and(|value| is_same(value, found));
                let span = resolve::resolve(&document.root, document.text, &loc.pointer, &loc.focus);
                Some(document.hit(depth, says_it, Place { source: document.source, span }))
            }
        };
        self.documents.iter().filter_map(hit).collect()
    }

    /// What an object may have been called before kustomize gave it its name, by layer.
    fn names(&self, object: &Node<'_>) -> Vec<Option<String>> {
        let name = object.path(&["metadata", "name"]).and_then(Node::scalar).unwrap_or_default();
        let without = |layer: &Layer| name.strip_prefix(&*layer.affixes.0)?.strip_suffix(&*layer.affixes.1);
        self.layers.iter().map(|layer| without(layer).map(str::to_owned)).collect()
    }

    /// Whether an object comes of a document, or a document is laid over it.
    fn is_of(&self, document: &Document<'_>, object: &Node<'_>, names: &[Option<String>]) -> bool {
        let text = |node: &'_ Node<'_>, path: &[&str]| node.path(path).and_then(Node::scalar).map(str::to_owned);
        let same = |path: &[&str]| text(object, path) == text(&document.root, path);
        let Some(name) = text(&document.root, &["metadata", "name"]) else { return false };
        if !same(&["kind"]) {
            return false;
        }
        let is_called_so = match document.role {
            Role::Object => names.get(document.layer).is_some_and(|known| known.as_ref() == Some(&name)),
            _ => names.iter().flatten().any(|known| *known == name) || same(&["metadata", "name"]),
        };
        let namespace = text(&document.root, &["metadata", "namespace"]);
        let is_given = self.layers.iter().any(|layer| layer.namespace);
        is_called_so
            && (is_given || namespace.is_none() || namespace == text(object, &["metadata", "namespace"]))
            && (document.role != Role::Object || self.is_its_origin(document, object))
    }

    /// Whether the object says nothing of where it comes from, or that it comes from here.
    fn is_its_origin(&self, document: &Document<'_>, object: &Node<'_>) -> bool {
        let said = object.path(&["metadata", "annotations", ORIGIN]).and_then(Node::scalar);
        let path = said.and_then(|said| {
            let parsed = yaml::parse(said, 0..said.len()).ok()??;
            parsed.root.text("path")
        });
        let path = path.map(|path| crate::manifest::walk::absolute(&self.folder.join(path)));
        path.is_none_or(|path| self.behind.numbers.get(&path).is_none_or(|number| *number == document.source))
    }

    /// An operation on this place, of a file that holds such, or in a kustomization; also a patch that stands in there.
    fn operation<'t>(
        &'t self,
        document: &'t Document<'s>,
        object: &Node<'_>,
        names: &[Option<String>],
        loc: &Loc,
        rendered: Option<&Node<'_>>,
    ) -> Option<Hit<'t, 's>> {
        let steps = loc.pointer.steps();
        let lists = ["patches", "patchesJson6902", "patchesStrategicMerge"];
        let inline = lists.into_iter().flat_map(|list| document.root.list(list)).filter_map(|item| {
            let text =
                item.get("patch").or(Some(item)).filter(|text| text.as_str().is_some_and(|t| t.contains('\n')))?;
            let parsed = yaml::parse(text.as_str()?, 0..text.as_str()?.len()).ok()??;
            let is_meant = item
                .get("target")
                .map_or_else(|| is_named(&parsed.root, object, names), |target| is_target(target, object, names));
            if !is_meant {
                return None;
            }
            let reached = if parsed.root.items().is_empty() {
                let (depth, value) = reach(&parsed.root, steps);
                (depth, depth == steps.len() && rendered.is_some_and(|known| is_same(known, value)))
            } else {
                let all = parsed.root.items().iter().filter_map(|one| operated(one, &loc.pointer, rendered));
                all.map(|(depth, says_it, _)| (depth, says_it)).max()?
            };
            Some((reached, text.span))
        });
        let listed = document.root.items().iter().filter_map(|one| {
            let (depth, says_it, span) = operated(one, &loc.pointer, rendered)?;
            Some(((depth, says_it), span))
        });
        // A kustomization is not a list, and a list is no kustomization.
        let ((depth, says_it), span) = inline.chain(listed).max_by_key(|(reached, _)| *reached)?;
        Some(document.hit(depth, says_it, Place { source: document.source, span })).filter(|hit| hit.says_it)
    }
}

impl<'s> Document<'s> {
    fn hit(&self, depth: usize, says_it: bool, place: Place) -> Hit<'_, 's> {
        let (role, source, document) = (self.role, self.source, self.number);
        Hit { role, source, document, root: &self.root, depth, says_it, place }
    }
}

/// How far a path leads into a value, and to what.
pub(super) fn reach<'n, 's>(root: &'n Node<'s>, steps: &[Step]) -> (usize, &'n Node<'s>) {
    let mut node = root;
    for (depth, step) in steps.iter().enumerate() {
        let next = match step {
            Step::Key(key) => node.entry(key).map(|entry| &entry.node),
            Step::Index(index) => node.items().get(*index as usize),
            Step::Item { key, value, index } => {
                let is_it = |item: &&Node<'s>| item.get(key).and_then(Node::scalar) == Some(value);
                node.items().get(*index as usize).filter(is_it).or_else(|| node.items().iter().find(is_it))
            }
        };
        match next {
            Some(next) => node = next,
            None => return (depth, node),
        }
    }
    (steps.len(), node)
}

/// Whether what a file says is what was rendered; of maps and lists, that it says anything.
fn is_same(rendered: &Node<'_>, written: &Node<'_>) -> bool {
    match (&rendered.value, &written.value) {
        (Value::Map(_), Value::Map(_)) | (Value::List(_), Value::List(_)) => true,
        _ => rendered.to_json() == written.to_json(),
    }
}

/// How far an operation leads to a pointer, whether it says what was rendered there, and where.
fn operated(
    operation: &Node<'_>,
    pointer: &Pointer,
    rendered: Option<&Node<'_>>,
) -> Option<(usize, bool, crate::world::node::Span)> {
    let path = operation.get("path")?.as_str()?;
    let value = operation.get("value")?;
    let json = pointer.to_json_pointer();
    let tokens: Vec<Cow<'_, str>> = json.split('/').skip(1).map(unescaped).collect();
    let operated: Vec<Cow<'_, str>> = path.split('/').skip(1).map(unescaped).collect();
    let is_prefix = operated.len() <= tokens.len()
        && operated
            .iter()
            .zip(&tokens)
            .all(|(one, other)| one == other || (one == "-" && other.parse::<u32>().is_ok()));
    if !is_prefix {
        return None;
    }
    let rest = pointer.steps().get(operated.len()..)?;
    let (depth, found) = reach(value, rest);
    let says_it = depth == rest.len() && rendered.is_some_and(|known| is_same(known, found));
    Some((operated.len() + depth, says_it, found.span))
}

fn is_named(patch: &Node<'_>, object: &Node<'_>, names: &[Option<String>]) -> bool {
    let name = patch.path(&["metadata", "name"]).and_then(Node::scalar);
    let known =
        names.iter().flatten().map(String::as_str).chain(object.path(&["metadata", "name"]).and_then(Node::scalar));
    patch.text("kind") == object.text("kind") && known.into_iter().any(|known| Some(known) == name)
}

/// Whether a selector of a patch may mean an object. Names are regular expressions there: one that is not plain may mean any.
fn is_target(target: &Node<'_>, object: &Node<'_>, names: &[Option<String>]) -> bool {
    let kind = target.text("kind").is_none_or(|kind| object.text("kind") == Some(kind));
    let is_plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let shown = object.path(&["metadata", "name"]).and_then(Node::scalar);
    let is_called = |name: &str| names.iter().flatten().any(|known| known == name) || shown == Some(name);
    kind && target.text("name").is_none_or(|name| !is_plain(&name) || is_called(&name))
}
