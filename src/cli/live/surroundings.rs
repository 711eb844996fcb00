//! What is read of the cluster, and what it means for the judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::LiveArgs;
use crate::cli::session::{self, InputArgs, Session};
use crate::cluster::survey::{Gap, Survey};
use crate::cluster::{Cluster, Kind};
use crate::manifest::Notice;
use crate::report::closing::counted;
use crate::report::model::{ReadCluster, Unread};
use crate::trace::Trace;
use crate::world::facts::{Facts, Source};
use crate::world::object::Object;

const PATIENCE: Duration = Duration::from_secs(30);

/// How many namespaces a line names.
const NAMED: usize = 5;

/// A cluster that can be asked more, and what was read of it.
#[derive(Debug)]
pub(in crate::cli) struct Live {
    pub(in crate::cli) cluster: Cluster,
    pub(in crate::cli) objects: Vec<Object>,
    /// What is known of it alone.
    pub(in crate::cli) facts: Facts,
}

impl Live {
    /// What is known of files in the world of the cluster.
    pub(in crate::cli) fn beside_files(&self, of_files: Facts) -> Facts {
        Facts {
            namespace: of_files.namespace.or_else(|| self.facts.namespace.clone()),
            injection: of_files.injection || self.facts.injection,
            seen: self.facts.seen.clone(),
            source: Source::Both,
            ..of_files
        }
    }
}

pub(super) fn open(args: &LiveArgs, input: &InputArgs, stdin: &mut dyn Read) -> anyhow::Result<Session> {
    let until = Instant::now() + args.timeout.unwrap_or(PATIENCE);
    let policy = session::policy(input)?;
    let mut facts = session::facts(input, &policy)?;
    let cluster = Cluster::connect(&args.access.in_namespace(input.namespace.as_deref()), until)?;
    // As `kubectl apply` does with objects that name none.
    facts.namespace.get_or_insert_with(|| cluster.namespace().to_owned());
    let alone = args.is_alone(input);
    let session = match alone {
        true => Session::empty(policy),
        false => Session::read(policy, &facts, input, stdin),
    };
    let wanted = match alone {
        true => vec![cluster.namespace().to_owned()],
        false => namespaces(&session),
    };
    let mut survey = Survey::of(&cluster, (!args.all_namespaces).then_some(&wanted))?;
    if alone {
        refuse_nothing(&survey, &wanted)?;
    }
    let is_asked = |object: &Object| {
        let is_there = |namespace: &String| args.all_namespaces || wanted.contains(namespace);
        alone && object.namespace.as_ref().is_some_and(is_there)
    };
    facts.source = if alone { Source::Cluster } else { Source::Both };
    facts.injection |= survey.injected.is_some();
    let around = |session: Session, survey: &Survey| {
        let facts = Facts { seen: survey.seen.clone(), ..facts.clone() };
        session.around(&survey.objects, &facts, is_asked)
    };
    let session = around(session, &survey);
    // What the workloads ask for may be elsewhere, and what their variables say in ConfigMaps.
    if !args.all_namespaces {
        survey.read(&cluster, &namespaces(&session))?;
    }
    survey.read_config_maps(&cluster, &config_maps(&session))?;
    let mut session = around(session, &survey);
    let read = told(&cluster, &survey, args.all_namespaces);
    session.input.notices.extend(notices(&read, alone));
    session.cluster = Some(read);
    let facts = Facts { seen: survey.seen, source: Source::Cluster, ..facts };
    session.live = Some(Live { cluster, objects: survey.objects, facts });
    Ok(session)
}

/// The namespaces of what is asked about, and those in which it looks for something.
fn namespaces(session: &Session) -> Vec<String> {
    let mut found = BTreeSet::new();
    for scene in &session.worlds {
        let own = scene.world.objects().iter().filter(|object| scene.is_asked(object));
        found.extend(own.filter_map(|object| object.namespace.clone()));
        for (object, workload) in scene.asked() {
            let trace = Trace::of(&scene.world, object, workload);
            if trace.is_opted_in() {
                found.extend(trace.namespaces().into_iter().map(str::to_owned));
            }
        }
    }
    // What somebody wrote need not be a name: it becomes a part of a path.
    found.into_iter().filter(|name| is_label(name)).collect()
}

fn is_label(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(is_inner)
}

/// The ConfigMaps that decide variables of nodes, by namespace and name.
fn config_maps(session: &Session) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for scene in &session.worlds {
        for (object, workload) in scene.asked() {
            let trace = Trace::of(&scene.world, object, workload);
            let (Some(namespace), Some(container), true) = (&object.namespace, trace.container, trace.is_beam()) else {
                continue;
            };
            let names = container.config_maps().into_iter();
            let missing = names.filter(|name| scene.world.config_maps_named(object, name).is_empty());
            found.extend(missing.map(|name| (namespace.clone(), name.to_owned())));
        }
    }
    found.retain(|(namespace, name)| is_label(namespace) && name.split('.').all(is_label));
    found
}

