//! One run: the configuration, the input, and the worlds made of it.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::manifest::source::{RENDERED, Source};
use crate::manifest::{self, Input, Origin, RootInfo};
use crate::place::{Focus, Loc, ObjectId};
use crate::policy::config::Policy;
use crate::report::model::{File, Place};
use crate::world::World;
use crate::world::facts::Facts;
use crate::world::node::{Node, Span};
use crate::world::object::Object;

/// What every command that reads manifests can be told.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct InputArgs {
    /// Files and folders to read, `-` being standard input [default: the current folder].
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// What to call standard input in reports.
    #[arg(long, value_name = "NAME")]
    pub stdin_filename: Option<String>,

    /// The configuration [default: the nearest `beamgate.toml` in or above the first path].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The namespace of objects that name none, as for `kubectl apply -n`.
    #[arg(long, short, value_name = "NAMESPACE")]
    pub namespace: Option<String>,

    /// The DNS domain of the cluster [default: cluster.local].
    #[arg(long, value_name = "DOMAIN")]
    pub cluster_domain: Option<String>,

    /// Say that nothing is missing, so that what is not found is an error: every object of these kinds, in the
    /// namespaces that occur, is in the input. KINDS are services, rbac, network, config and workloads, with commas
    /// between; all of them if none is named.
    #[arg(long, value_name = "KINDS", num_args = 0..=1, require_equals = true, default_missing_value = "all", value_delimiter = ',')]
    pub complete: Vec<String>,

    /// The `rel/env.sh` or `rel/env.sh.eex` that went into the image: it has the last word on the node's name.
    #[arg(long, value_name = "FILE")]
    pub env_sh: Option<PathBuf>,

    /// The folder of the app's `mix.exs`: what its code says of clustering is compared with what is declared.
    #[arg(long, value_name = "DIR")]
    pub app: Option<PathBuf>,

    /// Do not render charts and kustomizations with helm, kustomize or kubectl.
    #[arg(long)]
    pub no_render: bool,
}

/// An object and how its bytes are found again.
#[derive(Debug)]
struct Read_ {
    object: Object,
    origin: Origin,
}

/// Everything that was read.
#[derive(Debug)]
pub struct Session {
    /// The configuration.
    pub policy: Policy,
    /// The input, without the objects that went into the worlds.
    pub input: Input<()>,
    /// The worlds, each with the origins of its objects.
    pub worlds: Vec<(World, Vec<Origin>)>,
}

impl Session {
    /// Reads the configuration and the input.
    ///
    /// # Errors
    /// A configuration that cannot be used. What is wrong with the input is a part of the session.
    pub fn open(args: &InputArgs, stdin: &mut dyn Read) -> anyhow::Result<Self> {
        let policy = policy(args)?;
        let facts = facts(args, &policy)?;
        let wanted = |kind: &str| Object::reads(kind, &policy.paths);
        let object = |node: &Node<'_>, info: RootInfo<'_>| read(node, info, &policy);
        let input = manifest::load(&args.paths, &options(args, &wanted), stdin, object);
        Ok(Self::new(policy, input, &facts))
    }

    /// The same with other texts in the place of some sources'.
    ///
    /// # Errors
    /// As when it was opened.
    pub(super) fn with_texts(self, args: &InputArgs, texts: &BTreeMap<usize, String>) -> anyhow::Result<Self> {
        let Self { policy, mut input, .. } = self;
        let facts = facts(args, &policy)?;
        for (number, text) in texts {
            if let Some(source) = input.sources.get_mut(*number) {
                *source = Source::new(source.name.clone(), source.origin.clone(), text.clone());
            }
        }
        let wanted = |kind: &str| Object::reads(kind, &policy.paths);
        let object = |node: &Node<'_>, info: RootInfo<'_>| read(node, info, &policy);
        let input = manifest::reread(input, &options(args, &wanted), object);
        Ok(Self::new(policy, input, &facts))
    }

    fn new(policy: Policy, input: Input<Read_>, facts: &Facts) -> Self {
        let (input, read) = input.take_objects();
        let worlds = read.into_iter().map(|read| world(read, facts.clone())).collect();
        Self { policy, input, worlds }
    }

    /// A text that places can be in: the input's sources are counted first, then the configuration's texts.
    pub fn file(&self, number: usize) -> Option<File> {
        let source = |source: &Source| File { name: source.name.clone(), text: source.text.clone() };
        let text = |number: usize| {
            let text = self.policy.texts.get(number)?;
            Some(File { name: text.name.clone(), text: text.text.clone() })
        };
        self.input.sources.get(number).map(source).or_else(|| text(number.checked_sub(self.input.sources.len())?))
    }

