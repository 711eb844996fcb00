//! `beamgate rules`

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use crate::rules;

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

/// The table of `docs/rules.md`.
pub(crate) fn markdown() -> String {
    let head = "| rule | severity | what it says |\n|---|---|---|\n".to_owned();
    rules::all().fold(head, |mut text, rule| {
        let (id, slug) = (rule.id(), rule.slug);
        let _ = writeln!(text, "| [{id} {slug}](rules/{id}.md) | {} | {} |", rule.severity, rule.summary);
        text
    })
}
