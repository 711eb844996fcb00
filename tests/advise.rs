//! `beamgate advise`: the five leaves of the article's guide, and that what is advised is what `lint` then says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder with one manifest.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, manifest: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("advising").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("cart.yaml"), manifest).unwrap();
        Self(folder)
    }

    fn manifest(&self) -> String {
        fs::read_to_string(self.0.join("cart.yaml")).unwrap()
    }

    fn run(&self, command: &[&str], options: &[&str]) -> Output {
        let mut beamgate = Command::new(env!("CARGO_BIN_EXE_beamgate"));
        beamgate.args(command).arg(".").args(options).current_dir(&self.0).output().unwrap()
    }

    fn advise(&self, options: &[&str]) -> Value {
        let output = self.run(&["advise", "cart", "--format", "json"], options);
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {complaint}"))
    }

    /// What `lint` finds of an app with the printed lines.
    fn with_app(&self, chosen: &Value) -> String {
        let app = self.0.join("app");
        let line = |key: &str| chosen[key].as_str().unwrap_or_default();
        let application = format!(
            "defmodule Cart do\n  def start(_, _) do\n    children = [\n      {}\n    ]\n    Supervisor.start_link(children, [])\n  end\nend\n",
            line("child")
        );
        for (file, text) in [
            ("mix.exs", format!("defmodule Cart.MixProject do\n  def deps, do: [{}]\nend\n", line("mix_exs"))),
            ("config/runtime.exs", format!("import Config\n\n{}", line("runtime_exs"))),
            ("lib/cart.ex", application),
        ] {
            fs::create_dir_all(app.join(file).parent().unwrap()).unwrap();
            fs::write(app.join(file), text).unwrap();
        }
        let output = self.run(&["lint", "--format", "json", "--app", "app"], &[]);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        report["findings"].to_string()
    }

    fn verdict(&self, options: &[&str]) -> String {
        let output = self.run(&["lint", "--format", "json"], options);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["workloads"][0]["verdict"].as_str().unwrap().to_owned()
    }
}

/// A workload and a plain Service. A StatefulSet's governing Service may be another one.
fn bare(kind: &str, governing: &str) -> String {
    let governed = if kind == "StatefulSet" { format!("\n  serviceName: {governing}") } else { String::new() };
    BARE.replace("{kind}", kind).replace("{governed}", &governed)
}

const BARE: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: cart
  namespace: shop
spec:
  selector:
    app: cart
  ports:
    - port: 80
---
apiVersion: apps/v1
kind: {kind}
metadata:
  name: cart
  namespace: shop
spec:{governed}
  replicas: 3
  selector:
    matchLabels:
      app: cart
  template:
    metadata:
      labels:
        app: cart
    spec:
      containers:
        - name: cart
          image: registry.example/cart:1
";

fn find<'a>(advice: &'a Value, name: &str) -> &'a Value {
    let candidates = advice["candidates"].as_array().unwrap();
    candidates.iter().find(|candidate| candidate["name"] == name).unwrap()
}

fn rank(advice: &Value, name: &str) -> usize {
    advice["candidates"].as_array().unwrap().iter().position(|candidate| candidate["name"] == name).unwrap()
}

/// Without an account the best of all has to be the guide's; with one, the best of those that ask the API.
#[test]
fn the_five_leaves_of_the_guide() {
    for (kind, asked, best) in [
        ("Deployment", None, "Kubernetes.DNS"),
        ("StatefulSet", None, "Kubernetes.DNSSRV"),
        ("Deployment", Some("Kubernetes"), "Kubernetes:ip:pods"),
        ("Deployment", Some("Kubernetes:dns"), "Kubernetes:dns:pods"),
        ("StatefulSet", Some("Kubernetes"), "Kubernetes:hostname:endpoints"),
    ] {
        let folder = Folder::new("leaves", &bare(kind, "cart-headless"));
        let options = asked.map_or_else(Vec::new, |strategy| vec!["--strategy", strategy]);
        let advice = folder.advise(&options);
        assert_eq!(advice["chosen"]["name"], best, "{kind} {asked:?}");
        let candidate = find(&advice, best);
        assert_eq!((&candidate["guide"], &candidate["verdict"]), (&true.into(), &"forms".into()), "{kind} {best}");
        assert_eq!(candidate["rights"].is_null(), asked.is_none(), "{kind} {best}");
        assert_eq!(candidate["recreated"], 0, "{kind} {best}");
    }
}

