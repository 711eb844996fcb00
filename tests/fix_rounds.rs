//! What was mended is judged again: nothing may be worse for it, and what can be seen only then is said and mended too.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use beamgate::cli::fix::FixArgs;
use beamgate::report::model::WorkloadVerdict;
use beamgate::rules::finding::Severity;

/// What `beamgate fix` makes of standard input, and what it says.
fn fix(text: &str, arguments: &[&str]) -> (String, String) {
    use std::io::Write as _;
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    command.arg("fix").args(arguments).arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.current_dir(std::env::temp_dir()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn service(name: &str, selects: &str, rest: &str) -> String {
    let head = "apiVersion: v1\nkind: Service\nmetadata: {namespace: shop, name: ";
    format!("{head}{name}}}\nspec:\n  clusterIP: None\n  selector: {{app: {selects}}}\n{rest}---\n")
}

/// A StatefulSet that asks for the SRV records of a Service, and is called as they say.
fn nodes(name: &str, service: &str) -> String {
    format!(
        "\
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: {name}, namespace: shop}}
spec:
  serviceName: {service}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata:
      labels: {{app: {name}, beamgate.dev/strategy: Kubernetes.DNSSRV}}
      annotations: {{beamgate.dev/basename: {name}, beamgate.dev/service: {service}}}
    spec:
      containers:
        - name: {name}
          image: registry.example/{name}:1
          env:
            - name: MY_POD_NAME
              valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}
            - name: MY_POD_NAMESPACE
              valueFrom: {{fieldRef: {{fieldPath: metadata.namespace}}}}
            - name: RELEASE_DISTRIBUTION
              value: name
            - name: RELEASE_NODE
              value: {name}@$(MY_POD_NAME).{service}.$(MY_POD_NAMESPACE).svc.cluster.local
            - name: RELEASE_COOKIE
              valueFrom: {{secretKeyRef: {{name: {name}, key: cookie}}}}
---
"
    )
}

const PORTS: &str = "  ports: [{name: epmd, port: 4369}]\n";

#[test]
fn what_would_break_another_workload_is_not_made() {
    // The Service is the till's, which forms; to select the cart's pods would take it away.
    let text = service("nodes", "till", PORTS) + &nodes("till", "nodes") + &nodes("cart", "nodes");
    let (fixed, said) = fix(&text, &["--unsafe"]);
    assert_eq!(fixed, text, "{said}");
    let harm =
        "not written: it would cause BG206 service-selects-others: `shop/nodes` selects `app=cart`; these pods are";
    assert!(said.contains(harm), "{said}");
    assert!(said.contains("(StatefulSet shop/till); by hand: select labels that these pods carry\n"), "{said}");
}

#[test]
fn one_that_harms_keeps_no_other_from_being_made() {
    let harmful = service("nodes", "till", PORTS) + &nodes("till", "nodes") + &nodes("cart", "nodes");
    let harmless: String =
        ["one", "two", "three"].iter().map(|name| service(name, name, "") + &nodes(name, name)).collect();
    let (fixed, said) = fix(&(harmless.clone() + &harmful), &["--unsafe"]);
    assert!(fixed.ends_with(&harmful), "{said}");
    for name in ["one", "two", "three"] {
        assert!(fixed.contains(&service(name, name, "  ports:\n    - name: epmd\n      port: 4369\n")), "{said}");
    }
    assert!(said.contains("3 findings fixed in 1 file, 1 finding left\n"), "{said}");
}

#[test]
fn a_declaration_breaks_nothing() {
    // What is declared is not what the code says: the nodes do not form, whatever is said of them.
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/008-declaration-contradicts-code/warn-basename.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    let output = command.args(["fix", "--diff", "--unsafe", "--select", "BG008"]).arg(file).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("would fix BG008 declaration-contradicts-code of Deployment shop/cart (unsafe): "), "{said}");
    assert!(said.contains("now visible: BG301 name-mismatch: "), "{said}");
}

#[test]
fn what_others_hid_is_said_and_mended() {
    let text = service("cart", "cart", PORTS)
        + &nodes("cart", "cart")
            .replace("value: name\n", "value: sname\n")
            .replace("(MY_POD_NAME).cart", "(MY_POD_NAME).till");
    let (fixed, said) = fix(&text, &[]);
    assert!(said.contains("fixed BG101 long-name-needs-name of StatefulSet shop/cart (safe): "), "{said}");
    assert!(said.contains("fixed BG301 name-mismatch of StatefulSet shop/cart (safe, now visible): "), "{said}");
    assert_eq!(fix(&fixed, &[]).0, fixed);

    // What was not asked for is left, and said.
    let (_, said) = fix(&text, &["--select", "BG101"]);
    assert!(said.contains("now visible: BG301 name-mismatch: "), "{said}");
    assert!(
        said.contains("  not among the rules that were selected; by hand: name the node as it is dialled\n"),
        "{said}"
    );
}

