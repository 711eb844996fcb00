//! What must never be denied, whatever is wrong with it.

use beamgate::cluster::known::{Event, Kind};
use beamgate::policy::config::Policy;
use serde_json::{Value, json};

use super::cluster::{Ask, Cluster, fixture, outcome, sketch, the, without};

/// A workload that is right.
fn good() -> Value {
    the("Deployment", &fixture("202-service-not-headless/good.yaml"))
}

/// A workload that is broken in itself.
fn broken() -> Value {
    edited(&good(), |object| {
        object["spec"]["template"]["metadata"]["annotations"]["beamgate.dev/basename"] = json!("basket");
    })
}

/// What somebody does to an object.
type Edit = fn(&mut Value);

fn edited(object: &Value, edit: impl FnOnce(&mut Value)) -> Value {
    let mut object = object.clone();
    edit(&mut object);
    object
}

/// A pod of the workload's template.
fn pod() -> Value {
    let template = broken()["spec"]["template"].clone();
    let mut metadata = template["metadata"].clone();
    metadata["name"] = json!("cart-7x");
    metadata["namespace"] = json!("shop");
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
}

/// A cluster with the Service that it asks for.
fn its_cluster() -> Cluster {
    Cluster::of(&[the("Service", &fixture("202-service-not-headless/good.yaml"))])
}

#[test]
fn a_new_one_is_denied() {
    assert_eq!(outcome(&its_cluster().ask(&Ask::create(&broken()))), "denied BG301");
    assert_eq!(outcome(&its_cluster().ask(&Ask::create(&broken()).dry())), "denied BG301");
    assert_eq!(outcome(&its_cluster().ask(&Ask::create(&pod()))), "denied BG301");
}

/// Nor does it pass because the Service is applied later: by then it would be an old fault.
#[test]
fn what_is_missing_hides_no_contradiction() {
    assert_eq!(outcome(&Cluster::of(&[]).ask(&Ask::create(&broken()))), "denied BG301; warned BG201");
    assert_eq!(outcome(&Cluster::of(&[]).ask(&Ask::create(&good()))), "warned BG201");
}

