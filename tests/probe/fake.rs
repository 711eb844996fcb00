//! An epmd and a node, written from the description of the protocol, that answer whatever a test wants.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// How a listener answers one request. Nothing is said for as long as it takes.
pub(crate) type Reply = Box<dyn Fn(&[u8]) -> Vec<u8> + Send>;

/// Listens on a port of this machine, and answers each connection's first message.
pub(crate) fn listen(reply: Reply) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap(), &reply)));
    port
}

fn serve(mut stream: TcpStream, reply: &Reply) {
    let mut length = [0; 2];
    if stream.read_exact(&mut length).is_ok() {
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut message).unwrap();
        // In pieces, as a network might deliver it. The probe may have gone already.
        for piece in reply(&message).chunks(7) {
            let _ = stream.write_all(piece);
            stream.flush().unwrap();
        }
    }
}

/// A port that nothing listens on.
pub(crate) fn closed_port() -> u16 {
    1
}

/// A port that accepts, and never says a word.
pub(crate) fn silent() -> u16 {
    listen(Box::new(|_| {
        thread::sleep(Duration::from_secs(60));
        Vec::new()
    }))
}

/// An epmd that knows these names: each with its port and the highest version of its handshake.
pub(crate) fn epmd(names: &[(&str, u16, u16)]) -> SocketAddr {
    let names: Vec<_> = names.iter().map(|(name, port, version)| ((*name).to_owned(), *port, *version)).collect();
    let port = listen(Box::new(move |request| {
        let names: Vec<_> = names.iter().map(|(name, port, version)| (name.as_str(), *port, *version)).collect();
        epmd_says(&names, request)
    }));
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// What an epmd answers that knows these names.
pub(crate) fn epmd_says(names: &[(&str, u16, u16)], request: &[u8]) -> Vec<u8> {
    match request {
        [110] => {
            let lines = names.iter().map(|(name, port, _)| format!("name {name} at port {port}\n"));
            [&4369u32.to_be_bytes(), lines.collect::<String>().as_bytes()].concat()
        }
        [122, name @ ..] => match names.iter().find(|(known, ..)| known.as_bytes() == name) {
            None => vec![119, 1],
            Some((known, port, version)) => port2(known, *port, *version),
        },
        other => panic!("epmd does not know {other:?}"),
    }
}

fn port2(name: &str, port: u16, version: u16) -> Vec<u8> {
    let length = u16::try_from(name.len()).unwrap();
    let numbers = [version, 5.min(version), length].map(u16::to_be_bytes).concat();
    [&[119, 0][..], &port.to_be_bytes(), &[77, 0], &numbers, name.as_bytes(), &[0, 0]].concat()
}

/// A message of the handshake.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// A status, and the challenge of version 6, with something behind the name that the future may bring.
pub(crate) fn current(status: &[u8], name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len()).unwrap().to_be_bytes();
    let challenge = [b"N", &[0xff; 16][..], &length, name.as_bytes(), b"more"].concat();
    [framed(&[b"s", status].concat()), framed(&challenge)].concat()
}

/// A status, and the challenge of version 5.
pub(crate) fn old(status: &[u8], name: &[u8]) -> Vec<u8> {
    let challenge = [b"n", &5u16.to_be_bytes()[..], &[0xff; 8], name].concat();
    [framed(&[b"s", status].concat()), framed(&challenge)].concat()
}

/// The flags and the name of a greeting in version 6.
pub(crate) fn greeting(message: &[u8]) -> (u64, String) {
    assert_eq!(message[0], b'N');
    let flags = u64::from_be_bytes(message[1..9].try_into().unwrap());
    let length = usize::from(u16::from_be_bytes(message[13..15].try_into().unwrap()));
    assert_eq!(message.len(), 15 + length);
    (flags, String::from_utf8(message[15..].to_vec()).unwrap())
}
