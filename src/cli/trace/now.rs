//! What a live cluster makes of a connection: what the strategy is answered, and what the nodes call themselves.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use super::mismatch::Mismatch;
use crate::cli::live::Live;
use crate::cli::probe::pods::ask;
use crate::cli::probe::tell::{Trouble, printable};
use crate::cluster::members::Answered;
use crate::cluster::{Cluster, ClusterError, RunningPod};
use crate::discovery::{Address, Query, Record, Resource};
use crate::probe::{EPMD, Node, Question};
use crate::report::closing::counted;
use crate::rules::finding::{Effect, Finding, Verdict};
use crate::rules::judge_trace;
use crate::trace::Trace;
use crate::trace::listening::EPMD_PORT;
use crate::world::World;

/// How many pods are asked their names: of more it says so.
const MOST: usize = 20;

/// The reason of a [`Trouble`] that is not the node's.
const NOT_FORWARDED: &str = "not-forwarded";

/// How long a node may take to say its name.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a live cluster makes of a connection.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Now {
    /// Why there is nothing to compare, where that is so.
    pub(super) unknown: Option<String>,
    /// Where the answer to the strategy's question comes from.
    pub(super) answered_by: Vec<String>,
    /// Whether the answer is what the endpoints say of DNS, which was not asked itself.
    pub(super) instead_of_dns: bool,
    /// What is on the cluster, where the files say something else.
    pub(super) other: Option<Other>,
    /// The pods of the workload, and whatever else the strategy is answered with.
    pub(super) members: Vec<Member>,
    /// How many of them were not asked their names, because they are so many.
    pub(super) not_asked: usize,
    /// What kept from asking some of them.
    pub(super) unasked: Option<Trouble>,
    /// The first thing that keeps the nodes from finding each other.
    pub(super) mismatch: Option<Mismatch>,
}

/// The workload as it is on the cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Other {
    /// The name that the node boots with.
    pub(super) boots: Option<String>,
    /// The names that its peers dial.
    pub(super) dials: Vec<String>,
}

/// A pod, or an address without one.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Member {
    /// The pod.
    pub(super) pod: Option<String>,
    /// Its address.
    pub(super) ip: Option<String>,
    /// Whether it is one of the workload's own.
    pub(super) own: bool,
    /// Whether the strategy is answered with it; none if that is not known.
    pub(super) found: Option<bool>,
    /// Whether it is left out of the answer because it is not ready.
    pub(super) unready: bool,
    /// The name that peers dial for it.
    pub(super) dials: Option<String>,
    /// The names that the nodes in it answer.
    pub(super) answers: Vec<String>,
    /// Whether one of these is what peers dial.
    pub(super) agrees: Option<bool>,
    /// Why there is no name.
    pub(super) error: Option<Trouble>,
    /// Whether it is an address in Endpoints without a `targetRef`: libcluster 3.5.0's `parse_response/2` has no clause for it.
    pub(super) unreadable: bool,
    #[serde(skip)]
    idle: bool,
    #[serde(skip)]
    target: Option<RunningPod>,
}

impl Now {
    /// Looks at the workload as it is on the cluster; the files may say something else.
    pub(super) fn of(live: &Live, file: &Trace<'_>, (boots, dials): (&Option<String>, &Vec<String>)) -> Self {
        let world = World::new(live.objects.clone(), live.facts.clone());
        let identity = file.object.identity();
        let Some((object, workload)) = world.workloads().find(|(object, _)| object.identity() == identity) else {
            return Self::unknown(format!("{} is not on the cluster", file.object.title()));
        };
        let trace = Trace::of(&world, object, workload);
        let judged = judge_trace(&trace);
        let is_fault = |finding: &&Finding| finding.effect == Effect::Breaks && finding.verdict == Verdict::Refuted;
        let fault = judged.findings.iter().find(is_fault).map(|finding| finding.rule.id());
        let mut now = match Self::seen(&live.cluster, &trace, fault.as_deref()) {
            Ok(now) => now,
            Err(why) => Self::unknown(why.to_string()),
        };
        if (&judged.boots, &judged.dials) != (boots, dials) {
            now.other = Some(Other { boots: judged.boots, dials: judged.dials });
        }
        now
    }

