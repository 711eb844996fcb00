//! What the webhook makes of a pod: the rows of the table, and everything that may stand in the way.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod injecting;

use std::path::Path;

use beamgate::cli::lint;
use injecting::{
    BY_HOST, BY_IP, IP, Injected, LONG, NAMESPACE, POD_NAME, bound, by_ip, of_a_stateful_set, pod, settings, var,
};
use serde_json::{Value, json};

#[test]
fn every_strategy_gives_the_name_that_it_dials() {
    let kubernetes =
        |mode: &str, lookup: &str| json!({"mode": mode, "lookup": lookup, "selector": "app=cart", "service": "cart"});
    let cart = || json!({"service": "cart"});
    for (strategy, annotations, deployment, stateful_set) in [
        ("Kubernetes", kubernetes("ip", "endpoints"), Some(BY_IP), Some(BY_IP)),
        ("Kubernetes", kubernetes("ip", "pods"), Some(BY_IP), Some(BY_IP)),
        ("Kubernetes", json!({"selector": "app=cart"}), Some(BY_IP), Some(BY_IP)),
        ("Kubernetes", kubernetes("hostname", "endpoints"), None, Some(BY_HOST)),
        ("Kubernetes", kubernetes("hostname", "pods"), None, Some(BY_HOST)),
        ("Kubernetes", kubernetes("dns", "endpoints"), None, None),
        ("Kubernetes", kubernetes("dns", "pods"), None, None),
        ("Cluster.Strategy.Kubernetes.DNS", cart(), Some(BY_IP), Some(BY_IP)),
        ("Kubernetes.DNSSRV", cart(), None, Some(BY_HOST)),
        ("DNSPoll", json!({"service": "cart.shop.svc.cluster.local"}), Some(BY_IP), Some(BY_IP)),
        ("DNSCluster", json!({}), Some(BY_IP), Some(BY_IP)),
        ("Peerage", json!({"service": "cart.shop.svc.cluster.local"}), Some(BY_IP), Some(BY_IP)),
    ] {
        let pod = pod(strategy, annotations.clone(), json!([]));
        for (pod, node) in [(pod.clone(), deployment), (of_a_stateful_set(pod), stateful_set)] {
            let injected = Injected::of(&pod);
            let node = node.map(|node| node.trim_start_matches("RELEASE_NODE=").to_owned());
            assert_eq!(injected.node(), node, "{strategy} {annotations}");
            let warnings = &injected.answer.warnings;
            assert_eq!(warnings.is_empty(), node.is_some(), "{warnings:?}");
            // Nothing serves a name for a pod without a host name; in `dns` mode the image may make it.
            let is_hopeless = warnings.iter().any(|warning| warning.starts_with("BG212"));
            assert_eq!(injected.answer.patch.is_none(), is_hopeless);
            assert_eq!(is_hopeless, node.is_none() && annotations["mode"] != "dns");
        }
    }
}

#[test]
fn inputs_stand_before_what_was_written_and_the_name_behind_it() {
    let injected = Injected::of(&by_ip(json!([var("A", "1")])));
    assert_eq!(injected.main(), [IP, NAMESPACE, "A=1", LONG, BY_IP]);
    let srv = pod("Kubernetes.DNSSRV", json!({"service": "cart"}), json!([var("A", "1")]));
    let injected = Injected::of(&of_a_stateful_set(srv));
    assert_eq!(injected.main(), [IP, NAMESPACE, POD_NAME, "A=1", LONG, BY_HOST]);
}

#[test]
fn the_declaration_says_what_differs_from_the_usual() {
    let host = |annotations: Value, env: Value| {
        Injected::of(&of_a_stateful_set(pod("Kubernetes.DNSSRV", annotations, env))).node()
    };
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(
        host(json!({"service": "cart", "cluster-domain": "example.org"}), json!([])),
        named("cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.example.org")
    );
    assert_eq!(
        host(json!({"service": "cart"}), json!([var("CLUSTER_DOMAIN", "example.org.")])),
        named("cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.example.org")
    );
    assert_eq!(
        host(json!({"service": "cart", "namespace": "other"}), json!([])),
        named("cart@$(MY_POD_NAME).cart.other.svc.cluster.local")
    );
    let apps = json!([var("APP", "web"), var("SERVICE", "cart")]);
    assert_eq!(
        host(json!({"basename": "$(APP)", "service": "$(SERVICE)"}), apps),
        named("web@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local")
    );
    // The address of a pod in its machine's network is the machine's, and so it is dialled.
    let mut pod = by_ip(json!([]));
    pod["spec"]["hostNetwork"] = json!(true);
    assert_eq!(Injected::of(&pod).node(), named("cart@$(MY_POD_IP)"));
}