/// Where a StatefulSet's governing Service has an address, what keeps names takes to make it again, and the others do not.
#[test]
fn a_stateful_set_that_has_to_be_made_again_is_no_first_choice() {
    let advice = Folder::new("again", &bare("StatefulSet", "cart")).advise(&[]);
    assert_eq!(advice["chosen"]["name"], "Kubernetes.DNS");
    for name in ["Kubernetes.DNSSRV", "Kubernetes:hostname:pods"] {
        assert_eq!((&find(&advice, name)["verdict"], &find(&advice, name)["recreated"]), (&"forms".into(), &1.into()));
    }
    assert!(rank(&advice, "Kubernetes.DNSSRV") < rank(&advice, "Kubernetes:hostname:endpoints"));
}

#[test]
fn what_is_written_is_what_lint_then_says() {
    for (kind, governing) in [("Deployment", ""), ("StatefulSet", "cart")] {
        let before = bare(kind, governing);
        let folder = Folder::new("written", &before);
        let ranking = folder.advise(&[]);
        assert_eq!(folder.manifest(), before, "nothing is written without --write");
        for candidate in ranking["candidates"].as_array().unwrap() {
            let name = candidate["name"].as_str().unwrap();
            let folder = Folder::new("written", &before);
            let advice = folder.advise(&["--strategy", name, "--write"]);
            assert_eq!(advice["chosen"]["written"][0], "cart.yaml");
            let title = format!("{kind} {governing} {name}");
            assert_eq!(folder.verdict(&[]), candidate["verdict"].as_str().unwrap(), "{title}");
            if candidate["verdict"] == "forms" {
                fs::write(folder.0.join("env.sh"), advice["chosen"]["env_sh"].as_str().unwrap()).unwrap();
                assert_eq!(folder.verdict(&["--env-sh", "env.sh"]), "forms", "{title}, with the printed script");
                let again = folder.advise(&["--strategy", name]);
                assert_eq!((&again["declares"], &again["chosen"]["diff"]), (&name.into(), &"".into()), "{title}");
                assert_eq!(again["chosen"]["runtime_exs"], advice["chosen"]["runtime_exs"], "{title}");
                let findings = folder.with_app(&advice["chosen"]);
                assert!(
                    !findings.contains("BG008"),
                    "{title}: the printed configuration says something else: {findings}"
                );
            }
        }
    }
}

/// What is printed is compared: a word of it that is another one is found.
#[test]
fn another_configuration_than_the_printed_one_is_found_out() {
    let folder = Folder::new("contradiction", &bare("Deployment", ""));
    let mut advice = folder.advise(&["--write"]);
    assert!(!folder.with_app(&advice["chosen"]).contains("BG008"));
    let said = advice["chosen"]["runtime_exs"].as_str().unwrap().replace("cart-headless", "cart-nodes");
    advice["chosen"]["runtime_exs"] = said.into();
    assert!(folder.with_app(&advice["chosen"]).contains("BG008"));
}

/// What the code says now keeps nobody from another strategy.
#[test]
fn the_code_of_the_app_is_going_to_be_another() {
    let folder = Folder::new("code", &bare("Deployment", ""));
    folder.with_app(&folder.advise(&["--strategy", "DNSPoll"])["chosen"]);
    let advice = folder.advise(&["--app", "app"]);
    assert_eq!(advice["configures"][0], "DNSPoll");
    assert_eq!(
        (&advice["chosen"]["name"], &find(&advice, "Kubernetes.DNS")["verdict"]),
        (&"Kubernetes.DNS".into(), &"forms".into())
    );
}

