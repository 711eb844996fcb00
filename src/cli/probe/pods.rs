//! The pods of a workload, each of which is asked through the cluster's API.

use std::time::Instant;

use anyhow::ensure;

use super::tell::{Host, Trouble};
use super::{ProbeArgs, question};
use crate::cluster::{Cluster, RunningPod};
use crate::probe;

pub(super) fn ask_workload(args: &ProbeArgs, kind: &str, name: &str, epmd: u16) -> anyhow::Result<Vec<Host>> {
    let cluster = Cluster::connect(args.namespace.as_deref(), args.timeout)?;
    let pods = cluster.pods(kind, name)?;
    ensure!(!pods.is_empty(), "{kind}/{name} in namespace `{}` has no pods", cluster.namespace());
    Ok(pods.iter().map(|pod| ask_pod(args, &cluster, pod, epmd)).collect())
}

fn ask_pod(args: &ProbeArgs, cluster: &Cluster, pod: &RunningPod, epmd: u16) -> Host {
    let dials = args.dial.as_ref().map(|name| filled(&name.0, cluster.namespace(), pod));
    let nodes = match pod.phase.as_str() {
        "Running" => probe::ask(&mut cluster.forward(pod), &question(args, epmd), Instant::now() + args.timeout)
            .map_err(Trouble::from),
        phase => Err(not_running(phase)),
    };
    Host { host: format!("pod/{}", pod.name), pod: true, dials, nodes }
}

fn not_running(phase: &str) -> Trouble {
    Trouble {
        reason: "not-running",
        message: format!("the pod is {phase}"),
        next: "`kubectl describe pod` says what it waits for",
    }
}

/// The name that peers dial, for this pod.
fn filled(dialled: &str, namespace: &str, pod: &RunningPod) -> String {
    let ip = pod.ip.as_deref().unwrap_or_default();
    let dialled = dialled.replace("{pod-name}", &pod.name).replace("{namespace}", namespace);
    dialled.replace("{pod-ip-dashed}", &ip.replace(['.', ':'], "-")).replace("{pod-ip}", ip)
}
