//! Who may list what: roles and bindings as people write them, and what the API server makes of them.
#![allow(clippy::unwrap_used)] // in helpers of tests, which the lint does not know as tests

use beamgate::manifest::yaml;
use beamgate::world::World;
use beamgate::world::access::{Access, Question, Why};
use beamgate::world::facts::{Facts, Kinds};
use beamgate::world::object::Object;

/// May `cart` of `shop` list the endpoints of `shop`?
fn ask(text: &str) -> String {
    ask_of(text, Some("shop"), Kinds::default())
}

fn ask_of(text: &str, account_namespace: Option<&str>, complete: Kinds) -> String {
    let documents = yaml::split::documents(text);
    let parsed = documents.iter().filter_map(|document| yaml::parse(text, document.clone()).unwrap());
    let objects = parsed.map(|parsed| Object::read(&parsed.root, "", &[]).unwrap()).collect();
    let world = World::new(objects, Facts { complete, ..Facts::default() });
    let question = Question {
        account_namespace,
        account: "cart",
        resource: "endpoints",
        namespace: account_namespace,
        folder: "",
    };
    match world.may_list(&question) {
        Access::Granted => "granted".to_owned(),
        Access::Open(object) => format!("open: {}", object.title()),
        Access::NotSeen(near) => {
            let said: Vec<_> = near.iter().map(|miss| format!("{}: {}", miss.object.title(), say(&miss.why))).collect();
            if said.is_empty() { "nothing".to_owned() } else { said.join("; ") }
        }
    }
}

fn say(why: &Why) -> String {
    match why {
        Why::Verb(verbs) => format!("only {}", verbs.join(" ")),
        Why::Resource(resources) => format!("about {}", resources.join(" ")),
        Why::ApiGroup(groups) => format!("in group {}", groups.join(" ")),
        Why::ResourceNames => "resourceNames".to_owned(),
        Why::Namespace => "elsewhere".to_owned(),
        Why::SubjectNamespace(namespace) => format!("cart of {}", namespace.as_deref().unwrap_or("nowhere")),
        Why::Account(name) => format!("for {name}"),
        Why::RoleNamespace => "role elsewhere".to_owned(),
        Why::Unbound => "unbound".to_owned(),
    }
}

fn role(header: &str, rule: &str) -> String {
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: peers, {header}}}\nrules: [{rule}]\n"
    )
}

fn binding(kind: &str, header: &str, to: &str, subject: &str) -> String {
    let (role_kind, role_name) = to.split_once('/').unwrap();
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: peers, {header}}}\n\
         roleRef: {{kind: {role_kind}, name: {role_name}}}\nsubjects: [{{{subject}}}]\n"
    )
}

const HERE: &str = "namespace: shop";
const LIST: &str = "{apiGroups: [''], resources: [endpoints], verbs: [list]}";
const CART: &str = "kind: ServiceAccount, name: cart, namespace: shop";

#[test]
fn rules_grant_what_the_authorizer_reads_in_them() {
    let bound = binding("RoleBinding", HERE, "Role/peers", CART);
    for (rule, answer) in [
        (LIST, "granted"),
        ("{apiGroups: ['*'], resources: ['*'], verbs: ['*']}", "granted"),
        ("{apiGroups: [''], resources: [pods, endpoints], verbs: [get, list, watch]}", "granted"),
        ("{apiGroups: [''], resources: [endpoints], verbs: [get, watch]}", "Role shop/peers: only get watch"),
        (
            "{apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list]}",
            "Role shop/peers: about endpointslices",
        ),
        (
            "{apiGroups: [discovery.k8s.io], resources: [endpoints], verbs: [list]}",
            "Role shop/peers: in group discovery.k8s.io",
        ),
        ("{resources: [endpoints], verbs: [list]}", "Role shop/peers: in group "),
        (
            "{apiGroups: [''], resources: [endpoints], verbs: [list], resourceNames: [cart]}",
            "Role shop/peers: resourceNames",
        ),
        ("{apiGroups: [''], resources: [endpoints/status], verbs: [list]}", "Role shop/peers: about endpoints/status"),
    ] {
        assert_eq!(ask(&(role(HERE, rule) + &bound)), answer, "{rule}");
    }
}

