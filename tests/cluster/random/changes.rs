//! What may be changed in an app that forms. Whether it still does is for the cluster to say.

use serde_json::{Value, json};

use crate::app::{App, Strategy, field, variable};

/// One edit; it says whether there was anything to edit.
pub(crate) struct Change {
    pub(crate) name: &'static str,
    pub(crate) apply: fn(&mut App) -> bool,
}

macro_rules! changes {
    ($($name:literal => $apply:expr;)*) => {
        &[$(Change { name: $name, apply: $apply }),*]
    };
}

/// All of them, in the order of the connection's journey. Seeds count on the order: new ones go to the end.
pub(crate) const CHANGES: &[Change] = changes! {
    "basename annotation" => |app| annotate(app, "basename", "store");
    "selector annotation" => |app| annotate(app, "selector", "app.kubernetes.io/name=store");
    "service annotation" => |app| annotate(app, "service", "store");
    "service annotation, qualified" => |app| annotate(app, "service", "cart.shop.svc.cluster.local");
    "mode ip" => |app| annotate(app, "mode", "ip");
    "mode hostname" => |app| annotate(app, "mode", "hostname");
    "lookup pods" => |app| annotate(app, "lookup", "pods");
    "lookup endpoints" => |app| annotate(app, "lookup", "endpoints");
    "address after its user" => |app| move_last(app, "MY_POD_IP");
    "no address" => |app| remove_variable(app, "MY_POD_IP");
    "no namespace" => |app| remove_variable(app, "MY_POD_NAMESPACE");
    "no distribution" => |app| remove_variable(app, "RELEASE_DISTRIBUTION");
    "sname" => |app| set(app, "RELEASE_DISTRIBUTION", "sname");
    "distribution none" => |app| set(app, "RELEASE_DISTRIBUTION", "none");
    "distribution misspelt" => |app| set(app, "RELEASE_DISTRIBUTION", "longname");
    "only the release's name" => |app| position(app, "RELEASE_NODE").is_some_and(|at| put(&mut app.env()[at], variable("RELEASE_NAME", "cart")));
    "name without host" => |app| set(app, "RELEASE_NODE", "cart");
    "name of another app" => |app| edit_name(app, |name| name.replacen("cart@", "store@", 1));
    "name in braces" => |app| edit_name(app, |name| name.replace("$(", "${").replace(')', "}"));
    "name escaped" => |app| edit_name(app, |name| name.replace("$(", "$$("));
    "name with a dot at its end" => |app| edit_name(app, |name| format!("{name}."));
    "name with a space before it" => |app| edit_name(app, |name| format!(" {name}"));
    "loopback name" => |app| set(app, "RELEASE_NODE", "cart@127.0.0.1");
    "name by address" => |app| set(app, "RELEASE_NODE", "cart@$(MY_POD_IP)");
    "name by host name" => |app| set(app, "RELEASE_NODE", "cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local");
    "name with another Service" => |app| edit_name(app, |name| name.replace(".cart.", ".store."));
    "name with its namespace spelt out" => |app| edit_name(app, |name| name.replace("$(MY_POD_NAMESPACE)", "shop"));
    "name with another domain" => |app| edit_name(app, |name| name.replace("cluster.local", "example.org"));
    "address of the host" => |app| bind(app, "MY_POD_IP", "status.hostIP");
    "right name after a wrong one" => |app| name_twice(app, false);
    "wrong name after the right one" => |app| name_twice(app, true);
    "input of another name" => rename_input;
    "name from HOSTNAME" => |app| edit_name(app, |name| name.replace("$(MY_POD_NAME)", "$(HOSTNAME)"));
    "name through another variable" => through;
    "cookie literal" => |app| set(app, "RELEASE_COOKIE", "as-written-here");
    "no cookie" => |app| remove_variable(app, "RELEASE_COOKIE");
    "flags pin the ports" => |app| flags(app, "-kernel inet_dist_listen_min 9100 inet_dist_listen_max 9110");
    "flags name the node" => |app| flags(app, "-name cart@$(MY_POD_IP)");
    "flags name another" => |app| flags(app, "-name store@$(MY_POD_IP)");
    "flags say sname" => |app| flags(app, "-sname cart");
    "name from a script" => scripted;
    "name from a script by host name" => |app| script(app, "cart@$(hostname -f)");
    "name from a script that eats everything" => |app| script(app, "cart@$(echo $MY_POD_IP | sed 's/./-/g').$MY_POD_NAMESPACE.pod.cluster.local");
    "release started by its path" => |app| command(app, json!(["/app/bin/cart", "start"]));
    "release started by a shell" => |app| command(app, json!(["/bin/sh", "-c", "exec /app/bin/cart start"]));
    "image names by address" => |app| image(app, "cart@{pod-ip}");
    "image names with dashes" => |app| image(app, "cart@{pod-ip-dashed}.{namespace}.pod.{cluster-domain}");
    "image names by host name" => |app| image(app, "cart@{pod-name}.cart.{namespace}.svc.{cluster-domain}");
    "ClusterIP" => |app| service(app, |service| service["spec"].as_object_mut().unwrap().remove("clusterIP").is_some());
    "no ports" => |app| service(app, |service| put(&mut service["spec"]["ports"], json!([])));
    "named target port" => |app| service(app, named_port);
    "named target port, declared" => declared_port;
    "Service without labels" => |app| service(app, |service| service["metadata"].as_object_mut().unwrap().remove("labels").is_some());
    "Service selects others" => |app| service(app, |service| put(&mut service["spec"]["selector"], json!({"app.kubernetes.io/name": "store"})));
    "Service of another name" => |app| service(app, |service| put(&mut service["metadata"]["name"], json!("basket")));
    "unready addresses" => |app| service(app, |service| put(&mut service["spec"]["publishNotReadyAddresses"], json!(true)));
    "no Service" => |app| remove(app, "Service");
    "a second Service" => second_service;
    "no serviceName" => |app| app.workload()["spec"].as_object_mut().unwrap().remove("serviceName").is_some();
    "another serviceName" => |app| stateful(app, |spec| put(&mut spec["serviceName"], json!("store")));
    "a Deployment" => deployment;
    "subdomain in the template" => |app| put(&mut app.template()["spec"]["subdomain"], json!("cart"));
    "host name in the template" => |app| put(&mut app.template()["spec"]["hostname"], json!("cart"));
    "host name is the FQDN" => |app| put(&mut app.template()["spec"]["setHostnameAsFQDN"], json!(true));
    "dnsPolicy Default" => |app| put(&mut app.template()["spec"]["dnsPolicy"], json!("Default"));
    "no service links" => |app| put(&mut app.template()["spec"]["enableServiceLinks"], json!(false));
    "no token" => |app| put(&mut app.template()["spec"]["automountServiceAccountToken"], json!(false));
    "no token from the account" => |app| app.find("ServiceAccount").is_some_and(|account| put(&mut account["automountServiceAccountToken"], json!(false)));
    "default account" => |app| app.template()["spec"].as_object_mut().unwrap().remove("serviceAccountName").is_some();
    "get only" => |app| rule(app, "verbs", json!(["get", "watch"]));
    "endpoints only" => |app| rule(app, "resources", json!(["endpoints"]));
    "pods only" => |app| rule(app, "resources", json!(["pods"]));
    "slices only" => |app| { rule(app, "apiGroups", json!(["discovery.k8s.io"])) && rule(app, "resources", json!(["endpointslices"])) };
    "any verb" => |app| rule(app, "verbs", json!(["*"]));
    "no role" => |app| remove(app, "Role");
    "no binding" => |app| remove(app, "RoleBinding");
    "subject elsewhere" => |app| binding(app, "/subjects/0/namespace", json!("default"));
    "another subject" => |app| binding(app, "/subjects/0/name", json!("basket"));
    "all accounts" => |app| binding(app, "/subjects/0", json!({"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:serviceaccounts:shop"}));
    "built-in role" => |app| binding(app, "/roleRef", json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}));
    "label on pods only" => |app| put(&mut app.template()["metadata"]["labels"]["tier"], json!("backend"));
    "Service selects a label that pods lack" => |app| service(app, |service| put(&mut service["spec"]["selector"]["tier"], json!("backend")));
    "selector asks for more" => |app| annotate(app, "selector", "app.kubernetes.io/name=cart,tier=backend");
    "selector asks for any" => |app| annotate(app, "selector", "app.kubernetes.io/name in (cart, store)");
    "another namespace is asked" => elsewhere;
    "basename with a dot" => dotted_basename;
    "a number among the variables" => |app| { app.env().push(json!({"name": "POOL", "value": 4})); true };
    "a Service called erl-epmd" => epmd_service;
    "a plain service name elsewhere" => |app| elsewhere(app) && annotate(app, "service", "cart");
    "a bare query" => |app| annotate(app, "service", "cart");
};

