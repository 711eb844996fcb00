//! Where there is an answer, it is the parser's.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::super::build::build;
use super::super::repair::Repairs;
use super::super::split::documents;
use super::*;

/// Whether there is an answer, which is the parser's.
fn is_read(text: &str, base: usize) -> bool {
    let Some(quick) = read(text, base) else { return false };
    match build(text, base, &Repairs::default()) {
        Ok(parsed) => assert_eq!(Some(quick), parsed, "{text}"),
        Err(_) => panic!("the parser refuses this:\n{text}"),
    }
    true
}

fn texts(folder: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            all.extend(std::fs::read_to_string(path));
        }
    }
}

#[test]
fn it_says_what_the_parser_says() {
    let mut all = Vec::new();
    for folder in ["benches", "deploy", "examples", "tests"] {
        texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    }
    let documents = all.iter().flat_map(|text| documents(text).into_iter().map(|range| &text[range]));
    let (read, not): (Vec<_>, Vec<_>) = documents.partition(|text| is_read(text, 7));
    assert!(read.len() > 4 * not.len(), "{} of {}", read.len(), read.len() + not.len());
}

const DOCUMENT: &str = "\
# About it
--- # once more
kind: Pod
metadata: # of course
  name: a-b.c/d
  labels: {app: \"x y\", 'b': [c, [], {}, 1.5]}
spec:
  containers:
    - name: a # the first
      args: ['-x', \"y\"]

      command:
      - /bin/sh
      - -c
      - |
        if: [
          # inside

        fi
      value: -kernel a:b (c) #d
    - name: b
  script: |-
    one
    two

on: yes
";

#[test]
fn what_is_usual_is_read() {
    let plain = DOCUMENT.replace("'b':", "b:");
    assert!(is_read(&plain, 0));
    assert!(!is_read(DOCUMENT, 0), "a quoted key");
}

/// What documents are made of as people write them.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(&'static str),
    Map(Vec<(&'static str, Tree)>),
    List(Vec<Tree>),
}

const KEYS: [&str; 7] = ["name", "a", "b.c/d", "on", "1", "null", "x-y"];

const LEAVES: [&str; 20] = [
    "cart",
    "a b",
    "0x1F",
    "1_000",
    "~",
    "yes",
    "1.5e3",
    "''",
    "\"x y\"",
    "'a: b'",
    "[a, {b: c}, []]",
    "{a: [1, '2']}",
    "a:b # said",
    "-kernel x (y)",
    "$(POD_IP)",
    "http://x/y#z",
    "|\n%one\n%\n%  two",
    "|-\n%a: [\n\n",
    "x@y # ",
    "|\n%# no",
];

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (0..LEAVES.len()).prop_map(|at| Tree::Leaf(LEAVES[at]));
    leaf.prop_recursive(4, 32, 5, |inner| {
        let entry = ((0..KEYS.len()).prop_map(|at| KEYS[at]), inner.clone());
        prop_oneof![
            proptest::collection::vec(entry, 1..5).prop_map(Tree::Map),
            proptest::collection::vec(inner, 1..4).prop_map(Tree::List),
        ]
    })
}

/// The lines of a tree at this depth, of which the first begins where the text ends.
fn write(tree: &Tree, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match tree {
        Tree::Leaf(said) => *text += &(said.replace('%', &indent) + "\n"),
        Tree::Map(entries) => {
            for (number, (key, value)) in entries.iter().enumerate() {
                *text += &format!("{}{key}:", if number > 0 { &indent } else { "" });
                match value {
                    Tree::Leaf(said) => *text += &format!(" {}\n", said.replace('%', &format!("{indent}   "))),
                    inner => {
                        *text += &format!("\n{indent}  ");
                        write(inner, depth + 1, text);
                    }
                }
            }
        }
        Tree::List(items) => {
            for (number, item) in items.iter().enumerate() {
                *text += &format!("{}- ", if number > 0 { &indent } else { "" });
                write(item, depth + 1, text);
            }
        }
    }
}

#[test]
fn made_up_documents_are_read_as_the_parser_does() {
    let mut runner = TestRunner::new(ProptestConfig::with_cases(5_000));
    let (all, read) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let outcome = runner.run(&(tree(), 0..9_usize), |(tree, base)| {
        let mut text = String::new();
        write(&tree, 0, &mut text);
        all.set(all.get() + 1);
        read.set(read.get() + usize::from(is_read(&text, base)));
        Ok(())
    });
    outcome.unwrap();
    // A list in a list, and what is no map and no list, are the parser's.
    assert!(read.get() * 4 > all.get(), "{} of {}", read.get(), all.get());
}

/// What YAML is made of.
const PIECES: [&str; 40] = [
    "", "a", "b-c", "1", "x y", "~", "on", "<<", "é", ": ", ":", ":\n", "\n", "\n\n", " ", "  ", "\n  ", "\n    ",
    "\t", "- ", "-", "\n- ", "\n  - ", "#", " # ", "\"", "'", "\\", "[", "]", "{", "}", ", ", ",", "|", "|-\n", ">",
    "&a ", "*a", "? ",
];

fn piece() -> impl Strategy<Value = &'static str> {
    (0..PIECES.len()).prop_map(|at| PIECES[at])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn pieces_are_read_as_the_parser_does(pieces in proptest::collection::vec(piece(), 1..12)) {
        is_read(&(pieces.concat() + "\n"), 0);
    }

    #[test]
    fn changed_documents_are_read_as_the_parser_does(
        changes in proptest::collection::vec((0..DOCUMENT.len(), 0..4_usize, piece()), 1..4),
    ) {
        let mut text = DOCUMENT.replace("'b':", "b:");
        for (at, length, piece) in changes {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, piece);
            }
        }
        for document in documents(&text) {
            is_read(&text[document.clone()], document.start);
        }
    }
}
