//! Which workloads become one cluster: cases as the lines in which they differ.
#![allow(clippy::unwrap_used)] // in helpers of tests, which the lint does not know as tests

use beamgate::manifest::yaml;
use beamgate::membership::{Clusters, Outcome};
use beamgate::rules::judge;
use beamgate::trace::cookie::SameCookie;
use beamgate::world::World;
use beamgate::world::facts::Facts;
use beamgate::world::object::Object;

/// A Deployment of a release.
#[derive(Clone)]
struct App {
    name: &'static str,
    namespace: &'static str,
    labels: &'static str,
    declares: &'static str,
    env: &'static str,
    image: &'static str,
    folder: &'static str,
}

const WEB: App = App {
    name: "web",
    namespace: "shop",
    labels: "app: web, all: shop, beamgate.dev/strategy: Kubernetes.DNS",
    declares: "beamgate.dev/basename: shop, beamgate.dev/service: all",
    env: "{name: RELEASE_NODE, value: shop@$(IP)}, {name: RELEASE_COOKIE, valueFrom: {secretKeyRef: {name: shop, key: cookie}}}",
    image: "shop:1",
    folder: "",
};

const WORKER: App =
    App { name: "worker", labels: "app: worker, all: shop, beamgate.dev/strategy: Kubernetes.DNS", ..WEB };

/// Headless Services, each a name and a selector.
const ALL: &str = "all: all: shop";
const OF_WEB: &str = "web: app: web";
const OF_WORKER: &str = "worker: app: worker";

impl App {
    fn object(&self) -> Object {
        let Self { name, namespace, labels, declares, env, image, folder } = self;
        let namespace = if namespace.is_empty() { String::new() } else { format!(", namespace: {namespace}") };
        let text = format!(
            "{{kind: Deployment, metadata: {{name: {name}{namespace}}}, spec: {{template: {{metadata: {{labels: {{{labels}}}, \
             annotations: {{{declares}}}}}, spec: {{containers: [{{name: app, image: '{image}', env: [\
             {{name: IP, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}, {{name: RELEASE_DISTRIBUTION, value: name}}, \
             {env}]}}]}}}}}}}}"
        );
        read(&text, folder)
    }
}

fn read(text: &str, folder: &str) -> Object {
    let document = yaml::split::documents(text).into_iter().next().unwrap();
    Object::read(&yaml::parse(text, document).unwrap().unwrap().root, folder, &[]).unwrap()
}

fn service(text: &str) -> Object {
    let (name, selector) = text.split_once(": ").unwrap();
    let metadata = format!("{{name: {name}, namespace: shop}}");
    read(&format!("{{kind: Service, metadata: {metadata}, spec: {{clusterIP: None, selector: {{{selector}}}}}}}"), "")
}

fn world(services: &[&str], apps: &[App]) -> World {
    let objects = services.iter().map(|text| service(text)).chain(apps.iter().map(App::object));
    World::new(objects.collect(), Facts::default())
}

/// `web worker | jobs`, and a line for each link: `web -> worker joins`.
fn told(world: &World) -> Vec<String> {
    let clusters = Clusters::of(world);
    let name = |number: &usize| clusters.workloads[*number].object.name.clone();
    let group = |group: &Vec<usize>| group.iter().map(name).collect::<Vec<_>>().join(" ");
    let groups = clusters.groups.iter().map(group).collect::<Vec<_>>().join(" | ");
    let link = |(from, to, link): &(usize, usize, beamgate::membership::Link)| {
        let outcome = match &link.outcome {
            Outcome::Joins if link.cookies == SameCookie::Open => "joins with any cookie".to_owned(),
            Outcome::Joins => "joins".to_owned(),
            Outcome::Splits(split) => format!("splits by {}", split.word()),
            Outcome::Open(why) => format!("open: {why}"),
        };
        format!("{} -> {} {outcome}", name(from), name(to))
    };
    [groups].into_iter().chain(clusters.links.iter().map(link)).collect()
}

