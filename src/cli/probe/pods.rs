//! The pods of a workload, each of which is asked through the cluster's API.

use std::time::Instant;

use anyhow::ensure;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::target::NodeName;
use super::tell::{Host, Trouble};
use super::{ProbeArgs, question};
use crate::cluster::{Cluster, RunningPod};
use crate::probe::{self, Node, Question};

pub(super) fn ask_workload(args: &ProbeArgs, kind: &str, name: &str, epmd: u16) -> anyhow::Result<Vec<Host>> {
    let until = Instant::now() + args.timeout;
    let cluster = Cluster::connect(&args.access.in_namespace(args.namespace.as_deref()), until)?;
    let pods = cluster.pods(kind, name)?;
    ensure!(!pods.is_empty(), "{kind}/{name} in namespace `{}` has no pods", cluster.namespace());
    // They share one deadline, so that none may wait for another.
    let at_once = ThreadPoolBuilder::new().num_threads(pods.len()).build()?;
    let asked = |pod| ask_pod(args, &cluster, pod, epmd, until);
    Ok(at_once.install(|| pods.par_iter().with_max_len(1).map(asked).collect()))
}

fn ask_pod(args: &ProbeArgs, cluster: &Cluster, pod: &RunningPod, epmd: u16, until: Instant) -> Host {
    let dials = args.dial.as_ref().map(|name| NodeName(filled(&name.0, cluster.namespace(), pod)));
    let nodes = ask(cluster, pod, &question(args, dials.as_ref(), epmd), until);
    Host { host: format!("pod/{}", pod.name), pod: true, dials: dials.map(|name| name.0), nodes }
}

/// Asks the nodes in a pod, if anything runs in it.
pub(in crate::cli) fn ask(
    cluster: &Cluster,
    pod: &RunningPod,
    question: &Question,
    until: Instant,
) -> Result<Vec<Node>, Trouble> {
    match &pod.idle {
        None => probe::ask(&mut cluster.forward(pod), question, until).map_err(Trouble::from),
        Some(why) => Err(Trouble {
            reason: "not-running",
            message: format!("nothing runs in the pod: {why}"),
            next: "`kubectl describe pod` says what it waits for, and `kubectl logs --previous` what it has said last",
        }),
    }
}

/// The name that peers dial, for this pod.
fn filled(dialled: &str, namespace: &str, pod: &RunningPod) -> String {
    let ip = pod.ip.as_deref().unwrap_or_default();
    let dialled = dialled.replace("{pod-name}", &pod.name).replace("{namespace}", namespace);
    dialled.replace("{pod-ip-dashed}", &ip.replace(['.', ':'], "-")).replace("{pod-ip}", ip)
}
