//! What kustomize and Helm rendered: findings are in the files that it was made of, and `fix` writes only to those that own what
//! it changes, in this world and in no other.
//!
//! The kustomizations are rendered by the real kubectl, where there is one; the chart by a script that prints what Helm 3.18 made
//! of it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use beamgate::manifest::Tools;
use serde_json::Value as Json;

/// A folder of its own, which goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("beamgate-rendered-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("bin")).unwrap();
        let folder = Self(path);
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.0.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn tool(&self, name: &str, script: &str) {
        self.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.0.join("bin").join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What beamgate prints to standard output.
    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
        let path = format!("{}:{}", self.0.join("bin").display(), std::env::var("PATH").unwrap());
        let output = command.current_dir(&self.0).env("PATH", path).args(arguments).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The files of the first places of what is found, as each format has them.
    fn files(&self, path: &str, rule: &str) -> Vec<String> {
        let json: Json =
            serde_json::from_str(&self.run(&["lint", path, "--select", rule, "--format", "json"])).unwrap();
        let sarif: Json =
            serde_json::from_str(&self.run(&["lint", path, "--select", rule, "--format", "sarif"])).unwrap();
        let gitlab: Json =
            serde_json::from_str(&self.run(&["lint", path, "--select", rule, "--format", "gitlab"])).unwrap();
        let place = |file: &Json, line: &Json| format!("{}:{line}", file.as_str().unwrap());
        let findings = json["findings"].as_array().unwrap().iter();
        let found: Vec<String> = findings.map(|f| place(&f["labels"][0]["file"], &f["labels"][0]["line"])).collect();
        let results = sarif["runs"][0]["results"].as_array().unwrap().iter().map(|result| {
            let physical = &result["locations"][0]["physicalLocation"];
            place(&physical["artifactLocation"]["uri"], &physical["region"]["startLine"])
        });
        assert_eq!(results.collect::<Vec<_>>(), found);
        let issues = gitlab.as_array().unwrap().iter();
        let issues = issues.map(|issue| place(&issue["location"]["path"], &issue["location"]["lines"]["begin"]));
        assert_eq!(issues.collect::<Vec<_>>(), found);
        for file in found.iter().map(|place| place.split(':').next().unwrap()) {
            assert!(self.0.join(file).is_file(), "{file} is no file");
        }
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fixture(rule: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(rule);
    fs::read_to_string(folder.join("bad.yaml")).unwrap().replace("  namespace: shop\n", "")
}

const PATCH: &str = "\
# Production is different.
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: cart
spec:
  template:
    spec:
      containers:
        - name: cart
          env:
            - name: RELEASE_DISTRIBUTION
              value: sname   # why?
";

/// A base without a fault but that of a rule, and an overlay that adds one; more overlays as they are asked for.
fn overlays(name: &str, rule: &str, others: &[&str]) -> Option<Folder> {
    Tools::on_path().kubectl?;
    let base = fixture(rule);
    let folder = Folder::new(
        name,
        &[
            ("k8s/base/cart.yaml", &base),
            ("k8s/base/kustomization.yaml", "resources: [cart.yaml]\n"),
            (
                "k8s/overlays/prod/kustomization.yaml",
                "namespace: shop\nresources: [../../base]\npatches:\n  - path: node.yaml\n",
            ),
            ("k8s/overlays/prod/node.yaml", PATCH),
        ],
    );
    for other in others {
        let text = format!("namespace: {other}\nresources: [../../base]\n");
        folder.write(&format!("k8s/overlays/{other}/kustomization.yaml"), &text);
    }
    Some(folder)
}

#[test]
fn findings_are_in_the_file_that_says_it() {
    let Some(folder) = overlays("places", "204-service-without-ports", &["staging"]) else { return };
    assert_eq!(folder.files("k8s", "BG101"), ["k8s/overlays/prod/node.yaml:13"]);
    // Both overlays have it.
    assert_eq!(folder.files("k8s", "BG204"), ["k8s/base/cart.yaml:8"; 2]);
    let human = folder.run(&["lint", "k8s", "--select", "BG101"]);
    assert!(
        human.contains("13 |               value: sname   # why?\n   |                      ^^^^^ short names\n"),
        "{human}"
    );
    assert!(human.contains("::: k8s/base/cart.yaml:"), "{human}");
    assert!(human.contains("= rendered from: k8s/overlays/prod\n"), "{human}");
    // Whatever it is called there.
    let renamed =
        "namePrefix: prod-\nnameSuffix: -blue\n".to_owned() + &folder.read("k8s/overlays/prod/kustomization.yaml");
    folder.write("k8s/overlays/prod/kustomization.yaml", &renamed);
    assert_eq!(folder.files("k8s", "BG101"), ["k8s/overlays/prod/node.yaml:13"]);
}

#[test]
fn a_value_is_mended_where_the_overlay_says_it_and_a_base_of_several_is_not() {
    let Some(folder) = overlays("several", "204-service-without-ports", &["staging"]) else { return };
    let base = folder.read("k8s/base/cart.yaml");
    let said = folder.run(&["fix", "k8s"]);
    assert_eq!(folder.read("k8s/overlays/prod/node.yaml"), PATCH.replace("sname   #", "name   #"), "{said}");
    assert_eq!(folder.read("k8s/base/cart.yaml"), base, "{said}");
    let why = "not written: k8s/base/cart.yaml belongs to k8s/overlays/prod and k8s/overlays/staging: all of them would change; by hand: declare a port\n";
    assert!(said.contains(why), "{said}");
    // Nor if the other one is not among what is judged.
    let said = folder.run(&["fix", "k8s/overlays/staging", "k8s/base"]);
    assert!(said.contains("belongs to k8s/overlays/prod and k8s/overlays/staging"), "{said}");
    assert_eq!(folder.read("k8s/base/cart.yaml"), base);
}

#[test]
fn a_base_of_one_overlay_is_mended_if_it_was_given() {
    let Some(folder) = overlays("alone", "204-service-without-ports", &[]) else { return };
    let said = folder.run(&["fix", "k8s/overlays/prod"]);
    assert!(said.contains("k8s/base/cart.yaml is "), "{said}");
    assert!(said.contains(", outside of what was given; by hand: declare a port\n"), "{said}");
    folder.run(&["fix", "k8s"]);
    let fixed = fixture("204-service-without-ports").replacen(
        "name: cart\n---",
        "name: cart\n  ports:\n    - name: epmd\n      port: 4369\n---",
        1,
    );
    assert_eq!(folder.read("k8s/base/cart.yaml"), fixed);
    assert_eq!(folder.run(&["fix", "k8s"]), "nothing to fix\n");
}

#[test]
fn patches_that_are_no_files_are_left_alone() {
    let Some(folder) = overlays("inline", "204-service-without-ports", &[]) else { return };
    let kustomization = "namespace: shop\nresources: [../../base]\npatches:\n  - patch: |-\n      apiVersion: apps/v1\n      kind: StatefulSet\n      metadata: {name: cart}\n      spec: {template: {spec: {containers: [{name: cart, env: [{name: RELEASE_DISTRIBUTION, value: sname}]}]}}}\n  - target: {kind: StatefulSet}\n    path: ops.yaml\n";
    folder.write("k8s/overlays/prod/kustomization.yaml", kustomization);
    folder.write("k8s/overlays/prod/ops.yaml", "- op: replace\n  path: /spec/serviceName\n  value: till\n");
    assert_eq!(folder.files("k8s", "BG101"), ["k8s/overlays/prod/kustomization.yaml:4"]);
    let said = folder.run(&["fix", "k8s", "--unsafe"]);
    let why = "not written: a patch that is not edited says it, k8s/overlays/prod/kustomization.yaml:4; by hand: set";
    assert!(said.contains(why), "{said}");
    assert_eq!(folder.read("k8s/overlays/prod/kustomization.yaml"), kustomization);
    folder.write("k8s/overlays/prod/kustomization.yaml", &kustomization.replace("value: sname", "value: name"));
    assert_eq!(folder.files("k8s", "BG213"), ["k8s/overlays/prod/ops.yaml:3"]);
    let said = folder.run(&["fix", "k8s", "--unsafe"]);
    assert!(said.contains("a patch that is not edited says it, k8s/overlays/prod/ops.yaml:3;"), "{said}");
}

#[test]
fn a_variable_goes_where_the_one_below_it_stands() {
    let Some(folder) = overlays("anchor", "105-reference-never-expands", &["staging"]) else { return };
    let node = "            # who we are\n            - name: RELEASE_NODE\n              value: cart@$(MY_POD_NAME).cart.$(NS).svc.cluster.local\n";
    let head = PATCH.split_once("            - name").unwrap().0;
    folder.write("k8s/overlays/prod/node.yaml", &format!("{head}{node}"));
    let said = folder.run(&["fix", "k8s/overlays", "--unsafe"]);
    let fixed = folder.read("k8s/overlays/prod/node.yaml");
    assert!(
        fixed.starts_with(head) && fixed.contains("            # who we are\n            - name: RELEASE_NODE\n"),
        "{said}\n{fixed}"
    );
}

#[test]
fn what_was_not_rendered_is_not_written_as_if_it_were_all() {
    let files = [
        ("k8s/base/cart.yaml", fixture("204-service-without-ports")),
        ("k8s/base/kustomization.yaml", "resources: [cart.yaml]\n".to_owned()),
        ("k8s/prod/kustomization.yaml", "resources: [../base]\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let folder = Folder::new("unrendered", &files);
    let said = folder.run(&["fix", "k8s", "--no-render"]);
    assert!(
        said.contains("not written: k8s/prod was not rendered, and makes something else of it; by hand: "),
        "{said}"
    );
    assert!(said.contains("note: the kustomization in k8s/prod was not rendered: `--no-render` was given\n"), "{said}");
    assert_eq!(folder.read("k8s/base/cart.yaml"), fixture("204-service-without-ports"));
    // One that adds nothing says what its files say.
    fs::remove_dir_all(folder.0.join("k8s/prod")).unwrap();
    assert!(folder.run(&["fix", "k8s", "--no-render"]).ends_with("1 finding fixed in 1 file\n"));
}

const TEMPLATE: &str = "\
{{- if .Values.node }}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .Release.Name }}
spec:
  serviceName: {{ .Release.Name }}
  selector:
    matchLabels:
      {{- include \"labels\" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include \"labels\" . | nindent 8 }}
        beamgate.dev/strategy: Kubernetes.DNSSRV
      annotations:
        beamgate.dev/basename: cart
        beamgate.dev/service: {{ .Release.Name }}
    spec:
      containers:
        - name: cart
          image: {{ .Values.image }}
          env:
            - name: MY_POD_IP
              valueFrom: {fieldRef: {fieldPath: status.podIP}}
            - name: RELEASE_DISTRIBUTION
              value: name
            - name: RELEASE_NODE
              value: {{ printf \"cart@%s\" .Values.node.host | quote }}
{{- end }}
";

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: cart
spec:
  clusterIP: None
  selector:
    app.kubernetes.io/name: cart
";

const RENDERED: &str = "\
---
# Source: cart/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: cart
spec:
  clusterIP: None
  selector:
    app.kubernetes.io/name: cart
---
# Source: cart/templates/statefulset.yaml
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: cart
spec:
  serviceName: cart
  selector:
    matchLabels:
      app.kubernetes.io/name: cart
  template:
    metadata:
      labels:
        app.kubernetes.io/name: cart
        beamgate.dev/strategy: Kubernetes.DNSSRV
      annotations:
        beamgate.dev/basename: cart
        beamgate.dev/service: cart
    spec:
      containers:
        - name: cart
          image: cluster-demo:1
          env:
            - name: MY_POD_IP
              valueFrom: {fieldRef: {fieldPath: status.podIP}}
            - name: RELEASE_DISTRIBUTION
              value: name
            - name: RELEASE_NODE
              value: \"cart@$(MY_POD_IP)\"
";

fn chart(name: &str) -> Folder {
    Folder::new(
        name,
        &[
            ("deploy/cart/Chart.yaml", "apiVersion: v2\nname: cart\nversion: 1.0.0\n"),
            ("deploy/cart/values.yaml", "image: cluster-demo:1\nnode:\n  # How peers dial it.\n  host: $(MY_POD_IP)\n"),
            ("deploy/cart/templates/statefulset.yaml", TEMPLATE),
            ("deploy/cart/templates/service.yaml", SERVICE),
            ("rendered.yaml", RENDERED),
        ],
    )
}

#[test]
fn findings_of_a_chart_are_in_its_templates_which_nobody_edits() {
    let folder = chart("chart");
    folder.tool("helm", &format!("cat {}", folder.0.join("rendered.yaml").display()));
    assert_eq!(folder.files("deploy", "BG301"), ["deploy/cart/templates/statefulset.yaml:29"]);
    assert_eq!(folder.files("deploy", "BG204"), ["deploy/cart/templates/service.yaml:5"]);
    let said = folder.run(&["fix", "deploy", "--unsafe"]);
    let why = "not written: a template of a chart makes it, deploy/cart/templates/statefulset.yaml:29, which takes `node.host` (deploy/cart/values.yaml:4); by hand: name the node as it is dialled\n";
    assert!(said.contains(why), "{said}");
    assert!(said.contains("makes it, deploy/cart/templates/service.yaml:5; by hand: declare a port\n"), "{said}");
    assert_eq!((folder.read("deploy/cart/templates/service.yaml").as_str(), SERVICE), (SERVICE, SERVICE));
}

#[test]
fn a_comment_in_a_template_silences_what_its_line_comes_to() {
    let folder = chart("comment");
    folder.tool("helm", &format!("sed 's/Values.node.host/x/' {}", folder.0.join("rendered.yaml").display()));
    let ignoring = TEMPLATE.replace("| quote }}", "| quote }} # beamgate: ignore[BG301] the proxy knows");
    folder.write("deploy/cart/templates/statefulset.yaml", &ignoring);
    assert_eq!(folder.files("deploy", "BG301"), Vec::<String>::new());
    let said = folder.run(&["lint", "deploy"]);
    assert!(!said.contains("BG005"), "{said}");
}

#[test]
fn without_helm_its_templates_are_no_manifests_to_write_to() {
    let folder = chart("no-helm");
    let workload = RENDERED.split_once("statefulset.yaml\n").unwrap().1;
    folder.write("deploy/cart/templates/statefulset.yaml", workload);
    for arguments in [
        ["fix", "deploy", "--no-render"],
        ["fix", "deploy/cart/templates/service.yaml", "deploy/cart/templates/statefulset.yaml"],
    ] {
        let said = folder.run(&arguments);
        assert!(
            said.contains("not written: it is a template of the chart in deploy/cart; by hand: declare a port\n"),
            "{said}"
        );
        assert_eq!(folder.read("deploy/cart/templates/service.yaml"), SERVICE);
        assert_eq!(folder.read("deploy/cart/templates/statefulset.yaml"), workload);
    }
}
