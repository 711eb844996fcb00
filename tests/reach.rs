//! What NetworkPolicies let pass, as their specification says it: the conformance cases of Kubernetes
//! (`test/e2e/network/netpol/network_policy.go`, 1.35) that are about pods, and what cannot be known before pods run.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use beamgate::manifest::yaml::{parse, split};
use beamgate::reach::{Direction, Far, Near, Wanted, passage};
use beamgate::world::World;
use beamgate::world::facts::Facts;
use beamgate::world::network::Protocol;
use beamgate::world::object::Object;
use beamgate::world::selector::Selected;

/// Two namespaces, and a pod in each place that a case is about. `z` is a namespace that is not in the input.
const PODS: &str = "
{kind: Namespace, apiVersion: v1, metadata: {name: x, labels: {ns: x, tier: back}}}
---
{kind: Namespace, apiVersion: v1, metadata: {name: y, labels: {ns: y}}}
---
{kind: Pod, apiVersion: v1, metadata: {name: a, namespace: x, labels: {pod: a}}, spec: {containers: [{name: c, ports: [{name: serve, containerPort: 80}, {name: other, containerPort: 81}]}]}}
---
{kind: Pod, apiVersion: v1, metadata: {name: b, namespace: x, labels: {pod: b, role: web}}, spec: {containers: [{name: c}]}}
---
{kind: Pod, apiVersion: v1, metadata: {name: b, namespace: y, labels: {pod: b}}, spec: {containers: [{name: c}]}}
---
{kind: Pod, apiVersion: v1, metadata: {name: b, namespace: z, labels: {pod: b}}, spec: {containers: [{name: c}]}}
---
{kind: Deployment, apiVersion: apps/v1, metadata: {name: d, namespace: x}, spec: {template: {metadata: {labels: {pod: d}}, spec: {containers: [{name: c}]}}}}
";

fn world(policies: &str) -> World {
    let text = format!("{PODS}---\n{policies}");
    let documents = split::documents(&text).into_iter().filter_map(|range| parse(&text, range).unwrap());
    let objects = documents.filter_map(|document| Object::read(&document.root, "", &[]).ok()).collect();
    World::new(objects, Facts::default())
}

fn policy(spec: &str) -> String {
    format!(
        "{{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {{name: p, namespace: x}}, spec: {spec}}}"
    )
}

fn pod<'w>(world: &'w World, name: &str) -> Near<'w> {
    let (namespace, name) = name.split_once('/').unwrap();
    let is_meant = |object: &&Object| object.namespace.as_deref() == Some(namespace) && object.name == name;
    let object = world.objects().iter().filter(|object| object.workload().is_some()).find(is_meant).unwrap();
    Near { object, pod: &object.workload().unwrap().template }
}

/// What the policies of `x/a` say of a connection that another pod makes to it.
fn takes(policies: &str, from: &str, port: u16) -> Selected {
    let world = world(policies);
    passage(&world, pod(&world, "x/a"), Direction::Ingress, Far::Pod(pod(&world, from)), Wanted::tcp(port)).passes
}

/// What the policies of `x/b` say of a connection that it makes to another pod.
fn makes(policies: &str, to: &str, port: u16) -> Selected {
    let world = world(policies);
    passage(&world, pod(&world, "x/b"), Direction::Egress, Far::Pod(pod(&world, to)), Wanted::tcp(port)).passes
}

use Selected::{No, Perhaps, Yes};

#[test]
fn connections_are_taken_as_the_conformance_cases_say() {
    for (spec, from, port, taken) in [
        // Policies that select no pod of ours, or say nothing of this direction.
        ("{podSelector: {matchLabels: {pod: b}}, ingress: []}", "x/b", 80, Yes),
        ("{podSelector: {}, policyTypes: [Egress]}", "x/b", 80, Yes),
        // Deny all, allow all.
        ("{podSelector: {}, policyTypes: [Ingress]}", "x/b", 80, No),
        ("{podSelector: {}}", "x/b", 80, No),
        ("{podSelector: {}, ingress: [{}]}", "y/b", 80, Yes),
        ("{podSelector: {}, egress: [{}]}", "x/b", 80, No),
        // By pods: of the policy's own namespace.
        ("{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}", "x/b", 80, Yes),
        ("{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}", "y/b", 80, No),
        ("{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}]}", "x/b", 80, Yes),
        ("{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {pod: c}}}]}]}", "x/b", 80, No),
        (
            "{podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: pod, operator: In, values: [b, c]}]}}]}]}",
            "x/b",
            80,
            Yes,
        ),
        (
            "{podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: role, operator: DoesNotExist}]}}]}]}",
            "x/b",
            80,
            No,
        ),
        // By namespaces.
        ("{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}", "z/b", 80, Yes),
        ("{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}]}]}", "y/b", 80, Yes),
        ("{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}]}]}", "x/b", 80, No),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: ns, operator: NotIn, values: [x]}]}}]}]}",
            "y/b",
            80,
            Yes,
        ),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: z}}}]}]}",
            "z/b",
            80,
            Yes,
        ),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: y}}}]}]}",
            "z/b",
            80,
            No,
        ),
        // By both: of one item both must hold, of two items one.
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}, podSelector: {matchLabels: {pod: c}}}]}]}",
            "y/b",
            80,
            No,
        ),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}, {podSelector: {matchLabels: {pod: c}}}]}]}",
            "y/b",
            80,
            Yes,
        ),
        // By ports: numbers, ranges, names, protocols.
        ("{podSelector: {}, ingress: [{ports: [{port: 81}]}]}", "x/b", 80, No),
        ("{podSelector: {}, ingress: [{ports: [{port: 80}]}]}", "x/b", 80, Yes),
        ("{podSelector: {}, ingress: [{ports: [{port: 79, endPort: 81}]}]}", "x/b", 80, Yes),
        ("{podSelector: {}, ingress: [{ports: [{port: serve}]}]}", "x/b", 80, Yes),
        ("{podSelector: {}, ingress: [{ports: [{port: serve}]}]}", "x/b", 81, No),
        ("{podSelector: {}, ingress: [{ports: [{port: 80, protocol: UDP}]}]}", "x/b", 80, No),
        ("{podSelector: {}, ingress: [{ports: [{protocol: TCP}]}]}", "x/b", 80, Yes),
        (
            "{podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 81}]}, {ports: [{port: 80}]}]}",
            "y/b",
            80,
            Yes,
        ),
    ] {
        assert_eq!(takes(&policy(spec), from, port), taken, "{spec} from {from} to {port}");
    }
}

