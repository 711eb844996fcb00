//! Edits from every bad state to every other: an old fault is not denied, in whatever way it shows.

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};

use crate::cluster::Ask;
use crate::random::{cases, without_nulls};
use crate::worlds::Profile;

/// Objects without a fault, of every kind that a policy calls clean.
pub(crate) fn clean() -> Vec<Value> {
    let full = "cart.shop.svc.cluster.local";
    let by_ip = |strategy: &str, more: Value| workload("Deployment", strategy, more, "cart@$(MY_POD_IP)");
    let by_host = |strategy: &str, more: Value| {
        workload("StatefulSet", strategy, more, "cart@$(MY_POD_NAME).cart.shop.svc.cluster.local")
    };
    vec![
        by_ip("Kubernetes.DNS", json!({"basename": "cart", "service": "cart"})),
        by_ip("Kubernetes", json!({"basename": "cart", "selector": "app=cart"})),
        by_ip("DNSPoll", json!({"basename": "cart", "service": full})),
        by_ip("Peerage", json!({"basename": "cart", "service": full})),
        by_ip("DNSCluster", json!({"service": full})),
        by_host("Kubernetes.DNSSRV", json!({"basename": "cart", "service": "cart"})),
        by_host(
            "Kubernetes",
            json!({"basename": "cart", "service": "cart", "selector": "app=cart", "mode": "hostname"}),
        ),
    ]
}

fn workload(kind: &str, strategy: &str, declared: Value, node: &str) -> Value {
    let annotations = declared.as_object().unwrap().iter();
    let annotations: Value = annotations
        .map(|(key, value)| (format!("beamgate.dev/{key}"), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let bound = |name: &str, field: &str| json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}});
    let env = json!([bound("MY_POD_IP", "status.podIP"), bound("MY_POD_NAME", "metadata.name"),
        {"name": "RELEASE_DISTRIBUTION", "value": "name"}, {"name": "RELEASE_NODE", "value": node}]);
    let template = json!({"metadata": {"labels": {"app": "cart", "beamgate.dev/strategy": strategy}, "annotations": annotations},
        "spec": {"containers": [{"name": "cart", "image": "cart:1", "env": env}]}});
    let service = (kind == "StatefulSet").then_some("cart");
    without_nulls(json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "cart", "namespace": "shop"},
        "spec": {"replicas": 3, "serviceName": service, "template": template}}))
}

/// A change of an object: a variable in the place of another of its name, or what is merged into the object.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Env(Value),
    Merge(Value),
}

impl Change {
    fn apply(&self, object: &mut Value) {
        match self {
            Self::Merge(patch) => json_patch::merge(object, patch),
            Self::Env(entry) => {
                let container = &mut object["spec"]["template"]["spec"]["containers"][0];
                let env = container.as_object_mut().unwrap().entry("env").or_insert(json!([]));
                let env = env.as_array_mut().unwrap();
                match env.iter_mut().find(|known| known["name"] == entry["name"]) {
                    Some(known) => *known = entry.clone(),
                    None => env.insert(0, entry.clone()),
                }
            }
        }
    }
}

