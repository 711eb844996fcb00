//! From a session to a report: the judgement, located, silenced and weighed.

use std::collections::{BTreeSet, HashMap};

use anyhow::bail;
use jiff::Zoned;
use jiff::civil::Date;

use super::lint::LintArgs;
use super::projects;
use super::session::Session;
use super::skipped;
use crate::fix::change::Change;
use crate::manifest::comments;
use crate::manifest::source::{Origin, Source};
use crate::place::{Loc, ObjectId, Pointer};
use crate::policy::silence::{self, Annotated, Ignore};
use crate::report::Report;
use crate::report::model::{CheckedWorkload, Notice, Place, ReportedFinding, ReportedLabel, WorkloadVerdict};
use crate::rules::finding::{Finding, Fix, Safety, Severity, Verdict};
use crate::rules::fingerprint::{self, fingerprint};
use crate::rules::{self, Judged, Rule, TraceVerdict, judge_those};
use crate::world::World;
use crate::world::object::Object;

/// A report, and what else decides the exit code.
pub(super) struct Assembled {
    pub(super) report: Report,
    pub(super) opted_in: usize,
    /// The world and the workload of each finding; none if it is about the input itself.
    pub(super) subjects: Vec<Option<(usize, ObjectId)>>,
}

/// Judges every world of a session.
pub(super) fn assemble(session: &Session, args: &LintArgs) -> Assembled {
    let mut assembly = Assembly::new(session, args);
    for world in 0..session.worlds.len() {
        assembly.add_world(world);
    }
    assembly.add_problems();
    assembly.add_stale();
    assembly.add_notes();
    let Assembly { mut report, opted_in, subjects, .. } = assembly;
    add_files(&mut report, session);
    report.cluster.clone_from(&session.cluster);
    Assembled { report, opted_in, subjects }
}

/// The texts that findings point into, and only those. The findings count the texts of the session until here.
fn add_files(report: &mut Report, session: &Session) {
    let labels = || report.findings.iter().flat_map(|finding| &finding.labels);
    let numbers: BTreeSet<usize> = labels().filter_map(|label| label.place).map(|place| place.file).collect();
    let found = numbers.into_iter().filter_map(|number| Some((number, session.file(number)?)));
    let (numbers, files): (Vec<_>, _) = found.unzip();
    for label in report.findings.iter_mut().flat_map(|finding| &mut finding.labels) {
        label.place =
            label.place.and_then(|place| Some(Place { file: numbers.binary_search(&place.file).ok()?, ..place }));
    }
    report.files = files;
}

/// Refuses names of rules that do not exist, so that a typo does not silence nothing.
pub(super) fn check_rule_names<'a>(names: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
    for name in names {
        if !rules::all().any(|rule| is_named(rule, name)) {
            bail!(rules::unknown(name));
        }
    }
    Ok(())
}

/// `BG204`, `bg2`, `204`, `service-without-ports`.
pub(super) fn is_named(rule: &Rule, name: &str) -> bool {
    let code = name.to_ascii_uppercase();
    let code = code.strip_prefix("BG").unwrap_or(&code);
    rule.slug == name || (!code.is_empty() && format!("{:03}", rule.code).starts_with(code))
}

struct Assembly<'s> {
    session: &'s Session,
    args: &'s LintArgs,
    today: Date,
    report: Report,
    opted_in: usize,
    projects: projects::Told,
    /// The world and the workload of each finding of the report.
    subjects: Vec<Option<(usize, ObjectId)>>,
    /// Where the findings of the world at hand point.
    places: HashMap<Loc, Place>,
    /// The comments of each source that has any.
    comments: HashMap<usize, Vec<(Ignore, Loc, u32)>>,
    /// Which comments silenced something, by source and position.
    used: Vec<(usize, usize)>,
    /// Annotations that silence nothing, or ought not to, with their world and workload.
    stale: Vec<(usize, ObjectId, Annotated, String)>,
}

