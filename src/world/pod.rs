//! Pod templates and their containers.

use std::collections::BTreeSet;

use super::exec::Exec;
use super::json::Keep;
use super::mounted::Mount;
use super::node::{Node, Value};
use super::object::Pairs;
use crate::place::Pointer;

/// What the injector reads of a Pod, and what it copies from it: less than half of what the API server sends.
pub const INJECTED: Keep = Keep::Only(&[
    ("kind", Keep::All),
    (
        "metadata",
        Keep::Only(&[
            ("annotations", Keep::All),
            ("deletionTimestamp", Keep::All),
            ("generateName", Keep::All),
            ("labels", Keep::All),
            ("name", Keep::All),
            ("namespace", Keep::All),
        ]),
    ),
    (
        "spec",
        Keep::Only(&[
            ("containers", Keep::Each(&CONTAINER)),
            ("enableServiceLinks", Keep::All),
            ("hostNetwork", Keep::All),
            ("hostname", Keep::All),
            ("hostnameOverride", Keep::All),
            ("initContainers", Keep::Each(&CONTAINER)),
            ("setHostnameAsFQDN", Keep::All),
            ("subdomain", Keep::All),
            ("volumes", Keep::Each(&Keep::Only(&[("name", Keep::All)]))),
        ]),
    ),
]);

const CONTAINER: Keep = Keep::Only(&[
    ("args", Keep::All),
    ("command", Keep::All),
    ("env", Keep::All),
    ("envFrom", Keep::All),
    ("image", Keep::All),
    ("imagePullPolicy", Keep::All),
    ("name", Keep::All),
    ("resources", Keep::All),
    ("restartPolicy", Keep::All),
    ("securityContext", Keep::All),
]);

/// A pod as its template describes it.
#[derive(Debug, Clone)]
pub struct PodTemplate {
    /// Where the template is in its object: the root for a Pod.
    pub base: Pointer,
    /// `metadata.labels`.
    pub labels: Pairs,
    /// `metadata.annotations`.
    pub annotations: Pairs,
    /// `spec.hostname`.
    pub hostname: Option<String>,
    /// `spec.subdomain`.
    pub subdomain: Option<String>,
    /// `spec.setHostnameAsFQDN`.
    pub hostname_as_fqdn: bool,
    /// `spec.hostnameOverride` (Kubernetes 1.34 and later).
    pub hostname_override: Option<String>,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// `spec.dnsPolicy`; unset means `ClusterFirst`.
    pub dns_policy: Option<String>,
    /// Whether `spec.dnsConfig.nameservers` names any.
    pub own_nameservers: bool,
    /// Whether `spec.dnsConfig.searches` names any.
    pub own_searches: bool,
    /// `spec.serviceAccountName`, or the older `serviceAccount`; unset means `default`.
    pub service_account: Option<String>,
    /// `spec.automountServiceAccountToken`; wins over the ServiceAccount's.
    pub automount: Option<bool>,
    /// `spec.enableServiceLinks`; true unless it says otherwise.
    pub service_links: bool,
    /// Whether the scheduler is asked to keep the pods on different machines.
    pub kept_apart: bool,
    /// Init containers, then containers.
    pub containers: Vec<Container>,
}

/// A container of a pod.
#[derive(Debug, Clone, Default)]
pub struct Container {
    /// Where it is in the workload's object.
    pub at: Pointer,
    /// `name`.
    pub name: String,
    /// `image`.
    pub image: Option<String>,
    /// Whether it runs before the pod's containers and ends; a restartable init container is a sidecar, not this.
    pub init: bool,
    /// Whether it is an init container that stays (`restartPolicy: Always`).
    pub sidecar: bool,
    /// `command`.
    pub command: Vec<String>,
    /// `args`.
    pub args: Vec<String>,
    /// `env`, in order: the order decides what `$(VAR)` sees.
    pub env: Vec<EnvVar>,
    /// `envFrom`, in order.
    pub env_from: Vec<EnvFrom>,
    /// `ports`.
    pub ports: Vec<ContainerPort>,
    /// `volumeMounts`, with what is mounted.
    pub volume_mounts: Vec<Mount>,
    /// `workingDir`.
    pub working_dir: Option<String>,
    /// The commands of its probes and hooks.
    pub execs: Vec<Exec>,
    /// `securityContext.readOnlyRootFilesystem`.
    pub read_only_root: bool,
}

/// An entry of `env`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVar {
    /// `name`.
    pub name: String,
    /// Where its value comes from.
    pub source: EnvSource,
    /// Where it stands in the list as it was written (0-based); none if nobody wrote it there.
    pub written: Option<u32>,
}

