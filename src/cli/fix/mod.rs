//! `beamgate fix`: what a rule would have written, written.

pub(super) mod files;
mod make;
mod outcome;
pub(super) mod repair;
mod results;
mod tell;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use similar::TextDiff;

use super::function::{self, Piped};
use super::lint::{nothing_to_read, severities};
use super::session::{InputArgs, Session};
use crate::manifest::source::Origin;
use crate::manifest::{Source, template};
use crate::report::redact::without_cookies;
use crate::rules::finding::Severity;
use repair::{Left, Repair, Wanted, Why};

/// The arguments of `beamgate fix`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct FixArgs {
    /// What to read.
    #[command(flatten)]
    pub input: InputArgs,

    /// Print what would change, and write nothing. Cookies are hidden in it.
    #[arg(long)]
    pub diff: bool,

    /// Make the fixes that do more than mend the fault, too: new objects, other names, a Secret that has to be there, and what
    /// takes to delete an object first.
    #[arg(long = "unsafe")]
    pub all: bool,

    /// Mend only what these rules find: codes (BG204), beginnings of codes (BG2) or slugs, with commas between.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<String>,

    /// Exit with 1 if something is left from this severity on [default: error, or what `beamgate.toml` says].
    #[arg(long, value_name = "SEVERITY", value_parser = severities())]
    pub fail_on: Option<Severity>,
}

pub(super) fn run(
    args: FixArgs,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let mut args = args;
    if args.input.paths.is_empty() {
        args.input.paths.push(PathBuf::from("."));
    }
    let streams = args.input.paths.iter().filter(|path| path.as_os_str() == "-").count();
    if streams > 0 && args.input.paths.len() > 1 {
        bail!("`-` stands alone: what comes by standard input goes to standard output");
    }
    let piped = Piped::read(&args.input.paths, stdin)?;
    if let Some(list) = piped.as_ref().and_then(|piped| piped.list.as_ref()) {
        function::configure_fix(&mut args, list)?;
    }
    super::assemble::check_rule_names(args.select.iter())?;
    let session = match &piped {
        Some(piped) => Session::open(&args.input, &mut piped.bytes.as_slice())?,
        None => Session::open(&args.input, stdin)?,
    };
    if let Some(why) = nothing_to_read(&args.input.paths, &session) {
        bail!(why);
    }
    let threshold = args.fail_on.or(session.policy.config.fail_on).unwrap_or(Severity::Error);
    let wanted = Wanted { input: &args.input, unsafe_too: args.all, select: &args.select, only: None };
    let repaired = Repair::new(session, wanted).run()?;
    let told = tell::tell(&repaired, args.diff);
    if args.diff {
        repaired.changed().try_for_each(|(source, before)| stdout.write_all(diff(source, before).as_bytes()))?;
        stdout.flush()?;
        stderr.write_all(told.as_bytes())?;
    } else if streams > 0 {
        let texts = || repaired.sources().iter().map(|source| source.text.as_str()).collect();
        stdout.write_all(results::list(&repaired).unwrap_or_else(texts).as_bytes())?;
        stdout.flush()?;
        stderr.write_all(told.as_bytes())?;
    } else {
        files::write(repaired.changed())?;
        stdout.write_all(told.as_bytes())?;
    }
    let counts = |left: Left<'_>| left.why != Why::NotSelected && left.finding.severity >= threshold;
    let left = repaired.left().any(counts);
    let waits = args.diff && repaired.changed().next().is_some();
    Ok(if left || waits { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// The text as `beamgate fix -` leaves it.
///
/// # Errors
/// Rules that do not exist, a configuration that cannot be used.
pub fn text(text: &str, args: &FixArgs) -> anyhow::Result<String> {
    let input = InputArgs { paths: vec![PathBuf::from("-")], ..args.input.clone() };
    super::assemble::check_rule_names(args.select.iter())?;
    let session = Session::open(&input, &mut text.as_bytes())?;
    let wanted = Wanted { input: &input, unsafe_too: args.all, select: &args.select, only: None };
    let repaired = Repair::new(session, wanted).run()?;
    Ok(repaired.sources().first().map_or_else(|| text.to_owned(), |source| source.text.clone()))
}

/// What has changed in a text, without its cookies.
pub(super) fn diff(source: &Source, before: &str) -> String {
    const HIDDEN: &str = "‹redacted›";
    let (before, after) = (without_cookies(before, HIDDEN), without_cookies(&source.text, HIDDEN));
    TextDiff::from_lines(&before, &after).unified_diff().header(&source.name, &source.name).to_string()
}

/// Whether a text can be written back to where it came from. Templates cannot, whether or not they look like manifests.
pub(super) fn is_writable(source: &Source) -> bool {
    match &source.origin {
        Origin::File(path) => template::chart_of(path).is_none(),
        Origin::Stream => true,
        _ => false,
    }
}
