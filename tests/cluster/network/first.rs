//! Pods that connect as soon as they are there: no policy comes too late for them, and none knows them too late.

use serde_json::{Value, json};

use super::world::World;
use crate::cluster::{self, kubectl, succeed};
use crate::parts::Seen;

pub(super) const HEAD: &str = "\
## From the first moment

Ten pods at a time, that connect to `shop/cart-0` as the first thing that they do, while the policies are there already: *locked* may go
nowhere, and `shop/cart-0` lets nobody but a *guest* in.

| pods | connected |
|---|---|
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

/// Three times, each long enough for the kernel to try it thrice: after one second and after three once more.
const CONNECT: &str =
    "for attempt in 1 2 3; do timeout 5 bash -c 'exec 3<>/dev/tcp/$0/$1' \"$0\" \"$1\" && echo in || echo out; done";

pub(super) fn play(seen: &mut Seen) {
    let world = World::new();
    for (role, to, port, connected) in [
        ("locked", "ops/cart-0", 4369, false),
        ("guest", "shop/cart-0", 4369, true),
        ("stranger", "shop/cart-0", 4369, false),
    ] {
        world.govern(POLICIES);
        let said = connect(role, world.address(to), port);
        let all = said.iter().filter(|line| *line == if connected { "in" } else { "out" }).count();
        seen.expect(all == PODS * 3, format!("{role}: not all of {said:?}"));
        seen.row([role, if connected { "all" } else { "none" }]);
    }
}

/// What ten pods of a role say of their first connections.
fn connect(role: &str, address: &str, port: u16) -> Vec<String> {
    let pods: Vec<Value> = (0..PODS).map(|number| pod(role, number, address, port)).collect();
    cluster::prepare(&json!({"apiVersion": "v1", "kind": "List", "items": pods}).to_string());
    let selector = format!("role={role}");
    let of_role = ["--namespace", "shop", "--selector", &selector];
    succeed(&[&["wait", "pods", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s"], &of_role[..]].concat());
    let said = succeed(&[&["logs", "--tail=-1"], &of_role[..]].concat());
    kubectl(&[&["delete", "pods"], &of_role[..]].concat(), "");
    said.lines().map(str::to_owned).collect()
}

fn pod(role: &str, number: usize, address: &str, port: u16) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": format!("{role}-{number}"), "namespace": "shop", "labels": {"role": role}},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{
                "name": "connect",
                "image": "cluster-demo:1",
                "command": ["bash", "-c", CONNECT, address, port.to_string()],
            }],
        },
    })
}
