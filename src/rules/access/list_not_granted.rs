//! # list-not-granted (BG401)
//!
//! `Cluster.Strategy.Kubernetes` lists `endpoints` (or, with the lookup `pods`, `pods`) of a namespace with the pod's
//! ServiceAccount. That is the verb `list` on the core group, in the namespace that is queried; `get`, `watch` and
//! `endpointslices` do not help.
//!
//! ## At run time
//!
//! `cannot query kubernetes (unauthorized): endpoints is forbidden: User "system:serviceaccount:shop:cart" cannot list
//! resource "endpoints" in API group "" in the namespace "shop"`, every five seconds. Nodes that were connected are
//! disconnected.
//!
//! ## Example
//!
//! ```yaml
//! kind: Role
//! rules:
//!   - apiGroups: [""]
//!     resources: [endpoints]
//!     verbs: [get, watch]
//! ```
//!
//! ## Fix
//!
//! ```yaml
//! apiVersion: rbac.authorization.k8s.io/v1
//! kind: Role
//! metadata:
//!   name: cart-peers
//!   namespace: shop
//! rules:
//!   - apiGroups: [""]
//!     resources: [endpoints]
//!     verbs: [list]
//! ---
//! apiVersion: rbac.authorization.k8s.io/v1
//! kind: RoleBinding
//! metadata:
//!   name: cart-peers
//!   namespace: shop
//! roleRef:
//!   apiGroup: rbac.authorization.k8s.io
//!   kind: Role
//!   name: cart-peers
//! subjects:
//!   - kind: ServiceAccount
//!     name: cart
//!     namespace: shop
//! ```
//!
//! Rights may be granted from elsewhere, so this is a warning, and an error where all of RBAC is declared to be in the
//! input. What is known without the input: the ClusterRoles `view`, `edit`, `admin`, `cluster-admin`, and the groups of
//! all accounts. A binding to a role that is not in the input, or that is filled by aggregation, may grant it: that is
//! said, once, as an Info.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/kubernetes.ex`: a GET of the collection, and 403 gives an empty list. Kubernetes
//! 1.35, `pkg/registry/rbac/validation/rule.go`. Measured: `get` and `watch` alone, `endpointslices`, a Role of another
//! namespace, and an account of another namespace are all refused.

use crate::discovery::LabelQuery;
use crate::fix::change::{Change, Tree};
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::access::{Access, NearMiss, Question, Why};
use crate::world::facts::Kinds;
use crate::world::object::Object;