#[test]
fn edits_that_do_not_touch_the_fault_pass_with_a_warning() {
    let edits: [(&str, Edit); 5] = [
        ("an autoscaler", |object| object["spec"]["replicas"] = json!(7)),
        ("kubectl rollout restart", |object| {
            object["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = json!("now");
        }),
        ("another image", |object| {
            object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("cluster-demo:2");
        }),
        ("an owner", |object| object["metadata"]["ownerReferences"] = json!([{"kind": "App", "controller": true}])),
        ("another wrong name", |object| {
            object["spec"]["template"]["metadata"]["annotations"]["beamgate.dev/basename"] = json!("trolley");
        }),
    ];
    for (what, edit) in edits {
        let request = Ask::update(&broken(), &edited(&broken(), edit));
        assert_eq!(outcome(&its_cluster().ask(&request)), "warned BG301", "{what}");
        // The same where what it asks for is not there, and hides the fault.
        assert_eq!(outcome(&Cluster::of(&[]).ask(&request)), "warned BG301", "{what}");
        assert_eq!(outcome(&Cluster::of(&[]).ask(&request.dry())), "warned BG301", "{what}");
    }
}

#[test]
fn an_edit_that_makes_the_fault_is_denied() {
    assert_eq!(outcome(&its_cluster().ask(&Ask::update(&good(), &broken()))), "denied BG301");
    // The label is the consent, and it was not given before.
    let label = |object: &mut Value| {
        object["spec"]["template"]["metadata"]["labels"].as_object_mut().unwrap().remove("beamgate.dev/strategy");
    };
    let without_consent = edited(&broken(), label);
    assert_eq!(outcome(&its_cluster().ask(&Ask::update(&without_consent, &broken()))), "denied BG301");
    assert_eq!(outcome(&its_cluster().ask(&Ask::create(&without_consent))), "passes");
}

#[test]
fn what_goes_is_let_go() {
    let going = edited(&broken(), |object| object["metadata"]["deletionTimestamp"] = json!("2026-11-25T00:00:00Z"));
    for request in [
        Ask::delete(&broken()),
        Ask::update(&going, &edited(&going, |object| object["metadata"]["finalizers"] = json!([]))),
        Ask::create(&broken()).part("status"),
        Ask::update(&broken(), &broken()).part("scale"),
        Ask::update(&pod(), &pod()).part("ephemeralcontainers"),
    ] {
        assert_eq!(outcome(&its_cluster().ask(&request)), "passes");
    }
}

#[test]
fn pods_of_controllers_pass_unseen() {
    let owned = |kind: &str| {
        let owner = json!([{"apiVersion": "apps/v1", "kind": kind, "name": "cart", "uid": "1", "controller": true}]);
        edited(&pod(), |pod| pod["metadata"]["ownerReferences"] = owner)
    };
    for kind in ["ReplicaSet", "StatefulSet", "DaemonSet", "Job", "SomethingElse"] {
        assert_eq!(outcome(&its_cluster().ask(&Ask::create(&owned(kind)))), "passes");
    }
    let set = edited(&broken(), |object| {
        object["kind"] = json!("ReplicaSet");
        object["metadata"]["ownerReferences"] = json!([{"kind": "Deployment", "name": "cart", "controller": true}]);
    });
    assert_eq!(outcome(&its_cluster().ask(&Ask::create(&set))), "passes");
}

#[test]
fn apps_that_start_runners_are_warned() {
    let by = |user: &str| outcome(&its_cluster().ask(&Ask::create(&pod()).by(user)));
    assert_eq!(by("system:serviceaccount:shop:runner"), "warned BG301");
    assert_eq!(by("system:serviceaccount:ci:deployer"), "denied BG301");
    assert_eq!(by("anna"), "denied BG301");
}

/// `kubectl apply -f` of a folder goes by file name: whatever comes first finds nothing of the rest.
#[test]
fn a_folder_that_is_right_passes_in_any_order() {
    for path in [
        "202-service-not-headless/good.yaml",
        "401-list-not-granted/good.yaml",
        "213-wrong-governing-service/good.yaml",
    ] {
        let mut objects = fixture(path);
        for _ in 0..objects.len() {
            objects.rotate_left(1);
            for applied in 0..objects.len() {
                let cluster = Cluster::of(&objects[..applied]);
                let said = outcome(&cluster.ask(&Ask::create(&objects[applied])));
                assert!(!said.contains("denied"), "{path}: {said}");
            }
        }
    }
}

/// Workers that join the web's nodes may be applied before the web.
#[test]
fn workers_may_come_before_the_nodes_that_they_join() {
    let web = fixture("202-service-not-headless/good.yaml");
    let worker = edited(&good(), |object| {
        object["metadata"]["name"] = json!("worker");
        object["spec"]["selector"]["matchLabels"] = json!({"app": "worker"});
        object["spec"]["template"]["metadata"]["labels"] =
            json!({"app": "worker", "beamgate.dev/strategy": "Kubernetes.DNS"});
    });
    let alone = Cluster::of(&[the("Service", &web)]);
    assert_eq!(outcome(&alone.ask(&Ask::create(&worker))), "warned BG206");
    assert_eq!(outcome(&Cluster::of(&web).ask(&Ask::create(&worker))), "passes");
}

/// A Service that selects half the cluster: its peers are not all looked at, so nobody is missed.
#[test]
fn of_very_many_workloads_nobody_is_missed() {
    let service = the("Service", &fixture("202-service-not-headless/good.yaml"));
    let worker = |number: usize, labels: Value| {
        edited(&good(), |object| {
            object["metadata"]["name"] = json!(format!("worker-{number:03}"));
            object["spec"]["template"]["metadata"]["labels"] = labels;
            object["spec"]["template"]["metadata"]["labels"]["beamgate.dev/strategy"] = json!("Kubernetes.DNS");
        })
    };
    let asks = worker(0, json!({"app": "worker"}));
    let selected = |number: usize| {
        edited(&worker(number, json!({"app.kubernetes.io/name": "cart"})), |object| {
            let template = &mut object["spec"]["template"];
            template["metadata"]["annotations"]["beamgate.dev/basename"] = json!("web");
            let env = template["spec"]["containers"][0]["env"].as_array_mut().unwrap();
            env.iter_mut().find(|var| var["name"] == "RELEASE_NODE").unwrap()["value"] = json!("web@$(MY_POD_IP)");
        })
    };
    let around = |count: usize| {
        let others = (1..=count).map(selected);
        Cluster::of(&[service.clone()].into_iter().chain(others).collect::<Vec<_>>())
    };
    for (count, said) in [(0, "warned BG206"), (64, "warned BG206"), (100, "passes")] {
        assert_eq!(outcome(&around(count).ask(&Ask::create(&asks))), said, "{count}");
    }
}

/// An engine dry-runs a whole commit before it applies any of it, and the Service that is there is still the old one.
#[test]
fn a_dry_run_of_a_commit_that_mends_both_passes() {
    let bad = fixture("202-service-not-headless/bad.yaml");
    let (service, workload) = (the("Service", &bad), the("Deployment", &bad));
    let cluster = Cluster::of(&[service]);
    assert_eq!(outcome(&cluster.ask(&Ask::create(&workload).dry())), "warned BG202");
    assert_eq!(cluster.reads(), [] as [&str; 0], "what cannot be denied is not worth a question");
    assert_eq!(outcome(&cluster.ask(&Ask::create(&workload))), "denied BG202");
    assert_eq!(cluster.reads(), ["Service shop/cart", "Namespace shop"]);
}

#[test]
fn services_and_rights_are_warned_at_most() {
    let (good, bad) = (fixture("202-service-not-headless/good.yaml"), fixture("202-service-not-headless/bad.yaml"));
    let cluster = Cluster::of(&good);
    let (good_service, bad_service) = (the("Service", &good), the("Service", &bad));
    let ask = |request: &Ask| outcome(&cluster.ask(request));
    assert_eq!(ask(&Ask::update(&good_service, &bad_service)), "warned BG704");
    assert_eq!(ask(&Ask::delete(&good_service)), "warned BG704");
    assert_eq!(ask(&Ask::update(&good_service, &good_service)), "passes");
    assert_eq!(outcome(&Cluster::of(&without("Service", &good)).ask(&Ask::create(&bad_service))), "warned BG704");
    assert_eq!(outcome(&Cluster::of(&[]).ask(&Ask::delete(&good_service))), "passes");
    let rights = fixture("401-list-not-granted/bad.yaml");
    for object in rights.iter().filter(|object| object["kind"].as_str().is_some_and(|kind| kind.starts_with("Role"))) {
        assert_eq!(ask(&Ask::create(object)), "passes");
        assert_eq!(ask(&Ask::delete(object)), "passes");
    }
}

/// What only the watch says is not enough, and neither is a read that fails.
#[test]
fn what_is_not_confirmed_is_warned() {
    let bad = fixture("202-service-not-headless/bad.yaml");
    let workload = the("Deployment", &bad);
    let mut cluster = Cluster::of(&bad);
    cluster.silent = true;
    assert_eq!(outcome(&cluster.ask(&Ask::create(&workload))), "warned BG202");
    // By now the Service is what it ought to be, and the watch lags behind.
    let mended = fixture("202-service-not-headless/good.yaml");
    let cluster = Cluster::behind(&bad, &mended, Policy::default());
    assert_eq!(outcome(&cluster.ask(&Ask::create(&workload))), "passes");
    // It is gone: that may be mended by whatever comes next.
    let cluster = Cluster::behind(&bad, &[], Policy::default());
    assert_eq!(outcome(&cluster.ask(&Ask::create(&workload))), "warned BG201");
    // It is there, and the watch has not seen it yet.
    let cluster = Cluster::behind(&[], &bad, Policy::default());
    assert_eq!(outcome(&cluster.ask(&Ask::create(&workload))), "denied BG202");
}

/// A watch that is broken, or that was never allowed, takes away what it knew.
#[test]
fn a_broken_watch_denies_its_cluster() {
    let bad = fixture("402-token-not-mounted/bad-service-account.yaml");
    let workload = the("Deployment", &bad);
    let cluster = Cluster::of(&bad);
    assert_eq!(outcome(&cluster.ask(&Ask::create(&workload))), "denied BG402");
    for event in [Event::Broken, Event::Refused] {
        cluster.known.take(Kind::ServiceAccount, event);
        assert_eq!(outcome(&cluster.ask(&Ask::create(&workload))), "passes");
    }
}

/// Of what may not be listed nothing is missing.
#[test]
fn what_is_not_known_is_not_missing() {
    let without_permission = |objects: &[Value], there: &[Value]| {
        let cluster = Cluster::behind(objects, there, Policy::default());
        for kind in Kind::WATCHED.into_iter().filter(|kind| *kind != Kind::Namespace) {
            cluster.known.take(kind, Event::Refused);
        }
        cluster
    };
    let rights = fixture("401-list-not-granted/bad.yaml");
    let workload = the("Deployment", &rights);
    assert_eq!(outcome(&Cluster::of(&rights).ask(&Ask::create(&workload))), "warned BG401");
    assert_eq!(outcome(&without_permission(&rights, &rights).ask(&Ask::create(&workload))), "passes");
    let mut cluster = without_permission(&[], &[]);
    assert_eq!(outcome(&cluster.ask(&Ask::create(&good()))), "warned BG201", "it was asked for, and is not there");
    cluster.silent = true;
    assert_eq!(outcome(&cluster.ask(&Ask::create(&good()))), "passes");
    // What is false in the object itself rests on nothing that one could not see, but for the namespace's label.
    cluster.heard = Some("Namespace");
    assert_eq!(outcome(&cluster.ask(&Ask::create(&broken()))), "denied BG301");
}

#[test]
fn namespaces_decide() {
    let labelled = |label: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"beamgate.dev/enforce": label}}});
    let bad = fixture("202-service-not-headless/bad.yaml");
    let (itself, others) = (broken(), the("Deployment", &bad));
    for (label, alone, across, dry) in [
        ("off", "passes", "passes", "passes"),
        ("warn", "warned BG301", "warned BG202", "warned BG202"),
        ("denny", "warned BG301", "warned BG202", "warned BG202"),
        ("deny", "denied BG301", "denied BG202", "warned BG202"),
        ("strict", "denied BG301", "denied BG202", "denied BG202"),
    ] {
        let with_label = |objects: &[Value]| Cluster::of(&[objects, &[labelled(label)]].concat());
        let (right, wrong) = (with_label(&fixture("202-service-not-headless/good.yaml")), with_label(&bad));
        assert_eq!(outcome(&right.ask(&Ask::create(&itself))), alone, "{label}");
        assert_eq!(outcome(&wrong.ask(&Ask::create(&others))), across, "{label}");
        assert_eq!(outcome(&wrong.ask(&Ask::create(&others).dry())), dry, "{label}");
    }
}

