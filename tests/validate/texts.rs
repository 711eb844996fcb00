//! What people read when something is denied, or passes with a warning.

use serde_json::{Value, json};

use super::cluster::{Ask, Cluster, fixture, the};

fn denial(path: &str, kind: &str) -> String {
    let objects = fixture(path);
    Cluster::of(&objects).ask(&Ask::create(&the(kind, &objects))).denial.unwrap()
}

#[test]
fn a_denial_across_objects_names_what_was_read() {
    let expected = r#"BG202 service-not-headless: `shop/cart` is a ClusterIP Service: DNS answers with one virtual address, not with the pods
  at Service shop/cart, /spec/clusterIP: not `None`, so not headless
  at /spec/template/metadata/annotations/beamgate.dev~1service: asks for cart.shop.svc.cluster.local
  Service shop/cart was read at resourceVersion 4711: if it is to change, apply that object first, or apply again
  at run time: `unable to connect to :"cart@<cluster IP>"`, every five seconds; `Node.list()` stays empty
  fix (recreate): make the Service again as a headless one, or add a headless one for clustering
    spec:
      clusterIP: None
  `beamgate explain BG202`, https://beamgate.dev/rules/BG202

To let it pass all the same, annotate the pod template: `beamgate.dev/ignore: "BG202: <why>"`; or label the namespace: `beamgate.dev/enforce=warn`."#;
    assert_eq!(denial("202-service-not-headless/bad.yaml", "Deployment"), expected);
}

#[test]
fn a_denial_of_one_object_shows_both_names_and_the_lines_to_write() {
    let expected = r#"BG301 name-mismatch: peers dial `cart@{pod-ip}`; this node is `cart@{pod-name}.cart.shop.svc.cluster.local`
  peers dial   cart@{pod-ip}
  this node is cart@{pod-name}.cart.shop.svc.cluster.local
  at /spec/template/spec/containers/0/env/4/value: the node's own name
  at /spec/template/metadata/labels/beamgate.dev~1strategy: decides what peers dial
  at run time: `unable to connect to :"cart@10.42.1.7"`, every five seconds; `Node.list()` stays empty
  fix (safe): name the node as it is dialled
    - name: RELEASE_NODE
      value: cart@$(MY_POD_IP)
  `beamgate explain BG301`, https://beamgate.dev/rules/BG301

To let it pass all the same, annotate the pod template: `beamgate.dev/ignore: "BG301: <why>"`; or label the namespace: `beamgate.dev/enforce=warn`."#;
    assert_eq!(denial("301-name-mismatch/bad.yaml", "StatefulSet"), expected);
}

#[test]
fn warnings_are_short_and_begin_with_the_code() {
    let objects = fixture("202-service-not-headless/good.yaml");
    let answer = Cluster::of(&objects).ask(&Ask::delete(&the("Service", &objects)));
    let expected = "BG704: 1 workload loses its peers without Service shop/cart: Deployment shop/cart (BG201)";
    assert_eq!(answer.warnings, [expected]);
    assert_eq!(answer.audit, [("warned", "1: BG704".to_owned())]);
}

/// Of many workloads some are judged, and of the rest it is said that they are there.
#[test]
fn many_dependents_are_at_least_so_many() {
    let objects = fixture("202-service-not-headless/good.yaml");
    let (service, workload) = (the("Service", &objects), the("Deployment", &objects));
    let mut all: Vec<_> = (0..40).map(|number| renamed(&workload, &format!("cart-{number}"))).collect();
    all.push(service.clone());
    let warning = |objects: &[Value]| Cluster::of(objects).ask(&Ask::delete(&service)).warnings[0].clone();
    assert!(warning(&all).starts_with("BG704: at least 32 workloads lose their peers"), "{}", warning(&all));
    assert!(warning(&all[8..]).starts_with("BG704: 32 workloads lose their peers"), "{}", warning(&all[8..]));
}

fn renamed(workload: &Value, name: &str) -> Value {
    let mut workload = workload.clone();
    workload["metadata"]["name"] = json!(name);
    workload
}

/// By the Service for all of them, or by a workload for itself.
#[test]
fn a_service_in_use_may_be_silenced() {
    let objects = fixture("202-service-not-headless/good.yaml");
    let (service, workload) = (the("Service", &objects), the("Deployment", &objects));
    let ignored = |object: &Value| {
        let mut object = object.clone();
        object["metadata"]["annotations"] = json!({"beamgate.dev/ignore": "BG704: it moves to another one"});
        object
    };
    let said = |workloads: &[Value], service: &Value| {
        let answer = Cluster::of(&[workloads, std::slice::from_ref(service)].concat()).ask(&Ask::delete(service));
        assert_eq!(answer.findings.len(), 1, "it is counted all the same");
        answer.warnings.join("\n")
    };
    let other = renamed(&workload, "web");
    let with = |names: &str| format!("BG704: {names}");
    assert_eq!(said(std::slice::from_ref(&workload), &ignored(&service)), "");
    assert_eq!(said(&[ignored(&workload)], &service), "");
    let left = "1 workload loses its peers without Service shop/cart: Deployment shop/web (BG201)";
    assert_eq!(said(&[ignored(&workload), other], &service), with(left));
}

#[test]
fn what_is_missing_is_missing_on_the_cluster() {
    let workload = the("Deployment", &fixture("202-service-not-headless/good.yaml"));
    let answer = Cluster::of(&[]).ask(&Ask::create(&workload));
    assert_eq!(answer.warnings, ["BG201: Service `shop/cart` is not on the cluster"]);
}

/// The longest message of all is cut, and of many lines only the first few are said.
#[test]
fn warnings_are_few() {
    let mut workload = the("Deployment", &fixture("401-list-not-granted/bad.yaml"));
    let annotations = &mut workload["spec"]["template"]["metadata"]["annotations"];
    for key in ["modus", "basname", "srvice", "selectr", "namspace", "lookupp"] {
        annotations[format!("beamgate.dev/{key}")] = json!("x".repeat(100));
    }
    let namespace =
        json!({"kind": "Namespace", "metadata": {"name": "shop", "labels": {"beamgate.dev/enforce": "warn"}}});
    let answer = Cluster::of(&[namespace]).ask(&Ask::create(&workload));
    assert_eq!(answer.warnings.len(), 5, "{:#?}", answer.warnings);
    for warning in &answer.warnings {
        assert!(warning.chars().count() <= 120, "{warning}");
    }
    assert!(answer.warnings[4].starts_with("beamgate: and "), "{:?}", answer.warnings);
}

#[test]
fn cookies_are_never_said() {
    let mut workload = the("Deployment", &fixture("202-service-not-headless/bad.yaml"));
    let env = workload["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().unwrap();
    env.push(json!({"name": "ERL_FLAGS", "value": "-setcookie oh-so-secret -sname cart"}));
    env.push(json!({"name": "RELEASE_COOKIE", "value": "oh-so-secret"}));
    let answer = Cluster::of(&fixture("202-service-not-headless/bad.yaml")).ask(&Ask::create(&workload));
    let said = format!("{:?}", (answer.denial, answer.warnings, answer.audit));
    assert!(said.contains("BG601") && !said.contains("oh-so-secret"), "{said}");
}
