//! `beamgate rules`, and the rules as the documentation has them.

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use crate::rules::finding::{Effect, Safety, Severity};
use crate::rules::{self, Mends, Rule};

/// The arguments of `beamgate rules`.
#[derive(Debug, clap::Args)]
pub(super) struct RulesArgs {
    /// Print a Markdown table.
    #[arg(long)]
    markdown: bool,
}

pub(super) fn run(args: &RulesArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let table = if args.markdown { markdown() } else { plain() };
    out.write_all(table.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn plain() -> String {
    let width = rules::all().map(|rule| rule.slug.len()).max().unwrap_or(0);
    rules::all().fold(String::new(), |mut text, rule| {
        let _ = writeln!(text, "{} {:width$} {:7} {}", rule.id(), rule.slug, rule.severity.to_string(), rule.summary);
        text
    })
}

/// The table as `docs/rules.md` has it.
pub fn markdown() -> String {
    let head = "| rule | severity | what it says |\n|---|---|---|\n".to_owned();
    rules::all().fold(head, |mut text, rule| {
        let (id, slug) = (rule.id(), rule.slug);
        let _ = writeln!(text, "| [{id} {slug}](rules/{id}.md) | {} | {} |", rule.severity, rule.summary);
        text
    })
}

/// A rule's page with its card below the title, as `beamgate explain` prints it and `docs/rules/` has it.
pub fn page(rule: &Rule) -> String {
    let effect = match rule.effect {
        Effect::Breaks => "it breaks the cluster",
        Effect::Risks => "it may break the cluster some day, or elsewhere",
        Effect::Hygiene => "it breaks nothing, it misleads people",
    };
    let page = rule.page();
    match page.split_once('\n') {
        Some((title, text)) => {
            format!("{title}\n\n*{}: {effect}.*\n*{}*\n{text}", capitalised(rule.severity), mends(rule))
        }
        None => page,
    }
}

/// Who mends what the rule finds.
fn mends(rule: &Rule) -> String {
    match rule.mends {
        Mends::Program(Safety::Safe) => "Fixed by `beamgate fix`.".to_owned(),
        Mends::Program(Safety::Unsafe) => "Fixed by `beamgate fix --unsafe`.".to_owned(),
        Mends::Program(Safety::Recreate) => {
            "Fixed by `beamgate fix --unsafe`; the object has to be deleted and made again.".to_owned()
        }
        Mends::Person(what) => format!("No fix, it needs a decision: {what}."),
    }
}

fn capitalised(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
        Severity::Info => "Info",
    }
}
