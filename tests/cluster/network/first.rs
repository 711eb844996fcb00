//! Pods that connect as soon as they are there: no policy comes too late for them, and none knows them too late.

use serde_json::{Value, json};

use super::world::World;
use crate::cluster::{self, kubectl, succeed};
use crate::parts::Seen;

pub(super) const HEAD: &str = "\
## From the first moment

Pods whose first act is to connect, ten at a time, while the policies are there already. A *locked* one may go nowhere, and `shop/cart-0`
lets only a *guest* in.

| pods | to | connected |
|---|---|---|
";

const POLICIES: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: locked, namespace: shop }
spec: { podSelector: { matchLabels: { role: locked } }, policyTypes: [Egress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: guests, namespace: shop }
spec:
  podSelector: { matchLabels: { app: cart } }
  ingress:
    - from: [{ podSelector: { matchLabels: { role: guest } } }]
";

const PODS: usize = 10;

/// Each long enough for the kernel to send another packet after one second, and one more after three.
const ATTEMPTS: usize = 3;

const CONNECT: &str =
    "for attempt in 1 2 3; do timeout 5 bash -c 'exec 3<>/dev/tcp/$0/4369' \"$0\" && echo in || echo out; done";

pub(super) fn play(seen: &mut Seen) {
    let world = World::new();
    world.govern(POLICIES);
    for (role, to, expected) in
        [("locked", "ops/cart-0", "none"), ("guest", "shop/cart-0", "all"), ("stranger", "shop/cart-0", "none")]
    {
        let said = connect(role, world.address(to));
        let connected = match said.iter().filter(|line| *line == "in").count() {
            0 => "none",
            all if all == said.len() => "all",
            _ => "some",
        };
        seen.expect(said.len() == PODS * ATTEMPTS, format!("{role}: they say {said:?}"));
        seen.expect(connected == expected, format!("{role}: {connected} of its pods connected to {to}: {said:?}"));
        seen.row([role, to, connected]);
    }
}

/// What ten pods of a role say of their first connections.
fn connect(role: &str, address: &str) -> Vec<String> {
    let pods: Vec<Value> = (0..PODS).map(|number| pod(role, number, address)).collect();
    cluster::prepare(&json!({"apiVersion": "v1", "kind": "List", "items": pods}).to_string());
    let selector = format!("role={role}");
    let of_role = ["--namespace", "shop", "--selector", &selector];
    succeed(&[&["wait", "pods", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s"], &of_role[..]].concat());
    let said = succeed(&[&["logs", "--tail=-1"], &of_role[..]].concat());
    kubectl(&[&["delete", "pods"], &of_role[..]].concat(), "");
    said.lines().map(str::to_owned).collect()
}

fn pod(role: &str, number: usize, address: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": format!("{role}-{number}"), "namespace": "shop", "labels": {"role": role}},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{
                "name": "connect",
                "image": "cluster-demo:1",
                "command": ["bash", "-c", CONNECT, address],
            }],
        },
    })
}
