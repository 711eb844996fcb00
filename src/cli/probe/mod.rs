//! `beamgate probe`: asks live nodes their names, as their peers would find them out.

#[cfg(feature = "cluster")]
pub(super) mod pods;
mod target;
pub(super) mod tell;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::ValueEnum;

#[cfg(feature = "cluster")]
use self::pods::ask_workload;
use self::target::{NodeName, Target};
use self::tell::{Host, Trouble};
use super::access::AccessArgs;
use crate::probe::{self, Question};

pub use self::tell::schema;

/// The arguments of `beamgate probe`.
#[derive(Debug, clap::Args)]
pub(super) struct ProbeArgs {
    /// A host, and the port of its epmd [default port: 4369]: `10.42.1.49`, `[fd00::1]:4369`, `cart-0.cart`. Or a workload,
    /// whose pods are asked through the cluster's API: `deployment/cart`, `statefulset/cart`, `daemonset/cart`, `pod/cart-0`.
    #[arg(value_name = "HOST[:PORT]|KIND/NAME[:PORT]")]
    target: Target,

    /// Ask only the node that is registered under this name, the part before the `@` [default: that of --dial, or all].
    #[arg(long, value_name = "BASENAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    name: Option<String>,

    /// The name that peers dial, to be compared with the one that is answered. Of a pod, `{pod-ip}`, `{pod-ip-dashed}`,
    /// `{pod-name}` and `{namespace}` may stand in it.
    #[arg(long, value_name = "NAME@HOST")]
    dial: Option<NodeName>,

    /// What the probe calls itself [default: a name that the node makes up].
    #[arg(long = "as", value_name = "NAME@HOST")]
    peer: Option<NodeName>,

    /// The namespace of the workload [default: that of the kubeconfig's context].
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// The cluster of the workload.
    #[command(flatten)]
    access: AccessArgs,

    /// How long to wait for all answers together.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = super::time::patience)]
    timeout: Duration,

    /// How to write the answers.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// How to write the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For scripts: `beamgate.dev/probe/v1`.
    Json,
}

pub(super) fn run(args: &ProbeArgs, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let hosts = match &args.target {
        Target::Host(host, port) => vec![ask_host(args, host, *port)?],
        Target::Workload(kind, name, port) => ask_workload(args, kind, name, *port)?,
    };
    match args.format {
        Format::Human => tell::human(&hosts, out)?,
        Format::Json => tell::json(&hosts, out)?,
    }
    Ok(if hosts.iter().all(Host::is_fine) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ask_host(args: &ProbeArgs, host: &str, port: u16) -> anyhow::Result<Host> {
    let said = args.namespace.as_ref().map(|_| "--namespace").or(args.access.said());
    if let Some(option) = said {
        bail!("{option} is for workloads, such as `deployment/cart`; `{host}` is a host");
    }
    let nodes = probe::ask_host(host, &question(args, args.dial.as_ref(), port), args.timeout);
    let dials = args.dial.as_ref().map(|name| name.0.clone());
    Ok(Host { host: host.to_owned(), pod: false, dials, nodes: nodes.map_err(Trouble::from) })
}

fn question(args: &ProbeArgs, dialled: Option<&NodeName>, epmd: u16) -> Question {
    let dialled = dialled.map(|name| name.basename().to_owned());
    Question { epmd, basename: args.name.clone().or(dialled), peer: args.peer.as_ref().map(|name| name.0.clone()) }
}

#[cfg(not(feature = "cluster"))]
fn ask_workload(_: &ProbeArgs, kind: &str, name: &str, _: u16) -> anyhow::Result<Vec<Host>> {
    bail!("`{kind}/{name}`: this beamgate is built without the feature `cluster`; give the address of a pod")
}
