//! The environment of a container, evaluated as the kubelet does it.
//!
//! `pkg/kubelet/kubelet_pods.go`, `makeEnvironmentVariables`, and `third_party/forked/golang/expansion/expand.go` of
//! Kubernetes 1.35: `envFrom` first, then `env` in list order; a reference sees only what stands above it and stays literal
//! otherwise; only `value` is expanded; the last of several definitions wins.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::placeholder::{find_placeholder, parts};
use super::room::{Room, has_too_many_parts};
use super::template::{Part, Piece, Sym, Template, Unexpanded, Why};
use super::tokens::{Token, tokens};
use crate::place::{Loc, Pointer};
use crate::world::World;
use crate::world::facts::Kinds;
use crate::world::object::{Body, Object, Pairs, value_of};
use crate::world::pod::{Container, EnvFrom, EnvFromSource, EnvSource, KeyRef, PodTemplate};

/// The init container that writes a node's name where `$(VAR)` cannot say it, and the volume into which it does.
pub const NAME_WRITER: &str = "beamgate-node-name";

/// The variable of that container which holds the name, as a template with placeholders.
pub const NAME_TEMPLATE: &str = "NODE_NAME";

/// Where a container is.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'w> {
    /// The world, for its ConfigMaps and Services.
    pub world: &'w World,
    /// The workload's object.
    pub object: &'w Object,
    /// Its pods.
    pub pod: &'w PodTemplate,
}

/// The environment that a container's process starts with.
#[derive(Debug, Clone, Default)]
pub struct Env {
    /// Shared until somebody changes one of the copies, as are the indices of the last definitions by name.
    vars: Arc<Vec<Var>>,
    last: Arc<HashMap<String, usize>>,
    unread: Vec<Unread>,
}

/// An `envFrom` that cannot be read, which may define every variable that begins with its prefix.
#[derive(Debug, Clone)]
struct Unread {
    prefix: String,
    why: Why,
}

/// A variable.
#[derive(Debug, Clone)]
pub struct Var {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Template,
    /// The place of the value, or of what it is taken from.
    pub at: Loc,
    /// Its index in the container's `env`; none if it comes from `envFrom`.
    pub index: Option<usize>,
}

