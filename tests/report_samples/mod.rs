//! The sample that the report tests share: one app of two files with everything a report can show, built by hand.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "every test file uses its own part of it"
)]

use beamgate::place::Pointer;
use beamgate::report::model::*;
use beamgate::report::{Format, Styles, write};
use beamgate::rules::finding::{Effect, Fix, Names, Safety, Severity, Verdict};
use beamgate::rules::fingerprint::fingerprint;
use beamgate::rules::{Cel, Check, Mends, Rule};
use beamgate::world::node::Span;

pub static PORTS: Rule = Rule {
    code: 204,
    slug: "service-without-ports",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "An SRV query returns nothing: the Service has no ports",
    source: "//! # service-without-ports (BG204)\n//!\n//! A headless Service that declares no ports has no SRV records.\n//!\n//! ## At run time\n//! Nothing good.\n",
    check: Check::Input,
    cel: Cel::Not(""),
};

pub static NAMES: Rule = Rule {
    code: 301,
    slug: "names-differ",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "Peers dial one name, the node has another",
    source: "//! # names-differ (BG301)\n//!\n//! The page.\n",
    check: Check::Input,
    cel: Cel::Not(""),
};

pub const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: cart
  namespace: shop
spec:
  clusterIP: None
  selector: {app: cart}
";

pub const CART: &str = "\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: cart
  namespace: shop
spec:
  serviceName: cart
  replicas: 3
  template:
    metadata:
      labels:
        app: cart
        beamgate.dev/strategy: Kubernetes.DNSSRV
    spec:
      containers:
        - name: app
          image: shop/cart:1
          env:
            - name: POD_IP
              valueFrom: {fieldRef: {fieldPath: status.podIP}}
            - name: RELEASE_COOKIE
              value: sekret
            - name: RELEASE_NODE
              value: cart@$(POD_IP)
";

pub fn span(text: &str, part: &str) -> Span {
    let start = text.find(part).unwrap();
    Span { start: start as u32, end: (start + part.len()) as u32 }
}

/// A label over the first occurrence of `part` in a file.
pub fn label(files: &[File], file: usize, part: &str, text: &str) -> ReportedLabel {
    let place = Place { file, span: span(&files[file].text, part) };
    ReportedLabel {
        primary: false,
        object: "StatefulSet shop/cart".into(),
        pointer: "spec".into(),
        json_pointer: "/spec".into(),
        place: Some(place),
        text: text.into(),
    }
}

pub fn primary(label: ReportedLabel) -> ReportedLabel {
    ReportedLabel { primary: true, ..label }
}

pub fn file(name: &str, text: &str) -> File {
    File { name: name.into(), text: text.into() }
}

pub fn finding(rule: &'static Rule, message: &str, labels: Vec<ReportedLabel>) -> ReportedFinding {
    let objects: Vec<_> = labels.iter().map(|label| label.object.clone()).collect();
    ReportedFinding {
        rule,
        severity: rule.severity,
        effect: Effect::Breaks,
        verdict: Verdict::Refuted,
        message: message.into(),
        workload: Some("StatefulSet shop/cart".into()),
        fingerprint: fingerprint(
            rule,
            Some("StatefulSet shop/cart"),
            Some(("StatefulSet shop/cart", &Pointer::keys(&["spec"]))),
            objects.iter().map(String::as_str),
        ),
        rendered_from: None,
        labels,
        secrets: Vec::new(),
        names: None,
        at_run_time: None,
        notes: Vec::new(),
        fix: None,
    }
}

/// A report of nothing but one finding in one file.
pub fn single(text: &str, part: &str) -> Report {
    let files = vec![file("a.yaml", text)];
    let labels = vec![primary(label(&files, 0, part, "here"))];
    Report { findings: vec![finding(&PORTS, "something is wrong", labels)], files, ..Report::default() }
}

