//! A change of a tree: the places found, and what is to be made of them.

use super::{EditError, Meant};
use crate::fix::change::{Among, Change, Tree};
use crate::place::{Focus, Loc, Pointer, Step};
use crate::world::node::{Node, Value};

/// One step down a tree as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hop {
    Key(String),
    Index(usize),
}

/// A change whose place is there, or is a new entry of a map that is.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Set { path: Vec<Hop>, value: Tree, among: Among },
    Swap { path: Vec<Hop>, key: String, value: Option<Tree> },
    Remove { path: Vec<Hop> },
    Insert { path: Vec<Hop>, index: usize, item: Tree },
    Move { path: Vec<Hop>, from: usize, to: usize },
}

impl Operation {
    /// What a change comes to in the document with this root.
    pub(super) fn of(root: &Node<'_>, meant: &Meant<'_>) -> Result<Self, EditError> {
        let find = |loc: &Loc| Found::at(root, meant.items, &loc.pointer);
        match meant.change {
            Change::Set { at, value, among } => find(at)?.set(&at.pointer, value.clone(), among.clone()),
            Change::Substitute { at, text } => {
                let found = find(at)?;
                let value = found.substituted(&at.focus, text).ok_or_else(|| odd(&at.pointer))?;
                found.set(&at.pointer, Tree::Text(value), Among::Last)
            }
            Change::Swap { at, key, value } => {
                let path = find(at)?.whole(&at.pointer)?;
                Ok(Self::Swap { path, key: key.clone().into_owned(), value: value.clone() })
            }
            Change::Remove { at } => {
                let found = find(at)?;
                Ok(Self::Remove { path: with_what_holds_nothing_else(root, found.whole(&at.pointer)?) })
            }
            Change::Insert { list, index, item } => {
                let found = find(list)?;
                match found.node.map(|node| &node.value) {
                    Some(Value::List(items)) if found.missing.is_empty() => {
                        Ok(Self::Insert { path: found.path, index: (*index).min(items.len()), item: item.clone() })
                    }
                    _ => found.set(&list.pointer, Tree::List(vec![item.clone()]), Among::Last),
                }
            }
            Change::Move { list, from, to } => {
                let found = find(list)?;
                let items = found.node.map_or(0, |node| node.items().len());
                if (*from).max(*to) >= items {
                    return Err(nowhere(&list.pointer));
                }
                Ok(Self::Move { path: found.whole(&list.pointer)?, from: *from, to: *to })
            }
            Change::Create { object, .. } => {
                let Some((last, above)) = meant.items.split_last() else { return Err(EditError::Differs) };
                let list = Found::at(root, above, &Pointer::keys(&["items"]))?;
                let path = list.whole(&Pointer::root())?;
                Ok(Self::Insert { path, index: *last as usize + 1, item: object.clone() })
            }
        }
    }

    /// The same to a value.
    pub(super) fn apply(&self, root: &mut Tree) -> Result<(), EditError> {
        match self {
            Self::Set { path, value, .. } => match parent(root, path)? {
                (Hop::Key(key), Tree::Map(entries)) => match entries.iter_mut().find(|(known, _)| known == key) {
                    Some((_, was)) => *was = value.clone(),
                    None => entries.push((key.clone(), value.clone())),
                },
                (Hop::Index(index), Tree::List(items)) => {
                    *items.get_mut(*index).ok_or(EditError::Differs)? = value.clone();
                }
                _ => return Err(EditError::Differs),
            },
            Self::Swap { path, key, value } => {
                let (Hop::Key(old), Tree::Map(entries)) = parent(root, path)? else { return Err(EditError::Differs) };
                if key != old && entries.iter().any(|(known, _)| known == key) {
                    return Err(EditError::Odd(key.clone()));
                }
                let entry = entries.iter_mut().find(|(known, _)| known == old).ok_or(EditError::Differs)?;
                entry.0.clone_from(key);
                value.iter().for_each(|value| entry.1.clone_from(value));
            }
            Self::Remove { path } => match parent(root, path)? {
                (Hop::Key(key), Tree::Map(entries)) => entries.retain(|(known, _)| known != key),
                (Hop::Index(index), Tree::List(items)) if *index < items.len() => drop(items.remove(*index)),
                _ => return Err(EditError::Differs),
            },
            Self::Insert { path, index, item } => list(root, path)?.insert(*index, item.clone()),
            Self::Move { path, from, to } => {
                let items = list(root, path)?;
                let item = items.remove(*from);
                items.insert(*to, item);
            }
        }
        Ok(())
    }

    /// The same, some steps further down.
    pub(super) fn below(&self, steps: usize) -> Self {
        let mut below = self.clone();
        let (Self::Set { path, .. }
        | Self::Swap { path, .. }
        | Self::Remove { path }
        | Self::Insert { path, .. }
        | Self::Move { path, .. }) = &mut below;
        path.drain(..steps);
        below
    }

    /// The way to the map or list whose entries or items change.
    pub(super) fn container(&self) -> &[Hop] {
        match self {
            Self::Set { path, .. } | Self::Swap { path, .. } | Self::Remove { path } => {
                path.split_last().map_or(&[], |(_, above)| above)
            }
            Self::Insert { path, .. } | Self::Move { path, .. } => path,
        }
    }
}

/// A place in a tree, as far as it is there.
struct Found<'n, 's> {
    path: Vec<Hop>,
    node: Option<&'n Node<'s>>,
    /// The keys that are not there, with which a new entry begins.
    missing: Vec<String>,
}