/// Sets an annotation that is there.
fn annotate(app: &mut App, key: &str, value: &str) -> bool {
    app.annotations().get_mut(&format!("beamgate.dev/{key}")).is_some_and(|old| put(old, json!(value)))
}

fn annotate_anyway(app: &mut App, key: &str, value: &str) -> bool {
    app.annotations().insert(format!("beamgate.dev/{key}"), json!(value));
    true
}

/// Peers are looked for in a namespace where there are none; some object says that the input knows that namespace.
fn elsewhere(app: &mut App) -> bool {
    app.objects.push(
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody", "namespace": "default"}}),
    );
    annotate_anyway(app, "namespace", "default")
}

fn put(place: &mut Value, value: Value) -> bool {
    let changed = *place != value;
    *place = value;
    changed
}

fn position(app: &mut App, name: &str) -> Option<usize> {
    app.env().iter().position(|variable| variable["name"] == name)
}

fn remove_variable(app: &mut App, name: &str) -> bool {
    position(app, name).is_some_and(|at| !app.env().remove(at).is_null())
}

fn set(app: &mut App, name: &str, value: &str) -> bool {
    position(app, name).is_some_and(|at| put(&mut app.env()[at], variable(name, value)))
}

fn bind(app: &mut App, name: &str, path: &str) -> bool {
    position(app, name).is_some_and(|at| put(&mut app.env()[at], field(name, path)))
}

