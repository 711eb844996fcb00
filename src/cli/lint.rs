//! `beamgate lint`

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::assemble::{Assembled, assemble, is_named};
use super::function::{self, Piped};
use super::live::LiveArgs;
use super::session::{InputArgs, Session};
use crate::report::{self, Format, Styles};
use crate::rules::Rule;
use crate::rules::finding::Severity;

/// The arguments of `beamgate lint`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct LintArgs {
    /// What to read.
    #[command(flatten)]
    pub input: InputArgs,

    /// Whether a cluster is asked, too.
    #[command(flatten)]
    pub live: LiveArgs,

    /// How to write the report; may be repeated, with an --output for each [default: human].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Vec<Format>,

    /// The file to write it to; `-` is standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,

    /// Exit with 1 from this severity on [default: error, or what `beamgate.toml` says].
    #[arg(long, value_name = "SEVERITY", value_parser = severities())]
    pub fail_on: Option<Severity>,

    /// Report only these rules: codes (BG204), beginnings of codes (BG2) or slugs, with commas between.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<String>,

    /// Do not report these rules.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub ignore: Vec<String>,

    /// Count the findings that this file knows, and do not show them; only others fail the run.
    #[arg(long, value_name = "FILE", conflicts_with = "write_baseline")]
    pub baseline: Option<PathBuf>,

    /// Write what is found into this file, for --baseline. The notes in it are kept.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["select", "ignore"])]
    pub write_baseline: Option<PathBuf>,

    /// Exit with 2 unless at least this many workloads declare a strategy: a guard against checking nothing.
    #[arg(long, value_name = "N")]
    pub expect_workloads: Option<usize>,
}

impl LintArgs {
    /// Whether the command line asks for a rule.
    pub(super) fn selects(&self, rule: &Rule) -> bool {
        let names = |list: &[String]| list.iter().any(|name| is_named(rule, name));
        !names(&self.ignore) && (self.select.is_empty() || names(&self.select))
    }
}

pub(super) fn severities() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(["info", "warning", "error"]).map(|word| match word.as_str() {
        "info" => Severity::Info,
        "warning" => Severity::Warning,
        _ => Severity::Error,
    })
}

pub(super) fn run(
    args: &LintArgs,
    colours: bool,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let mut args = args.clone();
    let piped = Piped::read(&args.input.paths, stdin)?;
    let list = piped.as_ref().and_then(|piped| piped.list.as_ref());
    if let Some(list) = list {
        function::configure_lint(&mut args, list)?;
    }
    let outputs = outputs(&args, list.is_some())?;
    super::assemble::check_rule_names(args.select.iter().chain(&args.ignore))?;
    let session = match &piped {
        Some(piped) => args.live.open(&args.input, &mut piped.bytes.as_slice())?,
        None => args.live.open(&args.input, stdin)?,
    };
    if !args.live.is_alone(&args.input)
        && let Some(why) = nothing_to_read(&args.input.paths, &session)
    {
        bail!(why);
    }
    let Assembled { mut report, opted_in, .. } = assemble(&session, &args);
    report.fail_on = args.fail_on.or(session.policy.config.fail_on).unwrap_or_default();
    super::baseline::compare(&mut report, &args)?;
    let is_free = outputs.iter().all(|(_, output)| output.is_some());
    for (format, output) in outputs {
        write(&report, format, output, colours, stdout)?;
    }
    let failed = report.findings.iter().any(|finding| finding.severity >= report.fail_on);
    if let Some(list) = list.filter(|_| is_free) {
        stdout.write_all(function::linted(list, &report).as_bytes())?;
        // Of a function that fails, kustomize shows nothing else.
        if failed {
            report::write(&report, Format::Human, Styles::Off, stderr)?;
        }
    }
    if let Some(expected) = args.expect_workloads.filter(|expected| opted_in < *expected) {
        bail!("expected at least {expected} workloads with a strategy, found {opted_in}");
    }
    // The process ends here: the system takes the memory back faster than it can be given back piece by piece.
    std::mem::forget((session, report));
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Why there was nothing to judge: a typo in a path, a wrong folder, a command before the pipe that failed.
pub(super) fn nothing_to_read(paths: &[PathBuf], session: &Session) -> Option<String> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let is_stdin = |path: &PathBuf| path.as_os_str() == "-";
    let listed = |paths: &[&PathBuf]| {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        names.join(", ")
    };
    let missing: Vec<&PathBuf> = paths.iter().filter(|path| !is_stdin(path) && !path.exists()).collect();
    if missing.len() == paths.len() {
        return Some(format!("nothing to read: there is no {}", listed(&missing)));
    }
    let read = &session.input;
    if !read.problems.is_empty() || read.sources.iter().any(|source| !source.text.trim().is_empty()) {
        return None;
    }
    if paths.iter().all(is_stdin) {
        return Some("nothing to read: standard input is empty".to_owned());
    }
    Some(format!(
        "nothing to read in {}: no .yaml, .yml or .json file that says anything",
        listed(&paths.iter().collect::<Vec<_>>())
    ))
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

/// Each format and where it goes; without `--output`, one format to standard output. A function writes there itself.
fn outputs(args: &LintArgs, is_function: bool) -> anyhow::Result<Vec<(Format, Option<PathBuf>)>> {
    if args.output.is_empty() && args.format.is_empty() {
        return Ok(if is_function { Vec::new() } else { vec![(Format::Human, None)] });
    }
    if args.output.is_empty() && args.format.len() == 1 {
        return Ok(vec![(args.format[0], None)]);
    }
    if args.output.len() != args.format.len() {
        bail!(
            "--format is given {}, --output {}: each format needs an output of its own, `-` being standard output",
            times(args.format.len()),
            times(args.output.len())
        );
    }
    let output = |path: &PathBuf| (path.as_os_str() != "-").then(|| path.clone());
    Ok(args.format.iter().copied().zip(args.output.iter().map(output)).collect())
}

fn times(count: usize) -> String {
    match count {
        0 => "not at all".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        many => format!("{many} times"),
    }
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
