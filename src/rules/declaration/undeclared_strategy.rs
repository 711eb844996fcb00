//! # undeclared-strategy (BG001)
//!
//! How a node finds its peers is compiled into the app: no manifest says it. A workload that is evidently a BEAM node but
//! declares no strategy is checked for its name alone. Whether its peers will find it, nobody can tell.
//!
//! ## At run time
//!
//! Nothing comes of this by itself: the app clusters, or it does not.
//!
//! ## Example
//!
//! ```yaml
//! kind: Deployment
//! spec:
//!   template:
//!     metadata:
//!       labels:
//!         app: cart
//!     spec:
//!       containers:
//!         - name: cart
//!           env:
//!             - name: RELEASE_NODE
//!               value: cart@$(MY_POD_IP)
//! ```
//!
//! ## Fix
//!
//! Declare what stands in the app's configuration, on the pod template: libcluster's name of the strategy, and its options.
//!
//! ```yaml
//!       labels:
//!         app: cart
//!         beamgate.dev/strategy: Kubernetes.DNS
//!       annotations:
//!         beamgate.dev/basename: cart
//!         beamgate.dev/service: cart
//! ```
//!
//! The lines that the finding shows are read off the manifests (the variables, the name's form, the Services, the roles).
//! They are a guess: compare them with the configuration. Servers with a clustering of their own (RabbitMQ, EMQX, CouchDB,
//! VerneMQ, ejabberd, MongooseIM), which are known by their images, variables, programs and ports, and commands that start no
//! node are left alone; for a single replica this is only good to know.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `config :libcluster, topologies: [...]`: there is nothing of it in a pod's specification.
//!
//! Not proven here: It is a hint: nothing fails because of it.

use super::misplaced_declaration::strategy_elsewhere;
use crate::discovery::Resource;
use crate::name::boot::{Boot, Undistributed};
use crate::name::template::{Sym, Template};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;
use crate::trace::coded::pasted;
use crate::world::access::{Access, Question};

pub(super) static RULE: Rule = Rule {
    code: 1,
    slug: "undeclared-strategy",
    severity: Severity::Warning,
    effect: Effect::Hygiene,
    mends: Mends::Person("which strategy the app configures"),
    summary: "it looks like a BEAM node but declares no strategy",
    source: include_str!("undeclared_strategy.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it is about workloads without the label, which the policies are not asked about"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(evidence), Some(container)) = (&trace.evidence, trace.container) else { return };
    let alone = trace.boot() == Some(&Boot::Undistributed(Undistributed::None));
    if trace.is_opted_in() || alone || !trace.starts_a_node() || strategy_elsewhere(trace) {
        return;
    }
    let message = format!("{} looks like a BEAM node ({}) but declares no strategy", trace.object.title(), evidence.0);
    let finding = found.suspect(&RULE, message);
    finding
        .label(trace.at_labels(), "no `beamgate.dev/strategy` here")
        .label(trace.at_container(container), evidence.0.clone())
        .note("whether its peers will find it was not checked");
    match trace.coded_ways().as_slice() {
        [way] => {
            finding.label(way.strategy.at.clone(), "what the app does");
            finding.fix(Safety::Unsafe, "declare what the app's code says").snippet(pasted(&trace.lines_of(way)));
        }
        _ => {
            finding
                .fix(Safety::Unsafe, "declare the strategy that the app was compiled with")
                .snippet(declaration(trace));
        }
    }
    if trace.replicas() == Some(1) {
        finding.at_most(Severity::Info);
    }
}

/// What can be read of the strategy, as lines to paste.
fn declaration(trace: &Trace<'_>) -> String {
    let host = trace.naming.as_ref().and_then(|naming| naming.written()).and_then(|(name, _)| name.split_once('@'));
    let host = host.map(|(_, host)| host);
    let (strategy, mut options) = if trace.env.get("DNS_CLUSTER_QUERY").is_some() {
        ("DNSCluster", Vec::new())
    } else if let Some(resource) = listed(trace) {
        ("Kubernetes", kubernetes(trace, resource, mode(host.as_ref())))
    } else {
        match mode(host.as_ref()) {
            "ip" => ("Kubernetes.DNS", vec![format!("service: {}", service(trace))]),
            "hostname" => ("Kubernetes.DNSSRV", vec![format!("service: {}", service(trace))]),
            mode => ("Kubernetes", kubernetes(trace, Resource::Endpoints, mode)),
        }
    };
    if strategy != "DNSCluster" {
        options.insert(0, format!("basename: {}", basename(trace)));
    }
    if matches!(trace.boot(), Some(Boot::Opaque(_))) {
        options.push(format!("node-name: {}@{{pod-ip}}  # what the image calls the node", basename(trace)));
    }
    let mut lines =
        format!("labels:\n  beamgate.dev/strategy: {strategy}  # a guess: say what the app's configuration says");
    if !options.is_empty() {
        lines += "\nannotations:";
    }
    options.iter().for_each(|option| lines += &format!("\n  beamgate.dev/{option}"));
    lines
}

fn kubernetes(trace: &Trace<'_>, resource: Resource, mode: &str) -> Vec<String> {
    let mut options = vec![format!("mode: {mode}"), format!("lookup: {}", resource.name())];
    options.push("selector: <kubernetes_selector>".to_owned());
    if mode == "hostname" {
        options.push(format!("service: {}", service(trace)));
    }
    options
}

/// The mode of `Kubernetes` that dials such a host.
fn mode(host: Option<&Template>) -> &'static str {
    let holds = |zone| host.is_some_and(|host| host.to_string().contains(zone));
    let dashed = host.is_some_and(|host| host.syms().any(|sym| sym == Sym::PodIpDashed));
    match (dashed || holds(".pod."), holds(".svc")) {
        (true, false) => "dns",
        (false, true) => "hostname",
        _ => "ip",
    }
}

/// What the pods' account may list: nobody grants that for nothing.
fn listed(trace: &Trace<'_>) -> Option<Resource> {
    let may = |resource: &Resource| {
        let namespace = trace.object.namespace.as_deref();
        let account = trace.pod.service_account.as_deref().unwrap_or("default");
        let folder = &trace.object.folder;
        let question = Question { account_namespace: namespace, account, resource: resource.name(), namespace, folder };
        matches!(trace.world.may_list(&question), Access::Granted)
    };
    [Resource::Endpoints, Resource::Pods].into_iter().find(may)
}

fn basename(trace: &Trace<'_>) -> String {
    trace.own_base().and_then(|base| base.literal()).unwrap_or_else(|| "<basename>".to_owned())
}

fn service(trace: &Trace<'_>) -> String {
    let services = trace.headless_services();
    match services.split_first() {
        Some((first, rest)) if rest.iter().all(|other| other.name == first.name) => first.name.clone(),
        _ => "<headless Service>".to_owned(),
    }
}