/// The findings of a text by rule and workload, and how each workload stands.
fn judged(
    text: &str,
    config: Option<&Path>,
) -> (BTreeMap<String, (Severity, usize)>, BTreeMap<String, WorkloadVerdict>) {
    let folder = std::env::temp_dir().join(format!("beamgate-rounds-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("app.yaml");
    fs::write(&file, text).unwrap();
    match config {
        Some(config) => drop(fs::copy(config, folder.join("beamgate.toml")).unwrap()),
        None => drop(fs::remove_file(folder.join("beamgate.toml"))),
    }
    let report = beamgate::cli::lint::report(&file, &mut std::io::empty()).unwrap();
    let findings = report.findings.iter().fold(BTreeMap::new(), |mut found, finding| {
        found.entry(finding.fingerprint.clone()).or_insert((finding.severity, 0)).1 += 1;
        found
    });
    (findings, report.workloads.into_iter().map(|workload| (workload.title, workload.verdict)).collect())
}

fn names_files(config: &str) -> bool {
    ["env-sh", "vm-args", "app-source"].iter().any(|key| config.contains(key))
}

fn fixtures() -> impl Iterator<Item = PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    files.filter(|path| path.extension().is_some_and(|end| end == "yaml"))
}

#[test]
fn no_fixture_is_worse_for_being_mended_and_none_changes_twice() {
    for file in fixtures() {
        // Only a configuration that names no other file can be used elsewhere.
        let config = Some(file.with_file_name("beamgate.toml")).filter(|config| config.is_file());
        if config.as_ref().is_some_and(|config| names_files(&fs::read_to_string(config).unwrap())) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for all in [false, true] {
            let input = beamgate::cli::session::InputArgs { config: config.clone(), ..Default::default() };
            let args = FixArgs { input, all, ..FixArgs::default() };
            let fixed = beamgate::cli::fix::text(&text, &args).unwrap();
            assert_eq!(beamgate::cli::fix::text(&fixed, &args).unwrap(), fixed, "{}", file.display());
            let ((before, stood), (after, stands)) =
                (judged(&text, config.as_deref()), judged(&fixed, config.as_deref()));
            for (title, stood) in stood {
                let forms = |verdict: &WorkloadVerdict| *verdict == WorkloadVerdict::Forms;
                assert!(!forms(&stood) || forms(&stands[&title]), "{} breaks {title}", file.display());
            }
            let errors = |found: &BTreeMap<String, (Severity, usize)>| {
                found
                    .values()
                    .filter(|(severity, _)| *severity == Severity::Error)
                    .map(|(_, count)| count)
                    .sum::<usize>()
            };
            // What stood behind a fault may be seen now; where there was none, there is none.
            assert!(errors(&before) > 0 || errors(&after) == 0, "{}", file.display());
            assert!(fixed == text || after != before, "{}: it changed, and nothing is better", file.display());
        }
    }
}

/// A Deployment whose pods are found with all others that the Service `cart` selects.
fn found(name: &str, cookie: &str) -> String {
    format!(
        "\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: cart, role: {name}}}}}
  template:
    metadata:
      labels: {{app: cart, role: {name}, beamgate.dev/strategy: Kubernetes.DNS}}
      annotations: {{beamgate.dev/basename: cart, beamgate.dev/service: cart}}
    spec:
      containers:
        - name: cart
          image: registry.example/cart:1
          env:
            - name: MY_POD_IP
              valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}
            - name: RELEASE_DISTRIBUTION
              value: name
            - name: RELEASE_NODE
              value: cart@$(MY_POD_IP)
{cookie}---
"
    )
}

const SECRET: &str = "            - name: RELEASE_COOKIE
              valueFrom:
                secretKeyRef:
                  name: web-cookie
                  key: cookie
";

#[test]
fn workloads_that_had_one_cookie_are_given_one_secret() {
    let text = |cookie: &str| format!("            - name: RELEASE_COOKIE\n              value: {cookie}\n");
    let secrets = |web: &str, worker: &str| {
        let manifest = service("cart", "cart", PORTS) + &found("web", web) + &found("worker", worker);
        let (fixed, said) = fix(&manifest, &["--unsafe", "--select", "BG601,BG602"]);
        let names = fixed.lines().filter_map(|line| line.trim().strip_prefix("name: ")).map(str::to_owned);
        (names.filter(|name| name.ends_with("-cookie")).collect::<Vec<_>>(), said)
    };
    let (one, two) = (text("einsehrlanger"), text("einzweitlanger"));
    for (cookies, names) in [
        ((one.as_str(), one.as_str()), ["web-cookie", "web-cookie"]),
        (("", ""), ["web-cookie", "web-cookie"]),
        // These are two clusters, and stay so.
        ((one.as_str(), two.as_str()), ["web-cookie", "worker-cookie"]),
        ((SECRET, one.as_str()), ["web-cookie", "worker-cookie"]),
    ] {
        let (secrets, said) = secrets(cookies.0, cookies.1);
        assert_eq!(secrets, names, "{said}");
        assert!(cookies.0 != cookies.1 || !said.contains("BG603"), "{said}");
        let commands = said.matches("kubectl create secret").count();
        let were_there = usize::from(cookies.0 == SECRET);
        assert_eq!(commands + were_there, if names[0] == names[1] { 1 } else { 2 }, "{said}");
    }
}
