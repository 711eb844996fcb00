//! Fixes, made and judged: what does not help, or changes something else, is not made.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::files::Roots;
use super::make::{Maker, Texts};
use super::outcome::{Outcome, key};
use crate::cli::assemble::{Assembled, assemble, is_named};
use crate::cli::function;
use crate::cli::lint::LintArgs;
use crate::cli::session::{InputArgs, Session};
use crate::fix::change::Change;
use crate::manifest::Source;
use crate::manifest::resource_list::{Item, ResourceList};
use crate::manifest::source::Origin;
use crate::place::{ObjectId, Step};
use crate::policy::config::Injection;
use crate::report::model::ReportedFinding;
use crate::rules::finding::{Effect, Fix, Safety};
use crate::rules::{Mends, Rule};
use crate::world::declared::PREFIX;

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
    /// Whether it could not be seen before others were mended.
    pub(super) is_new: bool,
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
    /// Nobody asked for this rule.
    NotSelected,
    /// It is one that has to be asked for.
    Unsafe,
    /// Only somebody can know this.
    Decision(&'static str),
    /// The rule does not know what to write here.
    ByHand,
    /// There are several objects of this name.
    Ambiguous(String),
    /// It was not possible to write it.
    Refused(String),
}

impl Why {
    /// The reason for which something was not written; empty where nobody tried.
    pub(in crate::cli) fn reason(&self) -> String {
        match self {
            Self::Ambiguous(object) => format!("several objects are called {object}"),
            Self::Refused(reason) => reason.clone(),
            Self::NotSelected | Self::Unsafe | Self::Decision(_) | Self::ByHand => String::new(),
        }
    }
}

/// A finding that is still there.
pub(in crate::cli) struct Left<'r> {
    pub(in crate::cli) finding: &'r ReportedFinding,
    pub(in crate::cli) why: Why,
    /// Whether it could not be seen before others were mended.
    pub(in crate::cli) is_new: bool,
}

/// How often what was mended is judged again. Each time mends one fault of every object.
const ROUNDS: usize = 100;

/// What speaks against a round of fixes.
enum Objection {
    /// What these were to mend is still there.
    InVain(Vec<String>),
    /// Something else is worse for it.
    Harm(String),
}

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
    /// Findings that were not there at first.
    new: HashSet<String>,
    /// Findings whose fix is not made, and why.
    refused: HashMap<String, Why>,
    /// Whether any fix was made since something was refused for the first time, or tried again.
    accepted_since: bool,
    /// Where files may be written.
    roots: Roots,
}

impl<'a> Repair<'a> {
    pub(in crate::cli) fn new(session: Session, wanted: Wanted<'a>) -> Self {
        let (assembled, list, roots) = (judge(&session), piped(&session), Roots::of(&wanted.input.paths));
        let (before, done, new, refused, accepted_since) = Default::default();
        Self { wanted, session, assembled, list, before, done, new, refused, accepted_since, roots }
    }

    /// Mends until nothing is left that can be, or too much of it. What helps nothing is taken back, and so is what harms: of
    /// several fixes made at once, half of them are tried, until it is clear whose harm it is. What was refused is tried again
    /// when others were made: it may have been for want of them.
    pub(in crate::cli) fn run(mut self) -> anyhow::Result<Self> {
        let mut most = usize::MAX;
        for _ in 0..ROUNDS {
            let round = self.round(most);
            if round.done.is_empty() {
                if !std::mem::take(&mut self.accepted_since) {
                    break;
                }
                self.refused.clear();
                continue;
            }
            let old: BTreeMap<usize, String> = round
                .made
                .texts
                .keys()
                .map(|number| (*number, self.session.input.sources[*number].text.clone()))
                .collect();
            let was = Outcome::of(&self.assembled);
            self = self.with_texts(&round.made.texts)?;
            let is = Outcome::of(&self.assembled);
            let Some(objection) = self.objection(&round, &was, &is) else {
                self.accept(round, old, is.newer_than(&was));
                most = most.saturating_mul(2);
                continue;
            };
            self = self.with_texts(&old)?;
            match (objection, round.done.as_slice()) {
                (Objection::InVain(keys), _) => {
                    let why = Why::Refused("it would not help".to_owned());
                    self.refused.extend(keys.into_iter().map(|key| (key, why.clone())));
                }
                (Objection::Harm(harm), [alone]) => {
                    self.refused.insert(alone.key.clone(), Why::Refused(harm));
                    most = usize::MAX;
                }
                (Objection::Harm(_), several) => most = several.len() / 2,
            }
        }
        Ok(self)
    }

    fn objection(&self, round: &Round, was: &Outcome, is: &Outcome) -> Option<Objection> {
        let stays = |done: &&Done| is.count(&done.key) >= was.count(&done.key);
        let in_vain: Vec<String> = round.done.iter().filter(stays).map(|done| done.key.clone()).collect();
        if !in_vain.is_empty() {
            return Some(Objection::InVain(in_vain));
        }
        let injects = self.session.policy.config.injection == Injection::Webhook;
        let only_says = !injects && round.done.iter().all(|done| declares(&done.fix));
        if self.wanted.only.is_some() || only_says {
            return None;
        }
        let mended = self.done.iter().map(|done| done.key.as_str()).collect();
        is.harm(was, &mended).map(Objection::Harm)
    }

