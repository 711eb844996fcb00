//! Whatever a pod looks like: the patch applies, changes nothing that was written, and a second time does nothing.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod injecting;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

use ::json_patch::PatchOperation;
use beamgate::cli::fix::FixArgs;
use beamgate::cli::session::InputArgs;
use beamgate::fix::{json_patch, model};
use beamgate::inject::Plan;
use beamgate::trace::{Agreement, Trace};
use beamgate::world::World;
use beamgate::world::facts::Facts;
use beamgate::world::node::Node;
use beamgate::world::object::Object;
use beamgate::world::pod::{EnvVar, PodTemplate};
use injecting::random::pods;
use injecting::{Injected, settings};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// What was written, once what was injected is taken out again, and the order that moved inputs had.
fn without_ours(before: &Value, after: &Value) -> Value {
    let mut pod = after.clone();
    let annotations = pod["metadata"]["annotations"].as_object_mut().unwrap();
    annotations.remove("beamgate.dev/injected");
    for list in ["initContainers", "containers"] {
        let Some(containers) = pod["spec"].get_mut(list).and_then(Value::as_array_mut) else { continue };
        containers.retain(|container| container["name"] != "beamgate-node-name");
        for (number, container) in containers.iter_mut().enumerate() {
            let written = &before["spec"][list][number]["env"];
            container["env"] = restored(written, &container["env"]);
        }
        if containers.is_empty() {
            pod["spec"].as_object_mut().unwrap().remove(list);
        }
    }
    pod["spec"].as_object_mut().unwrap().remove("volumes");
    pod
}

/// Every entry that was written, which must all be there still.
fn restored(before: &Value, after: &Value) -> Value {
    let Some(written) = before.as_array() else { return before.clone() };
    let mut left = after.as_array().cloned().unwrap_or_default();
    let take = |entry: &Value| left.iter().position(|one| one == entry).map(|found| left.remove(found));
    json!(written.iter().filter_map(take).collect::<Vec<_>>())
}

/// All containers but ours.
fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainers", "containers"].into_iter().filter_map(|list| pod["spec"][list].as_array());
    lists.flatten().filter(|container| container["name"] != "beamgate-node-name")
}

/// The variables that were moved in a container, as the pod says: `cart: POD_IP (moved) RELEASE_NODE`.
fn moved(pod: &Value, container: &Value) -> BTreeSet<String> {
    let said = pod["metadata"]["annotations"]["beamgate.dev/injected"].as_str().unwrap_or_default();
    let prefix = format!("{}: ", container["name"].as_str().unwrap());
    let ours = said.split("; ").filter_map(|one| one.strip_prefix(prefix.as_str()));
    let words: Vec<&str> = ours.flat_map(|done| done.split(' ')).collect();
    words.windows(2).filter(|pair| pair[1] == "(moved)").map(|pair| pair[0].to_owned()).collect()
}

/// The entries that stayed where they were.
fn left(env: &Value, moved: &BTreeSet<String>) -> Vec<Value> {
    let stayed = |entry: &&Value| !moved.contains(entry["name"].as_str().unwrap());
    env.as_array().into_iter().flatten().filter(stayed).cloned().collect()
}

