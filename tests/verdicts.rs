//! Whether a manifest forms: whole apps that form, each with one edit, and what becomes of it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails says so")]

use std::path::Path;

use beamgate::report::model::WorkloadVerdict;

/// A StatefulSet that asks the API server for host names.
const HOSTNAME: &str = include_str!("verdicts/hostname.yaml");

/// A Deployment that asks the API server for addresses.
const IP: &str = include_str!("verdicts/ip.yaml");

/// A StatefulSet that asks DNS for SRV records.
const SRV: &str = include_str!("verdicts/srv.yaml");

/// A Deployment that asks DNS for addresses.
const DNS: &str = include_str!("verdicts/dns.yaml");

/// An edit: what stands there, and what is to stand there.
type Edit = (&'static str, &'static str);

/// The verdict of the only workload, and the codes of what was found.
fn judge(manifest: &str, edits: &[Edit]) -> (&'static str, Vec<String>) {
    let mut text = manifest.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "nothing to edit: {from}");
        text = text.replace(from, to);
    }
    let report = beamgate::cli::lint::report(Path::new("-"), &mut text.as_bytes()).unwrap();
    assert_eq!(report.workloads.len(), 1, "{text}");
    let workload = report.workloads.first().unwrap();
    let verdict = match workload.verdict {
        WorkloadVerdict::Forms => "forms",
        WorkloadVerdict::Breaks => "breaks",
        WorkloadVerdict::Open => "open",
        _ => "other",
    };
    (verdict, report.findings.iter().map(|finding| finding.rule.id()).collect())
}

#[track_caller]
fn check(manifest: &str, cases: &[(&[Edit], &str, &[&str])]) {
    for (edits, verdict, codes) in cases {
        let judged = judge(manifest, edits);
        assert_eq!((judged.0, judged.1.as_slice()), (*verdict, codes.map_strings().as_slice()), "{edits:?}");
    }
}

trait Strings {
    fn map_strings(&self) -> Vec<String>;
}

impl Strings for &[&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(|code| (*code).to_owned()).collect()
    }
}

const NODE: &str = "value: cart@$(MY_POD_IP)";
const LONG: &str = "- name: RELEASE_DISTRIBUTION\n              value: name";
const END: &str = "- name: LAST\n              value: x";

#[test]
fn unedited_they_form() {
    for manifest in [HOSTNAME, IP, SRV, DNS] {
        check(manifest, &[(&[], "forms", &[])]);
    }
}

/// The start script does not quote `$RELEASE_NODE`.
#[test]
fn white_space_around_a_name_is_lost_and_within_it_parts_it() {
    check(
        IP,
        &[
            (&[(NODE, "value: \"cart@$(MY_POD_IP) \"")], "forms", &[]),
            (&[(NODE, "value: |\n                cart@$(MY_POD_IP)")], "forms", &[]),
            (&[(NODE, "value: cart @$(MY_POD_IP)")], "breaks", &["BG107"]),
            (&[(NODE, "value: cart@$(MY_POD_IP) x")], "breaks", &["BG108"]),
            (&[("basename: cart", "basename: \" cart \"")], "forms", &[]),
        ],
    );
}