/// The pod template then says what the configuration said.
#[test]
fn a_declaration_beside_the_manifests_moves_into_them() {
    let folder = Folder::new("toml", &bare("Deployment", ""));
    let toml = "[[app]]\nmatch = { name = \"cart\" }\nstrategy = \"Kubernetes\"\nbasename = \"shop\"\nselector = \"app=cart\"\n";
    fs::write(folder.0.join("beamgate.toml"), toml).unwrap();
    let advice = folder.advise(&["--write"]);
    assert_eq!(
        (&advice["declares"], &advice["chosen"]["name"]),
        (&"Kubernetes:ip:endpoints".into(), &"Kubernetes.DNS".into())
    );
    assert!(advice["chosen"]["then"][0].as_str().unwrap().contains("out of `[[app]]`"));
    assert_eq!(find(&advice, "Kubernetes:ip:endpoints")["declared"], true);
    fs::remove_file(folder.0.join("beamgate.toml")).unwrap();
    assert_eq!(folder.verdict(&[]), "forms");
}

/// The printed script alone names the node as well.
#[test]
fn the_printed_script_names_the_node_where_the_pod_does_not() {
    let folder = Folder::new("script", &bare("Deployment", ""));
    let advice = folder.advise(&["--write"]);
    let named = "            - name: RELEASE_DISTRIBUTION\n              value: name\n            - name: RELEASE_NODE\n              value: cart@$(MY_POD_IP)\n";
    let nameless = folder.manifest().replace(named, "");
    assert_ne!(nameless, folder.manifest());
    fs::write(folder.0.join("cart.yaml"), nameless).unwrap();
    assert_eq!(folder.verdict(&[]), "open");
    fs::write(folder.0.join("env.sh"), advice["chosen"]["env_sh"].as_str().unwrap()).unwrap();
    assert_eq!(folder.verdict(&["--env-sh", "env.sh"]), "forms");
}

#[test]
fn the_domain_of_the_cluster_decides() {
    let folder = Folder::new("domain", &bare("StatefulSet", "cart-headless"));
    let elsewhere = folder.advise(&["--cluster-domain", "prod.example"]);
    for (name, verdict) in
        [("Kubernetes:hostname:pods", "breaks"), ("Kubernetes:dns:pods", "breaks"), ("Kubernetes.DNSSRV", "forms")]
    {
        assert_eq!(find(&elsewhere, name)["verdict"], verdict, "{name}");
    }
    let srv = folder.advise(&["--cluster-domain", "prod.example", "--strategy", "Kubernetes.DNSSRV"]);
    assert!(
        srv["chosen"]["diff"]
            .as_str()
            .unwrap()
            .contains("+            - name: CLUSTER_DOMAIN\n+              value: prod.example\n")
    );
    let local = folder.advise(&["--cluster-domain", "prod.local", "--strategy", "Kubernetes:hostname"]);
    assert_eq!(find(&local, "Kubernetes:hostname:pods")["verdict"], "forms");
    assert!(local["chosen"]["runtime_exs"].as_str().unwrap().contains("kubernetes_cluster_name: \"prod\""));
}

#[test]
fn what_finds_no_addresses_of_ipv6_comes_last_of_those_that_form() {
    let ipv6 = bare("Deployment", "").replace("  ports:", "  ipFamilies: [IPv6]\n  ports:");
    let advice = Folder::new("ipv6", &ipv6).advise(&["--strategy", "DNSCluster"]);
    assert!(rank(&advice, "DNSCluster") < rank(&advice, "Kubernetes.DNS"));
    assert!(find(&advice, "Kubernetes.DNS")["reasons"].to_string().contains("no addresses of IPv6"));
    assert!(advice["chosen"]["env_sh"].as_str().unwrap().contains("-proto_dist inet6_tcp"));
}

#[test]
fn an_image_that_names_the_node_keeps_doing_so() {
    let declared = "      labels:\n        app: cart\n      annotations:\n        beamgate.dev/node-name: shop@{pod-ip}\n    spec:";
    let manifest = bare("Deployment", "").replace("      labels:\n        app: cart\n    spec:", declared);
    let folder = Folder::new("image", &manifest);
    let same = folder.advise(&[]);
    assert_eq!((&same["chosen"]["name"], &same["chosen"]["env_sh"]), (&"Kubernetes.DNS".into(), &Value::Null));
    assert!(same["chosen"]["runtime_exs"].as_str().unwrap().contains("application_name: \"shop\""));
    assert!(!same["chosen"]["diff"].as_str().unwrap().contains("RELEASE_NODE"));

    let other = folder.advise(&["--strategy", "Kubernetes:dns", "--write"]);
    let name = r#"export RELEASE_NODE="shop@$(echo "$MY_POD_IP" | tr . -).${MY_POD_NAMESPACE}.pod.cluster.local""#;
    assert!(other["chosen"]["env_sh"].as_str().unwrap().contains(name));
    assert!(folder.manifest().contains("node-name: shop@{pod-ip-dashed}.{namespace}.pod.cluster.local"));
    assert_eq!(folder.verdict(&[]), "forms");
}