    /// The bytes of a place in a world.
    pub fn locate(&self, world: usize, loc: &Loc) -> Option<Place> {
        self.locate_all(world, std::iter::once(loc)).remove(loc)
    }

    /// The bytes of many places in a world. Each document that they are in is read again, once.
    pub fn locate_all<'p>(&self, world: usize, places: impl Iterator<Item = &'p Loc>) -> HashMap<Loc, Place> {
        let (texts, manifests): (Vec<_>, Vec<_>) = places.partition(|loc| loc.object.as_text().is_some());
        let manifests = manifests.into_iter().filter_map(|loc| Some((self.origin(world, loc)?, loc))).collect();
        let located = self.input.locate_all(manifests).into_iter();
        let located = located.map(|(loc, place)| (loc, Place { file: place.source as usize, span: place.span }));
        let texts = texts.into_iter().filter_map(|loc| Some((loc, self.locate_in_text(loc)?)));
        located.chain(texts).map(|(loc, place)| (loc.clone(), place)).collect()
    }

    fn locate_in_text(&self, loc: &Loc) -> Option<Place> {
        let Focus::Within(start, end) = loc.focus else { return None };
        Some(Place { file: self.input.sources.len() + loc.object.as_text()?, span: Span { start, end } })
    }

    /// The bytes of a source, or of the file that it was made of.
    pub(super) fn at_home(&self, source: u32, span: Span) -> Place {
        let place = self.input.at_home(source, span);
        Place { file: place.source as usize, span: place.span }
    }

    /// The folder that was rendered to make a world.
    pub(super) fn rendered_from(&self, world: usize) -> Option<String> {
        let name = self.input.worlds.get(world)?.name.as_ref()?;
        Some(name.strip_suffix(RENDERED).unwrap_or(name).to_owned())
    }

    /// Where an object of a world was read.
    pub(super) fn origin_of(&self, world: usize, object: ObjectId) -> Option<&Origin> {
        self.worlds.get(world)?.1.get(object.0 as usize)
    }

    fn origin(&self, world: usize, loc: &Loc) -> Option<&Origin> {
        self.worlds.get(world)?.1.get(loc.object.0 as usize)
    }

    /// The source of an object.
    pub fn source_of(&self, world: usize, object: &Object) -> Option<&Source> {
        let (_, origins) = self.worlds.get(world)?;
        self.input.sources.get(origins.get(object.id.0 as usize)?.source as usize)
    }
}

fn options<'a>(args: &InputArgs, wanted: &'a (dyn Fn(&str) -> bool + Sync)) -> manifest::Options<'a> {
    manifest::Options {
        wanted,
        render: !args.no_render,
        tools: manifest::Tools::on_path(),
        stdin_name: args.stdin_filename.clone(),
    }
}

fn read(node: &Node<'_>, info: RootInfo<'_>, policy: &Policy) -> Option<Read_> {
    let object = Object::read(node, &info.folder.to_string_lossy(), &policy.paths).ok()?;
    Some(Read_ { object, origin: info.origin() })
}

fn world(read: Vec<Read_>, facts: Facts) -> (World, Vec<Origin>) {
    let (objects, origins) = read.into_iter().map(|read| (read.object, read.origin)).unzip();
    (World::new(objects, facts), origins)
}

pub(super) fn policy(args: &InputArgs) -> anyhow::Result<Policy> {
    let first = args.paths.first().filter(|path| path.as_os_str() != "-");
    let found = || Policy::find(first.map_or(Path::new("."), PathBuf::as_path));
    let mut policy = match args.config.clone().or_else(found) {
        Some(file) => Policy::read(&file)?,
        None => Policy::default(),
    };
    if let Some(script) = &args.env_sh {
        policy.add_env_sh(script)?;
    }
    if let Some(folder) = &args.app {
        policy.add_code(folder)?;
    }
    Ok(policy)
}

pub(super) fn facts(args: &InputArgs, policy: &Policy) -> anyhow::Result<Facts> {
    let mut facts = policy.facts()?;
    for word in &args.complete {
        facts.complete = facts.complete.and(word.parse().context("--complete")?);
    }
    if let Some(namespace) = &args.namespace {
        facts.namespace = Some(namespace.clone());
    }
    if let Some(domain) = &args.cluster_domain {
        facts.cluster_domain = domain.trim_matches('.').to_owned();
    }
    Ok(facts)
}