/// `erl_distribution.erl` tries `-sname` first, wherever it stands.
#[test]
fn a_short_name_beats_every_long_one() {
    let flag = |text: &'static str| vec![(END, text)];
    let sname = ("value: name", "value: sname");
    check(
        IP,
        &[
            (&flag("- name: ERL_FLAGS\n              value: -sname cart"), "breaks", &["BG103"]),
            (&flag("- name: ERL_ZFLAGS\n              value: -sname cart"), "breaks", &["BG103"]),
            (&flag("- name: ERL_FLAGS\n              value: -name x@y.z"), "forms", &[]),
            // Elixir's start script puts it before the name that the release's gives.
            (&flag("- name: ELIXIR_ERL_OPTIONS\n              value: -name x@$(MY_POD_IP)"), "breaks", &["BG103"]),
            (
                &[
                    sname,
                    (NODE, "value: cart"),
                    (END, "- name: ERL_AFLAGS\n              value: -name cart@$(MY_POD_IP)"),
                ],
                "breaks",
                &["BG301"],
            ),
            (
                &[
                    ("value: name", "value: none"),
                    (END, "- name: ERL_AFLAGS\n              value: -name cart@$(MY_POD_IP)"),
                ],
                "forms",
                &[],
            ),
            // Without RELEASE_DISTRIBUTION a release gives a short name, if it is a release and the image does not set it.
            (
                &[
                    (LONG, END),
                    (NODE, "value: cart"),
                    (END, "- name: ERL_AFLAGS\n              value: -name cart@$(MY_POD_IP)"),
                ],
                "open",
                &["BG307"],
            ),
            (
                &[(NODE, "value: x@$(MY_POD_IP)"), (END, "- name: ERL_AFLAGS\n              value: -args_file /x")],
                "open",
                &["BG307"],
            ),
            (&flag("- name: ERL_AFLAGS\n              value: -proto_dist inet6_tcp"), "open", &[]),
            (
                &[(
                    "image: cart:1",
                    "image: cart:1\n          command: [elixir, --erl, \"-name cart@$(MY_POD_IP)\", -S, mix, run]",
                )],
                "forms",
                &[],
            ),
        ],
    );
}

#[test]
fn the_domain_is_the_one_that_is_declared_or_told() {
    let hostless = ("value: cart@$(POD_NAME).cart.$(NAMESPACE).svc.cluster.local", "value: cart");
    let declared = |domain: &'static str| ("beamgate.dev/service: cart", domain);
    let told = (END, "- name: CLUSTER_DOMAIN\n              value: prod.internal");
    check(
        HOSTNAME,
        &[(
            &[hostless, declared("beamgate.dev/service: cart\n        beamgate.dev/cluster-domain: prod.local")],
            "forms",
            &[],
        )],
    );
    check(
        SRV,
        &[
            (&[hostless, told], "forms", &[]),
            (&[told], "breaks", &["BG301"]),
            // Without CLUSTER_DOMAIN the app asks in cluster.local, whatever is declared; the image may set it.
            (
                &[hostless, declared("beamgate.dev/service: cart\n        beamgate.dev/cluster-domain: prod.internal")],
                "open",
                &[],
            ),
        ],
    );
}

#[test]
fn what_is_not_understood_is_not_judged_to_form() {
    check(
        IP,
        &[
            (&[("mode: ip", "inputs: A=PodIP")], "open", &["BG002"]),
            (&[("kind: Service\nmetadata:\n  namespace: shop", "kind: Service\nmetadata:")], "open", &[]),
        ],
    );
    check(
        DNS,
        &[
            (&[("clusterIP: None", "clusterIP: None\n  ipFamilies: [IPv6]")], "breaks", &["BG304"]),
            (&[("clusterIP: None", "clusterIP: None\n  ipFamilies: [IPv6, IPv4]")], "open", &[]),
            (
                &[(
                    "containers:",
                    "dnsPolicy: None\n      dnsConfig:\n        nameservers: [10.0.0.1]\n      containers:",
                )],
                "open",
                &[],
            ),
        ],
    );
}

/// The strategy makes the full name itself.
#[test]
fn a_full_name_is_no_name_of_a_service() {
    check(
        SRV,
        &[(
            &[("beamgate.dev/service: cart", "beamgate.dev/service: cart.shop.svc.cluster.local")],
            "breaks",
            &["BG201"],
        )],
    );
}