fn changes() -> Vec<Change> {
    let text = |name: &str, value: &str| Change::Env(json!({"name": name, "value": value}));
    let from = |name: &str, source: Value| Change::Env(json!({"name": name, "valueFrom": source}));
    let nodes = [
        "cart",
        "cart@",
        "",
        "cart@$(HOST)",
        "cart@$(NOBODY)",
        "cart@${HOST}",
        "cart@$$(MY_POD_IP)",
        "cart@`hostname`",
        "cart@$(hostname -f)",
        "basket@$(MY_POD_IP)",
        "a.b@$(MY_POD_IP)",
        "cart@cart.$(DOMAIN)",
        "cart@cart.shop.svc.cluster.local",
        "cart@$(MY_POD_NAME).cart.shop.svc.cluster.local",
        "cart@$(MY_POD_NAME)",
        "cart@$(MY_POD_IP)@x",
        "cart@.shop",
    ];
    let nodes = nodes.map(|value| text("RELEASE_NODE", value));
    let variables = [
        ("HOST", ""),
        ("HOST", "10.0.0.7"),
        ("HOST", "$(NOBODY)"),
        ("RELEASE_DISTRIBUTION", "sname"),
        ("RELEASE_DISTRIBUTION", "none"),
        ("RELEASE_DISTRIBUTION", "names"),
        ("RELEASE_DISTRIBUTION", "$(X)"),
        ("RELEASE_COOKIE", "monster"),
        ("RELEASE_COOKIE", "cart"),
        ("RELEASE_COOKIE", "basket"),
        ("RELEASE_COOKIE", "f3Gh8_k2"),
        ("RELEASE_COOKIE", "$(NOBODY)"),
        ("ERL_AFLAGS", "-sname cart"),
        ("ERL_AFLAGS", "-setcookie monster"),
        ("CLUSTER_DOMAIN", "$(DOMAIN)"),
        ("CLUSTER_DOMAIN", "example.org."),
        ("DNS_CLUSTER_QUERY", "cart.shop.svc.cluster.local"),
        ("DNS_CLUSTER_QUERY", "cart.$NAMESPACE.svc.cluster.local"),
        ("DNS_CLUSTER_QUERY", "cart.$(NS).svc.cluster.local"),
        ("DNS_CLUSTER_QUERY", "`hostname`"),
        ("PEERS", "cart.$(NS).svc.cluster.local"),
    ];
    let variables = variables.map(|(name, value)| text(name, value));
    let key = |kind: &str, key: &str| json!({kind: {"name": "cfg", "key": key, "optional": true}});
    let sources = [
        from("HOST", key("configMapKeyRef", "HOST")),
        from("HOST", key("configMapKeyRef", "NOBODY")),
        from("HOST", key("secretKeyRef", "HOST")),
        from("RELEASE_DISTRIBUTION", key("configMapKeyRef", "RELEASE_DISTRIBUTION")),
        from("RELEASE_COOKIE", key("secretKeyRef", "COOKIE")),
        from("RELEASE_COOKIE", key("configMapKeyRef", "RELEASE_COOKIE")),
        from("CLUSTER_DOMAIN", key("secretKeyRef", "DOMAIN")),
        from("CLUSTER_DOMAIN", key("configMapKeyRef", "CLUSTER_DOMAIN")),
        from("DNS_CLUSTER_QUERY", key("configMapKeyRef", "DNS_CLUSTER_QUERY")),
        from("MY_POD_IP", json!({"fieldRef": {"fieldPath": "status.hostIP"}})),
        from("MY_POD_IP", key("secretKeyRef", "IP")),
    ];
    let merged = annotations().chain(specs()).map(Change::Merge);
    nodes.into_iter().chain(variables).chain(sources).chain(merged).collect()
}

