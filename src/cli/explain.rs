//! `beamgate explain`

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use annotate_snippets::normalize_untrusted_str as harmless;
use anyhow::{Context, bail};

use crate::explain::{self, Difference, Log, Seen, suspects};
use crate::report::closing::counted;
use crate::rules::{self, Rule, word};
use crate::symptom::Symptom;

/// How many rules are told with what they say.
const TOLD: usize = 3;

/// The arguments of `beamgate explain`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["rule", "log"])))]
pub(super) struct ExplainArgs {
    /// The rule, by code or slug: BG204, service-without-ports.
    #[arg(value_name = "RULE")]
    rule: Option<String>,

    /// A log of a node, or a line of one, `-` being standard input: say which rules are behind it. Exits with 1 if no line
    /// is known.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// What the node that wrote the log is called, where no line says so.
    #[arg(long, value_name = "NAME", requires = "log")]
    name: Option<String>,
}

pub(super) fn run(args: &ExplainArgs, stdin: &mut dyn Read, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    if let Some(file) = &args.log {
        return explain_log(file, args.name.as_deref(), stdin, out);
    }
    let name = args.rule.as_deref().unwrap_or_default();
    let Some(rule) = rules::find(name) else {
        bail!(rules::unknown(name));
    };
    out.write_all(super::rules::page(rule).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn explain_log(
    file: &Path,
    name: Option<&str>,
    stdin: &mut dyn Read,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let log = match file.as_os_str() == "-" {
        true => explain::read(&mut BufReader::new(stdin)).context("standard input")?,
        false => {
            let opened = File::open(file).with_context(|| file.display().to_string())?;
            explain::read(&mut BufReader::new(opened)).with_context(|| file.display().to_string())?
        }
    };
    if log.lines == 0 {
        bail!("the log is empty");
    }
    let lines = counted(log.lines, "line");
    if log.seen.is_empty() {
        writeln!(out, "no rule knows what is in {lines}.")?;
        writeln!(out, "A cluster that does not form may log nothing at all: `beamgate lint` reads the manifests.")?;
        return Ok(ExitCode::from(1));
    }
    for seen in &log.seen {
        tell(seen, &log, name, out)?;
    }
    writeln!(out, "read {lines}. To read more of a rule, run `beamgate explain CODE`.")?;
    Ok(ExitCode::SUCCESS)
}

fn tell(seen: &Seen, log: &Log, name: Option<&str>, out: &mut impl Write) -> anyhow::Result<()> {
    let own = name.or(log.own.as_ref().map(|(own, _)| own.as_str()));
    writeln!(out, "{}", harmless(&seen.symptom.to_string()))?;
    let often = match seen.count {
        1 => format!("in line {}", seen.line),
        count => format!("in {count} lines, first in line {}", seen.line),
    };
    writeln!(out, "   = seen: {often}")?;
    if !seen.also.is_empty() {
        writeln!(out, "   = also of: {}", harmless(&seen.also.join(", ")))?;
    }
    if let Symptom::UnableToConnect(dialled) = &seen.symptom {
        tell_names(dialled, own, log, out)?;
    }
    let suspects = suspects(&seen.symptom, own);
    for (number, rule) in suspects.iter().take(TOLD).enumerate() {
        let word = if number == 0 { "likely" } else { "or" };
        writeln!(out, "   = {word}: {}: {}", rule.title(), rule.summary)?;
        if number == 0 {
            tell_fix(rule, &seen.symptom, out)?;
        }
    }
    let others: Vec<String> = suspects.iter().skip(TOLD).map(|rule| rule.id()).collect();
    if !others.is_empty() {
        writeln!(out, "   = less likely: {}", others.join(", "))?;
    }
    Ok(writeln!(out)?)
}

fn tell_names(dialled: &str, own: Option<&str>, log: &Log, out: &mut impl Write) -> anyhow::Result<()> {
    let Some(own) = own else {
        let host = dialled.split_once('@').map_or("", |(_, host)| host);
        writeln!(
            out,
            "   = what that node is really called, it says itself: `beamgate probe {} --dial {}`",
            word(&harmless(host)),
            word(&harmless(dialled))
        )?;
        return Ok(());
    };
    let place = log.own.as_ref().filter(|(known, _)| known == own);
    let place = place.map_or_else(String::new, |(_, line)| format!("  (line {line})"));
    writeln!(out, "   = peers dial  {}", harmless(dialled))?;
    writeln!(out, "     this node   {}{place}", harmless(own))?;
    match explain::difference(dialled, own) {
        Difference::After(common) => writeln!(out, "                 {:common$}^ differs from here", "")?,
        Difference::None => {
            writeln!(out, "     made alike: the names agree, so that node is gone, unreachable, or none of these")?
        }
    }
    Ok(())
}

/// What the page says first, with the lines to write, if it shows any.
fn tell_fix(rule: &Rule, symptom: &Symptom, out: &mut impl Write) -> anyhow::Result<()> {
    let fix = rule.section("Fix");
    let (text, after) = fix.split_once("```yaml\n").unwrap_or((&fix, ""));
    let (first, others) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut word = "fix: ";
    for line in first.lines() {
        writeln!(out, "     {word:5}{line}")?;
        word = "";
    }
    if others.trim().is_empty() {
        let shown = after.split("```").next().unwrap_or_default().to_owned();
        let lines = match symptom {
            // The page shows another name than the one that was dialled here.
            Symptom::UnableToConnect(dialled) if rule.slug == "name-mismatch" => explain::lines(dialled),
            _ => Some(shown),
        };
        let lines = lines.unwrap_or_default();
        if first.is_empty() && !lines.is_empty() {
            writeln!(out, "     fix:")?;
        }
        let indent = lines.lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        lines.lines().try_for_each(|line| writeln!(out, "          {}", line.get(indent..).unwrap_or_default()))?;
    }
    Ok(())
}
