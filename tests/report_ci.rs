//! What CI servers read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

mod report_samples;

use std::collections::BTreeSet;

use beamgate::report::{Format, Report};
use beamgate::rules::finding::Severity;
use report_samples::*;
use roxmltree::{Document, Node};
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

/// A finding whose every text holds what a format could stumble over.
fn hostile() -> Report {
    let mut report = single("a: x\n", "x");
    report.files[0].name = "a,b:c%d\".yaml".into();
    let finding = &mut report.findings[0];
    finding.message = "50% <b> & \"c\"\u{1b}[31m\r\n::error::not one".into();
    finding.workload = Some("Deployment shop/<&>".into());
    report
}

#[test]
fn annotations() {
    assert_data_eq!(
        print(&shop(), Format::Github),
        str![[r#"
::error title=BG301 names-differ,file=k8s/cart.yaml,line=24,endLine=24,col=22,endColumn=36::k8s/cart.yaml:24:22: peers dial a name that no node has%0Apeers dial cart@{pod-name}.cart.shop.svc.cluster.local%0Athis node  cart@{pod-ip}%0Aworkload: StatefulSet shop/cart%0Aat run time: `unable to connect to :"cart@cart-0.cart.shop.svc.cluster.local"`, every five seconds%0Anote: a StatefulSet's pods keep their names, and cart.shop serves them%0Afix (unsafe): name the node after the pod%0Ahttps://beamgate.dev/rules/BG301
::error title=BG204 service-without-ports,file=k8s/service.yaml,line=6,endLine=6,col=1,endColumn=5::k8s/service.yaml:6:1: an SRV query for `cart.shop.svc.cluster.local` returns nothing: the Service has no ports%0Aworkload: StatefulSet shop/cart%0Aat run time: `lookup against cart failed: :nxdomain`, every five seconds; `Node.list()` stays empty%0Afix (safe): give the Service a port:%0Aports:%0A  - name: epmd%0A    port: 4369%0Ahttps://beamgate.dev/rules/BG204
::notice title=beamgate::Helm chart deploy/: not rendered, so not checked; run `helm template deploy/ | beamgate lint -`
checked 3 workloads: 1 forms, 1 breaks, 1 is open (the image sets the name); 2 errors. 1 without a declared strategy, 1 not checked (RabbitMQ clusters by itself), 14 other objects, 3 documents skipped (Helm template in deploy/templates: 2, no Kubernetes object in k8s/values.yaml: 1).

"#]]
    );
}

#[test]
fn no_text_ends_an_annotation_or_begins_another() {
    let printed = print(&hostile(), Format::Github);
    let commands: Vec<_> = printed.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len(), 1, "{printed}");
    let (properties, message) = commands[0].strip_prefix("::error ").unwrap().split_once("::").unwrap();
    // As the runner takes it apart: at commas, then at the first equals sign.
    let properties: Vec<_> = properties.split(',').map(|property| property.split_once('=').unwrap()).collect();
    let names: Vec<_> = properties.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["title", "file", "line", "endLine", "col", "endColumn"]);
    assert_eq!(properties[1].1, "a%2Cb%3Ac%25d\".yaml");
    assert!(message.contains("50%25 <b> & \"c\""), "{message}");
    assert!(message.contains("%0D%0A::error::not one"), "{message}");
}

#[test]
fn columns_are_left_out_where_lines_differ() {
    let printed = print(&single("a:\n  b: 1\n  c: 2\n", "b: 1\n  c: 2"), Format::Github);
    assert!(
        printed.starts_with("::error title=BG204 service-without-ports,file=a.yaml,line=2,endLine=3::"),
        "{printed}"
    );
}

#[test]
fn suites_and_tests() {
    assert_data_eq!(
        print(&shop(), Format::Junit),
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="beamgate" tests="6" failures="2" errors="0">
  <testsuite name="StatefulSet shop/cart" tests="2" failures="2" errors="0" skipped="0">
    <testcase classname="StatefulSet shop/cart" name="BG301 names-differ: StatefulSet shop/cart, spec" file="k8s/cart.yaml" line="24">
      <failure type="BG301" message="error: peers dial a name that no node has">at k8s/cart.yaml:24:22
peers dial cart@{pod-name}.cart.shop.svc.cluster.local
this node  cart@{pod-ip}
workload: StatefulSet shop/cart
at run time: `unable to connect to :&quot;cart@cart-0.cart.shop.svc.cluster.local&quot;`, every five seconds
note: a StatefulSet's pods keep their names, and cart.shop serves them
fix (unsafe): name the node after the pod
https://beamgate.dev/rules/BG301</failure>
    </testcase>
    <testcase classname="StatefulSet shop/cart" name="BG204 service-without-ports: Service shop/cart, spec" file="k8s/service.yaml" line="6">
      <failure type="BG204" message="error: an SRV query for `cart.shop.svc.cluster.local` returns nothing: the Service has no ports">at k8s/service.yaml:6:1
workload: StatefulSet shop/cart
at run time: `lookup against cart failed: :nxdomain`, every five seconds; `Node.list()` stays empty
fix (safe): give the Service a port:
ports:
  - name: epmd
    port: 4369
https://beamgate.dev/rules/BG204</failure>
    </testcase>
  </testsuite>
  <testsuite name="Deployment shop/pay" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="Deployment shop/pay" name="forms a cluster"/>
  </testsuite>
  <testsuite name="Deployment shop/mail" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="Deployment shop/mail" name="forms a cluster">
      <system-out>open: the image sets the name</system-out>
    </testcase>
  </testsuite>
  <testsuite name="Deployment shop/web" tests="1" failures="0" errors="0" skipped="1">
    <testcase classname="Deployment shop/web" name="forms a cluster">
      <skipped message="no label beamgate.dev/strategy"/>
    </testcase>
  </testsuite>
  <testsuite name="StatefulSet shop/mq" tests="1" failures="0" errors="0" skipped="1">
    <testcase classname="StatefulSet shop/mq" name="forms a cluster">
      <skipped message="RabbitMQ clusters by itself"/>
    </testcase>
  </testsuite>
</testsuites>

"#]]
    );
}

