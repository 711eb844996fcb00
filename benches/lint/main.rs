//! How long a lint takes, beside what it cannot take less than: reading the YAML.
//!
//! `cargo bench` prints the tables of the README. All times of a table are of one run in turn, so that whatever else the
//! machine does is in all of them; what counts are the ratios.

#![allow(clippy::expect_used, clippy::print_stdout)] // this is a program to look at

mod apps;
mod floor;
mod process;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use floor::Libyaml;

/// How often each thing is measured.
const ROUNDS: usize = 31;
/// The same for the long series.
const SERIES_ROUNDS: usize = 7;

fn main() -> io::Result<()> {
    // `cargo test --benches` and `cargo bench -- --list` must not wait for this.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    series(&scratch)?;
    println!();
    floors(&scratch)
}

/// Lint against the floors.
fn floors(scratch: &Path) -> io::Result<()> {
    let folder = apps::write(scratch, 1000)?;
    let texts = apps::texts(1000);
    process::pin(1)?;
    let mut c = Libyaml::start(scratch, &folder)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(Round {
            saphyr: floor::saphyr(&texts),
            safer: floor::libyaml_safer(&texts),
            libyaml: c.as_mut().map(Libyaml::pass).transpose()?,
            one: process::lint(&folder, 1)?.time,
            two: process::lint(&folder, 2)?.time,
        });
    }
    if let Some(c) = c {
        c.stop()?;
    }

    let megabytes = texts.iter().map(String::len).sum::<usize>() as f64 / 1e6;
    println!("| 1,000 apps, {megabytes:.1} MB | ms | × libyaml | × saphyr-parser |");
    println!("|---|--:|--:|--:|");
    let row = |name: &str, of: &dyn Fn(&Round) -> Option<Duration>| {
        let against = |base: &dyn Fn(&Round) -> Option<Duration>| {
            let ratio = |round: &Round| Some(of(round)?.as_secs_f64() / base(round)?.as_secs_f64());
            median(rounds.iter().filter_map(ratio)).map_or("".to_owned(), |ratio| format!("{ratio:.2}"))
        };
        let Some(time) = median(rounds.iter().filter_map(of).map(|time| time.as_secs_f64() * 1e3)) else { return };
        println!(
            "| {name} | {time:.1} | {} | {} |",
            against(&|round| round.libyaml),
            against(&|round| Some(round.saphyr))
        );
    };
    row("libyaml (C), events only, one core", &|round| round.libyaml);
    row("libyaml-safer, events only, one core", &|round| Some(round.safer));
    row("saphyr-parser, events only, one core", &|round| Some(round.saphyr));
    row("**beamgate lint**, the whole process, one core", &|round| Some(round.one));
    row("**beamgate lint**, the whole process, two cores", &|round| Some(round.two));
    let faster = median(rounds.iter().map(|round| round.one.as_secs_f64() / round.two.as_secs_f64()));
    println!("\nTwo cores are {:.2}× as fast as one.", faster.unwrap_or_default());
    Ok(())
}

/// One turn.
struct Round {
    saphyr: Duration,
    safer: Duration,
    libyaml: Option<Duration>,
    one: Duration,
    two: Duration,
}

/// Larger and larger inputs: the time for each app must stay.
///
/// This comes first, while this process is small: the peak of a child counts what it shares with its parent before it
/// becomes another program.
fn series(scratch: &Path) -> io::Result<()> {
    let counts = [1000, 5000, 20_000];
    let folders = counts.iter().map(|count| apps::write(scratch, *count)).collect::<io::Result<Vec<_>>>()?;
    let mut runs = vec![Vec::new(); counts.len()];
    for _ in 0..SERIES_ROUNDS {
        for (folder, runs) in folders.iter().zip(&mut runs) {
            runs.push(process::lint(folder, 2)?);
        }
    }
    println!("| apps | ms, two cores | µs for each app | peak memory, MB |");
    println!("|--:|--:|--:|--:|");
    for (count, runs) in counts.iter().zip(runs) {
        let time = median(runs.iter().map(|run| run.time.as_secs_f64())).unwrap_or_default();
        let memory = runs.iter().map(|run| run.memory).max().unwrap_or_default() as f64 / 1e6;
        println!("| {count} | {:.0} | {:.0} | {memory:.0} |", time * 1e3, time * 1e6 / *count as f64);
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