fn move_last(app: &mut App, name: &str) -> bool {
    let Some(at) = position(app, name) else { return false };
    let variable = app.env().remove(at);
    app.env().push(variable);
    true
}

fn edit_name(app: &mut App, edit: fn(&str) -> String) -> bool {
    let Some(at) = position(app, "RELEASE_NODE") else { return false };
    let name = app.env()[at]["value"].as_str().unwrap_or_default().to_owned();
    put(&mut app.env()[at]["value"], json!(edit(&name)))
}

fn name_twice(app: &mut App, wrong_last: bool) -> bool {
    let Some(at) = position(app, "RELEASE_NODE") else { return false };
    let wrong = variable("RELEASE_NODE", "cart@127.0.0.1");
    app.env().insert(if wrong_last { at + 1 } else { at }, wrong);
    true
}

/// `MY_POD_IP` becomes `POD_IP`, wherever it is used.
fn rename_input(app: &mut App) -> bool {
    let text = json!(app.env()).to_string().replace("MY_POD_IP", "POD_IP");
    put(&mut app.container()["env"], serde_json::from_str(&text).unwrap())
}

/// The name is put together in a variable of its own.
fn through(app: &mut App) -> bool {
    let Some(at) = position(app, "RELEASE_NODE") else { return false };
    let name = app.env()[at]["value"].clone();
    app.env()[at] = variable("RELEASE_NODE", "$(NODE_NAME)");
    app.env().insert(at, json!({"name": "NODE_NAME", "value": name}));
    true
}

