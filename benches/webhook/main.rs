//! How fast the webhook answers, beside a handler that reads nothing but the uid.
//!
//! `cargo bench --bench webhook` prints the tables. Both servers have the same TLS, the same loop for connections, the same
//! allocator and the first core; the clients have the second. All times of a table are of one run in turn, so that whatever
//! else the machine does is in all of them; what counts are the ratios.

#![allow(clippy::expect_used, clippy::print_stdout)] // this is a program to look at

mod cluster;
mod load;
mod null;
mod process;

use std::io;
use std::time::Duration;

use load::Paced;
use process::{Knows, Server, Which};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each thing is measured.
const ROUNDS: usize = 7;
/// How long a round is.
const ROUND: Duration = Duration::from_secs(3);
/// The API server keeps connections; so many of them ask at once.
const CONNECTIONS: usize = 8;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, null @ ("null" | "patch"), folder, port] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return null::serve(folder, port, null == "patch");
    }
    // `cargo test --benches` and `cargo bench -- --list` must not wait for this.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let certificates = process::certificates()?;
    if arguments.iter().any(|argument| argument == "--cluster") {
        return cluster::run(&certificates);
    }
    let (ours, ready) = starts(&certificates)?;
    let null = Server::start(Which::Null, &certificates)?;
    let idle = ours.memory()?;

    let mut rounds = Vec::new();
    for path in ["/mutate", "/validate"] {
        for server in [&ours, &null] {
            load::closed(server, path, CONNECTIONS, ROUND / 3)?;
        }
        for _ in 0..ROUNDS {
            rounds.push((path, measure(&ours, path)?, measure(&null, path)?));
        }
    }
    table(&rounds);

    // What both can keep up with.
    let peak = median(rounds.iter().filter(|(path, ..)| *path == "/mutate").map(|(_, ours, _)| ours.rate));
    let mut paced = Vec::new();
    for _ in 0..ROUNDS {
        let at = |server| load::paced(server, "/mutate", CONNECTIONS, peak / 2.0, ROUND);
        paced.push((at(&ours)?, at(&null)?));
    }
    quiet(peak / 2.0, &paced);
    println!();
    println!(
        "From start to ready: {:.0} ms. Resident: {:.1} MiB idle, {:.1} MiB after all that.",
        ready,
        idle,
        ours.memory()?
    );
    Ok(())
}

/// One server, and how many milliseconds it took to be ready, where that was measured often enough to say so.
fn starts(certificates: &process::Certificates) -> io::Result<(Server, f64)> {
    let mut times = Vec::new();
    loop {
        let server = Server::start(Which::Ours(Knows::Nothing), certificates)?;
        times.push(server.ready.as_secs_f64() * 1e3);
        if times.len() == ROUNDS {
            return Ok((server, median(times.into_iter())));
        }
    }
}

/// What a server does in one round.
struct Measured {
    /// Answers in a second.
    rate: f64,
    /// The processor's time for each, in microseconds.
    cost: f64,
}

fn measure(server: &Server, path: &str) -> io::Result<Measured> {
    let before = server.processor()?;
    let answered = load::closed(server, path, CONNECTIONS, ROUND)? as f64;
    let spent = server.processor()? - before;
    Ok(Measured { rate: answered / ROUND.as_secs_f64(), cost: spent * 1e6 / answered })
}

fn table(rounds: &[(&str, Measured, Measured)]) {
    println!(
        "| {:.1} KB pod, {CONNECTIONS} connections | answers/s | null | × null | µs of a core | null | difference |",
        load::REVIEW.len() as f64 / 1e3
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for path in ["/mutate", "/validate"] {
        let of = |what: &dyn Fn(&Measured, &Measured) -> f64| {
            median(rounds.iter().filter(|(of, ..)| *of == path).map(|(_, ours, null)| what(ours, null)))
        };
        println!(
            "| `{path}` | {:.0} | {:.0} | **{:.2}** | {:.1} | {:.1} | {:.1} |",
            of(&|ours, _| ours.rate),
            of(&|_, null| null.rate),
            of(&|ours, null| ours.rate / null.rate),
            of(&|ours, _| ours.cost),
            of(&|_, null| null.cost),
            of(&|ours, null| ours.cost - null.cost),
        );
    }
    println!();
}

fn quiet(rate: f64, rounds: &[(Paced, Paced)]) {
    println!("| {rate:.0} requests/s | p50, µs | p99, µs |");
    println!("|---|--:|--:|");
    let row = |name: &str, of: &dyn Fn(&(Paced, Paced)) -> Paced| {
        let micros =
            |what: &dyn Fn(Paced) -> Duration| median(rounds.iter().map(|round| what(of(round)).as_secs_f64() * 1e6));
        println!("| {name} | {:.0} | {:.0} |", micros(&|paced| paced.p50), micros(&|paced| paced.p99));
    };
    row("`/mutate`", &|(ours, _)| *ours);
    row("null", &|(_, null)| *null);
    let more = median(rounds.iter().map(|(ours, null)| (ours.p99.as_secs_f64() - null.p99.as_secs_f64()) * 1e6));
    println!("\np99 is {more:.0} µs above that of the null handler (median of the differences of {ROUNDS} turns).");
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
