//! Fixes, made and judged: what does not help, or changes something else, is not made.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::is_writable;
use crate::cli::assemble::{Assembled, assemble, is_named};
use crate::cli::function;
use crate::cli::lint::LintArgs;
use crate::cli::session::{InputArgs, Session};
use crate::fix::change::Change;
use crate::manifest::edit::{self, Meant};
use crate::manifest::resource_list::{Item, ResourceList};
use crate::manifest::{Origin, Source, source};
use crate::place::ObjectId;
use crate::report::model::ReportedFinding;
use crate::rules::finding::{Effect, Fix, Safety};
use crate::rules::{Mends, Rule};

/// What the command line wants to have mended.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Wanted<'a> {
    pub(in crate::cli) input: &'a InputArgs,
    pub(in crate::cli) unsafe_too: bool,
    pub(in crate::cli) select: &'a [String],
    /// The one workload that it is about, where it is about one.
    pub(in crate::cli) only: Option<Only>,
}

/// The workload that is to work, by its world and number, in whatever text; nothing but that is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Only {
    pub(in crate::cli) subject: (usize, ObjectId),
    /// Whether what the webhook injects is to be written.
    pub(in crate::cli) injected: bool,
}

impl Only {
    fn wants(self, finding: &ReportedFinding, subject: Option<(usize, ObjectId)>) -> bool {
        let is_wanted = match finding.rule.slug {
            "relies-on-injection" => self.injected,
            "image-overrides-name" => true,
            _ => finding.effect == Effect::Breaks,
        };
        subject == Some(self.subject) && is_wanted
    }
}

/// A fix that was made.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Done {
    pub(in crate::cli) rule: &'static Rule,
    pub(in crate::cli) fix: Fix,
    pub(in crate::cli) workload: Option<String>,
    /// The files that it changed, by their numbers.
    pub(in crate::cli) sources: Vec<usize>,
    /// Who the finding was.
    pub(in crate::cli) fingerprint: String,
    /// Where it pointed, as an RFC 6901 JSON pointer.
    pub(in crate::cli) pointer: Option<String>,
    /// The item of a function's list that it pointed into, as it was.
    pub(in crate::cli) item: Option<Item>,
    key: String,
}

/// Why a fix was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Why {
    /// It is one that has to be asked for.
    Unsafe,
    /// Only somebody can know this.
    Decision(&'static str),
    /// The rule does not know what to write here.
    ByHand,
    /// What is judged was made of other files.
    Rendered,
    /// There are several objects of this name.
    Ambiguous(String),
    /// It was not possible to write it.
    Refused(String),
}

impl Why {
    /// The reason for which something was not written; empty where nobody tried.
    pub(in crate::cli) fn reason(&self) -> String {
        match self {
            Self::Rendered => "it was rendered, and belongs where it comes from".to_owned(),
            Self::Ambiguous(object) => format!("several objects are called {object}"),
            Self::Refused(reason) => reason.clone(),
            Self::Unsafe | Self::Decision(_) | Self::ByHand => String::new(),
        }
    }
}

/// A finding that is still there.
pub(in crate::cli) struct Left<'r> {
    pub(in crate::cli) finding: &'r ReportedFinding,
    pub(in crate::cli) why: Why,
}

/// How often what was mended is judged again. Each time mends one fault of every object.
const ROUNDS: usize = 100;

/// Mends what was read, in memory.
pub(in crate::cli) struct Repair<'a> {
    wanted: Wanted<'a>,
    session: Session,
    assembled: Assembled,
    /// The list that a function is given, as it is now.
    list: Option<ResourceList>,
    /// The texts as they were read, of those that are others now.
    before: BTreeMap<usize, String>,
    done: Vec<Done>,
    /// Findings whose fix is not made, and why.
    refused: HashMap<String, Why>,
}

impl<'a> Repair<'a> {
    pub(in crate::cli) fn new(session: Session, wanted: Wanted<'a>) -> Self {
        let (assembled, list) = (judge(&session), piped(&session));
        let (before, done, refused) = (BTreeMap::new(), Vec::new(), HashMap::new());
        Self { wanted, session, assembled, list, before, done, refused }
    }

    pub(in crate::cli) fn run(mut self) -> anyhow::Result<Self> {
        for _ in 0..ROUNDS {
            let round = self.round();
            if round.done.is_empty() {
                break;
            }
            let old: BTreeMap<usize, String> =
                round.texts.keys().map(|number| (*number, self.session.input.sources[*number].text.clone())).collect();
            let was = self.counts();
            self = self.with_texts(&round.texts)?;
            let is = self.counts();
            let stays = |done: &&Done| {
                let count = |counts: &HashMap<String, usize>| counts.get(&done.key).copied().unwrap_or(0);
                count(&is) >= count(&was)
            };
            let in_vain: Vec<String> = round.done.iter().filter(stays).map(|done| done.key.clone()).collect();
            if in_vain.is_empty() {
                for (number, text) in old {
                    self.before.entry(number).or_insert(text);
                }
                self.done.extend(round.done);
                continue;
            }
            self = self.with_texts(&old)?;
            let why = || Why::Refused("it would not help".to_owned());
            self.refused.extend(in_vain.into_iter().map(|key| (key, why())));
        }
        Ok(self)
    }

