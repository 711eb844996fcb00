//! A cookie is never shown, whatever holds it and whoever reads the report.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const COOKIE: &str = "S3CR3T/xyzQ";

/// Halves of it, as code may put it together.
const HALVES: [&str; 2] = ["S3CR3", "T/xyzQ"];

const FORMATS: [&str; 6] = ["human", "json", "sarif", "junit", "github", "gitlab"];

/// An app that is given its cookie by other variables than that of the release.
fn manifest(env: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: cart, namespace: shop}}\nspec:\n  \
         selector: {{matchLabels: {{app: cart}}}}\n  template:\n    metadata:\n      \
         labels: {{app: cart, beamgate.dev/strategy: Kubernetes.DNS}}\n      \
         annotations: {{beamgate.dev/basename: cart, beamgate.dev/service: cart}}\n    spec:\n      containers:\n        \
         - name: cart\n          image: cart:1\n          env:\n            \
         - {{name: POD_IP, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}\n            \
         - {{name: RELEASE_DISTRIBUTION, value: name}}\n            - {{name: RELEASE_NODE, value: cart@$(POD_IP)}}\n{env}"
    )
}

fn variable(name: &str, value: &str) -> String {
    format!("            - name: {name}\n              value: {value}\n")
}

/// A folder with these files.
fn folder(name: &str, files: &[(&str, String)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("secrets").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        fs::write(folder.join(file), text).unwrap();
    }
    folder
}

fn shows_nothing(name: &str, files: &[(&str, String)], options: &[&str], rule: &str) {
    let folder = folder(name, files);
    for format in FORMATS {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
        let output = command.current_dir(&folder).args(["lint", "cart.yaml", "--format", format]).args(options);
        let output = output.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(rule), "{name} {format}: {said}");
        for secret in HALVES.into_iter().chain([COOKIE]) {
            assert!(!said.contains(secret), "{name} {format}: {said}");
        }
    }
}

fn mix(cookie: &str, above: &str) -> String {
    format!(
        "defmodule Cart.MixProject do\n  use Mix.Project\n  {above}\n  \
         def project, do: [app: :cart, version: \"1.0.0\", releases: [cart: [cookie: {cookie}]]]\nend\n"
    )
}

#[test]
fn a_cookie_of_a_project_is_not_shown() {
    let plain = format!("\"{COOKIE}\"");
    let halves = format!("\"{}\" <> \"{}\"", HALVES[0], HALVES[1]);
    for (name, cookie, above) in [
        ("literal", plain.clone(), String::new()),
        ("attribute", "@dist".to_owned(), format!("@dist {plain}")),
        ("joined", halves, String::new()),
    ] {
        let files = [("cart.yaml", manifest("")), ("mix.exs", mix(&cookie, &above))];
        shows_nothing(name, &files, &[], "BG601");
    }
}

#[test]
fn a_cookie_of_another_variable_is_not_shown() {
    let relx = manifest(&variable("ERL_SECRET", COOKIE))
        .replace("image: cart:1", "image: cart:1\n          command: [/app/bin/cart, foreground]");
    let files = [("cart.yaml", relx), ("vm.args.src", "-name cart@${POD_IP}\n-setcookie ${ERL_SECRET}\n".to_owned())];
    shows_nothing("relx", &files, &["--vm-args", "vm.args.src"], "BG601");
}

#[test]
fn two_cookies_are_not_shown() {
    let env = variable("RELEASE_COOKIE", COOKIE) + &variable("ERL_FLAGS", &format!("-setcookie {COOKIE}"));
    shows_nothing("twice", &[("cart.yaml", manifest(&env))], &[], "BG607");
    let other = format!("-setcookie x -setcookie peer@host {COOKIE}");
    let env = variable("RELEASE_COOKIE", COOKIE) + &variable("ERL_FLAGS", &other);
    shows_nothing("of-a-node", &[("cart.yaml", manifest(&env))], &[], "BG607");
}
