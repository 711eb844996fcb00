//! A load that does not let up: what a busy cluster would ask while something happens to the webhook.
//!
//! It is bounded in number, and it asks this cluster alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use kube::api::{Api, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use kube::{Client, discovery::ApiResource};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::admission::{Calls, labelled_pod};
use crate::cluster::{self, succeed};
use crate::parts::Seen;

/// What each asks at most, whatever happens.
const MOST: usize = 20_000;

/// Where it makes pods.
pub(crate) const NAMESPACE: &str = "load";

/// What is asked for, again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    /// Pods that lack their name, as a dry run: the injector is asked.
    DryPod,
    /// Pods that lack their name: they are kept, and nobody schedules them.
    Pod,
    /// Deployments that declare a strategy, as a dry run: the validator is asked.
    Deployment,
    /// Pods without the label: nobody is asked.
    Unlabelled,
}

/// Who asks, and how long each waits between two questions.
const ASKERS: [(Asked, Duration); 7] = [
    (Asked::DryPod, Duration::from_millis(30)),
    (Asked::DryPod, Duration::from_millis(40)),
    (Asked::DryPod, Duration::from_millis(50)),
    (Asked::DryPod, Duration::from_millis(60)),
    (Asked::Pod, Duration::from_millis(300)),
    (Asked::Deployment, Duration::from_millis(100)),
    (Asked::Unlabelled, Duration::from_millis(100)),
];

/// A load that goes on.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    askers: JoinHandle<Tally>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How often something was asked for.
    pub(crate) asked: BTreeMap<Asked, usize>,
    /// What was refused, and why.
    pub(crate) refused: BTreeMap<Asked, BTreeSet<String>>,
    /// How many pods were made, or would have been, without what their name needs.
    pub(crate) bare: usize,
    /// How many have asked as often as they may, and were no load from then on.
    tired: usize,
}

impl Load {
    /// Begins.
    pub(crate) fn begin() -> Self {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        cluster::prepare(&namespace.to_string());
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let askers = std::thread::spawn(move || {
            let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(ask_all(&stopped))
        });
        Self { stop, askers }
    }

    /// Ends, and looks at the pods that were made.
    pub(crate) fn end(self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut tally = self.askers.join().unwrap();
        let pods = cluster::get(&["pods", "--namespace", NAMESPACE]);
        tally.bare += pods.iter().filter(|pod| is_labelled(pod) && is_bare(pod)).count();
        succeed(&["delete", "pods", "--all", "--namespace", NAMESPACE, "--grace-period=0", "--force", "--wait=false"]);
        tally
    }
}

async fn ask_all(stop: &Arc<AtomicBool>) -> Tally {
    let client = Client::try_default().await.unwrap();
    let askers = ASKERS.map(|(asked, pause)| tokio::spawn(ask(client.clone(), asked, pause, Arc::clone(stop))));
    let mut all = Tally::default();
    for asker in askers {
        all.add(asker.await.unwrap());
    }
    all
}

async fn ask(client: Client, asked: Asked, pause: Duration, stop: Arc<AtomicBool>) -> Tally {
    let kind = match asked {
        Asked::Deployment => GroupVersionKind::gvk("apps", "v1", "Deployment"),
        _ => GroupVersionKind::gvk("", "v1", "Pod"),
    };
    let api: Api<DynamicObject> = Api::namespaced_with(client, NAMESPACE, &ApiResource::from_gvk(&kind));
    let how = PostParams { dry_run: asked != Asked::Pod, ..PostParams::default() };
    let object: DynamicObject = serde_json::from_value(object(asked)).unwrap();
    let mut tally = Tally::default();
    for _ in 0..MOST {
        if stop.load(Ordering::Relaxed) {
            return tally;
        }
        *tally.asked.entry(asked).or_default() += 1;
        match api.create(&how, &object).await {
            Ok(made) => {
                let made = serde_json::to_value(made).unwrap();
                tally.bare += usize::from(made["kind"] == "Pod" && is_labelled(&made) && is_bare(&made));
            }
            Err(why) => {
                tally.refused.entry(asked).or_default().insert(why.to_string());
            }
        }
        tokio::time::sleep(pause).await;
    }
    tally.tired = 1;
    tally
}