impl<'s> Assembly<'s> {
    fn new(session: &'s Session, args: &'s LintArgs) -> Self {
        // What Helm prints holds the comments of its templates, which are read where they are written.
        let is_written = |source: &Source| !matches!(source.origin, Origin::Rendered(_));
        let sources = session.input.sources.iter().enumerate().filter(|(_, source)| is_written(source));
        let comments = sources
            .map(|(number, source)| (number, read_comments(number, source)))
            .filter(|(_, found)| !found.is_empty());
        Self {
            session,
            args,
            today: Zoned::now().date(),
            report: Report::default(),
            opted_in: 0,
            projects: projects::Told::default(),
            subjects: Vec::new(),
            places: HashMap::new(),
            comments: comments.collect(),
            used: Vec::new(),
            stale: Vec::new(),
        }
    }

    fn add_world(&mut self, number: usize) {
        let scene = &self.session.worlds[number];
        let world = &scene.world;
        let judged = judge_those(world, |object| scene.is_asked(object));
        let labels = judged.iter().flat_map(|judged| &judged.findings).flat_map(|finding| &finding.labels);
        self.places = self.session.locate_all(number, labels.map(|label| &label.at));
        let others = world.objects().iter().filter(|object| object.workload().is_none() && scene.is_asked(object));
        self.report.other_objects += others.count();
        for judged in judged {
            if let Some(object) = world.object(judged.object) {
                self.add_workload(number, world, object, judged);
            }
        }
    }

    fn add_workload(&mut self, number: usize, world: &World, object: &Object, judged: Judged) {
        let ignores = silence::wishes(object);
        let mut used = vec![false; ignores.len()];
        self.report.workloads.push(checked(object, &judged));
        self.projects.add(object, &judged.project);
        if !matches!(judged.verdict, TraceVerdict::NotOptedIn | TraceVerdict::OwnClustering(_)) {
            self.opted_in += 1;
        }
        for finding in judged.findings {
            match silence::silenced(&ignores, finding.rule, self.today) {
                Some(index) => {
                    used[index] = true;
                    self.report.ignored += 1;
                }
                None => self.add_finding(number, world, finding),
            }
        }
        for (ignore, used) in ignores.into_iter().zip(used) {
            let flaw = ignore.ignore.flaw(self.today).or_else(|| (!used).then(|| "it suppresses nothing".to_owned()));
            if let Some(flaw) = flaw {
                self.stale.push((number, object.id, ignore, flaw));
            }
        }
    }

    fn add_finding(&mut self, number: usize, world: &World, finding: Finding) {
        let Some(severity) = self.severity(finding.rule, finding.severity) else {
            // Whoever typed the option knows; a configuration was written by somebody else, some day.
            self.report.ignored += usize::from(self.args.selects(finding.rule));
            return;
        };
        let workload = finding.subject.and_then(|subject| world.object(subject)).map(Object::title);
        let title = |id| world.object(id).map_or_else(|| self.text_name(id), Object::title);
        let fingerprint = fingerprint::of_finding(&finding, title);
        let labels = finding.labels.iter().enumerate().map(|(index, label)| {
            let place = self.places.get(&label.at).copied();
            reported_label(index == 0, title(label.at.object), &label.at, place, &label.text)
        });
        let labels: Vec<ReportedLabel> = labels.collect();
        if self.is_silenced(finding.rule, &labels) {
            self.report.ignored += 1;
            return;
        }
        self.subjects.push(finding.subject.map(|subject| (number, subject)));
        self.report.findings.push(ReportedFinding {
            rule: finding.rule,
            severity,
            effect: finding.effect,
            verdict: finding.verdict,
            message: finding.message,
            workload,
            rendered_from: self.session.rendered_from(number),
            labels,
            names: finding.names,
            at_run_time: finding.symptom.map(|symptom| symptom.to_string()),
            notes: finding.notes,
            fix: finding.fix,
            secrets: finding.secrets,
            fingerprint,
        });
    }

    /// The name of a text beside the manifests.
    fn text_name(&self, id: ObjectId) -> String {
        let text = id.as_text().and_then(|number| self.session.policy.texts.get(number));
        text.map_or_else(String::new, |text| text.name.clone())
    }

