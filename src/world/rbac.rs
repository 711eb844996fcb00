//! Who may list what.

use super::node::Node;
use super::object::Object;

/// A ServiceAccount.
#[derive(Debug, Clone, Default)]
pub struct ServiceAccount {
    /// `automountServiceAccountToken`; a pod's own setting wins.
    pub automount: Option<bool>,
}

impl ServiceAccount {
    pub(super) fn read(root: &Node<'_>) -> Self {
        Self { automount: root.flag("automountServiceAccountToken") }
    }
}

/// A Role or ClusterRole.
#[derive(Debug, Clone, Default)]
pub struct Role {
    /// `rules`.
    pub rules: Vec<PolicyRule>,
    /// Whether an aggregation fills the rules on the cluster, so that the file does not hold them.
    pub aggregated: bool,
}

/// One rule of a role.
#[derive(Debug, Clone, Default)]
pub struct PolicyRule {
    /// `apiGroups`; `""` is the core group.
    pub api_groups: Vec<String>,
    /// `resources`.
    pub resources: Vec<String>,
    /// `resourceNames`; a rule with names does not grant `list`.
    pub resource_names: Vec<String>,
    /// `verbs`.
    pub verbs: Vec<String>,
}

impl Role {
    pub(super) fn read(root: &Node<'_>) -> Self {
        Self {
            rules: root.list("rules").iter().map(PolicyRule::read).collect(),
            aggregated: root.get("aggregationRule").is_some(),
        }
    }
}

impl PolicyRule {
    fn read(rule: &Node<'_>) -> Self {
        Self {
            api_groups: rule.texts("apiGroups"),
            resources: rule.texts("resources"),
            resource_names: rule.texts("resourceNames"),
            verbs: rule.texts("verbs"),
        }
    }

    /// Whether it lets its holder list a resource of the core group.
    pub fn grants_list(&self, resource: &str) -> bool {
        self.has_core_group() && self.has_resource(resource) && self.has_list() && self.resource_names.is_empty()
    }

    /// Whether it is about the core group.
    pub fn has_core_group(&self) -> bool {
        self.api_groups.iter().any(|group| group.is_empty() || group == "*")
    }

    /// Whether it is about this resource.
    pub fn has_resource(&self, resource: &str) -> bool {
        self.resources.iter().any(|name| name == resource || name == "*")
    }

    /// Whether it has the verb that a collection GET needs.
    pub fn has_list(&self) -> bool {
        self.verbs.iter().any(|verb| verb == "list" || verb == "*")
    }
}

/// A RoleBinding or ClusterRoleBinding.
#[derive(Debug, Clone, Default)]
pub struct Binding {
    /// `roleRef.kind`: `Role` or `ClusterRole`.
    pub role_kind: Option<String>,
    /// `roleRef.name`.
    pub role_name: Option<String>,
    /// `subjects`.
    pub subjects: Vec<Subject>,
}

/// Somebody whom a binding gives a role.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: Option<String>,
    /// The name.
    pub name: String,
    /// For a ServiceAccount. A RoleBinding without it means its own namespace; in a ClusterRoleBinding it is required.
    pub namespace: Option<String>,
}

impl Binding {
    pub(super) fn read(root: &Node<'_>) -> Self {
        let role = root.get("roleRef");
        Self {
            role_kind: role.and_then(|role| role.text("kind")),
            role_name: role.and_then(|role| role.text("name")),
            subjects: root.list("subjects").iter().filter_map(Subject::read).collect(),
        }
    }

    /// Whether it gives a ClusterRole.
    pub fn is_to_cluster_role(&self) -> bool {
        self.role_kind.as_deref() == Some("ClusterRole")
    }
}

impl Subject {
    /// Whether it is a ServiceAccount.
    pub fn is_service_account(&self) -> bool {
        self.kind.as_deref() == Some("ServiceAccount")
    }

    /// The namespace of a ServiceAccount that a binding names.
    pub fn namespace_in<'o>(&'o self, binding: &'o Object) -> Option<&'o str> {
        self.namespace.as_deref().or(binding.namespace.as_deref())
    }

    fn read(subject: &Node<'_>) -> Option<Self> {
        Some(Self { kind: subject.text("kind"), name: subject.text("name")?, namespace: subject.text("namespace") })
    }
}
