//! The ranking, and what to write, for people.

use std::fmt::Write as _;

use annotate_snippets::normalize_untrusted_str as harmless;

use super::advice::Advice;
use super::reasons::reasons;
use super::weigh::Weighed;
use crate::advise::Naming;
use crate::cli::fix::diff;
use crate::cli::told::notes;
use crate::rules::TraceVerdict;

/// All of it. Writing to a string never fails.
pub(super) fn human(advice: &Advice, chosen: usize, written: bool) -> String {
    let mut text = headline(advice);
    text.push_str(&table(advice));
    let _ = writeln!(text, "\n{LEGEND}\nguide: the article's, which comes to {}\n", advice.guide);
    for (number, weighed) in advice.candidates.iter().enumerate() {
        let why = reasons(advice, weighed).join("; ");
        let _ = writeln!(text, "{:>3}  {}: {}", number + 1, weighed.candidate, harmless(&why));
    }
    for (candidate, reason) in &advice.unwritten {
        let _ = writeln!(text, "  -  {candidate}: not weighed: {}", harmless(reason));
    }
    text.push('\n');
    text.push_str(&to_use(advice, chosen, written));
    if !advice.notices.is_empty() {
        text.push('\n');
        text.push_str(&notes(&advice.notices));
    }
    text
}

fn headline(advice: &Advice) -> String {
    let (title, count) = (harmless(&advice.title), advice.candidates.len());
    let now = advice.candidates.iter().position(|weighed| advice.declared == Some(weighed.candidate));
    let code = advice.configures.join(" and ");
    let code = if code.is_empty() { code } else { format!(", and its code configures {}", harmless(&code)) };
    match (&advice.declares, now) {
        (None, _) => format!("{title} declares no strategy{code}. What comes of each:\n\n"),
        (Some(strategy), Some(rank)) => {
            format!("{title} declares {}, the {} of these {count}:\n\n", harmless(strategy), ordinal(rank + 1))
        }
        (Some(strategy), None) => format!("{title} declares {}, which is none of these:\n\n", harmless(strategy)),
    }
}

fn ordinal(number: usize) -> String {
    let ending = match number {
        1 => "st",
        2 => "nd",
        3 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

const LEGEND: &str =
    "beyond: it asks DNS for what the Kubernetes DNS specification does not promise, and CoreDNS answers";

const HEAD: [&str; 7] = ["strategy", "comes to", "recreate", "API rights", "DNS", "edits", ""];

fn table(advice: &Advice) -> String {
    let rows: Vec<[String; 7]> = std::iter::once(HEAD.map(str::to_owned))
        .chain(advice.candidates.iter().map(|weighed| row(advice, weighed)))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let rank = if number == 0 { String::new() } else { number.to_string() };
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
            .collect();
        let _ = writeln!(text, "{}", format!("{rank:>3}  {}", cells.join("  ")).trim_end());
    }
    text
}

fn row(advice: &Advice, weighed: &Weighed) -> [String; 7] {
    let said = [(advice.declared == Some(weighed.candidate), "declared"), (weighed.guided, "guide")];
    let said: Vec<&str> = said.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word).collect();
    let recreated = weighed.recreated().count();
    [
        weighed.candidate.to_string(),
        word(&weighed.verdict).to_owned(),
        if recreated == 0 { "-".to_owned() } else { recreated.to_string() },
        weighed.rights.map_or_else(|| "-".to_owned(), |resource| format!("list {}", resource.name())),
        weighed.outside.map_or("specified", |_| "beyond").to_owned(),
        weighed.edits.to_string(),
        said.join(", "),
    ]
}

/// A verdict in a word.
pub(super) fn word(verdict: &TraceVerdict) -> &'static str {
    match verdict {
        TraceVerdict::Forms => "forms",
        TraceVerdict::Breaks => "breaks",
        _ => "open",
    }
}

fn to_use(advice: &Advice, chosen: usize, written: bool) -> String {
    let weighed = &advice.candidates[chosen];
    let mut text = format!("To use {}:\n", weighed.candidate);
    manifests(weighed, written, &mut text);
    let lines = &weighed.lines;
    block("config/runtime.exs", &lines.runtime_exs, &mut text);
    match &lines.env_sh {
        Some(env_sh) => block(&env_sh_title(weighed), env_sh, &mut text),
        None => text.push_str("\nrel/env.sh.eex stays as it is\n"),
    }
    block("mix.exs, among the deps", lines.mix_exs, &mut text);
    if let Some(child) = &lines.child {
        block("the children of the app's supervisor", child, &mut text);
    }
    remarks(advice, weighed, &mut text);
    text
}

fn env_sh_title(weighed: &Weighed) -> String {
    match weighed.naming {
        Naming::OtherImage => "rel/env.sh.eex, in the place of other lines about the name".to_owned(),
        _ => "rel/env.sh.eex, which has the last word on the name, and leaves it to the pod".to_owned(),
    }
}

fn manifests(weighed: &Weighed, written: bool, text: &mut String) {
    if weighed.texts.is_empty() {
        text.push_str("\nthe manifests stay as they are\n");
    }
    for one in &weighed.texts {
        match written {
            true => {
                let _ = writeln!(text, "\nwritten: {}", harmless(&one.after.name));
            }
            false => {
                let _ = write!(text, "\n{}", diff(&one.after, &one.before));
            }
        }
    }
}

fn block(title: &str, lines: &str, text: &mut String) {
    let _ = writeln!(text, "\n{title}:\n");
    lines.lines().for_each(|line| {
        let _ = writeln!(text, "    {}", harmless(line));
    });
}

/// What else there is to do and to know.
fn remarks(advice: &Advice, weighed: &Weighed, text: &mut String) {
    let mut said: Vec<String> = Vec::new();
    said.extend(advice.then(weighed).into_iter().map(|what| format!("then: {what}")));
    said.extend(weighed.left.iter().map(|left| format!("left: {}: {}", left.rule.title(), left.message)));
    if !weighed.left.is_empty() {
        said.push(
            "      `beamgate fix --unsafe` mends what it can of it, `beamgate explain CODE` says more".to_owned(),
        );
    }
    said.extend(weighed.corrections.iter().map(|what| format!("the article: {what}")));
    if !said.is_empty() {
        text.push('\n');
    }
    for line in said {
        let _ = writeln!(text, "{}", harmless(&line));
    }
}
