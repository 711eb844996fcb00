//! Whether a ServiceAccount may list a resource, and if not, what nearly says so.
//!
//! The authorizer's own reading: `pkg/registry/rbac/validation/rule.go` (`appliesToUser`) and
//! `pkg/apis/rbac/v1/evaluation_helpers.go` of Kubernetes 1.35.

use super::object::{Body, Object};
use super::rbac::{Binding, PolicyRule, Role, Subject};
use super::{Group, SameNamespace, World, same_namespace};
use crate::place::{Loc, Pointer};

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
    /// The folder of whoever asks: of several bindings of one name, the nearest counts.
    pub folder: &'q str,
}

/// How many roles and bindings are looked through for a hint, which is not worth a walk through a whole company's.
const HINTS: usize = 500;

/// How many near misses are worth pointing at: an account of a whole namespace has as many as there are bindings.
const NEAR: usize = 3;

/// The answer.
#[derive(Debug)]
pub enum Access<'w> {
    /// A binding and its role grant it.
    Granted,
    /// This binding may grant it: its role is not in the input, or is filled by aggregation.
    Open(&'w Object),
    /// Nothing in the input grants it.
    NotSeen(Vec<NearMiss<'w>>),
}

/// Something that would have granted it, but for one thing.
#[derive(Debug, Clone)]
pub struct NearMiss<'w> {
    /// The role or binding.
    pub object: &'w Object,
    /// What is wrong with it.
    pub why: Why,
    /// Where.
    pub at: Loc,
}

/// The one thing that is wrong with a near miss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The role has these verbs, `list` not among them.
    Verb(Vec<String>),
    /// The role is about these resources.
    Resource(Vec<String>),
    /// The role is about the resource in these API groups.
    ApiGroup(Vec<String>),
    /// The role has `resourceNames`, which a list request never matches.
    ResourceNames,
    /// The binding is in another namespace than the one that is queried.
    Namespace,
    /// The binding's subject is the account of this name in another namespace, or in none.
    SubjectNamespace(Option<String>),
    /// The binding's subject is another account.
    Account(String),
    /// The role that the binding means is in another namespace than the binding.
    RoleNamespace,
    /// The role would do, and nothing binds it.
    Unbound,
}

/// ClusterRoles that every cluster has and that may list pods and endpoints
/// (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`).
const BUILT_IN: [&str; 4] = ["view", "edit", "admin", "cluster-admin"];

