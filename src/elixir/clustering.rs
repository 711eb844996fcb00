//! From settings to ways to find nodes.

use super::config::Config;
use super::started::{Child, Started};
use super::value::{Item, Value, unread};
use crate::discovery::configured;
use crate::world::code::{Code, Coded, Unread, Way};
use crate::world::declared::{Key, Sourced};

/// What a configuration and the sources that start something come to.
pub(super) fn code(config: &Config, started: &[Started]) -> Code {
    let mut code = Code { unread: config.anything.clone(), ..Code::default() };
    let children = |wanted: &'static str| {
        started.iter().flat_map(|one| &one.children).filter(move |child| child.module == wanted).collect::<Vec<_>>()
    };
    code.libcluster(&children(super::started::LIBCLUSTER), config.get("libcluster", "topologies"));
    code.unread.extend(started.iter().filter_map(|one| one.unread.clone()));
    code.settled &= started.iter().all(|one| one.unread.is_none()) && config.anything.is_empty();
    let queries = children(super::started::DNS_CLUSTER);
    if queries.is_empty() {
        let configured = config.settings().filter(|(_, key, _)| *key == "dns_cluster_query");
        configured.for_each(|(_, key, item)| code.dns_cluster(key, item));
    }
    queries.into_iter().filter_map(|child| child.given.as_ref()).for_each(|item| code.dns_cluster("query", item));
    code.peerage(config);
    code
}

impl Code {
    /// The topologies that the app starts; those of the configuration, where that is not to be seen.
    fn libcluster(&mut self, children: &[&Child], configured: Option<&Item>) {
        let known = |child: &&&Child| child.given.as_ref().is_some_and(|item| item.value.entries().is_some());
        self.settled = !children.is_empty() && children.iter().all(|child| known(&child));
        if self.settled {
            return children.iter().filter_map(|child| child.given.as_ref()).for_each(|item| self.topologies(item));
        }
        for child in children.iter().filter(|child| !known(child)) {
            let what = "the topologies that libcluster is started with are not evaluated".to_owned();
            self.unread.push(child.given.as_ref().and_then(unread).unwrap_or(Unread { at: child.at.clone(), what }));
        }
        configured.into_iter().for_each(|item| self.topologies(item));
    }

    fn topologies(&mut self, all: &Item) {
        let Some(entries) = all.value.entries() else {
            self.settled = false;
            return self.skip(all, "the topologies are not evaluated");
        };
        for entry in entries {
            match entry {
                Ok((name, topology)) => self.topology(name, topology),
                Err(item) => {
                    self.settled = false;
                    self.skip(item, "a topology is not evaluated");
                }
            }
        }
    }

    fn topology(&mut self, name: &str, topology: &Item) {
        let strategy = topology.value.get("strategy");
        let module = strategy.and_then(|item| Some((item.value.as_atom()?, item)));
        let Some((module, at)) = module else {
            self.settled = false;
            let what = format!("the strategy of `{name}` is not evaluated");
            return self.skip(strategy.unwrap_or(topology), &what);
        };
        let Some(known) = module.strip_prefix("Elixir.").and_then(configured::strategy) else {
            let what = format!("`{}` is no strategy that is known", Value::atom(module));
            return self.unread.push(Unread { at: at.at.clone(), what });
        };
        let strategy = Sourced { value: known.to_owned(), at: at.at.clone() };
        let Some(given) = topology.value.get("config") else {
            let is_open = topology.value.entries().is_none_or(|entries| entries.iter().any(Result::is_err));
            return self.ways.push(Way { name: name.to_owned(), strategy, options: Vec::new(), closed: !is_open });
        };
        let way = self.way(name, strategy, given);
        self.ways.push(way);
    }

    fn way(&mut self, name: &str, strategy: Sourced<String>, given: &Item) -> Way {
        let entries = given.value.entries();
        let closed = entries.as_ref().is_some_and(|entries| entries.iter().all(Result::is_ok));
        for item in entries.iter().flatten().filter_map(|entry| entry.err()) {
            self.skip(item, "an option is not evaluated");
        }
        if entries.is_none() {
            self.skip(given, "the options are not evaluated");
        }
        let mut options = Vec::new();
        for (called, key) in configured::options(&strategy.value) {
            let Some(item) = given.value.get(called) else { continue };
            let value = self.option(called, item).map(|text| match key {
                Key::ClusterDomain => with_local(text),
                _ => text,
            });
            options.push((*key, Sourced { value, at: item.at.clone() }));
        }
        Way { name: name.to_owned(), strategy, options, closed }
    }

    fn option(&mut self, called: &str, item: &Item) -> Option<Coded> {
        let text = match &item.value {
            Value::Text(text) => Some(text.clone()),
            Value::Atom(name) if !matches!(name.as_str(), "nil" | "true" | "false") => Some(Coded::lit(name)),
            _ => None,
        };
        if text.is_none() {
            self.skip(item, &format!("`{called}` is not evaluated"));
        }
        text
    }

    /// `{DNSCluster, query: …}`: a name, several, or a name with the part before `@`.
    fn dns_cluster(&mut self, name: &str, query: &Item) {
        let options = match &query.value {
            Value::Text(text) => vec![(Key::Service, Sourced { value: Some(text.clone()), at: query.at.clone() })],
            Value::Tuple(pair) => match pair.as_slice() {
                [base, asked] => [(Key::Basename, base), (Key::Service, asked)]
                    .map(|(key, item)| (key, Sourced { value: self.option("query", item), at: item.at.clone() }))
                    .to_vec(),
                _ => return self.skip(query, "the query of `DNSCluster` is not evaluated"),
            },
            // `:ignore` and `nil`: it is not started.
            Value::Atom(_) => return,
            _ => return self.skip(query, "the query of `DNSCluster` is not evaluated"),
        };
        let strategy = Sourced { value: "DNSCluster".to_owned(), at: query.at.clone() };
        self.ways.push(Way { name: name.to_owned(), strategy, options, closed: true });
    }

    fn peerage(&mut self, config: &Config) {
        let Some(via) = config.get("peerage", "via") else { return };
        if via.value.as_atom() != Some("Elixir.Peerage.Via.Dns") {
            return self.skip(via, &format!("Peerage finds nodes by `{}`, which is not checked", via.value));
        }
        let strategy = Sourced { value: "Peerage".to_owned(), at: via.at.clone() };
        let mut options = Vec::new();
        for (called, key) in configured::options("Peerage") {
            if let Some(item) = config.get("peerage", called) {
                options.push((*key, Sourced { value: self.option(called, item), at: item.at.clone() }));
            }
        }
        self.ways.push(Way { name: "peerage".to_owned(), strategy, options, closed: true });
    }

    /// Says that something was not evaluated: in its own words, where it has some.
    fn skip(&mut self, item: &Item, what: &str) {
        let said = unread(item).unwrap_or_else(|| Unread { at: item.at.clone(), what: what.to_owned() });
        if !self.unread.contains(&said) {
            self.unread.push(said);
        }
    }
}

/// `kubernetes_cluster_name` is what stands before `.local`.
fn with_local(mut name: Coded) -> Coded {
    name.append(&Coded::lit(".local"));
    name
}
