//! `beamgate lint --with-cluster` and `beamgate trace --with-cluster` against an API that serves a small cluster.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

#[allow(dead_code, reason = "the other half is for hosts")]
#[path = "probe/fake.rs"]
mod fake;
#[allow(dead_code, reason = "nodes that wait are for probes")]
#[path = "probe/api.rs"]
mod server;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::{Answers, Reply, kubeconfig, list, refused};

/// Whether somebody has asked for Secrets.
static SECRETS: AtomicBool = AtomicBool::new(false);

/// The one that peers dial.
const NAMED: &str = "cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local";

/// A StatefulSet whose peers ask for SRV records, and whose nodes are called so.
fn stateful_set(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "cart", "namespace": "shop", "uid": "uid-cart", "managedFields": [{"manager": "kubectl"}]},
        "spec": {"replicas": 2, "serviceName": "cart", "selector": {"matchLabels": {"app": "cart"}}, "template": {
            "metadata": {
                "labels": {"app": "cart", "beamgate.dev/strategy": "Kubernetes.DNSSRV"},
                "annotations": {"beamgate.dev/basename": "cart", "beamgate.dev/service": "cart"},
            },
            "spec": {"containers": [{"name": "cart", "image": "cart:1", "env": [
                {"name": "MY_POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "MY_POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                {"name": "MY_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "RELEASE_DISTRIBUTION", "value": "name"},
                {"name": "RELEASE_NODE", "value": name},
                {"name": "RELEASE_COOKIE", "valueFrom": {"secretKeyRef": {"name": "cookie", "key": "cookie"}}},
            ]}]},
        }},
    })
}

fn service(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"clusterIP": "None", "selector": {"app": "cart"}, "ports": [{"name": "epmd", "port": 4369}]},
    })
}

fn pod(number: usize) -> Value {
    let mut pod = stateful_set(NAMED)["spec"]["template"].clone();
    pod["metadata"]["name"] = json!(format!("cart-{number}"));
    pod["metadata"]["namespace"] = json!("shop");
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "cart", "uid": "uid-cart", "controller": true}]);
    pod["status"] = json!({"phase": "Running", "podIP": format!("10.42.0.{number}")});
    pod
}

fn slice() -> Value {
    let endpoint = |number: usize| {
        json!({
            "addresses": [format!("10.42.0.{number}")], "hostname": format!("cart-{number}"), "conditions": {"ready": true},
            "targetRef": {"kind": "Pod", "name": format!("cart-{number}"), "namespace": "shop"},
        })
    };
    json!({"metadata": {"name": "cart-x"}, "addressType": "IPv4", "endpoints": [endpoint(0), endpoint(1)]})
}

/// The last word of a path, and the question behind it.
fn resource(path: &str) -> (&str, &str) {
    let (path, question) = path.split_once('?').unwrap_or((path, ""));
    (path.rsplit('/').next().unwrap(), question)
}

/// The cluster: its nodes are called by this name, and nothing is hidden.
fn cluster(path: &str, name: &str) -> (u16, Value) {
    if path.contains("secrets") {
        SECRETS.store(true, Ordering::Relaxed);
    }
    match path.split_once("/namespaces/") {
        Some((_, "shop")) => return (200, json!({"metadata": {"name": "shop"}})),
        Some((_, rest)) if !rest.starts_with("shop/") => return refused(404, "there is no such namespace"),
        _ => {}
    }
    match resource(path) {
        ("statefulsets", _) => list(&[stateful_set(name)]),
        ("cart", _) if path.contains("/statefulsets/") => (200, stateful_set(name)),
        ("cart", _) if path.contains("/services/") => (200, service("cart")),
        ("services", _) => list(&[service("cart")]),
        ("endpointslices", _) => list(&[slice()]),
        ("pods", _) => list(&[pod(0), pod(1)]),
        (_, "") => refused(404, "not found"),
        _ => list(&[]),
    }
}

fn split(path: &str) -> (u16, Value) {
    cluster(path, "cart@$(MY_POD_IP)")
}

fn formed(path: &str) -> (u16, Value) {
    cluster(path, NAMED)
}

/// Nodes that are called by their addresses.
fn by_address(pod: &str, port: u16, heard: &[u8]) -> Reply {
    let name = format!("cart@10.42.0.{}", pod.trim_start_matches("cart-"));
    answer(port, heard, &name)
}