impl World {
    /// Asks whether an account may list a resource.
    pub fn may_list(&self, question: &Question<'_>) -> Access<'_> {
        let mut open = None;
        for (object, binding) in self.bindings_for(question) {
            match self.weigh(object, binding, question) {
                Weight::Grants => return Access::Granted,
                Weight::Unknown => open = Some(object),
                Weight::Nothing => {}
            }
        }
        match open {
            Some(object) => Access::Open(object),
            None => Access::NotSeen(self.near_misses(question)),
        }
    }

    /// The bindings one of whose subjects may be the account.
    fn bindings_for(&self, question: &Question<'_>) -> Vec<(&Object, &Binding)> {
        let names = account_names(question);
        let named = names.iter().filter_map(|name| self.bindings_by_subject.get(name)).flatten();
        // An account whose namespace is not written may be in any of those that groups and users name.
        let all = question.account_namespace.is_none().then_some(&self.bindings_by_subject);
        let in_any = all.into_iter().flatten().filter(|(name, _)| name.starts_with("system:serviceaccount"));
        let mut ids: Vec<_> = named.chain(in_any.flat_map(|(_, ids)| ids)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter()
            .filter_map(|id| self.binding(*id))
            .filter(|(object, _)| self.is_nearest(Group::Binding, question.folder, object))
            .collect()
    }

    fn binding(&self, id: crate::place::ObjectId) -> Option<(&Object, &Binding)> {
        let object = self.object(id)?;
        match &object.body {
            Body::Binding(binding) => Some((object, binding)),
            _ => None,
        }
    }

    fn weigh(&self, object: &Object, binding: &Binding, question: &Question<'_>) -> Weight {
        if !reaches(object, question) || !binding.subjects.iter().any(|subject| is_account(subject, object, question)) {
            return Weight::Nothing;
        }
        self.weigh_role(object, binding, question)
    }

    fn weigh_role(&self, object: &Object, binding: &Binding, question: &Question<'_>) -> Weight {
        let roles = self.roles_of(object, binding);
        if roles.is_empty() {
            return self.weigh_unseen_role(object, binding, question);
        }
        if roles.iter().any(|(_, role)| grants(role, question.resource)) {
            return Weight::Grants;
        }
        if roles.iter().any(|(_, role)| role.aggregated) { Weight::Unknown } else { Weight::Nothing }
    }

    fn weigh_unseen_role(&self, object: &Object, binding: &Binding, question: &Question<'_>) -> Weight {
        if binding.is_to_cluster_role() {
            // What is complete is so for namespaces, and a ClusterRole is in none.
            return if is_built_in(binding) { Weight::Grants } else { Weight::Unknown };
        }
        let complete = self.is_complete(super::facts::Kinds::RBAC, object.namespace.as_deref());
        let elsewhere = self.role_elsewhere(binding, question).is_some();
        if complete || elsewhere { Weight::Nothing } else { Weight::Unknown }
    }

    fn roles_of<'w>(&'w self, object: &Object, binding: &Binding) -> Vec<(&'w Object, &'w Role)> {
        let Some(name) = &binding.role_name else { return Vec::new() };
        let (group, namespace) = if binding.is_to_cluster_role() {
            (Group::ClusterRole, None)
        } else {
            (Group::Role, object.namespace.as_deref())
        };
        self.named(group, object, namespace, name).into_iter().filter_map(as_role).collect()
    }

    /// What would have granted it but for one thing, the likeliest first.
    fn near_misses(&self, question: &Question<'_>) -> Vec<NearMiss<'_>> {
        let bindings = self.bindings_for(question).into_iter();
        let mut near: Vec<_> = bindings.filter_map(|found| self.near_miss(found, question)).take(NEAR).collect();
        if near.is_empty() {
            near.extend(self.for_another_account(question));
        }
        if near.is_empty() {
            near.extend(self.unbound_role(question));
        }
        near
    }

    fn near_miss<'w>(
        &'w self,
        (object, binding): (&'w Object, &'w Binding),
        question: &Question<'_>,
    ) -> Option<NearMiss<'w>> {
        let is_meant = binding.subjects.iter().any(|subject| is_account(subject, object, question));
        let would_grant = || matches!(self.weigh_role(object, binding, question), Weight::Grants);
        match (reaches(object, question), is_meant) {
            (true, true) => self.role_miss(object, binding, question),
            (true, false) if would_grant() => {
                let of_that_name =
                    |subject: &&(usize, &Subject)| subject.1.is_service_account() && subject.1.name == question.account;
                let subjects: Vec<_> = binding.subjects.iter().enumerate().collect();
                let (index, subject) = subjects.iter().find(of_that_name)?;
                let at = Pointer::keys(&["subjects"]).index(*index).key("namespace").of(object.id);
                Some(NearMiss { object, why: Why::SubjectNamespace(subject.namespace.clone()), at })
            }
            (false, true) if would_grant() => {
                Some(NearMiss { object, why: Why::Namespace, at: object.at(&["metadata", "namespace"]) })
            }
            _ => None,
        }
    }

