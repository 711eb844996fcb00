//! Whether a ServiceAccount may list a resource, and if not, what nearly says so.

use super::facts::Kinds;
use super::object::{Body, Object};
use super::rbac::{Binding, Role, Subject};
use super::{SameNamespace, World, same_namespace};

/// A question to the API server's authorizer: may this account list this resource of the core group there?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<'q> {
    /// The account's namespace, as far as it is written.
    pub account_namespace: Option<&'q str>,
    /// The account's name.
    pub account: &'q str,
    /// `endpoints` or `pods`.
    pub resource: &'q str,
    /// The namespace that is queried.
    pub namespace: Option<&'q str>,
}

/// The answer.
#[derive(Debug)]
pub enum Access<'w> {
    /// A binding and its role grant it.
    Granted,
    /// Something that grants it may be there: a binding to a role that is not in the input, an aggregated role.
    Open(&'w Object),
    /// Nothing in the input grants it.
    NotSeen(Vec<NearMiss<'w>>),
}

/// Something that would have granted it, but for one thing.
#[derive(Debug, Clone, Copy)]
pub struct NearMiss<'w> {
    /// The role or binding.
    pub object: &'w Object,
    /// What is wrong with it.
    pub why: Why,
}

/// The one thing that is wrong with a near miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The role has `get` or `watch`, not `list`.
    Verb,
    /// The role is about other resources, such as `endpointslices`.
    Resource,
    /// The role is about another API group.
    ApiGroup,
    /// The role has `resourceNames`, which a list request never matches.
    ResourceNames,
    /// The binding is in another namespace than the one that is queried.
    Namespace,
    /// The binding's subject is the account of this name in another namespace, or it names no namespace.
    SubjectNamespace,
    /// The role would do, and the account is in no binding of it.
    Unbound,
}

/// ClusterRoles that every cluster has and that may list pods and endpoints
/// (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`).
const BUILT_IN: [&str; 4] = ["view", "edit", "admin", "cluster-admin"];