    fn unknown(why: String) -> Self {
        Self { unknown: Some(why), ..Self::default() }
    }

    fn seen(cluster: &Cluster, trace: &Trace<'_>, fault: Option<&str>) -> Result<Self, ClusterError> {
        let own = cluster.in_namespace(trace.object.namespace.as_deref().unwrap_or_default());
        let pods = own.pods(&trace.object.kind, &trace.object.name)?;
        if pods.is_empty() && trace.workload.replicas == Some(0) {
            return Ok(Self::unknown(format!("{} is to have no pods", trace.object.title())));
        }
        let asked = Asked::of(cluster, trace);
        let answered = asked.as_ref().and_then(|asked| asked.answered.as_ref().ok());
        let mut now = Self {
            answered_by: answered.map(|answered| answered.by.clone()).unwrap_or_default(),
            instead_of_dns: matches!(trace.query, Query::Service(..)),
            members: members(pods, answered, trace),
            unknown: match &asked {
                Some(Asked { answered: Err(why), .. }) => Some(why.to_string()),
                Some(_) => None,
                None => Some(match trace.query {
                    Query::Elsewhere(_) => "the strategy asks nothing that the cluster answers".to_owned(),
                    _ => "what the strategy asks is not known from here".to_owned(),
                }),
            },
            ..Self::default()
        };
        let there = asked.as_ref().map_or(&own, |asked| &asked.cluster);
        now.ask(&own, there, trace)?;
        now.mismatch = Mismatch::first(&now, trace, fault);
        Ok(now)
    }

    /// Asks the nodes their names, all at once and each through the API.
    fn ask(&mut self, own: &Cluster, there: &Cluster, trace: &Trace<'_>) -> Result<(), ClusterError> {
        let epmd = trace.env.get(EPMD_PORT).and_then(|port| port.value.literal()?.parse().ok());
        let question = Question { epmd: epmd.unwrap_or(EPMD), ..Question::default() };
        let until = own.until().min(Instant::now() + PATIENCE);
        let targets: Vec<(usize, RunningPod)> = self.targets().collect();
        self.not_asked = targets.len().saturating_sub(MOST);
        let targets = &targets[..targets.len().min(MOST)];
        let pool = ThreadPoolBuilder::new().num_threads(targets.len().max(1)).build();
        let pool = pool.map_err(|error| ClusterError::Runtime(std::io::Error::other(error)))?;
        let answers: Vec<_> = pool.install(|| {
            let asked = |(number, pod): &(usize, RunningPod)| {
                let cluster = if self.members[*number].own { own } else { there };
                (*number, ask(cluster, pod, &question, until))
            };
            targets.par_iter().with_max_len(1).map(asked).collect()
        });
        answers.into_iter().for_each(|(number, answer)| self.members[number].hear(answer));
        self.unasked = self.members.iter().filter(|member| member.is_unasked()).find_map(|member| member.error.clone());
        Ok(())
    }

    fn targets(&self) -> impl Iterator<Item = (usize, RunningPod)> {
        self.members.iter().enumerate().filter_map(|(number, member)| Some((number, member.target.clone()?)))
    }

    /// Whether something keeps the nodes from finding each other.
    pub(super) fn is_split(&self) -> bool {
        self.mismatch.is_some()
    }

