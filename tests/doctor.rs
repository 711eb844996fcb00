//! `beamgate doctor` against an API that serves what a cluster would. Certificates are looked at on the real cluster only.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;

use serde_json::{Value, json};

/// What the API answers: the status, and the body.
type Answers = fn(method: &str, path: &str) -> (u16, Value);

/// Runs `beamgate doctor` against an API.
fn doctor(name: &str, answers: Answers, arguments: &[&str]) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        listener.incoming().for_each(|stream| drop(thread::spawn(move || serve(stream.unwrap(), answers))));
    });
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it", "users": [{"name": "me", "user": {}}],
        "clusters": [{"name": "it", "cluster": {"server": server}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me", "namespace": "shop"}}],
    });
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kubeconfig-doctor-{name}"));
    fs::write(&path, config.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    command.arg("doctor").args(arguments).env("KUBECONFIG", &path).env_remove("KUBERNETES_SERVICE_HOST");
    command.output().unwrap()
}

/// Answers request after request.
fn serve(stream: TcpStream, answers: Answers) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap() == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_lowercase());
        }
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        reader.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
        let mut words = head[0].split(' ');
        let (code, body) = answers(words.next().unwrap(), words.next().unwrap());
        let body = body.to_string();
        let head = format!("HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", body.len());
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    }
}

fn list(items: &[Value]) -> (u16, Value) {
    (200, json!({"metadata": {}, "items": items}))
}

fn refused(code: u16, message: &str) -> (u16, Value) {
    (code, json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message}))
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn cart(kind: &str, env: &[Value]) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "cart", "namespace": "shop"},
        "spec": {"template": {
            "metadata": {
                "labels": {"beamgate.dev/strategy": "Kubernetes.DNS"},
                "annotations": {"beamgate.dev/basename": "cart", "beamgate.dev/service": "cart"},
            },
            "spec": {"containers": [{"name": "cart", "image": "cart", "env": env}]},
        }},
    })
}

/// A pod of that template, or one to which the webhook has come.
fn pod(name: &str, env: &[Value]) -> Value {
    let template = &cart("Deployment", env)["spec"]["template"];
    let mut pod = template.clone();
    pod["metadata"]["name"] = json!(name);
    pod["metadata"]["namespace"] = json!("shop");
    pod["status"] = json!({"phase": "Running"});
    pod
}

fn named() -> Vec<Value> {
    vec![
        json!({"name": "RELEASE_DISTRIBUTION", "value": "name"}),
        json!({"name": "RELEASE_NODE", "value": "cart@10.0.0.1"}),
    ]
}

#[test]
fn a_cluster_without_it_is_told_how_to_get_it() {
    let output = doctor("without", |_, _| list(&[]), &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("WRONG  no webhook of beamgate injects names into pods\n       install it: "), "{said}");
    assert!(said.ends_with("1 wrong, 1 to look at\n"), "{said}");
}

#[test]
fn what_may_not_be_read_is_said_and_the_rest_is_looked_at() {
    fn answers(method: &str, path: &str) -> (u16, Value) {
        let registered = |name: &str| {
            json!({"metadata": {"name": "beamgate"}, "webhooks": [{
                "name": name, "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "clientConfig": {"service": {"namespace": "beamgate-system", "name": "beamgate"}},
            }]})
        };
        match path {
            _ if method == "post" => refused(
                500,
                "Internal error occurred: failed calling webhook \"inject.beamgate.dev\": tls: failed to verify certificate: \
                 x509: certificate signed by unknown authority",
            ),
            _ if path.contains("mutatingwebhook") => list(&[registered("inject.beamgate.dev")]),
            _ if path.contains("validatingwebhook") => list(&[registered("workloads.beamgate.dev")]),
            _ if path.contains("/pods") => list(&[pod("cart-0", &[]), pod("cart-1", &named())]),
            _ => refused(403, "services is forbidden"),
        }
    }
    let output = doctor("refused", answers, &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    for line in [
        "WRONG  inject.beamgate.dev in MutatingWebhookConfiguration beamgate has no caBundle",
        "look   Service beamgate-system/beamgate: not looked at",
        "services is forbidden",
        "WRONG  a pod that was made in a dry run in namespace `shop` was refused: Internal error",
        "the certificate is not the one that is trusted",
        "WRONG  pod shop/cart-0 was made without what is injected",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains("cart-1"), "{said}");
}

#[test]
fn those_who_depend_on_it_are_listed() {
    fn answers(_: &str, path: &str) -> (u16, Value) {
        match path {
            _ if path.contains("/deployments") => list(&[cart("Deployment", &[])]),
            _ if path.contains("/daemonsets") => list(&[cart("DaemonSet", &named())]),
            _ => list(&[]),
        }
    }
    let output = doctor("uninstall", answers, &["--uninstall"]);
    assert_eq!(output.status.code(), Some(0));
    let said = said(&output);
    assert!(said.starts_with("Deployment shop/cart  cart: "), "{said}");
    assert!(said.contains("RELEASE_NODE") && said.contains("\n1 would lose this"), "{said}");
}
