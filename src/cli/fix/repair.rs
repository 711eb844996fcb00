//! Fixes, made and judged: what does not help, or changes something else, is not made.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::files::Roots;
use super::make::{Maker, Texts};
use super::outcome::{Outcome, key};
use crate::cli::assemble::{Assembled, assemble, is_named};
use crate::cli::lint::LintArgs;
use crate::cli::session::{InputArgs, Session};
use crate::manifest::Source;
use crate::manifest::source::Origin;
use crate::report::model::ReportedFinding;
use crate::rules::finding::{Fix, Safety};
use crate::rules::{Mends, Rule};

/// What the command line wants to have mended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) input: &'a InputArgs,
    pub(super) unsafe_too: bool,
    pub(super) select: &'a [String],
}

/// A fix that was made.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) rule: &'static Rule,
    pub(super) fix: Fix,
    pub(super) workload: Option<String>,
    /// The files that it changed, by their numbers.
    pub(super) sources: Vec<usize>,
    /// Whether it could not be seen before others were mended.
    pub(super) is_new: bool,
    key: String,
}

/// Why a fix was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
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

/// A finding that is still there.
pub(super) struct Left<'r> {
    pub(super) finding: &'r ReportedFinding,
    pub(super) why: Why,
    /// Whether it could not be seen before others were mended.
    pub(super) is_new: bool,
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
pub(super) struct Repair<'a> {
    wanted: Wanted<'a>,
    session: Session,
    assembled: Assembled,
    /// The texts as they were read, of those that are others now.
    before: BTreeMap<usize, String>,
    done: Vec<Done>,
    /// Findings that were not there at first.
    new: HashSet<String>,
    /// Findings whose fix is not made, and why.
    refused: HashMap<String, Why>,
    /// Where files may be written.
    roots: Roots,
}

impl<'a> Repair<'a> {
    pub(super) fn new(session: Session, wanted: Wanted<'a>) -> Self {
        let (assembled, roots) = (judge(&session), Roots::of(&wanted.input.paths));
        let (before, done, new, refused) = Default::default();
        Self { wanted, session, assembled, before, done, new, refused, roots }
    }

    /// Mends until nothing is left that can be, or too much of it. What helps nothing is taken back, and so is what harms: of
    /// several fixes made at once, half of them are tried, until it is clear whose harm it is.
    pub(super) fn run(mut self) -> anyhow::Result<Self> {
        let mut most = usize::MAX;
        for _ in 0..ROUNDS {
            let round = self.round(most);
            if round.done.is_empty() {
                break;
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
        let mended = self.done.iter().map(|done| done.key.as_str()).collect();
        is.harm(was, &mended).map(Objection::Harm)
    }

    fn accept<'n>(&mut self, round: Round, old: BTreeMap<usize, String>, new: impl Iterator<Item = &'n str>) {
        for (number, text) in old {
            self.before.entry(number).or_insert(text);
        }
        self.done.extend(round.done);
        self.new.extend(new.map(str::to_owned));
    }

    fn with_texts(self, texts: &BTreeMap<usize, String>) -> anyhow::Result<Self> {
        let session = self.session.with_texts(self.wanted.input, texts)?;
        let assembled = judge(&session);
        Ok(Self { session, assembled, ..self })
    }

    /// Makes what can be made at once: of each document one fix, and no more than so many.
    fn round(&mut self, most: usize) -> Round {
        let (mut round, mut refused) = (Round::default(), HashMap::new());
        let maker = Maker { session: &self.session, roots: &self.roots };
        for (finding, subject) in self.assembled.report.findings.iter().zip(&self.assembled.subjects) {
            let (Some(fix), None) = (&finding.fix, self.why_not(finding)) else { continue };
            let Some(subject) = *subject else { continue };
            if round.done.len() >= most {
                break;
            }
            match maker.make(fix, subject, &mut round.made) {
                Ok(None) => {}
                Ok(Some(sources)) => round.done.push(Done {
                    rule: finding.rule,
                    fix: fix.clone(),
                    workload: finding.workload.clone(),
                    sources,
                    is_new: self.is_new(finding),
                    key: self.key(finding),
                }),
                Err(why) => drop(refused.insert(self.key(finding), why)),
            }
        }
        self.refused.extend(refused);
        round
    }

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

    fn is_selected(&self, rule: &Rule) -> bool {
        self.wanted.select.is_empty() || self.wanted.select.iter().any(|name| is_named(rule, name))
    }

    /// What is still there, of the rules that were asked for, and what can be seen only now.
    pub(super) fn left(&self) -> impl Iterator<Item = Left<'_>> {
        let is_told = |finding: &&ReportedFinding| self.is_selected(finding.rule) || self.is_new(finding);
        self.assembled.report.sorted().into_iter().filter(is_told).map(|finding| {
            let unfinished = || Why::Refused("it was not reached".to_owned());
            let why = self.why_not(finding).unwrap_or_else(unfinished);
            Left { finding, why, is_new: self.is_new(finding) }
        })
    }

    /// What was made, in the order in which it was.
    pub(super) fn done(&self) -> &[Done] {
        &self.done
    }

    /// All texts, as they are now.
    pub(super) fn sources(&self) -> &[Source] {
        &self.session.input.sources
    }

    /// What is left, as a linter reports it.
    pub(super) fn report(&self) -> &crate::report::Report {
        &self.assembled.report
    }

    /// The texts that have changed, with what they were.
    pub(super) fn changed(&self) -> impl Iterator<Item = (&Source, &str)> {
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

/// Everything counts, whatever was selected: an ignore that silences another rule is not stale.
fn judge(session: &Session) -> Assembled {
    assemble(session, &LintArgs::default())
}