impl World {
    /// Asks whether an account may list a resource.
    pub fn may_list(&self, question: &Question<'_>) -> Access<'_> {
        let mut near = Vec::new();
        let mut open = None;
        for object in self.bindings_for(question) {
            let Body::Binding(binding) = &object.body else { continue };
            match self.weigh(object, binding, question) {
                Weight::Grants => return Access::Granted,
                Weight::Unknown => open = Some(object),
                Weight::Misses(miss) => near.extend(miss),
            }
        }
        if let Some(object) = open {
            return Access::Open(object);
        }
        if near.is_empty() {
            near.extend(self.unbound_role(question));
        }
        Access::NotSeen(near)
    }

    fn bindings_for<'w>(&'w self, question: &Question<'_>) -> Vec<&'w Object> {
        let mut names =
            vec![question.account.to_owned(), "system:serviceaccounts".to_owned(), "system:authenticated".to_owned()];
        if let Some(namespace) = question.account_namespace {
            names.push(format!("system:serviceaccounts:{namespace}"));
            names.push(format!("system:serviceaccount:{namespace}:{}", question.account));
        }
        let ids = names.iter().filter_map(|name| self.bindings_by_subject.get(name)).flatten();
        ids.filter_map(|id| self.object(*id)).collect()
    }

    fn weigh<'w>(&'w self, object: &'w Object, binding: &'w Binding, question: &Question<'_>) -> Weight<'w> {
        let cluster_wide = object.kind == "ClusterRoleBinding";
        if !cluster_wide && same_namespace(object.namespace.as_deref(), question.namespace) == SameNamespace::No {
            return Weight::Misses(self.miss_if_it_would_grant(object, binding, question, Why::Namespace));
        }
        let subject = binding.subjects.iter().map(|subject| means(subject, object, question)).max();
        if subject.unwrap_or(Means::Nobody) == Means::Nobody {
            return Weight::Misses(self.miss_if_it_would_grant(object, binding, question, Why::SubjectNamespace));
        }
        let roles = self.roles_of(object, binding);
        if is_built_in(binding) && roles.is_empty() {
            return Weight::Grants;
        }
        if roles.is_empty() {
            let missing_matters = !self.is_complete(Kinds::RBAC, object.namespace.as_deref());
            return if missing_matters { Weight::Unknown } else { Weight::Misses(None) };
        }
        if roles.iter().any(|(_, role)| grants(role, question.resource)) {
            return Weight::Grants;
        }
        if roles.iter().any(|(_, role)| role.aggregated) {
            return Weight::Unknown;
        }
        Weight::Misses(
            roles
                .first()
                .and_then(|(object, role)| Some(NearMiss { object, why: what_lacks(role, question.resource)? })),
        )
    }

    fn miss_if_it_would_grant<'w>(
        &'w self,
        object: &'w Object,
        binding: &Binding,
        question: &Question<'_>,
        why: Why,
    ) -> Option<NearMiss<'w>> {
        let names_the_account = binding.subjects.iter().any(|subject| subject.name == question.account);
        let grants = is_built_in(binding)
            || self.roles_of(object, binding).iter().any(|(_, role)| grants(role, question.resource));
        (names_the_account && grants).then_some(NearMiss { object, why })
    }

    fn roles_of<'w>(&'w self, object: &Object, binding: &Binding) -> Vec<(&'w Object, &'w Role)> {
        let (Some(kind), Some(name)) = (&binding.role_kind, &binding.role_name) else { return Vec::new() };
        let group = if kind == "ClusterRole" { super::Group::ClusterRole } else { super::Group::Role };
        let namespace = if kind == "ClusterRole" { None } else { object.namespace.as_deref() };
        self.named(group, object, namespace, name)
            .into_iter()
            .filter_map(|found| match &found.body {
                Body::Role(role) => Some((found, role)),
                _ => None,
            })
            .collect()
    }

    /// A role called like the account that would do, were it bound: what people forget when they copy only half.
    fn unbound_role<'w>(&'w self, question: &Question<'_>) -> Option<NearMiss<'w>> {
        let ids = self.by_name.get(&(super::Group::Role, question.account.to_owned()))?;
        ids.iter()
            .filter_map(|id| self.object(*id))
            .find(|object| {
                same_namespace(object.namespace.as_deref(), question.namespace) != SameNamespace::No
                    && matches!(&object.body, Body::Role(role) if grants(role, question.resource))
            })
            .map(|object| NearMiss { object, why: Why::Unbound })
    }
}

enum Weight<'w> {
    Grants,
    Unknown,
    Misses(Option<NearMiss<'w>>),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Means {
    Nobody,
    TheAccount,
}

/// Whether a subject is the account. A ServiceAccount without a namespace is refused by the API server in a
/// ClusterRoleBinding; in a RoleBinding the binding's own is taken (`pkg/registry/rbac/validation/rule.go`, `appliesToUser`).
fn means(subject: &Subject, binding: &Object, question: &Question<'_>) -> Means {
    let in_the_account_namespace =
        |namespace: Option<&str>| same_namespace(namespace, question.account_namespace) != SameNamespace::No;
    let is_meant = match subject.kind.as_deref() {
        Some("ServiceAccount") => {
            subject.name == question.account
                && in_the_account_namespace(subject.namespace.as_deref().or(binding.namespace.as_deref()))
        }
        // The index found it by one of the account's user or group names.
        _ => subject.name.starts_with("system:"),
    };
    if is_meant { Means::TheAccount } else { Means::Nobody }
}

fn is_built_in(binding: &Binding) -> bool {
    binding.role_kind.as_deref() == Some("ClusterRole")
        && binding.role_name.as_deref().is_some_and(|name| BUILT_IN.contains(&name))
}

fn grants(role: &Role, resource: &str) -> bool {
    role.rules.iter().any(|rule| rule.grants_list(resource))
}

fn what_lacks(role: &Role, resource: &str) -> Option<Why> {
    let about = |rule: &&super::rbac::PolicyRule| rule.has_core_group() && rule.has_resource(resource);
    if let Some(rule) = role.rules.iter().find(about) {
        return Some(if rule.has_list() { Why::ResourceNames } else { Why::Verb });
    }
    if role.rules.iter().any(|rule| rule.has_resource(resource)) {
        return Some(Why::ApiGroup);
    }
    (!role.rules.is_empty()).then_some(Why::Resource)
}