fn annotations() -> impl Iterator<Item = Value> {
    let declared = [
        ("basename", vec!["basket", "a.b", "", "$(X)", "{{ .Release.Name }}", "<%= name %>"]),
        ("mode", vec!["ip", "dns", "hostname", "adress", "$(X)"]),
        ("lookup", vec!["pods", "nodes"]),
        (
            "service",
            vec![
                "cart",
                "cart.shop",
                "cart.shop.svc",
                "other",
                "$(PEERS)",
                "",
                "cart.ops.svc.cluster.local",
                "cart.{{ns}}.svc",
                "cart.shop.svc.cluster.local",
            ],
        ),
        ("selector", vec!["app=cart-", "app is cart", "", "app=$(X)", "app in (cart)", "app=cart;tier=web"]),
        ("namespace", vec!["shop", "ops", "{{ .Release.Namespace }}", "<% ns %>", "$(NS)"]),
        ("cluster-domain", vec![".local", "cluster.local.", "example.org", "{{ domain }}.local", "{{ domain }}"]),
        ("node-name", vec!["cart@{pod-ip}", "cart@{pod_ip}", "cart@$(X){pod_ip}"]),
        ("inputs", vec!["POD_IP=podIP", "LD_PRELOAD=podIP", "LD_X=podIP", "PATH=podIP", "POD_IP=ip"]),
        ("container", vec!["cart", "none"]),
        ("topologies", vec!["- a"]),
        ("ignore", vec!["BG105: so", "BG106: so", "BG115: so", "BG301: so"]),
        ("nobody", vec!["reads it"]),
        ("strategy", vec!["Kubernetes"]),
    ];
    let of_template = |key: &str, value: &str| json!({"spec": {"template": {"metadata": {"annotations": {format!("beamgate.dev/{key}"): value}}}}});
    let on_template = declared
        .into_iter()
        .flat_map(move |(key, values)| values.into_iter().map(move |value| of_template(key, value)));
    let missing = ["basename", "service", "selector", "mode"]
        .map(|key| json!({"spec": {"template": {"metadata": {"annotations": {format!("beamgate.dev/{key}"): null}}}}}));
    let elsewhere = [
        json!({"metadata": {"annotations": {"beamgate.dev/mode": "ip"}}}),
        json!({"metadata": {"annotations": {"beamgate.dev/nobody": "ip"}}}),
        json!({"metadata": {"labels": {"beamgate.dev/nobody": "ip"}}}),
        json!({"spec": {"template": {"metadata": {"labels": {"beamgate.dev/nobody": "ip"}}}}}),
    ];
    on_template.chain(missing).chain(elsewhere)
}

