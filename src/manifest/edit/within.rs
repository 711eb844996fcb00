//! A value laid over another, as smaller changes inside it: what both say keeps its comments, its order and its style.

use super::operation::{Hop, Operation, node_at, tree};
use super::written::is_owned;
use crate::fix::change::{Among, Tree};
use crate::world::node::{Node, Value};

/// The smaller changes that come to an operation; the operation itself where nothing would stay.
pub(super) fn steps(root: &Node<'_>, operation: &Operation) -> Vec<Operation> {
    let whole = || vec![operation.clone()];
    let Operation::Set { path, value, .. } = operation else { return whole() };
    let node = node_at(root, path).filter(|_| is_owned(root, path));
    node.and_then(|node| difference(node, value, path)).unwrap_or_else(whole)
}

/// What makes the one value of the other, if anything of it stays.
fn difference(node: &Node<'_>, value: &Tree, path: &[Hop]) -> Option<Vec<Operation>> {
    match (&node.value, value) {
        (Value::Map(_), Tree::Map(wanted)) => of_maps(node, wanted, path),
        (Value::List(items), Tree::List(wanted)) => of_lists(items, wanted, path),
        _ => None,
    }
}

fn of_maps(node: &Node<'_>, wanted: &[(String, Tree)], path: &[Hop]) -> Option<Vec<Operation>> {
    let at = |key: &str| below(path, Hop::Key(key.to_owned()));
    if !wanted.iter().any(|(key, _)| node.entry(key).is_some()) {
        return None;
    }
    let set = wanted.iter().flat_map(|(key, value)| match node.entry(key) {
        Some(entry) => replaced(&entry.node, value, at(key)),
        None => vec![Operation::Set { path: at(key), value: value.clone(), among: Among::Last }],
    });
    let is_gone = |key: &str| !wanted.iter().any(|(known, _)| known == key);
    let gone = node.entries().iter().filter(|entry| is_gone(&entry.key));
    Some(set.chain(gone.map(|entry| Operation::Remove { path: at(&entry.key) })).collect())
}

fn of_lists(items: &[Node<'_>], wanted: &[Tree], path: &[Hop]) -> Option<Vec<Operation>> {
    let shorter = items.len().min(wanted.len());
    let front = items.iter().zip(wanted).take_while(|(item, value)| is_same(item, value)).count();
    let pairs = items.iter().rev().zip(wanted.iter().rev()).take(shorter - front);
    let back = pairs.take_while(|(item, value)| is_same(item, value)).count();
    let at = |index: usize| below(path, Hop::Index(index));
    let (old, new) = (front..items.len() - back, front..wanted.len() - back);
    let both = old.clone().zip(new.clone()).map(|(index, _)| index);
    let inside = both.clone().any(|index| difference(&items[index], &wanted[index], &[]).is_some());
    if front + back == 0 && !inside {
        return None;
    }
    let mut steps: Vec<Operation> = both.flat_map(|index| replaced(&items[index], &wanted[index], at(index))).collect();
    let common = front + old.len().min(new.len());
    steps.extend((common..old.end).rev().map(|index| Operation::Remove { path: at(index) }));
    steps.extend((common..new.end).map(|index| Operation::Insert {
        path: path.to_vec(),
        index,
        item: wanted[index].clone(),
    }));
    Some(steps)
}

/// What puts a value into the place of one; nothing if it is there already.
fn replaced(node: &Node<'_>, value: &Tree, path: Vec<Hop>) -> Vec<Operation> {
    if is_same(node, value) {
        return Vec::new();
    }
    let steps = difference(node, value, &path);
    steps.unwrap_or_else(|| vec![Operation::Set { path, value: value.clone(), among: Among::Last }])
}

fn is_same(node: &Node<'_>, value: &Tree) -> bool {
    tree(node).to_json() == value.to_json()
}

fn below(path: &[Hop], hop: Hop) -> Vec<Hop> {
    path.iter().cloned().chain([hop]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Meant, edit};
    use super::*;
    use crate::fix::change::Change;
    use crate::place::{ObjectId, Pointer};

    /// What becomes of a text in which the value of `a` is another one.
    fn set(text: &str, value: &str) -> String {
        let parsed = crate::manifest::yaml::parse(value, 0..value.len()).unwrap().unwrap();
        let change = Change::set(Pointer::keys(&["a"]).of(ObjectId(0)), tree(&parsed.root));
        edit(text, &[Meant { document: 0, items: &[], change: &change }]).unwrap()
    }

    #[test]
    fn what_stays_keeps_its_comments_and_its_style() {
        for (text, value, expected) in [
            // An item of a list.
            (
                "a:\n  # one\n  - name: x # the name\n    value: 1 # old\n\n  - {name: v, value: 2}\n",
                "[{name: x, value: 3}, {name: v, value: 4}]",
                "a:\n  # one\n  - name: x # the name\n    value: 3 # old\n\n  - {name: v, value: 4}\n",
            ),
            // One more, one less.
            ("a:\n- b # first\n\n- d # last\n", "[b, c, d]", "a:\n- b # first\n- c\n\n- d # last\n"),
            ("a:\n- b # first\n- c\n\n- d # last\n", "[b, d]", "a:\n- b # first\n\n- d # last\n"),
            // A map.
            ("a:\n  x: 1 # x\n  # v\n  v: 2\nb: 3\n", "{x: 1, z: 4}", "a:\n  x: 1 # x\n  # v\n  z: 4\nb: 3\n"),
            ("a: {x: 1, v: [2, 3]} # all\n", "{x: 1, v: [2, 4]}", "a: {x: 1, v: [2, 4]} # all\n"),
            // Nothing in common.
            ("a:\n  x: 1 # x\n", "{v: 1}", "a:\n  v: 1 # x\n"),
        ] {
            assert_eq!(set(text, value), expected);
        }
    }
}