/// Where the value of a variable comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvSource {
    /// `value`; missing means empty. `$(VAR)` is expanded in it, and only in it.
    Value(String),
    /// `value`, but not a string, as the text written and what YAML makes of it: the API server refuses it.
    NotString {
        /// As written: `yes`, `8080`.
        text: String,
        /// `boolean`, `number`, `list`, `map`.
        what: &'static str,
    },
    /// `valueFrom.fieldRef.fieldPath`.
    Field(String),
    /// `valueFrom.configMapKeyRef`.
    ConfigMap(KeyRef),
    /// `valueFrom.secretKeyRef`.
    Secret(KeyRef),
    /// `valueFrom.fileKeyRef` (Kubernetes 1.35 and later): a file that an init container wrote into this volume.
    File(String),
    /// `valueFrom.resourceFieldRef`, or something newer than this program.
    Other,
}

/// A key of a ConfigMap or Secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyRef {
    /// The object's name.
    pub name: String,
    /// The key in it.
    pub key: String,
    /// Whether the variable is simply left out where the key is missing.
    pub optional: bool,
}

/// An entry of `envFrom`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFrom {
    /// Put before every key.
    pub prefix: String,
    /// Whose keys.
    pub source: EnvFromSource,
}

/// Whose keys an `envFrom` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvFromSource {
    /// A ConfigMap's.
    ConfigMap(String),
    /// A Secret's, which is never read.
    Secret(String),
}

/// A port of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerPort {
    /// `name`.
    pub name: Option<String>,
    /// `containerPort`.
    pub number: Option<u32>,
}

/// Labels that controllers add to the pods they make, which no template says.
const ADDED_LABELS: [&str; 8] = [
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "job-name",
    "controller-uid",
];

/// Whether the pods' controller may add this label.
pub fn is_added_to_pods(key: &str) -> bool {
    ADDED_LABELS.contains(&key) || key.starts_with("batch.kubernetes.io/")
}

impl PodTemplate {
    /// The numbers of the ports that containers which stay declare under a name.
    pub fn ports_named(&self, name: &str) -> impl Iterator<Item = u32> {
        let ports = self.containers.iter().filter(|container| !container.init).flat_map(|container| &container.ports);
        ports.filter(move |port| port.name.as_deref() == Some(name)).filter_map(|port| port.number)
    }

    /// Whether the pods ask the cluster's DNS: on the host's network `ClusterFirst` means `Default`.
    pub fn asks_cluster_dns(&self) -> bool {
        match self.dns_policy.as_deref() {
            None | Some("ClusterFirst") => !self.host_network,
            Some(policy) => policy == "ClusterFirstWithHostNet",
        }
    }

    pub(super) fn read(template: &Node<'_>, base: Pointer) -> Option<Self> {
        let spec = template.get("spec")?;
        let metadata = template.get("metadata");
        let dns = |key| spec.path(&["dnsConfig", key]).is_some_and(|list| !list.items().is_empty());
        let volumes = spec.list("volumes");
        let mut containers = Vec::new();
        for list in ["initContainers", "containers"] {
            for (index, node) in spec.list(list).iter().enumerate() {
                containers.push(Container::read(node, &base, list, index, volumes));
            }
        }
        Some(Self {
            labels: metadata.map(|metadata| metadata.strings("labels")).unwrap_or_default(),
            annotations: metadata.map(|metadata| metadata.strings("annotations")).unwrap_or_default(),
            hostname: spec.text("hostname").filter(|name| !name.is_empty()),
            subdomain: spec.text("subdomain").filter(|name| !name.is_empty()),
            hostname_as_fqdn: spec.flag("setHostnameAsFQDN").unwrap_or(false),
            hostname_override: spec.text("hostnameOverride"),
            host_network: spec.flag("hostNetwork").unwrap_or(false),
            dns_policy: spec.text("dnsPolicy"),
            own_nameservers: dns("nameservers"),
            own_searches: dns("searches"),
            service_account: spec.text("serviceAccountName").or_else(|| spec.text("serviceAccount")),
            automount: spec.flag("automountServiceAccountToken"),
            service_links: spec.flag("enableServiceLinks").unwrap_or(true),
            kept_apart: are_kept_apart(spec),
            containers,
            base,
        })
    }

    /// The place of keys below `spec`.
    pub fn at_spec(&self, keys: &[&'static str]) -> Pointer {
        keys.iter().fold(self.base.key("spec"), |pointer, key| pointer.key(*key))
    }

    /// The place of one of its labels.
    pub fn at_label(&self, key: &str) -> Pointer {
        self.base.below(["metadata".into(), "labels".into(), key.to_owned().into()])
    }

    /// The place of one of its annotations.
    pub fn at_annotation(&self, key: &str) -> Pointer {
        self.base.below(["metadata".into(), "annotations".into(), key.to_owned().into()])
    }
}

impl Container {
    /// The image's own name: what stands behind the last slash, without tag and digest.
    pub fn image_name(&self) -> Option<&str> {
        self.image.as_deref()?.split('@').next()?.rsplit('/').next()?.split(':').next()
    }

    /// The ConfigMaps that its variables and its scripts come from, each once.
    pub fn config_maps(&self) -> BTreeSet<&str> {
        let of_variables = self.env.iter().filter_map(|var| match &var.source {
            EnvSource::ConfigMap(key) => Some(key.name.as_str()),
            _ => None,
        });
        let whole = self.env_from.iter().filter_map(|from| match &from.source {
            EnvFromSource::ConfigMap(name) => Some(name.as_str()),
            EnvFromSource::Secret(_) => None,
        });
        of_variables.chain(whole).chain(self.maps_of_scripts()).filter(|name| !name.is_empty()).collect()
    }