    /// Tells it, line by line.
    pub(super) fn tell(&self, mut line: impl FnMut(&str, &str)) {
        let dns = if self.instead_of_dns { "; DNS itself cannot be asked from here" } else { "" };
        let count = match self.members.iter().filter(|member| member.found == Some(true)).count() {
            1 => "1 address".to_owned(),
            count => format!("{count} addresses"),
        };
        let by = self.answered_by.join(", ");
        match (&self.unknown, self.answered_by.is_empty()) {
            (Some(why), _) => line("now", &format!("unknown: {why}")),
            (None, true) => line("now", "the question is answered with nothing"),
            (None, false) => line("now", &format!("{by}: {count}{dns}")),
        }
        if let Some(other) = &self.other {
            let boots = other.boots.as_deref().unwrap_or("nothing");
            line(
                "",
                &format!("on the cluster is another version: boots as {boots}, peers dial {}", other.dials.join(", ")),
            );
        }
        self.members.iter().for_each(|member| line("", &member.told()));
        if self.not_asked > 0 {
            line("", &format!("{} more were not asked their names", counted(self.not_asked, "pod")));
        }
        if let Some(trouble) = &self.unasked {
            line("", &format!("not asked: {}", printable(&trouble.message)));
            line("", &format!("next: {}", trouble.next));
        }
        match &self.mismatch {
            Some(mismatch) => mismatch.tell(line),
            None if self.unknown.is_none() => line("mismatch", &self.none()),
            None => {}
        }
    }

    fn none(&self) -> String {
        let compared = self.members.iter().filter(|member| member.agrees == Some(true)).count();
        match compared {
            0 => "unknown: no name could be compared".to_owned(),
            _ if self.unasked.is_some() || self.not_asked > 0 => "none among those that were asked".to_owned(),
            1 => "none: the one node is found, and is called as it is dialled".to_owned(),
            _ => "none: each node is found, and is called as it is dialled; what is left is the cookie, and the network between \
                  the pods"
                .to_owned(),
        }
    }
}

/// What the strategy asks, answered.
struct Asked {
    /// Where it asks.
    cluster: Cluster,
    answered: Result<Answered, ClusterError>,
}

impl Asked {
    fn of(cluster: &Cluster, trace: &Trace<'_>) -> Option<Self> {
        let namespace = match &trace.query {
            Query::Labels(query) => query.namespace.as_deref()?,
            Query::Service(service, _) => service.namespace.as_deref()?,
            Query::Elsewhere(_) | Query::Unknown(_) | Query::Undeclared => return None,
        };
        let cluster = cluster.in_namespace(namespace);
        let answered = match &trace.query {
            Query::Labels(query) if query.on == Resource::Endpoints => cluster.endpoints(&query.selector.to_string()),
            Query::Labels(query) => cluster.labelled_pods(&query.selector.to_string()),
            Query::Service(service, _) if !service.is_asked_in_full() => {
                let by = vec![format!("`{}` is no full name, and no search list completes it", service.written())];
                Ok(Answered { by, ..Answered::default() })
            }
            Query::Service(service, record) => cluster.resolved(&service.name, *record == Record::Srv),
            Query::Elsewhere(_) | Query::Unknown(_) | Query::Undeclared => return None,
        };
        Some(Self { cluster, answered })
    }
}

