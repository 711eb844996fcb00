//! What peers find: cases at the edges of the discovery and access rules, as the pieces of YAML in which they differ.
#![allow(clippy::unwrap_used)] // in helpers of tests, which the lint does not know as tests

use beamgate::manifest::yaml;
use beamgate::rules::judge;
use beamgate::world::World;
use beamgate::world::facts::{Facts, Kinds};
use beamgate::world::object::Object;

/// The discovery and access findings about `cart`: `BG201 warning`.
fn lint(objects: &[String]) -> Vec<String> {
    lint_complete(objects, Kinds::default())
}

fn lint_complete(objects: &[String], complete: Kinds) -> Vec<String> {
    let text = objects.join("\n---\n");
    let documents = yaml::split::documents(&text);
    let parsed = documents.into_iter().filter_map(|document| yaml::parse(&text, document).unwrap());
    let objects = parsed.map(|parsed| Object::read(&parsed.root, "", &[]).unwrap()).collect();
    let world = World::new(objects, Facts { complete, ..Facts::default() });
    let about_cart = judge(&world).into_iter().filter(|judged| world.object(judged.object).unwrap().name == "cart");
    let findings = about_cart.flat_map(|judged| judged.findings);
    let wanted = findings.filter(|finding| matches!(finding.rule.code, 200..300 | 400..500));
    wanted.map(|finding| format!("{} {}", finding.rule.id(), finding.severity)).collect()
}

/// A node called by its address.
fn node(name: &str, basename: &str, strategy: &str, annotations: &str, spec: &str) -> String {
    workload("Deployment", "", name, strategy, &format!("beamgate.dev/basename: {basename}, {annotations}"), spec)
        .replace("{{NODE}}", &format!("{basename}@$(IP)"))
}

/// A StatefulSet's node, called by its host name.
fn stateful(head: &str, strategy: &str, annotations: &str) -> String {
    workload("StatefulSet", head, "cart", strategy, &format!("beamgate.dev/basename: cart, {annotations}"), "")
        .replace("{{NODE}}", "cart@$(POD).cart.shop.svc.cluster.local")
}

fn workload(kind: &str, head: &str, name: &str, strategy: &str, annotations: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: 3
  {head}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata:
      labels: {{app: {name}, beamgate.dev/strategy: {strategy}}}
      annotations: {{{annotations}}}
    spec:
      {spec}
      containers:
        - name: {name}
          image: {name}:1
          env:
            - {{name: IP, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}
            - {{name: POD, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}
            - {{name: RELEASE_DISTRIBUTION, value: name}}
            - {{name: RELEASE_NODE, value: '{{{{NODE}}}}'}}
            - {{name: EXTRA, value: ''}}
"
    )
}

fn cart(strategy: &str, annotations: &str) -> String {
    node("cart", "cart", strategy, annotations, "")
}

fn service(metadata: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n")
}

fn headless(name: &str, selector: &str) -> String {
    let ports = "ports: [{name: epmd, port: 4369}]";
    service(
        &format!("name: {name}, namespace: shop, labels: {{app: {name}}}"),
        &format!("clusterIP: None, selector: {{{selector}}}, {ports}"),
    )
}

/// Rights for whatever an account named so lists.
fn rights(account: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: peers, namespace: shop}}
roleRef: {{kind: ClusterRole, name: view}}
subjects: [{{kind: ServiceAccount, name: {account}}}]
"
    )
}

const DNS: &str = "Kubernetes.DNS";
const BY_NAME: &str = "beamgate.dev/service: cart";
const NOTHING: [&str; 0] = [];

#[test]
fn queries_are_completed_as_the_strategy_does() {
    let service = || headless("cart", "app: cart");
    for (strategy, name, found) in [
        (DNS, "cart", &NOTHING[..]),
        (DNS, "cart.shop", &NOTHING),
        (DNS, "cart.shop.svc.cluster.local.", &NOTHING),
        (DNS, "cart.market", &["BG201 warning"]),
        (DNS, "basket", &["BG201 warning"]),
        (DNS, "cart.", &["BG203 error"]),
        (DNS, "$(NOBODY_SETS_IT)", &NOTHING),
        (DNS, "nodes.consul.example.com", &NOTHING),
        ("DNSCluster", "cart", &NOTHING),
        ("DNSPoll", "cart", &["BG203 error"]),
        ("DNSPoll", "cart.shop.svc", &["BG203 error"]),
        ("DNSPoll", "cart.shop", &["BG203 warning"]),
        ("DNSPoll", "demo.internal", &NOTHING),
        ("DNSPoll", "cart.shop.svc.cluster.local", &NOTHING),
        ("Kubernetes.DNSSRV", "cart", &NOTHING),
        ("Kubernetes.DNSSRV", "cart.shop", &["BG201 error"]),
    ] {
        let app = cart(strategy, &format!("beamgate.dev/service: {name}"));
        assert_eq!(lint(&[service(), app]), found, "{strategy} {name}");
    }
}