#[test]
fn what_is_bound_already_is_used_as_it_is() {
    for (env, expected) in [
        (
            json!([bound("POD_IP", "status.podIP"), bound("NS", "metadata.namespace")]),
            vec!["POD_IP<-status.podIP", "NS<-metadata.namespace", LONG, "RELEASE_NODE=cart@$(POD_IP)"],
        ),
        (
            json!([bound("POD_IP", "status.podIP"), var("RELEASE_DISTRIBUTION", "name")]),
            vec![NAMESPACE, "POD_IP<-status.podIP", LONG, "RELEASE_NODE=cart@$(POD_IP)"],
        ),
        // Bound first, and then something else: what counts is the last.
        (
            json!([bound("POD_IP", "status.podIP"), var("POD_IP", "x")]),
            vec![IP, NAMESPACE, "POD_IP<-status.podIP", "POD_IP=x", LONG, BY_IP],
        ),
        // Our own name for something else.
        (
            json!([var("MY_POD_IP", "127.0.0.1")]),
            vec![
                NAMESPACE,
                "BEAMGATE_MY_POD_IP<-status.podIP",
                "MY_POD_IP=127.0.0.1",
                LONG,
                "RELEASE_NODE=cart@$(BEAMGATE_MY_POD_IP)",
            ],
        ),
        // And that of the other, too.
        (
            json!([var("MY_POD_IP", "127.0.0.1"), var("BEAMGATE_MY_POD_IP", "127.0.0.2")]),
            vec![
                NAMESPACE,
                "BEAMGATE_MY_POD_IP_2<-status.podIP",
                "MY_POD_IP=127.0.0.1",
                "BEAMGATE_MY_POD_IP=127.0.0.2",
                LONG,
                "RELEASE_NODE=cart@$(BEAMGATE_MY_POD_IP_2)",
            ],
        ),
    ] {
        assert_eq!(Injected::of(&by_ip(env)).main(), expected);
    }
}

#[test]
fn a_name_of_ones_own_is_never_changed() {
    let ip = || bound("POD_IP", "status.podIP");
    let node = |name: &str| var("RELEASE_NODE", name);
    let long = || var("RELEASE_DISTRIBUTION", "name");
    for (env, expected) in [
        (json!([ip(), node("x@$(POD_IP)")]), vec!["POD_IP<-status.podIP", "RELEASE_NODE=x@$(POD_IP)", LONG]),
        // An input below its user is moved in front of it.
        (
            json!([var("A", "1"), node("x@$(POD_IP)"), var("B", "2"), ip(), long()]),
            vec!["A=1", "POD_IP<-status.podIP", "RELEASE_NODE=x@$(POD_IP)", "B=2", LONG],
        ),
        // Through another variable.
        (
            json!([var("HOST", "$(POD_IP)"), node("x@$(HOST)"), ip()]),
            vec!["POD_IP<-status.podIP", "HOST=$(POD_IP)", "RELEASE_NODE=x@$(HOST)", LONG],
        ),
        // A missing input of a usual name is added, one of an unknown name cannot be.
        (json!([node("x@$(MY_POD_IP)"), long()]), vec![IP, "RELEASE_NODE=x@$(MY_POD_IP)", LONG]),
        (json!([node("x@$(ADDRESS)"), long()]), vec!["RELEASE_NODE=x@$(ADDRESS)", LONG]),
        // With long names a node of this name would not boot.
        (json!([node("x")]), vec!["RELEASE_NODE=x"]),
        (json!([node("")]), vec!["RELEASE_NODE="]),
    ] {
        assert_eq!(Injected::of(&by_ip(env)).main(), expected);
    }
}

