//! Puts apps on the cluster, many at a time, and watches each until its fate is settled.
//!
//! Every app gets a namespace of its own, and its clock runs from the moment when all its pods have run: whoever has
//! formed leaves at once, whoever has not stays [`PATIENCE`] more, and the next comes in for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::NAMESPACE;
use crate::cluster::{self, kubectl};
use crate::observe::{Fate, Observation, Subject, are_together};
use crate::pod::replace_word;

/// An app that does not see all its peers after this does not form: eighteen polls of libcluster.
const PATIENCE: Duration = Duration::from_secs(90);

/// An app whose pods have not all run after this never will, busy as the machine is.
const START: Duration = Duration::from_secs(120);

/// A pod that has not run after this is stuck rather than booting.
const BOOT: Duration = Duration::from_secs(40);

/// A cluster that formed and falls apart again in the next two polls has not formed.
const STEADY: Duration = Duration::from_secs(10);

/// How often pods are looked at.
const POLL: Duration = Duration::from_secs(3);

/// Pods at a time.
const PODS: usize = 100;

/// Pods that boot at a time. An Erlang node takes a second of a processor to boot and next to nothing afterwards: with
/// more of them none would be done in time.
const BOOTING: usize = 12;

/// What runs pods. Bare pods are the last: those of the others are gone with them.
const KINDS: &str = "deployments,statefulsets,daemonsets,jobs,cronjobs,pods";

/// An app, as its files have it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    /// For people: `204-service-without-ports/bad`.
    pub(crate) title: String,
    /// Its objects, all in [`NAMESPACE`].
    pub(crate) manifest: String,
    /// What is in the images of its apps.
    pub(crate) images: Vec<Image>,
    /// Whether its workloads are to be one cluster, where that is asked.
    pub(crate) together: Option<bool>,
}

/// Files that an app brings along in its image: here they are mounted at `/etc/image`.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    /// The app, by its label `app.kubernetes.io/name`.
    pub(crate) app: String,
    /// `env.sh` and `runtime.exs`, with what they say.
    pub(crate) files: Vec<(&'static str, String)>,
}

/// What became of it.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// What the API server said, if it refused something.
    pub(crate) refused: Option<String>,
    /// What the kubelet said of pods that never ran.
    events: Option<String>,
    /// Its workloads.
    pub(crate) workloads: Vec<Observation>,
    namespace: String,
}

impl Outcome {
    /// What became of the workloads that were taken and declare a strategy: the worst.
    pub(crate) fn played(&self) -> Option<Fate> {
        judged(&self.workloads).map(Observation::fate).max()
    }

    /// What became of all of it: nothing is worse than to be refused.
    pub(crate) fn fate(&self) -> Fate {
        self.played().filter(|_| self.refused.is_none()).unwrap_or(Fate::Refused)
    }

    /// Whether the nodes of all its workloads are one cluster.
    pub(crate) fn together(&self) -> bool {
        are_together(judged(&self.workloads))
    }

    /// All that was logged, or said by the API server and the kubelet, in the words of the manifest.
    pub(crate) fn log(&self) -> String {
        let logs = self.workloads.iter().map(Observation::log);
        self.normalise(&logs.chain(self.refused.clone()).chain(self.events.clone()).collect::<String>())
    }

    /// What the nodes of a workload call themselves, in the words of the manifest.
    pub(crate) fn names(&self, workload: &Observation) -> BTreeSet<String> {
        workload
            .pods
            .iter()
            .flat_map(|pod| pod.answers.iter().map(|name| self.as_written(&pod.normalise(name))))
            .collect()
    }

    /// The nodes of a workload that call themselves otherwise than this, each in the words of its own pod: a node that is
    /// called by the address of another is one of them.
    pub(crate) fn names_other_than(&self, workload: &Observation, name: &str) -> BTreeSet<String> {
        let others = workload.pods.iter().flat_map(|pod| {
            let expected = pod.normalise(name);
            let own = pod.answers.iter().map(|name| self.as_written(&pod.normalise(name)));
            own.filter(move |own| *own != expected)
        });
        others.collect()
    }

    /// A text in the words of the manifest, whose namespace was replaced.
    pub(crate) fn as_written(&self, text: &str) -> String {
        replace_word(text, &self.namespace, NAMESPACE)
    }

    /// Takes what differs from run to run out of a text: addresses, the names of pods, the namespace.
    pub(crate) fn normalise(&self, text: &str) -> String {
        let pods = self.workloads.iter().flat_map(|workload| &workload.pods);
        let text = pods.fold(text.to_owned(), |text, pod| pod.normalise(&text));
        without_cluster_ips(&self.as_written(&text))
    }
}