#[test]
fn a_bare_name_is_looked_for_in_the_pods_own_namespace() {
    let there = || headless("cart", "app: cart").replace("namespace: shop", "namespace: market");
    let asks = "beamgate.dev/service: cart, beamgate.dev/namespace: market";
    assert_eq!(lint(&[there(), cart(DNS, asks)]), ["BG203 error"]);
    let searches = "dnsConfig: {searches: [market.svc.cluster.local]}";
    assert_eq!(lint(&[there(), node("cart", "cart", DNS, asks, searches)]), ["BG206 warning"]);
    assert_eq!(lint(&[there(), cart(DNS, "beamgate.dev/service: cart.market")]), ["BG206 warning"]);
}

#[test]
fn services_are_what_dns_makes_of_them() {
    let alias =
        || service("name: cart, namespace: shop", "type: ExternalName, externalName: cart.market.svc.cluster.local");
    assert_eq!(lint(&[alias(), cart(DNS, BY_NAME)]), ["BG202 error"]);
    assert_eq!(lint(&[alias(), cart("DNSCluster", BY_NAME)]), ["BG202 warning"]);
    assert_eq!(lint(&[alias(), cart("Kubernetes.DNSSRV", BY_NAME)]), ["BG202 warning"]);
    assert_eq!(lint(&[headless("cart", "").replace("selector: {}, ", ""), cart(DNS, BY_NAME)]), ["BG206 warning"]);

    for (selector, found) in [
        ("app: cart, apps.kubernetes.io/pod-index: '0'", &NOTHING[..]),
        ("app: '${APP}'", &NOTHING),
        ("app: cart, role: web", &["BG206 error"]),
    ] {
        assert_eq!(lint(&[headless("cart", selector), cart(DNS, BY_NAME)]), found, "{selector}");
    }
}

#[test]
fn workers_may_join_the_nodes_of_another_workload() {
    let web = |basename| node("web", basename, DNS, "beamgate.dev/service: web", "");
    let asks_for_web = || cart(DNS, "beamgate.dev/service: web");
    assert_eq!(lint(&[headless("web", "app: web"), web("cart"), asks_for_web()]), NOTHING);
    assert_eq!(lint(&[headless("web", "app: web"), web("web"), asks_for_web()]), ["BG206 error"]);

    let pods = "beamgate.dev/lookup: pods, beamgate.dev/selector: app=web";
    let lists = || node("cart", "cart", "Kubernetes", pods, "serviceAccountName: cart");
    assert_eq!(lint(&[rights("cart"), web("cart"), lists()]), NOTHING);
    assert_eq!(lint(&[rights("cart"), web("web"), lists()]), ["BG209 warning"]);
    assert_eq!(lint_complete(&[rights("cart"), lists()], Kinds::WORKLOADS), ["BG209 error"]);
}