/// Nodes that are called by their names.
fn by_name(pod: &str, port: u16, heard: &[u8]) -> Reply {
    answer(port, heard, &format!("cart@{pod}.cart.shop.svc.cluster.local"))
}

fn answer(port: u16, heard: &[u8], name: &str) -> Reply {
    match port {
        4369 => Reply::Says(fake::epmd_says(&[("cart", 40217, 6)], heard)),
        _ => Reply::Says(fake::current(b"named:", name)),
    }
}

fn silent(_: &str, _: u16, _: &[u8]) -> Reply {
    Reply::Refuses
}

fn run(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    // Where no configuration is found, and no manifest.
    command.args(arguments).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command.env("KUBECONFIG", config).env_remove("KUBERNETES_SERVICE_HOST").output().unwrap()
}

/// Runs a command against an API, in a folder of its own.
fn against(name: &str, answers: Answers, arguments: &[&str]) -> Output {
    run(&kubeconfig(&format!("live-{name}"), &server::serve(answers, silent), &json!({})), arguments)
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// Writes a manifest to a file of its own.
fn manifest(name: &str, objects: &[Value]) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("live-{name}.yaml"));
    let documents: Vec<String> = objects.iter().map(Value::to_string).collect();
    fs::write(&file, documents.join("\n---\n")).unwrap();
    file
}

