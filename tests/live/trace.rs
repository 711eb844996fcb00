//! What comes of a connection on a cluster.

use serde_json::{Value, json};

use crate::scene::{NAMED, by_address, by_name, formed, pod, resource, service, silent, slice, split, stateful_set};
use crate::server::{self, kubeconfig, list, refused};
use crate::{manifest, parsed, run, said};

#[test]
fn the_first_mismatch_is_that_of_the_names() {
    let config = kubeconfig("live-split", &server::serve(split, by_address), &json!({}));
    let output = run(&config, &["trace", "--with-cluster", "cart"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let expected = "
      now  the endpoints of Service `cart`: 2 addresses; DNS itself cannot be asked from here
           pod/cart-0  10.42.0.0  peers dial cart@cart-0.cart.shop.svc.cluster.local, it answers cart@10.42.0.0
           pod/cart-1  10.42.0.1  peers dial cart@cart-1.cart.shop.svc.cluster.local, it answers cart@10.42.0.1
 mismatch  pod/cart-0: peers dial another name than it answers (and one more)
           peers dial  cart@cart-0.cart.shop.svc.cluster.local
           it answers  cart@10.42.0.0
                            ^ differs from here
     next  `beamgate explain BG301` says why, and how to mend it
";
    assert!(text.contains(expected), "{text}");
    let output = run(&config, &["trace", "--with-cluster", "--format", "json"]);
    let document = parsed(&output);
    assert_eq!(document["schema"], "beamgate.dev/trace/v1");
    let [workload] = document["workloads"].as_array().unwrap().as_slice() else { panic!("{document}") };
    assert_eq!((&workload["ref"], &workload["verdict"]), (&json!("StatefulSet shop/cart"), &json!("breaks")));
    let mismatch = &workload["now"]["mismatch"];
    assert_eq!(
        (&mismatch["step"], &mismatch["member"], &mismatch["others"]),
        (&json!("named"), &json!("pod/cart-0"), &json!(1))
    );
    assert_eq!(mismatch["dials"], "cart@cart-0.cart.shop.svc.cluster.local");
    assert_eq!(mismatch["answers"], "cart@10.42.0.0");
    let member = &workload["now"]["members"][1];
    assert_eq!((&member["pod"], &member["found"], &member["agrees"]), (&json!("cart-1"), &json!(true), &json!(false)));
}

#[test]
fn nodes_that_are_called_as_they_are_dialled_have_none() {
    let config = kubeconfig("live-formed", &server::serve(formed, by_name), &json!({}));
    let output = run(&config, &["trace", "--with-cluster", "sts/cart"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("StatefulSet shop/cart: forms\n"), "{text}");
    assert!(
        text.contains(" mismatch  none: each node is found, and is called as it is dialled; what is left is "),
        "{text}"
    );
}

#[test]
fn files_are_compared_with_what_runs() {
    let file = manifest("fixed", &[stateful_set(NAMED)]);
    let config = kubeconfig("live-fixed", &server::serve(split, by_address), &json!({}));
    let output = run(&config, &["trace", "--with-cluster", "cart", file.to_str().unwrap()]);
    let text = said(&output);
    assert!(text.starts_with("StatefulSet shop/cart: forms\n"), "{text}");
    assert!(
        text.contains(
            "on the cluster is another version: boots as cart@{pod-ip}, peers dial cart@{pod-name}.cart.shop"
        ),
        "{text}"
    );
    assert!(text.contains(" mismatch  pod/cart-0: peers dial another name than it answers"), "{text}");
    assert!(text.contains(&format!("({}:1:", file.display())), "{text}");

    let mut new = stateful_set(NAMED);
    new["metadata"]["name"] = json!("new");
    let output = run(&config, &["trace", "--with-cluster", "new", manifest("new", &[new]).to_str().unwrap()]);
    assert!(said(&output).contains("now  unknown: StatefulSet shop/new is not on the cluster"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(0));
}

/// Of more pods than are asked, some are.
#[test]
fn of_many_pods_some_are_asked() {
    fn many(path: &str) -> (u16, Value) {
        let pods: Vec<Value> = (0..23).map(pod).collect();
        if resource(path).0 == "pods" { list(&pods) } else { formed(path) }
    }
    let config = kubeconfig("live-many", &server::serve(many, by_name), &json!({}));
    let now = &parsed(&run(&config, &["trace", "--with-cluster", "--format", "json"]))["workloads"][0]["now"];
    let members = now["members"].as_array().unwrap();
    let asked = members.iter().filter(|member| member["answers"] != json!([])).count();
    assert_eq!((members.len(), asked, &now["not_asked"]), (23, 20, &json!(3)));
    // Most of them are not among the endpoints.
    assert_eq!(now["mismatch"]["step"], "found");
}

/// The steps of the way, each of which is the first that fails.
#[test]
fn the_first_mismatch_is_the_earliest_on_the_way() {
    fn no_pods(path: &str) -> (u16, Value) {
        if resource(path).0 == "pods" { list(&[]) } else { formed(path) }
    }
    fn pending(path: &str) -> (u16, Value) {
        let mut waits = pod(1);
        waits["status"] = json!({"phase": "Pending"});
        if resource(path).0 == "pods" { list(&[pod(0), waits]) } else { formed(path) }
    }
    fn unready(path: &str) -> (u16, Value) {
        let mut slice = slice();
        slice["endpoints"][1]["conditions"]["ready"] = json!(false);
        if resource(path).0 == "endpointslices" { list(&[slice]) } else { formed(path) }
    }
    fn unselected(path: &str) -> (u16, Value) {
        if resource(path).0 == "endpointslices" { list(&[]) } else { formed(path) }
    }
    fn virtual_ip(path: &str) -> (u16, Value) {
        let mut service = service("cart");
        service["spec"]["clusterIP"] = json!("10.96.0.7");
        if path.contains("/services/cart") { (200, service) } else { formed(path) }
    }
    let step = |name: &str, answers, forwards| {
        let config = kubeconfig(&format!("live-step-{name}"), &server::serve(answers, forwards), &json!({}));
        let document = parsed(&run(&config, &["trace", "--with-cluster", "cart", "--format", "json"]));
        let mismatch = &document["workloads"][0]["now"]["mismatch"];
        let word = |key: &str| mismatch[key].as_str().unwrap_or_default().to_owned();
        assert!(!word("next").is_empty(), "{document}");
        (word("step"), word("member"), word("message"))
    };
    let expected = |step: &str, member: &str, message: &str| (step.to_owned(), member.to_owned(), message.to_owned());
    assert_eq!(step("pods", no_pods, by_name), expected("pods", "", "it has no pods"));
    assert_eq!(step("runs", pending, by_name), expected("runs", "pod/cart-1", "nothing runs in the pod: Pending"));
    let message = "peers do not find it: it is not ready, and its Service publishes only what is";
    assert_eq!(step("unready", unready, by_name), expected("found", "pod/cart-1", message));
    let message = "peers do not find it: the endpoints of Service `cart`";
    assert_eq!(step("unselected", unselected, by_name), expected("found", "pod/cart-0", message));
    let message = "peers do not find it: Service `cart` is not headless: one virtual address stands for all pods";
    assert_eq!(step("virtual", virtual_ip, by_name), expected("found", "pod/cart-0", message));
    assert_eq!(
        step("answers", formed, silent),
        expected("answers", "pod/cart-0", "epmd at port 4369 refuses the connection")
    );
    // The manifest is right, and the nodes are called otherwise.
    let message = "peers dial another name than it answers";
    assert_eq!(step("older", formed, by_address), expected("named", "pod/cart-0", message));
}

/// Who may not forward ports knows nothing of the names, and that is no fault of the nodes.
#[test]
fn nodes_that_may_not_be_asked_are_not_at_fault() {
    let server = server::serve_with(formed, silent, |_| Some(refused(403, "User \"me\" cannot get pods/portforward")));
    let config = kubeconfig("live-unasked", &server, &json!({}));
    let output = run(&config, &["trace", "--with-cluster", "cart"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for line in [
        "pod/cart-0  10.42.0.0  peers dial cart@cart-0.cart.shop.svc.cluster.local, not asked\n",
        "not asked: epmd at port 4369 cannot be reached through the cluster's API: User \"me\" cannot get pods/portforward\n",
        " mismatch  unknown: no name could be compared\n",
    ] {
        assert_eq!(text.matches(line).count(), 1, "{line}\n{text}");
    }
    let output = run(&config, &["trace", "--with-cluster", "-A", "--format", "json"]);
    assert_eq!(parsed(&output)["workloads"][0]["now"]["unasked"]["reason"], "not-forwarded");
}
