//! What a real cluster says: the proofs of the rules, the matrix of the strategies, and random apps.
//!
//! `tests/cluster/prove` boots the cluster and runs all of it; on a cluster that is up (`tests/cluster/up`),
//! `cargo test --test cluster -- proofs 204` proves one rule. `cargo test` alone leaves this out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails says so")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is read by whoever waits for it")]

mod admission;
mod advise;
mod app;
mod cluster;
mod guide;
mod guides;
mod lint;
mod live;
mod load;
mod matrix;
mod network;
mod observe;
mod parts;
mod pod;
mod policies;
mod proofs;
mod random;
mod replicas;
mod ship;
mod stage;
mod webhook;

use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: cargo test --test cluster -- STEP…
  proofs [RULE…] [--every]    the rules' fixtures; --every: not only those with a proof of their own
  matrix                      every strategy, mode, lookup, kind and Service
  guides                      the manifests of the pages about strategies
  random [FIRST..LAST]        apps from these seeds; without: the seeds that are always run; --record: what is seen of
                              them is what `cargo test` holds lint against
  advise [PART…]              what `beamgate advise` writes and prints for a bare app, each strategy
  live                        what lint and trace say of what runs
  webhook [PART…] [--keep]    what it injects, denies and survives; --keep leaves it on the cluster
  ship [PART…] [--keep]       the chart and the overlays, put there and taken away
  policies [PART…] [--keep]   what the exported policies say and name, without the webhook
  network [PART…]             what NetworkPolicies let through, and which apps form under them
  reach [FIRST..LAST]         what lint says of random apps, without a cluster
  renders                     the chart beside the kustomizations, without a cluster";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--nocapture").collect();
    let Some((step, rest)) = arguments.split_first() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if !["reach", "renders"].contains(&step.as_str()) {
        cluster::enter();
    }
    let start = Instant::now();
    let wrong = match step.as_str() {
        "proofs" => proofs::run(rest),
        "matrix" => matrix::run(),
        "guides" => guides::run(),
        "random" => random::run(rest),
        "advise" => advise::run(rest),
        "live" => live::run(),
        "webhook" => webhook::run(rest),
        "ship" => ship::run(rest),
        "policies" => policies::run(rest),
        "network" => network::run(rest),
        "renders" => ship::renders(),
        "reach" => random::reach(rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    for line in &wrong {
        eprintln!("WRONG  {line}");
    }
    println!("{step}: {} wrong, {} s", wrong.len(), start.elapsed().as_secs());
    ExitCode::from(u8::from(!wrong.is_empty()))
}