    /// What the configuration and the command line make of a severity; nothing if the rule is off.
    fn severity(&self, rule: &Rule, severity: Severity) -> Option<Severity> {
        if !self.args.selects(rule) {
            return None;
        }
        self.session.policy.config.severity(rule, severity)
    }

    /// Whether a comment on the line of the primary label asks for silence.
    fn is_silenced(&mut self, rule: &Rule, labels: &[ReportedLabel]) -> bool {
        let Some(place) = labels.first().and_then(|label| label.place) else { return false };
        let Some(comments) = self.comments.get(&place.file) else { return false };
        let line = self.session.input.sources[place.file].position(place.span.start).line;
        let matches = |(ignore, _, at): &(Ignore, Loc, u32)| {
            *at == line && ignore.flaw(self.today).is_none() && ignore.is_about(rule)
        };
        let Some(position) = comments.iter().position(matches) else { return false };
        self.used.push((place.file, position));
        true
    }

    fn add_problems(&mut self) {
        let Some(rule) = rules::find("unreadable-input") else { return };
        for problem in self.session.input.problems.iter().filter(|problem| problem.named || problem.kubernetes) {
            let Some(severity) = self.severity(rule, Severity::Error) else { continue };
            let place = problem.source.map(|source| self.session.at_home(source, problem.span));
            let at = Pointer::root().of(ObjectId(0));
            let text = if place.is_some() { "not read from here on" } else { "" };
            let labels = vec![reported_label(true, problem.name.clone(), &at, place, text)];
            let fingerprint = fingerprint(rule, None, Some((problem.name.as_str(), &at.pointer)), []);
            let unread = if place.is_some() { "this document was not checked" } else { "nothing in it was checked" };
            // How the system numbers its errors helps nobody.
            let why = problem.message.split(" (os error").next().unwrap_or_default();
            let message = format!("{}: {why}; {unread}", problem.name);
            self.add_about_input(None, input_finding(rule, severity, message, None, labels, fingerprint));
        }
    }

    fn add_about_input(&mut self, subject: Option<(usize, ObjectId)>, finding: ReportedFinding) {
        self.subjects.push(subject);
        self.report.findings.push(finding);
    }

    /// Ignores that do nothing, after everything that they could silence is known.
    fn add_stale(&mut self) {
        let Some(rule) = rules::find("stale-ignore") else { return };
        let Some(severity) = self.severity(rule, Severity::Warning) else { return };
        for (number, object, annotated, flaw) in std::mem::take(&mut self.stale) {
            let Some(object) = self.session.worlds[number].world.object(object) else { continue };
            let place = self.session.locate(number, &annotated.at);
            let labels = vec![reported_label(true, object.title(), &annotated.at, place, &flaw)];
            let fingerprint =
                fingerprint(rule, Some(&object.title()), Some((&object.title(), &annotated.at.pointer)), []);
            let message = format!("ignore[{}]: {flaw}", annotated.ignore.codes.join(","));
            let mut finding = input_finding(rule, severity, message, Some(object.title()), labels, fingerprint);
            // What is wrong in itself may be mended in another way: with a reason, or another day.
            finding.fix = annotated.ignore.flaw(self.today).is_none().then(|| removal(object, &annotated)).flatten();
            self.add_about_input(Some((number, object.id)), finding);
        }
        for (file, comments) in std::mem::take(&mut self.comments) {
            // A template may come to something else with other values.
            let may_be_used = matches!(self.session.input.sources[file].origin, Origin::Template(_));
            for (position, (ignore, at, _)) in comments.iter().enumerate() {
                let used = may_be_used || self.used.contains(&(file, position));
                let Some(flaw) =
                    ignore.flaw(self.today).or_else(|| (!used).then(|| "it suppresses nothing".to_owned()))
                else {
                    continue;
                };
                let name = self.session.input.sources[file].name.clone();
                let crate::place::Focus::Within(start, end) = at.focus else { continue };
                let place = Place { file, span: crate::world::node::Span { start, end } };
                let fingerprint = fingerprint(rule, None, Some((name.as_str(), &at.pointer)), []);
                let labels = vec![reported_label(true, name, at, Some(place), &flaw)];
                let message = format!("ignore[{}]: {flaw}", ignore.codes.join(","));
                self.add_about_input(None, input_finding(rule, severity, message, None, labels, fingerprint));
            }
        }
    }