fn specs() -> impl Iterator<Item = Value> {
    let asking = ["Kubernetes", "Kubernetes.DNS", "Kubernetes.DNSSRV", "DNSPoll", "Peerage", "DNSCluster"];
    let others = ["Gossip", "LocalEpmd", "Announced", "Epmd", "Kubernetes.Dns"];
    let strategies = asking.into_iter().chain(others);
    let strategies =
        strategies.map(|name| json!({"spec": {"template": {"metadata": {"labels": {"beamgate.dev/strategy": name}}}}}));
    let container = |part: Value| {
        // A list is not merged, so that this stands for the only container as a whole.
        let mut container = json!({"name": "cart", "image": "cart:1", "env": [
            {"name": "MY_POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "RELEASE_DISTRIBUTION", "value": "name"}, {"name": "RELEASE_NODE", "value": "cart@$(MY_POD_IP)"}]});
        json_patch::merge(&mut container, &part);
        json!({"containers": [container]})
    };
    let long = "a-service-of-a-name-that-is-far-too-long-for-a-host-name";
    let of_pods = [
        json!({"hostnameOverride": "cart"}),
        json!({"setHostnameAsFQDN": true}),
        json!({"hostNetwork": true}),
        json!({"hostname": "cart", "subdomain": "cart"}),
        json!({"subdomain": "other"}),
        json!({"dnsPolicy": "Default"}),
        json!({"dnsPolicy": "None"}),
        json!({"dnsPolicy": "ClusterFirst", "hostNetwork": true}),
        json!({"automountServiceAccountToken": false}),
        json!({"automountServiceAccountToken": true}),
        container(json!({"envFrom": [{"configMapRef": {"name": "cfg"}}]})),
        container(json!({"envFrom": [{"prefix": "X_", "configMapRef": {"name": "cfg"}}]})),
        container(json!({"envFrom": [{"secretRef": {"name": "cfg"}}]})),
        container(json!({"env": null})),
        container(json!({"command": ["sh", "-c", "exec bin/cart start"]})),
        container(json!({"command": ["/app/bin/cart", "start"], "args": ["--cookie", "monster"]})),
        container(json!({"args": ["start"]})),
    ];
    let mut nameless = container(json!({"env": null}));
    nameless =
        json!({"spec": {"template": {"metadata": {"annotations": {"beamgate.dev/basename": null}}, "spec": nameless}}});
    let of_pods = of_pods.map(|spec| json!({"spec": {"template": {"spec": spec}}}));
    let of_workloads = [
        json!({"spec": {"serviceName": "other"}}),
        json!({"spec": {"serviceName": long}}),
        json!({"spec": {"serviceName": long, "template": {"spec": {"setHostnameAsFQDN": true}}}}),
        json!({"spec": {"replicas": 1}}),
    ];
    strategies.into_iter().chain(of_pods).chain(of_workloads).chain([nameless])
}

pub(crate) fn changed(object: &Value, changes: &[Change]) -> Value {
    let mut object = object.clone();
    changes.iter().for_each(|change| change.apply(&mut object));
    without_nulls(object)
}

fn is_clean(profile: &Profile, object: &Value) -> bool {
    let ask = Ask::update(object, object);
    profile.policies[0].variable(&ask, "oldIsClean") == Some(json!(true))
}

thread_local!(static PROFILES: Vec<Profile> = Profile::all());

/// One fault after another, in place of another, or beside it.
fn states() -> impl Strategy<Value = (Value, Value)> {
    let some = || (0..3_usize).prop_flat_map(|count| subsequence(changes(), count));
    let objects = prop::sample::select(clean());
    (objects.clone(), objects, prop::bool::weighted(0.8), some(), some(), some()).prop_map(
        |(object, other, is_same, both, before, after)| {
            let of = |object: &Value, own: &[Change]| changed(object, &[&both, own].concat());
            let mut other = if is_same { object.clone() } else { other };
            // An update never changes the kind.
            other["kind"] = object["kind"].clone();
            (of(&object, &before), of(&other, &after))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_edit_of_a_faulty_object_is_denied_that_the_webhook_admits((before, after) in states(), profile in 0..3_usize) {
        PROFILES.with(|profiles| {
            for ask in [Ask::create(&after), Ask::update(&before, &after)] {
                let falsely = profiles[profile].falsely_denied(&ask);
                prop_assert!(falsely.is_empty(), "{} {falsely:?}", ask.operation);
            }
            Ok(())
        })?;
    }
}

/// What a change makes bad is denied where it is new, and the proof that it is new holds.
#[test]
fn where_the_old_object_is_clean_no_exported_rule_finds_anything() {
    PROFILES.with(|profiles| {
        // What these find besides is in a place of its own, as of a ServiceAccount, or never denied.
        let besides = ["BG004", "BG216", "BG219", "BG402", "BG602", "BG604", "BG606", "BG701"];
        let exported = |rule: &String| {
            let is_it = |known: &&beamgate::rules::Rule| known.id() == *rule;
            let known = beamgate::rules::all().find(is_it).unwrap();
            matches!(known.cel, beamgate::rules::Cel::Exported(..)) && !besides.contains(&rule.as_str())
        };
        let mut denied = std::collections::BTreeSet::new();
        for object in clean() {
            assert!(is_clean(&profiles[0], &object), "{object}");
            for change in changes() {
                let after = changed(&object, std::slice::from_ref(&change));
                if is_clean(&profiles[0], &after) {
                    let found: Vec<String> = profiles[1].found(&after).into_iter().filter(exported).collect();
                    assert!(found.is_empty(), "{change:?}: {found:?}: {after}");
                }
                let ask = Ask::update(&object, &after);
                let falsely = profiles[0].falsely_denied(&ask);
                assert!(falsely.is_empty(), "{change:?}: {falsely:?}: {after}");
                denied.extend(crate::fixtures::said(&profiles[0].policies[0], &ask));
            }
        }
        let missing: Vec<String> = crate::fixtures::errors_by_default().filter(|rule| !denied.contains(rule)).collect();
        assert!(missing.is_empty(), "no edit is denied for {missing:?}");
    });
}