/// The workload's pods, and what is found besides.
fn members(pods: Vec<RunningPod>, answered: Option<&Answered>, trace: &Trace<'_>) -> Vec<Member> {
    let virtual_ip = answered.is_some_and(|answered| answered.virtual_ip);
    let given =
        |list: fn(&Answered) -> &Vec<Address>| answered.map_or(&[] as &[_], |answered| list(answered).as_slice());
    let (addresses, unready) = (given(|answered| &answered.addresses), given(|answered| &answered.unready));
    let asks_endpoints = trace.label_query().is_some_and(|query| query.on == Resource::Endpoints);
    // Pods of the machine's own network share its address.
    let is_of = |pod: &RunningPod, address: &Address| match &address.pod {
        Some(name) => *name == pod.name,
        None => pod.ip.as_ref() == Some(&address.ip),
    };
    let mut taken = BTreeSet::new();
    let mut all: Vec<Member> = pods
        .into_iter()
        .map(|pod| {
            let found = addresses.iter().find(|address| is_of(&pod, address));
            taken.extend(found.map(|address| address.ip.as_str()));
            Member {
                own: true,
                found: answered.map(|_| found.is_some()),
                unready: found.is_none() && unready.iter().any(|address| is_of(&pod, address)),
                dials: found.and_then(|address| trace.dialled_at(address, virtual_ip)),
                pod: Some(pod.name.clone()),
                ip: pod.ip.clone(),
                idle: pod.idle.is_some(),
                target: Some(pod),
                ..Member::default()
            }
        })
        .collect();
    let others = addresses.iter().filter(|address| !taken.contains(address.ip.as_str()));
    all.extend(others.map(|address| Member {
        found: Some(true),
        dials: trace.dialled_at(address, virtual_ip),
        pod: address.pod.clone(),
        unreadable: address.pod.is_none() && asks_endpoints,
        ip: Some(address.ip.clone()),
        target: address.pod.clone().map(|name| RunningPod { name, ip: Some(address.ip.clone()), idle: None }),
        ..Member::default()
    }));
    all
}

impl Member {
    fn hear(&mut self, answer: Result<Vec<Node>, Trouble>) {
        let nodes = match answer {
            Ok(nodes) => nodes,
            Err(trouble) => {
                self.error = Some(trouble);
                return;
            }
        };
        let names = nodes.iter().filter_map(|node| Some(node.answer.as_ref().ok()?.name.clone()));
        self.answers = names.collect();
        if self.answers.is_empty() {
            self.error = nodes.iter().find_map(|node| Some(Trouble::from(node.answer.as_ref().err()?)));
            return;
        }
        self.agrees = self.dials.as_ref().map(|dialled| self.answers.contains(dialled));
    }

    /// Whether it could not be asked, which says nothing of it.
    pub(super) fn is_unasked(&self) -> bool {
        self.error.as_ref().is_some_and(|trouble| trouble.reason == NOT_FORWARDED)
    }

    /// Whether something runs in it, as far as is known.
    pub(super) fn runs(&self) -> bool {
        !self.idle
    }

    /// `pod/cart-0`, or an address.
    pub(super) fn name(&self) -> String {
        match (&self.pod, &self.ip) {
            (Some(pod), _) => format!("pod/{pod}"),
            (None, Some(ip)) => ip.clone(),
            (None, None) => String::new(),
        }
    }

    /// The name that it answers: that which is dialled, if it is among several.
    pub(super) fn answer(&self) -> Option<String> {
        let dialled = self.answers.iter().find(|name| Some(*name) == self.dials.as_ref());
        dialled.or(self.answers.first()).map(|name| printable(name))
    }

    fn told(&self) -> String {
        let address = self.ip.as_ref().filter(|_| self.pod.is_some());
        let name = address.map_or_else(|| self.name(), |ip| format!("{}  {ip}", self.name()));
        let whose = if self.own || self.pod.is_none() { "" } else { ", none of its running pods" };
        let dialled = match (self.found, &self.dials) {
            (Some(false), _) if self.unready => "not found: not ready".to_owned(),
            (Some(false), _) => "not found".to_owned(),
            (Some(true), Some(dialled)) => format!("peers dial {dialled}"),
            (Some(true), None) => "found, and dialled by a name that is not known from here".to_owned(),
            (None, _) => "not known to be found".to_owned(),
        };
        let answer = match (self.answer(), &self.error) {
            (Some(name), _) => format!("it answers {name}"),
            (None, Some(trouble)) if !self.is_unasked() => printable(&trouble.message),
            (None, None) if self.pod.is_none() => "it is no pod".to_owned(),
            (None, _) => "not asked".to_owned(),
        };
        format!("{name}{whose}  {dialled}, {answer}")
    }
}