#[test]
fn an_input_stays_where_it_is_if_another_variable_would_change() {
    let ip = || bound("POD_IP", "status.podIP");
    let node = |name: &str| var("RELEASE_NODE", name);
    let long = || var("RELEASE_DISTRIBUTION", "name");
    let literal = json!([node("x@$(POD_IP)"), var("FOO", "$(POD_IP)"), ip(), long()]);
    let injected = Injected::of(&by_ip(literal.clone()));
    assert_eq!(injected.main(), ["RELEASE_NODE=x@$(POD_IP)", "FOO=$(POD_IP)", "POD_IP<-status.podIP", LONG]);
    assert!(injected.answer.patch.is_none());
    let warning = "BG105: `POD_IP` stays below `RELEASE_NODE`, which refers to it: moved up, it would change `FOO`";
    assert_eq!(injected.answer.warnings, [warning]);
    // One of which the name is made is to change; an escaped reference does not.
    let both = json!([var("A", "$(POD_IP)"), var("B", "$(POD_IP)"), node("x@$(A).$(B)"), var("C", "$$(POD_IP)"), ip()]);
    let injected = Injected::of(&by_ip(both));
    assert_eq!(injected.main()[..3], ["POD_IP<-status.podIP", "A=$(POD_IP)", "B=$(POD_IP)"]);
    assert!(injected.answer.warnings.is_empty());
}

#[test]
fn a_name_that_cannot_be_read_is_taken_for_a_long_one_and_that_is_said() {
    let node = json!([{"name": "RELEASE_NODE", "valueFrom": {"secretKeyRef": {"name": "cart", "key": "node"}}}]);
    let injected = Injected::of(&by_ip(node));
    assert_eq!(injected.main(), ["RELEASE_NODE<-secretKeyRef", LONG]);
    let warning = "BG307: Secret `cart` is never read: RELEASE_NODE is taken for a long name";
    assert_eq!(injected.answer.warnings, [warning]);
    let known = Injected::of(&by_ip(json!([var("RELEASE_NODE", "x@$(MY_POD_IP)")])));
    assert!(known.answer.warnings.is_empty());
}

#[test]
fn the_image_that_names_the_node_gets_its_inputs_under_their_names() {
    let image = json!({"node-name": "cart@{pod-ip}", "inputs": "POD_IP=podIP, NODE=nodeName"});
    let injected = Injected::of(&pod("Kubernetes.DNS", image, json!([var("A", "1")])));
    assert_eq!(injected.main(), ["POD_IP<-status.podIP", "NODE<-spec.nodeName", "A=1"]);
    // Without node-name they are what RELEASE_NODE is made of.
    let inputs = json!({"service": "cart", "inputs": "POD_IP=podIP"});
    let injected = Injected::of(&pod("Kubernetes.DNS", inputs, json!([])));
    assert_eq!(injected.main(), [NAMESPACE, "POD_IP<-status.podIP", LONG, "RELEASE_NODE=cart@$(POD_IP)"]);
}

#[test]
fn inputs_that_are_none_are_said() {
    for (inputs, warning) in [
        ("POD_IP=podIP A=adress", "BG002: `beamgate.dev/inputs`: `A=adress` binds to no field"),
        (
            "=podIP",
            "BG002: `beamgate.dev/inputs`: `=podIP` names no variable: a letter or `_`, then letters, digits and `_`",
        ),
        (
            "A=podIP A=nodeName",
            "BG002: `beamgate.dev/inputs`: `A=nodeName` binds a variable once more, to another field",
        ),
    ] {
        let image = json!({"node-name": "cart@{pod-ip}", "inputs": inputs});
        let injected = Injected::of(&pod("Kubernetes.DNS", image, json!([])));
        assert!(injected.answer.patch.is_none());
        assert_eq!(injected.answer.warnings, [warning]);
    }
}

#[test]
fn init_containers_of_the_same_image_get_the_inputs_only() {
    let mut pod = by_ip(json!([]));
    pod["spec"]["initContainers"] = json!([
        {"name": "migrate", "image": "cart:1", "env": [var("A", "1")]},
        {"name": "wait", "image": "busybox"},
        {"name": "seed", "image": "cart:1", "env": [bound("POD_IP", "status.podIP")]},
    ]);
    let injected = Injected::of(&pod);
    assert_eq!(injected.env("initContainers", 0), [IP, NAMESPACE, "A=1"]);
    assert!(injected.env("initContainers", 1).is_empty());
    assert_eq!(injected.env("initContainers", 2), [NAMESPACE, "POD_IP<-status.podIP"]);
}

