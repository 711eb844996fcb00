//! The command line: one file for each subcommand.

pub mod access;
pub mod advise;
mod assemble;
mod baseline;
#[cfg(feature = "webhook")]
mod certs;
pub mod clusters;
#[cfg(feature = "webhook")]
mod doctor;
mod explain;
mod export;
pub mod fix;
mod function;
mod init;
mod inject;
pub mod lint;
pub mod live;
#[cfg(feature = "webhook")]
mod managed;
pub mod probe;
mod projects;
pub mod rules;
pub mod session;
mod skipped;
mod time;
mod told;
pub mod trace;
#[cfg(feature = "webhook")]
mod webhook;

use std::io::{Read, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Keeps Erlang and Elixir clusters on Kubernetes from silently not forming.
#[derive(Debug, Parser)]
#[command(name = "beamgate", version, max_term_width = 100)]
pub struct Cli {
    /// When to use colours.
    #[arg(long, value_enum, default_value_t = Colour::Auto, global = true, hide_possible_values = true, value_name = "auto|always|never")]
    color: Colour,

    #[command(subcommand)]
    command: Command,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what will not cluster, where, what would be seen at run time, and how to fix it.
    ///
    /// Exits with 0 if nothing is wrong, 1 if there are findings at or above --fail-on, 2 if it could not do its work:
    /// usage, configuration, a cluster that does not answer, or nothing to read.
    Lint(Box<lint::LintArgs>),
    /// Mend what can be mended in the files, and say what is left for somebody to do.
    ///
    /// Only what is at fault changes: comments, quotes and order stay. Fixes that change nothing but the fault are made; others
    /// with --unsafe. What is written is read again and judged again before any file is touched. Exits with 0 if nothing is
    /// left at or above --fail-on, 1 if something is, or with --diff if there is something to write; 2 if it could not do its work.
    Fix(fix::FixArgs),
    /// Declare the strategy of an app as its code says it: the label and the annotations that are missing.
    ///
    /// The configuration of the mix project is read, not run. What cannot be evaluated is listed with its line and is for somebody
    /// to say. Exits with 0 if everything is declared, 1 if something is left, or with --diff if there is something to write; 2
    /// if it could not do its work.
    Init(init::InitArgs),
    /// Say which strategy a workload is to use, what each would take, and what to write for it.
    ///
    /// Each strategy is declared of the workload, what the rules can mend is mended, and `lint` judges what comes of it. Nothing
    /// is written without --write. Exits with 0 if the strategy at hand forms a cluster, as far as the manifests say; 1 if
    /// something stands in its way; 2 if it could not do its work.
    Advise(advise::AdviseArgs),
    /// Follow the connection to a workload, with a command to check each step by hand; or all those between workloads.
    ///
    /// With --with-cluster it also says what the strategy is answered now, asks each node its name, and names the first thing that
    /// keeps the nodes from finding each other: then it exits with 1. Else it exits with 0; with 2 if it could not do its work.
    Trace(Box<trace::TraceArgs>),
    /// Show what the admission webhook does to a pod, or to the pods of a workload.
    ///
    /// Exits with 0 whatever that is, also if it is nothing; 2 if it could not do its work.
    Inject(inject::InjectArgs),
    /// Ask live nodes their names, as their peers would find them out.
    ///
    /// epmd says the port; the node says its name in the handshake, before it asks for a cookie. Exits with 0 if all answer,
    /// and answer what --dial says; 1 if one does not; 2 if it could not do its work.
    Probe(probe::ProbeArgs),
    /// Answer the API server: inject what a pod's name needs, deny a contradiction.
    ///
    /// Runs until SIGTERM or SIGINT, and then ends without a lost request; a second one ends it at once. Exits with 0, with 1
    /// if it was ended at once, with 2 if it could not begin.
    #[cfg(feature = "webhook")]
    Webhook(Box<webhook::WebhookArgs>),
    /// Make certificates for a webhook that runs for development.
    ///
    /// An authority is made, signs one certificate for all the names, and is forgotten.
    #[cfg(feature = "webhook")]
    Certs(certs::CertsArgs),
    /// Say whether the webhook of a cluster works: registered, reached, trusted, and no pod made without it.
    ///
    /// Exits with 0 if it works, 1 if something is wrong, 2 if it could not do its work.
    #[cfg(feature = "webhook")]
    Doctor(doctor::DoctorArgs),
    /// Print the rules, or the injector, as policies that Kubernetes itself evaluates, for clusters without the webhook.
    ///
    /// The policies deny nothing that the webhook admits, and miss whatever takes more than one object: docs/policies.md lists
    /// it.
    Export(export::ExportArgs),
    /// Print the page of a rule, or say what is behind a log.
    Explain(explain::ExplainArgs),
    /// List the rules.
    Rules(rules::RulesArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or that of a command.
    Man {
        /// The command.
        #[arg(value_name = "COMMAND")]
        of: Option<String>,
    },
}

/// The streams of a run.
#[derive(Debug)]
pub struct Streams<I, O, E> {
    /// Standard input.
    pub stdin: I,
    /// Standard output.
    pub stdout: O,
    /// Standard error.
    pub stderr: E,
    /// Whether standard output is a terminal that wants colours.
    pub colours: bool,
}

/// Could not do its work: usage, configuration, or nothing to read.
const TROUBLE: u8 = 2;

impl Cli {
    /// Runs the command and says with which code to exit.
    pub fn run(self, mut streams: Streams<impl Read, impl Write, impl Write>) -> ExitCode {
        let colours = match self.color {
            Colour::Auto => streams.colours,
            Colour::Always => true,
            Colour::Never => false,
        };
        let (stdin, stdout, stderr) = (&mut streams.stdin, &mut streams.stdout, &mut streams.stderr);
        let done = match self.command {
            Command::Lint(args) => lint::run(&args, colours, stdin, stdout, stderr),
            Command::Fix(args) => fix::run(args, stdin, stdout, stderr),
            Command::Init(args) => init::run(args, stdin, stdout, stderr),
            Command::Advise(args) => advise::run(&args, stdin, stdout),
            Command::Trace(args) => trace::run(&args, stdin, stdout),
            Command::Inject(args) => inject::run(&args, stdin, stdout),
            Command::Probe(args) => probe::run(&args, stdout),
            #[cfg(feature = "webhook")]
            Command::Webhook(args) => webhook::run(*args),
            #[cfg(feature = "webhook")]
            Command::Certs(args) => certs::run(&args, stdout),
            #[cfg(feature = "webhook")]
            Command::Doctor(args) => doctor::run(&args, stdout),
            Command::Export(args) => export::run(&args, stdout),
            Command::Explain(args) => explain::run(&args, stdin, stdout),
            Command::Rules(args) => rules::run(&args, stdout),
            Command::Completions { shell } => completions(shell, stdout),
            Command::Man { of } => man(of.as_deref(), stdout),
        };
        done.unwrap_or_else(|error| {
            if is_closed_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            // Nothing can be done about a standard error that is closed.
            let _ = writeln!(streams.stderr, "beamgate: {}", format!("{error:#}").trim_end());
            ExitCode::from(TROUBLE)
        })
    }
}

/// Whoever reads the output has read enough: `beamgate rules | head`.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn completions(shell: clap_complete::Shell, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "beamgate", &mut script);
    out.write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

fn man(of: Option<&str>, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let mut all = Cli::command();
    all.build();
    let page = match of {
        None => all,
        Some(name) => all.find_subcommand(name).cloned().ok_or_else(|| anyhow::anyhow!("`{name}` is no command"))?,
    };
    clap_mangen::Man::new(page).render(out)?;
    Ok(ExitCode::SUCCESS)
}
