//! Why there is no answer, and what to do next.

use std::fmt;
use std::io::{self, ErrorKind};

/// Who was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// The system's resolver, about a host.
    Resolver(String),
    /// epmd, at a port.
    Epmd(u16),
    /// A node.
    Node {
        /// The name that is registered with epmd.
        basename: String,
        /// The port that is registered with it.
        port: u16,
    },
}

impl Party {
    pub(super) fn met(&self, fault: Fault) -> ProbeError {
        ProbeError { party: self.clone(), fault }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolver(host) => write!(f, "the resolver, asked for `{host}`,"),
            Self::Epmd(port) => write!(f, "epmd at port {port}"),
            Self::Node { basename, port } => write!(f, "`{basename}` at port {port}"),
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No address was found for the name of the host.
    NoAddress(String),
    /// The connection was refused.
    Refused,
    /// Nothing came in time.
    TimedOut,
    /// The network says why.
    Unreachable(String),
    /// The cluster's API leads to no port of the pod, and says why.
    NotForwarded(String),
    /// The connection was closed before any answer.
    Closed,
    /// What was heard is not of the protocol; its beginning.
    Foreign(String),
    /// epmd does not know the name.
    NotRegistered {
        /// The name.
        name: String,
        /// The names that it knows.
        registered: Vec<String>,
    },
    /// epmd knows no name at all.
    NobodyRegistered,
    /// The name was registered a moment ago.
    Gone(String),
    /// The node speaks neither the current nor the old handshake.
    OtherVersion {
        /// The lowest version that it speaks.
        lowest: u16,
        /// The highest one.
        highest: u16,
    },
    /// The node answers with an alert of TLS.
    Tls,
    /// The node refuses this peer.
    NotAllowed,
    /// The node is connecting to a peer of that name, or has that name.
    Simultaneous,
    /// The node has a connection to a peer of that name.
    AlreadyConnected,
}

impl Fault {
    /// Something that is not of the protocol.
    pub(super) fn foreign(heard: &[u8]) -> Self {
        Self::Foreign(heard[..heard.len().min(32)].escape_ascii().to_string())
    }

    pub(crate) fn of(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::TimedOut,
            _ => Self::Unreachable(error.to_string()),
        }
    }

    /// One word for scripts.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoAddress(_) => "no-address",
            Self::Refused => "refused",
            Self::TimedOut => "timed-out",
            Self::Unreachable(_) => "unreachable",
            Self::NotForwarded(_) => "not-forwarded",
            Self::Closed => "closed",
            Self::Foreign(_) => "foreign",
            Self::NotRegistered { .. } => "not-registered",
            Self::NobodyRegistered => "nobody-registered",
            Self::Gone(_) => "gone",
            Self::OtherVersion { .. } => "other-version",
            Self::Tls => "tls",
            Self::NotAllowed => "not-allowed",
            Self::Simultaneous => "simultaneous",
            Self::AlreadyConnected => "already-connected",
        }
    }
}

/// A question that has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeError {
    /// Who was asked.
    pub party: Party,
    /// What went wrong.
    pub fault: Fault,
}

