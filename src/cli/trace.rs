//! `beamgate trace`: the journey of one connection, each step with the command that checks it by hand.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use super::clusters::{self, Format};
use super::lint::nothing_to_read;
use super::session::{InputArgs, Session};
use super::told::{Told, boots, placed, verdict};
use crate::discovery::{LabelQuery, Query, Record, Resource, ServiceRef};
use crate::name::boot::{Naming, Setting};
use crate::place::Loc;
use crate::rules::finding::Finding;
use crate::rules::{TraceVerdict, judge_trace};
use crate::trace::{Agreement, Trace};
use crate::world::access::{Access, Question};
use crate::world::declared::Key;
use crate::world::object::Object;
use crate::world::service::Answers;

/// The arguments of `beamgate trace`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "beamgate trace [OPTIONS] <WORKLOAD> [PATH]...\n       beamgate trace [OPTIONS] --clusters [PATH]..."
)]
pub(super) struct TraceArgs {
    /// The workload: `cart`, `statefulset/cart`, `shop/cart`. With --clusters, one more path.
    #[arg(value_name = "WORKLOAD", required_unless_present = "clusters")]
    workload: Option<String>,

    /// Follow all connections between workloads instead: which of them become one cluster, and what keeps the others apart.
    #[arg(long)]
    clusters: bool,

    /// How to write the clusters.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, requires = "clusters")]
    format: Format,

    /// What to read.
    #[command(flatten)]
    input: InputArgs,
}

pub(super) fn run(args: &TraceArgs, stdin: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let mut input = args.input.clone();
    let wanted = match &args.workload {
        Some(workload) if !args.clusters => Some(workload),
        // Whatever stands first is taken for the workload.
        path => {
            input.paths.splice(..0, path.iter().map(PathBuf::from));
            None
        }
    };
    if input.paths.is_empty() {
        input.paths.push(PathBuf::from("."));
    }
    let session = Session::open(&input, stdin)?;
    let Some(wanted) = wanted else {
        if let Some(why) = nothing_to_read(&input.paths, &session) {
            bail!(why);
        }
        clusters::write(&session, args.format, out)?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut found = 0;
    for (number, (world, _)) in session.worlds.iter().enumerate() {
        for (object, workload) in world.workloads().filter(|(object, _)| is_meant(object, wanted)) {
            let trace = Trace::of(world, object, workload);
            if found > 0 {
                writeln!(out)?;
            }
            out.write_all(Journey { session: &session, world: number, trace: &trace }.tell().as_bytes())?;
            found += 1;
        }
    }
    if found == 0 {
        bail!("no workload `{wanted}` in the input{}", known(&session));
    }
    Ok(ExitCode::SUCCESS)
}

/// The short names of `kubectl`.
const KINDS: [(&str, &str); 7] = [
    ("deploy", "deployment"),
    ("sts", "statefulset"),
    ("ds", "daemonset"),
    ("rs", "replicaset"),
    ("rc", "replicationcontroller"),
    ("cj", "cronjob"),
    ("po", "pod"),
];

/// Whether a workload is what somebody calls so: `cart`, `statefulset/cart`, `sts/cart`, `shop/cart`, `shop/deployment/cart`.
pub(super) fn is_meant(object: &Object, said: &str) -> bool {
    let kind = object.kind.to_lowercase();
    let is_kind = |word: &str| {
        let word = word.to_lowercase();
        word == kind || word == format!("{kind}s") || KINDS.contains(&(word.as_str(), kind.as_str()))
    };
    let is_namespace = |word: &str| object.namespace.as_deref() == Some(word);
    let words: Vec<&str> = said.split('/').collect();
    match words.as_slice() {
        [name] => object.name == *name,
        [before, name] => object.name == *name && (is_kind(before) || is_namespace(before)),
        [namespace, kind, name] => object.name == *name && is_namespace(namespace) && is_kind(kind),
        _ => false,
    }
}

/// The workloads of the input, for somebody who meant one of them.
pub(super) fn known(session: &Session) -> String {
    let titles = session.worlds.iter().flat_map(|(world, _)| world.workloads().map(|(object, _)| object));
    let mut names: Vec<String> =
        titles.map(|object| format!("{}/{}", object.kind.to_lowercase(), object.name)).collect();
    names.sort();
    names.dedup();
    match names.len() {
        0 => ", nor any other".to_owned(),
        1..=12 => format!("; there are {}", names.join(", ")),
        more => format!("; there are {}, and {} more", names[..12].join(", "), more - 12),
    }
}

/// One connection, told.
struct Journey<'s> {
    session: &'s Session,
    world: usize,
    trace: &'s Trace<'s>,
}

