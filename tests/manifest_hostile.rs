//! Input that means harm: bounded in time, in memory and in depth.

use std::time::{Duration, Instant};

use beamgate::manifest::yaml;
use beamgate::world::node::Value;

/// Reads a text, which must not take long even in a debug build on a busy machine.
fn read(name: &str, text: &str) -> Result<usize, String> {
    let began = Instant::now();
    let mut documents = 0;
    let mut failed = None;
    for document in yaml::documents(text) {
        documents += 1;
        let checked = yaml::check(text, document.clone());
        let parsed = yaml::parse(text, document);
        assert!(checked.is_ok() || parsed.is_err(), "{name}");
        failed = failed.or(parsed.err().map(|error| error.message));
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(30), "{name} took {took:?}");
    failed.map_or(Ok(documents), Err)
}

#[test]
fn depth_is_limited() {
    let deep = "maps and lists nest more than 200 deep";
    let block: String = (0..500).map(|level| format!("{:level$}a:\n", "")).collect();
    for (name, text) in [
        ("flow lists", "[".repeat(10_000)),
        ("flow maps", "{a: ".repeat(10_000)),
        ("dashes", "- ".repeat(10_000)),
        ("questions", "? ".repeat(10_000)),
        ("block maps", block),
        ("closed flow", format!("{}{}", "[".repeat(201), "]".repeat(201))),
    ] {
        let error = read(name, &text).unwrap_err();
        let known = [deep, "recursion limit exceeded", "a map key must be a scalar"];
        assert!(known.contains(&error.as_str()), "{name}: {error}");
    }
    assert_eq!(read("deep enough", &format!("{}{}", "[".repeat(200), "]".repeat(200))), Ok(1));
    assert_eq!(read("deep by dashes", &format!("{}a\n", "- ".repeat(200))), Ok(1));
}

#[test]
fn aliases_are_limited() {
    let laughs = |word: &str| {
        let mut text = format!("a0: &a0 [{word}]\n");
        for level in 1..30 {
            let above = format!("*a{} ", level - 1);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![above; 9].join(", ")));
        }
        text
    };
    let large = "aliases make this document far larger than it looks";
    assert_eq!(read("billion laughs", &laughs("lol")), Err(large.to_owned()));
    let word = format!("\"{}\\n\"", "x".repeat(100_000));
    assert_eq!(read("large laughs", &laughs(&word)), Err(large.to_owned()));

    let mut deeper = "a0: &a0 [x]\n".to_owned();
    for level in 1..200 {
        deeper.push_str(&format!("a{level}: &a{level} [[[*a{} ]]]\n", level - 1));
    }
    assert_eq!(read("deeper by aliases", &deeper), Err("maps and lists nest more than 200 deep".to_owned()));

    let merges: String =
        (1..40).map(|level| format!("m{level}: &m{level}\n  <<: [*m{0}, *m{0}]\n", level - 1)).collect();
    assert_eq!(read("merges", &format!("m0: &m0 {{a: 1}}\n{merges}")), Ok(1));
}

#[test]
fn size_alone_does_no_harm() {
    let keys: String = (0..100_000).map(|number| format!("k{number}: v\n")).collect();
    let duplicates = "k: v\n".repeat(100_000);
    let documents = "---\na: 1\n".repeat(50_000);
    for (name, text) in [
        ("keys", keys),
        ("duplicates", duplicates),
        ("documents", documents),
        ("long plain", format!("a: {}\n", "x ".repeat(1_000_000))),
        ("long quoted", format!("a: \"{}\"\n", "é\\n".repeat(500_000))),
        ("long block", format!("a: |\n{}", "  x\n".repeat(500_000))),
        ("long comment", format!("a: 1 # {}\n", "#".repeat(2_000_000))),
        ("blank lines", format!("a:{}1\n", "\n  ".repeat(500_000))),
        ("unicode", format!("ä:\n{}", "- é\n".repeat(100_000))),
        ("stars", format!("a: &a 1\nb:\n{}", "- *a\n".repeat(100_000))),
        ("anchors", format!("a:\n{}- *a\n", "- &a x\n".repeat(100_000))),
    ] {
        assert!(read(name, &text).is_ok(), "{name}: {:?}", read(name, &text));
    }
}

#[test]
fn repairs_are_limited() {
    let few: String = (0..50).map(|number| format!("a{number}: [\n{number}\n]\n")).collect();
    let document = yaml::documents(&few).remove(0);
    let parsed = yaml::parse(&few, document).unwrap().unwrap();
    assert!(matches!(&parsed.root.value, Value::Map(entries) if entries.len() == 50));
    let many: String = (0..20_000).map(|number| format!("a{number}: [\n{number}\n]\n")).collect();
    drop(read("many", &many));
    drop(read("never closed", &"a: [\n".repeat(20_000)));
    drop(read("quotes", &"a: \"\n\n\"\n".repeat(20_000)));
}

#[test]
fn endless_flow_is_refused_before_it_fills_the_memory() {
    let text = format!("[{}]", "1,".repeat(2_000_000));
    assert_eq!(read("flow", &text), Err("more lists and maps in one document than can be read".to_owned()));
}

/// What looks like the beginning of something, as often as there is room for.
#[test]
fn values_full_of_dollars_are_judged() {
    for piece in ["$1", "$$", "$(", "${A", "$`", "$X ", "{{"] {
        let value = format!("a@{}", piece.repeat(100_000 / piece.len()));
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: cart\n  labels: {{beamgate.dev/strategy: Kubernetes.DNS}}\n\
             spec:\n  containers:\n    - name: cart\n      env:\n        - name: X\n          value: '{value}'\n        \
             - name: RELEASE_NODE\n          value: '{value}'\n"
        );
        let report = beamgate::cli::lint::report(std::path::Path::new("-"), &mut text.as_bytes()).unwrap();
        assert_eq!(report.workloads.len(), 1, "{piece}");
    }
}
