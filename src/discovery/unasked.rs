//! Strategies that ask neither DNS nor the API server: `Cluster.Strategy.Gossip`, `Epmd`, `LocalEpmd` and `ErlangHosts`
//! (libcluster 3.5.0, `lib/strategy/gossip.ex` and beside it), and those that announce `node()` through something else, such as
//! `LibclusterPostgres.Strategy` (libcluster_postgres 0.2.0, `lib/strategy.ex`), which a declaration calls `Announced`.
//!
//! None of them makes a name. It is the node's own, of whatever is heard of it, or one of a list that no manifest shows.

use super::{Answer, Dialled, Discovery, Needs, Options, Query, at_sign};
use crate::name::template::{Sym, Template, Why};
use crate::place::Loc;

#[derive(Debug)]
struct Unasked {
    heard: &'static str,
    dialled: Dialled,
    /// What a node may be called before `@`; it is free to choose.
    basename: Option<Template>,
    at: Loc,
}

/// A heartbeat holds `node()`, and whoever hears it connects to that.
pub(super) fn read_gossip(options: &mut Options<'_>) -> Box<dyn Discovery> {
    read(options, "nobody: each node says its name by multicast, at UDP port 45892", Dialled::Announced)
}

pub(super) fn read_announced(options: &mut Options<'_>) -> Box<dyn Discovery> {
    read(options, "what the nodes announce, in a database for instance", Dialled::Announced)
}

/// `:erl_epmd.names()` asks the host on which it runs, and the names get the host of the node's own.
pub(super) fn read_local_epmd(options: &mut Options<'_>) -> Box<dyn Discovery> {
    read(options, "the epmd of its own host", Dialled::Local)
}

pub(super) fn read_epmd(options: &mut Options<'_>) -> Box<dyn Discovery> {
    let hosts = "the list `hosts` of the app's configuration";
    read(options, hosts, Dialled::Listed(Why::List(hosts)))
}

/// What the epmd of each host says, with the host as the file has it.
pub(super) fn read_erlang_hosts(options: &mut Options<'_>) -> Box<dyn Discovery> {
    let hosts = "the image's file `.hosts.erlang`";
    read(options, "the epmd of each host in the image's file `.hosts.erlang`", Dialled::Listed(Why::List(hosts)))
}

fn read(options: &mut Options<'_>, heard: &'static str, dialled: Dialled) -> Box<dyn Discovery> {
    Box::new(Unasked { heard, dialled, basename: options.any_basename(), at: options.at() })
}

impl Discovery for Unasked {
    fn query(&self) -> Query {
        Query::Elsewhere(self.heard)
    }

    /// A name that does: any that differs from pod to pod and has a host that the others reach.
    fn dials(&self, _: &Answer) -> Template {
        match (&self.dialled, &self.basename) {
            (Dialled::Listed(why), _) => Template::opaque(why.clone(), &self.at),
            (_, None) => Template::opaque(Why::Image, &self.at),
            (_, Some(basename)) => {
                let mut name = at_sign(basename, &self.at);
                name.push_sym(Sym::PodIp, &self.at);
                name
            }
        }
    }

    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn dialled(&self) -> Dialled {
        self.dialled.clone()
    }
}
