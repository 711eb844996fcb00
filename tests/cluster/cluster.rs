//! The cluster that `tests/cluster/up` has booted, from inside of its namespaces.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Set for the process that runs inside.
const INSIDE: &str = "BEAMGATE_INSIDE_CLUSTER";

/// What has to come about in this time does not come about later either.
const PATIENCE: Duration = Duration::from_secs(90);

/// `kubectl` takes a second of a processor; most of the time it waits.
const AT_A_TIME: usize = 8;

/// Starts this program again in the cluster's network, so that pods can be reached and `kubectl` is the cluster's own.
pub(crate) fn enter() {
    if std::env::var_os(INSIDE).is_some() {
        return;
    }
    let enter = root().join("tests/cluster/enter");
    let program = std::env::current_exe().unwrap();
    let failed = Command::new(enter).arg(program).args(std::env::args_os().skip(1)).env(INSIDE, "yes").exec();
    panic!("tests/cluster/enter: {failed}");
}

/// The project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the containers' logs are: `<namespace>_<pod>_<uid>/<container>/<restarts>.log`.
pub(crate) fn logs() -> PathBuf {
    let state = std::env::var_os("BEAMGATE_CLUSTER").map_or_else(|| root().join("target/cluster"), PathBuf::from);
    state.join("run/logs/pods")
}

/// Runs `kubectl`, with this on its standard input.
pub(crate) fn kubectl(arguments: &[&str], input: &str) -> Output {
    feed(Command::new("kubectl").args(arguments), input)
}

/// Runs `kubectl`, which has to succeed.
pub(crate) fn succeed(arguments: &[&str]) -> String {
    feed_kubectl(arguments, "")
}

/// Runs `kubectl` with this on its standard input: it has to succeed.
pub(crate) fn feed_kubectl(arguments: &[&str], input: &str) -> String {
    let output = kubectl(arguments, input);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {}: {complaint}", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command with this on its standard input.
pub(crate) fn feed(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What `kubectl get` says of these kinds.
pub(crate) fn get(arguments: &[&str]) -> Vec<Value> {
    try_get(arguments).unwrap_or_else(|| panic!("kubectl get {arguments:?} fails"))
}

/// What `kubectl get` says of these kinds, if the API server answers in time.
pub(crate) fn try_get(arguments: &[&str]) -> Option<Vec<Value>> {
    let output = kubectl(&[&["get", "--request-timeout=20s", "-o", "json"], arguments].concat(), "");
    let mut list: Value = serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success())?;
    match list["items"].take() {
        Value::Array(items) => Some(items),
        _ => Some(vec![list]),
    }
}

/// Applies what has to be there for the apps to run: it must succeed.
pub(crate) fn prepare(manifest: &str) {
    let output = kubectl(&["apply", "-f", "-"], manifest);
    assert!(output.status.success(), "{}\n{manifest}", String::from_utf8_lossy(&output.stderr));
}

/// Installs the policy that gives the test app its pod's annotations, and waits until it does so in this namespace: the
/// API server reads policies when it likes.
pub(crate) fn install_podinfo(namespace: &str) {
    prepare(&fs::read_to_string(root().join("tests/cluster/podinfo.yaml")).unwrap());
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "is-it-there", "namespace": namespace},
        "spec": {"containers": [{"name": "app", "image": "cluster-demo:1"}]}});
    for _ in 0..60 {
        let made = kubectl(&["create", "--dry-run=server", "-o", "json", "-f", "-"], &pod.to_string());
        if String::from_utf8_lossy(&made.stdout).contains("podinfo") {
            return;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    panic!("tests/cluster/podinfo.yaml has no effect");
}

/// Waits for something that has to come about.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it never comes about that {what}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Does something with each of many, some at a time, and keeps their order. Of two that wait for the cluster, neither waits for
/// the other.
pub(crate) fn each<T: Sync, R: Send>(many: &[T], what: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let size = many.len().div_ceil(AT_A_TIME).max(1);
    std::thread::scope(|scope| {
        let what = &what;
        let parts: Vec<_> =
            many.chunks(size).map(|part| scope.spawn(move || part.iter().map(what).collect::<Vec<R>>())).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}