#[test]
fn what_is_on_the_cluster_is_judged_and_pointed_at() {
    let output = against("lint", split, &["lint", "--with-cluster"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for line in [
        "error[BG301 name-mismatch]: peers dial `cart@{pod-name}.cart.shop.svc.cluster.local`; this node is `cart@{pod-ip}`",
        "--> StatefulSet shop/cart, spec.template.spec.containers[name=cart].env[name=RELEASE_NODE].value",
        "note: the cluster of context `it` was read: its namespace shop, 2 objects",
        "checked 1 workload: it breaks; 1 error. 1 other object.",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!SECRETS.load(Ordering::Relaxed), "Secrets are nobody's business");
}

#[test]
fn files_stand_for_their_live_objects_and_the_others_are_around_them() {
    let mut object = stateful_set(NAMED);
    // As `kubectl apply` does, the namespace of the context is taken.
    object["metadata"] = json!({"name": "cart"});
    let mut other = stateful_set("cart@$(MY_POD_IP)");
    other["metadata"]["name"] = json!("other");
    let file = manifest("over", &[object]);
    let file = file.to_str().unwrap();
    let alone = against("alone", split, &["lint", file, "-n", "shop", "--format", "json"]);
    assert_eq!(parsed(&alone)["findings"][0]["code"], "BG201");

    let report = parsed(&against("over", split, &["lint", "--with-cluster", file, "--format", "json"]));
    let workloads = report["workloads"].as_array().unwrap();
    assert_eq!(workloads.len(), 1, "the live one is not judged: {report}");
    assert_eq!((&workloads[0]["ref"], &workloads[0]["verdict"]), (&json!("StatefulSet shop/cart"), &json!("forms")));
    assert_eq!((&report["summary"]["errors"], &report["summary"]["warnings"]), (&json!(0), &json!(0)), "{report}");
    assert_eq!(report["summary"]["other_objects"], 0);
    assert_eq!((&report["cluster"]["context"], &report["cluster"]["objects"]), (&json!("it"), &json!(2)));
    assert_eq!(report["cluster"]["unread"], json!([]));
}

#[test]
fn what_is_missing_in_both_is_missing() {
    fn answers(path: &str) -> (u16, Value) {
        if resource(path).0 == "services" { list(&[]) } else { formed(path) }
    }
    let output = against("missing", answers, &["lint", "--with-cluster", "--format", "json"]);
    let report = parsed(&output);
    let finding = &report["findings"][0];
    assert_eq!((&finding["code"], &finding["severity"]), (&json!("BG201"), &json!("error")), "{report}");
    assert_eq!(finding["message"], "Service `shop/cart` is not on the cluster");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_may_not_be_listed_is_open_and_said_once() {
    fn answers(path: &str) -> (u16, Value) {
        match resource(path).0 {
            "services" | "roles" | "rolebindings" | "clusterroles" => refused(403, "User \"me\" cannot list it"),
            _ => formed(path),
        }
    }
    let output = against("refused", answers, &["lint", "--with-cluster", "--fail-on", "warning"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for line in [
        "note: Service may not be read in namespace `shop`: which Services there are stays open\n      run `kubectl auth can-i list services -n shop`",
        "note: Role, RoleBinding may not be read in namespace `shop`: whether the strategy may list what it asks for stays open",
        "note: ClusterRole may not be read: whether",
        "checked 1 workload: it is open (Services may not be listed); no findings",
    ] {
        assert_eq!(text.matches(line).count(), 1, "{line}\n{text}");
    }
    let report = parsed(&against("refused-json", answers, &["lint", "--with-cluster", "--format", "json"]));
    assert_eq!(report["workloads"][0]["verdict"], "open");
    let unread = report["cluster"]["unread"].as_array().unwrap();
    assert!(
        unread.iter().any(|gap| gap["what"] == json!(["Service"]) && gap["why"] == "User \"me\" cannot list it"),
        "{report}"
    );
}

/// A strategy that lists endpoints, where nobody may see the roles.
#[test]
fn a_right_that_cannot_be_seen_is_not_missing() {
    fn app() -> Value {
        let mut app = stateful_set("cart@$(MY_POD_IP)");
        app["spec"]["template"]["metadata"]["labels"]["beamgate.dev/strategy"] = json!("Kubernetes");
        app["spec"]["template"]["metadata"]["annotations"] = json!({"beamgate.dev/basename": "cart", "beamgate.dev/lookup": "pods", "beamgate.dev/selector": "app=cart"});
        app
    }
    fn seen(path: &str) -> (u16, Value) {
        if resource(path).0 == "statefulsets" { list(&[app()]) } else { formed(path) }
    }
    fn hidden(path: &str) -> (u16, Value) {
        if resource(path).0 == "clusterrolebindings" { refused(403, "no") } else { seen(path) }
    }
    let output = against("granted", seen, &["lint", "--with-cluster", "--format", "json"]);
    let report = parsed(&output);
    assert_eq!(
        (&report["findings"][0]["code"], &report["findings"][0]["severity"]),
        (&json!("BG401"), &json!("error"))
    );
    let output = against("hidden", hidden, &["lint", "--with-cluster", "--format", "json"]);
    let report = parsed(&output);
    assert_eq!((&report["findings"], &report["workloads"][0]["verdict"]), (&json!([]), &json!("open")), "{report}");
    assert_eq!(report["workloads"][0]["missing"], json!(["roles and their bindings may not be listed"]));
}

#[test]
fn large_clusters_come_in_pages() {
    fn answers(path: &str) -> (u16, Value) {
        match resource(path) {
            ("services", question) if !question.contains("continue=more") => {
                (200, json!({"metadata": {"continue": "more"}, "items": [service("other")]}))
            }
            _ => formed(path),
        }
    }
    let output = against("pages", answers, &["lint", "--with-cluster", "--format", "json"]);
    let report = parsed(&output);
    assert_eq!(
        (&report["workloads"][0]["verdict"], &report["cluster"]["objects"]),
        (&json!("forms"), &json!(3)),
        "{report}"
    );
}

#[test]
fn a_namespace_that_is_not_there_is_not_an_empty_one() {
    let output = against("nowhere", formed, &["lint", "--with-cluster", "-n", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    assert_eq!(text, "beamgate: there is no namespace `nowhere` on the cluster; -n names another, -A takes all\n");

    // Files may be the first in theirs.
    let mut object = stateful_set(NAMED);
    object["metadata"] = json!({"name": "cart", "namespace": "nowhere"});
    let file = manifest("nowhere", &[object]);
    let output = against("first", formed, &["lint", "--with-cluster", file.to_str().unwrap()]);
    let text = said(&output);
    assert!(
        text.contains("warning[BG201 service-missing]: Service `nowhere/cart` is not in the input or on the cluster"),
        "{text}"
    );
    assert!(
        text.contains("note: there is no namespace `nowhere` on the cluster: nothing is known to be in it"),
        "{text}"
    );
}

#[test]
fn nothing_that_may_be_judged_is_trouble() {
    fn answers(path: &str) -> (u16, Value) {
        if path.contains('?') { refused(403, "User \"me\" cannot list anything") } else { formed(path) }
    }
    let output = against("nothing", answers, &["lint", "--with-cluster"]);
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    assert_eq!(text, "beamgate: no workload may be listed in namespace `shop`: User \"me\" cannot list anything\n");
}

#[test]
fn all_namespaces_are_asked_for_at_once() {
    fn answers(path: &str) -> (u16, Value) {
        if path.contains("/namespaces/") { refused(403, "not one by one") } else { split(path) }
    }
    let output = against("all", answers, &["lint", "--with-cluster", "-A", "--format", "json"]);
    let report = parsed(&output);
    assert_eq!(report["workloads"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["cluster"]["namespaces"], json!(["shop"]));
    assert_eq!(report["findings"][0]["code"], "BG301");
}

/// Pods that carry what the webhook puts into them show that it is there.
#[test]
fn a_webhook_is_seen_by_what_it_has_injected() {
    fn unnamed() -> Value {
        let mut app = stateful_set(NAMED);
        let env = app["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().unwrap();
        env.retain(|var| !var["name"].as_str().unwrap().starts_with("RELEASE_D") && var["name"] != "RELEASE_NODE");
        app
    }
    fn without(path: &str) -> (u16, Value) {
        if resource(path).0 == "statefulsets" { list(&[unnamed()]) } else { formed(path) }
    }
    fn with(path: &str) -> (u16, Value) {
        let mut injected = pod(0);
        injected["metadata"]["annotations"]["beamgate.dev/injected"] = json!("cart: RELEASE_NODE");
        if resource(path).0 == "pods" { list(&[injected]) } else { without(path) }
    }
    let verdict = |name, answers| {
        let report = parsed(&against(name, answers, &["lint", "--with-cluster", "--format", "json"]));
        (report["workloads"][0]["verdict"].clone(), report["cluster"]["injects"].clone())
    };
    assert_eq!(verdict("without", without), (json!("open"), json!(false)));
    assert_eq!(verdict("with", with), (json!("forms"), json!(true)));
}

#[test]
fn config_maps_are_read_one_by_one() {
    fn answers(path: &str) -> (u16, Value) {
        let mut app = stateful_set(NAMED);
        let env = app["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().unwrap();
        env[4] = json!({"name": "RELEASE_NODE", "valueFrom": {"configMapKeyRef": {"name": "names", "key": "node"}}});
        match resource(path) {
            ("statefulsets", _) => list(&[app]),
            ("names", _) if path.contains("/configmaps/") => (
                200,
                json!({"metadata": {"name": "names", "namespace": "shop"}, "data": {"node": "cart@$(MY_POD_IP)"}}),
            ),
            ("configmaps", _) => refused(403, "not all of them"),
            _ => formed(path),
        }
    }
    let report = parsed(&against("maps", answers, &["lint", "--with-cluster", "--format", "json"]));
    let codes: Vec<&Value> = report["findings"].as_array().unwrap().iter().map(|finding| &finding["code"]).collect();
    assert!(codes.contains(&&json!("BG105")), "{report}");
}

#[test]
fn trouble_is_one_line_that_says_what_to_do() {
    fn expired(_: &str) -> (u16, Value) {
        refused(401, "Unauthorized")
    }
    let server = server::serve(expired, silent);
    let config = kubeconfig("live-trouble", &server, &json!({}));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = kubeconfig("live-gone", &format!("http://{nobody}"), &json!({}));
    let line = |config: &Path, options: &[&str]| {
        let start = Instant::now();
        let output = run(config, &[&["lint", "--with-cluster"], options].concat());
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        said(&output)
    };
    let no_file = Path::new("/nowhere/config");
    assert_eq!(
        line(&config, &[]),
        format!(
            "beamgate: the API server at {server} does not accept the credentials (Unauthorized); log in anew, or choose another --context\n"
        )
    );
    assert_eq!(
        line(&config, &["--context", "prod"]),
        "beamgate: no cluster: there is no context `prod` in the kubeconfig; choose one with --context: it\n"
    );
    let text = line(&gone, &[]);
    assert!(text.starts_with(&format!("beamgate: the API server at http://{nobody} is not reached: ")), "{text}");
    assert!(text.contains("onnection refused") && text.lines().count() == 1, "{text}");
    let text = line(no_file, &[]);
    assert!(text.starts_with("beamgate: no cluster: ") && text.contains("/nowhere/config"), "{text}");
    assert!(text.ends_with("KUBECONFIG names the file, as it does for kubectl\n"), "{text}");
    let text = line(&config, &["--kubeconfig", "/nowhere/config"]);
    assert!(text.contains("/nowhere/config") && text.lines().count() == 1, "{text}");

    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = kubeconfig("live-deaf", &format!("http://{}", deaf.local_addr().unwrap()), &json!({}));
    assert_eq!(
        line(&deaf, &["--timeout", "1s"]),
        "beamgate: the cluster's API does not answer in time; --timeout gives more\n"
    );
}

#[test]
fn options_for_a_cluster_want_one() {
    for options in [&["--context", "it"] as &[_], &["--kubeconfig", "x"], &["-A"], &["--timeout", "1s"]] {
        let output = run(Path::new("/nowhere"), &[&["lint", "."], options].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(said(&output).contains("--with-cluster"), "{}", said(&output));
    }
}

#[test]
fn the_first_mismatch_is_that_of_the_names() {
    let config = kubeconfig("live-split", &server::serve(split, by_address), &json!({}));
    let output = run(&config, &["trace", "--with-cluster", "cart"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let expected = "
      now  the endpoints of Service `cart`: 2 addresses; DNS itself cannot be asked from here
           pod/cart-0  10.42.0.0  peers dial cart@cart-0.cart.shop.svc.cluster.local, it answers cart@10.42.0.0
           pod/cart-1  10.42.0.1  peers dial cart@cart-1.cart.shop.svc.cluster.local, it answers cart@10.42.0.1
 mismatch  pod/cart-0: peers dial another name than it answers (and one more)
           peers dial  cart@cart-0.cart.shop.svc.cluster.local
           it answers  cart@10.42.0.0
                            ^ differs from here
     next  `beamgate explain BG301` says why, and how to mend it
";
    assert!(text.contains(expected), "{text}");
    let output = run(&config, &["trace", "--with-cluster", "--format", "json"]);
    let document = parsed(&output);
    assert_eq!(document["schema"], "beamgate.dev/trace/v1");
    let [workload] = document["workloads"].as_array().unwrap().as_slice() else { panic!("{document}") };
    assert_eq!((&workload["ref"], &workload["verdict"]), (&json!("StatefulSet shop/cart"), &json!("breaks")));
    let mismatch = &workload["now"]["mismatch"];
    assert_eq!(
        (&mismatch["step"], &mismatch["member"], &mismatch["others"]),
        (&json!("named"), &json!("pod/cart-0"), &json!(1))
    );
    assert_eq!(mismatch["dials"], "cart@cart-0.cart.shop.svc.cluster.local");
    assert_eq!(mismatch["answers"], "cart@10.42.0.0");
    let member = &workload["now"]["members"][1];
    assert_eq!((&member["pod"], &member["found"], &member["agrees"]), (&json!("cart-1"), &json!(true), &json!(false)));
}

#[test]
fn nodes_that_are_called_as_they_are_dialled_have_none() {
    let config = kubeconfig("live-formed", &server::serve(formed, by_name), &json!({}));
    let output = run(&config, &["trace", "--with-cluster", "sts/cart"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("StatefulSet shop/cart: forms\n"), "{text}");
    assert!(
        text.contains(" mismatch  none: each node is found, and is called as it is dialled; what is left is "),
        "{text}"
    );
}

#[test]
fn files_are_compared_with_what_runs() {
    let file = manifest("fixed", &[stateful_set(NAMED)]);
    let config = kubeconfig("live-fixed", &server::serve(split, by_address), &json!({}));
    let output = run(&config, &["trace", "--with-cluster", "cart", file.to_str().unwrap()]);
    let text = said(&output);
    assert!(text.starts_with("StatefulSet shop/cart: forms\n"), "{text}");
    assert!(
        text.contains(
            "on the cluster is another version: boots as cart@{pod-ip}, peers dial cart@{pod-name}.cart.shop"
        ),
        "{text}"
    );
    assert!(text.contains(" mismatch  pod/cart-0: peers dial another name than it answers"), "{text}");
    assert!(text.contains(&format!("({}:1:", file.display())), "{text}");

    let mut new = stateful_set(NAMED);
    new["metadata"]["name"] = json!("new");
    let output = run(&config, &["trace", "--with-cluster", "new", manifest("new", &[new]).to_str().unwrap()]);
    assert!(said(&output).contains("now  unknown: StatefulSet shop/new is not on the cluster"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(0));
}

/// Of more pods than are asked, some are.
#[test]
fn of_many_pods_some_are_asked() {
    fn many(path: &str) -> (u16, Value) {
        let pods: Vec<Value> = (0..23).map(pod).collect();
        if resource(path).0 == "pods" { list(&pods) } else { formed(path) }
    }
    let config = kubeconfig("live-many", &server::serve(many, by_name), &json!({}));
    let now = &parsed(&run(&config, &["trace", "--with-cluster", "--format", "json"]))["workloads"][0]["now"];
    let members = now["members"].as_array().unwrap();
    let asked = members.iter().filter(|member| member["answers"] != json!([])).count();
    assert_eq!((members.len(), asked, &now["not_asked"]), (23, 20, &json!(3)));
    // Most of them are not among the endpoints.
    assert_eq!(now["mismatch"]["step"], "found");
}

/// The steps of the way, each of which is the first that fails.
#[test]
fn the_first_mismatch_is_the_earliest_on_the_way() {
    fn no_pods(path: &str) -> (u16, Value) {
        if resource(path).0 == "pods" { list(&[]) } else { formed(path) }
    }
    fn pending(path: &str) -> (u16, Value) {
        let mut waits = pod(1);
        waits["status"] = json!({"phase": "Pending"});
        if resource(path).0 == "pods" { list(&[pod(0), waits]) } else { formed(path) }
    }
    fn unready(path: &str) -> (u16, Value) {
        let mut slice = slice();
        slice["endpoints"][1]["conditions"]["ready"] = json!(false);
        if resource(path).0 == "endpointslices" { list(&[slice]) } else { formed(path) }
    }
    fn unselected(path: &str) -> (u16, Value) {
        if resource(path).0 == "endpointslices" { list(&[]) } else { formed(path) }
    }
    fn virtual_ip(path: &str) -> (u16, Value) {
        let mut service = service("cart");
        service["spec"]["clusterIP"] = json!("10.96.0.7");
        if path.contains("/services/cart") { (200, service) } else { formed(path) }
    }
    let step = |name: &str, answers, forwards| {
        let config = kubeconfig(&format!("live-step-{name}"), &server::serve(answers, forwards), &json!({}));
        let document = parsed(&run(&config, &["trace", "--with-cluster", "cart", "--format", "json"]));
        let mismatch = &document["workloads"][0]["now"]["mismatch"];
        let word = |key: &str| mismatch[key].as_str().unwrap_or_default().to_owned();
        assert!(!word("next").is_empty(), "{document}");
        (word("step"), word("member"), word("message"))
    };
    let expected = |step: &str, member: &str, message: &str| (step.to_owned(), member.to_owned(), message.to_owned());
    assert_eq!(step("pods", no_pods, by_name), expected("pods", "", "it has no pods"));
    assert_eq!(step("runs", pending, by_name), expected("runs", "pod/cart-1", "nothing runs in the pod: Pending"));
    let message = "peers do not find it: it is not ready, and its Service publishes only what is";
    assert_eq!(step("unready", unready, by_name), expected("found", "pod/cart-1", message));
    let message = "peers do not find it: the endpoints of Service `cart`";
    assert_eq!(step("unselected", unselected, by_name), expected("found", "pod/cart-0", message));
    let message = "peers do not find it: Service `cart` is not headless: one virtual address stands for all pods";
    assert_eq!(step("virtual", virtual_ip, by_name), expected("found", "pod/cart-0", message));
    assert_eq!(
        step("answers", formed, silent),
        expected("answers", "pod/cart-0", "epmd at port 4369 refuses the connection")
    );
    // The manifest is right, and the nodes are called otherwise.
    let message = "peers dial another name than it answers";
    assert_eq!(step("older", formed, by_address), expected("named", "pod/cart-0", message));
}

/// Who may not forward ports knows nothing of the names, and that is no fault of the nodes.
#[test]
fn nodes_that_may_not_be_asked_are_not_at_fault() {
    let server = server::serve_with(formed, silent, |_| Some(refused(403, "User \"me\" cannot get pods/portforward")));
    let config = kubeconfig("live-unasked", &server, &json!({}));
    let output = run(&config, &["trace", "--with-cluster", "cart"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for line in [
        "pod/cart-0  10.42.0.0  peers dial cart@cart-0.cart.shop.svc.cluster.local, not asked\n",
        "not asked: epmd at port 4369 cannot be reached through the cluster's API: User \"me\" cannot get pods/portforward\n",
        " mismatch  unknown: no name could be compared\n",
    ] {
        assert_eq!(text.matches(line).count(), 1, "{line}\n{text}");
    }
    let output = run(&config, &["trace", "--with-cluster", "-A", "--format", "json"]);
    assert_eq!(parsed(&output)["workloads"][0]["now"]["unasked"]["reason"], "not-forwarded");
}
