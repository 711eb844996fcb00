//! One run: the configuration, the input, and the worlds made of it.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::projects;
use crate::manifest::source::{Origin as SourceOrigin, RENDERED, Source};
use crate::manifest::{self, Input, Origin, RootInfo};
use crate::place::{Focus, Loc, ObjectId};
use crate::policy::config::Policy;
use crate::report::model::{File, Place, ReadCluster};
use crate::world::World;
#[cfg(feature = "cluster")]
use crate::world::declared::App;
use crate::world::facts::Facts;
use crate::world::node::{Node, Span};
use crate::world::object::Object;
use crate::world::workload::Workload;

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

    /// The `vm.args`, `vm.args.eex` or `vm.args.src` that went into the image: the flags of the VM, with relx the node's name.
    #[arg(long, value_name = "FILE")]
    pub vm_args: Option<PathBuf>,

    /// The folder of the app's `mix.exs`: what its code says of clustering is compared with what is declared.
    #[arg(long, value_name = "DIR")]
    pub app: Option<PathBuf>,

    /// Do not look for the app's release above the manifests: `mix.exs`, `rel/env.sh.eex` and `rel/vm.args.eex`.
    #[arg(long, conflicts_with = "app")]
    pub no_app: bool,

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
    /// The worlds.
    pub worlds: Vec<Scene>,
    /// What was read of a cluster, where one was.
    pub cluster: Option<ReadCluster>,
    /// That cluster, and what it holds.
    #[cfg(feature = "cluster")]
    pub(super) live: Option<super::live::Live>,
}

/// A world, and what of it is asked about.
#[derive(Debug, Default)]
pub struct Scene {
    /// The world.
    pub world: World,
    /// Where its first objects were read; the others were not read from a file.
    origins: Vec<Origin>,
    /// How many objects, from the first on, are asked about; the others are only around them.
    asked: usize,
}

impl Scene {
    fn of_files(read: Vec<Read_>, facts: Facts) -> Self {
        let (objects, origins): (Vec<_>, Vec<_>) = read.into_iter().map(|read| (read.object, read.origin)).unzip();
        Self { asked: objects.len(), world: World::new(objects, facts), origins }
    }

    /// The workloads that are asked about.
    pub fn asked(&self) -> impl Iterator<Item = (&Object, &Workload)> {
        self.world.workloads().filter(|(object, _)| self.is_asked(object))
    }

    /// Where an object was read, if it was read from a file.
    pub(super) fn origin(&self, object: ObjectId) -> Option<&Origin> {
        self.origins.get(object.0 as usize)
    }

    /// Whether an object is asked about.
    pub fn is_asked(&self, object: &Object) -> bool {
        (object.id.0 as usize) < self.asked
    }

    /// The same with other objects around it, but for those whose place another has. Those of them that are asked about go
    /// first.
    #[cfg(feature = "cluster")]
    fn around(self, others: &[Object], facts: &Facts, is_asked: impl Fn(&Object) -> bool) -> Self {
        let is_found = |app: &&App| app.project.as_ref().is_some_and(|project| !project.is_said());
        let found: Vec<App> = self.world.facts.apps.iter().filter(is_found).cloned().collect();
        let mut objects = self.world.into_objects();
        objects.truncate(self.origins.len());
        let known: std::collections::HashSet<_> = objects.iter().map(Object::identity).collect();
        let others = others.iter().filter(|object| !known.contains(&object.identity()));
        let (asked, around): (Vec<_>, Vec<_>) = others.cloned().partition(is_asked);
        objects.extend(asked);
        let asked = objects.len();
        objects.extend(around);
        let mut facts = facts.clone();
        facts.apps.extend(found);
        Self { world: World::new(objects, facts), origins: self.origins, asked }
    }
}

impl Session {
    /// Reads the configuration and the input.
    ///
    /// # Errors
    /// A configuration that cannot be used. What is wrong with the input is a part of the session.
    pub fn open(args: &InputArgs, stdin: &mut dyn Read) -> anyhow::Result<Self> {
        let policy = policy(args)?;
        let facts = facts(args, &policy)?;
        Ok(Self::read(policy, &facts, args, stdin))
    }