#[test]
fn labels_lead_to_endpoints() {
    let endpoints = |target: &str| {
        format!(
            "apiVersion: v1\nkind: Endpoints\nmetadata: {{name: db, namespace: shop, labels: {{app: cart}}}}\n\
             subsets: [{{addresses: [{{ip: 10.0.0.1{target}}}]}}]\n"
        )
    };
    let db = || service("name: db, namespace: shop, labels: {app: cart}", "ports: [{port: 5432}]");
    let alias = || {
        service("name: db, namespace: shop, labels: {app: cart}", "type: ExternalName, externalName: db.example.com")
    };
    let unlabelled = || headless("cart", "app: cart").replace(", labels: {app: cart}", "");
    let lists = |selector| {
        node("cart", "cart", "Kubernetes", &format!("beamgate.dev/selector: {selector}"), "serviceAccountName: cart")
    };
    for (title, more, selector, found) in [
        ("right", vec![headless("cart", "app: cart")], "app=cart", &NOTHING[..]),
        ("no label", vec![unlabelled()], "app=cart", &["BG208 warning"]),
        ("an alias has no endpoints", vec![unlabelled(), alias()], "app=cart", &["BG208 warning"]),
        ("other pods", vec![headless("cart", "app: basket")], "app=cart", &["BG206 warning"]),
        ("no selector", vec![headless("cart", "app: cart"), db()], "app=cart", &["BG210 warning"]),
        ("by hand", vec![headless("cart", "app: cart"), db(), endpoints("")], "app=cart", &["BG210 error"]),
        (
            "by hand, as a controller would",
            vec![headless("cart", "app: cart"), db(), endpoints(", targetRef: {kind: Pod, name: db, namespace: shop}")],
            "app=cart",
            &NOTHING,
        ),
        ("no selector that can be read", vec![headless("cart", "app: cart")], "'app=\"cart\"'", &NOTHING),
    ] {
        let objects: Vec<String> = more.into_iter().chain([rights("cart"), lists(selector)]).collect();
        assert_eq!(lint(&objects), found, "{title}");
    }
    assert_eq!(lint_complete(&[unlabelled(), rights("cart"), lists("app=cart")], Kinds::SERVICES), ["BG208 error"]);
}

#[test]
fn host_names_are_published_under_the_governing_service_alone() {
    let asks = "beamgate.dev/mode: hostname, beamgate.dev/selector: app=cart, beamgate.dev/service: cart";
    let by_pods = format!("{asks}, beamgate.dev/lookup: pods");
    let right = || headless("cart", "app: cart");
    for (title, objects, found) in [
        ("right", vec![right(), stateful("serviceName: cart", "Kubernetes", asks)], &NOTHING[..]),
        ("unset", vec![right(), stateful("", "Kubernetes", asks)], &["BG213 error"]),
        ("SRV", vec![right(), stateful("serviceName: cart", "Kubernetes.DNSSRV", BY_NAME)], &NOTHING),
        ("SRV, unset", vec![right(), stateful("", "Kubernetes.DNSSRV", BY_NAME)], &["BG213 error"]),
        ("missing", vec![stateful("serviceName: cart", "Kubernetes", &by_pods)], &["BG201 warning"]),
        (
            "the names of others",
            vec![headless("cart", "app: basket"), stateful("serviceName: cart", "Kubernetes", &by_pods)],
            &["BG206 error"],
        ),
        (
            "another one governs",
            vec![headless("web", "app: cart"), stateful("serviceName: web", "Kubernetes", &by_pods)],
            &["BG213 error"],
        ),
    ] {
        let objects: Vec<String> = objects.into_iter().chain([rights("default")]).collect();
        assert_eq!(lint(&objects), found, "{title}");
    }
}

#[test]
fn an_api_that_is_asked_wants_to_know_by_whom() {
    let lists = |spec: &str| {
        node("cart", "cart", "Kubernetes", "beamgate.dev/lookup: pods, beamgate.dev/selector: app=cart", spec)
    };
    let unseen = rights("default").replace("name: view", "name: peers");
    let mount = "          volumeMounts: [{name: t, mountPath: /run/secrets}]\n";
    let mounted = lists("automountServiceAccountToken: false") + mount;
    for (title, objects, found) in [
        ("right", vec![rights("default"), lists("")], &NOTHING[..]),
        ("another account", vec![rights("cart"), lists("")], &["BG401 warning"]),
        ("nothing", vec![lists("")], &["BG401 warning"]),
        ("a role that is not here", vec![unseen, lists("")], &["BG401 info"]),
        ("no token", vec![rights("default"), lists("automountServiceAccountToken: false")], &["BG402 error"]),
        ("a token mounted by hand", vec![rights("default"), mounted], &NOTHING),
        ("the machine's resolver", vec![rights("default"), lists("hostNetwork: true")], &["BG217 error"]),
        (
            "the cluster's, on the machine",
            vec![rights("default"), lists("hostNetwork: true\n      dnsPolicy: ClusterFirstWithHostNet")],
            &NOTHING,
        ),
        (
            "a resolver of its own",
            vec![rights("default"), lists("dnsPolicy: Default\n      dnsConfig: {nameservers: [10.96.0.10]}")],
            &NOTHING,
        ),
    ] {
        assert_eq!(lint(&objects), found, "{title}");
    }
}
