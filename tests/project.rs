//! The project above the manifests: how far it is looked for, and when it is left alone.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use beamgate::report::Report;
use beamgate::report::model::WorkloadVerdict;
use beamgate::rules::finding::Verdict;

/// A repository of its own, which goes with the test.
struct Repository(PathBuf);

impl Repository {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("beamgate-project-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("app/.git")).unwrap();
        let repository = Self(path);
        repository.write("app/k8s/cart.yaml", include_str!("cmd/project.in/cart/k8s/cart.yaml"));
        repository
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.0.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn report(&self) -> Report {
        beamgate::cli::lint::report(&self.0.join("app/k8s"), &mut std::io::empty()).unwrap()
    }

    fn tells_of(&self, what: &str) -> bool {
        self.report().notices.iter().any(|notice| notice.text.contains(what))
    }

    /// Whether the name is known, and so what was read.
    fn is_read(&self) -> bool {
        let report = self.report();
        let verdict = &report.workloads[0].verdict;
        let told = report.notices.iter().filter(|notice| notice.text.starts_with("read ")).count();
        let is_read = *verdict == WorkloadVerdict::Forms;
        assert!(is_read || *verdict == WorkloadVerdict::Open, "{verdict:?}");
        assert_eq!(told, usize::from(is_read), "{:?}", report.notices);
        is_read
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const MIX: &str = include_str!("cmd/project.in/cart/mix.exs");
const ENV_SH: &str = include_str!("cmd/project.in/cart/rel/env.sh.eex");

#[test]
fn nothing_is_looked_for_outside_of_the_repository() {
    let repository = Repository::new("outside");
    repository.write("mix.exs", MIX);
    repository.write("rel/env.sh.eex", ENV_SH);
    assert!(!repository.is_read());
    repository.write("app/mix.exs", MIX);
    assert!(!repository.is_read(), "the templates are beside another mix.exs");
    repository.write("app/rel/env.sh.eex", ENV_SH);
    assert!(repository.is_read());
}

#[test]
fn links_out_of_the_repository_are_not_followed() {
    let repository = Repository::new("links");
    repository.write("app/mix.exs", MIX);
    repository.write("elsewhere.sh", ENV_SH);
    fs::create_dir_all(repository.0.join("app/rel")).unwrap();
    symlink("../../elsewhere.sh", repository.0.join("app/rel/env.sh.eex")).unwrap();
    assert!(!repository.is_read());
    repository.write("app/scripts/env.sh", ENV_SH);
    fs::remove_file(repository.0.join("app/rel/env.sh.eex")).unwrap();
    symlink("../scripts/env.sh", repository.0.join("app/rel/env.sh.eex")).unwrap();
    assert!(repository.is_read(), "a link inside is");
}

#[test]
fn what_is_no_small_file_is_not_read() {
    let repository = Repository::new("large");
    repository.write("app/mix.exs", MIX);
    repository.write("app/rel/env.sh.eex", &format!("{ENV_SH}{}", "#\n".repeat(1 << 17)));
    assert!(!repository.is_read());
    fs::remove_file(repository.0.join("app/rel/env.sh.eex")).unwrap();
    fs::create_dir_all(repository.0.join("app/rel/env.sh.eex")).unwrap();
    assert!(!repository.is_read());
}

#[test]
fn a_file_that_cannot_be_read_leaves_the_name_open_and_is_told_of() {
    let repository = Repository::new("unread");
    let of_pod = "            - name: RELEASE_DISTRIBUTION\n              value: name\n            - name: RELEASE_NODE\n              value: cart@$(POD_IP)\n            - name: RELEASE_COOKIE";
    let cart = include_str!("cmd/project.in/cart/k8s/cart.yaml");
    repository.write("app/k8s/cart.yaml", &cart.replace("            - name: RELEASE_COOKIE", of_pod));
    repository.write("app/mix.exs", MIX);
    fs::create_dir_all(repository.0.join("app/rel")).unwrap();
    let file = repository.0.join("app/rel/env.sh.eex");
    fs::write(&file, b"# gr\xfc\xdfe\nexport RELEASE_NODE=till@$POD_IP\n").unwrap();
    assert!(!repository.is_read());
    assert!(repository.tells_of("env.sh.eex was not read"));
    fs::remove_file(&file).unwrap();
    assert_eq!(repository.report().workloads[0].verdict, WorkloadVerdict::Forms);
    repository.write("app/rel/env.sh.eex", ENV_SH);
    repository.write("app/mix.exs", "defmodule Cart do\n def project do [\n");
    assert!(!repository.is_read());
    assert!(repository.tells_of("mix.exs was not read"));
    repository
        .write("app/mix.exs", &MIX.replace("app: :cart", &format!("x: {}1,\n      app: :cart", "!".repeat(50_000))));
    assert!(!repository.is_read());
    assert!(repository.tells_of("it is nested too deeply to be read (line "));
}

#[test]
fn what_another_app_runs_is_not_this_projects() {
    let repository = Repository::new("another");
    let other = include_str!("cmd/project.in/cart/k8s/cart.yaml").replace("/cart:", "/till:");
    repository.write("app/k8s/cart.yaml", &other.replace("        beamgate.dev/basename: cart\n", ""));
    repository.write("app/mix.exs", MIX);
    repository.write("app/rel/env.sh.eex", "export RELEASE_DISTRIBUTION=name\nexport RELEASE_NODE=tool@127.0.0.1\n");
    let report = repository.report();
    assert!(report.notices.is_empty(), "{:?}", report.notices);
    assert!(
        report.findings.iter().all(|finding| finding.rule.code == 3 || finding.verdict != Verdict::Refuted),
        "{:?}",
        report.findings
    );
}

#[test]
fn a_script_that_gives_way_may_do_so_to_the_image() {
    let repository = Repository::new("gives-way");
    repository.write("app/mix.exs", MIX);
    let script = "export RELEASE_DISTRIBUTION=name\nexport RELEASE_NODE=\"${RELEASE_NODE:-cart@127.0.0.1}\"\n";
    repository.write("app/rel/env.sh.eex", script);
    assert_eq!(repository.report().workloads[0].verdict, WorkloadVerdict::Open);
}

#[test]
fn flags_that_the_release_does_not_read_are_not_taken_for_its_own() {
    let repository = Repository::new("vm-args");
    let cart = include_str!("cmd/project.in/cart/k8s/cart.yaml");
    repository.write("app/mix.exs", MIX);
    repository.write("app/rel/env.sh.eex", ENV_SH);
    repository.write("app/rel/vm.args.eex", "-sname cart\n");
    assert!(!repository.report().findings.is_empty(), "it is read");
    assert!(repository.tells_of("vm.args.eex for"));
    let mount =
        "          volumeMounts:\n            - name: s\n              mountPath: /app/releases/1.0.0/vm.args\n";
    for more in [
        "          env:\n            - name: RELEASE_VM_ARGS\n              value: /etc/vm.args\n",
        &format!("{mount}          env:\n"),
    ] {
        repository.write("app/k8s/cart.yaml", &cart.replace("          env:\n", more));
        assert_eq!(repository.report().workloads[0].verdict, WorkloadVerdict::Open, "{more}");
        assert!(repository.tells_of("read ") && !repository.tells_of("vm.args.eex"), "{more}");
    }
    repository.write("app/k8s/cart.yaml", cart);
    repository.write("app/rel/env.sh.eex", &format!("{ENV_SH}export RELEASE_VM_ARGS=$RELEASE_ROOT/vm.k8s.args\n"));
    assert_eq!(repository.report().workloads[0].verdict, WorkloadVerdict::Open);
    repository.write("app/rel/vm.args.eex", "+P 1000\n");
    assert_eq!(repository.report().workloads[0].verdict, WorkloadVerdict::Forms);
}

#[test]
fn where_an_umbrella_and_its_app_both_have_releases_neither_is_taken() {
    let repository = Repository::new("umbrella");
    let umbrella = "defmodule Shop do\n  def project, do: [apps_path: \"apps\", releases: [cart: []]]\nend\n";
    repository.write("app/mix.exs", umbrella);
    repository.write("app/rel/env.sh.eex", ENV_SH);
    repository.write("app/apps/cart/mix.exs", MIX);
    fs::rename(repository.0.join("app/k8s"), repository.0.join("app/apps/cart/k8s")).unwrap();
    symlink("apps/cart/k8s", repository.0.join("app/k8s")).unwrap();
    assert!(repository.is_read(), "that of the umbrella");
    repository.write("app/apps/cart/rel/env.sh.eex", ENV_SH);
    assert!(!repository.is_read());
}

#[test]
fn an_image_may_set_what_a_script_that_was_found_leaves_out() {
    let repository = Repository::new("distribution");
    repository.write("app/mix.exs", MIX);
    repository.write("app/rel/env.sh.eex", &ENV_SH.replace("export RELEASE_DISTRIBUTION=name\n", ""));
    let report = repository.report();
    assert!(!report.findings.is_empty());
    assert!(report.findings.iter().all(|finding| finding.verdict != Verdict::Refuted), "{:?}", report.findings);
}

#[test]
fn a_cookie_that_the_release_fixes_is_one_that_is_written_down() {
    let repository = Repository::new("cookie");
    let cart = include_str!("cmd/project.in/cart/k8s/cart.yaml");
    let (before, rest) = cart.split_once("            - name: RELEASE_COOKIE\n").unwrap();
    let after = rest.split_once("key: cookie\n").unwrap().1;
    repository.write("app/rel/env.sh.eex", ENV_SH);
    let found = |cookie: &str| {
        let releases = format!("app: :cart, releases: [cart: [cookie: {cookie}]]");
        repository.write("app/mix.exs", &MIX.replace("app: :cart", &releases));
        let findings = repository.report().findings;
        findings.iter().map(|finding| (finding.rule.id(), finding.verdict)).collect::<Vec<_>>()
    };
    assert_eq!(found("\"cart\""), [], "the pod gives another");
    assert!(!repository.tells_of("mix.exs"), "{:?}", repository.report().notices);
    repository.write("app/k8s/cart.yaml", &format!("{before}{after}"));
    assert_eq!(found("\"cart\""), [("BG605".to_owned(), Verdict::Open)]);
    assert!(repository.tells_of("mix.exs"), "{:?}", repository.report().notices);
    assert_eq!(found("\"Qm7rXw2LkT9sVb4Z\""), [("BG601".to_owned(), Verdict::Open)]);
    assert_eq!(found("System.fetch_env!(\"BUILD_COOKIE\")"), []);
    assert_eq!(found("nil"), [("BG602".to_owned(), Verdict::Open)]);
}
