//! One fix, in every style in which a manifest can be written: only its own bytes change.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use beamgate::cli::fix::FixArgs;

/// What `beamgate fix --unsafe --select RULES` makes of a text.
fn fix(text: &str, rules: &str) -> String {
    let args = FixArgs { all: true, select: rules.split(',').map(str::to_owned).collect(), ..FixArgs::default() };
    beamgate::cli::fix::text(text, &args).unwrap()
}

/// A Service without ports and a StatefulSet that asks it for SRV records; `service` is all of the Service.
fn asked(service: &str) -> String {
    let workload = "\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: cart, namespace: shop}
spec:
  serviceName: cart
  selector: {matchLabels: {app: cart}}
  template:
    metadata:
      labels: {app: cart, beamgate.dev/strategy: Kubernetes.DNSSRV}
      annotations: {beamgate.dev/basename: cart, beamgate.dev/service: cart}
    spec:
      containers:
        - name: cart
          image: cart:1
";
    format!("{service}---\n{workload}")
}

/// What `BG204` makes of a Service.
fn with_ports(service: &str) -> String {
    let fixed = fix(&asked(service), "BG204");
    fixed.split("---\napiVersion: apps/v1").next().unwrap().to_owned()
}

#[test]
fn a_new_entry_looks_like_those_around_it() {
    let head = "apiVersion: v1\nkind: Service\nmetadata:\n  name: cart\n  namespace: shop\n";
    for (service, fixed) in [
        // At the end, behind a comment of its last line.
        (
            "spec:\n  clusterIP: None\n  selector:\n    app: cart # ours\n  # the end\n",
            "spec:\n  clusterIP: None\n  selector:\n    app: cart # ours\n  ports:\n    - name: epmd\n      port: 4369\n  # the end\n",
        ),
        // Of four columns.
        (
            "spec:\n    clusterIP: None\n    selector: {app: cart}\n",
            "spec:\n    clusterIP: None\n    selector: {app: cart}\n    ports:\n      - name: epmd\n        port: 4369\n",
        ),
        // In braces.
        (
            "spec: {clusterIP: None, selector: {app: cart}} # flat\n",
            "spec: {clusterIP: None, selector: {app: cart}, ports: [{name: epmd, port: 4369}]} # flat\n",
        ),
        // Over several lines of braces.
        (
            "spec: {\n  clusterIP: None,\n  selector: {app: cart},\n}\n",
            "spec: {\n  clusterIP: None,\n  selector: {app: cart},\n  ports: [\n    {\n      name: epmd,\n      port: 4369\n    }\n  ],\n}\n",
        ),
        // An empty list, and a key with nothing.
        (
            "spec:\n  clusterIP: None\n  ports: [] # none\n  selector: {app: cart}\n",
            "spec:\n  clusterIP: None\n  ports: # none\n    - name: epmd\n      port: 4369\n  selector: {app: cart}\n",
        ),
        (
            "spec:\n  clusterIP: None\n  ports:\n  selector: {app: cart}\n",
            "spec:\n  clusterIP: None\n  ports:\n    - name: epmd\n      port: 4369\n  selector: {app: cart}\n",
        ),
        // A text that keeps the blank lines behind it.
        (
            "spec:\n  clusterIP: None\n  selector: {app: cart}\n  x-note: |+\n    one\n\n\n",
            "spec:\n  clusterIP: None\n  selector: {app: cart}\n  x-note: |+\n    one\n\n\n  ports:\n    - name: epmd\n      port: 4369\n",
        ),
    ] {
        assert_eq!(with_ports(&format!("{head}{service}")), format!("{head}{fixed}"));
    }
}

#[test]
fn lists_stand_where_the_others_of_their_file_do() {
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: cart\n  namespace: shop\nspec:\n  clusterIP: None\n  selector: {app: cart}\n";
    let text = asked(service).replace("        - name: cart\n          image", "      - name: cart\n        image");
    assert!(fix(&text, "BG204").starts_with(&format!("{service}  ports:\n  - name: epmd\n    port: 4369\n---\n")));
}

#[test]
fn lines_go_on_ending_as_they_do() {
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: cart\n  namespace: shop\nspec:\n  clusterIP: None\n  selector: {app: cart}\n";
    let text = asked(service).replace('\n', "\r\n");
    let fixed = asked(&format!("{service}  ports:\n    - name: epmd\n      port: 4369\n")).replace('\n', "\r\n");
    assert_eq!(fix(&text, "BG204"), fixed);
}

