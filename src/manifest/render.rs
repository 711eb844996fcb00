//! Charts and kustomizations to manifests, by the tools that are installed.
//!
//! They run without plugins, without `exec` and without a network, for 20 seconds at most, and what they print is
//! bounded.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::read::{self, ReadError};

/// How long a tool may take.
const TIME: Duration = Duration::from_secs(20);
/// How often to look whether it is done.
const PAUSE: Duration = Duration::from_millis(5);

/// The tools that render, as far as there are any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tools {
    /// `helm`.
    pub helm: Option<PathBuf>,
    /// `kustomize`.
    pub kustomize: Option<PathBuf>,
    /// `kubectl`, which contains kustomize.
    pub kubectl: Option<PathBuf>,
}

impl Tools {
    /// No tools: nothing is rendered.
    pub fn none() -> Self {
        Self::default()
    }

    /// The tools on the `PATH`.
    pub fn on_path() -> Self {
        Self::among(&std::env::var_os("PATH").unwrap_or_default())
    }

    /// The tools in these folders.
    pub fn among(path: &std::ffi::OsStr) -> Self {
        let find = |name: &str| std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file());
        Self { helm: find("helm"), kustomize: find("kustomize"), kubectl: find("kubectl") }
    }

    /// What `helm template` makes of a chart.
    pub fn chart(&self, folder: &Path) -> Result<String, RenderError> {
        let helm = self.helm.as_ref().ok_or(RenderError::Missing("helm"))?;
        let mut command = Command::new(helm);
        command.arg("template").arg(release(folder)).arg(folder).arg("--skip-tests");
        run(command, TIME)
    }

    /// What kustomize makes of a folder.
    pub fn kustomization(&self, folder: &Path) -> Result<String, RenderError> {
        let (tool, verb) = match (&self.kustomize, &self.kubectl) {
            (Some(kustomize), _) => (kustomize, "build"),
            (None, Some(kubectl)) => (kubectl, "kustomize"),
            (None, None) => return Err(RenderError::Missing("kustomize")),
        };
        let mut command = Command::new(tool);
        command.arg(verb).arg(folder);
        run(command, TIME)
    }
}

/// Why there is no rendered text.
#[derive(Debug, Error)]
pub enum RenderError {
    /// The tool is not installed.
    #[error("{0} is not installed")]
    Missing(&'static str),
    /// It could not be started.
    #[error("it could not be run: {0}")]
    Start(#[from] std::io::Error),
    /// It took too long.
    #[error("it took more than {} seconds", TIME.as_secs())]
    Slow,
    /// It failed and said why.
    #[error("it failed: {0}")]
    Failed(String),
    /// What it printed cannot be used.
    #[error("its output {0}")]
    Output(#[from] ReadError),
}

/// How long Helm lets the name of a release be.
const RELEASE: usize = 53;

/// The name of a chart's release: that of its folder, as far as Helm takes it.
fn release(folder: &Path) -> String {
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = name.chars().map(plain).skip_while(|c| *c == '-').take(RELEASE).collect();
    let name = name.trim_end_matches('-');
    if name.is_empty() { "release".to_owned() } else { name.to_owned() }
}

/// Runs a tool that reads nothing, reaches nothing and is killed when it takes too long.
fn run(mut command: Command, time: Duration) -> Result<String, RenderError> {
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        // Port 9 discards: whoever asks for a network gets a refusal instead of an answer.
        command.env(proxy, "http://127.0.0.1:9");
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy").env("GIT_ALLOW_PROTOCOL", "none").env("KUBECONFIG", "");
    command.env("HELM_NO_PLUGINS", "1").env("HELM_PLUGINS", "").env("KUSTOMIZE_PLUGIN_HOME", "");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let printed = collect(child.stdout.take());
    let complaints = collect(child.stderr.take());
    let until = Instant::now() + time;
    let outcome = wait(&mut child, until);
    if outcome.is_err() {
        // Killing fails only if it has ended by itself; waiting leaves no zombie.
        drop(child.kill());
        drop(child.wait());
    }
    let success = outcome?;
    let rest = || until.saturating_duration_since(Instant::now()).max(PAUSE);
    if !success {
        let said = complaints.recv_timeout(rest()).ok().and_then(Result::ok).unwrap_or_default();
        return Err(RenderError::Failed(reason(&said)));
    }
    Ok(printed.recv_timeout(rest()).map_err(|_| RenderError::Slow)??)
}

/// Reads a pipe in a thread of its own, so that neither pipe fills up while the other is read. The thread is not
/// joined: a grandchild may hold the pipe open for ever.
fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<Result<String, ReadError>> {
    let (sender, receiver) = channel();
    if let Some(pipe) = pipe {
        // Nobody waits for the answer any more if the tool was killed.
        std::thread::spawn(move || drop(sender.send(read::stream(pipe, 0))));
    }
    receiver
}

fn wait(child: &mut Child, until: Instant) -> Result<bool, RenderError> {
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(status.success()),
            None if Instant::now() > until => return Err(RenderError::Slow),
            None => std::thread::sleep(PAUSE),
        }
    }
}

/// The line that says why a tool failed: warnings may come before it, and advice after it. kubectl says it in a log line.
fn reason(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_error = |line: &&str| line.to_ascii_lowercase().contains("error");
    let line = lines().find(is_error).or_else(|| lines().next_back()).unwrap_or("without a word");
    let line = line.split_once(" err=\"").map_or(line, |(_, error)| error.trim_end_matches('"'));
    line.chars().take(REASON).collect()
}

/// How long a reason may be.
const REASON: usize = 200;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str, time: u64) -> Result<String, RenderError> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script);
        run(command, Duration::from_millis(time))
    }

    #[test]
    fn the_name_of_a_release_is_one_that_helm_takes() {
        for (folder, name) in [
            ("charts/cart", "cart"),
            ("charts/MongooseIM", "mongooseim"),
            ("my_chart.", "my-chart"),
            ("..", "release"),
            ("__", "release"),
        ] {
            assert_eq!(release(Path::new(folder)), name);
        }
        assert_eq!(release(Path::new(&"x".repeat(60))).len(), RELEASE);
    }

    #[test]
    fn the_reason_is_the_error_and_not_a_warning_above_it() {
        for (said, why) in [
            ("# Warning: 'x' is deprecated.\nError: no such file\n", "Error: no such file"),
            ("# Warning: y\nE1126 run.go:72] \"command failed\" err=\"error in remove\"\n", "error in remove"),
            ("Error: uuid must be set\n\nUse --debug flag\n", "Error: uuid must be set"),
            ("one\ntwo\n\n", "two"),
            ("\n", "without a word"),
        ] {
            assert_eq!(reason(said), why);
        }
    }

    #[test]
    fn tools_are_bounded() {
        assert_eq!(sh("echo a; echo b >&2", 2000).unwrap(), "a\n");
        assert!(matches!(sh("echo; echo no >&2; exit 3", 2000), Err(RenderError::Failed(said)) if said == "no"));
        assert!(matches!(sh("sleep 60", 50), Err(RenderError::Slow)));
        assert!(matches!(sh("yes", 20_000), Err(RenderError::Output(ReadError::TooLarge) | RenderError::Failed(_))));
        assert_eq!(sh("echo $HTTPS_PROXY", 2000).unwrap(), "http://127.0.0.1:9\n");
    }
}