/// What is known of a variable.
#[derive(Debug, Clone, Copy)]
pub enum Lookup<'e> {
    /// The manifest sets it.
    Set(&'e Var),
    /// The manifest does not set it; the image may.
    Unset,
    /// Something that was not read may set it.
    Open(&'e Why),
}

impl Env {
    /// Evaluates the environment of a container.
    pub fn of(scope: Scope<'_>, container: &Container) -> Self {
        let mut env = Self::default();
        let mut room = Room::of_a_container();
        for (index, from) in container.env_from.iter().enumerate() {
            env.add_from(scope, from, &container.at.key("envFrom").index(index), &mut room);
            if room.is_full() {
                env.forget(&Why::TooLong);
                break;
            }
        }
        let defined: LazyCell<HashMap<&str, usize>, _> = LazyCell::new(|| last_definitions(container));
        for (index, var) in container.env.iter().enumerate().filter(|(_, var)| !var.name.is_empty()) {
            let at = container.at_env_key(index, at_value(&var.source)).of(scope.object.id);
            let value = match &var.source {
                EnvSource::Value(text) => {
                    let later = |name: &str| defined.get(name).is_some_and(|last| *last > index);
                    Some(env.expand(text, &at, &later, scope, &mut room))
                }
                EnvSource::NotString { text, .. } => Some(Template::lit(text, &at)),
                EnvSource::Field(path) => Some(field(scope, path, &at)),
                EnvSource::ConfigMap(key) => config_value(scope, key, &at, &mut room),
                EnvSource::Secret(key) => Some(Template::opaque(Why::Secret(key.clone()), &at)),
                EnvSource::File(volume) => Some(file(scope, volume, &at, &mut room)),
                EnvSource::Other => Some(Template::opaque(Why::Field("resourceFieldRef".to_owned()), &at)),
            };
            if let Some(value) = value {
                let at = match at_source(&var.source) {
                    Some(keys) => container.at_env_key(index, keys).of(scope.object.id),
                    None => at,
                };
                env.define(Var { name: var.name.clone(), value, at, index: Some(index) });
            }
        }
        env
    }

    /// What is known of a variable.
    pub fn lookup(&self, name: &str) -> Lookup<'_> {
        match (self.get(name), self.unread(name)) {
            (Some(var), _) => Lookup::Set(var),
            (None, Some(why)) => Lookup::Open(why),
            (None, None) => Lookup::Unset,
        }
    }

    /// A variable that the manifest sets; the last definition counts.
    pub fn get(&self, name: &str) -> Option<&Var> {
        self.vars.get(*self.last.get(name)?)
    }

    /// Why a variable that nothing seems to define may be defined all the same.
    fn unread(&self, name: &str) -> Option<&Why> {
        self.unread.iter().rev().find(|unread| name.starts_with(&unread.prefix)).map(|unread| &unread.why)
    }

    /// All definitions, in the order of evaluation.
    pub fn vars(&self) -> &[Var] {
        &self.vars
    }

    /// Sets a variable, as a script does. The empty value counts as unset wherever it matters to a release.
    pub fn set(&mut self, name: &str, value: Template, at: Loc) {
        self.define(Var { name: name.to_owned(), value, at, index: None });
    }

    fn define(&mut self, var: Var) {
        Arc::make_mut(&mut self.last).insert(var.name.clone(), self.vars.len());
        Arc::make_mut(&mut self.vars).push(var);
    }

    /// Forgets everything, because something that cannot be read may have set it.
    pub fn forget(&mut self, why: &Why) {
        (self.vars, self.last) = Default::default();
        self.unread = vec![Unread { prefix: String::new(), why: why.clone() }];
    }

    /// Expands `$(VAR)` where the whole environment is seen.
    pub fn expand_argument(&self, text: &str, place: &Loc, scope: Scope<'_>) -> Template {
        self.expand_word(text, place, scope, &mut Room::of_a_container())
    }

    /// Expands `$(VAR)` in `command` and `args`, which share the room.
    pub(super) fn expand_word(&self, text: &str, place: &Loc, scope: Scope<'_>, room: &mut Room) -> Template {
        self.expand(text, place, &|_| false, scope, room)
    }

    fn expand(
        &self,
        text: &str,
        place: &Loc,
        later: &dyn Fn(&str) -> bool,
        scope: Scope<'_>,
        room: &mut Room,
    ) -> Template {
        let mut value = Template::empty();
        room.begin();
        for token in tokens(text) {
            match token {
                Token::Text(range) => {
                    for (part, range) in parts(&text[range.clone()], range.start, scope.pod) {
                        value.push(piece(part, place, range));
                    }
                }
                Token::Escaped(range) => {
                    let kept = text[range.start + 1..range.end].to_owned();
                    let part =
                        if kept.len() > 1 { Part::Unexpanded(kept, Unexpanded::Escaped) } else { Part::Lit(kept) };
                    value.push(piece(part, place, range));
                }
                Token::Reference(range, name) => {
                    if self.get(name).is_some_and(|var| !room.take_copy(&var.value)) {
                        return Template::opaque(Why::TooLong, place);
                    }
                    self.push_reference(&mut value, name, &place.clone().within(range), later, scope);
                }
            }
            if has_too_many_parts(&value) {
                return Template::opaque(Why::TooLong, place);
            }
        }
        value
    }

    fn push_reference(
        &self,
        value: &mut Template,
        name: &str,
        at: &Loc,
        later: &dyn Fn(&str) -> bool,
        scope: Scope<'_>,
    ) {
        if let Some(var) = self.get(name) {
            for piece in var.value.pieces() {
                value.push(Piece { part: piece.part.clone(), at: at.clone() });
            }
            return;
        }
        let part = if let Some(inner) = find_placeholder(name, scope.pod) {
            Part::Opaque(Why::Placeholder(name[inner].to_owned()))
        } else if let Some(why) = self.unread(name).or(service_link(scope, name).as_ref()) {
            Part::Opaque(why.clone())
        } else {
            let why = if later(name) { Unexpanded::Later } else { Unexpanded::Undefined };
            Part::Unexpanded(format!("$({name})"), why)
        };
        value.push(Piece { part, at: at.clone() });
    }

    fn add_from(&mut self, scope: Scope<'_>, from: &EnvFrom, place: &Pointer, room: &mut Room) {
        let at = place.clone().of(scope.object.id);
        let (name, data) = match &from.source {
            EnvFromSource::Secret(name) => (name, None),
            EnvFromSource::ConfigMap(name) => (name, config_map(scope, name)),
        };
        let Some(data) = data else { return self.add_unread(&from.prefix, Why::EnvFrom(name.clone()), &at) };
        for (key, text) in data {
            if room.is_full() {
                return;
            }
            let value = unexpanded_text(text, name, &at, scope.pod, room);
            self.set(&format!("{}{key}", from.prefix), value, at.clone());
        }
    }

    /// What cannot be read may also define once more what an `envFrom` above it defined.
    fn add_unread(&mut self, prefix: &str, why: Why, at: &Loc) {
        for var in Arc::make_mut(&mut self.vars).iter_mut().filter(|var| var.name.starts_with(prefix)) {
            var.value = Template::opaque(why.clone(), at);
        }
        self.unread.push(Unread { prefix: prefix.to_owned(), why });
    }
}

