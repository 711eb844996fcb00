//! Nothing that can be written may harm the reader, and spans must be true.

use beamgate::manifest::source::{Origin, Source};
use beamgate::manifest::{comments, yaml};
use beamgate::world::node::{Node, Span, Value};
use proptest::prelude::*;

const REAL: &[&str] = &[
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels: {app: web, 'tier': \"b\\tc\"}\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n      - name: web # it's\n        command: [\"sh\", -c, 'exec x']\n        env:\n        - {name: A, value: \"é→1\"}\n        - name: B\n          value: |-\n            one\n              two\n\n            three\n",
    "base: &base\n  a: 1\n  b: [x, y]\nweb:\n  <<: *base\n  c: *base\n  d: &s \"multi\n    line\"\n  e: *s\n",
    "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"a\": null, \"b\": [1.5e3, true, {}]}]}\n",
    "---\na: >+\n  folded\n  text\n\n---\n? k\n: v\n...\n%YAML 1.1\n---\nplain\n  over lines\n",
    "ключ:\r\n- значение\r\n- [\r\n日本,\r\n\"x\ny\"\r\n]\r\n-\tz\r\n",
];

/// All spans of a tree; those of scalars with the scalar.
fn spans<'n>(node: &'n Node<'_>, found: &mut Vec<(Span, Option<&'n Node<'n>>)>) {
    match &node.value {
        Value::Map(entries) => {
            found.push((node.span, None));
            for entry in entries {
                found.push((entry.key_span, None));
                spans(&entry.node, found);
            }
        }
        Value::List(items) => {
            found.push((node.span, None));
            items.iter().for_each(|item| spans(item, found));
        }
        _ => found.push((node.span, Some(node))),
    }
}

/// Reads all documents of a text and holds what it got against the text.
fn hold(text: &str) -> Result<(), TestCaseError> {
    let mut end = 0;
    for document in yaml::documents(text) {
        prop_assert!(document.start >= end && text.get(document.clone()).is_some());
        end = document.end;
        match yaml::parse(text, document.clone()) {
            Ok(Some(parsed)) => {
                let mut found = Vec::new();
                spans(&parsed.root, &mut found);
                for (span, scalar) in found {
                    let slice = text.get(span.start as usize..span.end as usize);
                    let slice = slice.ok_or_else(|| TestCaseError::fail(format!("{span:?} of {text:?}")))?;
                    scalar.map_or(Ok(()), |scalar| says(slice, scalar, text))?;
                }
            }
            Ok(None) => {}
            Err(error) => prop_assert!(text.get(error.span.start as usize..error.span.end as usize).is_some()),
        }
        let (checked, parsed) = (yaml::check(text, document.clone()), yaml::parse(text, document));
        prop_assert!(checked.is_ok() || parsed.is_err(), "{:?}", text);
    }
    let source = Source::new("x", Origin::Stream, text.to_owned());
    for comment in comments::comments(&source) {
        prop_assert!(source.slice(comment.span).starts_with('#'));
    }
    Ok(())
}

/// The bytes of a scalar say the scalar. Block scalars need their indentation, plain ones over several lines their
/// surroundings, and tags stand outside.
fn says(slice: &str, scalar: &Node<'_>, text: &str) -> Result<(), TestCaseError> {
    let many_lines = slice.contains(['\n', '\r']) && !slice.starts_with(['"', '\'']);
    if slice.starts_with(['|', '>']) || many_lines || text.contains('!') {
        return Ok(());
    }
    let alone = format!(" {slice}");
    let alone = yaml::parse(&alone, 0..alone.len()).ok().flatten().map_or(Value::Null, |parsed| parsed.root.value);
    // What may stand in brackets may not always stand alone.
    let inside = format!("[{slice}]");
    let inside = yaml::parse(&inside, 0..inside.len()).ok().flatten().map(|parsed| parsed.root);
    let inside = inside.as_ref().and_then(|root| root.items().first()).map(|item| &item.value);
    prop_assert!(
        alone == scalar.value || inside == Some(&scalar.value),
        "{slice:?} is not {:?} in {text:?}",
        scalar.value
    );
    Ok(())
}

/// Pieces that YAML is made of, for texts that get further than noise does.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "[",
        "]",
        "{",
        "}",
        ",",
        ": ",
        ":",
        "\"",
        "'",
        "|\n",
        ">-\n",
        "&a ",
        "*a",
        "<<: ",
        "#",
        " # c",
        "---\n",
        "...\n",
        "\t",
        "\r\n",
        "\r",
        "é",
        "→",
        "\u{feff}",
        "? ",
        "!!str ",
        "1",
        "0x1F",
        "~",
        "\\",
        "\\u00e9",
        "%",
        "\0",
        "# beamgate: ignore[BG204] x",
        "key: [\n",
        "]\n",
        "x: \"y\nz\"\n",
        "\u{2028}",
        "- - ",
        "yes",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Real YAML with some bytes replaced by pieces.
fn mutated() -> impl Strategy<Value = String> {
    let cuts = prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, pieces()), 1..4);
    (prop::sample::select(REAL.to_vec()), cuts).prop_map(|(text, cuts)| {
        let mut text: Vec<char> = text.chars().collect();
        for (at, length, piece) in cuts {
            let at = at.index(text.len() + 1);
            let end = text.len().min(at + length);
            text.splice(at..end, piece.chars().take(6));
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_harmless(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        hold(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn pieces_of_yaml_are_harmless(text in pieces()) {
        hold(&text)?;
    }

    #[test]
    fn broken_manifests_are_harmless(text in mutated()) {
        hold(&text)?;
    }
}

#[test]
fn real_manifests_hold() {
    for text in REAL {
        hold(text).unwrap();
    }
}
