//! `beamgate probe statefulset/cart` against an API that serves one workload, and forwards ports as a kubelet does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

#[allow(dead_code, reason = "the other half is for hosts")]
#[path = "probe/fake.rs"]
mod fake;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;

use serde_json::{Value, json};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::{Message, WebSocket};

const WORKLOAD: &str = "/apis/apps/v1/namespaces/shop/statefulsets/cart";
const PODS: &str = "/api/v1/namespaces/shop/pods?&labelSelector=app%3Dcart";

/// Serves the API, and gives the path of a kubeconfig for it.
fn api(name: &str) -> PathBuf {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().for_each(|stream| drop(thread::spawn(|| serve(stream.unwrap())))));
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it", "users": [],
        "clusters": [{ "name": "it", "cluster": { "server": server } }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "", "namespace": "shop" } }],
    });
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kubeconfig-{name}"));
    fs::write(&path, config.to_string()).unwrap();
    path
}

fn serve(stream: TcpStream) {
    let mut head = [0; 4096];
    loop {
        let count = stream.peek(&mut head).unwrap();
        if count == 0 {
            return;
        }
        let head = String::from_utf8_lossy(&head[..count]).into_owned();
        let Some(path) = head.contains("\r\n\r\n").then(|| head.split(' ').nth(1).unwrap()) else { continue };
        match path.split_once("/portforward?&ports=") {
            Some((pod, port)) => return forward(&stream, pod.rsplit('/').next().unwrap(), port.parse().unwrap()),
            None => respond(&stream, head.len(), path),
        }
    }
}

fn respond(mut stream: &TcpStream, length: usize, path: &str) {
    stream.read_exact(&mut vec![0; length]).unwrap();
    let (code, body) = match path {
        WORKLOAD => (
            200,
            json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "cart" },
                                  "spec": { "selector": { "matchLabels": { "app": "cart" } } } }),
        ),
        PODS => (
            200,
            json!({ "apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [
            pod("cart-2", "Pending", None), pod("cart-1", "Running", Some("10.42.0.6")),
            pod("cart-0", "Running", Some("10.42.0.5")), pod("cart-job", "Succeeded", None),
        ] }),
        ),
        _ => (
            404,
            json!({ "apiVersion": "v1", "kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound",
                           "message": format!("{path} not found") }),
        ),
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).unwrap();
}

fn pod(name: &str, phase: &str, ip: Option<&str>) -> Value {
    json!({ "metadata": { "name": name }, "status": { "phase": phase, "podIP": ip } })
}

/// Data goes over channel 0 and errors over channel 1, and both begin with the port.
fn forward(stream: &TcpStream, pod: &str, port: u16) {
    #[expect(clippy::result_large_err, reason = "so the callback is")]
    let speak = |_: &Request, mut response: Response| {
        response.headers_mut().insert("Sec-WebSocket-Protocol", "v4.channel.k8s.io".parse().unwrap());
        Ok(response)
    };
    let mut socket = tungstenite::accept_hdr(stream, speak).unwrap();
    let send = |socket: &mut WebSocket<_>, channel: u8, bytes: &[u8]| {
        socket.send(Message::binary([&[channel], bytes].concat())).unwrap();
    };
    send(&mut socket, 0, &port.to_le_bytes());
    send(&mut socket, 1, &port.to_le_bytes());
    let heard = socket.read().unwrap().into_data();
    assert_eq!(heard[0], 0);
    match (pod, port) {
        ("cart-0", 4369) => send(&mut socket, 0, &fake::epmd_says(&[("cart", 40217, 6)], &heard[3..])),
        ("cart-0", 40217) => send(&mut socket, 0, &fake::current(b"named:", "cart@10.42.0.5")),
        _ => send(&mut socket, 1, b"failed to connect to localhost:4369 inside namespace: connect: connection refused"),
    }
    let _ = socket.close(None);
    while socket.read().is_ok() {}
}

fn beamgate(config: &PathBuf, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_beamgate")).arg("probe").args(args).env("KUBECONFIG", config).output().unwrap()
}

#[test]
fn each_pod_has_a_line() {
    let told = beamgate(&api("each"), &["sts/cart"]);
    let text = String::from_utf8(told.stdout).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(
        lines,
        [
            "pod/cart-0: cart at port 40217 answers cart@10.42.0.5 (handshake 6)",
            "pod/cart-1: epmd at port 4369 refuses the connection",
            "pod/cart-2: the pod is Pending",
        ],
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    assert_eq!(told.status.code(), Some(1));
}

#[test]
fn what_is_dialled_is_made_for_each_pod() {
    let dial = "cart@{pod-name}.cart.{namespace}.svc/{pod-ip-dashed}/{pod-ip}";
    let told = beamgate(&api("dial"), &["statefulset/cart", "-n", "shop", "--format", "json", "--dial", dial]);
    let document: Value = serde_json::from_slice(&told.stdout).unwrap();
    let first = &document["hosts"][0];
    assert_eq!(first["dials"], "cart@cart-0.cart.shop.svc/10-42-0-5/10.42.0.5");
    assert_eq!(first["nodes"][0]["agrees"], false);
    assert_eq!(document["hosts"][1]["error"]["reason"], "refused");
}

#[test]
fn a_workload_that_is_not_there_is_trouble() {
    let told = beamgate(&api("none"), &["deploy/cart"]);
    assert_eq!(told.status.code(), Some(2));
    let text = String::from_utf8(told.stderr).unwrap();
    assert!(text.starts_with("beamgate: deployment `cart` in namespace `shop`: "), "{text}");
}
