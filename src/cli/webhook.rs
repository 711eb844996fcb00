//! `beamgate webhook`: answers the API server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{ArgGroup, ValueEnum};
use tracing::level_filters::LevelFilter;

use super::managed::ManagedArgs;
use super::time::time;
use crate::policy::config::Policy;
use crate::webhook::log::{Format, Log};
use crate::webhook::metrics::Metrics;
use crate::webhook::run::{Certificates, Ending, Plan, run as serve};
use crate::webhook::server::Limits;
use crate::webhook::server::lifecycle::Drain;
use crate::webhook::settings::Settings;
use crate::webhook::tls::{Clients, Oldest, authorities};

/// The arguments of `beamgate webhook`.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("certificate").required(true)))]
pub(super) struct WebhookArgs {
    /// The configuration, `beamgate.toml` [default: none].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where the API server asks, with TLS.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,

    /// Where `/livez`, `/readyz` and `/metrics` are, without TLS.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    health_listen: SocketAddr,

    /// The folder of `tls.crt` and `tls.key`, a mounted Secret as a rule. It is followed: a new certificate is served as soon
    /// as it is there.
    #[arg(long, value_name = "FOLDER", group = "certificate")]
    tls_dir: Option<PathBuf>,

    #[command(flatten)]
    managed: ManagedArgs,

    /// The oldest version of TLS that is spoken.
    #[arg(long, value_enum, default_value = "1.3", value_name = "1.2|1.3", hide_possible_values = true)]
    tls_min: Version,

    /// Answer only clients whose certificate is signed by one of these, as PEM: the API server must be told to have one.
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,

    /// Of those, answer only the ones with this name; may be repeated.
    #[arg(long, value_name = "NAME", requires = "client_ca")]
    client_name: Vec<String>,

    /// How many connections there may be at once.
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().connections)]
    max_connections: usize,

    /// How long all goes on after SIGTERM, but for /readyz, which fails: until the last node has heard of it.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    drain_delay: Duration,

    /// How long the connections may take to end after that.
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = time)]
    drain_timeout: Duration,

    /// What is worth a line in the log: error, warn, info, debug, trace or off. A request that there was nothing to say to is
    /// worth one from `debug` on.
    #[arg(long, value_name = "LEVEL", env = "BEAMGATE_LOG", hide_env_values = true, default_value = "info", value_parser = level)]
    log_level: LevelFilter,

    /// What a line looks like: JSON, or text for people [default: text on a terminal, else JSON].
    #[arg(long, value_enum, value_name = "json|text", hide_possible_values = true)]
    log_format: Option<Shape>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Version {
    #[value(name = "1.2")]
    Tls12,
    #[value(name = "1.3")]
    Tls13,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    Json,
    Text,
}

pub(super) fn run(args: WebhookArgs) -> anyhow::Result<ExitCode> {
    be_small();
    let metrics = Arc::new(Metrics::default());
    let shape = args.log_format.unwrap_or_else(|| {
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        if terminal { Shape::Text } else { Shape::Json }
    });
    let level = args.log_level;
    let plan = args.plan()?;
    let format = match shape {
        Shape::Json => Format::Json,
        Shape::Text => Format::Text,
    };
    let _log = Log::begin(level, format, metrics.lines_lost()).context("there is no log")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let ended = runtime.block_on(serve(plan, metrics));
    runtime.shutdown_background();
    Ok(match ended? {
        Ending::Drained => ExitCode::SUCCESS,
        Ending::AtOnce => ExitCode::FAILURE,
    })
}

/// The allocator asks for huge pages, which make a lint faster. Here each thread touches a few pages, and would hold 2 MiB for
/// each of them: 18 MiB in all, for 2 that are used.
fn be_small() {
    // Where the system does not know of it, there is nothing to be done.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

impl WebhookArgs {
    fn plan(self) -> anyhow::Result<Plan> {
        let policy = self.config.as_deref().map(Policy::read).transpose()?.unwrap_or_default();
        let authorities = self.client_ca.as_deref().map(authorities).transpose()?;
        Ok(Plan {
            listen: self.listen,
            health_listen: self.health_listen,
            certificates: match self.tls_dir {
                Some(folder) => Certificates::Files(folder),
                None => Certificates::SelfManaged(self.managed.terms()?),
            },
            oldest: match self.tls_min {
                Version::Tls12 => Oldest::Tls12,
                Version::Tls13 => Oldest::Tls13,
            },
            clients: authorities.map(|authorities| Clients { authorities, names: self.client_name }),
            limits: Limits { connections: self.max_connections, ..Limits::default() },
            drain: Drain { delay: self.drain_delay, timeout: self.drain_timeout },
            settings: Settings::new(policy)?,
        })
    }
}

fn level(word: &str) -> Result<LevelFilter, String> {
    word.parse().map_err(|_| "it is none of error, warn, info, debug, trace, off".to_owned())
}
