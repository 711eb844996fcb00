//! An API server that serves what a test says, and forwards ports as a kubelet does.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::{Message, WebSocket};

/// What the API answers to a GET of this path.
pub(crate) type Answers = fn(&str) -> (u16, Value);

/// What a pod says on a port that is forwarded, to what it hears.
pub(crate) type Forwards = fn(pod: &str, port: u16, heard: &[u8]) -> Reply;

/// What a pod does.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// It says this.
    Says(Vec<u8>),
    /// It refuses the connection.
    Refuses,
    /// It says nothing.
    Waits,
}

/// What the API answers to somebody who would forward a port of this pod, if it refuses.
pub(crate) type Refuses = fn(pod: &str) -> Option<(u16, Value)>;

/// Serves an API, and gives its address.
pub(crate) fn serve(answers: Answers, forwards: Forwards) -> String {
    serve_with(answers, forwards, |_| None)
}

/// The same; not everybody may forward ports.
pub(crate) fn serve_with(answers: Answers, forwards: Forwards, refuses: Refuses) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let talk = move |stream| talk(stream, answers, forwards, refuses);
    thread::spawn(move || listener.incoming().for_each(|stream| drop(thread::spawn(move || talk(stream.unwrap())))));
    server
}

/// A kubeconfig for it, whose context `it` has the namespace `shop`.
pub(crate) fn kubeconfig(name: &str, server: &str, user: &Value) -> PathBuf {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it", "users": [{ "name": "me", "user": user }],
        "clusters": [{ "name": "it", "cluster": { "server": server } }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "me", "namespace": "shop" } }],
    });
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kubeconfig-{name}"));
    fs::write(&path, config.to_string()).unwrap();
    path
}

/// The items of a list.
pub(crate) fn list(items: &[Value]) -> (u16, Value) {
    (200, json!({ "metadata": {}, "items": items }))
}

/// What the API says where it does not do what it is asked.
pub(crate) fn refused(code: u16, message: &str) -> (u16, Value) {
    (code, json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message }))
}

fn talk(stream: TcpStream, answers: Answers, forwards: Forwards, refuses: Refuses) {
    let mut head = [0; 8192];
    loop {
        let Ok(count) = stream.peek(&mut head) else { return };
        if count == 0 {
            return;
        }
        let head = String::from_utf8_lossy(&head[..count]).into_owned();
        let Some(end) = head.find("\r\n\r\n") else { continue };
        let path = head.split(' ').nth(1).unwrap();
        let Some((pod, port)) = path.split_once("/portforward?&ports=") else {
            respond(&stream, end + 4, answers(path));
            continue;
        };
        let pod = pod.rsplit('/').next().unwrap();
        match refuses(pod) {
            Some(answer) => respond(&stream, end + 4, answer),
            None => return forward(&stream, pod, port.parse().unwrap(), forwards),
        }
    }
}

fn respond(mut stream: &TcpStream, length: usize, (code, body): (u16, Value)) {
    stream.read_exact(&mut vec![0; length]).unwrap();
    let body = body.to_string();
    let head = format!("HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all((head + &body).as_bytes());
}

/// Data goes over channel 0 and errors over channel 1, and both begin with the port.
fn forward(stream: &TcpStream, pod: &str, port: u16, forwards: Forwards) {
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
    match forwards(pod, port, &heard[3..]) {
        Reply::Says(bytes) => send(&mut socket, 0, &bytes),
        Reply::Refuses => {
            send(&mut socket, 1, b"failed to connect to localhost:4369 inside namespace: connect: connection refused");
        }
        Reply::Waits => thread::sleep(Duration::from_secs(60)),
    }
    let _ = socket.close(None);
    while socket.read().is_ok() {}
}