fn warnings(world: &World) -> Vec<String> {
    let findings = judge(world).into_iter().flat_map(|judged| judged.findings);
    let pairs = findings.filter(|finding| matches!(finding.rule.code, 305 | 306 | 603));
    let title =
        |finding: &beamgate::rules::finding::Finding| world.object(finding.subject.unwrap()).unwrap().name.clone();
    pairs.map(|finding| format!("{} of {}", finding.rule.id(), title(&finding))).collect()
}

#[test]
fn those_who_ask_one_service_and_dial_one_name_are_one_cluster() {
    let world = world(&[ALL], &[WEB, WORKER]);
    assert_eq!(told(&world), ["web worker", "web -> worker joins", "worker -> web joins"]);
    assert_eq!(warnings(&world), [""; 0]);
}

#[test]
fn one_way_is_enough_and_clusters_are_transitive() {
    let declares = "beamgate.dev/basename: shop, beamgate.dev/service: web";
    let jobs = App { name: "jobs", labels: "app: jobs, beamgate.dev/strategy: Kubernetes.DNS", declares, ..WEB };
    let worker = App { declares, ..WORKER };
    let web = App { declares, ..WEB };
    let told = told(&world(&[OF_WEB], &[jobs, web, worker]));
    assert_eq!(told, ["jobs web worker", "jobs -> web joins", "worker -> web joins"]);
}

#[test]
fn each_with_a_service_of_its_own_finds_nobody_else() {
    let own = |app: App, declares| App { declares, ..app };
    let web = own(WEB, "beamgate.dev/basename: shop, beamgate.dev/service: web");
    let worker = own(WORKER, "beamgate.dev/basename: shop, beamgate.dev/service: worker");
    assert_eq!(told(&world(&[OF_WEB, OF_WORKER], &[web, worker])), ["web | worker"]);
}

#[test]
fn dns_shows_no_pods_behind_a_virtual_address() {
    let mut objects = vec![WEB.object(), WORKER.object()];
    let text =
        "{kind: Service, metadata: {name: all, namespace: shop}, spec: {selector: {all: shop}, ports: [{port: 80}]}}";
    objects.push(read(text, ""));
    assert_eq!(told(&World::new(objects, Facts::default())), ["web | worker"]);
}

#[test]
fn names_that_differ_keep_apart() {
    let worker = App {
        declares: "beamgate.dev/basename: worker, beamgate.dev/service: all",
        env: "{name: RELEASE_NODE, value: worker@$(IP)}",
        ..WORKER
    };
    let world = world(&[ALL], &[WEB, worker]);
    assert_eq!(told(&world), ["web | worker", "web -> worker splits by names", "worker -> web splits by names"]);
    assert_eq!(warnings(&world), ["BG305 of web"]);
}

#[test]
fn a_further_topology_that_dials_in_vain_was_meant() {
    let of_web = |topologies: &'static str| App {
        declares: format!(
            "beamgate.dev/basename: shop, beamgate.dev/service: web, beamgate.dev/topologies: '{topologies}'"
        )
        .leak(),
        ..WEB
    };
    let worker = || App {
        declares: "beamgate.dev/basename: worker, beamgate.dev/service: worker",
        env: "{name: RELEASE_NODE, value: worker@$(IP)}, {name: RELEASE_COOKIE, valueFrom: {secretKeyRef: {name: shop, key: cookie}}}",
        ..WORKER
    };
    let services = [OF_WEB, OF_WORKER, ALL];
    for (topologies, said, warned) in [
        ("Kubernetes.DNS service=worker basename=shop", "web -> worker splits by names", vec!["BG305 of web"]),
        ("Kubernetes.DNS service=worker basename=worker", "web -> worker joins", vec![]),
        // Nobody knows the basename that is not said.
        ("Kubernetes.DNS service=worker", "web -> worker open: the image decides it", vec![]),
        // What finds the web itself is not there for the workers.
        ("Kubernetes.DNS service=all basename=shop", "web -> worker splits by names", vec![]),
        // One of two will do.
        (
            "Kubernetes.DNS service=worker\n\n  Kubernetes.DNS service=worker basename=worker",
            "web -> worker joins",
            vec![],
        ),
    ] {
        let world = world(&services, &[of_web(topologies), worker()]);
        assert_eq!(told(&world)[1], said, "{topologies}");
        assert_eq!(warnings(&world), warned, "{topologies}");
    }
}