    fn read(node: &Node<'_>, base: &Pointer, list: &'static str, index: usize, volumes: &[Node<'_>]) -> Self {
        let name = node.text("name").unwrap_or_default();
        let sidecar = list == "initContainers" && node.text("restartPolicy").as_deref() == Some("Always");
        let at = base.key("spec").key(list).item("name", &name, index);
        Self {
            execs: Exec::read(node, &at),
            at,
            image: node.text("image"),
            init: list == "initContainers" && !sidecar,
            sidecar,
            command: node.texts("command"),
            args: node.texts("args"),
            env: (0..).zip(node.list("env")).map(|(index, var)| EnvVar::read(var, index)).collect(),
            env_from: node.list("envFrom").iter().filter_map(EnvFrom::read).collect(),
            ports: node.list("ports").iter().map(ContainerPort::read).collect(),
            volume_mounts: Mount::read(node, volumes),
            working_dir: node.text("workingDir").filter(|folder| !folder.is_empty()),
            read_only_root: node
                .get("securityContext")
                .is_some_and(|context| context.flag("readOnlyRootFilesystem") == Some(true)),
            name,
        }
    }

    /// The place of an entry of `env`; of one that nobody wrote, the list in which it is missing.
    pub fn at_env(&self, index: usize) -> Pointer {
        self.at_env_key(index, &[])
    }

    /// The place of a key in an entry of `env`.
    pub fn at_env_key(&self, index: usize, keys: &[&'static str]) -> Pointer {
        match self.env.get(index).map(|var| (var.name.as_str(), var.written)) {
            Some((name, Some(written))) => self.at.item_keys("env", name, written as usize, keys),
            _ => self.at.key("env"),
        }
    }

    /// The last entry of `env` with this name, which is the one that the process sees.
    pub fn env_index(&self, name: &str) -> Option<usize> {
        self.env.iter().rposition(|var| var.name == name)
    }
}

/// A rule that is only preferred may yield, but whoever wrote it has thought of it.
fn are_kept_apart(spec: &Node<'_>) -> bool {
    spec.path(&["affinity", "podAntiAffinity"]).is_some() || !spec.list("topologySpreadConstraints").is_empty()
}

impl EnvVar {
    /// An entry that nobody wrote.
    pub fn new(name: impl Into<String>, source: EnvSource) -> Self {
        Self { name: name.into(), source, written: None }
    }

    fn read(node: &Node<'_>, index: u32) -> Self {
        let name = node.text("name").unwrap_or_default();
        Self { name, source: EnvSource::read(node), written: Some(index) }
    }
}

impl EnvSource {
    fn read(node: &Node<'_>) -> Self {
        if let Some(from) = node.get("valueFrom") {
            return Self::read_from(from);
        }
        let not_string = |text: &str, what| Self::NotString { text: text.to_owned(), what };
        match node.get("value").map(|value| &value.value) {
            None | Some(Value::Null) => Self::Value(String::new()),
            Some(Value::String(text)) => Self::Value(text.to_string()),
            Some(Value::Bool(_, text)) => not_string(text, "boolean"),
            Some(Value::Number(text)) => not_string(text, "number"),
            Some(Value::List(_)) => not_string("[...]", "list"),
            Some(Value::Map(_)) => not_string("{...}", "map"),
        }
    }

    fn read_from(from: &Node<'_>) -> Self {
        if let Some(field) = from.get("fieldRef") {
            return Self::Field(field.text("fieldPath").unwrap_or_default());
        }
        if let Some(key) = from.get("configMapKeyRef") {
            return Self::ConfigMap(KeyRef::read(key));
        }
        if let Some(key) = from.get("secretKeyRef") {
            return Self::Secret(KeyRef::read(key));
        }
        match from.get("fileKeyRef") {
            Some(file) => Self::File(file.text("volumeName").unwrap_or_default()),
            None => Self::Other,
        }
    }
}

impl KeyRef {
    fn read(node: &Node<'_>) -> Self {
        Self {
            name: node.text("name").unwrap_or_default(),
            key: node.text("key").unwrap_or_default(),
            optional: node.flag("optional").unwrap_or(false),
        }
    }
}

impl EnvFrom {
    fn read(node: &Node<'_>) -> Option<Self> {
        let name = |key| node.get(key).and_then(|from| from.text("name"));
        let source = match name("configMapRef") {
            Some(name) => EnvFromSource::ConfigMap(name),
            None => EnvFromSource::Secret(name("secretRef")?),
        };
        Some(Self { prefix: node.text("prefix").unwrap_or_default(), source })
    }
}

impl ContainerPort {
    fn read(node: &Node<'_>) -> Self {
        Self { name: node.text("name"), number: node.get("containerPort").and_then(Node::as_u32) }
    }
}
