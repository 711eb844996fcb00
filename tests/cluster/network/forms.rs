//! What policies do to apps.

use serde_json::{Value, json};

use crate::app::{App, Kind, Lookup, Mode, NAMESPACE, Strategy, variable};
use crate::observe::Fate;
use crate::parts::Seen;
use crate::stage::{self, Scene};

pub(super) const HEAD: &str = "\
## What forms

Apps of two nodes, under one policy for their pods. Some listen on a port from `-kernel inet_dist_listen_min 9100 inet_dist_listen_max 9110`,
the others on any that is free. *Its own* are the pods of the app.

| strategy | listens on | reached by | may reach | seen | log |
|---|---|---|---|---|---|
";

const PINNED: &str = "-kernel inet_dist_listen_min 9100 inet_dist_listen_max 9110";

/// A peer that does not answer.
const UNREACHED: &str = "unable to connect to";

/// An API server that does not answer.
const UNASKED: &str = "request to kubernetes failed!: {:failed_connect,";

/// Which ports, or to whom, in words and as the rules of a policy.
type Rules = (&'static str, Value);

struct Case {
    strategy: Strategy,
    pinned: bool,
    /// Without rules, the policy says nothing of this direction.
    ingress: Option<Rules>,
    egress: Option<Rules>,
    fate: Fate,
    /// A part of a line that is logged.
    log: &'static str,
}

pub(super) fn play(seen: &mut Seen) {
    let cases = [inwards(), outwards()].into_iter().flatten().collect::<Vec<_>>();
    let scenes: Vec<Scene> = cases.iter().map(Case::scene).collect();
    for ((case, scene), outcome) in cases.iter().zip(&scenes).zip(stage::play(&scenes)) {
        let (fate, log) = (outcome.fate(), outcome.log());
        seen.expect(fate == case.fate, format!("{}: it {fate}, and not: it {}\n{log}", scene.title, case.fate));
        seen.expect(log.contains(case.log), format!("{}: nobody logs {}\n{log}", scene.title, case.log));
        let ports = if case.pinned { "9100-9110" } else { "any" };
        let logged = if case.log.is_empty() { String::new() } else { format!("`{}`", case.log) };
        seen.row([&case.strategy.describe(), ports, case.inwards(), case.outwards(), &fate.to_string(), &logged]);
    }
}

/// Who is reached, and on which ports.
fn inwards() -> Vec<Case> {
    let case = |pinned, words, from: Value, fate, log| Case {
        strategy: Strategy::Dns,
        pinned,
        ingress: Some((words, from)),
        egress: None,
        fate,
        log,
    };
    let distribution = json!({"port": 9100, "endPort": 9110});
    let both = json!([{"from": own(), "ports": [{"port": 4369}, distribution]}]);
    vec![
        case(true, "nobody", json!([]), Fate::DoesNotForm, UNREACHED),
        case(
            true,
            "its own, 9100-9110",
            json!([{"from": own(), "ports": [distribution]}]),
            Fate::DoesNotForm,
            UNREACHED,
        ),
        case(true, "its own, 4369", json!([{"from": own(), "ports": [{"port": 4369}]}]), Fate::DoesNotForm, UNREACHED),
        case(true, "its own, 4369 and 9100-9110", both.clone(), Fate::Forms, ""),
        case(false, "its own, 4369 and 9100-9110", both, Fate::DoesNotForm, UNREACHED),
        case(false, "its own", json!([{"from": own()}]), Fate::Forms, ""),
    ]
}

/// Whom it reaches: its peers, DNS, the API server.
fn outwards() -> Vec<Case> {
    let case = |strategy, words, to: &[Value], fate, log| {
        let rules = [&[json!({"to": own()})], to].concat();
        Case { strategy, pinned: false, ingress: None, egress: Some((words, json!(rules))), fate, log }
    };
    let api = Strategy::Kubernetes(Mode::Ip, Lookup::Endpoints);
    let dns = json!({"ports": [{"port": 53, "protocol": "UDP"}]});
    let port = |port: u16| json!({"ports": [{"port": port}]});
    vec![
        case(Strategy::Dns, "its own", &[], Fate::DoesNotForm, "lookup against cart failed: :timeout"),
        case(Strategy::Dns, "its own, DNS", &[dns.clone()], Fate::Forms, ""),
        case(api, "its own, DNS", &[dns.clone()], Fate::DoesNotForm, UNASKED),
        case(api, "its own, DNS, 443", &[dns.clone(), port(443)], Fate::DoesNotForm, UNASKED),
        case(api, "its own, DNS, 6443", &[dns, port(6443)], Fate::Forms, ""),
    ]
}

fn own() -> Value {
    json!([{"podSelector": selector()}])
}

fn selector() -> Value {
    json!({"matchLabels": {"app.kubernetes.io/name": "cart"}})
}

impl Case {
    fn inwards(&self) -> &'static str {
        self.ingress.as_ref().map_or("everybody", |(words, _)| words)
    }

    fn outwards(&self) -> &'static str {
        self.egress.as_ref().map_or("everybody", |(words, _)| words)
    }

    /// The policy is there before the pods.
    fn scene(&self) -> Scene {
        let mut app = App::new(self.strategy, Kind::Deployment);
        if self.pinned {
            app.env().push(variable("ELIXIR_ERL_OPTIONS", PINNED));
        }
        app.objects.insert(0, self.policy());
        let ports = if self.pinned { "9100-9110" } else { "any port" };
        let title = format!("{} on {ports}, in {}, out {}", self.strategy.describe(), self.inwards(), self.outwards());
        Scene { title, manifest: app.manifest(), ..Scene::default() }
    }

    fn policy(&self) -> Value {
        let mut spec = json!({"podSelector": selector(), "policyTypes": []});
        for (kind, key, rules) in [("Ingress", "ingress", &self.ingress), ("Egress", "egress", &self.egress)] {
            if let Some((_, rules)) = rules {
                spec["policyTypes"].as_array_mut().unwrap().push(json!(kind));
                spec[key] = rules.clone();
            }
        }
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "cart", "namespace": NAMESPACE},
            "spec": spec,
        })
    }
}