#[test]
fn a_name_that_the_image_makes_may_join() {
    let worker = App { env: "{name: NOTHING, value: x}", ..WORKER };
    let open = |one: &str, other: &str| format!("{one} -> {other} open: the image decides it");
    let told = told(&world(&[ALL], &[WEB, worker]));
    assert_eq!(told, ["web | worker".to_owned(), open("web", "worker"), open("worker", "web")]);
}

#[test]
fn a_basename_made_of_the_pod_that_dials_is_not_compared_with_another_pods() {
    let env =
        "{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: RELEASE_NODE, value: $(POD)@$(IP)}";
    let declares = "beamgate.dev/service: all";
    let named = |app: App| App { declares, env, ..app };
    let told = told(&world(&[ALL], &[named(WEB), named(WORKER)]));
    assert_eq!(told[1], "web -> worker open: the image decides it");
}

#[test]
fn ports_and_protocols_that_differ_keep_apart() {
    for (env, said) in [
        ("{name: ERL_EPMD_PORT, value: '4370'}", "web -> worker splits by epmd-port"),
        ("{name: ERL_EPMD_PORT, value: '4369'}", "web -> worker joins"),
        ("{name: ERL_AFLAGS, value: -proto_dist inet_tls}", "web -> worker splits by protocol"),
        ("{name: ERL_AFLAGS, value: -proto_dist inet_tcp}", "web -> worker joins"),
        ("{name: ERL_AFLAGS, value: +P 5000000}", "web -> worker joins"),
    ] {
        let env = format!("{}, {env}", WEB.env).leak();
        let told = told(&world(&[ALL], &[WEB, App { env, ..WORKER }]));
        assert_eq!(told[1], said, "{env}");
    }
}

#[test]
fn cookies_are_compared_by_where_they_come_from() {
    const NODE: &str = "{name: RELEASE_NODE, value: shop@$(IP)}";
    let secret = |key: &str| format!("{NODE}, {{name: RELEASE_COOKIE, valueFrom: {{secretKeyRef: {{{key}}}}}}}");
    let value = |value: &str| format!("{NODE}, {{name: RELEASE_COOKIE, value: {value}}}");
    let through = format!(
        "{NODE}, {{name: C, valueFrom: {{secretKeyRef: {{name: shop, key: cookie}}}}}}, {{name: RELEASE_COOKIE, value: $(C)}}"
    );
    let ours = secret("name: shop, key: cookie");
    for (ours, theirs, said) in [
        (&ours, through, "joins"),
        (&ours, secret("name: shop, key: other"), "splits by cookies"),
        (&ours, secret("name: other, key: cookie"), "splits by cookies"),
        (&ours, value("monster"), "splits by cookies"),
        (&ours, NODE.to_owned(), "joins with any cookie"),
        (&value("monster"), value("monster"), "joins"),
        (&value("monster"), value("cookie"), "splits by cookies"),
        (&NODE.to_owned(), NODE.to_owned(), "joins"),
    ] {
        let (ours, theirs) = (ours.clone().leak(), theirs.leak());
        let told = told(&world(&[ALL], &[App { env: ours, ..WEB }, App { env: theirs, ..WORKER }]));
        assert_eq!(told[1], format!("web -> worker {said}"), "{ours} {theirs}");
    }
}

#[test]
fn two_images_have_two_cookies_of_their_own_as_far_as_is_known() {
    let env = "{name: RELEASE_NODE, value: shop@$(IP)}";
    let told = told(&world(&[ALL], &[App { env, ..WEB }, App { env, image: "worker:1", ..WORKER }]));
    assert_eq!(told[1], "web -> worker joins with any cookie");
}

#[test]
fn a_node_that_declares_nothing_is_found_all_the_same() {
    let worker = App { labels: "app: worker, all: shop", declares: "", ..WORKER };
    let world = world(&[ALL], &[WEB, worker]);
    assert_eq!(told(&world), ["web worker", "web -> worker joins"]);
}

