//! The ports at which a node is reached: epmd's, and that of the distribution.
//!
//! A node asks the system for a port and tells epmd, unless `inet_dist_listen_min` and `inet_dist_listen_max` say which
//! (`inet_tcp_dist.erl`, OTP 25 to 28; `min` alone means that one port). With `-erl_epmd_port` there is no epmd to ask: every node
//! listens at that port, and takes it that its peers do (`erl_epmd.erl`, since OTP 23.1).

use super::Trace;
use crate::name::boot::Flags;
use crate::name::env::Env;
use crate::name::flags::valued;
use crate::name::template::Template;
use crate::place::Loc;
use crate::reach::{Direction, Far, Near, Passage, Wanted, passage};

/// Where epmd listens, unless something says otherwise.
pub const EPMD: u16 = 4369;

/// The variable that says where.
pub const EPMD_PORT: &str = "ERL_EPMD_PORT";

/// The ports at which a node is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listening {
    /// epmd's; none where no epmd is asked, or where what says it is not known.
    pub epmd: Option<u16>,
    /// The distribution's.
    pub distribution: Distribution,
}

/// The port of the distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distribution {
    /// One of these, both included; and what says so.
    Pinned(u16, u16, Loc),
    /// Nothing in the manifests says which.
    Unsaid,
    /// Something says it that is not known.
    Unknown,
}

impl Listening {
    /// Where the node of a workload listens, as far as its manifests say it.
    pub fn of(trace: &Trace<'_>) -> Option<Self> {
        let naming = trace.naming.as_ref()?;
        let flags = Settings::read(&naming.flags);
        let distribution = flags.distribution();
        let epmd = if flags.without_epmd { None } else { epmd(&naming.env) };
        Some(Self { epmd, distribution })
    }

    /// The ports that peers connect to, as far as they are known, and what each is.
    pub fn wanted(&self) -> Vec<(String, Wanted)> {
        let epmd = self.epmd.map(|port| (format!("epmd ({port})"), Wanted::tcp(port)));
        let distribution = match self.distribution {
            // The first node of a pod takes the first one.
            Distribution::Pinned(first, ..) => Some((format!("the distribution ({first})"), Wanted::tcp(first))),
            Distribution::Unsaid | Distribution::Unknown => None,
        };
        epmd.into_iter().chain(distribution).collect()
    }
}

impl Trace<'_> {
    /// Whether its nodes are to find others of their kind.
    pub fn has_peers(&self) -> bool {
        self.is_opted_in() && self.starts_a_node() && self.replicas() != Some(1)
    }

    /// Whether there are other pods that its nodes have to reach, and policies that decide it: what a policy means for pods on the
    /// host's network is left to each implementation.
    pub fn has_peers_to_reach(&self) -> bool {
        self.has_peers() && !self.pod.host_network
    }

    /// Its pods, as their policies see them.
    pub fn near(&self) -> Near<'_> {
        Near { object: self.object, pod: self.pod }
    }

    /// What the policies say of a connection between two of its pods.
    pub fn between_peers(&self, direction: Direction, wanted: Wanted) -> Passage<'_> {
        passage(self.world, self.near(), direction, Far::Pod(self.near()), wanted)
    }
}

/// epmd's port, if it is known.
fn epmd(env: &Env) -> Option<u16> {
    match env.get(EPMD_PORT) {
        Some(set) => set.value.literal()?.trim().parse().ok(),
        None => Some(EPMD),
    }
}

/// What the VM's flags say of ports.
#[derive(Default)]
struct Settings {
    least: Option<(Option<u16>, Loc)>,
    most: Option<(Option<u16>, Loc)>,
    fixed: Option<(Option<u16>, Loc)>,
    without_epmd: bool,
}

impl Settings {
    fn read(flags: &[Flags]) -> Self {
        let mut settings = Self::default();
        for Flags { words, at, .. } in flags {
            for (flag, value) in valued(words) {
                settings.add(&flag, value, at);
            }
        }
        settings
    }

    fn add(&mut self, flag: &str, value: &Template, at: &Loc) {
        let said = || Some((value.literal().and_then(|text| text.parse().ok()), at.clone()));
        match flag {
            "inet_dist_listen_min" => self.least = said(),
            "inet_dist_listen_max" => self.most = said(),
            "-erl_epmd_port" => {
                self.fixed = said();
                self.without_epmd = true;
            }
            "-start_epmd" if value.literal().as_deref() == Some("false") => self.without_epmd = true,
            _ => {}
        }
    }

    fn distribution(&self) -> Distribution {
        let (least, most) = match (&self.fixed, &self.least, &self.most) {
            (Some(fixed), ..) => (fixed, fixed),
            (None, Some(least), most) => (least, most.as_ref().unwrap_or(least)),
            (None, None, Some(_)) => return Distribution::Unknown,
            (None, None, None) => return Distribution::Unsaid,
        };
        match (least.0, most.0) {
            (Some(first), Some(last)) if first != 0 && first <= last => {
                Distribution::Pinned(first, last, least.1.clone())
            }
            _ => Distribution::Unknown,
        }
    }
}
