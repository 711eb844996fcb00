//! An app without any clustering: a workload and a plain Service.

use std::fs;
use std::path::PathBuf;

use crate::app::Kind;
use crate::observe::Fate;
use crate::parts::Seen;
use crate::stage::{self, Scene};

/// What forms by itself would prove nothing.
pub(super) fn play(seen: &mut Seen) {
    let kinds = [Kind::Deployment, Kind::StatefulSet];
    let scene = |kind| Scene { title: format!("{kind:?}, bare"), manifest: manifest(kind), ..Scene::default() };
    for (kind, outcome) in kinds.into_iter().zip(stage::play(&kinds.map(scene))) {
        let fate = outcome.fate();
        seen.expect(fate == Fate::DoesNotForm, format!("{kind:?}: it {fate}"));
        seen.row([&format!("{kind:?}"), &fate.to_string()]);
    }
}

/// The folder that `advise` is shown.
pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("advise")
}

/// The only file in it.
pub(super) fn file() -> PathBuf {
    folder().join("cart.yaml")
}

pub(super) fn write(kind: Kind) {
    fs::create_dir_all(folder()).unwrap();
    fs::write(file(), manifest(kind)).unwrap();
}

pub(super) fn manifest(kind: Kind) -> String {
    let governed = if kind == Kind::StatefulSet { "\n  serviceName: cart" } else { "" };
    MANIFEST.replace("{kind}", &format!("{kind:?}")).replace("{governed}", governed)
}

const MANIFEST: &str = "\
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
