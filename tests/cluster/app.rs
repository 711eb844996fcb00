//! A small app of every strategy, as the article that started this would deploy it: the matrix varies it, and random
//! apps break it.

use serde_json::{Value, json};

/// The namespace of its objects: whoever deploys it replaces that by another of the same length.
pub(crate) const NAMESPACE: &str = "shop";

/// How its nodes find each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    Kubernetes(Mode, Lookup),
    Dns,
    DnsSrv,
    DnsPoll,
    DnsCluster,
    Peerage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Ip,
    Dns,
    Hostname,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    Endpoints,
    Pods,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Deployment,
    StatefulSet,
}

/// Every strategy in every mode.
pub(crate) const STRATEGIES: [Strategy; 11] = [
    Strategy::Kubernetes(Mode::Ip, Lookup::Endpoints),
    Strategy::Kubernetes(Mode::Ip, Lookup::Pods),
    Strategy::Kubernetes(Mode::Dns, Lookup::Endpoints),
    Strategy::Kubernetes(Mode::Dns, Lookup::Pods),
    Strategy::Kubernetes(Mode::Hostname, Lookup::Endpoints),
    Strategy::Kubernetes(Mode::Hostname, Lookup::Pods),
    Strategy::Dns,
    Strategy::DnsSrv,
    Strategy::DnsPoll,
    Strategy::DnsCluster,
    Strategy::Peerage,
];

impl Strategy {
    /// All of it in a few words: `Kubernetes ip pods`.
    pub(crate) fn describe(self) -> String {
        let words = [Some(self.name()), self.mode(), self.lookup()];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// As the annotation calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kubernetes(..) => "Kubernetes",
            Self::Dns => "Kubernetes.DNS",
            Self::DnsSrv => "Kubernetes.DNSSRV",
            Self::DnsPoll => "DNSPoll",
            Self::DnsCluster => "DNSCluster",
            Self::Peerage => "Peerage",
        }
    }

    pub(crate) fn mode(self) -> Option<&'static str> {
        match self {
            Self::Kubernetes(Mode::Ip, _) => Some("ip"),
            Self::Kubernetes(Mode::Dns, _) => Some("dns"),
            Self::Kubernetes(Mode::Hostname, _) => Some("hostname"),
            _ => None,
        }
    }

    pub(crate) fn lookup(self) -> Option<&'static str> {
        match self {
            Self::Kubernetes(_, Lookup::Endpoints) => Some("endpoints"),
            Self::Kubernetes(_, Lookup::Pods) => Some("pods"),
            _ => None,
        }
    }

    /// What it dials, as a value of `RELEASE_NODE`; `dns` mode's dashes cannot be written there.
    pub(crate) fn release_node(self) -> Option<&'static str> {
        match self {
            Self::Kubernetes(Mode::Ip, _) | Self::Dns | Self::DnsPoll | Self::DnsCluster | Self::Peerage => {
                Some("cart@$(MY_POD_IP)")
            }
            Self::Kubernetes(Mode::Hostname, _) | Self::DnsSrv => {
                Some("cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local")
            }
            Self::Kubernetes(Mode::Dns, _) => None,
        }
    }

    fn annotations(self) -> Value {
        match self {
            Self::Kubernetes(mode, _) => {
                let mut annotations = json!({
                    "beamgate.dev/basename": "cart",
                    "beamgate.dev/mode": self.mode(),
                    "beamgate.dev/lookup": self.lookup(),
                    "beamgate.dev/selector": "app.kubernetes.io/name=cart",
                });
                match mode {
                    Mode::Ip => {}
                    Mode::Hostname => annotations["beamgate.dev/service"] = json!("cart"),
                    Mode::Dns => {
                        let name = "cart@{pod-ip-dashed}.{namespace}.pod.{cluster-domain}";
                        annotations["beamgate.dev/node-name"] = json!(name);
                    }
                }
                annotations
            }
            Self::Dns => json!({"beamgate.dev/basename": "cart", "beamgate.dev/service": "cart"}),
            Self::DnsSrv => json!({
                "beamgate.dev/basename": "cart",
                "beamgate.dev/service": "cart",
                "beamgate.dev/namespace": NAMESPACE,
            }),
            Self::DnsPoll | Self::DnsCluster | Self::Peerage => json!({
                "beamgate.dev/basename": "cart",
                "beamgate.dev/service": format!("cart.{NAMESPACE}.svc.cluster.local"),
            }),
        }
    }
}

/// The app's objects, to be changed at will.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) strategy: Strategy,
    pub(crate) objects: Vec<Value>,
}

