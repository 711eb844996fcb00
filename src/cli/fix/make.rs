//! A fix, written: into the files that own what it changes, be they judged as they are or rendered to be judged.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value as Json;

use super::files::Roots;
use super::repair::Why;
use crate::cli::session::Session;
use crate::fix::change::Change;
use crate::manifest::edit::{self, Meant};
use crate::manifest::source::Origin as From;
use crate::manifest::walk::absolute;
use crate::manifest::{Behind, Origin, Source, Tools, Written, template, yaml};
use crate::place::ObjectId;

/// An object that a change is in, by where it is written; of a new document or item, which moves others, and of what was rendered,
/// the whole source.
type Place = (u32, Option<Origin>);

/// What is done at once: texts by the numbers of their sources.
#[derive(Debug, Default)]
pub(super) struct Texts {
    places: HashSet<Place>,
    pub(super) texts: BTreeMap<usize, String>,
}

impl Texts {
    fn has(&self, place: &Place) -> bool {
        let (source, object) = place;
        match object {
            Some(_) => self.places.contains(place) || self.places.contains(&(*source, None)),
            None => self.places.iter().any(|(other, _)| other == source),
        }
    }
}

/// Makes fixes in the texts of a session.
pub(super) struct Maker<'s> {
    pub(super) session: &'s Session,
    /// What may be written; where nothing is said, what is judged is changed, and nothing is written.
    pub(super) roots: Option<&'s Roots>,
}