    /// The binding is right and its role is not.
    fn role_miss<'w>(&'w self, object: &'w Object, binding: &Binding, question: &Question<'_>) -> Option<NearMiss<'w>> {
        let roles = self.roles_of(object, binding);
        let Some((object, role)) = roles.first() else {
            let role = self.role_elsewhere(binding, question)?;
            return Some(NearMiss { object: role, why: Why::RoleNamespace, at: role.at(&["metadata", "namespace"]) });
        };
        let (why, rule, key) = what_lacks(role, question.resource)?;
        Some(NearMiss { object, why, at: Pointer::keys(&["rules"]).index(rule).key(key).of(object.id) })
    }

    /// The role that a binding names, in another namespace than the binding: it means nothing there.
    fn role_elsewhere(&self, binding: &Binding, question: &Question<'_>) -> Option<&Object> {
        let name = binding.role_name.as_deref().filter(|_| !binding.is_to_cluster_role())?;
        let mut roles = self.in_group(Group::Role, name).filter_map(as_role);
        roles.find(|(_, role)| grants(role, question.resource)).map(|(object, _)| object)
    }

    /// The only binding that grants it to some account of the namespace: often the pod does not say `serviceAccountName`.
    fn for_another_account(&self, question: &Question<'_>) -> Option<NearMiss<'_>> {
        let here = |subject: &Subject, object: &Object| {
            subject.is_service_account() && is_same(subject.namespace_in(object), question.account_namespace)
        };
        let mut misses =
            self.bindings.iter().take(HINTS).filter_map(|id| self.binding(*id)).filter_map(|(object, binding)| {
                let (index, subject) =
                    binding.subjects.iter().enumerate().find(|(_, subject)| here(subject, object))?;
                let grants =
                    reaches(object, question) && matches!(self.weigh_role(object, binding, question), Weight::Grants);
                let at = Pointer::keys(&["subjects"]).index(index).key("name").of(object.id);
                grants.then(|| NearMiss { object, why: Why::Account(subject.name.clone()), at })
            });
        misses.next().filter(|_| misses.next().is_none())
    }

    /// A role that would do, were it bound: what people forget when they copy only half.
    fn unbound_role(&self, question: &Question<'_>) -> Option<NearMiss<'_>> {
        let is_bound = |role: &Object| {
            let names = |binding: &Binding| binding.role_name.as_ref() == Some(&role.name);
            self.bindings.iter().take(HINTS).filter_map(|id| self.binding(*id)).any(|(_, binding)| names(binding))
        };
        let (object, _) =
            self.objects.iter().filter(|object| object.kind == "Role").take(HINTS).filter_map(as_role).find(
                |(object, role)| {
                    is_same(object.namespace.as_deref(), question.namespace)
                        && grants(role, question.resource)
                        && !is_bound(object)
                },
            )?;
        Some(NearMiss { object, why: Why::Unbound, at: object.at(&["metadata", "name"]) })
    }
}

enum Weight {
    Grants,
    Unknown,
    Nothing,
}

/// The names by which an account appears among the subjects of bindings.
fn account_names(question: &Question<'_>) -> Vec<String> {
    let mut names = vec![question.account.to_owned()];
    names.extend(["system:serviceaccounts", "system:authenticated"].map(str::to_owned));
    if let Some(namespace) = question.account_namespace {
        names.push(format!("system:serviceaccounts:{namespace}"));
        names.push(format!("system:serviceaccount:{namespace}:{}", question.account));
    }
    names
}

/// Whether a binding speaks about the namespace that is queried.
fn reaches(binding: &Object, question: &Question<'_>) -> bool {
    binding.kind == "ClusterRoleBinding" || is_same(binding.namespace.as_deref(), question.namespace)
}

/// Whether a subject may be the account. A ServiceAccount without a namespace is one of the binding's own; a
/// ClusterRoleBinding has none, and then the API server refuses it.
fn is_account(subject: &Subject, binding: &Object, question: &Question<'_>) -> bool {
    let name = subject.name.as_str();
    match subject.kind.as_deref() {
        Some("ServiceAccount") => {
            let namespace = subject.namespace_in(binding);
            let refused = binding.kind == "ClusterRoleBinding" && namespace.is_none();
            name == question.account
                && !(refused && question.account_namespace.is_some())
                && is_same(namespace, question.account_namespace)
        }
        Some("User") => name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')).is_some_and(
            |(namespace, account)| account == question.account && is_same(Some(namespace), question.account_namespace),
        ),
        Some("Group") => match name.strip_prefix("system:serviceaccounts:") {
            Some(namespace) => is_same(Some(namespace), question.account_namespace),
            None => matches!(name, "system:serviceaccounts" | "system:authenticated"),
        },
        _ => false,
    }
}

/// Whether two namespaces may be one.
fn is_same(a: Option<&str>, b: Option<&str>) -> bool {
    same_namespace(a, b) != SameNamespace::No
}

fn is_built_in(binding: &Binding) -> bool {
    binding.role_name.as_deref().is_some_and(|name| BUILT_IN.contains(&name))
}

fn as_role(object: &Object) -> Option<(&Object, &Role)> {
    match &object.body {
        Body::Role(role) => Some((object, role)),
        _ => None,
    }
}

fn grants(role: &Role, resource: &str) -> bool {
    role.rules.iter().any(|rule| rule.grants_list(resource))
}

/// What a role lacks, the rule that comes nearest, and the key to change in it.
fn what_lacks(role: &Role, resource: &str) -> Option<(Why, usize, &'static str)> {
    let find = |wanted: &dyn Fn(&PolicyRule) -> bool| role.rules.iter().position(wanted);
    let about = |rule: &PolicyRule| rule.has_core_group() && rule.has_resource(resource);
    if let Some(index) = find(&|rule| about(rule) && rule.has_list()) {
        return Some((Why::ResourceNames, index, "resourceNames"));
    }
    if let Some(index) = find(&about) {
        return Some((Why::Verb(role.rules[index].verbs.clone()), index, "verbs"));
    }
    if let Some(index) = find(&|rule| rule.has_resource(resource)) {
        return Some((Why::ApiGroup(role.rules[index].api_groups.clone()), index, "apiGroups"));
    }
    let resources = role.rules.iter().flat_map(|rule| rule.resources.iter().cloned()).collect();
    (!role.rules.is_empty()).then_some((Why::Resource(resources), 0, "resources"))
}