/// Where in `env` each variable is defined last.
fn last_definitions(container: &Container) -> HashMap<&str, usize> {
    container.env.iter().enumerate().map(|(index, var)| (var.name.as_str(), index)).collect()
}

fn piece(part: Part, place: &Loc, range: Range<usize>) -> Piece {
    Piece { part, at: place.clone().within(range) }
}

/// Where in an entry its value is said.
fn at_value(source: &EnvSource) -> &'static [&'static str] {
    match source {
        EnvSource::Value(_) | EnvSource::NotString { .. } => &["value"],
        EnvSource::Field(_) => &["valueFrom", "fieldRef", "fieldPath"],
        EnvSource::ConfigMap(_) => &["valueFrom", "configMapKeyRef"],
        EnvSource::Secret(_) => &["valueFrom", "secretKeyRef"],
        EnvSource::File(_) | EnvSource::Other => &["valueFrom"],
    }
}

/// Where it says of what the value is made, if elsewhere: a reference to another object as a whole.
fn at_source(source: &EnvSource) -> Option<&'static [&'static str]> {
    matches!(source, EnvSource::ConfigMap(_) | EnvSource::Secret(_)).then_some(&["valueFrom"])
}

fn field(scope: Scope<'_>, path: &str, at: &Loc) -> Template {
    let sym = match path {
        "status.podIP" => Sym::PodIp,
        "status.podIPs" => Sym::PodIps,
        "status.hostIP" => Sym::HostIp,
        "metadata.name" => Sym::PodName,
        // The StatefulSet controller puts the pod's name into a label, too.
        "metadata.labels['statefulset.kubernetes.io/pod-name']" if scope.object.kind == "StatefulSet" => Sym::PodName,
        "metadata.namespace" => Sym::Namespace,
        "metadata.uid" => Sym::Uid,
        "spec.nodeName" => Sym::NodeName,
        _ => {
            return labelled(scope, path)
                .map_or_else(|| Template::opaque(Why::Field(path.to_owned()), at), |text| Template::lit(text, at));
        }
    };
    Template::sym(sym, at)
}

/// `metadata.labels['app']`, where the template says it.
fn labelled<'w>(scope: Scope<'w>, path: &str) -> Option<&'w str> {
    let (pairs, rest): (&Pairs, &str) = match path.strip_prefix("metadata.labels[") {
        Some(rest) => (&scope.pod.labels, rest),
        None => (&scope.pod.annotations, path.strip_prefix("metadata.annotations[")?),
    };
    value_of(pairs, rest.strip_suffix(']')?.trim_matches(['\'', '"']))
}