    fn add_notes(&mut self) {
        let input = &self.session.input;
        self.report.notices = input
            .notices
            .iter()
            .map(|notice| Notice { text: notice.text.clone(), command: notice.command.clone() })
            .collect();
        self.report.notices.extend(std::mem::take(&mut self.projects).notices(&self.session.policy));
        for note in input.notes.iter().take(NOTES) {
            let Some(source) = input.sources.get(note.source as usize) else { continue };
            let position = source.position(note.note.span.start);
            let text = format!("{}:{}:{}: {}", source.name, position.line, position.column, note.note.text);
            self.report.notices.push(Notice { text, command: None });
        }
        if let Some(more) = input.notes.len().checked_sub(NOTES + 1) {
            self.report.notices.push(Notice { text: format!("and {} more of these", more + 1), command: None });
        }
        // Objects all the same; that no rule is about them is not the reader's concern.
        self.report.other_objects += input.skipped.unwanted;
        self.report.skipped = skipped::skipped(&input.skipped, &input.problems);
    }
}

/// How many oddities are worth a line each.
const NOTES: usize = 20;

fn read_comments(number: usize, source: &Source) -> Vec<(Ignore, Loc, u32)> {
    let found = comments::comments(source).into_iter().map(|comment| {
        let at = Pointer::root().of(ObjectId(u32::try_from(number).unwrap_or(u32::MAX)));
        let at = at.within(comment.span.start as usize..comment.span.end as usize);
        (
            Ignore { codes: comment.codes, until: comment.until, reason: comment.reason, fault: comment.fault },
            at,
            comment.line,
        )
    });
    found.collect()
}

fn checked(object: &Object, judged: &Judged) -> CheckedWorkload {
    let (verdict, missing) = match &judged.verdict {
        TraceVerdict::Forms => (WorkloadVerdict::Forms, Vec::new()),
        TraceVerdict::Breaks => (WorkloadVerdict::Breaks, Vec::new()),
        TraceVerdict::Open(missing) => (WorkloadVerdict::Open, missing.clone()),
        TraceVerdict::NotOptedIn => (WorkloadVerdict::NotOptedIn, Vec::new()),
        TraceVerdict::OwnClustering(server) => {
            (WorkloadVerdict::NotChecked(format!("{server} clusters by itself")), Vec::new())
        }
    };
    CheckedWorkload {
        title: object.title(),
        kind: object.kind.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        verdict,
        boots: judged.boots.clone(),
        dials: judged.dials.clone(),
        missing,
    }
}

fn reported_label(primary: bool, object: String, at: &Loc, place: Option<Place>, text: &str) -> ReportedLabel {
    ReportedLabel {
        primary,
        object,
        pointer: at.pointer.to_string(),
        json_pointer: at.pointer.to_json_pointer(),
        place,
        text: text.to_owned(),
    }
}

/// Takes an ignore away that silences nothing, where its annotation says nothing else.
fn removal(object: &Object, stale: &Annotated) -> Option<Fix> {
    let alone = silence::wishes(object).iter().filter(|other| other.at == stale.at).count() == 1;
    alone.then(|| Fix {
        safety: Safety::Unsafe,
        title: "remove it".to_owned(),
        snippet: None,
        changes: vec![Change::Remove { at: stale.at.clone() }],
        unwritten: None,
        besides: None,
    })
}

/// A finding about the input itself.
fn input_finding(
    rule: &'static Rule,
    severity: Severity,
    message: String,
    workload: Option<String>,
    labels: Vec<ReportedLabel>,
    fingerprint: String,
) -> ReportedFinding {
    ReportedFinding {
        rule,
        severity,
        effect: rule.effect,
        verdict: Verdict::Refuted,
        message,
        workload,
        rendered_from: None,
        labels,
        names: None,
        at_run_time: None,
        notes: Vec::new(),
        fix: None,
        secrets: Vec::new(),
        fingerprint,
    }
}
