//! What is open to others, and what it may do itself.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use super::install;
use crate::cluster::{self, succeed};
use crate::parts::Seen;
use crate::replicas::{self, NAMESPACE};

pub(super) const HEAD: &str = "\
## What is open

| of a replica | open |
|---|---|
";

/// The table that follows.
const RIGHTS: &str = "
## What it may do

`kubectl auth can-i --list` as its account, without what every account may do. Each has its reason in the chart's templates.

| resources | by name | verbs | where |
|---|---|---|---|
";

/// A port of a pod of the same node answers at once, or refuses.
const ANSWER: Duration = Duration::from_secs(3);

pub(super) fn play(seen: &mut Seen) {
    install::default_release();
    let replica = cluster::get(&["pods", "--namespace", NAMESPACE]).remove(0);
    let address: IpAddr = replica["status"]["podIP"].as_str().unwrap().parse().unwrap();
    let ports: Vec<u16> = (1..=u16::MAX).collect();
    let open =
        cluster::each(&ports, |port| TcpStream::connect_timeout(&SocketAddr::new(address, *port), ANSWER).is_ok());
    let open: Vec<u16> = ports.iter().zip(open).filter(|(_, open)| *open).map(|(port, _)| *port).collect();
    seen.expect(open == [8080, 8443], format!("open are the TCP ports {open:?}"));
    seen.row(["TCP ports, of all 65535", "8080 (probes and metrics), 8443 (TLS)"]);
    let sockets = replicas::udp_sockets();
    seen.expect(sockets == 0, format!("{sockets} UDP sockets are open"));
    seen.row(["UDP sockets", "none"]);
    seen.rows += RIGHTS;
    rights(seen);
}

/// Whatever is more than it was goes into the page, where it is noticed.
fn rights(seen: &mut Seen) {
    let at_home = granted("beamgate", NAMESPACE);
    let elsewhere = granted("beamgate", "default");
    seen.expect(!elsewhere.is_empty(), "it may do nothing at all");
    seen.expect(elsewhere.is_subset(&at_home), "elsewhere it may do more than in its own namespace");
    for [resources, names, verbs] in &at_home {
        let everywhere = elsewhere.contains(&[resources.clone(), names.clone(), verbs.clone()]);
        let place = if everywhere { "everywhere" } else { "in its own namespace" };
        seen.row([resources, names, verbs, place]);
    }
}

/// What it may do more than read, and the Secrets that it may read.
pub(super) fn writes() -> String {
    let reads = |verbs: &str| verbs.split(' ').all(|verb| ["get", "list", "watch"].contains(&verb));
    let granted = granted("beamgate", NAMESPACE);
    let more = granted.iter().filter(|[what, _, verbs]| what == "secrets" || !reads(verbs));
    let short = |what: &str| what.split('.').next().unwrap_or_default().to_owned();
    let names: Vec<String> = more.map(|[what, names, _]| format!("{} `{names}`", short(what))).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// The resources, the names and the verbs that an account is granted in a namespace, and others there are not.
fn granted(account: &str, namespace: &str) -> BTreeSet<[String; 3]> {
    let list = |account: &str| -> BTreeSet<[String; 3]> {
        let user = format!("--as=system:serviceaccount:{NAMESPACE}:{account}");
        let said = succeed(&["auth", "can-i", "--list", &user, "--namespace", namespace]);
        said.lines().skip(1).map(columns).collect()
    };
    list(account).difference(&list("default")).cloned().collect()
}

/// `services  []  []  [get list watch]`
fn columns(line: &str) -> [String; 3] {
    let mut parts = line.split('[').map(|part| part.trim().trim_end_matches(']').to_owned());
    let mut next = || parts.next().unwrap_or_default();
    let (resources, paths, names, verbs) = (next(), next(), next(), next());
    [if resources.is_empty() { paths } else { resources }, names, verbs]
}
