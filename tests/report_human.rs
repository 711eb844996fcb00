//! What people read. Regenerate with `SNAPSHOTS=overwrite cargo test --test report_human`.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod report_samples;

use beamgate::report::model::{Skipped, WorkloadVerdict};
use beamgate::report::{Format, Report, Styles};
use beamgate::rules::finding::Severity;
use beamgate::world::node::Span;
use report_samples::*;
use snapbox::{IntoData, assert_data_eq, str};

fn human(report: &Report) -> String {
    print(report, Format::Human)
}

/// Only the picture: what stands between the title and the remarks.
fn picture(report: &Report) -> String {
    let text = human(report);
    let lines = text.lines().skip(1).take_while(|line| !line.contains("= workload"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The last line.
fn summary(report: &Report) -> String {
    human(report).lines().last().unwrap().to_owned()
}

#[test]
fn a_whole_report() {
    assert_data_eq!(human(&shop()), str![[r#"
error[BG301 names-differ]: peers dial a name that no node has
  --> k8s/cart.yaml:24:22
   |
13 |         beamgate.dev/strategy: Kubernetes.DNSSRV
   |                                ----------------- peers dial the name of the pod
...
23 |             - name: RELEASE_NODE
24 |               value: cart@$(POD_IP)
   |                      ^^^^^^^^^^^^^^ this node calls itself by its address
   |
   = peers dial  cart@{pod-name}.cart.shop.svc.cluster.local
     this node   cart@{pod-ip}
                      ^ differs from here
   = workload: StatefulSet shop/cart
   = at run time: `unable to connect to :"cart@cart-0.cart.shop.svc.cluster.local"`, every five seconds
   = note: a StatefulSet's pods keep their names, and cart.shop serves them
   = fix (unsafe): name the node after the pod

error[BG204 service-without-ports]: an SRV query for `cart.shop.svc.cluster.local` returns nothing: the Service has no ports
  --> k8s/service.yaml:6:1
   |
 6 | spec:
   | ^^^^ headless, but no `ports:` in this spec
   |
  ::: k8s/cart.yaml:13:32
   |
13 |         beamgate.dev/strategy: Kubernetes.DNSSRV
   |                                ----------------- asks for SRV records of cart.shop.svc.cluster.local
   |
   = workload: StatefulSet shop/cart
   = at run time: `lookup against cart failed: :nxdomain`, every five seconds; `Node.list()` stays empty
   = fix (safe): give the Service a port:
          ports:
            - name: epmd
              port: 4369

note: Helm chart deploy/: not rendered, so not checked
      run `helm template deploy/ | beamgate lint -`

To read more, run `beamgate explain BG204` (also BG301).
checked 3 workloads: 1 forms, 1 breaks, 1 is open (the image sets the name); 2 errors. 1 without a declared strategy, 1 not checked (RabbitMQ clusters by itself), 14 other objects, 3 documents skipped (Helm template in deploy/templates: 2, no Kubernetes object in k8s/values.yaml: 1).

"#]].raw());
}

#[test]
fn colours_change_nothing_but_colours() {
    let styled = print_styled(&shop(), Format::Human, Styles::On);
    assert!(styled.contains("\u{1b}[91m"));
    let mut plain = Vec::new();
    std::io::Write::write_all(&mut anstream::StripStream::new(&mut plain), styled.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(plain).unwrap(), human(&shop()));
}

#[test]
fn warnings_and_remarks_say_what_they_are() {
    let mut report = single("a: x\n", "x");
    report.findings[0].severity = Severity::Warning;
    assert!(human(&report).starts_with("warning[BG204 service-without-ports]: something is wrong\n"));
    report.findings[0].severity = Severity::Info;
    assert!(human(&report).starts_with("info[BG204 service-without-ports]: something is wrong\n"));
    assert!(summary(&report).ends_with("; 1 info."));
}

#[test]
fn objects_in_no_file_are_named_instead() {
    let mut report = shop();
    for finding in &mut report.findings {
        finding.labels.iter_mut().filter(|label| label.primary).for_each(|label| label.place = None);
    }
    report.findings[0].labels.iter_mut().for_each(|label| label.place = None);
    report.findings[0].fix = None;
    let text = human(&report);
    assert_data_eq!(text.split("note: Helm").next().unwrap(), str![[r#"
error[BG204 service-without-ports]: an SRV query for `cart.shop.svc.cluster.local` returns nothing: the Service has no ports
--> Service shop/cart, spec
 = headless, but no `ports:` in this spec
 = StatefulSet shop/cart, spec: asks for SRV records of cart.shop.svc.cluster.local
 = workload: StatefulSet shop/cart
 = at run time: `lookup against cart failed: :nxdomain`, every five seconds; `Node.list()` stays empty

error[BG301 names-differ]: peers dial a name that no node has
  --> StatefulSet shop/cart, spec
   |
  ::: k8s/cart.yaml:13:32
   |
13 |         beamgate.dev/strategy: Kubernetes.DNSSRV
   |                                ----------------- peers dial the name of the pod
   |
   = this node calls itself by its address
   = peers dial  cart@{pod-name}.cart.shop.svc.cluster.local
     this node   cart@{pod-ip}
                      ^ differs from here
   = workload: StatefulSet shop/cart
   = at run time: `unable to connect to :"cart@cart-0.cart.shop.svc.cluster.local"`, every five seconds
   = note: a StatefulSet's pods keep their names, and cart.shop serves them
   = fix (unsafe): name the node after the pod


"#]].raw());
}

#[test]
fn cookies_are_hidden_wherever_they_stand() {
    let block = "env:\n  - name: RELEASE_COOKIE\n    value: sekret\n";
    assert_data_eq!(
        picture(&single(block, "sekret")),
        str![[r#"
 --> a.yaml:3:12
  |
2 |   - name: RELEASE_COOKIE
3 |     value: ‹redacted›
  |            ^^^^^^^^^^ here
  |

"#]]
        .raw()
    );

    // The arrow tells the column in the file, although the picture has moved.
    let flow = "env: [{name: RELEASE_COOKIE, value: sekret}, {name: RELEASE_NODE, value: cart}]\n";
    assert_data_eq!(
        picture(&single(flow, "cart")),
        str![[r#"
 --> a.yaml:1:74
  |
1 | env: [{name: RELEASE_COOKIE, value: ‹redacted›}, {name: RELEASE_NODE, value: cart}]
  |                                                                              ^^^^ here
  |

"#]]
        .raw()
    );

    let flags = "args: [\"-setcookie sekret -name cart@10.0.0.1\"]\n";
    assert_data_eq!(
        picture(&single(flags, "cart@10.0.0.1")),
        str![[r#"
 --> a.yaml:1:33
  |
1 | args: ["-setcookie ‹redacted› -name cart@10.0.0.1"]
  |                                     ^^^^^^^^^^^^^ here
  |

"#]]
        .raw()
    );

    let inside = single(flags, "kret -name");
    assert_data_eq!(
        picture(&inside),
        str![[r#"
 --> a.yaml:1:22
  |
1 | args: ["-setcookie ‹redacted› -name cart@10.0.0.1"]
  |                    ^^^^^^^^^^^^^^^^ here
  |

"#]]
        .raw()
    );

    for text in [block, flow, flags] {
        let mut report = single(text, "e");
        report.findings[0].fix = Some(beamgate::rules::finding::Fix {
            safety: beamgate::rules::finding::Safety::Unsafe,
            title: "write this".into(),
            snippet: Some(text.into()),
            changes: Vec::new(),
            unwritten: None,
            besides: None,
        });
        for format in [Format::Human, Format::Json, Format::Sarif] {
            assert!(!print(&report, format).contains("sekret"), "{format:?} {text}");
        }
    }
}

#[test]
fn coloured_arrows_tell_the_column_in_the_file_too() {
    let flags = single("args: [\"-setcookie sekret -name cart@10.0.0.1\"]\n", "cart@10.0.0.1");
    assert!(print_styled(&flags, Format::Human, Styles::On).contains("a.yaml:1:33\n"));
}

#[test]
fn nothing_in_a_file_can_move_the_cursor() {
    let text = "a: \"x\t\u{1b}[31mä日本語\" # \u{202e}evil\r\nb:\tc\r\n";
    assert_data_eq!(
        picture(&single(text, "evil")),
        str![[r#"
 --> a.yaml:1:21
  |
1 | a: "x    ␛[31mä日本語" # �evil
  |                           ^^^^ here
  |

"#]]
        .raw()
    );
    assert_data_eq!(
        picture(&single(text, "c")),
        str![[r#"
 --> a.yaml:2:4
  |
2 | b:    c
  |       ^ here
  |

"#]]
        .raw()
    );

    let mut report = single(text, "c");
    report.findings[0].message = "\u{1b}[2Jgone".into();
    report.findings[0].notes = vec!["\u{1b}[2Jgone".into()];
    report.notices = vec![beamgate::report::model::Notice { text: "\u{1b}[2Jgone".into(), command: None }];
    assert!(!human(&report).contains('\u{1b}'));
}

#[test]
fn of_long_lines_only_the_part_in_question_is_shown() {
    let text = format!("a: {} here {}\n", "x".repeat(3000), "y".repeat(3000));
    assert_data_eq!(picture(&single(&text, "here")), str![[r#"
 --> a.yaml:1:3005
  |
1 | ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx here yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...
  |                                                                ^^^^ here
  |

"#]].raw());

    let mut two = single(&text, "here");
    two.findings[0].labels.push(label(&two.files, 0, "a", "and here"));
    assert_data_eq!(picture(&two), str![[r#"
 --> a.yaml:1:3005
  |
1 | ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx here yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...
  |                                                                ^^^^ here
  |
 ::: a.yaml:1:1
  |
1 | a: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
  | - and here
  |

"#]].raw());

    let value = single(&text, &"y".repeat(3000));
    assert!(picture(&value).lines().all(|line| line.chars().count() < 150));
}

#[test]
fn places_at_the_edges_of_a_file_can_be_shown() {
    assert_data_eq!(
        picture(&single("", "")),
        str![[r#"
 --> a.yaml:1:1
  |
1 |
  | ^ here
  |

"#]]
        .raw()
    );
    let mut end = single("a: 1\n", "");
    let pictures = [(5, 5), (4, 4), (99, 7)].map(|(start, stop)| {
        end.findings[0].labels[0].place.as_mut().unwrap().span = Span { start, end: stop };
        picture(&end)
    });
    assert_data_eq!(
        &pictures[0],
        str![[r#"
 --> a.yaml:1:5
  |
1 | a: 1
  |     ^ here
  |

"#]]
        .raw()
    );
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
    let mut inside = single("ä日\n", "");
    for (start, stop) in [(0, 1), (1, 1), (3, 4), (4, 9)] {
        inside.findings[0].labels[0].place.as_mut().unwrap().span = Span { start, end: stop };
        assert!(picture(&inside).contains("a.yaml:1:"));
    }
    inside.findings[0].labels[0].place.as_mut().unwrap().file = 7;
    assert!(human(&inside).contains("--> StatefulSet shop/cart, spec\n"));
}

#[test]
fn blocks_end_where_their_text_ends() {
    let text = "a: |\n  x\n  y\n  z\n\nb: 1\n";
    assert_data_eq!(
        picture(&single(text, "|\n  x\n  y\n  z\n\n")),
        str![[r#"
 --> a.yaml:1:4
  |
1 |   a: |
  |  ____^
2 | |   x
3 | |   y
4 | |   z
  | |___^ here
  |

"#]]
        .raw()
    );
}

#[test]
fn empty_reports_say_why() {
    assert_data_eq!(
        human(&Report::default()),
        str![[r#"
checked 0 workloads: no pod template has the label beamgate.dev/strategy; no findings.

"#]]
        .raw()
    );

    let undeclared = |name| workload("Deployment", name, WorkloadVerdict::NotOptedIn);
    let skipped = || vec![Skipped { input: "x".into(), reason: "Helm template".into(), count: 1 }];
    let one = Report { workloads: vec![undeclared("a")], skipped: skipped(), ..Report::default() };
    assert_data_eq!(human(&one), str![[r#"
checked 0 workloads: 1 looks like a BEAM workload, but has no label beamgate.dev/strategy; no findings. 1 document skipped (Helm template in x).

"#]].raw());
    let two = Report { workloads: vec![undeclared("a"), undeclared("b")], other_objects: 1, ..Report::default() };
    assert_data_eq!(
        human(&two),
        str![[r#"
checked 0 workloads: 2 look like BEAM workloads, but have no label beamgate.dev/strategy; no findings. 1 other object.

"#]]
        .raw()
    );
}

#[test]
fn summaries_count_in_plain_words() {
    let workloads =
        vec![workload("Deployment", "a", WorkloadVerdict::Forms), workload("Deployment", "b", WorkloadVerdict::Forms)];
    assert_data_eq!(
        summary(&Report { workloads, ..Report::default() }),
        str!["checked 2 workloads: 2 form; no findings."].raw()
    );
}

proptest::proptest! {
    #[test]
    fn anything_can_be_drawn_and_no_cookie_shows(
        text in r#"([ -~]|\n|\t|\r|\r\n|ä|日|\x{feff}|\x{200b}|👩‍🚀|- name: RELEASE_COOKIE\n  value: sekret\n|-setcookie sekret |name: X){0,30}"#,
        spans in proptest::collection::vec((0u32..200, 0u32..200), 1..5),
    ) {
        let mut report = single(&text, "");
        for (start, end) in spans {
            let mut more = label(&report.files, 0, "", "there");
            more.place.as_mut().unwrap().span = Span { start, end };
            report.findings[0].labels.push(more);
        }
        report.findings[0].labels.rotate_left(1);
        for format in [Format::Human, Format::Json, Format::Sarif] {
            assert!(!print(&report, format).contains("sekret"));
        }
    }
}
