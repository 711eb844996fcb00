//! The bytes of values and keys, exactly.
#![allow(clippy::expect_used)] // in a helper of tests, which the lint does not know as a test

use beamgate::manifest::yaml;
use beamgate::world::node::{Node, Span};

/// The value at a path of keys and positions, and the bytes of its key if it has one.
fn at<'n, 's>(root: &'n Node<'s>, path: &str) -> (&'n Node<'s>, Option<Span>) {
    path.split('/').filter(|step| !step.is_empty()).fold((root, None), |(node, _), step| match step.parse::<usize>() {
        Ok(index) => (&node.items()[index], None),
        Err(_) => node.entry(step).map(|entry| (&entry.node, Some(entry.key_span))).expect(step),
    })
}

#[test]
fn values_say_where_they_are() {
    for (text, path, value, key) in [
        ("a: 1 # x\nb: 2\n", "", "a: 1 # x\nb: 2", ""),
        ("a: 1 # x\nb: 2\n", "a", "1", "a"),
        ("'a' : \"b\"   # \"c\"\n", "a", "\"b\"", "'a'"),
        ("a: !!str &x 'b'\n", "a", "'b'", "a"),
        ("a: &x {b: [c, d] } # e\n", "a", "{b: [c, d] }", "a"),
        ("a: &x {b: [c, d] } # e\n", "a/b", "[c, d]", "b"),
        ("a:\n- x\n- y: 1\n  z: 2\nb: 3\n", "a", "- x\n- y: 1\n  z: 2", "a"),
        ("a:\n- x\n- y: 1\n  z: 2\nb: 3\n", "a/1", "y: 1\n  z: 2", ""),
        ("a: # c\n  - - x\n    - y\n  - z\n", "a", "- - x\n    - y\n  - z", "a"),
        ("a: # c\n  - - x\n    - y\n  - z\n", "a/0", "- x\n    - y", ""),
        ("a: |- # c\n  x\n  y\n\nb: 1\n", "a", "|- # c\n  x\n  y", "a"),
        ("- >\n  x\n- &a !t |\n  y\n", "0", ">\n  x", ""),
        ("- >\n  x\n- &a !t |\n  y\n", "1", "|\n  y", ""),
        ("a: x\n  y\nb: 1\n", "a", "x\n  y", "a"),
        ("a: &x {b: 1}\nc: *x\nd: 2\n", "c", "{b: 1}", "c"),
        ("a: &x {b: 1}\nc: *x\n", "", "a: &x {b: 1}\nc: *x", ""),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  e: 1\n", "c", "<<: *x\n  e: 1", "c"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  e: 1\n", "c/b", "1", "b"),
        ("# ä\nä: [\n\"ö\",\n]\nb: ü # é\n", "ä", "[\n\"ö\",\n]", "ä"),
        ("# ä\nä: [\n\"ö\",\n]\nb: ü # é\n", "ä/0", "\"ö\"", ""),
        ("# ä\nä: [\n\"ö\",\n]\nb: ü # é\n", "b", "ü", "b"),
        ("{\"a\": {\"b\": [1, null]}}", "a/b/1", "null", ""),
        ("{\"a\": \"\\ud83d\\ude00\"}", "a", "\"\\ud83d\\ude00\"", "\"a\""),
    ] {
        let parsed = yaml::parse(text, 0..text.len()).unwrap().unwrap();
        let (node, key_span) = at(&parsed.root, path);
        let slice = |span: Span| &text[span.start as usize..span.end as usize];
        assert_eq!((slice(node.span), key_span.map_or("", slice)), (value, key), "{path} of {text:?}");
    }
}

#[test]
fn what_was_left_out_is_where_it_would_be() {
    for (text, path, offset) in
        [("a:\nb: 1\n", "a", 2), ("a: \n  b :\n", "a/b", 9), ("-\n- x\n-", "0", 1), ("-\n- x\n-", "2", 7)]
    {
        let parsed = yaml::parse(text, 0..text.len()).unwrap().unwrap();
        let (node, _) = at(&parsed.root, path);
        assert_eq!(node.span, Span { start: offset, end: offset }, "{path} of {text:?}");
    }
}

#[test]
fn of_duplicates_the_last_counts_and_the_others_are_noted() {
    let text = "a: 1\nb: 2\na: 3\n";
    let parsed = yaml::parse(text, 0..text.len()).unwrap().unwrap();
    assert_eq!(parsed.root.text("a").as_deref(), Some("3"));
    let notes: Vec<_> = parsed.notes.iter().map(|note| (note.span.start, note.text.as_str())).collect();
    assert_eq!(notes, [(0, "`a` is set again below, and that counts")]);
}
