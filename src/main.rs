//! Arguments in, exit code out.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anstream::AutoStream;
use beamgate::cli::{Cli, Streams};
use clap::Parser;
use mimalloc::MiMalloc;

/// Reading YAML makes and drops small strings all the time, on all threads: a third of a lint was glibc's allocator, and
/// musl's is slower.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let colours = AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    let mut stdout = BufWriter::new(io::stdout().lock());
    // Standard error is not locked: the webhook's log is written by another thread.
    let code = cli.run(Streams { stdin: io::stdin().lock(), stdout: &mut stdout, stderr: io::stderr(), colours });
    // A reader that has gone away has seen enough.
    let _ = stdout.flush();
    code
}
