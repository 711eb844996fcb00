//! What is said of each step of a connection.

use super::journey::Step;
use crate::cli::session::Session;
use crate::cli::told::{At, boots};
use crate::discovery::{Dialled, LabelQuery, Query, Record, Resource, ServiceRef};
use crate::name::boot::{LIVEBOOK_NODE, Naming, Setting};
use crate::place::Loc;
use crate::trace::{Agreement, Trace};
use crate::world::access::{Access, Question};
use crate::world::declared::Declared;
use crate::world::facts::Source;
use crate::world::pod::Container;
use crate::world::service::Answers;
use crate::world::topologies::OPTIONS;

/// The steps in the making.
pub(super) struct Walk<'s> {
    pub(super) session: &'s Session,
    pub(super) world: usize,
    pub(super) trace: &'s Trace<'s>,
    pub(super) steps: Vec<Step>,
}

impl Walk<'_> {
    pub(super) fn walk(mut self) -> Vec<Step> {
        if let Some(server) = self.trace.server.filter(|_| !self.trace.is_opted_in()) {
            self.step("declares", format!("no strategy, and needs none: {server} clusters by itself"));
            return self.steps;
        }
        self.declares();
        self.boots();
        self.asks();
        self.answers();
        self.dials();
        self.beside();
        self.steps
    }

    pub(super) fn step(&mut self, name: &'static str, text: impl Into<String>) -> &mut Step {
        self.add(Step { name, text: text.into(), at: None, command: None })
    }

    pub(super) fn placed(&mut self, name: &'static str, text: impl Into<String>, loc: &Loc) -> &mut Step {
        let at = At::of(self.session, self.world, loc);
        self.add(Step { name, text: text.into(), at: Some(at), command: None })
    }

    fn add(&mut self, step: Step) -> &mut Step {
        self.steps.push(step);
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    fn declares(&mut self) {
        let trace = self.trace;
        let Some(declared) = &trace.declared else {
            self.step("declares", "no strategy: add the label `beamgate.dev/strategy` to the pod template");
            return;
        };
        self.placed("declares", Self::said(declared), &declared.strategy.at);
    }

    /// `Kubernetes, mode ip, selector app=cart`
    pub(super) fn said(declared: &Declared) -> String {
        let said = OPTIONS.into_iter().filter_map(|key| Some(format!("{} {}", key.name(), declared.get(key)?.value)));
        let said: Vec<String> = std::iter::once(declared.strategy.value.clone()).chain(said).collect();
        said.join(", ")
    }

    fn boots(&mut self) {
        let trace = self.trace;
        let Some(naming) = &trace.naming else {
            self.step("boots as", "unknown: it is not clear which container runs the node; the annotation `beamgate.dev/container` says it");
            return;
        };
        let text = boots(trace, &naming.boot);
        match naming.written() {
            Some((_, at)) => self.placed("boots as", text, &at),
            None => self.step("boots as", text),
        };
        let (namespace, pod) = (self.namespace(), self.a_pod());
        // The arguments of the running VM: that needs neither the release's path nor a free distribution port.
        let ask = match naming.is_livebook() {
            true => "printenv LIVEBOOK_NODE",
            false => r#"sh -c 'cat /proc/[0-9]*/cmdline | xargs -0 -n1 | grep -A1 -xE -e "-s?name"'"#,
        };
        let command = |container: &Container| format!("kubectl{namespace} exec {pod} -c {} -- {ask}", container.name);
        self.step("", settings(naming)).command = trace.container.map(command);
    }

    fn asks(&mut self) {
        match &self.trace.query {
            Query::Service(service, record) => {
                let kind = if *record == Record::Srv { "SRV" } else { "A" };
                let (namespace, pod) = (self.namespace(), self.a_pod());
                let container = self.trace.container.map_or_else(String::new, |it| format!(" -c {}", it.name));
                let text = format!("DNS for the {kind} records of {}", asked_name(service));
                let dig = format!("dig +short -t {kind} {}", service.fqdn());
                self.placed("asks", text, &service.at).command =
                    Some(format!("kubectl{namespace} exec {pod}{container} -- {dig}"));
            }
            Query::Labels(query) => self.asks_labels(query),
            Query::Elsewhere(whom) => drop(self.step("asks", *whom)),
            Query::Unknown(why) => drop(self.step("asks", format!("unknown: {why}"))),
            Query::Undeclared if self.trace.is_opted_in() => {
                self.step("asks", "unknown: the declaration does not say it");
            }
            Query::Undeclared => {}
        }
    }

    fn asks_labels(&mut self, query: &LabelQuery) {
        let trace = self.trace;
        let resource = query.on.name();
        let namespace = query.namespace.as_deref().unwrap_or("<namespace>");
        let text = format!("the API server for {resource} in {namespace} with {}", query.selector);
        let address = match query.on {
            Resource::Endpoints => ".items[].subsets[]?.addresses[]? | .ip, .hostname",
            Resource::Pods => ".items[] | .status.podIP, .spec.hostname",
        };
        let list = format!("kubectl -n {namespace} get {resource} -l '{}' -o json | jq '{address}'", query.selector);
        self.placed("asks", text, &query.at).command = Some(list);
        let account = trace.account();
        let own = trace.object.namespace.as_deref();
        let question = Question {
            account_namespace: own,
            account,
            resource,
            namespace: query.namespace.as_deref(),
            folder: &trace.object.folder,
        };
        let source = trace.world.facts.source;
        let may = match trace.world.may_list(&question) {
            Access::Granted => "may".to_owned(),
            Access::Open(_) => format!("may, if a role that is not {source} grants it,"),
            Access::NotSeen(_) if source == Source::Input => "may not, as far as the input shows,".to_owned(),
            Access::NotSeen(_) => format!("may not, as far as is known {source},"),
        };
        let own = own.unwrap_or("<namespace>");
        let can = format!("can-i list {resource} -n {namespace} --as system:serviceaccount:{own}:{account}");
        self.step("", format!("ServiceAccount {account} {may} list {resource} there")).command =
            Some(format!("kubectl auth {can}"));
    }

    fn answers(&mut self) {
        let trace = self.trace;
        if !matches!(trace.query, Query::Service(..) | Query::Labels(_)) {
            return;
        }
        if trace.answers.is_empty() {
            self.step("answers", format!("nothing {}", trace.world.facts.source));
        }
        for member in &trace.answers {
            let object = member.object;
            let text = match object.service() {
                Some(service) => {
                    let how = match service.answers() {
                        Answers::Pods => "headless",
                        Answers::VirtualIp => "one virtual address",
                        Answers::Alias => "an alias",
                    };
                    let selects = if service.selects(&trace.pod.labels) { "selects" } else { "does not select" };
                    format!("{} ({how}, {selects} these pods)", object.title())
                }
                None => format!("the pods of {}", object.title()),
            };
            self.placed("answers", text, &object.at(&["metadata", "name"]));
        }
    }

    fn dials(&mut self) {
        let trace = self.trace;
        for dial in &trace.dials {
            self.step("dials", trace.identity.show(&dial.name));
        }
        let text = match trace.agreement() {
            Agreement::Same if self.trace.dialled() != Dialled::Made => "yes: no other name is made",
            Agreement::Same => "yes: what is dialled is what the node is called",
            Agreement::Differs(..) => "no: the names differ",
            Agreement::Open(_) => "unknown: a part of the names is not known",
            Agreement::Nothing => return,
        };
        self.step("agrees", text);
    }

    fn namespace(&self) -> String {
        self.trace.object.namespace.as_ref().map_or_else(String::new, |name| format!(" -n {name}"))
    }

    /// How `kubectl exec` names one pod of the workload.
    fn a_pod(&self) -> String {
        let (kind, name) = (self.trace.object.kind.to_lowercase(), &self.trace.object.name);
        match kind.as_str() {
            "pod" => name.clone(),
            "statefulset" => format!("{name}-{}", self.trace.workload.first_ordinal),
            _ => format!("{kind}/{name}"),
        }
    }
}

fn asked_name(service: &ServiceRef) -> String {
    if service.search { service.written() } else { service.fqdn() }
}

fn settings(naming: &Naming) -> String {
    let of = |name: &str, setting: &Setting| match setting {
        Setting::Set(value) => format!("{name}={}", value.value),
        Setting::Unset => format!("{name} is not set"),
        Setting::Open(why) => format!("{name}: {why}"),
    };
    match (&naming.declared, &naming.flag) {
        (Some(_), _) => "as the annotation `beamgate.dev/node-name` says of the image".to_owned(),
        (None, Some(flag)) if naming.is_livebook() => format!("{LIVEBOOK_NODE}={}", flag.value.name),
        (None, Some(flag)) => format!("from {} {}", if flag.value.long { "-name" } else { "-sname" }, flag.value.name),
        (None, None) => {
            format!("{}, {}", of("RELEASE_DISTRIBUTION", &naming.distribution), of("RELEASE_NODE", &naming.node))
        }
    }
}