/// What the schema of Jenkins' reader says, and the two attributes of a test that GitLab reads beside it.
fn check_junit(node: Node<'_, '_>) {
    let (attributes, required, children): (&[&str], &[&str], &[&str]) = match node.tag_name().name() {
        "testsuites" => (&["name", "time", "tests", "failures", "disabled", "errors"], &[], &["testsuite"]),
        "testsuite" => (
            &[
                "name",
                "tests",
                "failures",
                "errors",
                "time",
                "disabled",
                "skipped",
                "timestamp",
                "hostname",
                "id",
                "package",
            ],
            &["name", "tests"],
            &["properties", "testcase", "system-out", "system-err"],
        ),
        "testcase" => (
            &["name", "assertions", "time", "classname", "status", "file", "line"],
            &["name", "classname"],
            &["skipped", "error", "failure", "system-out", "system-err"],
        ),
        "failure" | "error" => (&["type", "message"], &["message"], &[]),
        "skipped" => (&["message"], &[], &[]),
        "system-out" => (&[], &[], &[]),
        other => panic!("no element of JUnit: {other}"),
    };
    let has: Vec<_> = node.attributes().map(|attribute| attribute.name()).collect();
    assert!(has.iter().all(|name| attributes.contains(name)), "{node:?}");
    assert!(required.iter().all(|name| has.contains(name)), "{node:?}");
    let order = node.children().filter(Node::is_element);
    let order: Vec<_> =
        order.map(|child| children.iter().position(|name| child.has_tag_name(*name)).unwrap()).collect();
    assert!(order.is_sorted(), "{node:?}");
    node.children().filter(Node::is_element).for_each(check_junit);
}

fn check_counts(suite: Node<'_, '_>) {
    let cases: Vec<_> = suite.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    let failed = cases.iter().filter(|case| case.children().any(|child| child.has_tag_name("failure"))).count();
    assert_eq!(suite.attribute("tests"), Some(cases.len().to_string().as_str()));
    assert_eq!(suite.attribute("failures"), Some(failed.to_string().as_str()));
    let names: BTreeSet<_> =
        cases.iter().map(|case| (case.attribute("classname").unwrap(), case.attribute("name").unwrap())).collect();
    assert_eq!(names.len(), cases.len(), "servers tell tests apart by class and name");
}

#[test]
fn junit_is_what_its_readers_expect() {
    let mut twice = single("a: x\n", "x");
    twice.findings.extend(single("a: x\n", "a").findings);
    for report in [shop(), hostile(), twice, Report::default()] {
        let printed = print(&report, Format::Junit);
        let document = Document::parse(&printed).unwrap();
        let root = document.root_element();
        check_junit(root);
        check_counts(root);
        root.children().filter(Node::is_element).for_each(check_counts);
        assert!(root.descendants().any(|node| node.has_tag_name("testcase")));
    }
}

#[test]
fn junit_says_what_was_said() {
    let report = hostile();
    let printed = print(&report, Format::Junit);
    let document = Document::parse(&printed).unwrap();
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    let message = format!("error: {}", report.findings[0].message).replace('\u{1b}', "\u{fffd}");
    assert_eq!(failure.attribute("message"), Some(message.as_str()));
    assert!(failure.text().unwrap().contains("workload: Deployment shop/<&>"));
}

#[test]
fn a_test_fails_if_the_run_fails_for_it() {
    let failures = |severity, fail_on| {
        let mut report = single("a: x\n", "x");
        report.findings[0].severity = severity;
        report.fail_on = fail_on;
        print(&report, Format::Junit).matches("<failure").count()
    };
    assert_eq!(failures(Severity::Warning, Severity::Error), 0);
    assert_eq!(failures(Severity::Warning, Severity::Warning), 1);
    assert_eq!(failures(Severity::Info, Severity::Warning), 0);
    assert_eq!(failures(Severity::Error, Severity::Error), 1);
}

#[test]
fn code_quality() {
    let mut report = single("a: x\n", "x");
    report.findings.extend(single("a: x\n", "a").findings);
    report.findings[0].labels[0].place = None;
    let issues: Value = serde_json::from_str(&print(&report, Format::Gitlab)).unwrap();
    let fingerprint = report.findings[0].fingerprint.as_str();
    assert_eq!(
        issues,
        json!([
            {
                "description": "something is wrong",
                "check_name": "BG204 service-without-ports",
                "fingerprint": fingerprint,
                "severity": "critical",
                "location": {"path": "a.yaml", "lines": {"begin": 1, "end": 1}},
            },
            {
                "description": "something is wrong",
                "check_name": "BG204 service-without-ports",
                "fingerprint": format!("{fingerprint}:2"),
                "severity": "critical",
                "location": {"path": "StatefulSet shop/cart", "lines": {"begin": 1, "end": 1}},
            },
        ])
    );
}
