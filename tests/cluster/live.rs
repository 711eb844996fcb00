//! `lint --with-cluster` and `trace --with-cluster` on the real cluster: a split app, formed ones, and somebody who may not see all.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::app::NAMESPACE;
use crate::cluster::{self, feed, feed_kubectl, root, succeed, until};
use crate::observe::{Observation, Subject};
use crate::stage::{self, Scene};

/// The apps: one whose nodes have other names than are dialled, the same mended, and one that asks DNS.
const APPS: [(&str, &str); 3] = [
    ("split", "tests/rules/301-name-mismatch/bad.yaml"),
    ("formed", "tests/rules/301-name-mismatch/fixed.yaml"),
    ("formed by DNS", "tests/rules/204-service-without-ports/good.yaml"),
];

/// What the account may list; neither Services nor anything outside of its namespace.
const RULES: &str = "[
    {apiGroups: [apps], resources: [deployments, statefulsets, daemonsets], verbs: [list]},
    {apiGroups: [batch], resources: [jobs, cronjobs], verbs: [list]},
    {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [list]},
    {apiGroups: [networking.k8s.io], resources: [networkpolicies], verbs: [list]},
    {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: [list]},
    {apiGroups: [''], resources: [pods, serviceaccounts], verbs: [list]}]";

/// An app on the cluster.
struct App {
    title: &'static str,
    namespace: String,
    subject: Subject,
}

/// Says what is not as it ought to be.
pub(crate) fn run() -> Vec<String> {
    let scenes = APPS.map(|(title, file)| Scene {
        title: title.to_owned(),
        manifest: fs::read_to_string(root().join(file)).unwrap().replace("replicas: 3", "replicas: 2"),
        ..Scene::default()
    });
    let first = stage::first_namespace();
    stage::prepare(&scenes, first);
    cluster::install_podinfo(&stage::namespace(first));
    let apps: Vec<App> =
        (0..).zip(&scenes).map(|(number, scene)| put(scene, &stage::namespace(first + number))).collect();
    for app in &apps {
        until(&format!("every node of the app that is {} says its name", app.title), || all_answer(&app.trace().0));
    }
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, what: &str, seen: &dyn std::fmt::Display| {
        if !holds {
            wrong.push(format!("{what}: {seen}"));
        }
    };
    the_split_one(&apps[0], &mut expect);
    apps[1..].iter().for_each(|app| a_formed_one(app, &mut expect));
    the_mended_file(&apps[0], &mut expect);
    who_may_not_see_all(&apps, &mut expect);
    apps.iter().for_each(|app| stage::end(&app.namespace));
    wrong
}

/// What is expected, by what name, and what was seen.
type Expect<'e> = dyn FnMut(bool, &str, &dyn std::fmt::Display) + 'e;

fn put(scene: &Scene, namespace: &str) -> App {
    let applied = feed_kubectl(&["apply", "-o", "json", "-f", "-"], &stage::moved(&scene.manifest, namespace));
    let applied: Value = serde_json::from_str(&applied).unwrap();
    let subject = applied["items"].as_array().unwrap().iter().find_map(Subject::read).unwrap();
    let title = APPS.iter().find(|(title, _)| *title == scene.title).unwrap().0;
    App { title, namespace: namespace.to_owned(), subject }
}

impl App {
    /// The pods, as they and their logs are now.
    fn observe(&self) -> Observation {
        Observation::new(&self.subject, &cluster::get(&["pods", "-n", &self.namespace]))
    }

    fn lint(&self, options: &[&str]) -> (Value, Option<i32>) {
        parsed(&beamgate(&[&["lint", "--with-cluster", "-n", &self.namespace, "--format", "json"], options].concat()))
    }

    fn trace(&self) -> (Value, Option<i32>) {
        parsed(&beamgate(&["trace", "--with-cluster", "-n", &self.namespace, "--format", "json"]))
    }
}

fn beamgate(arguments: &[&str]) -> Output {
    feed(Command::new(env!("CARGO_BIN_EXE_beamgate")).args(arguments), "")
}

fn parsed(output: &Output) -> (Value, Option<i32>) {
    let complaint = String::from_utf8_lossy(&output.stderr);
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {complaint}"));
    (said, output.status.code())
}

fn members(trace: &Value) -> &[Value] {
    trace["workloads"][0]["now"]["members"].as_array().map_or(&[], Vec::as_slice)
}

fn all_answer(trace: &Value) -> bool {
    let answers = |member: &Value| member["answers"].as_array().is_some_and(|names| !names.is_empty());
    let is_found = |member: &Value| member["found"] == true;
    members(trace).len() == 2 && members(trace).iter().all(|member| answers(member) && is_found(member))
}

