//! What is seen at run time: the log lines and states that people search for.
//!
//! The rules' pages, the findings and the proofs say the same words because they take them from here. Texts are those of
//! libcluster 3.5.0, OTP 25.2.3 and Elixir 1.14's release script.

use std::fmt;

/// What would be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Symptom {
    /// `net_kernel` refuses a dotted host with short names; the release crashes at boot.
    CantSetShortName,
    /// `net_kernel` finds no host for a long name; the release crashes at boot.
    CantSetLongName,
    /// The release script knows `sname`, `name` and `none`; it boots all the same, without distribution.
    BadDistribution(String),
    /// libcluster on a node without distribution, about each of its peers.
    NotPartOfNetwork(String),
    /// libcluster cannot connect to a peer. A node that is called wrongly says so of its own expected name too.
    UnableToConnect(String),
    /// `net_kernel` refuses the part before `@`; the release crashes at boot.
    InvalidNodeName,
    /// A peer refuses to connect to a dot-less host.
    IllegalHostname(String),
    /// The name is longer than an atom may be; crash at boot.
    SystemLimit,
    /// The VM is given two names, and takes the first; its peers dial the other.
    NamedTwice,
    /// Two nodes of one epmd have the same part before `@`; the second crashes at boot.
    NameInUse(String),
    /// The release writes its configuration where it cannot.
    CannotWrite(String),
    /// The node has the one port that the VM's flags leave, so that nothing beside it can talk to it.
    NoPort,
    /// A command looks for a node that is not there, or is called otherwise.
    NodeDown,
    /// An unquoted name with spaces falls apart into arguments; crash at boot.
    Words,
    /// The DNS strategies, when the name does not exist.
    LookupFailed(String),
    /// The DNS strategies, when nobody answers.
    LookupTimedOut(String),
    /// `Kubernetes`, when the API server does not answer.
    ApiUnreachable,
    /// `Kubernetes.DNS` meets a CNAME.
    CaseClauseError,
    /// The API server refuses the list request.
    Unauthorized(String),
    /// A missing required option.
    KeyError(String),
    /// The strategy's process dies over an address without `targetRef`.
    FunctionClauseError,
    /// Nothing is logged at all, and `Node.list()` stays empty.
    Silence,
    /// All replicas say the same name, so each sees itself alone.
    OnlyItself,
    /// The kubelet cannot make the pod.
    ContainerCreating(String),
    /// The API server refuses the object.
    Refused(String),
    /// epmd's port is not a number; crash at boot.
    EpmdPort,
    /// The API server's own host name does not resolve.
    ApiHostUnresolved(String),
    /// Images built at different times have different cookies.
    CookieRejected,
    /// The node boots under a name that nobody dials, because nothing in it was ever expanded.
    CalledLiterally(String),
    /// Something that no log says.
    Seen(String),
}

impl Symptom {
    /// Those that a log of the node shows, each made of the value that it names, if it names one. Of two that a line could
    /// be, the one that says more comes first.
    pub const LOGGED: [fn(String) -> Self; 24] = [
        |_| Self::CantSetShortName,
        |_| Self::CantSetLongName,
        |_| Self::InvalidNodeName,
        |_| Self::EpmdPort,
        |_| Self::SystemLimit,
        Self::NameInUse,
        |_| Self::NamedTwice,
        |_| Self::NoPort,
        Self::CannotWrite,
        |_| Self::NodeDown,
        Self::BadDistribution,
        Self::NotPartOfNetwork,
        Self::UnableToConnect,
        Self::IllegalHostname,
        Self::LookupFailed,
        Self::LookupTimedOut,
        |_| Self::CaseClauseError,
        |_| Self::FunctionClauseError,
        Self::Unauthorized,
        Self::KeyError,
        Self::ApiHostUnresolved,
        |_| Self::ApiUnreachable,
        |_| Self::CookieRejected,
        // However a node fails to boot, it ends with these.
        |_| Self::Words,
    ];

    /// Whether a strategy dies of it, again and again: libcluster's supervisor dies with it, and so do all other topologies.
    pub fn is_crash_of_a_strategy(&self) -> bool {
        matches!(self, Self::CaseClauseError | Self::FunctionClauseError | Self::KeyError(_))
    }

    /// The same, where the node sees other peers all the same.
    #[must_use]
    pub fn beside_a_cluster(self) -> Self {
        const ALONE: &str = "; `Node.list()` stays empty";
        let seen = self.to_string();
        match seen.strip_suffix(ALONE) {
            Some(logged) => Self::Seen(logged.to_owned()),
            None => self,
        }
    }

