//! `beamgate explain --log`: what the proofs have seen on a cluster is known again, whatever the log is like.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use beamgate::explain::{self, Log, suspects};
use beamgate::rules;
use beamgate::symptom::Symptom;
use proptest::prelude::*;

fn read(text: &str) -> Log {
    explain::read(&mut text.as_bytes()).unwrap()
}

/// A line as a node logs it, of the pattern in which a proof looks for it.
fn line(pattern: &str) -> String {
    let examples = [
        ("{pod-ip}", "10.42.1.7"),
        ("{pod-ip-dashed}", "10-42-1-7"),
        ("{pod-name}", "cart-0"),
        ("{cluster-ip}", "10.96.7.20"),
        ("...", "endpoints "),
    ];
    examples.iter().fold(pattern.to_owned(), |line, (placeholder, example)| line.replace(placeholder, example))
}

/// What a proof shortens, as the node says it.
fn whole(line: &str) -> String {
    let ends = [
        ("not part of network", "unable to connect to :\"cart@10.42.1.7\": not part of network"),
        ("FunctionClauseError", "** (FunctionClauseError) in Cluster.Strategy.Kubernetes.parse_response/2"),
        (
            "CaseClauseError",
            "** (CaseClauseError) no case clause matching: {:ok, {:hostent, ~c\"cart\", [~c\"peers\"], :inet, 4, []}}\n    \
             (libcluster 3.5.0) lib/strategy/kubernetes_dns.ex:93: Cluster.Strategy.Kubernetes.DNS.resolve/2",
        ),
        (
            "rejected. Invalid challenge reply.",
            "** Connection attempt from node cart@a.b rejected. Invalid challenge reply. **",
        ),
        (
            "register/listen error: {{badarg,[{erlang,list_to_integer,",
            "register/listen error: {{badarg,[{erlang,list_to_integer,[\"tcp://10.96.7.20:4369\"]",
        ),
    ];
    ends.iter().find(|(short, _)| *short == line).map_or_else(|| line.to_owned(), |(_, whole)| (*whole).to_owned())
}

#[test]
fn every_line_that_a_proof_looks_for_leads_to_its_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let (mut checked, mut lost) = (0, Vec::new());
    for rule in rules::all() {
        let file = root.join(format!("{:03}-{}", rule.code, rule.slug)).join("proof.toml");
        let proof: toml::Table = toml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let is_of_the_node = |fate: &str| fate != "refused" && fate != "pending";
        for (name, shown) in &proof {
            let (Some(log), Some(fate)) = (shown.get("log"), shown.get("fate")) else { continue };
            let log = log.as_str().unwrap();
            if !is_of_the_node(fate.as_str().unwrap()) || log.starts_with("cart-report") {
                continue;
            }
            checked += 1;
            let seen = read(&format!("12:00 [warning] {}\n", whole(&line(log)))).seen;
            let found = seen.first().map(|seen| suspects(&seen.symptom, None)).unwrap_or_default();
            if !found.iter().any(|suspect| suspect.code == rule.code) {
                lost.push(format!("{} {name}: {log}: {seen:?}", rule.id()));
            }
        }
    }
    assert!(checked > 30 && lost.is_empty(), "{lost:#?}");
}

#[test]
fn every_symptom_that_is_logged_has_a_rule() {
    for make in Symptom::LOGGED {
        let symptom = make("cart@10.42.1.7".to_owned());
        assert!(!suspects(&symptom, None).is_empty(), "{symptom}");
    }
}

fn first(symptom: Symptom, own: Option<&str>) -> String {
    suspects(&symptom, own)[0].id()
}

#[test]
fn the_names_say_what_is_likely() {
    let unable = |name: &str| Symptom::UnableToConnect(name.to_owned());
    let pod = "cart@cart-0.cart.shop.svc.cluster.local";
    assert_eq!(first(unable(pod), Some("cart@10.42.1.7")), "BG301");
    // The names agree, so it is something else.
    assert_eq!(first(unable(pod), Some("cart@cart-1.cart.shop.svc.cluster.local")), "BG201");
    let hole = suspects(&unable("cart@.cart.shop.svc.cluster.local"), None);
    let codes: Vec<_> = hole.iter().take(4).map(|rule| rule.code).collect();
    assert_eq!(codes, [301, 210, 212, 213]);
    let literal = suspects(&unable("cart@10.42.1.7"), Some("cart@$(MY_POD_IP)"));
    assert!(literal.iter().take(3).any(|rule| rule.code == 105), "{literal:?}");

    let refused = |user: &str| Symptom::Unauthorized(format!("endpoints is forbidden: User \"{user}\" cannot list"));
    assert_eq!(first(refused("system:anonymous"), None), "BG402");
    assert_eq!(first(refused("system:serviceaccount:shop:cart"), None), "BG401");
}

#[test]
fn each_finding_comes_once_with_its_count() {
    let mut text = String::new();
    for number in 0..500 {
        text += &format!("noise {number}\nunable to connect to :\"cart@10.42.1.{}\"\n", number % 200);
        text += "lookup against cart failed: :nxdomain\n";
    }
    let log = read(&text);
    assert_eq!((log.lines, log.seen.len()), (1500, 2));
    assert_eq!((log.seen[0].count, log.seen[0].line, log.seen[0].also.len()), (500, 2, 3));
    assert_eq!((log.seen[1].count, log.seen[1].line), (500, 3));
}

#[test]
fn the_own_name_is_what_all_lines_agree_on() {
    let own = |text: &str| read(text).own.map(|(name, line)| format!("{name} {line}"));
    assert_eq!(own("x\nnode=a@b.c hello\nnode=a@b.c\n").as_deref(), Some("a@b.c 2"));
    assert_eq!(own("node=a@b.c joined\nnode=d@e.f joined\n"), None);
    assert_eq!(own("x\n"), None);
}

/// Endless lines, of which no more than a few at a time may be kept.
struct Endless {
    left: u64,
    at: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(usize::try_from(self.left).unwrap());
        for byte in &mut buffer[..count] {
            self.at += 1;
            *byte = if self.at.is_multiple_of(1 << 23) { b'\n' } else { b'x' };
        }
        self.left -= count as u64;
        Ok(count)
    }
}

#[test]
fn long_lines_are_not_kept() {
    let log = explain::read(&mut BufReader::new(Endless { left: 1 << 25, at: 0 })).unwrap();
    assert_eq!(log.lines, 4);
}

proptest! {
    #[test]
    fn any_bytes_are_a_log(bytes in prop::collection::vec(any::<u8>(), 0..300), known in any::<bool>()) {
        let mut text = bytes;
        if known {
            text.extend_from_slice(b"\nlookup against cart failed: :nxdomain");
        }
        let log = explain::read(&mut text.as_slice()).unwrap();
        prop_assert_eq!(log.seen.len(), usize::from(known));
        prop_assert_eq!(log.lines, text.as_slice().lines().count());
    }

    #[test]
    fn patterns_take_any_line(line in "(unable to connect to|:| |\"|'|cart@|\\$\\(|lookup against|failed: :nxdomain|ä|\\\\|\\*\\* |Hostname|is illegal|got:|not found|key|\u{1}|~c){0,12}") {
        let log = read(&line);
        prop_assert!(log.lines <= 1);
    }
}