#[test]
fn a_file_without_a_last_line_break_goes_on_without() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec:\n  clusterIP: None\n  selector: {app: cart}";
    let workload = asked("").trim_start_matches("---\n").to_owned();
    let fixed = fix(&format!("{workload}---\n{service}"), "BG204");
    assert_eq!(fixed, format!("{workload}---\n{service}\n  ports:\n    - name: epmd\n      port: 4369"));
}

#[test]
fn items_of_a_list_are_objects_like_others() {
    let text = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: cart, namespace: shop}
  spec: # of the Service
    clusterIP: None
    selector: {app: cart}
- apiVersion: apps/v1
  kind: StatefulSet
  metadata: {name: cart, namespace: shop}
  spec:
    serviceName: cart
    selector: {matchLabels: {app: cart}}
    template:
      metadata:
        labels: {app: cart, beamgate.dev/strategy: Kubernetes.DNSSRV}
        annotations: {beamgate.dev/basename: cart, beamgate.dev/service: cart}
      spec: {containers: [{name: cart, image: 'cart:1'}]}
";
    let behind = "    selector: {app: cart}\n- apiVersion: apps/v1";
    let fixed = text.replace(
        behind,
        "    selector: {app: cart}\n    ports:\n    - name: epmd\n      port: 4369\n- apiVersion: apps/v1",
    );
    assert_eq!(fix(text, "BG204"), fixed);
    // A new object is one more item.
    let text = text.replace(
        "metadata: {name: cart, namespace: shop}\n  spec: # of",
        "metadata: {name: other, namespace: shop}\n  spec: # of",
    );
    let fixed = fix(&text, "BG201");
    assert!(fixed.starts_with(&text), "{fixed}");
    assert!(fixed.contains("\n- apiVersion: v1\n  kind: Service\n  metadata:\n    name: cart\n"), "{fixed}");
}

#[test]
fn json_stays_json() {
    let text = r#"{
  "apiVersion": "v1",
  "kind": "List",
  "items": [
    {
      "apiVersion": "v1",
      "kind": "Service",
      "metadata": {"name": "cart", "namespace": "shop"},
      "spec": {
        "clusterIP": "None",
        "selector": {"app": "cart"}
      }
    },
    {
      "apiVersion": "apps/v1",
      "kind": "StatefulSet",
      "metadata": {"name": "cart", "namespace": "shop"},
      "spec": {
        "serviceName": "cart",
        "selector": {"matchLabels": {"app": "cart"}},
        "template": {
          "metadata": {
            "labels": {"app": "cart", "beamgate.dev/strategy": "Kubernetes.DNSSRV"},
            "annotations": {"beamgate.dev/basename": "cart", "beamgate.dev/service": "cart"}
          },
          "spec": {"containers": [{"name": "cart", "image": "cart:1"}]}
        }
      }
    }
  ]
}
"#;
    let fixed = fix(text, "BG204");
    let ports = "        \"selector\": {\"app\": \"cart\"},\n        \"ports\": [\n          {\n            \"name\": \"epmd\",\n            \"port\": 4369\n          }\n        ]\n      }\n    },\n";
    assert_eq!(fixed, text.replace("        \"selector\": {\"app\": \"cart\"}\n      }\n    },\n", ports));
    serde_json::from_str::<serde_json::Value>(&fixed).unwrap();
}

/// A Deployment whose environment is this.
fn by_ip(head: &str, env: &str) -> String {
    format!(
        "\
apiVersion: v1
kind: Service
metadata: {{name: cart, namespace: shop}}
spec: {{clusterIP: None, selector: {{app: cart}}, ports: [{{name: epmd, port: 4369}}]}}
---
{head}apiVersion: apps/v1
kind: Deployment
metadata: {{name: cart, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: cart}}}}
  template:
    metadata:
      labels: {{app: cart, beamgate.dev/strategy: Kubernetes.DNS}}
      annotations: {{beamgate.dev/basename: cart, beamgate.dev/service: cart}}
    spec:
      containers:
        - name: cart
          image: cart:1
{env}"
    )
}