    /// Makes changes that are no fix, before the fixes or after them: all of them, or none, and says why.
    pub(in crate::cli) fn change(
        mut self,
        changes: &[Change],
        subject: (usize, ObjectId),
    ) -> anyhow::Result<(Self, Option<Why>)> {
        let mut round = Round::default();
        if let Err(why) = self.attempt(changes, subject, &mut round) {
            return Ok((self, Some(why)));
        }
        for number in round.texts.keys() {
            let text = &self.session.input.sources[*number].text;
            self.before.entry(*number).or_insert_with(|| text.clone());
        }
        Ok((self.with_texts(&round.texts)?, None))
    }

    /// The session with the texts as they are now, and the texts that are others, as they were.
    pub(in crate::cli) fn into_session(self) -> (Session, BTreeMap<usize, String>) {
        (self.session, self.before)
    }

    pub(in crate::cli) fn session(&self) -> &Session {
        &self.session
    }

    fn with_texts(self, texts: &BTreeMap<usize, String>) -> anyhow::Result<Self> {
        let session = self.session.with_texts(self.wanted.input, texts)?;
        let (assembled, list) = (judge(&session), piped(&session));
        Ok(Self { session, assembled, list, ..self })
    }

    /// Makes what can be made at once: of each object one fix.
    fn round(&mut self) -> Round {
        let (mut round, mut refused) = (Round::default(), HashMap::new());
        for (finding, subject) in self.assembled.report.findings.iter().zip(&self.assembled.subjects) {
            let (Some(fix), None) = (&finding.fix, self.why_not(finding)) else { continue };
            let Some(subject) = subject.filter(|_| self.is_wanted(finding, *subject)) else { continue };
            match self.attempt(&fix.changes, subject, &mut round) {
                Ok(None) => {}
                Ok(Some(sources)) => round.done.push(Done {
                    rule: finding.rule,
                    fix: fix.clone(),
                    workload: finding.workload.clone(),
                    sources,
                    fingerprint: finding.fingerprint.clone(),
                    pointer: finding.primary().map(|label| label.json_pointer.clone()),
                    item: self.item(finding).cloned(),
                    key: self.key(finding),
                }),
                Err(why) => drop(refused.insert(self.key(finding), why)),
            }
        }
        self.refused.extend(refused);
        round
    }

    /// Makes changes, unless one of their objects has changed in this round already. Says which files changed.
    fn attempt(
        &self,
        changes: &[Change],
        subject: (usize, ObjectId),
        round: &mut Round,
    ) -> Result<Option<Vec<usize>>, Why> {
        let mut by_source: BTreeMap<usize, Vec<(&Origin, &Change)>> = BTreeMap::new();
        for change in changes {
            let origin = self.owner(subject, change.object())?;
            by_source.entry(origin.source as usize).or_default().push((origin, change));
        }
        let places: Vec<Place> = by_source.values().flatten().map(|(origin, change)| place(origin, change)).collect();
        if places.iter().any(|place| round.has(place)) {
            return Ok(None);
        }
        let mut edited = Vec::new();
        for (number, changes) in &by_source {
            let text = round.texts.get(number).unwrap_or(&self.session.input.sources[*number].text);
            let meant = changes.iter().map(|(origin, change)| Meant {
                document: origin.document,
                items: &origin.items,
                change,
            });
            let meant: Vec<Meant<'_>> = meant.collect();
            edited.push((*number, edit::edit(text, &meant).map_err(|error| Why::Refused(error.to_string()))?));
        }
        round.places.extend(places);
        let sources = edited.iter().map(|(number, _)| *number).collect();
        round.texts.extend(edited);
        Ok(Some(sources))
    }

    /// Where an object is written, if that is certain.
    fn owner(&self, (world, subject): (usize, ObjectId), object: ObjectId) -> Result<&Origin, Why> {
        let (Some(origin), Some(all)) =
            (self.session.origin_of(world, object), self.session.worlds.get(world).map(|scene| &scene.world))
        else {
            return Err(Why::ByHand);
        };
        let source = self.session.input.sources.get(origin.source as usize).ok_or(Why::ByHand)?;
        if self.wanted.only.is_none() && !is_writable(source) {
            return Err(Why::Rendered);
        }
        let (Some(from), Some(owner)) = (all.object(subject), all.object(object)) else { return Err(Why::ByHand) };
        let is_certain = subject == object || all.is_meant_alone(from, owner);
        if is_certain { Ok(origin) } else { Err(Why::Ambiguous(owner.title())) }
    }

