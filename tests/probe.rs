//! The probe against an epmd and nodes that behave, and against what else may listen on a port.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

#[path = "probe/fake.rs"]
mod fake;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use beamgate::probe::epmd::{Names, Port};
use beamgate::probe::handshake::{Handshake, Hello};
use beamgate::probe::wire::{Conversation, Hearing};
use beamgate::probe::{Answer, Fault, Node, ProbeError, Question, ask_host, names};
use fake::{closed_port, current, epmd, framed, greeting, listen, old, silent};
use proptest::prelude::*;

const TIMEOUT: Duration = Duration::from_secs(10);

/// What the one node behind an epmd answers, if it replies so.
fn answer_of(version: u16, reply: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> Result<Answer, Fault> {
    let node = listen(Box::new(reply));
    let mut nodes = names(epmd(&[("cart", node, version)]), TIMEOUT).unwrap();
    assert_eq!(nodes.len(), 1);
    let Node { basename, port, answer } = nodes.remove(0);
    assert_eq!((basename.as_str(), port), ("cart", node));
    answer.map_err(|error| error.fault)
}

fn answer(name: &str, handshake: Handshake) -> Result<Answer, Fault> {
    Ok(Answer { name: name.to_owned(), handshake })
}

fn fault_of(epmd: SocketAddr) -> Fault {
    names(epmd, TIMEOUT).unwrap_err().fault
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[test]
fn a_node_of_today_makes_up_a_name_for_the_probe_and_tells_its_own() {
    let answered = answer_of(6, |greeted| {
        let (flags, name) = greeting(greeted);
        assert!(!name.contains('@'), "with NAME_ME, the name is a host: {name}");
        assert_eq!(flags & 1, 0, "it is hidden");
        // What dist.h of OTP 28 calls mandatory, and NAME_ME.
        let wanted = 0x4 | 0x10 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x2_0000 | 0x4_0000 | 0x100_0000;
        let wanted = wanted | 0x200_0000 | 0x400_0000 | (4 << 32) | (2 << 32);
        assert_eq!(flags & wanted, wanted);
        current(b"named:\0\x06ABC@b-\0\0\0\x01", "cart@10.42.1.49")
    });
    assert_eq!(answered, answer("cart@10.42.1.49", Handshake::Current));
}

#[test]
fn an_old_node_is_greeted_as_it_knows_it() {
    let answered = answer_of(5, |greeted| {
        assert_eq!(greeted[..3], *b"n\0\x05");
        let flags = u32::from_be_bytes(greeted[3..7].try_into().unwrap());
        // Hidden, with extended references, pids and ports, UTF-8 atoms and new funs.
        assert_eq!(flags & (1 | 0x4 | 0x100 | 0x1_0000 | 0x80), 0x4 | 0x100 | 0x1_0000 | 0x80);
        assert!(greeted[7..].starts_with(b"beamgate-probe-") && greeted.contains(&b'@'));
        old(b"ok", b"cart@k\xf6nig")
    });
    assert_eq!(answered, answer("cart@k\u{f6}nig", Handshake::Old));
}

#[test]
fn the_probe_can_be_called_as_a_peer() {
    let node = listen(Box::new(|greeted| {
        let (flags, name) = greeting(greeted);
        assert_eq!((flags & (2 << 32), name.as_str()), (0, "shop@10.42.1.50"));
        current(b"ok_simultaneous", "cart@10.42.1.49")
    }));
    let epmd = epmd(&[("cart", node, 6)]);
    let peer = Some("shop@10.42.1.50".to_owned());
    let question = Question { epmd: epmd.port(), basename: Some("cart".to_owned()), peer };
    let nodes = ask_host("127.0.0.1", &question, TIMEOUT).unwrap();
    assert_eq!(nodes[0].answer.as_ref().unwrap().name, "cart@10.42.1.49");
}

#[test]
fn a_refusal_is_told_by_its_name() {
    let refused = |status: &'static [u8]| answer_of(6, move |_| framed(&[b"s", status].concat())).unwrap_err();
    assert_eq!(refused(b"not_allowed"), Fault::NotAllowed);
    assert_eq!(refused(b"nok"), Fault::Simultaneous);
    assert_eq!(refused(b"alive"), Fault::AlreadyConnected);
    assert!(matches!(refused(b"perhaps"), Fault::Foreign(_)));
}

#[test]
fn what_is_no_node_is_told_from_one() {
    let heard = |reply: &'static [u8]| answer_of(6, move |_| reply.to_vec()).unwrap_err();
    assert_eq!(heard(b"\x15\x03\x03\0\x02\x02\n"), Fault::Tls);
    assert_eq!(heard(b""), Fault::Closed);
    assert!(matches!(heard(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Fault::Foreign(text) if text.starts_with("HTTP/1.")));
    assert!(matches!(heard(b"\0\x03so"), Fault::Foreign(_)), "cut off");
    assert!(matches!(heard(b"\0\x03sok\0\x01N"), Fault::Foreign(_)), "a challenge without a name");
    assert!(matches!(heard(b"\0\0\0\0"), Fault::Foreign(_)));
}

#[test]
fn a_version_that_is_not_spoken_is_no_guess() {
    assert_eq!(answer_of(4, |_| Vec::new()), Err(Fault::OtherVersion { lowest: 4, highest: 4 }));
}

#[test]
fn what_is_no_epmd_is_told_from_one() {
    assert_eq!(fault_of(at(closed_port())), Fault::Refused);
    assert_eq!(fault_of(at(listen(Box::new(|_| Vec::new())))), Fault::Closed);
    assert!(matches!(fault_of(at(listen(Box::new(|_| b"HTTP/1.1 400 Bad".to_vec())))), Fault::Foreign(_)));
    assert!(matches!(fault_of(at(listen(Box::new(|_| b"\0\0\x11\x11<html>".to_vec())))), Fault::Foreign(_)));
    assert!(matches!(fault_of(at(listen(Box::new(|_| vec![0; 1 << 20])))), Fault::Foreign(_)), "too much");
    assert_eq!(fault_of(epmd(&[])), Fault::NobodyRegistered);
}

#[test]
fn a_name_that_is_not_registered_is_told_with_those_that_are() {
    let question = |epmd: SocketAddr| Question { epmd: epmd.port(), basename: Some("nix".to_owned()), peer: None };
    let unknown = ask_host("127.0.0.1", &question(epmd(&[("cart", 1, 6), ("shop", 2, 6)])), TIMEOUT).unwrap_err();
    let registered = vec!["cart".to_owned(), "shop".to_owned()];
    assert_eq!(unknown.fault, Fault::NotRegistered { name: "nix".to_owned(), registered });
    assert!(unknown.to_string().ends_with("knows no name `nix`; there are cart, shop"), "{unknown}");
    let alone = ask_host("127.0.0.1", &question(epmd(&[])), TIMEOUT).unwrap_err();
    assert!(alone.next().starts_with("the node is not distributed (yet)"), "{}", alone.next());
}

#[test]
fn one_who_is_slow_or_gone_leaves_the_others_their_time() {
    let good = listen(Box::new(|_| current(b"named:", "shop@here")));
    let epmd = epmd(&[("slow", silent(), 6), ("gone", closed_port(), 6), ("shop", good, 6)]);
    let start = Instant::now();
    let nodes = names(epmd, Duration::from_millis(1500)).unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let answers: Vec<_> = nodes.into_iter().map(|node| node.answer.map_err(|error| error.fault)).collect();
    assert_eq!(answers, [Err(Fault::TimedOut), Err(Fault::Refused), answer("shop@here", Handshake::Current)]);
}

#[test]
fn a_silent_epmd_and_a_host_without_an_address_take_no_longer_than_they_may() {
    let silent = names(at(silent()), Duration::from_millis(300)).unwrap_err();
    assert_eq!(silent.fault, Fault::TimedOut);
    let nowhere: ProbeError = ask_host("no-such-host.invalid", &Question::default(), TIMEOUT).unwrap_err();
    assert_eq!(nowhere.fault, Fault::NoAddress("no-such-host.invalid".to_owned()));
}

/// Reads an answer piece by piece. Whatever it is, reading comes to an end, and never panics.
fn hear<C: Conversation>(conversation: &C, bytes: &[u8]) -> Result<C::Answer, Fault> {
    let mut hearing = Hearing::of(conversation);
    for piece in bytes.chunks(3).chain([&[][..]]) {
        if let Some(answer) = hearing.hear(piece)? {
            return Ok(answer);
        }
    }
    panic!("a closed connection is an end");
}

/// Bytes that are often almost an answer.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let starts =
        [&b""[..], b"\0\0\x11\x11name ", b"\x77\0", b"\x77", b"\0\x03sok", b"\0\x03sok\0\x20N", b"\0\x03sok\0\x10n"];
    (prop::sample::select(starts.to_vec()), prop::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(start, rest)| [start, &rest].concat())
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in bytes()) {
        let _ = hear(&Names, &bytes);
        let _ = hear(&Port { of: "cart" }, &bytes);
        for handshake in [Handshake::Old, Handshake::Current] {
            if let Ok(answer) = hear(&Hello { handshake, peer: None }, &bytes) {
                prop_assert!(answer.name.contains('@'));
            }
        }
    }

    #[test]
    fn names_come_back_as_they_were(basename in "[a-z_.-]{1,60}", host in "[a-zA-Z0-9.:-]{1,60}", is_old: bool) {
        let name = format!("{basename}@{host}");
        let said = if is_old { old(b"ok", name.as_bytes()) } else { current(b"ok", &name) };
        let handshake = if is_old { Handshake::Old } else { Handshake::Current };
        let heard = hear(&Hello { handshake, peer: None }, &said);
        prop_assert_eq!(heard, answer(&name, handshake));
    }
}