    /// The value that it names.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::BadDistribution(value)
            | Self::NotPartOfNetwork(value)
            | Self::UnableToConnect(value)
            | Self::IllegalHostname(value)
            | Self::NameInUse(value)
            | Self::CannotWrite(value)
            | Self::LookupFailed(value)
            | Self::LookupTimedOut(value)
            | Self::Unauthorized(value)
            | Self::KeyError(value)
            | Self::ApiHostUnresolved(value) => Some(value),
            _ => None,
        }
    }
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CantSetShortName => f.write_str("`Can't set short node name! Please check your configuration`, and the pod restarts for ever"),
            Self::CantSetLongName => f.write_str("`Can't set long node name! Please check your configuration`, and the pod restarts for ever"),
            Self::BadDistribution(value) => write!(
                f,
                "`ERROR: Expected sname, name, or none in RELEASE_DISTRIBUTION, got: {value}`, and the node boots without distribution"
            ),
            Self::NotPartOfNetwork(name) => write!(f, "`unable to connect to :\"{name}\": not part of network`"),
            Self::UnableToConnect(name) => write!(f, "`unable to connect to :\"{name}\"`, every five seconds; `Node.list()` stays empty"),
            Self::InvalidNodeName => f.write_str("`Invalid node name! Please check your configuration`, and the pod restarts for ever"),
            Self::IllegalHostname(host) => write!(f, "on the peers `** Hostname {host} is illegal **`; `Node.list()` stays empty"),
            Self::SystemLimit => f.write_str("`{system_limit,[{erlang,list_to_atom`, and the pod restarts for ever"),
            Self::NamedTwice => f.write_str("`Multiple -name given to erl, using the first`; `Node.list()` stays empty"),
            Self::NameInUse(name) => {
                write!(f, "`the name {name} seems to be in use by another Erlang node`, and the container restarts for ever")
            }
            Self::CannotWrite(folder) => write!(
                f,
                "`ERROR: Cannot start release because it could not write {folder}`, and the pod restarts for ever"
            ),
            Self::NoPort => f.write_str("`register/listen error: eaddrinuse` from whatever is run beside the node"),
            Self::NodeDown => f.write_str("`--rpc-eval : RPC failed with reason :nodedown` from whatever is run beside the node"),
            Self::Words => f.write_str("`init terminating in do_boot`, and the pod restarts for ever"),
            Self::LookupFailed(service) => write!(f, "`lookup against {service} failed: :nxdomain`, every five seconds; `Node.list()` stays empty"),
            Self::LookupTimedOut(service) => write!(f, "`lookup against {service} failed: :timeout`, every five seconds; `Node.list()` stays empty"),
            Self::ApiUnreachable => f.write_str("`request to kubernetes failed!: {:failed_connect,`, every five seconds; `Node.list()` stays empty"),
            Self::CaseClauseError => f.write_str("`CaseClauseError` in `Cluster.Strategy.Kubernetes.DNS`, again and again"),
            Self::Unauthorized(message) => write!(f, "`cannot query kubernetes (unauthorized): {message}`; `Node.list()` stays empty"),
            Self::KeyError(key) => write!(f, "`** (KeyError) key :{key} not found`, and the application does not start"),
            Self::FunctionClauseError => f.write_str("`FunctionClauseError` in `Cluster.Strategy.Kubernetes.parse_response/2`, again and again"),
            Self::Silence => f.write_str("nothing is logged; `Node.list()` stays empty"),
            Self::OnlyItself => f.write_str("nothing is logged; each replica takes its peers for itself and `Node.list()` stays empty"),
            Self::ContainerCreating(why) => write!(f, "the pod stays in ContainerCreating: `{why}`"),
            Self::Refused(why) => write!(f, "`kubectl apply` is refused: `{why}`"),
            Self::EpmdPort => f.write_str("`register/listen error: {{badarg,[{erlang,list_to_integer,[\"tcp://...\"]`, and the pod restarts for ever"),
            Self::ApiHostUnresolved(host) => write!(f, "`request to kubernetes failed!: {{:failed_connect, ... {{'{host}', 443}} ... :nxdomain`"),
            Self::CookieRejected => f.write_str("`** Connection attempt from node ... rejected. Invalid challenge reply. **`"),
            Self::CalledLiterally(name) => write!(f, "the node boots and is literally called `{name}`; `unable to connect to` its own expected name is all that is logged"),
            Self::Seen(text) => f.write_str(text),
        }
    }
}