fn names(env: &Value) -> Vec<String> {
    env.as_array().into_iter().flatten().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

/// A model without the indices at which things were written.
fn model(mut pod: PodTemplate) -> String {
    for container in &mut pod.containers {
        container.at = beamgate::place::Pointer::root();
        container.env = container.env.iter().map(|var| EnvVar::new(var.name.clone(), var.source.clone())).collect();
    }
    pod.annotations.sort();
    format!("{pod:?}")
}

fn read(pod: &Value) -> Object {
    let mut object = Object::read(&Node::of_json(pod), "", &[]).unwrap();
    object.namespace = Some("shop".to_owned());
    object
}

/// A cluster on which the webhook runs.
fn by_webhook() -> InputArgs {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/116-relies-on-injection/beamgate.toml");
    InputArgs { config: Some(config), ..InputArgs::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn injected_once_is_injected(pod in pods(), name_files in any::<bool>()) {
        let settings = settings(name_files);
        let once = Injected::with(&pod, &settings);
        let twice = Injected::with(&once.pod, &settings);
        prop_assert!(twice.answer.patch.is_none(), "{}", serde_json::to_string_pretty(&twice.answer.patch).unwrap());
        prop_assert!(once.answer.warnings.iter().all(|warning| warning.chars().count() <= 120));
    }

    #[test]
    fn what_was_written_stays(pod in pods(), name_files in any::<bool>()) {
        let injected = Injected::with(&pod, &settings(name_files));
        prop_assert_eq!(without_ours(&pod, &injected.pod), pod.clone());
        let mut moves = 0;
        for (container, after) in containers(&pod).zip(containers(&injected.pod)) {
            let moved = moved(&injected.pod, container);
            moves += moved.len();
            let (before, after) = (&container["env"], &after["env"]);
            let twice = |env: &Value| names(env).len() - names(env).into_iter().collect::<BTreeSet<_>>().len();
            prop_assert_eq!(twice(before), twice(after), "defined twice");
            let stayed = left(after, &moved);
            let mut rest = stayed.iter();
            prop_assert!(left(before, &moved).iter().all(|entry| rest.any(|one| one == entry)), "out of order");
        }
        let is_move = |op: &&PatchOperation| matches!(op, PatchOperation::Move(_));
        prop_assert_eq!(moves, injected.answer.patch.iter().flat_map(|patch| &patch.0).filter(is_move).count());
    }

    /// The model that is judged is that of the object which is sent.
    #[test]
    fn both_back_ends_do_the_same(pod in pods(), name_files in any::<bool>()) {
        let settings = settings(name_files);
        let injected = Injected::with(&pod, &settings);
        let object = read(&pod);
        let written = object.workload().unwrap();
        let plan = Plan::of(&object, written, &settings.facts);
        // What is sent was planned of the parts that are read alone.
        let patch = json_patch::patch(&Node::of_json(&pod), &written.template, &plan.edits).unwrap();
        prop_assert_eq!(injected.answer.patch.map_or(vec![], |patch| patch.0), patch.0);
        let changed = model::apply(&written.template, &plan.edits);
        prop_assert_eq!(model(changed), model(read(&injected.pod).workload().unwrap().template.clone()));
    }

    /// A name that is injected is the one that is dialled, and what is judged is what will run.
    #[test]
    fn what_is_injected_is_what_is_dialled(pod in pods(), name_files in any::<bool>()) {
        let injected = Injected::with(&pod, &settings(name_files));
        let is_ours = |pod: &Value| names(&pod["spec"]["containers"][0]["env"]).contains(&"RELEASE_NODE".to_owned());
        if is_ours(&pod) || !is_ours(&injected.pod) {
            return Ok(());
        }
        let facts = Facts { injection: true, name_files, ..Facts::default() };
        for pod in [&pod, &injected.pod] {
            let world = World::new(vec![read(pod)], facts.clone());
            let (object, workload) = world.workloads().next().unwrap();
            let trace = Trace::of(&world, object, workload);
            prop_assert!(matches!(trace.agreement(), Agreement::Same), "{:?}", trace.agreement());
        }
    }
}

/// What is written into a file is what is sent as a patch, in the same order, but for what no name is made of.
#[test]
fn the_file_and_the_patch_come_to_the_same() {
    let written = Cell::new(0);
    let config = ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&pods(), |mut pod| {
        pod["metadata"]["namespace"] = json!("shop");
        pod["metadata"]["name"] = json!("cart-0");
        let text = beamgate::manifest::write::yaml(&pod, None);
        let args = FixArgs { input: by_webhook(), select: vec!["BG116".to_owned()], ..FixArgs::default() };
        let fixed = beamgate::cli::fix::text(&text, &args).unwrap();
        if fixed != text {
            written.set(written.get() + 1);
            let fixed = beamgate::manifest::yaml::parse(&fixed, 0..fixed.len()).unwrap().unwrap().root.to_json();
            same_environments(&pod, &fixed, &Injected::of(&pod).pod)?;
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(written.get() > 50, "{} of 512 say anything", written.get());
}

/// Whether the environments that were written into a file are those that were sent; the rule writes that of the node alone.
fn same_environments(before: &Value, fixed: &Value, sent: &Value) -> Result<(), TestCaseError> {
    for ((before, fixed), sent) in containers(before).zip(containers(fixed)).zip(containers(sent)) {
        if fixed["env"] == before["env"] {
            continue;
        }
        let is_written = |entry: &&Value| names(&fixed["env"]).iter().any(|name| entry["name"] == *name);
        let sent: Vec<&Value> = sent["env"].as_array().into_iter().flatten().filter(is_written).collect();
        prop_assert_eq!(fixed["env"].as_array().into_iter().flatten().collect::<Vec<_>>(), sent);
    }
    Ok(())
}