fn object(asked: Asked) -> Value {
    let mut pod = labelled_pod(NAMESPACE);
    pod["metadata"].as_object_mut().unwrap().remove("name");
    pod["metadata"]["generateName"] = json!("load-");
    pod["spec"]["schedulerName"] = json!("nobody");
    match asked {
        Asked::DryPod | Asked::Pod => pod,
        Asked::Unlabelled => {
            pod["metadata"].as_object_mut().unwrap().remove("labels");
            pod
        }
        Asked::Deployment => {
            pod["metadata"]["labels"]["app"] = json!("load");
            json!({
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"generateName": "load-", "namespace": NAMESPACE},
                "spec": {
                    "selector": {"matchLabels": {"app": "load"}},
                    "template": {"metadata": {"labels": pod["metadata"]["labels"], "annotations": pod["metadata"]["annotations"]},
                        "spec": {"containers": pod["spec"]["containers"]}},
                },
            })
        }
    }
}

fn is_labelled(pod: &Value) -> bool {
    pod["metadata"]["labels"].get("beamgate.dev/strategy").is_some()
}

/// Whether a pod lacks what its name needs.
fn is_bare(pod: &Value) -> bool {
    let env = pod["spec"]["containers"][0]["env"].as_array();
    !env.is_some_and(|env| env.iter().any(|variable| variable["name"] == "RELEASE_NODE"))
}

impl Tally {
    fn add(&mut self, other: Self) {
        for (asked, count) in other.asked {
            *self.asked.entry(asked).or_default() += count;
        }
        for (asked, why) in other.refused {
            self.refused.entry(asked).or_default().extend(why);
        }
        self.bare += other.bare;
        self.tired += other.tired;
    }
}

/// What a load has come to.
pub(crate) struct Told {
    tally: Tally,
    pub(crate) calls: Calls,
}

/// Does something under load.
pub(crate) fn under_load(what: impl FnOnce()) -> Told {
    let before = Calls::now();
    let load = Load::begin();
    what();
    let tally = load.end();
    Told { tally, calls: Calls::since(before) }
}

/// How many calls may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// None.
    None,
    /// Some do, and have to.
    Some,
    /// Who is killed answers nobody.
    Any,
}

impl Told {
    /// Compares with what may be seen, and adds the row.
    pub(crate) fn judge(&self, title: &str, failed: Failed, seen: &mut Seen) {
        let (failures, tally) = (self.calls.failures(), &self.tally);
        let refusals: Vec<_> = tally.refused.values().flatten().collect();
        let as_expected = match failed {
            Failed::None => failures == 0 && refusals.is_empty(),
            Failed::Some => failures > 0,
            Failed::Any => true,
        };
        seen.expect(as_expected, format!("{title}: {failures} calls failed; {refusals:?}"));
        seen.expect(tally.bare == 0, format!("{title}: {} labelled pods have no name", tally.bare));
        let unlabelled = tally.refused.contains_key(&Asked::Unlabelled);
        seen.expect(!unlabelled, format!("{title}: unlabelled pods are refused: {:?}", tally.refused));
        let asked_enough = self.calls.all > 50 && tally.asked.values().all(|count| *count > 3);
        seen.expect(tally.tired == 0, format!("{title}: it took too long: {} have ceased to ask", tally.tired));
        seen.expect(asked_enough, format!("{title}: that was no load: {:?}, {:?}", tally.asked, self.calls));
        let said = match failed {
            Failed::None => "0",
            Failed::Some => "some",
            Failed::Any => "those on their way",
        };
        seen.row([title, said, "0", "0"]);
    }
}