/// Seen on a cluster: the VM hears the flags of the pod, whatever name the image gives.
#[test]
fn flags_beat_the_name_that_the_image_gives() {
    let image =
        ("beamgate.dev/basename: cart", "beamgate.dev/basename: cart\n        beamgate.dev/node-name: cart@{pod-ip}");
    let unnamed = ("- name: RELEASE_NODE\n              value: cart@$(MY_POD_IP)", END);
    let flags = |flags: &'static str| vec![image, unnamed, (END, flags)];
    check(
        IP,
        &[
            (&[image, unnamed], "forms", &[]),
            (&flags("- name: ERL_AFLAGS\n              value: -sname cart"), "breaks", &["BG301"]),
            (&flags("- name: ERL_ZFLAGS\n              value: -sname cart"), "breaks", &["BG301"]),
            (&flags("- name: ERL_AFLAGS\n              value: -name store@$(MY_POD_IP)"), "breaks", &["BG301"]),
            (&flags("- name: ERL_AFLAGS\n              value: -name cart@$(MY_POD_IP)"), "forms", &[]),
            (&flags("- name: ERL_ZFLAGS\n              value: -name store@$(MY_POD_IP)"), "forms", &[]),
            (&flags("- name: ELIXIR_ERL_OPTIONS\n              value: -name store@$(MY_POD_IP)"), "breaks", &["BG301"]),
        ],
    );
}

/// Seen on a cluster: the resolver's search list begins in the pod's own namespace.
#[test]
fn a_bare_query_finds_the_service_at_home() {
    let elsewhere = ("beamgate.dev/service: cart", "beamgate.dev/service: cart\n        beamgate.dev/namespace: other");
    check(
        DNS,
        &[
            (&[elsewhere], "forms", &[]),
            (&[elsewhere, ("  name: cart\n  labels", "  name: x\n  labels")], "breaks", &["BG201", "BG203"]),
        ],
    );
}

/// Seen on a cluster: the API server takes no Service without ports, unless it is headless.
#[test]
fn a_service_that_is_refused_is_none() {
    let refused = ("  clusterIP: None\n", "");
    let portless = ("  ports:\n    - port: 4369\n", "");
    check(DNS, &[(&[portless], "forms", &[]), (&[refused, portless], "open", &["BG201"])]);
}

const STRATEGY: &str = "beamgate.dev/strategy: Kubernetes.DNS";
const SERVICE: &str = "        beamgate.dev/service: cart\n";

/// The app of DNS as one whose nodes find each other in another way.
fn elsewhere(strategy: &str) -> String {
    DNS.replace(STRATEGY, &format!("beamgate.dev/strategy: {strategy}")).replace(SERVICE, "")
}

/// Peers dial what the node says it is called: what is left is whether its host leads to it.
#[test]
fn an_announced_name_needs_a_host_that_leads_to_the_node() {
    const HOST: &str = "value: cart@$(MY_POD_IP)";
    const FIELD: &str = "fieldPath: status.podIP";
    let name = ("fieldPath: status.podIP", "fieldPath: metadata.name");
    let short = ("value: name", "value: sname");
    let announced = elsewhere("Announced");
    check(
        &announced,
        &[
            (&[], "forms", &[]),
            (&[("basename: cart", "basename: other")], "forms", &[]),
            (&[(HOST, "value: cart-1a2b3c4@$(MY_POD_IP)")], "forms", &[]),
            (&[(HOST, "value: cart@127.0.0.1")], "breaks", &["BG109"]),
            (&[(HOST, "value: cart@localhost")], "breaks", &["BG108"]),
            (&[name, (HOST, "value: $(MY_POD_IP)@127.0.0.1")], "breaks", &["BG108"]),
            // On the network of the machine two of them meet there.
            (
                &[
                    name,
                    (HOST, "value: $(MY_POD_IP)@127.0.0.1"),
                    ("serviceAccountName: cart", "hostNetwork: true\n      dnsPolicy: ClusterFirstWithHostNet"),
                ],
                "open",
                &[],
            ),
            (&[(FIELD, "fieldPath: status.hostIP")], "open", &[]),
            (
                &[
                    (FIELD, "fieldPath: status.hostIP"),
                    ("serviceAccountName: cart", "hostNetwork: true\n      dnsPolicy: ClusterFirstWithHostNet"),
                ],
                "open",
                &["BG118"],
            ),
            // Nobody knows the bare name of a Deployment's pod.
            (&[short, name], "open", &["BG108"]),
            (&[short, (HOST, "value: cart")], "open", &["BG108"]),
            (
                &[short, (HOST, "value: cart"), ("serviceAccountName: cart", "dnsConfig: {searches: [x.y]}")],
                "open",
                &[],
            ),
            (&[short, (HOST, "value: cart"), ("replicas: 3", "replicas: 1")], "forms", &[]),
            (&[name], "breaks", &["BG108"]),
            (&[name, (HOST, "value: cart@$(MY_POD_IP).cart.shop.svc.cluster.local")], "open", &["BG302"]),
            (&[("value: name", "value: none")], "breaks", &["BG102"]),
        ],
    );
    let stateful = SRV.replace("strategy: Kubernetes.DNSSRV", "strategy: Announced").replace(SERVICE, "");
    check(
        &stateful,
        &[
            (&[], "forms", &[]),
            // The Service under which DNS would have the pods is not there.
            (&[("serviceName: cart", "serviceName: other")], "open", &[]),
            (&[("clusterIP: None", "type: ClusterIP")], "open", &[]),
        ],
    );
}