fn flags(app: &mut App, flags: &str) -> bool {
    app.env().push(variable("ERL_AFLAGS", flags));
    true
}

fn command(app: &mut App, command: Value) -> bool {
    put(&mut app.container()["command"], command)
}

/// The script that the article gives for what `$(VAR)` cannot write.
fn script(app: &mut App, name: &str) -> bool {
    let script = format!("export RELEASE_DISTRIBUTION=name RELEASE_NODE={name}; exec /app/bin/cart start");
    command(app, json!(["/bin/sh", "-c", script]))
}

/// A script that makes the name which the strategy dials.
fn scripted(app: &mut App) -> bool {
    let name = match app.strategy {
        Strategy::Kubernetes(..) if app.strategy.mode() == Some("dns") => {
            "cart@$(echo $MY_POD_IP | tr . -).$MY_POD_NAMESPACE.pod.cluster.local"
        }
        _ if app.strategy.release_node() == Some("cart@$(MY_POD_IP)") => "cart@$(hostname -i)",
        _ => "cart@$(hostname).cart.$MY_POD_NAMESPACE.svc.cluster.local",
    };
    app.annotations().remove("beamgate.dev/node-name");
    script(app, name)
}

/// The image names the node, and the manifest does not.
fn image(app: &mut App, name: &str) -> bool {
    remove_variable(app, "RELEASE_NODE");
    remove_variable(app, "RELEASE_DISTRIBUTION");
    annotate_anyway(app, "node-name", name)
}

fn service(app: &mut App, edit: fn(&mut Value) -> bool) -> bool {
    app.find("Service").is_some_and(edit)
}

fn named_port(service: &mut Value) -> bool {
    service.pointer_mut("/spec/ports/0").is_some_and(|port| put(&mut port["targetPort"], json!("epmd")))
}

fn declared_port(app: &mut App) -> bool {
    let declared = put(&mut app.container()["ports"], json!([{"name": "epmd", "containerPort": 4369}]));
    declared && service(app, named_port)
}

/// A Service for traffic beside the one for peers.
fn second_service(app: &mut App) -> bool {
    app.objects.push(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app.kubernetes.io/name": "cart"}},
        "spec": {"selector": {"app.kubernetes.io/name": "cart"}, "ports": [{"name": "http", "port": 80, "targetPort": 4000}]},
    }));
    true
}

/// The kubelet makes `ERL_EPMD_PORT` of its name.
fn epmd_service(app: &mut App) -> bool {
    app.objects.insert(
        0,
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "erl-epmd", "namespace": "shop"},
            "spec": {"selector": {"app.kubernetes.io/name": "cart"}, "ports": [{"port": 4369}]},
        }),
    );
    true
}

fn dotted_basename(app: &mut App) -> bool {
    edit_name(app, |name| name.replacen("cart@", "cart.v1@", 1)) && annotate(app, "basename", "cart.v1")
}

fn stateful(app: &mut App, edit: fn(&mut Value) -> bool) -> bool {
    app.find("StatefulSet").is_some_and(|object| edit(&mut object["spec"]))
}

fn deployment(app: &mut App) -> bool {
    stateful(app, |spec| {
        let spec = spec.as_object_mut().unwrap();
        spec.remove("serviceName").is_some() | spec.remove("podManagementPolicy").is_some()
    }) && put(&mut app.workload()["kind"], json!("Deployment"))
}

fn remove(app: &mut App, kind: &str) -> bool {
    let before = app.objects.len();
    app.remove(kind);
    app.objects.len() < before
}

fn rule(app: &mut App, key: &str, value: Value) -> bool {
    app.find("Role").is_some_and(|role| put(&mut role["rules"][0][key], value))
}

fn binding(app: &mut App, pointer: &str, value: Value) -> bool {
    app.find("RoleBinding").and_then(|binding| binding.pointer_mut(pointer)).is_some_and(|place| put(place, value))
}