#[test]
fn what_is_no_node_is_in_no_cluster() {
    let text = "{kind: Deployment, metadata: {name: nginx, namespace: shop}, spec: {template: {metadata: {labels: \
                {all: shop}}, spec: {containers: [{name: nginx, image: nginx}]}}}}";
    let objects = vec![service(ALL), WEB.object(), read(text, "")];
    assert_eq!(told(&World::new(objects, Facts::default())), ["web"]);
}

#[test]
fn of_two_overlays_each_goes_with_its_own() {
    let app = |app: App, folder| App { folder, namespace: "", ..app };
    let of = |folder: &str| {
        let text = "{kind: Service, metadata: {name: all}, spec: {clusterIP: None, selector: {all: shop}}}";
        read(text, folder)
    };
    let mut objects = Vec::new();
    for folder in ["prod", "staging"] {
        objects.extend([of(folder), app(WEB, folder).object(), app(WORKER, folder).object()]);
    }
    let told = told(&World::new(objects, Facts::default()));
    assert_eq!(told[0], "web worker | web worker");
    assert_eq!(told.len(), 5, "{told:?}");
}

#[test]
fn a_namespace_that_one_of_them_does_not_say_is_not_known() {
    let told = told(&world(&[ALL], &[WEB, App { namespace: "", ..WORKER }]));
    assert_eq!(
        told[..2],
        ["web | worker", "web -> worker open: the field `metadata.namespace` is known only on the cluster"]
    );
}

#[test]
fn nothing_is_said_of_those_that_may_not_be_found_at_all() {
    let env = "{name: RELEASE_NODE, value: worker@$(IP)}, {name: ERL_EPMD_PORT, value: '4370'}";
    let worker =
        App { namespace: "", declares: "beamgate.dev/basename: worker, beamgate.dev/service: all", env, ..WORKER };
    assert_eq!(warnings(&world(&[ALL], &[WEB, worker])), [""; 0]);
}

#[test]
fn one_finding_speaks_of_all_the_others() {
    let names = ["a", "b", "c", "d"];
    let apps: Vec<App> = names
        .iter()
        .map(|name| App {
            name,
            declares: format!("beamgate.dev/basename: {name}, beamgate.dev/service: all").leak(),
            env: format!("{{name: RELEASE_NODE, value: {name}@$(IP)}}").leak(),
            ..WEB
        })
        .collect();
    let world = world(&[ALL], &apps);
    assert_eq!(warnings(&world), ["BG305 of a", "BG305 of b", "BG305 of c"]);
    let first = judge(&world).remove(0).findings;
    let note = &first.iter().find(|finding| finding.rule.code == 305).unwrap().notes;
    assert_eq!(*note, ["so it is with Deployment shop/c, Deployment shop/d"]);
}

#[test]
fn strangers_are_told_by_their_labels() {
    let labels =
        |text: &str| format!("all: shop, beamgate.dev/strategy: Kubernetes.DNS, {text}").leak() as &'static str;
    for (one, other, said) in [
        (
            "app.kubernetes.io/name: a, app.kubernetes.io/instance: x",
            "app.kubernetes.io/name: a, app.kubernetes.io/instance: y",
            true,
        ),
        (
            "app.kubernetes.io/name: a, app.kubernetes.io/instance: x",
            "app.kubernetes.io/name: b, app.kubernetes.io/instance: y",
            false,
        ),
        (
            "app.kubernetes.io/name: a, app.kubernetes.io/instance: x",
            "app.kubernetes.io/name: a, app.kubernetes.io/instance: x",
            false,
        ),
        ("app.kubernetes.io/name: a", "app.kubernetes.io/name: a, app.kubernetes.io/instance: y", false),
        ("app.kubernetes.io/part-of: a", "app.kubernetes.io/part-of: b", true),
        ("app.kubernetes.io/part-of: a", "app.kubernetes.io/name: b", false),
        ("app: a", "app: b", false),
    ] {
        let world = world(&[ALL], &[App { labels: labels(one), ..WEB }, App { labels: labels(other), ..WORKER }]);
        let expected: &[&str] = if said { &["BG306 of web"] } else { &[] };
        assert_eq!(warnings(&world), expected, "{one} | {other}");
    }
}
