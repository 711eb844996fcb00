//! A StatefulSet that runs, and has to be made again: the printed commands, one after the other.

use serde_json::Value;

use super::{Advised, bare};
use crate::app::{Kind, NAMESPACE};
use crate::cluster::{self, feed_kubectl};
use crate::observe::{Fate, Observation, Subject};
use crate::parts::Seen;
use crate::pod::replace_word;
use crate::stage::{self, Scene};

pub(super) const HEAD: &str = "\
## A StatefulSet that is made again

The bare app ran before; then came the lines for the app, and the printed commands.

| strategy | commands | seen |
|---|---|---|
";

/// What stands among the commands for what was written.
const APPLY: &str = "apply it";

pub(super) fn play(seen: &mut Seen) {
    let advised = Advised::all(Kind::StatefulSet);
    for one in advised.iter().filter(|one| one.guide) {
        let [then] = one.then.as_slice() else {
            seen.expect(false, format!("{}: {:?} are to be done", one.title(), one.then));
            continue;
        };
        let fate = follow(one, then);
        seen.expect(fate == Fate::Forms, format!("{}: it {fate}", one.title()));
        seen.row([&one.strategy, &format!("`{then}`"), &fate.to_string()]);
    }
}

/// Runs the bare app, and does to it what is printed.
fn follow(one: &Advised, then: &str) -> Fate {
    let number = stage::first_namespace();
    let namespace = stage::namespace(number);
    let mut scene = Scene { title: one.title(), manifest: bare::manifest(one.kind), ..Scene::default() };
    stage::prepare(std::slice::from_ref(&scene), number);
    cluster::install_podinfo(&namespace);
    apply(&scene.manifest, &namespace);
    let subject = Subject { kind: "StatefulSet".to_owned(), name: "cart".to_owned(), replicas: 2, declared: true };
    cluster::until("the bare app runs", || observe(&subject, &namespace).all_ran());

    scene.images.push(one.image());
    stage::prepare(&[scene], number);
    for command in then.split("; ") {
        match command.strip_prefix("kubectl ") {
            Some(rest) => {
                let rest = replace_word(rest, NAMESPACE, &namespace);
                cluster::succeed(&rest.split(' ').collect::<Vec<_>>());
            }
            None => {
                assert_eq!(command, APPLY);
                apply(&one.manifest, &namespace);
            }
        }
    }
    let rolled = ["rollout", "status", "statefulset/cart", "--timeout=120s", "--namespace", &namespace];
    cluster::succeed(&rolled);
    cluster::until("the app that is made again forms", || observe(&subject, &namespace).formed());
    let fate = observe(&subject, &namespace).fate();
    stage::end(&namespace);
    fate
}

fn apply(manifest: &str, namespace: &str) {
    feed_kubectl(&["apply", "-f", "-"], &stage::moved(manifest, namespace));
}

fn observe(subject: &Subject, namespace: &str) -> Observation {
    let pods: Vec<Value> = cluster::get(&["pods", "--namespace", namespace]);
    Observation::new(subject, &pods)
}