impl<'n, 's> Found<'n, 's> {
    fn at(root: &'n Node<'s>, items: &[u32], pointer: &Pointer) -> Result<Self, EditError> {
        let mut found = Self { path: Vec::new(), node: Some(root), missing: Vec::new() };
        for index in items {
            found.down(&Step::Key("items".into())).ok_or_else(|| nowhere(pointer))?;
            found.down(&Step::Index(*index)).ok_or_else(|| nowhere(pointer))?;
        }
        for step in pointer.steps() {
            found.down(step).ok_or_else(|| nowhere(pointer))?;
        }
        Ok(found)
    }

    fn down(&mut self, step: &Step) -> Option<()> {
        match (step, self.node) {
            (Step::Key(key), Some(node)) if self.missing.is_empty() => match (&node.value, node.entry(key)) {
                (_, Some(entry)) => {
                    self.path.push(Hop::Key(key.clone().into_owned()));
                    self.node = Some(&entry.node);
                }
                (Value::Map(_) | Value::Null, None) => self.missing.push(key.clone().into_owned()),
                _ => return None,
            },
            (Step::Key(key), _) => self.missing.push(key.clone().into_owned()),
            (step, Some(node)) if self.missing.is_empty() => {
                let index = item(node, step)?;
                self.path.push(Hop::Index(index));
                self.node = node.items().get(index);
            }
            _ => return None,
        }
        Some(())
    }

    /// The path, if all of it is there.
    fn whole(&self, pointer: &Pointer) -> Result<Vec<Hop>, EditError> {
        if self.missing.is_empty() { Ok(self.path.clone()) } else { Err(nowhere(pointer)) }
    }

    fn set(self, pointer: &Pointer, value: Tree, among: Among) -> Result<Operation, EditError> {
        let (mut path, mut value, mut missing) = (self.path, value, self.missing);
        // Nothing under a key is as good as no such key; the maps that are not there come with the entry.
        let is_null = self.node.is_some_and(|node| node.value == Value::Null);
        if !is_null && !missing.is_empty() {
            path.push(Hop::Key(missing.remove(0)));
        }
        let depth = missing.len();
        for key in missing.into_iter().rev() {
            value = Tree::Map(vec![(key, value)]);
        }
        if path.is_empty() {
            return Err(odd(pointer));
        }
        Ok(Operation::Set { path, value, among: if depth == 0 { among } else { Among::Last } })
    }

    fn substituted(&self, focus: &Focus, text: &str) -> Option<String> {
        let Focus::Within(start, end) = focus else { return None };
        let was = self.node.filter(|_| self.missing.is_empty())?.as_str()?;
        let (before, after) = (was.get(..*start as usize)?, was.get(*end as usize..)?);
        Some(format!("{before}{text}{after}"))
    }
}

fn item(node: &Node<'_>, step: &Step) -> Option<usize> {
    let items = node.items();
    match step {
        Step::Key(_) => None,
        Step::Index(index) => Some(*index as usize).filter(|index| *index < items.len()),
        Step::Item { key, value, index } => {
            let named = |item: &Node<'_>| item.get(key).and_then(Node::scalar) == Some(value);
            let index = *index as usize;
            let stands = items.get(index).is_some_and(named);
            if stands { Some(index) } else { items.iter().position(named) }
        }
    }
}

/// What is left without entries or items goes too, up to an item of a list.
fn with_what_holds_nothing_else(root: &Node<'_>, mut path: Vec<Hop>) -> Vec<Hop> {
    while path.len() > 1 {
        let above = &path[..path.len() - 1];
        let alone = node_at(root, above).is_some_and(|node| node.entries().len() + node.items().len() == 1);
        if !alone || matches!(above.last(), Some(Hop::Index(_))) {
            break;
        }
        path.pop();
    }
    path
}

pub(super) fn node_at<'n, 's>(root: &'n Node<'s>, path: &[Hop]) -> Option<&'n Node<'s>> {
    path.iter().try_fold(root, |node, hop| match hop {
        Hop::Key(key) => node.entry(key).map(|entry| &entry.node),
        Hop::Index(index) => node.items().get(*index),
    })
}

fn parent<'p, 't>(root: &'t mut Tree, path: &'p [Hop]) -> Result<(&'p Hop, &'t mut Tree), EditError> {
    let (last, above) = path.split_last().ok_or(EditError::Differs)?;
    Ok((last, tree_at(root, above)?))
}

fn list<'t>(root: &'t mut Tree, path: &[Hop]) -> Result<&'t mut Vec<Tree>, EditError> {
    match tree_at(root, path)? {
        Tree::List(items) => Ok(items),
        _ => Err(EditError::Differs),
    }
}

fn tree_at<'t>(root: &'t mut Tree, path: &[Hop]) -> Result<&'t mut Tree, EditError> {
    let found = path.iter().try_fold(root, |tree, hop| match (hop, tree) {
        (Hop::Key(key), Tree::Map(entries)) => {
            entries.iter_mut().find(|(known, _)| known == key).map(|(_, value)| value)
        }
        (Hop::Index(index), Tree::List(items)) => items.get_mut(*index),
        _ => None,
    });
    found.ok_or(EditError::Differs)
}

/// The value that somebody wrote.
pub(super) fn tree(node: &Node<'_>) -> Tree {
    match &node.value {
        Value::Null => Tree::Null,
        Value::Bool(flag, _) => Tree::Flag(*flag),
        Value::Number(text) => Tree::Number(text.to_string()),
        Value::String(text) => Tree::Text(text.to_string()),
        Value::List(items) => Tree::List(items.iter().map(tree).collect()),
        Value::Map(entries) => {
            Tree::Map(entries.iter().map(|entry| (entry.key.to_string(), tree(&entry.node))).collect())
        }
    }
}

fn nowhere(pointer: &Pointer) -> EditError {
    EditError::Nowhere(pointer.to_string())
}

fn odd(pointer: &Pointer) -> EditError {
    EditError::Odd(pointer.to_string())
}