/// Who does not ask the cluster's DNS knows none of its names, unless another server has them.
#[test]
fn an_announced_name_of_the_clusters_dns_is_found_by_those_who_ask_it() {
    let stateful = SRV.replace("strategy: Kubernetes.DNSSRV", "strategy: Announced").replace(SERVICE, "");
    let policy = |text: &'static str| vec![("serviceAccountName: cart", text)];
    let on_host = "hostNetwork: true\n      dnsPolicy: ClusterFirstWithHostNet";
    check(
        &stateful,
        &[
            (&policy("dnsPolicy: ClusterFirst"), "forms", &[]),
            (&policy("dnsPolicy: Default"), "open", &[]),
            (&policy("dnsPolicy: None\n      dnsConfig: {nameservers: [10.0.0.1]}"), "open", &[]),
        ],
    );
    let dashed = elsewhere("Announced")
        .replace("kind: Deployment", "kind: DaemonSet")
        .replace("  replicas: 3\n", "")
        .replace("basename: cart", "node-name: cart@{pod-ip-dashed}.{namespace}.pod.cluster.local")
        .replace("- name: RELEASE_NODE\n              value: cart@$(MY_POD_IP)", END);
    check(
        &dashed,
        &[
            (&[], "forms", &[]),
            (&policy("hostNetwork: true"), "open", &[]),
            (&policy(on_host), "forms", &[]),
            (&policy("dnsPolicy: Default"), "open", &[]),
        ],
    );
    // An address needs no DNS.
    check(&elsewhere("Announced"), &[(&policy("dnsPolicy: Default"), "forms", &[])]);
}

/// One pod has no peers of its own kind, but may hear those of another workload.
#[test]
fn another_workload_that_announces_its_names_is_a_peer() {
    let both = |strategy: &str, host: &str| {
        let one = elsewhere(strategy).replace("replicas: 3", "replicas: 1").replace("$(MY_POD_IP)", host);
        let (_, workload) = one.split_once("---\n").unwrap();
        let report = beamgate::cli::lint::report(
            Path::new("-"),
            &mut format!("{one}---\n{}", workload.replace("name: cart\nspec", "name: worker\nspec")).as_bytes(),
        );
        let report = report.unwrap();
        assert!(report.findings.is_empty(), "{strategy} {host}");
        report.workloads.iter().map(|workload| workload.verdict.clone()).collect::<Vec<_>>()
    };
    assert_eq!(both("Announced", "$(MY_POD_IP)"), [WorkloadVerdict::Forms, WorkloadVerdict::Forms]);
    assert_eq!(both("Announced", "127.0.0.1"), [WorkloadVerdict::Open, WorkloadVerdict::Open]);
    assert_eq!(both("Gossip", "$(MY_POD_IP)"), [WorkloadVerdict::Open, WorkloadVerdict::Open]);
}

