//! `beamgate inject`: what the admission webhook does to a pod, or to the pods of a workload.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use json_patch::{Patch, PatchOperation};
use serde::Serialize;
use serde_json::{Value as Json, json};
use similar::TextDiff;

use super::function::{self, Piped};
use super::session::{self, InputArgs};
use crate::fix::json_patch::changes;
use crate::inject::{Plan, Sent};
use crate::manifest::document::descend;
use crate::manifest::edit::{Meant, edit};
use crate::manifest::resource_list::{Item, ResourceList};
use crate::manifest::{self, Origin, RootInfo, write, yaml};
use crate::place::ObjectId;
use crate::policy::config::Policy;
use crate::report::redact::without_cookies;
use crate::rules::finding::Severity;
use crate::world::facts::Facts;
use crate::world::node::Node;
use crate::world::object::Object;
use crate::world::workload::{WorkloadKind, WorkloadPath};

/// The arguments of `beamgate inject`.
#[derive(Debug, clap::Args)]
pub(super) struct InjectArgs {
    /// Files and folders with pods or workloads, `-` being standard input.
    #[arg(value_name = "FILE", required = true)]
    paths: Vec<PathBuf>,

    /// Show only what changes.
    #[arg(long, conflicts_with = "output")]
    diff: bool,

    /// What to print: the manifests as they would be (yaml), all that is done and said (json), or the JSON Patch that is sent,
    /// which is that of one object alone (patch). The manifests are there to be applied, so they hold cookies that are
    /// written in them; `--diff` hides those.
    #[arg(long, short, value_enum, default_value_t = Output::Yaml, value_name = "yaml|json|patch", hide_possible_values = true)]
    output: Output,

    /// The configuration [default: the nearest `beamgate.toml` in or above the first path].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The namespace of objects that name none, as for `kubectl apply -n`.
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// The DNS domain of the cluster [default: cluster.local].
    #[arg(long, value_name = "DOMAIN")]
    cluster_domain: Option<String>,
}

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Yaml,
    Json,
    Patch,
}

/// An object, and what the webhook does to it or to the pods that it makes.
struct Shown {
    origin: Origin,
    title: String,
    plan: Plan,
    patch: Option<Patch>,
    /// As it would be.
    after: String,
    /// The same, where it is not as it was.
    changed: Option<Json>,
    /// As it is written, and as it would be, without cookies.
    lines: [String; 2],
    /// Whether it is a pod itself.
    is_pod: bool,
}