impl App {
    /// One that forms, if the kind of workload has the names that the strategy asks for.
    pub(crate) fn new(strategy: Strategy, kind: Kind) -> Self {
        let objects = vec![service(), account(), role(), binding(), workload(strategy, kind)];
        Self { strategy, objects }
    }

    /// The first object of a kind; there is always one until it is removed.
    pub(crate) fn find(&mut self, kind: &str) -> Option<&mut Value> {
        self.objects.iter_mut().find(|object| object["kind"] == kind)
    }

    pub(crate) fn remove(&mut self, kind: &str) {
        self.objects.retain(|object| object["kind"] != kind);
    }

    /// Takes the name away, and what it is made of. The cookie stays, which nobody can guess.
    pub(crate) fn nameless(mut self) -> Self {
        self.env().retain(|variable| variable["name"] == "RELEASE_COOKIE");
        self.annotations().remove("beamgate.dev/node-name");
        self
    }

    /// Calls its nodes otherwise than their peers do: BG301, whatever else there is.
    pub(crate) fn misnamed(mut self) -> Self {
        self.env().retain(|one| one["name"] != "RELEASE_NODE");
        self.env().push(variable("RELEASE_NODE", "store@$(MY_POD_IP)"));
        self
    }

    pub(crate) fn workload(&mut self) -> &mut Value {
        self.objects.iter_mut().find(|object| object["spec"]["template"].is_object()).unwrap()
    }

    pub(crate) fn template(&mut self) -> &mut Value {
        &mut self.workload()["spec"]["template"]
    }

    pub(crate) fn annotations(&mut self) -> &mut serde_json::Map<String, Value> {
        self.template()["metadata"]["annotations"].as_object_mut().unwrap()
    }

    pub(crate) fn container(&mut self) -> &mut Value {
        &mut self.template()["spec"]["containers"][0]
    }

    pub(crate) fn env(&mut self) -> &mut Vec<Value> {
        self.container()["env"].as_array_mut().unwrap()
    }

    /// The objects as one List: JSON is YAML.
    pub(crate) fn manifest(&self) -> String {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": self.objects});
        serde_json::to_string_pretty(&list).unwrap()
    }
}

pub(crate) fn variable(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

pub(crate) fn field(name: &str, path: &str) -> Value {
    json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}})
}

fn labels() -> Value {
    json!({"app.kubernetes.io/name": "cart"})
}

fn meta(name: &str) -> Value {
    json!({"name": name, "namespace": NAMESPACE})
}

fn service() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "cart", "namespace": NAMESPACE, "labels": labels()},
        "spec": {"clusterIP": "None", "selector": labels(), "ports": [{"name": "epmd", "port": 4369}]},
    })
}

fn account() -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("cart")})
}

fn role() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": meta("cart"),
        "rules": [{"apiGroups": [""], "resources": ["endpoints", "pods"], "verbs": ["list"]}],
    })
}

fn binding() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": meta("cart"),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "cart"},
        "subjects": [{"kind": "ServiceAccount", "name": "cart", "namespace": NAMESPACE}],
    })
}

fn workload(strategy: Strategy, kind: Kind) -> Value {
    let mut labelled = labels();
    labelled["beamgate.dev/strategy"] = json!(strategy.name());
    let mut spec = json!({
        "replicas": 2,
        "selector": {"matchLabels": labels()},
        "template": {
            "metadata": {"labels": labelled, "annotations": strategy.annotations()},
            "spec": {
                "serviceAccountName": "cart",
                "containers": [{
                    "name": "cart",
                    "image": "cluster-demo:1",
                    "imagePullPolicy": "IfNotPresent",
                    "env": environment(strategy),
                }],
            },
        },
    });
    if kind == Kind::StatefulSet {
        spec["serviceName"] = json!("cart");
        spec["podManagementPolicy"] = json!("Parallel");
    }
    json!({"apiVersion": "apps/v1", "kind": format!("{kind:?}"), "metadata": meta("cart"), "spec": spec})
}

fn environment(strategy: Strategy) -> Vec<Value> {
    let mut env = vec![
        field("MY_POD_IP", "status.podIP"),
        field("MY_POD_NAME", "metadata.name"),
        field("MY_POD_NAMESPACE", "metadata.namespace"),
    ];
    if let Some(name) = strategy.release_node() {
        env.push(variable("RELEASE_DISTRIBUTION", "name"));
        env.push(variable("RELEASE_NODE", name));
    }
    env.push(
        json!({"name": "RELEASE_COOKIE", "valueFrom": {"secretKeyRef": {"name": "cart-cookie", "key": "cookie"}}}),
    );
    env
}
