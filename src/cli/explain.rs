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
        bail!(rules::unknown(&args.rule));
    };
    out.write_all(super::rules::page(rule).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
