//! `beamgate doctor`

mod diagnose;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use self::diagnose::{Checked, State};
use super::access::AccessArgs;
use crate::cluster::installation::{Registered, ServiceKey};
use crate::cluster::list::Found;
use crate::cluster::{Cluster, ClusterError};
use crate::inject::Plan;
use crate::policy::config::Policy;
use crate::webhook::settings::Settings;
use crate::world::object::Object;

/// The arguments of `beamgate doctor`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct DoctorArgs {
    /// The namespace in which a pod is made in a dry run [default: that of the kubeconfig].
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// Which cluster.
    #[command(flatten)]
    access: AccessArgs,

    /// List the workloads that would lose their names if beamgate were removed, and look at nothing else.
    #[arg(long)]
    uninstall: bool,

    /// The configuration of the webhook, `beamgate.toml` [default: none].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// How long all of it may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    timeout: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().map_err(|_| "a number of seconds is wanted".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

pub(super) fn run(args: &DoctorArgs, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let cluster =
        Cluster::connect(&args.access.in_namespace(args.namespace.as_deref()), Instant::now() + args.timeout)?;
    let policy = args.config.as_deref().map(Policy::read).transpose()?.unwrap_or_default();
    let settings = Settings::new(policy)?;
    if args.uninstall {
        return uninstall(&cluster, &settings, out);
    }
    let checked = examine(&cluster, &settings)?;
    for one in &checked {
        tell(one, out)?;
    }
    let wrong = checked.iter().filter(|one| one.state == State::Wrong).count();
    let warned = checked.iter().filter(|one| one.state == State::Warn).count();
    match (wrong, warned) {
        (0, 0) => writeln!(out, "all is well")?,
        (0, _) => writeln!(out, "it works; {warned} to look at")?,
        _ => writeln!(out, "{wrong} wrong, {warned} to look at")?,
    }
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

fn tell(one: &Checked, out: &mut dyn Write) -> std::io::Result<()> {
    let state = match one.state {
        State::Ok => "ok   ",
        State::Warn => "look ",
        State::Wrong => "WRONG",
    };
    writeln!(out, "{state}  {}", one.what)?;
    match &one.next {
        Some(next) => writeln!(out, "       {next}"),
        None => Ok(()),
    }
}

/// Looks at everything: what may not be read is said, and the rest is looked at all the same.
fn examine(cluster: &Cluster, settings: &Settings) -> anyhow::Result<Vec<Checked>> {
    let now = Timestamp::now();
    let webhooks = cluster.webhooks()?;
    let mut checked = diagnose::registration(&webhooks, now);
    for service in webhooks.iter().filter_map(|webhook| webhook.service.as_ref()).collect::<BTreeSet<_>>() {
        checked.extend(service_of(cluster, service, &webhooks, now));
    }
    if webhooks.iter().any(|webhook| webhook.mutating) {
        checked.push(match cluster.dry_run() {
            Ok(made) => diagnose::dry_run(&made, cluster.namespace()),
            Err(why) => diagnose::unseen("a pod in a dry run", why),
        });
    }
    match missed(cluster, settings) {
        Ok(missed) => checked.extend(diagnose::missed(&missed)),
        Err(why) => checked.push(diagnose::unseen("the pods that declare a strategy", why)),
    }
    Ok(checked)
}

fn service_of(cluster: &Cluster, service: &ServiceKey, webhooks: &[Registered], now: Timestamp) -> Vec<Checked> {
    let backends = match cluster.backends(service) {
        Ok(backends) => backends,
        Err(why) => return vec![diagnose::unseen(&format!("Service {}/{}", service.namespace, service.name), why)],
    };
    let mut checked = vec![diagnose::backends(service, &backends)];
    let trusted = webhooks.iter().filter(|webhook| webhook.service.as_ref() == Some(service));
    let trusted: BTreeSet<&Vec<u8>> = trusted.filter_map(|webhook| webhook.ca_bundle.as_ref()).collect();
    let name = format!("{}.{}.svc", service.name, service.namespace);
    for (pod, bundle) in backends.ready.iter().flat_map(|pod| trusted.iter().map(move |bundle| (pod, bundle))) {
        let Some(port) = backends.port else { continue };
        checked.push(match cluster.certificate(&service.namespace, pod, port, &name, bundle) {
            Ok(shown) => diagnose::certificate(pod, shown.as_deref().map_err(String::as_str), now),
            Err(why) => diagnose::unseen(&format!("the certificate of pod {pod}"), why),
        });
    }
    checked
}

/// The pods that lack what would be injected, were they made now.
fn missed(cluster: &Cluster, settings: &Settings) -> Result<Vec<String>, ClusterError> {
    let pods = cluster.declared_pods()?.into_iter().filter(|pod| !pod.ended);
    Ok(pods.filter_map(|pod| Some(lacking(pod, settings)?.0.full_name())).collect())
}

/// Lists the workloads whose pods would be others without beamgate.
fn uninstall(cluster: &Cluster, settings: &Settings, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let mut all: Vec<(Object, Plan)> =
        cluster.workloads()?.into_iter().filter_map(|workload| lacking(workload, settings)).collect();
    all.sort_by_cached_key(|(object, _)| object.title());
    for (object, plan) in &all {
        writeln!(out, "{}  {}", object.title(), plan.describe())?;
    }
    match all.len() {
        0 => writeln!(out, "no workload depends on beamgate")?,
        count => writeln!(
            out,
            "{count} would lose this when their pods are next made; `beamgate inject` shows what to write into their manifests"
        )?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What would be injected into a pod, or the pods of a workload, if anything would.
fn lacking(found: Found, settings: &Settings) -> Option<(Object, Plan)> {
    let Found { object, controller, .. } = found;
    // A Job that a CronJob makes goes with its maker.
    if controller.is_some() && object.kind != "Pod" {
        return None;
    }
    let plan = Plan::of(&object, object.workload()?, &settings.facts);
    (!plan.is_empty()).then_some((object, plan))
}
