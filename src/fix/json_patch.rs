//! Changes as a JSON Patch (RFC 6902).
//!
//! It is as small as can be, and what it does at an index of a list it does only where a `test` finds what stands there. Before
//! anybody gets it, it is applied to a copy of what it sees of the object: a patch that fails rejects the request, whatever
//! `failurePolicy` says (`mutating/dispatcher.go` of Kubernetes 1.35).

use std::borrow::Cow;

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, MoveOperation, Patch, PatchOperation, TestOperation};
use serde_json::{Map, Value as Json, json};

use super::change::{Change, Tree};
use super::{Edit, WRITER_MOUNT, WRITER_SCRIPT};
use crate::name::env::NAME_WRITER;
use crate::place::{ObjectId, Pointer, unescaped};
use crate::world::node::{Node, Value};
use crate::world::pod::{EnvVar, PodTemplate};

/// Why there is no patch.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// Something has another type than the API says, or is not there.
    #[error("`{0}` is not what it ought to be")]
    Odd(String),
    /// Somebody else uses our names.
    #[error("`{NAME_WRITER}` is there already")]
    Taken,
    /// It does not apply.
    #[error("the patch does not apply: {0}")]
    Failed(#[from] json_patch::PatchError),
}

/// Makes changes of the pod (or its template) in an object into a patch of that object.
///
/// # Errors
/// The object is not as the changes take it to be.
pub fn patch(object: &Node<'_>, pod: &PodTemplate, edits: &[Edit]) -> Result<Patch, PatchError> {
    let mut writer = Writer { object, pod, ops: Vec::new(), lists: Vec::new() };
    for edit in edits {
        writer.write(edit)?;
    }
    let patch = Patch(writer.ops);
    json_patch::patch_unsafe(&mut seen(object, &patch), &patch)?;
    Ok(patch)
}

/// The operations of a patch as changes of the object's text, which keep what people have written around them.
///
/// # Errors
/// An operation that [`patch()`] does not make.
pub fn changes(patch: &Patch, object: ObjectId) -> Result<Vec<Change>, PatchError> {
    let odd = |operation: &PatchOperation| PatchError::Odd(operation.path().to_string());
    let place = |path: &str| Pointer::of_json_pointer(path).of(object);
    let mut changes = Vec::new();
    for operation in &patch.0 {
        let split = |path: &str| path.rsplit_once('/').map(|(list, last)| (place(list), last.to_owned()));
        match operation {
            PatchOperation::Test(_) => {}
            PatchOperation::Add(AddOperation { path, value }) => {
                let (list, last) = split(path.as_str()).ok_or_else(|| odd(operation))?;
                let item = Tree::from(value);
                changes.push(match (last.as_str(), last.parse()) {
                    ("-", _) => Change::Insert { list, index: usize::MAX, item },
                    (_, Ok(index)) => Change::Insert { list, index, item },
                    _ => Change::set(place(path.as_str()), item),
                });
            }
            PatchOperation::Move(MoveOperation { from, path }) => {
                let (list, to) = split(path.as_str()).ok_or_else(|| odd(operation))?;
                let (_, from) = split(from.as_str()).ok_or_else(|| odd(operation))?;
                let (Ok(from), Ok(to)) = (from.parse(), to.parse()) else { return Err(odd(operation)) };
                changes.push(Change::Move { list, from, to });
            }
            other => return Err(odd(other)),
        }
    }
    Ok(changes)
}

/// A container's `env` as the operations so far leave it.
struct List<'w> {
    container: usize,
    /// The pointer to it.
    path: String,
    /// The names in it.
    names: Vec<Cow<'w, str>>,
    /// The operation that adds the whole list, where there was none.
    added_by: Option<usize>,
    /// Whether what stands at its indices was tested.
    tested: bool,
}

struct Writer<'w> {
    object: &'w Node<'w>,
    pod: &'w PodTemplate,
    ops: Vec<PatchOperation>,
    lists: Vec<List<'w>>,
}

impl<'w> Writer<'w> {
    fn write(&mut self, edit: &Edit) -> Result<(), PatchError> {
        match edit {
            Edit::Insert { container, index, var } => self.insert(*container, *index, var),
            Edit::Move { container, from, to } => self.move_up(*container, *from, *to),
            Edit::WriteName { like, env } => self.write_name(*like, env),
            Edit::Annotate { key, value } => self.annotate(key, value),
        }
    }

