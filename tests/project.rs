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

    /// Whether the name is known, and so what was read.
    fn is_read(&self) -> bool {
        let report = self.report();
        let verdict = &report.workloads[0].verdict;
        let told = report.notices.iter().filter(|notice| notice.text.contains("env.sh.eex")).count();
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
