//! The exported policies on a cluster without the webhook: the API server compiles them, types them, and is the judge.
//!
//! Each part is a file. What it sees goes into a table of `docs/policies-proofs.md`, without what differs from run to run.

mod applied;
mod cost;
mod edits;
mod fixtures;
mod forms;

use crate::admission::{labelled_pod, try_out};
use crate::cluster::{self, kubectl};
use crate::parts::{Part, Suite};

const SUITE: Suite = Suite {
    name: "policies",
    page: "policies-proofs.md",
    head: "\
# The policies on a real cluster

`policies/` as it is on a real Kubernetes cluster, without the webhook.
",
    parts: &[
        Part { name: "applied", head: applied::HEAD, play: applied::play },
        Part { name: "fixtures", head: fixtures::HEAD, play: fixtures::play },
        Part { name: "edits", head: edits::HEAD, play: edits::play },
        Part { name: "cost", head: cost::HEAD, play: cost::play },
        Part { name: "forms", head: forms::HEAD, play: forms::play },
    ],
};

/// Plays the parts of these names, or all. `--keep` leaves the policies on the cluster.
pub(crate) fn run(arguments: &[String]) -> Vec<String> {
    let parts = SUITE.choose(arguments);
    let _installed = Installed::new(arguments.iter().any(|argument| argument == "--keep"));
    SUITE.play(&parts)
}

/// The folder that is applied.
fn folder() -> String {
    cluster::root().join("policies").to_str().unwrap().to_owned()
}

/// The policies on the cluster: gone with this, unless they are to be kept.
struct Installed {
    keep: bool,
}

impl Installed {
    /// Puts them there, and waits until the API server has read all of them, which it does when it likes.
    fn new(keep: bool) -> Self {
        let installed = Self { keep };
        cluster::succeed(&["apply", "-f", &folder()]);
        let mut wrong = labelled_pod("default");
        wrong["metadata"]["labels"]["beamgate.dev/strategy"] = "Kubernetes.Dns".into();
        cluster::until("errors are denied", || try_out(&wrong).is_err_and(|why| why.contains("BG002")));
        cluster::until("warnings are given", || {
            try_out(&labelled_pod("default"))
                .is_ok_and(|given| given.warnings.iter().any(|line| line.contains("BG602")))
        });
        cluster::until("names are given", || {
            try_out(&labelled_pod("default")).is_ok_and(|given| given.object.to_string().contains("cart@$(MY_POD_IP)"))
        });
        installed
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        if !self.keep {
            kubectl(&["delete", "-f", &folder(), "--ignore-not-found"], "");
        }
    }
}

/// The rules that an answer of the API server names, those that deny and those that warn.
fn named(answer: &str) -> (Vec<String>, Vec<String>) {
    let codes = |is_warning: bool| {
        let lines = answer.lines().filter(|line| line.starts_with("Warning: Validation failed") == is_warning);
        let words = lines.flat_map(|line| line.split(' ').zip(line.split(' ').skip(1)));
        // `BG101 long-name-needs-name:`, not the address of the page.
        let titles = words.filter(|(code, slug)| code.len() == 5 && code.starts_with("BG") && slug.ends_with(':'));
        let mut codes: Vec<String> = titles.map(|(code, _)| code.to_owned()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    };
    (codes(false), codes(true))
}

/// `denied BG301; warned BG601`, or nothing.
fn summary(answer: &str) -> String {
    let (denied, warned) = named(answer);
    let parts = [("denied", denied), ("warned", warned)].into_iter().filter(|(_, codes)| !codes.is_empty());
    parts.map(|(word, codes)| format!("{word} {}", codes.join(","))).collect::<Vec<_>>().join("; ")
}