    fn insert(&mut self, container: usize, index: usize, var: &EnvVar) -> Result<(), PatchError> {
        let at = self.list(container)?;
        let list = &mut self.lists[at];
        let env = list.path.clone();
        let (value, index) = (to_json(var), index.min(list.names.len()));
        let at_end = index == list.names.len();
        let test = (!at_end && !list.tested).then(|| list.names[index].clone());
        list.names.insert(index, Cow::Owned(var.name.clone()));
        if let Some(PatchOperation::Add(whole)) = list.added_by.and_then(|op| self.ops.get_mut(op)) {
            whole.value.as_array_mut().into_iter().for_each(|list| list.insert(index, value.clone()));
            return Ok(());
        }
        list.tested |= test.is_some();
        match (at_end, test) {
            _ if list.names.len() == 1 => {
                list.added_by = Some(self.ops.len());
                self.add(&env, json!([value]))
            }
            (true, _) => self.add(&format!("{env}/-"), value),
            (false, test) => {
                if let Some(name) = test {
                    self.test(&format!("{env}/{index}/name"), &name)?;
                }
                self.add(&format!("{env}/{index}"), value)
            }
        }
    }

    fn move_up(&mut self, container: usize, from: usize, to: usize) -> Result<(), PatchError> {
        let at = self.list(container)?;
        let List { path: env, names, .. } = &mut self.lists[at];
        let env = env.clone();
        let (Some(moved), Some(passed)) = (names.get(from).cloned(), names.get(to).cloned()) else {
            return Err(PatchError::Odd(env));
        };
        let name = names.remove(from);
        names.insert(to, name);
        self.test(&format!("{env}/{to}/name"), &passed)?;
        self.test(&format!("{env}/{from}/name"), &moved)?;
        let (from, path) = (pointer(&format!("{env}/{from}"))?, pointer(&format!("{env}/{to}"))?);
        self.ops.push(PatchOperation::Move(MoveOperation { from, path }));
        Ok(())
    }