/// What the webhook injects is not written.
#[test]
fn where_the_webhook_runs_no_name_is_written() {
    let folder = Folder::new("webhook", &bare("Deployment", ""));
    fs::write(folder.0.join("beamgate.toml"), "injection = \"webhook\"\n").unwrap();
    let advice = folder.advise(&["--write"]);
    assert_eq!(find(&advice, "Kubernetes.DNS")["verdict"], "forms");
    assert!(!folder.manifest().contains("RELEASE_NODE"));
}

/// A namespace that is written nowhere is read where the pods run.
#[test]
fn a_namespace_that_is_not_written_is_asked_for() {
    let folder = Folder::new("namespace", &bare("Deployment", "").replace("  namespace: shop\n", ""));
    let advice = folder.advise(&["--strategy", "DNSPoll", "--write"]);
    let query = r##"query: "cart-headless.#{System.fetch_env!("MY_POD_NAMESPACE")}.svc.cluster.local""##;
    assert!(advice["chosen"]["runtime_exs"].as_str().unwrap().contains(query));
    assert_eq!(folder.verdict(&[]), "forms");
}

/// What is declared and does not form is mended in the way that costs least.
#[test]
fn a_strategy_that_is_declared_may_ask_for_another_service() {
    let label = "        app: cart\n        beamgate.dev/strategy: Kubernetes.DNS\n      annotations:\n        beamgate.dev/basename: cart\n        beamgate.dev/service: cart\n    spec:";
    let manifest = bare("Deployment", "").replace("        app: cart\n    spec:", label);
    let advice = Folder::new("declared", &manifest).advise(&[]);
    assert_eq!((&advice["declares"], &advice["chosen"]["name"]), (&"Kubernetes.DNS".into(), &"Kubernetes.DNS".into()));
    let candidate = find(&advice, "Kubernetes.DNS");
    assert_eq!((&candidate["declared"], &candidate["recreated"]), (&true.into(), &0.into()));
    assert!(advice["chosen"]["diff"].as_str().unwrap().contains("+        beamgate.dev/service: cart-headless"));
}

/// A file of JSON has room for one object.
#[test]
fn what_cannot_be_written_is_said_and_the_rest_is_weighed() {
    let folder = Folder::new("json", BARE.split("---").next().unwrap());
    let headless = "apiVersion: v1\nkind: Service\nmetadata: {name: nodes, namespace: shop}\nspec: {clusterIP: None, selector: {app: cart}}\n";
    let workload = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart", "namespace": "shop"}, "spec": {
        "selector": {"matchLabels": {"app": "cart"}}, "template": {"metadata": {"labels": {"app": "cart"}},
        "spec": {"containers": [{"name": "cart", "image": "cart:1"}]}}}}"#;
    fs::write(folder.0.join("nodes.yaml"), headless).unwrap();
    fs::write(folder.0.join("cart.json"), workload).unwrap();
    let advice = folder.advise(&["--write"]);
    assert_eq!(advice["chosen"]["name"], "Kubernetes.DNS");
    assert_eq!(folder.verdict(&[]), "forms");
    let reason = &advice["unwritten"][0]["reason"];
    assert!(reason.as_str().unwrap().contains("JSON has one object in a file"), "{reason}");
}

/// A chart's or a kustomization's output is shown, and belongs where it comes from.
#[test]
fn what_is_not_a_file_is_not_written() {
    let folder = Folder::new("stdin", &bare("Deployment", ""));
    let mut beamgate = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    let output = beamgate.args(["advise", "cart", "-", "--write"]).current_dir(&folder.0).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--write is for files"));
}