/// `kubectl label namespace shop beamgate.dev/enforce=warn`, and applied again before the watch has seen it.
#[test]
fn a_namespace_that_was_just_labelled_is_heard() {
    let labelled = |label: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"beamgate.dev/enforce": label}}});
    let service = the("Service", &fixture("202-service-not-headless/good.yaml"));
    for (seen, there, said) in [
        ("deny", "warn", "warned BG301"),
        ("deny", "off", "passes"),
        ("deny", "strict", "denied BG301"),
        ("warn", "deny", "warned BG301"),
        ("strict", "deny", "denied BG301"),
    ] {
        let with = |label: &str| [service.clone(), labelled(label)];
        let cluster = Cluster::behind(&with(seen), &with(there), Policy::default());
        assert_eq!(outcome(&cluster.ask(&Ask::create(&broken()))), said, "{seen}, then {there}");
    }
    // Nobody says what it is now.
    let mut cluster = its_cluster();
    cluster.silent = true;
    assert_eq!(outcome(&cluster.ask(&Ask::create(&broken()))), "warned BG301");
}

/// Without permission for namespaces nobody knows whether somebody wants no denials.
#[test]
fn unknown_labels_deny_its_cluster() {
    let mut cluster = its_cluster();
    cluster.known.take(Kind::Namespace, Event::Refused);
    cluster.silent = true;
    assert_eq!(outcome(&cluster.ask(&Ask::create(&broken()))), "warned BG301");
    // A namespace that the watch has not seen yet is asked for.
    let shop = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    let service = the("Service", &fixture("202-service-not-headless/good.yaml"));
    let cluster = Cluster::behind(&[service], std::slice::from_ref(&shop), Policy::default());
    cluster.known.take(Kind::Namespace, Event::Gone(sketch(&shop)));
    assert_eq!(outcome(&cluster.ask(&Ask::create(&broken()))), "denied BG301");
    assert_eq!(cluster.reads(), ["Namespace shop"]);
}