/// Each pod is judged with its workload, and the names are those that the nodes log and report.
fn the_split_one(app: &App, expect: &mut Expect<'_>) {
    let (report, code) = app.lint(&[]);
    let titles: Vec<&Value> = report["workloads"].as_array().unwrap().iter().map(|workload| &workload["ref"]).collect();
    expect(
        titles == [&json!(format!("StatefulSet {}/cart", app.namespace))],
        "the workload, and none of its pods",
        &report,
    );
    expect(report["workloads"][0]["verdict"] == "breaks" && code == Some(1), "the split app breaks", &report);
    let finding = &report["findings"][0];
    expect(finding["code"] == "BG301" && finding["severity"] == "error", "it breaks by its name", &report);
    expect(report["cluster"]["unread"] == json!([]), "all may be read", &report);

    let (trace, code) = app.trace();
    let mismatch = &trace["workloads"][0]["now"]["mismatch"];
    expect(mismatch["step"] == "named" && mismatch["others"] == 1 && code == Some(1), "the first mismatch", &trace);
    // A node that was up first asks for the other again after five seconds.
    let dialled = |log: &str| members(&trace).iter().all(|member| log.contains(member["dials"].as_str().unwrap()));
    until("the nodes log whom they dial", || dialled(&app.observe().log()));
    let mut seen = app.observe();
    seen.probe();
    let log = seen.log();
    for member in members(&trace) {
        let (dialled, answered) = (member["dials"].as_str().unwrap(), member["answers"][0].as_str().unwrap());
        expect(
            log.contains(&format!("unable to connect to :\"{dialled}\"")),
            "what is dialled is what is logged",
            &trace,
        );
        expect(
            seen.pods.iter().any(|pod| pod.answers.contains(answered)),
            "what is answered is what a peer hears",
            &trace,
        );
    }
    expect(!seen.formed(), "the split app has formed", &log);
}

fn a_formed_one(app: &App, expect: &mut Expect<'_>) {
    let title = app.title;
    let (report, code) = app.lint(&[]);
    expect(report["workloads"][0]["verdict"] == "forms" && code == Some(0), &format!("lint: {title}"), &report);
    let (trace, code) = app.trace();
    let now = &trace["workloads"][0]["now"];
    expect(
        now["mismatch"].is_null() && now["unknown"].is_null() && code == Some(0),
        &format!("trace: {title}"),
        &trace,
    );
    expect(members(&trace).iter().all(|member| member["agrees"] == true), &format!("the names: {title}"), &trace);
    expect((now["instead_of_dns"] == true) == title.contains("DNS"), &format!("who was asked: {title}"), &trace);
    until(&format!("the app that is {title} has formed"), || app.observe().formed());
}

/// The file stands for the StatefulSet; its Role and its account are the cluster's.
fn the_mended_file(app: &App, expect: &mut Expect<'_>) {
    let mended = fs::read_to_string(root().join(APPS[1].1)).unwrap();
    let file = temporary("mended.yaml");
    fs::write(&file, stage::moved(mended.split("---\n").last().unwrap(), &app.namespace)).unwrap();
    let (report, code) = app.lint(&[file.to_str().unwrap()]);
    expect(report["workloads"][0]["verdict"] == "forms" && code == Some(0), "the file, on the cluster", &report);
    let (report, _) = parsed(&beamgate(&["lint", file.to_str().unwrap(), "--format", "json"]));
    expect(report["workloads"][0]["verdict"] == "open", "the file alone", &report);
}

fn who_may_not_see_all(apps: &[App], expect: &mut Expect<'_>) {
    for app in &apps[1..] {
        let config = config_of_viewer(&app.namespace);
        let (report, code) = app.lint(&["--kubeconfig", config.to_str().unwrap(), "--fail-on", "warning"]);
        // What asks no Service does not depend on what is hidden; what does is open, and nothing is an error.
        let verdict = if app.title.contains("DNS") { "open" } else { "forms" };
        expect(
            report["workloads"][0]["verdict"] == verdict,
            &format!("who may not see Services: {}", app.title),
            &report,
        );
        expect(report["findings"] == json!([]) && code == Some(0), "nothing is found in what is hidden", &report);
        let unread = report["cluster"]["unread"].as_array().unwrap();
        let gaps: Vec<&Value> = unread.iter().map(|gap| &gap["what"]).collect();
        let hidden = [json!(["ClusterRole", "ClusterRoleBinding"]), json!(["Service"])];
        expect(gaps == hidden.iter().collect::<Vec<_>>(), "each gap once", &report);
    }
    let config = config_of_viewer(&apps[1].namespace);
    let output = beamgate(&["lint", "--with-cluster", "-n", "kube-system", "--kubeconfig", config.to_str().unwrap()]);
    let complaint = String::from_utf8_lossy(&output.stderr);
    let is_said = complaint.starts_with("beamgate: no workload may be listed in namespace `kube-system`: ");
    expect(output.status.code() == Some(2) && is_said, "another namespace", &complaint);
}

/// A kubeconfig of an account that may list little.
fn config_of_viewer(namespace: &str) -> PathBuf {
    let rbac = "rbac.authorization.k8s.io";
    cluster::prepare(&format!(
        "{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: viewer, namespace: {namespace}}}}}\n---\n\
         {{apiVersion: {rbac}/v1, kind: Role, metadata: {{name: viewer, namespace: {namespace}}}, rules: {RULES}}}\n---\n\
         {{apiVersion: {rbac}/v1, kind: RoleBinding, metadata: {{name: viewer, namespace: {namespace}}},\n\
         roleRef: {{apiGroup: {rbac}, kind: Role, name: viewer}},\n\
         subjects: [{{kind: ServiceAccount, name: viewer, namespace: {namespace}}}]}}\n"
    ));
    let token = succeed(&["create", "token", "viewer", "-n", namespace]);
    let config = succeed(&["config", "view", "--raw", "--flatten", "--minify", "-o", "json"]);
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["users"][0]["user"] = json!({"token": token.trim()});
    let file = temporary(&format!("viewer-{namespace}"));
    fs::write(&file, config.to_string()).unwrap();
    file
}

fn temporary(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{NAMESPACE}-live-{name}"))
}
