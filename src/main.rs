//! Arguments in, exit code out.

use std::env;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anstream::AutoStream;
use beamgate::cli::{Cli, Streams};
use clap::{CommandFactory, FromArgMatches};
use mimalloc::MiMalloc;

/// Reading YAML makes and drops small strings all the time, on all threads: a third of a lint was glibc's allocator, and
/// musl's is slower.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The name under which kubectl finds it as `kubectl beamgate`.
const PLUGIN: &str = "kubectl-beamgate";

/// The command line. As a plugin it calls itself what people type.
fn command_line() -> Cli {
    let program = env::args_os().next().unwrap_or_default();
    let is_plugin = Path::new(&program).file_stem().is_some_and(|name| name == PLUGIN);
    let command = if is_plugin { Cli::command().bin_name("kubectl beamgate") } else { Cli::command() };
    Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

fn main() -> ExitCode {
    let cli = command_line();
    let colours = AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    let mut stdout = BufWriter::new(io::stdout().lock());
    // Standard error is not locked: the webhook's log is written by another thread.
    let code = cli.run(Streams { stdin: io::stdin().lock(), stdout: &mut stdout, stderr: io::stderr(), colours });
    // A reader that has gone away has seen enough.
    let _ = stdout.flush();
    code
}