impl Journey<'_> {
    fn tell(&self) -> String {
        let judged = judge_trace(self.trace);
        let mut told = Told(format!("{}: {}\n", self.trace.object.title(), verdict(&judged.verdict)));
        if let TraceVerdict::Open(missing) = &judged.verdict {
            // Findings speak for themselves, below.
            let own =
                missing.iter().filter(|reason| !judged.findings.iter().any(|finding| finding.message == **reason));
            own.for_each(|reason| told.more(reason));
        }
        told.0.push('\n');
        self.declares(&mut told);
        self.boots(&mut told);
        self.asks(&mut told);
        self.answers(&mut told);
        self.dials(&mut told);
        for finding in &judged.findings {
            self.finding(&mut told, finding);
        }
        told.0
    }

    fn declares(&self, told: &mut Told) {
        let Some(declared) = &self.trace.declared else {
            told.step("declares", "no strategy: add the label `beamgate.dev/strategy` to the pod template");
            return;
        };
        let options =
            [Key::Basename, Key::Mode, Key::Lookup, Key::Selector, Key::Service, Key::Namespace, Key::ClusterDomain];
        let said = options.into_iter().filter_map(|key| Some(format!("{} {}", key.name(), declared.get(key)?.value)));
        let said: Vec<String> = std::iter::once(declared.strategy.value.clone()).chain(said).collect();
        told.step("declares", &self.placed(&said.join(", "), &declared.strategy.at));
    }

    fn boots(&self, told: &mut Told) {
        let Some(naming) = &self.trace.naming else {
            told.step("boots as", "unknown: it is not clear which container runs the node; the annotation `beamgate.dev/container` says it");
            return;
        };
        let text = boots(self.trace, &naming.boot);
        match naming.written() {
            Some((_, at)) => told.step("boots as", &self.placed(&text, &at)),
            None => told.step("boots as", &text),
        }
        told.more(&settings(naming));
        if let Some(container) = self.trace.container {
            let pod = self.a_pod();
            // The arguments of the running VM: that needs neither the release's path nor a free distribution port.
            let ask = r#"sh -c 'cat /proc/[0-9]*/cmdline | xargs -0 -n1 | grep -A1 -xE -e "-s?name"'"#;
            told.check(&format!("kubectl{} exec {pod} -c {} -- {ask}", self.namespace(), container.name));
        }
    }

    fn asks(&self, told: &mut Told) {
        match &self.trace.query {
            Query::Service(service, record) => {
                let kind = if *record == Record::Srv { "SRV" } else { "A" };
                told.step(
                    "asks",
                    &self.placed(&format!("DNS for the {kind} records of {}", asked_name(service)), &service.at),
                );
                told.check(&format!(
                    "kubectl{} exec {}{} -- dig +short -t {kind} {}",
                    self.namespace(),
                    self.a_pod(),
                    self.trace.container.map_or_else(String::new, |container| format!(" -c {}", container.name)),
                    service.fqdn()
                ));
            }
            Query::Labels(query) => self.asks_labels(told, query),
            Query::Unknown(why) => told.step("asks", &format!("unknown: {why}")),
            Query::Undeclared if self.trace.is_opted_in() => {
                told.step("asks", "unknown: the declaration does not say it")
            }
            Query::Undeclared => {}
        }
    }

    fn asks_labels(&self, told: &mut Told, query: &LabelQuery) {
        let resource = query.on.name();
        let namespace = query.namespace.as_deref().unwrap_or("<namespace>");
        let text = format!("the API server for {resource} in {namespace} with {}", query.selector);
        told.step("asks", &self.placed(&text, &query.at));
        let address = match query.on {
            Resource::Endpoints => ".items[].subsets[]?.addresses[]? | .ip, .hostname",
            Resource::Pods => ".items[] | .status.podIP, .spec.hostname",
        };
        told.check(&format!("kubectl -n {namespace} get {resource} -l '{}' -o json | jq '{address}'", query.selector));
        let account = self.trace.pod.service_account.as_deref().unwrap_or("default");
        let own = self.trace.object.namespace.as_deref();
        let question = Question {
            account_namespace: own,
            account,
            resource,
            namespace: query.namespace.as_deref(),
            folder: &self.trace.object.folder,
        };
        let may = match self.trace.world.may_list(&question) {
            Access::Granted => "may",
            Access::Open(_) => "may, if a role that is not in the input grants it,",
            Access::NotSeen(_) => "may not, as far as the input shows,",
        };
        told.more(&format!("ServiceAccount {account} {may} list {resource} there"));
        let own = own.unwrap_or("<namespace>");
        told.check(&format!(
            "kubectl auth can-i list {resource} -n {namespace} --as system:serviceaccount:{own}:{account}"
        ));
    }

    fn answers(&self, told: &mut Told) {
        if !matches!(self.trace.query, Query::Service(..) | Query::Labels(_)) {
            return;
        }
        if self.trace.answers.is_empty() {
            told.step("answers", "nothing in the input");
        }
        for member in &self.trace.answers {
            let object = member.object;
            let text = match object.service() {
                Some(service) => {
                    let how = match service.answers() {
                        Answers::Pods => "headless",
                        Answers::VirtualIp => "one virtual address",
                        Answers::Alias => "an alias",
                    };
                    let selects = if service.selects(&self.trace.pod.labels) { "selects" } else { "does not select" };
                    format!("{} ({how}, {selects} these pods)", object.title())
                }
                None => format!("the pods of {}", object.title()),
            };
            told.step("answers", &self.placed(&text, &object.at(&["metadata", "name"])));
        }
    }

    fn dials(&self, told: &mut Told) {
        for dial in &self.trace.dials {
            told.step("dials", &self.trace.identity.show(&dial.name));
        }
        let text = match self.trace.agreement() {
            Agreement::Same => "yes: what is dialled is what the node is called",
            Agreement::Differs(..) => "no: the names differ",
            Agreement::Open(_) => "unknown: a part of the names is not known",
            Agreement::Nothing => return,
        };
        told.step("agrees", text);
    }

    fn finding(&self, told: &mut Told, finding: &Finding) {
        let text = format!("{}[{} {}]: {}", finding.severity, finding.rule.id(), finding.rule.slug, finding.message);
        told.0.push('\n');
        match finding.labels.first() {
            Some(label) => told.0.push_str(&self.placed(&text, &label.at)),
            None => told.0.push_str(&text),
        }
        told.0.push('\n');
    }

    /// A text and where it was written.
    fn placed(&self, text: &str, at: &Loc) -> String {
        placed(self.session, self.world, text, at)
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
        (None, Some(flag)) => format!("from {} {}", if flag.value.long { "-name" } else { "-sname" }, flag.value.name),
        (None, None) => {
            format!("{}, {}", of("RELEASE_DISTRIBUTION", &naming.distribution), of("RELEASE_NODE", &naming.node))
        }
    }
}
