//! What `beamgate advise` prints and writes, done: a bare app becomes one that forms.
//!
//! For each of the five leaves of the article's guide `advise --write` is run on a bare app. What it wrote is applied, and the
//! lines that it printed for `config/runtime.exs` and `rel/env.sh.eex` are put into the image, where the release evaluates them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::app::Kind;
use crate::cluster;
use crate::lint;
use crate::observe::Fate;
use crate::stage::{self, Image, Outcome, Scene, judged};

/// A leaf of the guide: what it asks, and what it comes to.
struct Leaf {
    account: bool,
    kind: Kind,
    strategy: &'static str,
}

const LEAVES: [Leaf; 5] = [
    Leaf { account: false, kind: Kind::Deployment, strategy: "Kubernetes.DNS" },
    Leaf { account: false, kind: Kind::StatefulSet, strategy: "Kubernetes.DNSSRV" },
    Leaf { account: true, kind: Kind::Deployment, strategy: "Kubernetes:ip" },
    Leaf { account: true, kind: Kind::Deployment, strategy: "Kubernetes:dns" },
    Leaf { account: true, kind: Kind::StatefulSet, strategy: "Kubernetes:hostname" },
];

/// Who names the node, of the two that may.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Namer {
    /// The manifest as it was written; the image's script leaves what it says, where it says something.
    Manifest,
    /// The image's script alone: what the manifest says of the name is taken out.
    Script,
}

/// What was advised, ready to be played.
struct Advised {
    leaf: &'static Leaf,
    namer: Namer,
    /// What was chosen, in full: `Kubernetes:ip:pods`.
    chosen: String,
    scene: Scene,
    /// What `lint` says of the manifests as they were written.
    verdict: String,
}

/// Plays all leaves and writes `docs/advise-proofs.md`.
pub(crate) fn run() -> Vec<String> {
    let mut advised: Vec<Advised> = LEAVES.iter().map(|leaf| advise(leaf, Namer::Manifest)).collect();
    advised
        .extend(LEAVES.iter().filter(|leaf| leaf.strategy != "Kubernetes:dns").map(|leaf| advise(leaf, Namer::Script)));
    let bare = [Kind::Deployment, Kind::StatefulSet].map(bare_scene);
    let scenes: Vec<Scene> = bare.iter().cloned().chain(advised.iter().map(|one| one.scene.clone())).collect();
    let outcomes = stage::play(&scenes);
    let mut wrong = Vec::new();
    let mut page = HEAD.to_owned();
    // What forms by itself proves nothing.
    for (scene, outcome) in bare.iter().zip(&outcomes) {
        if outcome.fate() != Fate::DoesNotForm {
            wrong.push(format!("{}: it {}", scene.title, outcome.fate()));
        }
        page += &format!("| {} | | | nobody | | {} |\n", scene.title, outcome.fate());
    }
    for (one, outcome) in advised.iter().zip(&outcomes[bare.len()..]) {
        wrong.extend(one.disagreements(outcome).into_iter().map(|what| format!("{}: {what}", one.scene.title)));
        page += &one.row(outcome);
    }
    fs::write(cluster::root().join("docs/advise-proofs.md"), page).unwrap();
    wrong
}

/// Runs `advise --write` on a bare app, and takes from it what it wrote and printed.
fn advise(leaf: &'static Leaf, namer: Namer) -> Advised {
    let folder = folder(leaf);
    let file = folder.join("cart.yaml");
    fs::write(&file, bare(leaf.kind)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    command.args(["advise", "cart"]).arg(&folder).args(["--strategy", leaf.strategy, "--write", "--format", "json"]);
    let output = cluster::feed(&mut command, "");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "beamgate advise --strategy {}: {complaint}", leaf.strategy);
    let advice: Value = serde_json::from_slice(&output.stdout).unwrap();
    let line = |key: &str| advice["chosen"][key].as_str().unwrap_or_default().to_owned();
    let files = vec![("env.sh", line("env_sh")), ("runtime.exs", format!("import Config\n\n{}", line("runtime_exs")))];
    let manifest = fs::read_to_string(&file).unwrap();
    let verdict = lint::file(&file, &[]).workloads[0].verdict.clone();
    let manifest = if namer == Namer::Script { without_names(&manifest) } else { manifest };
    let by = if namer == Namer::Script { ", named by its image" } else { "" };
    let title = format!("{:?}: {}{by}", leaf.kind, leaf.strategy);
    let images = vec![Image { app: "cart".to_owned(), files }];
    Advised { leaf, namer, chosen: line("name"), scene: Scene { title, manifest, images }, verdict }
}

