//! What keeps a trace from being decided, though no rule finds a fault.

use super::announced::Astray;
use super::listening::Listening;
use super::{Agreement, Trace};
use crate::discovery::{Problem, Query};
use crate::name::boot::{Boot, Crash, Flags, Undistributed};
use crate::name::template::Template;
use crate::reach::Direction;
use crate::world::declared::Key;
use crate::world::object::Object;
use crate::world::selector::Selected;
use crate::world::{SameNamespace, same_namespace};

/// What libcluster asks in, unless it is told otherwise.
const USUAL_DOMAIN: &str = "cluster.local";

/// The variable that says otherwise.
const DOMAIN: &str = "CLUSTER_DOMAIN";

impl Trace<'_> {
    /// Why it is not decided that the workload forms; empty if it is.
    pub fn doubts(&self) -> Vec<String> {
        if self.container.is_none() {
            return vec!["it is not clear which container runs the node".to_owned()];
        }
        let problems = self.strategy.iter().flat_map(|strategy| &strategy.problems);
        let unchecked = problems.filter_map(|problem| match problem {
            Problem::Unchecked(name) => Some(format!("`{name}` is not checked yet")),
            _ => None,
        });
        if let Some(unchecked) = unchecked.into_iter().next() {
            return vec![unchecked];
        }
        let doubts = [
            self.of_the_name(),
            self.of_the_host(),
            self.of_the_network(),
            self.of_the_namespace(),
            self.of_the_resolver(),
            self.of_the_domain(),
            self.of_the_family(),
            self.of_the_reach(),
        ];
        doubts.into_iter().flatten().collect()
    }

    fn of_the_name(&self) -> Option<String> {
        match (self.agreement(), &self.query) {
            (Agreement::Open(why), _) => Some(why.to_string()),
            (Agreement::Differs(..), _) => Some("peers dial another name than the node has".to_owned()),
            (Agreement::Nothing, _) => Some(self.why_nameless().to_owned()),
            (_, Query::Unknown(why)) => Some(why.to_string()),
            (_, Query::Undeclared) => Some("what the strategy asks is not declared".to_owned()),
            (Agreement::Same, _) => None,
        }
    }

    /// BG108 says what is certain, and what is likely.
    fn of_the_host(&self) -> Option<String> {
        match self.astray()? {
            Astray::Perhaps(why) => Some(why),
            Astray::Own | Astray::PodName => None,
        }
    }

    /// BG218 says it, too.
    fn of_the_network(&self) -> Option<String> {
        let is_heard = self.is_strategy(&["Gossip"]) && (self.has_peers() || self.announces_beside().is_some());
        is_heard.then(|| "whether the network between the pods carries multicast is not known".to_owned())
    }

    fn why_nameless(&self) -> &'static str {
        match self.boot() {
            Some(Boot::Undistributed(Undistributed::Verb)) => "what the container runs starts no node",
            Some(Boot::Undistributed(_)) => "the node is not distributed",
            Some(Boot::Crash(Crash::ShortName)) => "short names with a dotted host",
            Some(Boot::Crash(Crash::LongName)) => "long names without a host",
            Some(Boot::Crash(Crash::InvalidName | Crash::Words)) => "the VM refuses the node's name",
            _ => "there is no name to compare",
        }
    }

    /// A policy that says who may connect by address, or by labels of a namespace that is not in the input.
    fn of_the_reach(&self) -> Option<String> {
        let listening = Some(self).filter(|trace| trace.has_peers_to_reach()).and_then(Listening::of)?;
        let wanted = listening.wanted();
        let directions = [Direction::Ingress, Direction::Egress];
        let passages = directions
            .into_iter()
            .flat_map(|direction| wanted.iter().map(move |(_, wanted)| self.between_peers(direction, *wanted)));
        let open = passages
            .filter(|passage| passage.passes == Selected::Perhaps)
            .find_map(|passage| passage.policies.first().copied())?;
        Some(format!(
            "whether {} lets the nodes connect to each other depends on their addresses or namespaces",
            open.title()
        ))
    }

    /// An object that says its namespace and one that does not may end up apart.
    fn of_the_namespace(&self) -> Option<String> {
        let is_open = |object: &&Object| {
            let (theirs, ours) = (object.namespace.as_deref(), self.object.namespace.as_deref());
            same_namespace(theirs, ours) == SameNamespace::Open
        };
        let shown = self.answers.iter().filter(|member| member.shows_us).map(|member| member.object);
        let mut shown: Vec<_> = shown.collect();
        shown.extend(self.asked_service().into_iter().flat_map(|asked| self.services(asked)));
        let object = shown.iter().all(is_open).then(|| shown.first()).flatten()?;
        let title = |object: &Object| object.title();
        let (says, lacks) = match object.namespace {
            Some(_) => (title(object), title(self.object)),
            None => (title(self.object), title(object)),
        };
        Some(format!("{lacks} does not say its namespace, and {says} does: `--namespace` fills it in"))
    }

    /// Who answers in the place of the cluster's DNS may know its names or not.
    fn of_the_resolver(&self) -> Option<String> {
        let asks_others =
            matches!(self.pod.dns_policy.as_deref(), Some("None" | "Default")) && self.pod.own_nameservers;
        asks_others.then(|| "the pods ask a DNS server of their own".to_owned())
    }

    /// `CLUSTER_DOMAIN` is a part of the API server's name, and of every name that `Kubernetes.DNSSRV` asks for.
    fn of_the_domain(&self) -> Option<String> {
        let needs = self.discovery()?.needs();
        if needs.list.is_none() && !self.is_strategy(&["Kubernetes.DNSSRV"]) {
            return None;
        }
        let domain = match self.key(Key::ClusterDomain) {
            Some(declared) => declared.value.trim().trim_matches('.'),
            None => &self.world.facts.cluster_domain,
        };
        let Some(asked) = self.env.get(DOMAIN).map(|var| var.value.literal()) else {
            // `kubernetes_cluster_name` stands before `.local`, and the annotation says what it is.
            let is_said = needs.list.is_some() && self.key(Key::ClusterDomain).is_some() && domain.ends_with(".local");
            return (domain != USUAL_DOMAIN && !is_said).then(|| {
                format!(
                    "the cluster's domain is `{domain}`, and nothing sets {DOMAIN}: the app asks in `{USUAL_DOMAIN}`"
                )
            });
        };
        let asked = asked?;
        let asked = asked.trim_matches('.');
        let is_known = domain != USUAL_DOMAIN || self.key(Key::ClusterDomain).is_some();
        (is_known && asked != domain).then(|| format!("{DOMAIN} is `{asked}`; the cluster's domain is `{domain}`"))
    }

    /// Addresses of IPv6 need a VM that is told so, and some strategies do not ask for them.
    fn of_the_family(&self) -> Option<String> {
        let is_ipv6 = |object: &&Object| {
            object.service().is_some_and(|service| service.ip_families.first().is_some_and(|family| family == "IPv6"))
        };
        if let Some(service) = self.searched_services().into_iter().find(is_ipv6) {
            return Some(format!("{} answers with IPv6 addresses, which is not checked yet", service.title()));
        }
        let told = self.told_to_speak_ipv6()?.variable;
        Some(format!(
            "{told} asks for distribution over IPv6, and it is not known whether the pods have such addresses"
        ))
    }

    /// The variable that has the VM connect over IPv6: `-proto_dist inet6_tcp`.
    pub fn told_to_speak_ipv6(&self) -> Option<&Flags> {
        let is_ipv6 = |word: &Template| word.literal().is_some_and(|word| word.starts_with("inet6_"));
        self.naming.as_ref()?.flags.iter().find(|flags| flags.words.iter().any(is_ipv6))
    }
}