#[test]
fn what_cannot_be_known_leaves_the_inputs_and_a_warning() {
    let with = |key: &str, value: Value| {
        let mut pod = by_ip(json!([]));
        pod["spec"]["containers"][0][key] = value;
        pod
    };
    let without_basename = |mut pod: Value| {
        pod["metadata"]["annotations"].as_object_mut().unwrap().remove("beamgate.dev/basename");
        pod
    };
    for (pod, warning) in [
        (with("envFrom", json!([{"secretRef": {"name": "s"}}])), "BG307: `envFrom` of `s` may set RELEASE_NODE"),
        (with("command", json!(["sh", "-c", ". /x; exec bin/cart start"])), "BG307: the command's script may set"),
        (by_ip(json!([var("RELEASE_DISTRIBUTION", "sname")])), "BG101: RELEASE_DISTRIBUTION is `sname`"),
        (by_ip(json!([var("RELEASE_DISTRIBUTION", "none")])), "BG102: RELEASE_DISTRIBUTION is `none`"),
        (without_basename(by_ip(json!([]))), "BG003: `beamgate.dev/basename` is missing"),
        (pod("DNSPoll", json!({"basename": "a.b"}), json!([])), "BG107: the VM refuses the name"),
        (pod("Kubernetes", json!({"mode": "adress"}), json!([])), "BG002: `beamgate.dev/mode` cannot be `adress`"),
        (pod("Gossip", json!({}), json!([])), "with `Gossip` peers make no name that could be injected"),
        (pod("Rancher", json!({}), json!([])), "`Rancher` is not solved yet"),
    ] {
        let injected = Injected::of(&pod);
        assert_eq!(injected.node(), None, "{warning}");
        assert_eq!(injected.main()[..2], [IP, NAMESPACE], "{warning}");
        assert!(injected.answer.warnings[0].starts_with(warning), "{:?}", injected.answer.warnings);
    }
    // A prefix that RELEASE_NODE does not begin with cannot set it.
    let prefixed = with("envFrom", json!([{"prefix": "DB_", "secretRef": {"name": "s"}}]));
    assert_eq!(Injected::of(&prefixed).main(), [IP, NAMESPACE, LONG, BY_IP]);
}

#[test]
fn what_takes_no_name_gets_none() {
    let with = |key: &str, value: Value| {
        let mut pod = by_ip(json!([]));
        pod["spec"]["containers"][0][key] = value;
        pod
    };
    for (pod, why) in [
        (with("command", json!(["/app/bin/cart", "eval", "Cart.Release.migrate()"])), "starts no node"),
        (with("command", json!(["/app/bin/migrate"])), "starts no node"),
        (with("command", json!(["erl", "-name", "a@$(MY_POD_IP)"])), "the command names the node"),
        (with("command", json!(["bin/cart", "foreground"])), "does not read RELEASE_NODE"),
    ] {
        let injected = Injected::of(&pod);
        assert_eq!(injected.main(), [IP, NAMESPACE], "{why}");
        assert!(injected.answer.warnings.is_empty());
    }
    let flags = Injected::of(&by_ip(json!([var("ERL_AFLAGS", "-name a@$(POD_IP)"), bound("POD_IP", "status.podIP")])));
    assert_eq!(flags.main(), ["POD_IP<-status.podIP", "ERL_AFLAGS=-name a@$(POD_IP)"]);
    let script = |text: &str| with("command", json!(["sh", "-c", text]));
    let exported = Injected::of(&script("export RELEASE_NODE=a@$MY_POD_IP; exec bin/cart start"));
    assert_eq!(exported.main(), [IP, NAMESPACE, LONG]);
    let exported = Injected::of(&script("export ERL_AFLAGS=\"-name a@$MY_POD_IP\"; exec bin/cart start"));
    assert_eq!(exported.main(), [IP, NAMESPACE]);
}

#[test]
fn sidecars_before_or_after_us_make_no_difference() {
    let proxy = json!({"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.27", "env": [var("A", "1")]});
    let mut before = by_ip(json!([]));
    before["spec"]["containers"].as_array_mut().unwrap().insert(0, proxy.clone());
    assert_eq!(Injected::of(&before).env("containers", 1), [IP, NAMESPACE, LONG, BY_IP]);

    let mut after = Injected::of(&by_ip(json!([]))).pod;
    after["spec"]["containers"].as_array_mut().unwrap().insert(0, proxy);
    assert!(Injected::of(&after).answer.patch.is_none());
}