/// What an init container of ours writes is known; what another writes is not.
fn file(scope: Scope<'_>, volume: &str, at: &Loc, room: &mut Room) -> Template {
    let is_plain = |container: &Container| !container.env.iter().any(|var| matches!(var.source, EnvSource::File(_)));
    let is_ours = |container: &&Container| {
        container.init && container.name == NAME_WRITER && volume == NAME_WRITER && is_plain(container)
    };
    room.begin();
    let template = scope.pod.containers.iter().find(is_ours).and_then(|writer| {
        let env = Env::of(scope, writer);
        Some(env.get(NAME_TEMPLATE)?.value.with_placeholders())
    });
    match template {
        Some(template) if room.take_copy(&template) => template,
        Some(_) => Template::opaque(Why::TooLong, at),
        None => Template::opaque(Why::File, at),
    }
}

/// The value of a ConfigMap's key; none where the ConfigMap is there, the key is not, and the reference is optional.
fn config_value(scope: Scope<'_>, key: &KeyRef, at: &Loc, room: &mut Room) -> Option<Template> {
    let Some(data) = config_map(scope, &key.name) else {
        return Some(Template::opaque(Why::ConfigMap(key.name.clone()), at));
    };
    match value_of(data, &key.key) {
        Some(text) => Some(unexpanded_text(text, &key.name, at, scope.pod, room)),
        None if key.optional => None,
        None => Some(Template::opaque(Why::ConfigMap(key.name.clone()), at)),
    }
}

/// The data of a ConfigMap, where everything in the input that could be meant says the same.
fn config_map<'w>(scope: Scope<'w>, name: &str) -> Option<&'w Pairs> {
    let found = scope.world.config_maps_named(scope.object, name);
    let mut data = found.into_iter().filter_map(|object| match &object.body {
        Body::ConfigMap(config) => Some(&config.data),
        _ => None,
    });
    let first = data.next();
    if first.is_none() && scope.world.is_complete(Kinds::CONFIG, scope.object.namespace.as_deref()) {
        static NOTHING: Pairs = Vec::new();
        return Some(&NOTHING);
    }
    first.filter(|first| data.all(|other| other == *first))
}

/// Text in which nothing is ever expanded, with its references marked so that they can be pointed at.
fn unexpanded_text(text: &str, config_map: &str, at: &Loc, pod: &PodTemplate, room: &mut Room) -> Template {
    let mut value = Template::empty();
    room.begin();
    if !room.take_text(text) {
        return Template::opaque(Why::TooLong, at);
    }
    for token in tokens(text) {
        match token {
            Token::Text(range) | Token::Escaped(range) => {
                let found = parts(&text[range], 0, pod).into_iter();
                found.for_each(|(part, _)| value.push(Piece { part, at: at.clone() }));
            }
            Token::Reference(range, _) => {
                let part = Part::Unexpanded(text[range].to_owned(), Unexpanded::FromConfigMap(config_map.to_owned()));
                value.push(Piece { part, at: at.clone() });
            }
        }
        if has_too_many_parts(&value) {
            return Template::opaque(Why::TooLong, at);
        }
    }
    value
}

/// How the names of most variables end that the kubelet makes for a Service.
pub(crate) const SERVICE_LINKS: [&str; 3] = ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT"];

/// A variable that the kubelet makes for a Service: those of the namespace if the pod wants them (`enableServiceLinks`), those
/// of the API server always.
fn service_link(scope: Scope<'_>, name: &str) -> Option<Why> {
    let looks_like_one = SERVICE_LINKS.iter().any(|end| name.ends_with(end)) || name.contains("_PORT_");
    let is_made = scope.pod.service_links || name.starts_with("KUBERNETES_");
    (is_made && looks_like_one).then(|| Why::Field(format!("{name} of a Service")))
}