pub(super) fn run(args: &InjectArgs, stdin: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let mut input = InputArgs {
        paths: args.paths.clone(),
        config: args.config.clone(),
        namespace: args.namespace.clone(),
        cluster_domain: args.cluster_domain.clone(),
        ..InputArgs::default()
    };
    let piped = Piped::read(&input.paths, stdin)?;
    let list = piped.as_ref().and_then(|piped| piped.list.as_ref());
    if let Some(list) = list {
        function::configure_inject(&mut input, list)?;
    }
    let policy = session::policy(&input)?;
    let facts = Facts { injection: true, ..session::facts(&input, &policy)? };
    let shown = match &piped {
        Some(piped) => read(&input, &policy, &facts, &mut piped.bytes.as_slice())?,
        None => read(&input, &policy, &facts, stdin)?,
    };
    if let Some(list) = list.filter(|_| args.output == Output::Yaml && !args.diff) {
        out.write_all(as_function(list, &shown).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    match (args.output, shown.as_slice()) {
        (_, []) => bail!("there is no pod in the input, and nothing that makes pods"),
        (Output::Patch, [only]) => writeln!(out, "{:#}", only.patch.clone().unwrap_or_default())?,
        (Output::Patch, several) => {
            let titles: Vec<&str> = several.iter().take(3).map(|one| one.title.as_str()).collect();
            let more = if several.len() > titles.len() { ", ..." } else { "" };
            bail!("a patch is that of one object, and there are {}: {}{more}", several.len(), titles.join(", "))
        }
        (Output::Json, all) => {
            let all = Told { schema: "beamgate.dev/inject/v1", objects: all.iter().map(Shown::told).collect() };
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        (Output::Yaml, all) => {
            for (number, one) in all.iter().enumerate() {
                let between = if number == 0 {
                    ""
                } else if args.diff {
                    "\n"
                } else {
                    "---\n"
                };
                write!(out, "{between}{}", if args.diff { one.diff() } else { one.yaml() })?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a KRM function gives back.
fn as_function(list: &ResourceList, shown: &[Shown]) -> String {
    let mut text = list.text().to_owned();
    let mut rewritten: BTreeMap<usize, Json> = BTreeMap::new();
    let mut results = Vec::new();
    for one in shown {
        let Some((number, within)) = one.origin.items.split_first() else { continue };
        let number = *number as usize;
        let Some(item) = list.items.get(number) else { continue };
        if let Some(changed) = &one.changed {
            let inner = within.iter().map(|index| format!("/items/{index}")).collect::<String>();
            match one.edited(&text) {
                Some(edited) if !rewritten.contains_key(&number) => text = edited,
                _ => {
                    let value = rewritten.entry(number).or_insert_with(|| item_of(&text, number, item));
                    if let Some(place) = value.pointer_mut(&inner) {
                        *place = changed.clone();
                    }
                }
            }
            let done = format!("injected: {}", one.plan.describe());
            results.push(function::result(Severity::Info, &done, Some(item)));
        }
        let warnings = one.plan.warnings.iter();
        results.extend(warnings.map(|warning| function::result(Severity::Warning, warning, Some(item))));
    }
    let rewritten: Vec<_> = rewritten.into_iter().collect();
    let edited = ResourceList::read(&text);
    edited.as_ref().unwrap_or(list).with(&rewritten, results)
}

/// An item as a list has it now.
fn item_of(list: &str, number: usize, was: &Item) -> Json {
    let now = ResourceList::read(list).and_then(|list| Some(list.items.get(number)?.value.clone()));
    now.unwrap_or_else(|| was.value.clone())
}

/// `--output json`.
#[derive(Serialize)]
struct Told<'s> {
    schema: &'static str,
    objects: Vec<ToldObject<'s>>,
}

/// What is done to an object, and said.
#[derive(Serialize)]
struct ToldObject<'s> {
    object: &'s str,
    injected: &'s [String],
    not_injected: Option<&'s str>,
    warnings: &'s [String],
    patch: &'s [PatchOperation],
}

fn read(input: &InputArgs, policy: &Policy, facts: &Facts, stdin: &mut dyn Read) -> anyhow::Result<Vec<Shown>> {
    let options = manifest::Options {
        wanted: &|kind| WorkloadPath::of(kind, &policy.paths).is_some(),
        render: true,
        tools: manifest::Tools::on_path(),
        stdin_name: None,
    };
    let read = manifest::load(&input.paths, &options, stdin, |node, info| Shown::of(node, info, policy, facts));
    if let Some(problem) = read.problems.first() {
        let place = problem
            .source
            .and_then(|source| read.sources.get(source as usize))
            .map(|source| source.position(problem.span.start));
        let place = place.map_or_else(String::new, |place| format!(":{}:{}", place.line, place.column));
        // How the system numbers its errors helps nobody.
        bail!("{}{place}: {}", problem.name, problem.message.split(" (os error").next().unwrap_or_default());
    }
    let (_, worlds) = read.take_objects();
    let mut shown: Vec<Shown> = worlds.into_iter().flatten().collect();
    shown.sort_by(|a, b| a.origin.cmp(&b.origin));
    Ok(shown)
}

impl Shown {
    fn of(node: &Node<'_>, info: RootInfo<'_>, policy: &Policy, facts: &Facts) -> Option<Self> {
        let mut object = Object::read(node, "", &policy.paths).ok()?;
        if object.namespace.is_none() {
            object.namespace.clone_from(&facts.namespace);
        }
        let workload = object.workload()?;
        let mut sent = Sent::of(node, &object, workload, facts);
        let before = node.to_json();
        let after = sent.apply(&before);
        let shown = |object: &Json| write::yaml(&hidden(object), Some(node));
        Some(Self {
            origin: info.origin(),
            title: object.title(),
            patch: sent.patch,
            lines: [shown(&before), shown(&after)],
            is_pod: workload.kind == WorkloadKind::Pod,
            after: write::yaml(&after, Some(node)),
            changed: (!sent.plan.is_empty()).then_some(after),
            plan: sent.plan,
        })
    }

    /// The text that holds it with the same changes, and nothing else of it another; nothing where that cannot be.
    fn edited(&self, text: &str) -> Option<String> {
        let changes = changes(self.patch.as_ref()?, ObjectId(0)).ok()?;
        let (document, items) = (self.origin.document, &*self.origin.items);
        let meant: Vec<Meant<'_>> = changes.iter().map(|change| Meant { document, items, change }).collect();
        let edited = edit(text, &meant).ok()?;
        let root = yaml::parse(&edited, 0..edited.len()).ok()??.root;
        let is_meant = Some(descend(&root, items)?.to_json()) == self.changed;
        is_meant.then_some(edited)
    }

    /// What is done and said, a line each.
    fn head(&self) -> String {
        let done = match self.plan.is_empty() {
            true => self.plan.describe(),
            false => format!("injected: {}", self.plan.describe()),
        };
        let left_out = self.plan.why.iter().filter(|_| !self.plan.is_empty()).map(|why| format!("not injected: {why}"));
        let warnings = self.plan.warnings.iter().map(|warning| format!("warning: {warning}"));
        let lines = std::iter::once(done).chain(left_out).chain(warnings).map(|line| format!("#   {line}\n"));
        format!("# {}\n{}", self.title, lines.collect::<String>())
    }

    fn yaml(&self) -> String {
        self.head() + &self.after
    }

    fn diff(&self) -> String {
        let [before, after] = &self.lines;
        let left = if self.is_pod { "as the webhook leaves it" } else { "whose pods are as the webhook leaves them" };
        let names = (self.title.as_str(), format!("{}, {left}", self.title));
        let diff = TextDiff::from_lines(before, after).unified_diff().header(names.0, &names.1).to_string();
        self.head() + &diff
    }

    fn told(&self) -> ToldObject<'_> {
        ToldObject {
            object: &self.title,
            injected: &self.plan.summary,
            not_injected: self.plan.why.as_deref(),
            warnings: &self.plan.warnings,
            patch: self.patch.as_ref().map_or(&[], |patch| &patch.0),
        }
    }
}

/// The same without cookies.
fn hidden(value: &Json) -> Json {
    const HIDDEN: &str = "‹redacted›";
    let is_cookie = |text: Option<&Json>| {
        text.and_then(Json::as_str).is_some_and(|text| text.to_ascii_lowercase().contains("cookie"))
    };
    match value {
        Json::Object(map) => {
            let named = is_cookie(map.get("name"));
            let entry = |(key, value): (&String, &Json)| {
                let secret = value.is_string() && (is_cookie(Some(&json!(key))) || (named && key == "value"));
                (key.clone(), if secret { json!(HIDDEN) } else { hidden(value) })
            };
            Json::Object(map.iter().map(entry).collect())
        }
        Json::Array(items) => {
            let follows = |index: usize| index > 0 && items[index].is_string() && is_cookie(items.get(index - 1));
            let item = |(index, item): (usize, &Json)| if follows(index) { json!(HIDDEN) } else { hidden(item) };
            Json::Array(items.iter().enumerate().map(item).collect())
        }
        Json::String(text) => json!(without_cookies(text, HIDDEN)),
        other => other.clone(),
    }
}
