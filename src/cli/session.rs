//! One run: the configuration, the input, and the worlds made of it.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::manifest::source::Source;
use crate::manifest::{self, Input, Origin};
use crate::place::{Focus, Loc};
use crate::policy::config::Policy;
use crate::report::model::{File, Place};
use crate::world::World;
use crate::world::facts::Facts;
use crate::world::node::Span;
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
        let options = manifest::Options {
            wanted: &|kind| Object::reads(kind, &policy.paths),
            render: !args.no_render,
            tools: manifest::Tools::on_path(),
            stdin_name: args.stdin_filename.clone(),
        };
        let input = manifest::load(&args.paths, &options, stdin, |node, info| {
            let object = Object::read(node, &info.folder.to_string_lossy(), &policy.paths).ok()?;
            Some(Read_ { object, origin: info.origin() })
        });
        let (input, read) = input.take_objects();
        let worlds = read.into_iter().map(|read| world(read, facts.clone())).collect();
        Ok(Self { policy, input, worlds })
    }

    /// The texts that places can be in: the input's sources, then the configuration's.
    pub fn files(&self) -> Vec<File> {
        let sources =
            self.input.sources.iter().map(|source| File { name: source.name.clone(), text: source.text.clone() });
        let texts = self.policy.texts.iter().map(|text| File { name: text.name.clone(), text: text.text.clone() });
        sources.chain(texts).collect()
    }

    /// The bytes of a place in a world.
    pub fn locate(&self, world: usize, loc: &Loc) -> Option<Place> {
        if let Some(text) = loc.object.as_text() {
            let Focus::Within(start, end) = loc.focus else { return None };
            return Some(Place { file: self.input.sources.len() + text, span: Span { start, end } });
        }
        let (_, origins) = self.worlds.get(world)?;
        let place = self.input.locate(origins.get(loc.object.0 as usize)?, loc)?;
        Some(Place { file: place.source as usize, span: place.span })
    }

    /// The source of an object.
    pub fn source_of(&self, world: usize, object: &Object) -> Option<&Source> {
        let (_, origins) = self.worlds.get(world)?;
        self.input.sources.get(origins.get(object.id.0 as usize)?.source as usize)
    }
}

fn world(read: Vec<Read_>, facts: Facts) -> (World, Vec<Origin>) {
    let (objects, origins) = read.into_iter().map(|read| (read.object, read.origin)).unzip();
    (World::new(objects, facts), origins)
}

fn policy(args: &InputArgs) -> anyhow::Result<Policy> {
    let first = args.paths.first().filter(|path| path.as_os_str() != "-");
    let found = || Policy::find(first.map_or(Path::new("."), PathBuf::as_path));
    let mut policy = match args.config.clone().or_else(found) {
        Some(file) => Policy::read(&file)?,
        None => Policy::default(),
    };
    if let Some(script) = &args.env_sh {
        policy.add_env_sh(script)?;
    }
    Ok(policy)
}

fn facts(args: &InputArgs, policy: &Policy) -> anyhow::Result<Facts> {
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
