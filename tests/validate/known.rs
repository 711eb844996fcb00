//! What a watch says, in whatever order, leads to what a fresh list would.

use beamgate::cluster::known::{Event, Kind, Known, Sketch, State};
use beamgate::trace::Trace;
use beamgate::world::World;
use beamgate::world::facts::Facts;
use beamgate::world::object::Object;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::cluster::{fixture, read, sketch, the};

fn service(name: &str, version: u8) -> Sketch {
    let labels = json!({"app": "cart", "version": version.to_string()});
    sketch(&json!({"kind": "Service", "metadata": {"name": name, "namespace": "shop", "labels": labels},
        "spec": {"clusterIP": "None", "selector": {"app.kubernetes.io/name": "cart"}, "ports": [{"port": 4369}]}}))
}

fn workload(path: &str) -> Value {
    the("Deployment", &fixture(path))
}

/// What is known around a workload that asks for Services by label.
fn around(known: &Known, workload: &Value) -> Vec<String> {
    let world = World::new(vec![read(workload)], Facts::default());
    let (object, found) = world.workloads().next().unwrap();
    let trace = Trace::of(&world, object, found);
    known.around(&trace).objects.iter().map(|object| format!("{} {:?}", object.title(), object.labels)).collect()
}

fn listed(kind: Kind, objects: &[Sketch]) -> Known {
    let known = Known::new(Facts::default());
    known.take(kind, Event::Listing);
    for object in objects {
        known.take(kind, Event::Listed(object.clone()));
    }
    known.take(kind, Event::Complete);
    known
}

/// A step of a watch: something happens to the Service of a number.
#[derive(Debug, Clone)]
enum Step {
    Put(u8, u8),
    Gone(u8),
    /// A list of all that is there, after a watch that was too old.
    Relist,
    Broken,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..5_u8, 0..3_u8).prop_map(|(number, version)| Step::Put(number, version)),
        2 => (0..5_u8).prop_map(Step::Gone),
        1 => Just(Step::Relist),
        1 => Just(Step::Broken),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    #[test]
    fn events_lead_to_what_a_list_says(steps in steps()) {
        let name = |number: u8| format!("cart-{number}");
        let known = listed(Kind::Service, &[]);
        let mut there: std::collections::BTreeMap<u8, u8> = std::collections::BTreeMap::new();
        // While a watch is broken nobody tells it what happens; a list follows.
        let mut blind = false;
        for step in steps {
            match step {
                Step::Put(number, version) => {
                    there.insert(number, version);
                    if !blind {
                        known.take(Kind::Service, Event::Put(service(&name(number), version)));
                    }
                }
                Step::Gone(number) => {
                    let gone = there.remove(&number);
                    if let Some(version) = gone.filter(|_| !blind) {
                        known.take(Kind::Service, Event::Gone(service(&name(number), version)));
                    }
                }
                Step::Broken => {
                    known.take(Kind::Service, Event::Broken);
                    blind = true;
                    prop_assert_eq!(known.state(Kind::Service), State::Broken);
                }
                Step::Relist => {
                    known.take(Kind::Service, Event::Listing);
                    for (number, version) in &there {
                        known.take(Kind::Service, Event::Listed(service(&name(*number), *version)));
                    }
                    known.take(Kind::Service, Event::Complete);
                    blind = false;
                }
            }
        }
        let workload = workload("202-service-not-headless/good.yaml");
        if blind {
            prop_assert_eq!(around(&known, &workload), Vec::<String>::new());
        } else {
            let objects: Vec<Sketch> = there.iter().map(|(number, version)| service(&name(*number), *version)).collect();
            let fresh = listed(Kind::Service, &objects);
            prop_assert_eq!(around(&known, &workload).len(), there.len());
            prop_assert_eq!(around(&known, &workload), around(&fresh, &workload));
            prop_assert_eq!(known.states(), fresh.states());
        }
    }
}

#[test]
fn a_list_that_breaks_off_leaves_what_was_known() {
    let known = listed(Kind::Service, &[service("cart-1", 0), service("cart-2", 0)]);
    let workload = workload("202-service-not-headless/good.yaml");
    let before = around(&known, &workload);
    known.take(Kind::Service, Event::Listing);
    known.take(Kind::Service, Event::Listed(service("cart-1", 0)));
    assert_eq!(around(&known, &workload), before);
    // The next one is complete, and the second Service is not in it.
    known.take(Kind::Service, Event::Listing);
    known.take(Kind::Service, Event::Listed(service("cart-1", 0)));
    known.take(Kind::Service, Event::Complete);
    assert_eq!(around(&known, &workload), before[..1]);
}

