//! For people: each finding with the lines that it is about, then what comes of it.

use std::io::{self, Write};

use annotate_snippets::renderer::{DEFAULT_ERROR_STYLE, DEFAULT_INFO_STYLE, DEFAULT_WARNING_STYLE, Style};
use annotate_snippets::{Group, Level, Origin, Renderer, normalize_untrusted_str as harmless};

use super::model::{Report, ReportedFinding, ReportedLabel};
use super::snippet::Excerpt;
use super::source::{Sources, sources};
use super::{Styles, closing};
use crate::rules::finding::{Fix, Names, Severity};

/// How far the lines of a fix are indented: further than the text around them, so that they can be copied as they are.
const PASTE: &str = "          ";

pub(super) fn write(report: &Report, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    let renderer = renderer(styles);
    let findings = report.sorted();
    let sources = sources(report);
    for finding in &findings {
        writeln!(out, "{}", draw(finding, &sources, &renderer, styles))?;
        if let Some(lines) = finding.fix.as_ref().and_then(super::lines) {
            paste(&lines, PASTE, out)?;
        }
        writeln!(out)?;
    }
    closing::write(report, &findings, styles, out)
}

/// Writes lines that are there to be copied.
fn paste(lines: &str, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    lines.lines().try_for_each(|line| writeln!(out, "{}", format!("{indent}{}", harmless(line)).trim_end()))
}

fn renderer(styles: Styles) -> Renderer {
    match styles {
        Styles::On => Renderer::styled(),
        Styles::Off => Renderer::plain(),
    }
}

/// Everything about a finding but the lines of its fix.
fn draw(finding: &ReportedFinding, sources: &Sources<'_>, renderer: &Renderer, styles: Styles) -> String {
    let labels = finding.ordered_labels();
    let (placed, unplaced): (Vec<_>, Vec<_>) = labels.into_iter().partition(|label| is_placed(label, sources));
    let excerpts = excerpts(&placed, sources);

    let id = finding.rule.title();
    let title = level(finding.severity).primary_title(finding.message.as_str()).id(id).id_url(finding.rule.url());
    let mut group = Group::with_title(title);
    if let Some(label) = unplaced.iter().find(|label| label.primary) {
        group = group.element(Origin::path(label.address()));
    }
    group = group.elements(excerpts.iter().map(Excerpt::snippet));
    for (name, text) in remarks(finding, &unplaced, styles) {
        group = group.element(Level::NOTE.with_name(name).message(text));
    }
    let drawn = renderer.render(&[group]);
    excerpts.iter().fold(drawn, |drawn, excerpt| excerpt.true_columns(drawn))
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    }
}

fn is_placed(label: &ReportedLabel, sources: &Sources<'_>) -> bool {
    label.place.is_some_and(|place| sources.contains_key(&place.file))
}

/// One excerpt for each file, that of the primary label first.
fn excerpts<'r>(labels: &[&'r ReportedLabel], sources: &'r Sources<'r>) -> Vec<Excerpt<'r>> {
    let file = |label: &ReportedLabel| label.place.map(|place| place.file);
    let mut files: Vec<usize> = Vec::new();
    for number in labels.iter().filter_map(|label| file(label)) {
        if !files.contains(&number) {
            files.push(number);
        }
    }
    let of_file = |number: usize| {
        let here: Vec<_> = labels.iter().copied().filter(|label| file(label) == Some(number)).collect();
        sources.get(&number).map_or_else(Vec::new, |source| Excerpt::of(source, &here))
    };
    files.into_iter().flat_map(of_file).collect()
}

/// The lines below the excerpts: what they are called, and what they say.
fn remarks(finding: &ReportedFinding, unplaced: &[&ReportedLabel], styles: Styles) -> Vec<(Option<String>, String)> {
    let mut remarks = Vec::new();
    for label in unplaced.iter().filter(|label| !label.text.is_empty()) {
        remarks.push(((!label.primary).then(|| label.address()), harmless(&label.text)));
    }
    if let Some(names) = &finding.names {
        remarks.push((None, side_by_side(names, style(finding.severity, styles))));
    }
    let mut remark = |name: &str, text: &str| remarks.push((Some(name.to_owned()), harmless(text)));
    if let Some(title) = &finding.workload {
        remark("workload", title);
    }
    if let Some(folder) = &finding.rendered_from {
        remark("rendered from", folder);
    }
    if let Some(text) = &finding.at_run_time {
        remark("at run time", text);
    }
    finding.notes.iter().for_each(|note| remark("note", note));
    if let Some(fix) = &finding.fix {
        remark(&format!("fix ({})", fix.safety), &headline(fix));
    }
    remarks
}

fn headline(fix: &Fix) -> String {
    format!("{}{}", fix.title, if super::lines(fix).is_some() { ":" } else { "" })
}

fn style(severity: Severity, styles: Styles) -> Style {
    match (styles, severity) {
        (Styles::Off, _) => Style::new(),
        (Styles::On, Severity::Error) => DEFAULT_ERROR_STYLE,
        (Styles::On, Severity::Warning) => DEFAULT_WARNING_STYLE,
        (Styles::On, Severity::Info) => DEFAULT_INFO_STYLE,
    }
}

/// The two names, one below the other, with a mark under the first difference.
fn side_by_side(names: &Names, style: Style) -> String {
    let (dialled, own) = ("peers dial  ", "this node   ");
    let mark = " ".repeat(own.len() + first_difference(names));
    let names = format!("{dialled}{}\n{own}{}", harmless(&names.dialled), harmless(&names.own));
    format!("{names}\n{mark}{style}^ differs from here{style:#}")
}

/// Where in the node's own name the difference begins. A basename that is not known is none: then the hosts differ.
fn first_difference(names: &Names) -> usize {
    let hosts = names.dialled.split_once('@').zip(names.own.split_once('@'));
    if let Some(((_, dialled), (base, own))) =
        hosts.filter(|(dialled, own)| own.0.contains("{?}") && dialled.1 != own.1)
    {
        let common = dialled.chars().zip(own.chars()).take_while(|(dialled, own)| dialled == own).count();
        return base.chars().count() + 1 + shared(own, common);
    }
    shared(&names.own, names.common)
}

/// How many of the characters that a name shares with another are worth it, not counting the beginning of a placeholder:
/// `{pod-ip}` and `{pod-ip-dashed}` have nothing in common.
fn shared(own: &str, common: usize) -> usize {
    let shared: Vec<char> = own.chars().take(common).collect();
    let open = shared.iter().rposition(|c| *c == '{');
    let closed = shared.iter().rposition(|c| *c == '}');
    match open {
        Some(open) if closed.is_none_or(|closed| closed < open) => open,
        _ => shared.len(),
    }
}