/// Takes the addresses of Services out of a text.
fn without_cluster_ips(text: &str) -> String {
    let mut parts = text.split("10.96.");
    let first = parts.next().unwrap_or_default().to_owned();
    let is_address = |c: char| c.is_ascii_digit() || c == '.';
    parts.fold(first, |all, part| all + "{cluster-ip}" + part.trim_start_matches(is_address))
}

/// The workloads that declare a strategy; all of them, where none does.
pub(crate) fn judged(workloads: &[Observation]) -> impl Iterator<Item = &Observation> {
    let any = workloads.iter().any(|one| one.subject.declared);
    workloads.iter().filter(move |one| one.subject.declared || !any)
}

/// An app on the cluster.
struct Playing {
    scene: usize,
    namespace: String,
    subjects: Vec<Subject>,
    refused: Option<String>,
    since: Instant,
    ran: Option<Instant>,
    formed: Option<Instant>,
    together: Option<bool>,
}

/// Plays all scenes; the outcomes are in their order.
pub(crate) fn play(scenes: &[Scene]) -> Vec<Outcome> {
    play_and_tell(scenes, |_, _| {})
}

/// Plays all scenes, and tells of each as soon as its fate is settled: a long run that is ended has not been for nothing.
pub(crate) fn play_and_tell(scenes: &[Scene], mut tell: impl FnMut(usize, &Outcome)) -> Vec<Outcome> {
    let first = first_namespace();
    prepare(scenes, first);
    cluster::install_podinfo(&namespace(first));
    let start = Instant::now();
    let mut waiting: VecDeque<usize> = (0..scenes.len()).collect();
    let mut playing: Vec<Playing> = Vec::new();
    let mut outcomes: Vec<Option<Outcome>> = scenes.iter().map(|_| None).collect();
    while !waiting.is_empty() || !playing.is_empty() {
        while has_room(&playing) {
            let Some(scene) = waiting.pop_front() else { break };
            playing.push(Playing::begin(scene, &scenes[scene], namespace(first + scene)));
        }
        // A busy API server is asked again.
        let Some(pods) = cluster::try_get(&["pods", "--all-namespaces"]) else { continue };
        let mut index = 0;
        while index < playing.len() {
            match playing[index].watch(&pods) {
                Some(outcome) => {
                    let done = playing.swap_remove(index);
                    let left = waiting.len() + playing.len();
                    let seconds = start.elapsed().as_secs();
                    println!("{seconds:5} s  {:4} to go  {}: {}", left, scenes[done.scene].title, outcome.fate());
                    tell(done.scene, &outcome);
                    outcomes[done.scene] = Some(outcome);
                    end(&done.namespace);
                }
                None => index += 1,
            }
        }
        std::thread::sleep(POLL);
    }
    outcomes.into_iter().map(Option::unwrap).collect()
}

fn has_room(playing: &[Playing]) -> bool {
    let pods = |one: &Playing| one.subjects.iter().map(|subject| subject.replicas).sum::<usize>();
    let is_booting = |one: &&Playing| one.ran.is_none() && one.since.elapsed() < BOOT;
    let booting = playing.iter().filter(is_booting).map(pods).sum::<usize>();
    booting < BOOTING && playing.iter().map(pods).sum::<usize>() < PODS
}

/// The first number of a namespace that no run before had, whose pods are taken away if it was interrupted.
///
/// Namespaces are deleted with the cluster: to delete a hundred of them takes minutes.
pub(crate) fn first_namespace() -> usize {
    let used = cluster::get(&["namespaces", "-l", "proof=yes"]);
    let number =
        |object: &Value| usize::from_str_radix(object["metadata"]["name"].as_str()?.strip_prefix('z')?, 36).ok();
    let is_ours = |pod: &Value| used.iter().any(|one| one["metadata"]["name"] == pod["metadata"]["namespace"]);
    for pod in cluster::get(&["pods", "--all-namespaces"]).iter().filter(|pod| is_ours(pod)) {
        end(pod["metadata"]["namespace"].as_str().unwrap_or_default());
    }
    used.iter().filter_map(number).max().map_or(0, |last| last + 1)
}

/// `z000`, as long as [`NAMESPACE`].
pub(crate) fn namespace(number: usize) -> String {
    let digit = |n: usize| char::from_digit(u32::try_from(n % 36).unwrap(), 36).unwrap();
    format!("z{}{}{}", digit(number / 1296), digit(number / 36), digit(number))
}