#[test]
fn dashes_are_written_by_an_init_container_where_the_policy_says_so() {
    let dns = json!({"mode": "dns", "selector": "app=cart"});
    let mut pod = pod("Kubernetes", dns, json!([]));
    pod["spec"]["containers"][0]["securityContext"] = json!({"runAsNonRoot": true});
    pod["spec"]["initContainers"] = json!([{"name": "wait", "image": "busybox"}]);
    let injected = Injected::with(&pod, &settings(true));
    assert_eq!(injected.main(), [IP, NAMESPACE, LONG, "RELEASE_NODE<-fileKeyRef"]);
    let spec = &injected.pod["spec"];
    let reference = &spec["containers"][0]["env"][3]["valueFrom"]["fileKeyRef"];
    assert_eq!(*reference, json!({"volumeName": "beamgate-node-name", "path": "node-name", "key": "RELEASE_NODE"}));
    // Any other would keep the cluster autoscaler from the node.
    let volume = json!({"medium": "Memory", "sizeLimit": "1Mi"});
    assert_eq!(spec["volumes"], json!([{"name": "beamgate-node-name", "emptyDir": volume}]));
    let writer = &spec["initContainers"][0];
    assert_eq!((&writer["image"], &writer["securityContext"]), (&json!("cart:1"), &json!({"runAsNonRoot": true})));
    let name = "NODE_NAME=cart@{pod-ip-dashed}.$(MY_POD_NAMESPACE).pod.cluster.local";
    assert_eq!(injected.env("initContainers", 0), [IP, NAMESPACE, name]);
    assert_eq!(spec["initContainers"][1]["name"], "wait");
    assert!(Injected::with(&injected.pod, &settings(true)).answer.patch.is_none());
}

/// CoreDNS calls a pod without a host name by its address: that name can be written, too; what nobody serves cannot.
#[test]
fn a_deployment_of_dnssrv_has_the_name_that_dns_makes_of_the_address() {
    let srv = pod("Kubernetes.DNSSRV", json!({"service": "cart"}), json!([]));
    let injected = Injected::with(&srv, &settings(true));
    assert_eq!(injected.node(), Some("-fileKeyRef".to_owned()));
    let name = "NODE_NAME=cart@{pod-ip-dashed}.cart.$(MY_POD_NAMESPACE).svc.cluster.local";
    assert_eq!(injected.env("initContainers", 0), [IP, NAMESPACE, name]);
    let hostname = json!({"mode": "hostname", "selector": "app=cart", "service": "cart"});
    let injected = Injected::with(&pod("Kubernetes", hostname, json!([])), &settings(true));
    assert!(injected.answer.patch.is_none() && injected.answer.warnings[0].starts_with("BG212"));
}

/// What the init container runs, run: the kubelet reads `NAME='value'`.
#[test]
fn the_script_writes_what_the_kubelet_reads() {
    let folder = std::env::temp_dir().join(format!("beamgate-node-name-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let script = beamgate::fix::WRITER_SCRIPT.replace("/beamgate/", &format!("{}/", folder.display()));
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", &script]).env("MY_POD_IP", "10.42.1.7").env("NODE_NAME", "a@{pod-ip-dashed}.b.pod.c");
    assert!(command.status().unwrap().success());
    let written = std::fs::read_to_string(folder.join("node-name")).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!(written, "RELEASE_NODE='a@10-42-1-7.b.pod.c'\n");
}

/// Whoever wants to do without the webhook has to move what it moves: a second definition would not help.
#[test]
fn lint_says_what_is_moved() {
    let file = Path::new("tests/rules/116-relies-on-injection/bad-order.yaml");
    let report = lint::report(file, &mut std::io::empty()).unwrap();
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    let does = "the node has its name only where the webhook injects RELEASE_DISTRIBUTION and moves POD_IP up";
    assert_eq!(finding.message, does);
    let labels: Vec<&str> = finding.labels.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(labels, ["no RELEASE_DISTRIBUTION here", "stands below its user"]);
    let fix = finding.fix.as_ref().unwrap();
    assert_eq!(beamgate::report::lines(fix).as_deref(), Some("- name: RELEASE_DISTRIBUTION\n  value: name"));
    assert!(fix.title.ends_with("write it into the manifest, and move POD_IP above its user"), "{}", fix.title);
}