    fn accept<'n>(&mut self, round: Round, old: BTreeMap<usize, String>, new: impl Iterator<Item = &'n str>) {
        for (number, text) in old {
            self.before.entry(number).or_insert(text);
        }
        self.accepted_since |= !self.refused.is_empty();
        self.done.extend(round.done);
        self.new.extend(new.map(str::to_owned));
    }

    /// Makes changes that are no fix, before the fixes or after them: all of them, or none, and says why.
    pub(in crate::cli) fn change(
        mut self,
        changes: &[Change],
        subject: (usize, ObjectId),
    ) -> anyhow::Result<(Self, Option<Why>)> {
        let mut made = Texts::default();
        if let Err(why) = self.maker().make(changes, subject, &mut made) {
            return Ok((self, Some(why)));
        }
        for number in made.texts.keys() {
            let text = &self.session.input.sources[*number].text;
            self.before.entry(*number).or_insert_with(|| text.clone());
        }
        Ok((self.with_texts(&made.texts)?, None))
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

    /// What writes: where one workload is to work, in whatever text; else where it belongs.
    fn maker(&self) -> Maker<'_> {
        Maker { session: &self.session, roots: self.wanted.only.is_none().then_some(&self.roots) }
    }

    /// Makes what can be made at once: of each object one fix, and no more than so many.
    fn round(&mut self, most: usize) -> Round {
        let (mut round, mut refused) = (Round::default(), HashMap::new());
        let maker = self.maker();
        for (finding, subject) in self.assembled.report.findings.iter().zip(&self.assembled.subjects) {
            let (Some(fix), None) = (&finding.fix, self.why_not(finding)) else { continue };
            let Some(subject) = subject.filter(|_| self.is_wanted(finding, *subject)) else { continue };
            if round.done.len() >= most {
                break;
            }
            match maker.make(&fix.changes, subject, &mut round.made) {
                Ok(None) => {}
                Ok(Some(sources)) => round.done.push(Done {
                    rule: finding.rule,
                    fix: fix.clone(),
                    workload: finding.workload.clone(),
                    sources,
                    fingerprint: finding.fingerprint.clone(),
                    pointer: finding.primary().map(|label| label.json_pointer.clone()),
                    item: self.item(finding).cloned(),
                    is_new: self.is_new(finding),
                    key: self.key(finding),
                }),
                Err(why) => drop(refused.insert(self.key(finding), why)),
            }
        }
        self.refused.extend(refused);
        round
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
        key(finding, &self.assembled)
    }

    fn is_new(&self, finding: &ReportedFinding) -> bool {
        self.new.contains(&self.key(finding))
    }

    /// What keeps a finding's fix from being made, before anybody tries.
    fn why_not(&self, finding: &ReportedFinding) -> Option<Why> {
        if let Some(why) = self.refused.get(&self.key(finding)) {
            return Some(why.clone());
        }
        if !self.is_selected(finding.rule) {
            return Some(Why::NotSelected);
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

    /// What is still there, of the rules that were asked for, and what can be seen only now.
    pub(in crate::cli) fn left(&self) -> impl Iterator<Item = Left<'_>> {
        let is_told = |finding: &&ReportedFinding| self.is_selected(finding.rule) || self.is_new(finding);
        self.assembled.report.sorted().into_iter().filter(is_told).map(|finding| {
            let unfinished = || Why::Refused("it was not reached".to_owned());
            let why = self.why_not(finding).unwrap_or_else(unfinished);
            Left { finding, why, is_new: self.is_new(finding) }
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
        // What was rendered is of no file, and changes with those that it was made of.
        let is_written = |source: &Source| !matches!(source.origin, Origin::Rendered(_));
        texts.filter(move |(source, before)| is_written(source) && source.text != *before)
    }
}

/// What is done at once.
#[derive(Default)]
struct Round {
    made: Texts,
    done: Vec<Done>,
}

/// Whether a fix changes nothing but what is said of an app. That breaks nothing where nobody injects: what is wrong then was
/// wrong before.
fn declares(fix: &Fix) -> bool {
    let is_ours = |step: &Step| matches!(step, Step::Key(key) if key.starts_with(PREFIX));
    fix.changes.iter().all(|change| match change {
        Change::Set { at, .. } | Change::Substitute { at, .. } | Change::Swap { at, .. } | Change::Remove { at } => {
            at.pointer.steps().iter().any(is_ours)
        }
        _ => false,
    })
}

/// The list for a function that came by standard input, if it is one.
fn piped(session: &Session) -> Option<ResourceList> {
    match session.input.sources.as_slice() {
        [Source { origin: Origin::Stream, text, .. }] => ResourceList::read(text),
        _ => None,
    }
}

/// Everything counts, whatever was selected: an ignore that silences another rule is not stale.
fn judge(session: &Session) -> Assembled {
    assemble(session, &LintArgs::default())
}