/// Takes the pods of a namespace away.
pub(crate) fn end(namespace: &str) {
    kubectl(&["delete", KINDS, "--all", "--namespace", namespace, "--wait=false"], "");
}

/// What no manifest brings: the namespaces, the Secrets (nobody commits those), and what is in the images.
pub(crate) fn prepare(scenes: &[Scene], first: usize) {
    let mut objects = Vec::new();
    for (number, scene) in scenes.iter().enumerate() {
        let namespace = namespace(first + number);
        objects.push(json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {"proof": "yes"}}}));
        for (name, cookie) in [("cart-cookie", "from-the-secret"), ("worker-cookie", "from-another-secret")] {
            objects.push(json!({"apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": name, "namespace": namespace}, "stringData": {"cookie": cookie}}));
        }
        for Image { app, files } in &scene.images {
            let data: BTreeMap<_, _> = files.iter().map(|(name, text)| (name, moved(text, &namespace))).collect();
            objects.push(json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": format!("image-env-{app}"), "namespace": namespace}, "data": data}));
        }
    }
    cluster::prepare(&json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string());
}

/// A manifest, for another namespace than the one that it names.
pub(crate) fn moved(manifest: &str, namespace: &str) -> String {
    replace_word(manifest, NAMESPACE, namespace)
}

impl Playing {
    fn begin(number: usize, scene: &Scene, namespace: String) -> Self {
        let manifest = moved(&scene.manifest, &namespace).replace("replicas: 3", "replicas: 2");
        let output = kubectl(&["apply", "-o", "json", "-f", "-"], &manifest);
        // Of a manifest that is refused in part, `apply` prints nothing.
        let applied: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let objects = match applied["items"].as_array() {
            Some(items) => items.clone(),
            None if output.status.success() => vec![applied],
            None => cluster::get(&["deployments,statefulsets,daemonsets,jobs", "--namespace", &namespace]),
        };
        let refused = (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned());
        Self {
            scene: number,
            subjects: objects.iter().filter_map(Subject::read).collect(),
            refused,
            namespace,
            since: Instant::now(),
            ran: None,
            formed: None,
            together: scene.together,
        }
    }

    /// Looks at its pods; what became of them, once that is settled.
    fn watch(&mut self, pods: &[Value]) -> Option<Outcome> {
        let own: Vec<Value> =
            pods.iter().filter(|pod| pod["metadata"]["namespace"] == self.namespace.as_str()).cloned().collect();
        let mut workloads: Vec<Observation> = self.subjects.iter().map(|one| Observation::new(one, &own)).collect();
        // Whoever joins has to have had the time.
        let jobs = workloads.iter().filter(|one| one.subject.kind == "Job");
        if self.ran.is_none() && judged(&workloads).chain(jobs).all(Observation::all_ran) {
            self.ran = Some(Instant::now());
        }
        let is_joined = self.together != Some(true) || are_together(judged(&workloads));
        if is_joined && judged(&workloads).all(Observation::formed) {
            self.formed.get_or_insert_with(Instant::now);
        } else {
            self.formed = None;
        }
        if !self.is_settled() {
            return None;
        }
        workloads.iter_mut().for_each(Observation::probe);
        let never_ran = workloads.iter().any(|one| one.fate() == Fate::Pending);
        Some(Outcome {
            refused: self.refused.clone(),
            events: never_ran.then(|| self.events()),
            workloads,
            namespace: self.namespace.clone(),
        })
    }

    fn events(&self) -> String {
        let events = cluster::get(&["events", "-n", &self.namespace]);
        events.iter().filter_map(|event| Some(event["message"].as_str()?.to_owned() + "\n")).collect()
    }

    fn is_settled(&self) -> bool {
        let over = |since: Option<Instant>, time: Duration| since.is_some_and(|since| since.elapsed() >= time);
        // Those that are to stay apart have as long to find each other as all others.
        let steady = if self.together == Some(false) { PATIENCE } else { STEADY };
        let stands = self.ran.is_some() && over(self.formed, steady);
        let failed = self.formed.is_none() && over(self.ran, PATIENCE);
        // What forms and falls apart again and again is not waited for any longer.
        let flaps = over(self.ran, PATIENCE * 2);
        let never_ran = self.ran.is_none() && self.since.elapsed() >= START;
        self.subjects.is_empty() || stands || failed || flaps || never_ran
    }
}