/// Peers make no names, and nobody reads what is declared.
#[test]
fn a_basename_that_nobody_dials_breaks_nothing() {
    let bad = ("basename: cart", "basename: bad.name");
    check(DNS, &[(&[bad], "breaks", &["BG107"])]);
    check(&elsewhere("Announced"), &[(&[bad], "forms", &[])]);
    check(&elsewhere("Gossip"), &[(&[bad], "open", &["BG218"])]);
    check(&elsewhere("Epmd"), &[(&[bad], "open", &["BG307"])]);
}

/// The label says the way that has to form. What is found of the others is a warning, unless it crashes.
#[test]
fn a_further_topology_decides_nothing_but_by_a_crash() {
    const SERVICE: &str = "beamgate.dev/service: cart";
    const BROKEN: (&str, &str) = ("value: cart@$(MY_POD_IP)", "value: store@$(MY_POD_IP)");
    let with = |line: &str| -> Edit {
        (SERVICE, Box::leak(format!("{SERVICE}\n        beamgate.dev/topologies: {line}").into_boxed_str()))
    };
    let own = with("Kubernetes.DNS service=cart basename=cart");
    let misnamed = with("Kubernetes.DNS service=cart basename=store");
    check(
        DNS,
        &[
            (&[own], "forms", &[]),
            (&[misnamed], "forms", &["BG301"]),
            (&[with("Kubernetes.DNS service=cart")], "forms", &["BG003"]),
            (&[with("Kubernetes.DNS service=shop basename=shop")], "forms", &["BG201"]),
            (&[with("Kubernetes.Dns service=cart")], "forms", &["BG002"]),
            (&[with("Kubernetes selector=app=shop basename=shop")], "forms", &["BG208", "BG401"]),
            (&[with("service=cart")], "open", &["BG002"]),
            (&[with("${TOPOLOGIES}")], "forms", &[]),
            (&[with("Rancher")], "forms", &[]),
            // Whatever a further one does, the first one has to form.
            (&[BROKEN], "breaks", &["BG301"]),
            (&[BROKEN, own], "breaks", &["BG301"]),
            (&[BROKEN, misnamed], "breaks", &["BG301"]),
            (&[BROKEN, with("Rancher")], "breaks", &["BG301"]),
            (&[BROKEN, with("service=cart")], "breaks", &["BG002", "BG301"]),
            (&[("strategy: Kubernetes.DNS", "strategy: LocalEpmd"), own], "breaks", &["BG004", "BG221"]),
        ],
    );
}

/// The containers of a pod share a host, and one epmd.
#[test]
fn local_epmd_finds_the_nodes_of_other_containers() {
    let chosen = ("basename: cart", "container: cart");
    let beside = |text: &'static str| vec![chosen, ("      containers:\n", text)];
    check(
        &elsewhere("LocalEpmd"),
        &[
            (&beside("      containers:\n        - {name: worker, image: worker:1}\n"), "open", &["BG221"]),
            (
                &beside(
                    "      initContainers:\n        - {name: w, image: w:1, restartPolicy: Always}\n      containers:\n",
                ),
                "open",
                &["BG221"],
            ),
            (
                &beside("      initContainers:\n        - {name: w, image: w:1}\n      containers:\n"),
                "breaks",
                &["BG221"],
            ),
            (&beside("      containers:\n        - {name: istio-proxy, image: proxyv2:1}\n"), "breaks", &["BG221"]),
            (&[("value: name", "value: none")], "breaks", &["BG102"]),
        ],
    );
}

#[test]
fn who_is_dialled_elsewhere_is_left_open() {
    check(&elsewhere("Gossip"), &[(&[], "open", &["BG218"]), (&[("replicas: 3", "replicas: 1")], "forms", &[])]);
    check(&elsewhere("LocalEpmd"), &[(&[], "breaks", &["BG221"]), (&[("replicas: 3", "replicas: 1")], "forms", &[])]);
    for strategy in ["Epmd", "ErlangHosts"] {
        check(
            &elsewhere(strategy),
            &[
                (&[], "open", &["BG307"]),
                (&[(NODE, "value: cart@cart.shop.svc.cluster.local")], "breaks", &["BG109", "BG302", "BG307"]),
            ],
        );
    }
    check(&elsewhere("Rancher"), &[(&[], "open", &[])]);
}