/// A namespace that is not there, or in which no workload may be listed, is not one without workloads.
fn refuse_nothing(survey: &Survey, wanted: &[String]) -> anyhow::Result<()> {
    if let Some(name) = survey.absent.iter().find(|name| wanted.contains(name)) {
        bail!("there is no namespace `{name}` on the cluster; -n names another, -A takes all");
    }
    let refused = |kind: &Kind| survey.gaps.iter().find(|gap| gap.kind == *kind && !gap.unknown);
    let gaps: Option<Vec<&Gap>> = Kind::MAKERS.iter().map(refused).collect();
    match gaps.as_deref() {
        Some([gap, ..]) => bail!("no workload may be listed{}: {}", whereabouts(gap.namespace.as_deref()), gap.why),
        _ => Ok(()),
    }
}

fn whereabouts(namespace: Option<&str>) -> String {
    namespace.map_or_else(|| " in all namespaces".to_owned(), |name| format!(" in namespace `{name}`"))
}

fn told(cluster: &Cluster, survey: &Survey, all: bool) -> ReadCluster {
    // The same gaps in one place are one line.
    let mut lines: BTreeMap<(Option<&str>, bool, &str), Vec<&Gap>> = BTreeMap::new();
    for gap in &survey.gaps {
        lines.entry((gap.namespace.as_deref(), gap.unknown, means(gap.kind))).or_default().push(gap);
    }
    let unread = lines.into_iter().filter_map(|((namespace, unknown, means), gaps)| {
        let what = gaps.iter().map(|gap| match &gap.name {
            Some(name) => format!("{} `{name}`", gap.kind.name()),
            None => gap.kind.name().to_owned(),
        });
        let first = gaps.first()?;
        Some(Unread {
            what: what.collect(),
            resource: first.kind.plural(),
            namespace: namespace.map(str::to_owned),
            in_none: Kind::IN_NONE.contains(&first.kind),
            unknown,
            why: first.why.clone(),
            means: means.to_owned(),
        })
    });
    ReadCluster {
        context: cluster.context().map(str::to_owned),
        all_namespaces: all,
        namespaces: survey.namespaces.iter().cloned().collect(),
        absent: survey.absent.iter().cloned().collect(),
        objects: survey.objects.len(),
        unread: unread.collect(),
        injected: survey.injected.clone(),
    }
}

/// What it means that a kind is not known.
fn means(kind: Kind) -> &'static str {
    match kind {
        Kind::Service => "which Services there are stays open",
        Kind::ServiceAccount => "those that give their pods no token are not seen",
        Kind::Role | Kind::ClusterRole | Kind::RoleBinding | Kind::ClusterRoleBinding => {
            "whether the strategy may list what it asks for stays open"
        }
        Kind::NetworkPolicy => "those that keep peers apart are not seen, and a verdict says nothing of them",
        Kind::Namespace => "their labels stay open",
        Kind::Autoscaler => "replicas are counted as they are written",
        Kind::ConfigMap => "what it says stays open",
        _ => "these are not judged, and not known as peers",
    }
}

fn notices(read: &ReadCluster, alone: bool) -> Vec<Notice> {
    let whose = read.context.as_ref().map_or_else(String::new, |context| format!(" of context `{context}`"));
    let beside = if alone { "" } else { "beside the files " };
    let names: Vec<&str> = read.namespaces.iter().take(NAMED).map(String::as_str).collect();
    let of = match (read.all_namespaces, read.namespaces.len()) {
        (true, count) => format!("all of its {}", counted(count, "namespace")),
        (false, 0) => "no namespace of it".to_owned(),
        (false, 1) => format!("its namespace {}", names.join(", ")),
        (false, count) if count > NAMED => format!("its namespaces {} and {} more", names.join(", "), count - NAMED),
        (false, _) => format!("its namespaces {}", names.join(", ")),
    };
    let head = format!("{beside}the cluster{whose} was read: {of}, {}", counted(read.objects, "object"));
    let note = |text| Notice { text, command: None };
    let absent = read.absent.iter().map(|name| {
        note(format!(
            "there is no namespace `{name}` on the cluster: nothing is known to be in it but what the files say"
        ))
    });
    let injected = read
        .injected
        .iter()
        .map(|pod| note(format!("the webhook injects there, as pod {pod} shows: pods are judged as it leaves them")));
    let unread = read.unread.iter().map(gap);
    std::iter::once(note(head)).chain(absent).chain(injected).chain(unread).collect()
}

fn gap(unread: &Unread) -> Notice {
    let what = unread.what.join(", ");
    let place = if unread.in_none { String::new() } else { whereabouts(unread.namespace.as_deref()) };
    if unread.unknown {
        return Notice { text: format!("the cluster knows no {what}: there are none"), command: None };
    }
    let flag = match &unread.namespace {
        Some(name) => format!(" -n {name}"),
        None if unread.in_none => String::new(),
        None => " -A".to_owned(),
    };
    let verb = if unread.what.iter().any(|what| what.contains('`')) { "get" } else { "list" };
    Notice {
        text: format!("{what} may not be read{place}: {}", unread.means),
        command: Some(format!("kubectl auth can-i {verb} {}{flag}", unread.resource)),
    }
}