impl Maker<'_> {
    /// Makes changes, unless one of their objects has changed in this round already. Says which files changed.
    pub(super) fn make(
        &self,
        changes: &[Change],
        subject: (usize, ObjectId),
        round: &mut Texts,
    ) -> Result<Option<Vec<usize>>, Why> {
        let judged: Vec<(&Origin, &Change)> = changes
            .iter()
            .map(|change| Ok((self.judged(subject, change.object())?, change)))
            .collect::<Result<_, Why>>()?;
        // Of what a template makes, the last change is the value itself; those before are what it refers to.
        let templated = judged.last().filter(|(origin, _)| self.is_of_chart(origin.source));
        templated.map_or(Ok(()), |(origin, change)| self.written(origin, change).map(drop))?;
        let written: Vec<(Origin, Change)> =
            judged.iter().map(|(origin, change)| self.written(origin, change)).collect::<Result<_, Why>>()?;
        let rendered = judged.iter().map(|(origin, _)| origin.source).filter(|source| self.is_rendered(*source));
        let rendered: HashSet<u32> = rendered.collect();
        let places = written.iter().map(|(origin, change)| place(origin, change));
        let places: Vec<_> = places.chain(rendered.iter().map(|source| (*source, None))).collect();
        if places.iter().any(|place| round.has(place)) {
            return Ok(None);
        }
        let written: Vec<_> = written.iter().map(|(origin, change)| (origin, change)).collect();
        let mut edited = self.edited(&written, round)?;
        let files = edited.keys().copied().collect();
        let expected = self.edited(&judged, round)?;
        for number in rendered {
            let text = expected.get(&(number as usize)).map_or("", String::as_str);
            let again = self.rendered_again(number, text, &edited, round)?;
            edited.insert(number as usize, again);
        }
        round.places.extend(places);
        round.texts.extend(edited);
        Ok(Some(files))
    }

    fn text<'r>(&'r self, number: usize, round: &'r Texts) -> &'r str {
        let read = || self.session.input.sources.get(number).map_or("", |source| source.text.as_str());
        round.texts.get(&number).map_or_else(read, String::as_str)
    }

    /// The texts with changes made to them.
    fn edited(&self, changes: &[(&Origin, &Change)], round: &Texts) -> Result<BTreeMap<usize, String>, Why> {
        let mut by_source: BTreeMap<u32, Vec<Meant<'_>>> = BTreeMap::new();
        for (origin, change) in changes {
            let meant = Meant { document: origin.document, items: &origin.items, change };
            by_source.entry(origin.source).or_default().push(meant);
        }
        let edit = |(number, meant): (u32, Vec<Meant<'_>>)| {
            let text = edit::edit(self.text(number as usize, round), &meant);
            Ok((number as usize, text.map_err(|error| Why::Refused(error.to_string()))?))
        };
        by_source.into_iter().map(edit).collect()
    }

    /// Where an object was read, if that is certain.
    fn judged(&self, (world, subject): (usize, ObjectId), object: ObjectId) -> Result<&Origin, Why> {
        let (Some(origin), Some(scene)) = (self.session.origin_of(world, object), self.session.worlds.get(world))
        else {
            return Err(Why::ByHand);
        };
        let (Some(from), Some(owner)) = (scene.world.object(subject), scene.world.object(object)) else {
            return Err(Why::ByHand);
        };
        let is_certain = subject == object || scene.world.is_meant_alone(from, owner);
        if is_certain { Ok(origin) } else { Err(Why::Ambiguous(owner.title())) }
    }

    /// Whether what is judged is not what is written.
    fn is_rendered(&self, source: u32) -> bool {
        self.roots.is_some()
            && self
                .session
                .input
                .sources
                .get(source as usize)
                .is_some_and(|source| matches!(source.origin, From::Rendered(_)))
    }

    fn is_of_chart(&self, source: u32) -> bool {
        self.is_rendered(source) && self.session.input.behind.get(&source).is_some_and(Behind::is_chart)
    }

    /// The document that owns what a change is about, and the change as it is there.
    fn written(&self, origin: &Origin, change: &Change) -> Result<(Origin, Change), Why> {
        let input = &self.session.input;
        if !self.is_rendered(origin.source) {
            let source = input.sources.get(origin.source as usize).ok_or(Why::ByHand)?;
            self.may_be_written(source)?;
            return Ok((origin.clone(), change.clone()));
        }
        let Written { source, document, change } = input.owner(origin, change).map_err(Why::Refused)?;
        let file = input.sources.get(source as usize).ok_or(Why::ByHand)?;
        self.check(file)?;
        let behind = input.behind.get(&origin.source).zip(file.path());
        let users = behind.map(|(behind, path)| behind.users(path)).unwrap_or_default();
        if users.len() > 1 {
            let users: Vec<String> = users.iter().map(|user| user.display().to_string()).collect();
            return Err(Why::Refused(format!(
                "{} belongs to {}: all of them would change",
                file.name,
                users.join(" and ")
            )));
        }
        Ok((Origin { source, document, items: Box::default() }, change))
    }

    fn check(&self, source: &Source) -> Result<(), Why> {
        self.roots.map_or(Ok(()), |roots| roots.check(source)).map_err(Why::Refused)
    }

    /// Whether a file that is judged as it is may be written: what was to be rendered is more than it says.
    fn may_be_written(&self, source: &Source) -> Result<(), Why> {
        self.check(source)?;
        let Some(path) = source.path().filter(|_| self.roots.is_some()) else { return Ok(()) };
        if let Some(chart) = template::chart_of(path) {
            return Err(Why::Refused(format!("it is a template of the chart in {}", chart.display())));
        }
        let path = absolute(path);
        let part = self.session.input.unrendered.iter().find(|unrendered| unrendered.objects.contains(&path));
        part.map_or(Ok(()), |part| {
            Err(Why::Refused(format!("{} was not rendered, and makes something else of it", part.name)))
        })
    }

    /// What a kustomization comes to with the files as they are edited, if that is what is expected of it.
    fn rendered_again(
        &self,
        number: u32,
        expected: &str,
        edited: &BTreeMap<usize, String>,
        round: &Texts,
    ) -> Result<String, Why> {
        let input = &self.session.input;
        let behind = input.behind.get(&number).ok_or(Why::ByHand)?;
        let texts = input.sources.iter().enumerate().filter_map(|(number, source)| {
            let path = source.path().map(absolute)?;
            // What was mended before is not on the disk yet.
            let text = edited.get(&number).map_or_else(|| self.text(number, round), String::as_str);
            Some((path, text))
        });
        let again = behind.again(&Tools::on_path(), &texts.collect::<Vec<_>>()).map_err(Why::Refused)?;
        match objects(&again) == objects(expected) {
            true => Ok(again),
            false => Err(Why::Refused("rendered again, it would not say what is meant".to_owned())),
        }
    }
}

/// The objects of a text, in no order.
fn objects(text: &str) -> Vec<String> {
    let documents = yaml::documents(text).into_iter();
    let roots = documents.map(|range| yaml::parse(text, range).ok().flatten());
    let json = roots.map(|parsed| parsed.map_or(Json::Null, |parsed| parsed.root.to_json()));
    let mut objects: Vec<String> = json.filter(|json| !json.is_null()).map(|json| json.to_string()).collect();
    objects.sort();
    objects
}

fn place(origin: &Origin, change: &Change) -> Place {
    (origin.source, (!matches!(change, Change::Create { .. })).then(|| origin.clone()))
}
