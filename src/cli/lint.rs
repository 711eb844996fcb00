//! `beamgate lint`

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::assemble::{Assembled, assemble};
use super::session::{InputArgs, Session};
use crate::report::{self, Format, Styles};
use crate::rules::finding::Severity;

/// The arguments of `beamgate lint`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct LintArgs {
    /// What to read.
    #[command(flatten)]
    pub input: InputArgs,

    /// How to say it; several formats go to as many --output.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub format: Vec<Format>,

    /// Where to write it, `-` being standard output; one for each --format.
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,

    /// The severity from which on to fail [default: error].
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub fail_on: Option<Severity>,

    /// Only these rules, by code, beginning of a code, or slug.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<String>,

    /// Not these rules.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub ignore: Vec<String>,

    /// Fails unless at least so many BEAM workloads were checked.
    #[arg(long, value_name = "N")]
    pub expect_workloads: Option<usize>,
}

fn severity(word: &str) -> Result<Severity, String> {
    match word {
        "info" => Ok(Severity::Info),
        "warning" => Ok(Severity::Warning),
        "error" => Ok(Severity::Error),
        _ => Err("it is one of info, warning, error".to_owned()),
    }
}

pub(super) fn run(
    args: &LintArgs,
    colours: bool,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let outputs = outputs(args)?;
    let mut args = args.clone();
    if args.input.paths.is_empty() {
        args.input.paths.push(PathBuf::from("."));
    }
    super::assemble::check_rule_names(args.select.iter().chain(&args.ignore))?;
    let session = Session::open(&args.input, stdin)?;
    let Assembled { report, opted_in } = assemble(&session, &args);
    if session.input.sources.is_empty() && session.input.problems.is_empty() {
        let paths: Vec<String> = args.input.paths.iter().map(|path| path.display().to_string()).collect();
        bail!("nothing to read in {}: no .yaml, .yml or .json file", paths.join(", "));
    }
    for (format, output) in outputs {
        write(&report, format, output, colours, stdout)?;
    }
    let threshold = args.fail_on.or(session.policy.config.fail_on).unwrap_or(Severity::Error);
    let failed = report.findings.iter().any(|finding| finding.severity >= threshold);
    if let Some(expected) = args.expect_workloads.filter(|expected| opted_in < *expected) {
        bail!("expected at least {expected} workloads with a strategy, found {opted_in}");
    }
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// What `beamgate lint PATH` has to say, with nothing else on the command line.
///
/// # Errors
/// A configuration that cannot be used.
pub fn report(path: &std::path::Path, stdin: &mut dyn Read) -> anyhow::Result<report::Report> {
    let input = InputArgs { paths: vec![path.to_owned()], ..InputArgs::default() };
    let args = LintArgs { input, ..LintArgs::default() };
    let session = Session::open(&args.input, stdin)?;
    Ok(assemble(&session, &args).report)
}

/// Each format and where it goes; without `--output`, one format to standard output.
fn outputs(args: &LintArgs) -> anyhow::Result<Vec<(Format, Option<PathBuf>)>> {
    if args.output.is_empty() && args.format.len() == 1 {
        return Ok(vec![(args.format[0], None)]);
    }
    if args.output.len() != args.format.len() {
        bail!(
            "{} --format and {} --output: each format needs an output of its own",
            args.format.len(),
            args.output.len()
        );
    }
    let output = |path: &PathBuf| (path.as_os_str() != "-").then(|| path.clone());
    Ok(args.format.iter().copied().zip(args.output.iter().map(output)).collect())
}

fn write(
    report: &report::Report,
    format: Format,
    output: Option<PathBuf>,
    colours: bool,
    stdout: &mut dyn Write,
) -> anyhow::Result<()> {
    let Some(path) = output else {
        let styles = if colours { Styles::On } else { Styles::Off };
        return Ok(report::write(report, format, styles, stdout)?);
    };
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    let mut file = BufWriter::new(file);
    report::write(report, format, Styles::Off, &mut file)?;
    file.flush().with_context(|| path.display().to_string())
}