#[test]
fn connections_are_made_as_the_conformance_cases_say() {
    for (spec, to, port, made) in [
        ("{podSelector: {}}", "x/a", 80, Yes),
        ("{podSelector: {}, policyTypes: [Egress]}", "x/a", 80, No),
        ("{podSelector: {}, egress: [{to: [{podSelector: {matchLabels: {pod: a}}}]}]}", "x/a", 80, Yes),
        ("{podSelector: {}, egress: [{to: [{podSelector: {matchLabels: {pod: a}}}]}]}", "y/b", 80, No),
        ("{podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {ns: y}}}]}]}", "y/b", 80, Yes),
        // A port's name is one of the pod that is connected to.
        ("{podSelector: {}, egress: [{ports: [{port: serve}]}]}", "x/a", 80, Yes),
        ("{podSelector: {}, egress: [{ports: [{port: serve}]}]}", "x/a", 81, No),
        ("{podSelector: {}, egress: [{ports: [{port: serve}]}]}", "y/b", 80, No),
    ] {
        assert_eq!(makes(&policy(spec), to, port), made, "{spec} to {to} at {port}");
    }
}

#[test]
fn policies_add_up() {
    let deny = policy("{podSelector: {}, policyTypes: [Ingress]}");
    let allow =
        policy("{podSelector: {matchLabels: {pod: a}}, ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}]}");
    let both = format!("{deny}\n---\n{}", allow.replace("name: p,", "name: q,"));
    assert_eq!([takes(&deny, "x/b", 80), takes(&both, "x/b", 80)], [No, Yes]);
    let elsewhere = deny.replace("namespace: x", "namespace: y");
    assert_eq!(takes(&elsewhere, "x/b", 80), Yes, "a policy is about its own namespace");
}

#[test]
fn what_is_not_known_is_perhaps() {
    for (spec, from, taken) in [
        ("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}", "x/b", Perhaps),
        ("{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {ns: z}}}]}]}", "z/b", Perhaps),
        (
            "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {pod-template-hash: abc}}}]}]}",
            "x/d",
            Perhaps,
        ),
        ("{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {pod: \"${POD}\"}}}]}]}", "x/b", Perhaps),
        ("{podSelector: {matchLabels: {pod: \"${POD}\"}}, policyTypes: [Ingress]}", "x/b", Perhaps),
    ] {
        assert_eq!(takes(&policy(spec), from, 80), taken, "{spec} from {from}");
    }
    let homeless = policy("{podSelector: {}, policyTypes: [Ingress]}").replace(", namespace: x", "");
    assert_eq!(takes(&homeless, "x/b", 80), Perhaps, "it may be applied anywhere");
}

#[test]
fn all_ports_are_let_pass_only_if_every_one_is() {
    let passes = |ports: &str, first, last| {
        let world = world(&policy(&format!("{{podSelector: {{}}, ingress: [{{ports: {ports}}}]}}")));
        let (near, far) = (pod(&world, "x/a"), Far::Pod(pod(&world, "x/b")));
        passage(&world, near, Direction::Ingress, far, Wanted::range(first, last)).passes
    };
    assert_eq!(passes("[{port: 100, endPort: 200}, {port: 201, endPort: 300}]", 150, 250), Yes);
    assert_eq!(passes("[{port: 100, endPort: 200}, {port: 202, endPort: 300}]", 150, 250), No);
    assert_eq!(passes("[{port: 100, endPort: 65535}]", 32768, 65535), Yes);
    assert_eq!(passes("[{port: 0, endPort: 65535}]", 1, 1), Yes);
}

#[test]
fn the_dns_server_is_a_pod_of_which_only_the_namespace_is_known() {
    let asks = |egress: &str| {
        let world = world(&policy(&format!("{{podSelector: {{}}, policyTypes: [Egress], egress: [{egress}]}}")));
        let wanted = Wanted { protocol: Protocol::Udp, first: 53, last: 53 };
        passage(&world, pod(&world, "x/b"), Direction::Egress, Far::PodOf("kube-system"), wanted).passes
    };
    assert_eq!(asks(""), No);
    assert_eq!(asks("{to: [{podSelector: {}}]}"), No);
    assert_eq!(asks("{ports: [{port: 53, protocol: UDP}]}"), Yes);
    assert_eq!(asks("{ports: [{port: 53}]}"), No);
    assert_eq!(asks("{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]}"), Yes);
    assert_eq!(asks("{to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]}"), Perhaps);
    assert_eq!(asks("{to: [{ipBlock: {cidr: 169.254.20.10/32}}]}"), Perhaps);
    assert_eq!(asks("{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: x}}}]}"), No);
}