impl std::error::Error for ProbeError {}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let party = &self.party;
        match &self.fault {
            Fault::NoAddress(host) => write!(f, "`{host}` cannot be resolved"),
            Fault::Refused => write!(f, "{party} refuses the connection"),
            Fault::TimedOut => write!(f, "{party} does not answer in time"),
            Fault::Unreachable(why) => write!(f, "{party} cannot be reached: {why}"),
            Fault::NotForwarded(why) => write!(f, "{party} cannot be reached through the cluster's API: {why}"),
            Fault::Closed => write!(f, "{party} closes the connection without an answer"),
            Fault::Foreign(heard) => write!(f, "{party} answers something else: \"{heard}\""),
            Fault::NotRegistered { name, registered } if registered.is_empty() => {
                write!(f, "{party} knows no name `{name}`, nor any other")
            }
            Fault::NotRegistered { name, registered } => {
                write!(f, "{party} knows no name `{name}`; there are {}", registered.join(", "))
            }
            Fault::NobodyRegistered => write!(f, "{party} knows no names"),
            Fault::Gone(name) => write!(f, "{party} does not know `{name}` any more"),
            Fault::OtherVersion { lowest, highest } => {
                write!(f, "{party} speaks versions {lowest} to {highest} of the handshake, not 5 or 6")
            }
            Fault::Tls => write!(f, "{party} speaks TLS"),
            Fault::NotAllowed => write!(f, "{party} does not allow this peer"),
            Fault::Simultaneous => write!(f, "{party} has the probe's name itself, or is just connecting to it"),
            Fault::AlreadyConnected => write!(f, "{party} is connected to a peer of the probe's name"),
        }
    }
}

impl ProbeError {
    /// Whether another address of the host may do better.
    pub(super) fn is_unreached_epmd(&self) -> bool {
        let is_unreached = matches!(self.fault, Fault::Refused | Fault::TimedOut | Fault::Unreachable(_));
        is_unreached && matches!(self.party, Party::Epmd(_))
    }

    /// What to do next.
    pub fn next(&self) -> &'static str {
        let at_epmd = matches!(self.party, Party::Epmd(_));
        match &self.fault {
            Fault::NoAddress(_) => "check the name; some are known inside a cluster only; or give an IP address",
            Fault::Refused if at_epmd => {
                "there is no epmd: the node is not distributed (yet), or runs without one (`-start_epmd false`); or \
                 ERL_EPMD_PORT moves it: then name that port: `HOST:PORT`, `deployment/NAME:PORT`"
            }
            Fault::TimedOut | Fault::Unreachable(_) if at_epmd => {
                "check the address, and whether a network policy or firewall lets this port through; or give more --timeout"
            }
            Fault::TimedOut if matches!(self.party, Party::Resolver(_)) => {
                "check the name servers, or give an IP address, or more --timeout"
            }
            Fault::Closed | Fault::Foreign(_) if at_epmd => {
                "this is not epmd: name its port: `HOST:PORT`, `deployment/NAME:PORT`"
            }
            Fault::Refused => "epmd still knows a node that is gone, or it listens on another address only; look again",
            Fault::NotForwarded(_) => {
                "`kubectl auth can-i create pods/portforward` says whether you may: the verbs get and create"
            }
            Fault::TimedOut | Fault::Unreachable(_) => {
                "check whether a network policy or firewall lets this port through: pin it with \
                 `-kernel inet_dist_listen_min` and `inet_dist_listen_max`; or give more --timeout"
            }
            Fault::Closed => {
                "the node may demand TLS (`-proto_dist inet_tls`) or refuse this network (`check_ip`); ask it from its \
                 inside: `bin/APP rpc 'IO.puts(node())'`"
            }
            Fault::Foreign(_) => "this is no Erlang node, or something stands between, such as the proxy of a mesh",
            Fault::NotRegistered { registered, .. } if !registered.is_empty() => {
                "peers that dial this name are told the same: compare the part before the @"
            }
            Fault::NotRegistered { .. } | Fault::NobodyRegistered => {
                "the node is not distributed (yet), or registers with another epmd: see its log"
            }
            Fault::Gone(_) => "the node has just stopped: see its log",
            Fault::OtherVersion { .. } => "a newer beamgate may speak it",
            Fault::Tls => {
                "only peers with a certificate are told the name (`-proto_dist inet_tls`); ask the node from its inside: \
                 `bin/APP rpc 'IO.puts(node())'`"
            }
            Fault::NotAllowed => {
                "the node lists its peers (`net_kernel:allow/1`): take the name of one, --as NAME@HOST"
            }
            Fault::Simultaneous | Fault::AlreadyConnected => "give no --as, or another one",
        }
    }
}