fn folder(leaf: &Leaf) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("advise-{:?}-{}", leaf.kind, leaf.strategy));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The manifest without the two variables that make a name, each of two lines.
fn without_names(manifest: &str) -> String {
    let mut lines = manifest.lines();
    let mut kept = Vec::new();
    while let Some(line) = lines.next() {
        if ["RELEASE_NODE", "RELEASE_DISTRIBUTION"].iter().any(|name| line.trim() == format!("- name: {name}")) {
            lines.next();
        } else {
            kept.push(line);
        }
    }
    assert!(kept.len() + 4 == manifest.lines().count(), "no name is written in\n{manifest}");
    kept.join("\n") + "\n"
}

/// A workload and a plain Service: no clustering.
fn bare(kind: Kind) -> String {
    let governed = if kind == Kind::StatefulSet { "\n  serviceName: cart" } else { "" };
    BARE.replace("{kind}", &format!("{kind:?}")).replace("{governed}", governed)
}

fn bare_scene(kind: Kind) -> Scene {
    Scene { title: format!("{kind:?}, bare"), manifest: bare(kind), images: Vec::new() }
}

impl Advised {
    /// What is not as it was advised.
    fn disagreements(&self, outcome: &Outcome) -> Vec<String> {
        let (fate, log) = (outcome.fate(), outcome.log());
        let mut wrong = Vec::new();
        if fate != Fate::Forms {
            wrong.push(format!("it {fate} {}", outcome.refused.as_deref().unwrap_or_default()));
        }
        if self.verdict != "forms" {
            wrong.push(format!("lint says of what was written: {}", self.verdict));
        }
        if !log.contains("cart-configured by") {
            wrong.push("nobody evaluates runtime.exs".to_owned());
        }
        let names = self.names(outcome);
        if names != [self.name()] {
            wrong.push(format!("its nodes are called {names:?}"));
        }
        wrong
    }

    /// What the strategy dials.
    fn name(&self) -> &'static str {
        match self.leaf.strategy {
            "Kubernetes:dns" => "cart@{pod-ip-dashed}.shop.pod.cluster.local",
            "Kubernetes:hostname" | "Kubernetes.DNSSRV" => "cart@{pod-name}.cart-headless.shop.svc.cluster.local",
            _ => "cart@{pod-ip}",
        }
    }

    fn names(&self, outcome: &Outcome) -> Vec<String> {
        judged(&outcome.workloads).flat_map(|one| outcome.names(one)).collect()
    }

    fn row(&self, outcome: &Outcome) -> String {
        let account = if self.leaf.account { "yes" } else { "no" };
        let namer = match (self.namer, self.leaf.strategy) {
            (Namer::Manifest, "Kubernetes:dns") | (Namer::Script, _) => "`rel/env.sh`",
            _ => "the manifest",
        };
        let names: Vec<String> = self.names(outcome).iter().map(|name| format!("`{name}`")).collect();
        let kind = format!("{:?}", self.leaf.kind);
        format!("| {kind} | {account} | {} | {namer} | {} | {} |\n", self.chosen, names.join(" "), outcome.fate())
    }
}

const BARE: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: cart
  namespace: shop
spec:
  selector:
    app.kubernetes.io/name: cart
  ports:
    - name: http
      port: 80
      targetPort: 4000
---
apiVersion: apps/v1
kind: {kind}
metadata:
  name: cart
  namespace: shop
spec:{governed}
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: cart
  template:
    metadata:
      labels:
        app.kubernetes.io/name: cart
    spec:
      containers:
        - name: cart
          image: cluster-demo:1
";

const HEAD: &str = "\
<!-- Written by `cargo test --test cluster -- advise`. -->
# What was advised forms

For each leaf of the article's guide (\"Which one to use?\"), `beamgate advise --write` was run on a bare app: a workload and a plain
Service, which the first two rows are. What it wrote was applied to a real Kubernetes cluster, and the lines that it printed for
`config/runtime.exs` and `rel/env.sh.eex` were put into the image of real Erlang nodes, which evaluated them. Where the manifest
names the node, the same was played once more without what it says of the name, so that the printed script has to give it.

| workload | account for the API | strategy | named by | the nodes' names | seen |
|---|---|---|---|---|---|
";
