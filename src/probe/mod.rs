//! Asking a live node its name, as a peer would find it out: epmd says the port, and the node says its name in the challenge
//! of the distribution handshake, before any cookie is asked for. Then the probe hangs up.
//!
//! Known from `erl_dist_protocol` (the documentation of ERTS), from `dist_util.erl`, `net_kernel.erl` and `epmd_srv.c` of OTP,
//! and measured with OTP 25: the node logs nothing at any level, is left with no connection and no pending one, and after fifty
//! probes has not one atom more than after the first. A node that demands TLS logs a notice.

pub mod epmd;
mod error;
pub mod handshake;
pub mod wire;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub use error::{Fault, Party, ProbeError};
use handshake::{Handshake, Hello};
use wire::{Tcp, Wire};

/// Where epmd listens, unless ERL_EPMD_PORT says otherwise.
pub const EPMD: u16 = 4369;

/// What to ask of a host.
#[derive(Debug, Clone)]
pub struct Question {
    /// The port of epmd.
    pub epmd: u16,
    /// The part of a name before the `@`, as it is registered with epmd; every registered name without it.
    pub basename: Option<String>,
    /// What the probe calls itself. Without it, the node is asked to make up a name, which cannot clash with any other.
    pub peer: Option<String>,
}

impl Default for Question {
    fn default() -> Self {
        Self { epmd: EPMD, basename: None, peer: None }
    }
}

/// A node that is registered with epmd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The name that it is registered with: the part before the `@`.
    pub basename: String,
    /// The port of its distribution.
    pub port: u16,
    /// What it answers.
    pub answer: Result<Answer, ProbeError>,
}

/// What a node answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its full name.
    pub name: String,
    /// The handshake that was spoken.
    pub handshake: Handshake,
}

/// The nodes that are registered with the epmd at an address, and the name that each of them answers.
///
/// # Errors
/// There is no epmd, or nothing is registered with it. That a node does not answer is a part of that [`Node`].
pub fn names(epmd: SocketAddr, timeout: Duration) -> Result<Vec<Node>, ProbeError> {
    let question = Question { epmd: epmd.port(), ..Question::default() };
    ask(&mut Tcp::to(epmd), &question, Instant::now() + timeout)
}

/// Asks the nodes of a host, which may be given by name. IPv4 goes first, as it does for nodes.
///
/// # Errors
/// The host cannot be found, has no epmd, or the name is not registered there.
pub fn ask_host(host: &str, question: &Question, timeout: Duration) -> Result<Vec<Node>, ProbeError> {
    let until = Instant::now() + timeout;
    let resolver = Party::Resolver(host.to_owned());
    let addresses = wire::resolve(host, question.epmd, until).map_err(|fault| resolver.met(fault))?;
    let mut outcome = Err(resolver.met(Fault::NoAddress(host.to_owned())));
    for (number, address) in addresses.iter().enumerate() {
        outcome = ask(&mut Tcp::to(*address), question, share(until, addresses.len() - number));
        match &outcome {
            Err(error) if error.is_unreached_epmd() => {}
            _ => break,
        }
    }
    outcome
}

/// Asks the nodes at the other end of a wire.
///
/// # Errors
/// There is no epmd, or the name is not registered with it.
pub fn ask(wire: &mut impl Wire, question: &Question, until: Instant) -> Result<Vec<Node>, ProbeError> {
    let epmd = Party::Epmd(question.epmd);
    if let Some(basename) = &question.basename {
        let asked = epmd::Port { of: basename };
        let found = wire.converse(question.epmd, &asked, until).map_err(|fault| epmd.met(fault))?;
        if let Some(registration) = found {
            let answer = greet(wire, basename, registration, question, until);
            return Ok(vec![Node { basename: basename.clone(), port: registration.port, answer }]);
        }
    }
    let registered = wire.converse(question.epmd, &epmd::Names, until).map_err(|fault| epmd.met(fault))?;
    if let Some(basename) = &question.basename {
        let registered = registered.into_iter().map(|(name, _)| name).collect();
        return Err(epmd.met(Fault::NotRegistered { name: basename.clone(), registered }));
    }
    if registered.is_empty() {
        return Err(epmd.met(Fault::NobodyRegistered));
    }
    let count = registered.len();
    let nodes = registered.into_iter().enumerate();
    Ok(nodes.map(|(number, named)| visit(wire, named, question, share(until, count - number))).collect())
}

/// NAMES does not tell which handshake a node speaks; the answer for one name does.
fn visit(wire: &mut impl Wire, (basename, port): (String, u16), question: &Question, until: Instant) -> Node {
    let answer = match wire.converse(question.epmd, &epmd::Port { of: &basename }, until) {
        Ok(Some(registration)) => greet(wire, &basename, registration, question, until),
        Ok(None) => Err(Party::Epmd(question.epmd).met(Fault::Gone(basename.clone()))),
        Err(fault) => Err(Party::Epmd(question.epmd).met(fault)),
    };
    Node { basename, port, answer }
}

fn greet(
    wire: &mut impl Wire,
    basename: &str,
    registration: epmd::Registration,
    question: &Question,
    until: Instant,
) -> Result<Answer, ProbeError> {
    let node = Party::Node { basename: basename.to_owned(), port: registration.port };
    let handshake = Handshake::of(registration).ok_or_else(|| {
        let epmd::Registration { lowest, highest, .. } = registration;
        node.met(Fault::OtherVersion { lowest, highest })
    })?;
    let hello = Hello { handshake, peer: question.peer.as_deref() };
    wire.converse(registration.port, &hello, until).map_err(|fault| node.met(fault))
}

/// The end of the first of several turns, so that one who is slow leaves the others their time.
fn share(until: Instant, turns: usize) -> Instant {
    let now = Instant::now();
    let turns = u32::try_from(turns.max(1)).unwrap_or(u32::MAX);
    now + until.saturating_duration_since(now) / turns
}