#[test]
fn subjects_are_matched_as_in_applies_to_user() {
    for (subject, answer) in [
        (CART, "granted"),
        ("kind: ServiceAccount, name: cart", "granted"),
        ("kind: User, name: 'system:serviceaccount:shop:cart'", "granted"),
        ("kind: Group, name: 'system:serviceaccounts:shop'", "granted"),
        ("kind: Group, name: 'system:serviceaccounts'", "granted"),
        ("kind: Group, name: 'system:authenticated'", "granted"),
        ("kind: ServiceAccount, name: cart, namespace: market", "RoleBinding shop/peers: cart of market"),
        ("kind: ServiceAccount, name: basket, namespace: shop", "RoleBinding shop/peers: for basket"),
        ("kind: ServiceAccount, name: default, namespace: market", "nothing"),
        ("kind: User, name: cart", "nothing"),
        ("kind: User, name: 'system:serviceaccounts:shop'", "nothing"),
        ("kind: Group, name: 'system:serviceaccount:shop:cart'", "nothing"),
        ("kind: Group, name: 'system:serviceaccounts:market'", "nothing"),
        ("kind: Group, name: 'system:unauthenticated'", "nothing"),
    ] {
        let objects = role(HERE, LIST) + &binding("RoleBinding", HERE, "Role/peers", subject);
        assert_eq!(ask(&objects), answer, "{subject}");
    }
}

#[test]
fn a_binding_speaks_about_its_own_namespace() {
    let there = "namespace: market";
    for (title, objects, answer) in [
        (
            "both in another namespace",
            role(there, LIST) + &binding("RoleBinding", there, "Role/peers", CART),
            "RoleBinding market/peers: elsewhere",
        ),
        (
            "the role in another namespace",
            role(there, LIST) + &binding("RoleBinding", HERE, "Role/peers", CART),
            "Role market/peers: role elsewhere",
        ),
        ("no namespace written", role("", LIST) + &binding("RoleBinding", "", "Role/peers", CART), "granted"),
        ("nothing binds it", role(HERE, LIST), "Role shop/peers: unbound"),
        ("nothing at all", String::new(), "nothing"),
    ] {
        assert_eq!(ask(&objects), answer, "{title}");
    }
}

#[test]
fn cluster_roles_are_everywhere() {
    let aggregated =
        "---\nkind: ClusterRole\nmetadata: {name: peers}\naggregationRule: {clusterRoleSelectors: []}\nrules: []\n";
    let unset = "kind: ServiceAccount, name: cart";
    let own = role("", LIST).replace("kind: Role", "kind: ClusterRole");
    for (title, objects, answer) in [
        ("built in", binding("RoleBinding", HERE, "ClusterRole/view", CART), "granted"),
        ("built in, for everything", binding("ClusterRoleBinding", "", "ClusterRole/admin", CART), "granted"),
        ("its own", own.clone() + &binding("ClusterRoleBinding", "", "ClusterRole/peers", CART), "granted"),
        ("bound in one namespace", own.clone() + &binding("RoleBinding", HERE, "ClusterRole/peers", CART), "granted"),
        (
            "bound in another",
            own.clone() + &binding("RoleBinding", "namespace: market", "ClusterRole/peers", CART),
            "RoleBinding market/peers: elsewhere",
        ),
        (
            "the API server refuses a subject without a namespace",
            own + &binding("ClusterRoleBinding", "", "ClusterRole/peers", unset),
            "ClusterRoleBinding peers: cart of nowhere",
        ),
        (
            "a role of the namespace is no ClusterRole",
            role(HERE, LIST) + &binding("RoleBinding", HERE, "ClusterRole/peers", CART),
            "open: RoleBinding shop/peers",
        ),
        ("not in the input", binding("RoleBinding", HERE, "ClusterRole/peers", CART), "open: RoleBinding shop/peers"),
        (
            "aggregated",
            aggregated.to_owned() + &binding("RoleBinding", HERE, "ClusterRole/peers", CART),
            "open: RoleBinding shop/peers",
        ),
    ] {
        assert_eq!(ask(&objects), answer, "{title}");
    }
}

#[test]
fn what_is_missing_counts_once_the_input_is_complete() {
    let to_nothing = binding("RoleBinding", HERE, "Role/peers", CART);
    assert_eq!(ask(&to_nothing), "open: RoleBinding shop/peers");
    assert_eq!(ask_of(&to_nothing, Some("shop"), Kinds::RBAC), "nothing");
}

#[test]
fn an_account_whose_namespace_is_not_written_may_be_in_any() {
    for subject in [
        CART,
        "kind: Group, name: 'system:serviceaccounts:shop'",
        "kind: User, name: 'system:serviceaccount:shop:cart'",
    ] {
        let objects = role(HERE, LIST) + &binding("RoleBinding", HERE, "Role/peers", subject);
        assert_eq!(ask_of(&objects, None, Kinds::default()), "granted", "{subject}");
    }
}

/// An account that everybody uses has as many bindings as there are apps.
#[test]
fn a_few_near_misses_are_enough() {
    let only_get = role(HERE, "{apiGroups: [''], resources: [endpoints], verbs: [get]}");
    let bindings: String = (0..50)
        .map(|number| {
            binding("RoleBinding", HERE, "Role/peers", CART).replace("{name: peers,", &format!("{{name: b{number},"))
        })
        .collect();
    assert_eq!(ask(&(only_get + &bindings)), ["Role shop/peers: only get"; 3].join("; "));
}
