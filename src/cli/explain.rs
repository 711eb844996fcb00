//! `beamgate explain`

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;

use crate::rules;

/// The arguments of `beamgate explain`.
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// The rule, by code or slug: BG204, service-without-ports.
    #[arg(value_name = "RULE")]
    rule: String,
}

pub(super) fn run(args: &ExplainArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let Some(rule) = rules::find(&args.rule) else {
        let near = nearest(&args.rule).map_or_else(String::new, |slug| format!("; did you mean `{slug}`?"));
        bail!("`{}` is no rule{near} `beamgate rules` lists them", args.rule);
    };
    out.write_all(rule.page().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn nearest(name: &str) -> Option<&'static str> {
    let distance = |slug| crate::discovery::edit_distance(slug, name);
    rules::all()
        .map(|rule| (distance(rule.slug), rule.slug))
        .min()
        .filter(|(distance, _)| *distance <= 4)
        .map(|(_, slug)| slug)
}