#[test]
fn quotation_marks_stay_and_come_where_they_are_needed() {
    for (written, fixed) in [
        ("value: sname # short", "value: name # short"),
        ("value: 'sname'", "value: 'name'"),
        ("value: \"sname\"", "value: \"name\""),
        ("value: |-\n                sname", "value: |-\n                name"),
        ("value: >-\n                sname # no comment", "value: >-\n                name"),
    ] {
        let env = |value: &str| {
            by_ip(
                "",
                &format!(
                    "          env:\n            - name: MY_POD_IP\n              valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}\n            - name: RELEASE_DISTRIBUTION\n              {value}\n            - {{name: RELEASE_NODE, value: 'cart@$(MY_POD_IP)'}}\n"
                ),
            )
        };
        let rules = if written.contains("no comment") { "BG102" } else { "BG101" };
        assert_eq!(fix(&env(written), rules), env(fixed), "{written}");
    }
}

#[test]
fn a_moved_variable_takes_its_comments_along() {
    let env = "          env:
            # who we are
            - name: RELEASE_NODE # the name
              value: cart@$(MY_POD_IP)

            # where we are
            - name: MY_POD_IP
              valueFrom: {fieldRef: {fieldPath: status.podIP}} # filled in
            - {name: RELEASE_DISTRIBUTION, value: name}
";
    let fixed = "          env:
            # where we are
            - name: MY_POD_IP
              valueFrom: {fieldRef: {fieldPath: status.podIP}} # filled in
            # who we are
            - name: RELEASE_NODE # the name
              value: cart@$(MY_POD_IP)

            - {name: RELEASE_DISTRIBUTION, value: name}
";
    assert_eq!(fix(&by_ip("", env), "BG105"), by_ip("", fixed));
    let flow = "          env: [{name: RELEASE_NODE, value: cart@$(MY_POD_IP)}, {name: MY_POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}, {name: RELEASE_DISTRIBUTION, value: name}]\n";
    let fixed = "          env: [{name: MY_POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}, {name: RELEASE_NODE, value: cart@$(MY_POD_IP)}, {name: RELEASE_DISTRIBUTION, value: name}]\n";
    assert_eq!(fix(&by_ip("", flow), "BG105"), by_ip("", fixed));
}

#[test]
fn what_others_share_is_said_anew_where_it_is_used() {
    // A merge key: an override below it.
    let head = "x-pod: &pod\n  dnsPolicy: Default # for all\n  enableServiceLinks: true\nx-other:\n  <<: *pod\n";
    let text = by_ip(head, "").replace(
        "    spec:\n      containers:",
        "    spec:\n      <<: *pod\n      hostNetwork: true\n      containers:",
    );
    let fixed = fix(&text, "BG217");
    assert_eq!(fixed, format!("{text}      dnsPolicy: ClusterFirstWithHostNet\n"));

    // An alias of a map: what it stands for, and an override.
    let head = "x-labels: &labels {app: cart, tier: web}\n";
    let pods = "beamgate.dev/selector: role=node, beamgate.dev/lookup: pods";
    let text = by_ip(head, "")
        .replace(
            "labels: {app: cart, beamgate.dev/strategy: Kubernetes.DNS}",
            "labels:\n        <<: *labels\n        beamgate.dev/strategy: Kubernetes",
        )
        .replace("beamgate.dev/service: cart", pods);
    let fixed = fix(&text, "BG209");
    let line = "        beamgate.dev/strategy: Kubernetes\n";
    assert_eq!(fixed, text.replace(line, &format!("{line}        role: node\n")));

    // An alias of a list: a list of its own.
    let head = "x-env: &env\n- {name: MY_POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}} # shared\n- {name: RELEASE_DISTRIBUTION, value: name}\nx-again: *env\n";
    let text = by_ip(head, "          env: *env # ours\n");
    let fixed = fix(&text, "BG104");
    assert!(
        fixed.contains("x-env: &env\n- {name: MY_POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}} # shared\n"),
        "{fixed}"
    );
    assert!(fixed.contains("          env: # ours\n"), "{fixed}");
    assert!(fixed.contains("value: cart@$(MY_POD_IP)"), "{fixed}");
}

#[test]
fn what_an_alias_repeats_is_not_changed_behind_its_back() {
    let env = "          env: &env\n            - {name: RELEASE_NODE, value: cart@10.0.0.1}\n            - {name: RELEASE_DISTRIBUTION, value: sname}\n        - name: side\n          image: side:1\n          env: *env\n";
    let text = by_ip("", env)
        .replace("beamgate.dev/service: cart}", "beamgate.dev/service: cart, beamgate.dev/container: cart}");
    assert_eq!(fix(&text, "BG101"), text);
}