    /// Reads the input.
    pub(super) fn read(policy: Policy, facts: &Facts, args: &InputArgs, stdin: &mut dyn Read) -> Self {
        let wanted = |kind: &str| Object::reads(kind, &policy.paths);
        let object = |node: &Node<'_>, info: RootInfo<'_>| read(node, info, &policy);
        let input = manifest::load(&args.paths, &options(args, &wanted), stdin, object);
        Self::new(policy, input, facts, args)
    }

    /// A session without any input, and with one world.
    #[cfg(feature = "cluster")]
    pub(super) fn empty(policy: Policy) -> Self {
        Self { policy, input: Input::default(), worlds: vec![Scene::default()], cluster: None, live: None }
    }

    /// The same with these objects around what was read, in each of the worlds.
    #[cfg(feature = "cluster")]
    pub(super) fn around(self, others: &[Object], facts: &Facts, is_asked: impl Fn(&Object) -> bool + Copy) -> Self {
        let worlds = self.worlds.into_iter().map(|scene| scene.around(others, facts, is_asked)).collect();
        Self { worlds, ..self }
    }

    /// The same with other texts in the place of some sources', and what was around the files still around them.
    ///
    /// # Errors
    /// As when it was opened.
    pub(super) fn with_texts(self, args: &InputArgs, texts: &BTreeMap<usize, String>) -> anyhow::Result<Self> {
        let Self { policy, mut input, cluster, .. } = self;
        let facts = facts(args, &policy)?;
        for (number, text) in texts {
            if let Some(source) = input.sources.get_mut(*number) {
                *source = Source::new(source.name.clone(), source.origin.clone(), text.clone());
            }
        }
        let wanted = |kind: &str| Object::reads(kind, &policy.paths);
        let object = |node: &Node<'_>, info: RootInfo<'_>| read(node, info, &policy);
        let input = manifest::reread(input, &options(args, &wanted), object);
        let again = Self { cluster, ..Self::new(policy, input, &facts, args) };
        #[cfg(feature = "cluster")]
        if let Some(live) = self.live {
            let again = again.around(&live.objects, &live.beside_files(facts), |_| false);
            return Ok(Self { live: Some(live), ..again });
        }
        Ok(again)
    }

    fn new(mut policy: Policy, input: Input<Read_>, facts: &Facts, args: &InputArgs) -> Self {
        let (input, read) = input.take_objects();
        let mut worlds: Vec<Scene> = read.into_iter().map(|read| Scene::of_files(read, facts.clone())).collect();
        for scene in &mut worlds {
            if !args.no_app {
                projects::find(scene, &mut policy, &input);
            }
        }
        Self {
            policy,
            input,
            worlds,
            cluster: None,
            #[cfg(feature = "cluster")]
            live: None,
        }
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

    /// The file, the line and the column of a place in a world.
    pub fn position(&self, world: usize, loc: &Loc) -> Option<(String, u32, u32)> {
        let place = self.locate(world, loc)?;
        let file = self.file(place.file)?;
        let position = match self.input.sources.get(place.file) {
            Some(source) => source.position(place.span.start),
            None => Source::new("", SourceOrigin::Stream, file.text).position(place.span.start),
        };
        Some((file.name, position.line, position.column))
    }

    /// A place in a world, as people write it: `config/runtime.exs:12:5`.
    pub fn address(&self, world: usize, loc: &Loc) -> Option<String> {
        let (file, line, column) = self.position(world, loc)?;
        Some(format!("{file}:{line}:{column}"))
    }

    /// The bytes of many places in a world. Each document that they are in is read again, once.
    pub fn locate_all<'p>(&self, world: usize, places: impl Iterator<Item = &'p Loc>) -> HashMap<Loc, Place> {
        let (texts, manifests): (Vec<_>, Vec<_>) = places.partition(|loc| loc.object.as_text().is_some());
        let manifests =
            manifests.into_iter().filter_map(|loc| Some((self.origin_of(world, loc.object)?, loc))).collect();
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
        self.worlds.get(world)?.origin(object)
    }

    /// The source of an object.
    pub fn source_of(&self, world: usize, object: &Object) -> Option<&Source> {
        self.input.sources.get(self.origin_of(world, object.id)?.source as usize)
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
    if let Some(file) = &args.vm_args {
        policy.add_vm_args(file)?;
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
