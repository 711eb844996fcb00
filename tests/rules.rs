//! Every rule says what its fixtures expect, and nothing else.
//!
//! `tests/rules/<code>-<slug>/expect.toml` lists, for each YAML file beside it, the findings as `"BG204 error"`. Each file
//! is an input of its own. `RULE=204 cargo test --test rules` runs one directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use beamgate::manifest::yaml;
use beamgate::rules::judge;
use beamgate::world::World;
use beamgate::world::facts::Facts;
use beamgate::world::object::Object;

fn directories() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let wanted = std::env::var("RULE").unwrap_or_default();
    let mut found: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir() && path.file_name().unwrap().to_string_lossy().starts_with(&wanted));
    found.sort();
    found
}

fn lint(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut objects = Vec::new();
    for document in yaml::split::documents(&text) {
        let Some(parsed) = yaml::parse(&text, document).unwrap() else { continue };
        objects.extend(Object::read(&parsed.root, "", &[]));
    }
    let world = World::new(objects, Facts::default());
    let judged = judge(&world).into_iter().flat_map(|judged| judged.findings);
    let mut found: Vec<String> = judged.map(|finding| format!("{} {}", finding.rule.id(), finding.severity)).collect();
    found.sort();
    found
}

#[test]
fn fixtures_find_what_they_expect() {
    let mut wrong = String::new();
    for directory in directories() {
        let expected = fs::read_to_string(directory.join("expect.toml")).unwrap();
        let expected: BTreeMap<String, Vec<String>> = toml::from_str(&expected).unwrap();
        for (name, mut expected) in expected {
            expected.sort();
            let found = lint(&directory.join(format!("{name}.yaml")));
            if found != expected {
                let directory = directory.file_name().unwrap().to_string_lossy();
                wrong += &format!("{directory}/{name}.yaml: expected {expected:?}, found {found:?}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