pub(super) static RULE: Rule = Rule {
    code: 401,
    slug: "list-not-granted",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the ServiceAccount may not list what the strategy lists",
    source: include_str!("list_not_granted.rs"),
    check: Check::Ways(check),
    cel: Cel::Not("it depends on roles and bindings"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(query) = trace.label_query() else { return };
    let question = Question {
        account_namespace: trace.object.namespace.as_deref(),
        account: trace.account(),
        resource: query.on.name(),
        namespace: query.namespace.as_deref(),
        folder: &trace.object.folder,
    };
    match trace.world.may_list(&question) {
        Access::Granted => {}
        Access::Open(binding) => not_known(trace, &question, binding, found),
        Access::NotSeen(near) => not_granted(trace, query, &question, &near, found),
    }
}

fn not_granted(
    trace: &Trace<'_>,
    query: &LabelQuery,
    question: &Question<'_>,
    near: &[NearMiss<'_>],
    found: &mut Findings,
) {
    let complete = trace.world.is_complete(Kinds::RBAC, question.namespace);
    let reason = near
        .first()
        .map_or_else(|| format!("nothing {} grants it", trace.world.facts.source), |miss| explain(miss, question));
    let finding = found.missing(&RULE, complete, format!("{}: {reason}", denied(question)));
    finding.lacks(Kinds::RBAC);
    for miss in near {
        finding.label(miss.at.clone(), short(miss, question));
    }
    label_account(trace, finding);
    finding.label(query.at.clone(), format!("lists {}", question.resource));
    finding.symptom(Symptom::Unauthorized(forbidden(question)));
    fix(trace, question, near, finding);
}

/// Mends the near miss where there is one, and else grants it anew.
fn fix(trace: &Trace<'_>, question: &Question<'_>, near: &[NearMiss<'_>], finding: &mut Finding) {
    let miss = near.first().map(|miss| (&miss.why, miss.object, &miss.at));
    let list = |object: &Object, keys, item| vec![Change::Insert { list: object.at(keys), index: usize::MAX, item }];
    let (title, changes) = match miss {
        Some((Why::Verb(_), role, at)) => {
            let verbs = Change::Insert { list: at.clone(), index: 1, item: "list".into() };
            (format!("let {} grant list", role.title()), vec![verbs])
        }
        Some((Why::Resource(_) | Why::ApiGroup(_) | Why::ResourceNames, role, _)) => {
            (format!("add a rule to {}", role.title()), list(role, &["rules"], rule(question)))
        }
        Some((Why::SubjectNamespace(_) | Why::Account(_), binding, _)) => {
            let title = format!("bind the account of these pods with {}", binding.title());
            (title, list(binding, &["subjects"], subject(question)))
        }
        _ => ("grant it with a Role and a RoleBinding".to_owned(), grant(trace, question)),
    };
    finding.fix(Safety::Unsafe, title).changes(changes);
}

fn not_known(trace: &Trace<'_>, question: &Question<'_>, binding: &Object, found: &mut Findings) {
    let source = trace.world.facts.source;
    let message = format!("{}? {} gives a role whose rules are not {source}", may(question), binding.title());
    let finding = found.suspect(&RULE, message);
    finding.at_most(Severity::Info).label(binding.at(&["roleRef", "name"]), format!("not {source}"));
    label_account(trace, finding);
    finding.symptom(Symptom::Unauthorized(forbidden(question)));
}

fn label_account(trace: &Trace<'_>, finding: &mut Finding) {
    let text = match trace.pod.service_account {
        Some(_) => "the account of these pods",
        None => "no `serviceAccountName`, so the account is `default`",
    };
    finding.label(trace.at_pod_spec(&["serviceAccountName"]), text);
}

fn denied(question: &Question<'_>) -> String {
    may(question).replacen("may list", "may not list", 1)
}

/// `shop/cart may list endpoints in shop`.
fn may(question: &Question<'_>) -> String {
    let account = question.account_namespace.map_or(String::new(), |namespace| format!("{namespace}/"));
    let place = question.namespace.map_or("its namespace".to_owned(), |namespace| format!("`{namespace}`"));
    format!("`{account}{}` may list {} in {place}", question.account, question.resource)
}

/// What the API server says.
fn forbidden(question: &Question<'_>) -> String {
    let namespace = question.account_namespace.unwrap_or("<namespace>");
    format!(
        "{resource} is forbidden: User \"system:serviceaccount:{namespace}:{}\" cannot list resource \"{resource}\"",
        question.account,
        resource = question.resource
    )
}

fn explain(miss: &NearMiss<'_>, question: &Question<'_>) -> String {
    let title = miss.object.title();
    let resource = question.resource;
    match &miss.why {
        Why::Verb(verbs) => format!("{title} grants {}, not list", listed(verbs)),
        Why::Resource(resources) => format!("{title} is about {}, not {resource}", listed(resources)),
        Why::ApiGroup(_) => format!("{title} is about another API group; {resource} are in the core group, `\"\"`"),
        Why::ResourceNames => format!("{title} names resources, and then it does not grant list"),
        Why::Namespace => format!("{title} is about its own namespace"),
        Why::SubjectNamespace(Some(namespace)) => format!("{title} is for `{namespace}/{}`", question.account),
        Why::SubjectNamespace(None) => format!("{title} names its ServiceAccount without a namespace"),
        Why::Account(account) => format!("{title} is for `{account}`"),
        Why::RoleNamespace => format!("{title} is in another namespace than the binding that means it"),
        Why::Unbound => format!("nothing binds {title}"),
    }
}

fn short(miss: &NearMiss<'_>, question: &Question<'_>) -> String {
    match &miss.why {
        Why::Verb(_) => "not `list`".to_owned(),
        Why::Resource(_) => format!("not `{}`", question.resource),
        Why::ApiGroup(_) => "not the core group".to_owned(),
        Why::ResourceNames => "a list request has no name".to_owned(),
        Why::Namespace => "grants it here only".to_owned(),
        Why::SubjectNamespace(_) => "not the namespace of these pods".to_owned(),
        Why::Account(_) => "not the account of these pods".to_owned(),
        Why::RoleNamespace => "a Role means nothing outside its namespace".to_owned(),
        Why::Unbound => "no RoleBinding names it".to_owned(),
    }
}

fn listed(words: &[String]) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn grant(trace: &Trace<'_>, question: &Question<'_>) -> Vec<Change> {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let name = format!("{}-peers", trace.object.name);
    let object = |kind: &str, rest: Vec<(&'static str, Tree)>| {
        let namespace = question.namespace.map(|namespace| ("namespace", namespace.into()));
        let metadata = std::iter::once(("name", Tree::from(name.as_str()))).chain(namespace);
        let head =
            [("apiVersion", format!("{GROUP}/v1").into()), ("kind", kind.into()), ("metadata", Tree::map(metadata))];
        Change::Create { beside: trace.object.id, object: Tree::map(head.into_iter().chain(rest)) }
    };
    let role = [("apiGroup", GROUP.into()), ("kind", "Role".into()), ("name", name.as_str().into())];
    vec![
        object("Role", vec![("rules", Tree::list([rule(question)]))]),
        object("RoleBinding", vec![("roleRef", Tree::map(role)), ("subjects", Tree::list([subject(question)]))]),
    ]
}

fn rule(question: &Question<'_>) -> Tree {
    let words = |word: &str| Tree::list([word.into()]);
    Tree::map([("apiGroups", words("")), ("resources", words(question.resource)), ("verbs", words("list"))])
}

fn subject(question: &Question<'_>) -> Tree {
    let namespace = question.account_namespace.map(|namespace| ("namespace", namespace.into()));
    let account = [("kind", "ServiceAccount".into()), ("name", question.account.into())];
    Tree::map(account.into_iter().chain(namespace))
}