    /// The item of a function's list that a finding points into.
    pub(in crate::cli) fn item(&self, finding: &ReportedFinding) -> Option<&Item> {
        function::item_of(finding, self.report(), self.list.as_ref()?)
    }

    /// The list that a function is given, as it is now.
    pub(in crate::cli) fn list(&self) -> Option<&ResourceList> {
        self.list.as_ref()
    }

    /// Who a finding is: of objects that are called alike, each has its own.
    fn key(&self, finding: &ReportedFinding) -> String {
        let place = finding.primary().and_then(|label| label.place);
        let file = place.and_then(|place| self.assembled.report.files.get(place.file));
        format!("{} {}", finding.fingerprint, file.map_or("", |file| file.name.as_str()))
    }

    fn counts(&self) -> HashMap<String, usize> {
        self.assembled.report.findings.iter().fold(HashMap::new(), |mut counts, finding| {
            *counts.entry(self.key(finding)).or_default() += 1;
            counts
        })
    }

    /// What keeps a finding's fix from being made, before anybody tries.
    fn why_not(&self, finding: &ReportedFinding) -> Option<Why> {
        if let Some(why) = self.refused.get(&self.key(finding)) {
            return Some(why.clone());
        }
        if !self.is_selected(finding.rule) {
            return Some(Why::ByHand);
        }
        match (&finding.fix, finding.rule.mends) {
            (_, Mends::Person(what)) => Some(Why::Decision(what)),
            (None, _) => Some(Why::ByHand),
            (Some(fix), _) if fix.changes.is_empty() => Some(Why::ByHand),
            (Some(fix), _) if fix.safety != Safety::Safe && !self.wanted.unsafe_too => Some(Why::Unsafe),
            _ => None,
        }
    }

    fn is_wanted(&self, finding: &ReportedFinding, subject: Option<(usize, ObjectId)>) -> bool {
        self.wanted.only.is_none_or(|only| only.wants(finding, subject))
    }

    fn is_selected(&self, rule: &Rule) -> bool {
        self.wanted.select.is_empty() || self.wanted.select.iter().any(|name| is_named(rule, name))
    }

    /// What is still there, of the rules that were asked for.
    pub(in crate::cli) fn left(&self) -> impl Iterator<Item = Left<'_>> {
        let findings = self.assembled.report.sorted().into_iter().filter(|finding| self.is_selected(finding.rule));
        findings.map(|finding| {
            let unfinished = || Why::Refused("it was not reached".to_owned());
            Left { finding, why: self.why_not(finding).unwrap_or_else(unfinished) }
        })
    }

    /// What was made, in the order in which it was.
    pub(in crate::cli) fn done(&self) -> &[Done] {
        &self.done
    }

    /// All texts, as they are now.
    pub(in crate::cli) fn sources(&self) -> &[Source] {
        &self.session.input.sources
    }

    /// What is left, as a linter reports it.
    pub(in crate::cli) fn report(&self) -> &crate::report::Report {
        &self.assembled.report
    }

    /// The texts that have changed, with what they were.
    pub(in crate::cli) fn changed(&self) -> impl Iterator<Item = (&Source, &str)> {
        let texts = self.before.iter().map(|(number, before)| (&self.session.input.sources[*number], before.as_str()));
        texts.filter(|(source, before)| source.text != *before)
    }
}

/// An object that a change is in, by where it is written; of a new document or item, which moves others, the whole source.
type Place = (u32, Option<Origin>);

/// What is done at once.
#[derive(Default)]
struct Round {
    /// What has changed.
    places: HashSet<Place>,
    texts: BTreeMap<usize, String>,
    done: Vec<Done>,
}

impl Round {
    fn has(&self, place: &Place) -> bool {
        let (source, object) = place;
        match object {
            Some(_) => self.places.contains(place) || self.places.contains(&(*source, None)),
            None => self.places.iter().any(|(other, _)| other == source),
        }
    }
}

fn place(origin: &Origin, change: &Change) -> Place {
    (origin.source, (!matches!(change, Change::Create { .. })).then(|| origin.clone()))
}

/// The list for a function that came by standard input, if it is one.
fn piped(session: &Session) -> Option<ResourceList> {
    match session.input.sources.as_slice() {
        [Source { origin: source::Origin::Stream, text, .. }] => ResourceList::read(text),
        _ => None,
    }
}

/// Everything counts, whatever was selected: an ignore that silences another rule is not stale.
fn judge(session: &Session) -> Assembled {
    assemble(session, &LintArgs::default())
}