    /// Adds the volume, and the init container before all others.
    fn write_name(&mut self, like: usize, env: &[EnvVar]) -> Result<(), PatchError> {
        let base = self.pod.base.to_json_pointer();
        let like = self.node(&self.path_of(like)?)?;
        let mut container = json!({
            "name": NAME_WRITER,
            "command": ["/bin/sh", "-c", WRITER_SCRIPT],
            "env": env.iter().map(to_json).collect::<Vec<_>>(),
            "volumeMounts": [{"name": NAME_WRITER, "mountPath": WRITER_MOUNT}],
        });
        for key in ["image", "imagePullPolicy", "resources", "securityContext"] {
            if let Some(value) = like.get(key) {
                container[key] = value.to_json();
            }
        }
        // In memory: the cluster autoscaler takes no node away under a pod with files of its own (`drain/localstorage`).
        let volume = json!({"name": NAME_WRITER, "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}});
        self.add_item(&format!("{base}/spec/volumes"), false, volume)?;
        self.add_item(&format!("{base}/spec/initContainers"), true, container)
    }

    /// Adds an item at one end of a list of things with names.
    fn add_item(&mut self, list: &str, first: bool, item: Json) -> Result<(), PatchError> {
        let items = self.items(list)?;
        let name = |item: &Node<'_>| item.text("name");
        if items.iter().any(|item| name(item).as_deref() == Some(NAME_WRITER)) {
            return Err(PatchError::Taken);
        }
        match items.first() {
            None => self.add(list, json!([item])),
            Some(_) if !first => self.add(&format!("{list}/-"), item),
            Some(at) => {
                let path = format!("{list}/0");
                self.test(&format!("{path}/name"), &name(at).ok_or_else(|| PatchError::Odd(path.clone()))?)?;
                self.add(&path, item)
            }
        }
    }

    fn annotate(&mut self, key: &'static str, value: &str) -> Result<(), PatchError> {
        let annotations = self.pod.base.key("metadata").key("annotations");
        let path = annotations.to_json_pointer();
        match self.node(&path) {
            Ok(node) if !node.entries().is_empty() => self.add(&annotations.key(key).to_json_pointer(), json!(value)),
            _ => self.add(&path, json!({key: value})),
        }
    }

    /// The pointer to a container.
    fn path_of(&self, container: usize) -> Result<String, PatchError> {
        let container = self.pod.containers.get(container);
        container
            .map(|container| container.at.to_json_pointer())
            .ok_or_else(|| PatchError::Odd("containers".to_owned()))
    }

    /// The list of a container, which is tested to be that container's when it is first seen.
    fn list(&mut self, container: usize) -> Result<usize, PatchError> {
        if let Some(known) = self.lists.iter().position(|list| list.container == container) {
            return Ok(known);
        }
        let path = self.path_of(container)?;
        let name = self.node(&path)?.text("name").ok_or_else(|| PatchError::Odd(path.clone()))?;
        self.test(&format!("{path}/name"), &name)?;
        let name = |var: &'w Node<'w>| var.get("name").and_then(Node::scalar).unwrap_or_default();
        let path = path + "/env";
        let names = self.items(&path)?.iter().map(|var| Cow::Borrowed(name(var))).collect();
        self.lists.push(List { container, path, names, added_by: None, tested: false });
        Ok(self.lists.len() - 1)
    }

    /// The items of a list, of which nothing and `null` are empty ones.
    fn items(&self, path: &str) -> Result<&'w [Node<'w>], PatchError> {
        let Ok(node) = self.node(path) else { return Ok(&[]) };
        match &node.value {
            Value::List(items) => Ok(items),
            Value::Null => Ok(&[]),
            _ => Err(PatchError::Odd(path.to_owned())),
        }
    }

    /// The value at a pointer.
    fn node(&self, path: &str) -> Result<&'w Node<'w>, PatchError> {
        path.split('/')
            .skip(1)
            .try_fold(self.object, |node, key| step(node, &unescaped(key)))
            .ok_or_else(|| PatchError::Odd(path.to_owned()))
    }

    fn add(&mut self, path: &str, value: Json) -> Result<(), PatchError> {
        self.ops.push(PatchOperation::Add(AddOperation { path: pointer(path)?, value }));
        Ok(())
    }

    fn test(&mut self, path: &str, value: &str) -> Result<(), PatchError> {
        self.ops.push(PatchOperation::Test(TestOperation { path: pointer(path)?, value: json!(value) }));
        Ok(())
    }
}

fn pointer(path: &str) -> Result<PointerBuf, PatchError> {
    PointerBuf::parse(path).map_err(|_| PatchError::Odd(path.to_owned()))
}

fn step<'n, 's>(node: &'n Node<'s>, key: &str) -> Option<&'n Node<'s>> {
    match &node.value {
        Value::List(items) => items.get(key.parse::<usize>().ok()?),
        _ => node.entry(key).map(|entry| &entry.node),
    }
}

fn to_json(var: &EnvVar) -> Json {
    let said = Tree::variable(&var.name, &var.source);
    // Nothing else is ever planned.
    said.map_or_else(|| json!({"name": var.name}), |said| said.to_json())
}

/// What a patch sees of an object: the way to each of its paths. Where it moves things, its indices are those of lists that it
/// has changed already, so it sees the names of all their items.
fn seen(object: &Node<'_>, patch: &Patch) -> Json {
    let moves = patch.iter().any(|op| matches!(op, PatchOperation::Move(_)));
    let mut copy = Json::Null;
    for op in patch.iter() {
        if let PatchOperation::Move(moved) = op {
            see(object, moved.from.as_str(), moves, &mut copy);
        }
        see(object, op.path().as_str(), moves, &mut copy);
    }
    copy
}

/// Copies what is on the way along a pointer.
fn see(node: &Node<'_>, path: &str, names: bool, copy: &mut Json) {
    let Some(path) = path.strip_prefix('/') else {
        if copy.is_null() {
            *copy = node.to_json();
        }
        return;
    };
    let (key, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    if copy.is_null() {
        *copy = empty(node, names);
    }
    let key = unescaped(key);
    if let Some(next) = step(node, &key)
        && let Some(place) = entry(copy, key)
    {
        see(next, rest, names, place);
    }
}

/// A value of the same shape with nothing in it; where that is asked for, with the names of a list's items.
fn empty(node: &Node<'_>, names: bool) -> Json {
    let name = |item: &Node<'_>| match item.text("name").filter(|_| names) {
        Some(name) => json!({"name": name}),
        None => Json::Null,
    };
    match &node.value {
        Value::Map(_) => Json::Object(Map::new()),
        Value::List(items) => items.iter().map(name).collect(),
        _ => node.to_json(),
    }
}

fn entry<'c>(copy: &'c mut Json, key: Cow<'_, str>) -> Option<&'c mut Json> {
    match copy {
        Json::Object(map) => Some(map.entry(key.into_owned()).or_insert(Json::Null)),
        Json::Array(list) => list.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    }
}