pub fn workload(kind: &str, name: &str, verdict: WorkloadVerdict) -> CheckedWorkload {
    CheckedWorkload {
        title: format!("{kind} shop/{name}"),
        kind: kind.into(),
        namespace: Some("shop".into()),
        name: name.into(),
        verdict,
        boots: None,
        dials: Vec::new(),
        missing: Vec::new(),
    }
}

/// The whole app.
pub fn shop() -> Report {
    let files = vec![file("k8s/cart.yaml", CART), file("k8s/service.yaml", SERVICE)];
    let service = |label| ReportedLabel { object: "Service shop/cart".into(), ..label };
    let strategy = "Kubernetes.DNSSRV";

    let mut ports = finding(
        &PORTS,
        "an SRV query for `cart.shop.svc.cluster.local` returns nothing: the Service has no ports",
        vec![
            label(&files, 0, strategy, "asks for SRV records of cart.shop.svc.cluster.local"),
            primary(service(label(&files, 1, "spec", "headless, but no `ports:` in this spec"))),
        ],
    );
    ports.at_run_time =
        Some("`lookup against cart failed: :nxdomain`, every five seconds; `Node.list()` stays empty".into());
    ports.fix = Some(Fix {
        safety: Safety::Safe,
        title: "give the Service a port".into(),
        snippet: Some("ports:\n  - name: epmd\n    port: 4369\n".into()),
        changes: Vec::new(),
        unwritten: None,
        besides: None,
    });

    let mut names = finding(
        &NAMES,
        "peers dial a name that no node has",
        vec![
            primary(label(&files, 0, "cart@$(POD_IP)", "this node calls itself by its address")),
            label(&files, 0, strategy, "peers dial the name of the pod"),
        ],
    );
    names.names = Some(Names {
        dialled: "cart@{pod-name}.cart.shop.svc.cluster.local".into(),
        own: "cart@{pod-ip}".into(),
        common: 10,
    });
    names.at_run_time =
        Some("`unable to connect to :\"cart@cart-0.cart.shop.svc.cluster.local\"`, every five seconds".into());
    names.notes = vec!["a StatefulSet's pods keep their names, and cart.shop serves them".into()];
    names.fix = Some(Fix {
        safety: Safety::Unsafe,
        title: "name the node after the pod".into(),
        snippet: None,
        changes: Vec::new(),
        unwritten: None,
        besides: None,
    });

    Report {
        findings: vec![ports, names],
        workloads: shop_workloads(),
        compared: None,
        fail_on: Severity::Error,
        ignored: 0,
        other_objects: 14,
        skipped: vec![
            Skipped { input: "deploy/templates".into(), reason: "Helm template".into(), count: 2 },
            Skipped { input: "k8s/values.yaml".into(), reason: "no Kubernetes object".into(), count: 1 },
        ],
        notices: vec![Notice {
            text: "Helm chart deploy/: not rendered, so not checked".into(),
            command: Some("helm template deploy/ | beamgate lint -".into()),
        }],
        files,
        cluster: None,
    }
}

fn shop_workloads() -> Vec<CheckedWorkload> {
    vec![
        CheckedWorkload {
            boots: Some("cart@{pod-ip}".into()),
            dials: vec!["cart@{pod-name}.cart.shop.svc.cluster.local".into()],
            ..workload("StatefulSet", "cart", WorkloadVerdict::Breaks)
        },
        workload("Deployment", "pay", WorkloadVerdict::Forms),
        CheckedWorkload {
            missing: vec!["the image sets the name".into()],
            ..workload("Deployment", "mail", WorkloadVerdict::Open)
        },
        workload("Deployment", "web", WorkloadVerdict::NotOptedIn),
        workload("StatefulSet", "mq", WorkloadVerdict::NotChecked("RabbitMQ clusters by itself".into())),
    ]
}

pub fn print(report: &Report, format: Format) -> String {
    print_styled(report, format, Styles::Off)
}

pub fn print_styled(report: &Report, format: Format, styles: Styles) -> String {
    let mut out = Vec::new();
    write(report, format, styles, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
