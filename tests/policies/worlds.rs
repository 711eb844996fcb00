//! Clusters with whatever may bear on one object: the policies see nothing of it, and the webhook all.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cel::Policy;
use crate::cluster::{Ask, Cluster};
use crate::fixtures::{codes, configured, denied, exported, said};

/// Configurations, as the webhook has them and as they are exported.
const PROFILES: [&str; 3] = [
    "",
    include_str!("../../policies/strict.toml"),
    "[rules]\nBG004 = 'error'\nBG105 = 'warning'\nBG106 = 'info'\nBG115 = 'warning'\nBG602 = 'error'\nBG701 = 'error'",
];

/// A configuration's policies, and the webhook in each of the clusters.
pub(crate) struct Profile {
    pub(crate) policies: Vec<Policy>,
    webhooks: Vec<Cluster>,
}

impl Profile {
    /// One of each.
    pub(crate) fn all() -> Vec<Self> {
        let of = |toml: &str| {
            let webhook = |objects: &Vec<Value>| Cluster::with_policy(objects, configured(toml));
            Self { policies: exported(toml), webhooks: worlds().iter().map(webhook).collect() }
        };
        PROFILES.map(of).into()
    }

    /// What is denied although some webhook admits it.
    pub(crate) fn falsely_denied(&self, ask: &Ask) -> BTreeSet<String> {
        let said = said(&self.policies[0], ask);
        let is_denied = |rule: &String| self.webhooks.iter().all(|webhook| denied(webhook, ask).contains(rule));
        // Most often nothing is said, and nobody need be asked.
        said.into_iter().filter(|rule| !is_denied(rule)).collect()
    }

    /// What is found in an object, in any of the clusters.
    pub(crate) fn found(&self, object: &Value) -> BTreeSet<String> {
        let of = |webhook: &Cluster| {
            let outcome = crate::cluster::outcome(&webhook.ask(&Ask::create(object)));
            codes(&outcome, "denied ").into_iter().chain(codes(&outcome, "warned "))
        };
        self.webhooks.iter().flat_map(of).collect()
    }
}

fn worlds() -> Vec<Vec<Value>> {
    let metadata = |name: &str| json!({"name": name, "namespace": "shop"});
    let service = |name: &str, spec: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(name), "spec": spec});
    let map = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("cfg"), "data": data});
    let headless = json!({"clusterIP": "None", "selector": {"app": "cart"}, "ports": [{"port": 4369}]});
    let plain = json!({"clusterIP": "10.0.0.9", "selector": {"app": "basket", "beamgate.dev/strategy": "x"}});
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata("default"),
        "automountServiceAccountToken": false});
    vec![
        vec![],
        vec![service("cart", headless), map(json!({"ERL_AFLAGS": "-sname cart", "HOST": "10.0.0.7", "X": "x"}))],
        vec![
            service("cart", plain),
            service("other", json!({"type": "ExternalName", "externalName": "cart.example.org"})),
            map(json!({"RELEASE_NODE": "cart@$(MY_POD_IP)", "DNS_CLUSTER_QUERY": "cart.$(NS).svc", "X": "$(hostname)",
                "RELEASE_DISTRIBUTION": "none", "RELEASE_COOKIE": "monster", "CLUSTER_DOMAIN": "$(X)."})),
            account,
        ],
    ]
}