#[test]
fn what_a_further_topology_asks_for_has_a_say_too() {
    let workload = workload("201-service-missing/warn-topology.yaml");
    let of_others = |name: &str| {
        sketch(&json!({"kind": "Service", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"clusterIP": "None", "selector": {"app": "worker"}, "ports": [{"port": 4369}]}}))
    };
    let known = listed(Kind::Service, &[of_others("jobs"), of_others("worker")]);
    assert_eq!(around(&known, &workload), ["Service shop/worker []"]);
}

/// Ready is who has listed everything that it may list: a refusal is an answer, silence is none.
#[test]
fn readiness_waits_for_the_first_lists_only() {
    let known = Known::new(Facts::default());
    for kind in Kind::WATCHED {
        assert!(!known.is_ready());
        known.take(kind, Event::Listing);
        known.take(kind, Event::Broken);
        assert_eq!(known.state(kind), State::Waiting);
        let last = if kind == Kind::Role { Event::Refused } else { Event::Complete };
        known.take(kind, last);
    }
    assert!(known.is_ready());
    known.take(Kind::Service, Event::Broken);
    assert!(known.is_ready());
    known.take(Kind::Service, Event::Started);
    assert_eq!(known.state(Kind::Service), State::Synced);
    known.take(Kind::Role, Event::Started);
    assert_eq!(known.state(Kind::Role), State::Refused);
}

/// The API server may refuse a watch for a moment: while an account's rights are replaced, or its token is stale. No list
/// follows when it goes on.
#[test]
fn a_watch_that_was_halted_goes_on_where_it_stood() {
    let known = listed(Kind::Service, &[service("cart-1", 0)]);
    let workload = workload("202-service-not-headless/good.yaml");
    let before = around(&known, &workload);
    known.take(Kind::Service, Event::Halted);
    assert_eq!((known.state(Kind::Service), around(&known, &workload)), (State::Refused, Vec::new()));
    known.take(Kind::Service, Event::Started);
    assert_eq!((known.state(Kind::Service), around(&known, &workload)), (State::Synced, before));
    // What may not be listed is not known, whatever a watch says.
    known.take(Kind::Service, Event::Refused);
    known.take(Kind::Service, Event::Started);
    assert_eq!(known.state(Kind::Service), State::Refused);
}

#[test]
fn of_workloads_only_those_with_a_declaration_are_kept() {
    let declared = workload("202-service-not-headless/good.yaml");
    let known = listed(Kind::Deployment, &[sketch(&declared)]);
    let count = |known: &Known| known.states().iter().find(|(kind, ..)| *kind == "Deployment").unwrap().2;
    assert_eq!(count(&known), 1);
    let mut undeclared: Value = the("Deployment", &fixture("202-service-not-headless/good.yaml"));
    undeclared["spec"]["template"]["metadata"]["labels"].as_object_mut().unwrap().remove("beamgate.dev/strategy");
    known.take(Kind::Deployment, Event::Put(sketch(&undeclared)));
    assert_eq!(count(&known), 0, "the label was taken off");
}

/// Of a whole cluster a request sees a dozen objects.
#[test]
fn only_what_has_a_say_is_handed_out() {
    let objects = fixture("401-list-not-granted/good.yaml");
    let known = Known::new(Facts::default());
    let noise = |kind: Kind, number: usize| {
        let metadata = json!({"name": format!("other-{number}"), "namespace": format!("n{}", number % 100)});
        match kind {
            Kind::Service => json!({"kind": "Service", "metadata": metadata, "spec": {"selector": {"app": "other"}}}),
            _ => json!({"kind": kind.name(), "metadata": metadata}),
        }
    };
    for kind in Kind::WATCHED {
        known.take(kind, Event::Listing);
        for object in objects.iter().filter(|object| object["kind"] == kind.name()) {
            known.take(kind, Event::Listed(sketch(object)));
        }
        for number in (0..2000).filter(|_| !Kind::WORKLOADS.contains(&kind)) {
            known.take(kind, Event::Listed(sketch(&noise(kind, number))));
        }
        known.take(kind, Event::Complete);
    }
    let asking = workload("401-list-not-granted/good.yaml");
    let workload = read(&asking);
    let mut expected: Vec<String> =
        objects.iter().map(read).map(|object| object.title()).filter(|title| *title != workload.title()).collect();
    expected.sort();
    let found = around(&known, &asking);
    let titles: Vec<&str> = found.iter().map(|object| object.split(" [").next().unwrap()).collect();
    assert_eq!(titles, expected);
    let service = read(&the("Service", &objects));
    let dependents: Vec<String> = known.dependents(&service).iter().map(Object::title).collect();
    assert_eq!(dependents, [workload.title()]);
    assert!(known.dependents(&read(&noise(Kind::Service, 7))).is_empty());
}