#[test]
fn people_have_the_last_word() {
    let ignored = edited(&broken(), |object| {
        object["metadata"]["annotations"] = json!({"beamgate.dev/ignore": "BG301: the old name stays until March"});
    });
    assert_eq!(outcome(&its_cluster().ask(&Ask::create(&ignored))), "passes");
    let no_reason = edited(&broken(), |object| {
        object["metadata"]["annotations"] = json!({"beamgate.dev/ignore": "BG301"});
    });
    assert_eq!(outcome(&its_cluster().ask(&Ask::create(&no_reason))), "denied BG301");
    let configured = |text: &str| {
        let policy = Policy { config: toml::from_str(text).unwrap(), ..Policy::default() };
        let service = the("Service", &fixture("202-service-not-headless/good.yaml"));
        outcome(&Cluster::with_policy(&[service], policy).ask(&Ask::create(&broken())))
    };
    assert_eq!(configured("[rules]\nBG301 = 'off'"), "passes");
    assert_eq!(configured("[rules]\nname-mismatch = 'warning'"), "warned BG301");
    assert_eq!(configured("[webhook]\nenforce = 'warn'"), "warned BG301");
    assert_eq!(configured("[webhook]\nenforce = 'off'"), "passes");
    assert_eq!(configured("[[webhook.exempt]]\nnamespace = 'shop'"), "passes");
    assert_eq!(configured("[[webhook.exempt]]\nuser = 'bert'"), "denied BG301");
}
