//! What `beamgate fix` does to files, and does not.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of its own, which goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("beamgate-fix-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    /// Everything in it, by name.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/204-service-without-ports");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn fix(folder: &Folder, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    command.current_dir(&folder.0).arg("fix").args(args).output().unwrap()
}

#[test]
fn a_file_keeps_its_permissions_and_a_link_stays_one() {
    let folder = Folder::new("link");
    let file = folder.write("real/cart.yaml", &fixture("bad.yaml"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.0.join("cart.yaml");
    symlink("real/cart.yaml", &link).unwrap();
    assert!(fix(&folder, &["cart.yaml"]).status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), fixture("fixed.yaml"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(folder.0.join("real")).unwrap().count(), 1, "nothing else is left there");
}

#[test]
fn a_link_out_of_what_was_given_is_not_followed() {
    let folder = Folder::new("outside");
    let bad = fixture("bad.yaml");
    let file = folder.write("theirs/cart.yaml", &bad);
    fs::create_dir(folder.0.join("k8s")).unwrap();
    symlink("../theirs/cart.yaml", folder.0.join("k8s/cart.yaml")).unwrap();
    let output = fix(&folder, &["k8s"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    let target = file.canonicalize().unwrap();
    let why = format!("not written: k8s/cart.yaml is {}, outside of what was given; by hand: ", target.display());
    assert!(said.contains(&why), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), bad);
    // Both folders were given, or the file itself.
    assert!(fix(&folder, &["k8s", "theirs"]).status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), fixture("fixed.yaml"));
}

#[test]
fn where_one_file_may_not_be_written_none_is() {
    let folder = Folder::new("readonly");
    let bad = fixture("bad.yaml");
    folder.write("a.yaml", &bad);
    let locked =
        folder.write("b.yaml", &bad.replace("name: cart", "name: till").replace("service: cart", "service: till"));
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o444)).unwrap();
    let output = fix(&folder, &["."]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "beamgate: b.yaml: nothing was written: may not be written\n");
    assert_eq!(fs::read_to_string(folder.0.join("a.yaml")).unwrap(), bad);
    assert_eq!(folder.names(), ["a.yaml", "b.yaml"]);
}

#[test]
fn a_diff_writes_nothing_and_hides_cookies() {
    let folder = Folder::new("diff");
    let bad = fixture("bad.yaml").replace(
        "              valueFrom:\n                secretKeyRef:\n                  name: cart-cookie\n                  key: cookie\n",
        "              value: sekret\n",
    );
    let file = folder.write("cart.yaml", &bad);
    let output = fix(&folder, &["--diff", "--unsafe"]);
    assert_eq!(output.status.code(), Some(1));
    let diff = String::from_utf8(output.stdout).unwrap();
    assert!(diff.contains("+  ports:\n+    - name: epmd\n+      port: 4369\n"), "{diff}");
    assert!(diff.contains("-              value: ‹redacted›\n+              valueFrom:\n"), "{diff}");
    assert!(!diff.contains("sekret") && !String::from_utf8(output.stderr).unwrap().contains("sekret"));
    assert_eq!(fs::read_to_string(&file).unwrap(), bad);
}

#[test]
fn a_service_and_its_workload_may_be_in_two_files() {
    let folder = Folder::new("two");
    let bad = fixture("bad.yaml");
    let (service, workload) = bad.split_once("---\n").unwrap();
    let first = folder.write("service.yaml", service);
    let second = folder.write("workload.yaml", workload);
    assert!(fix(&folder, &["."]).status.success());
    let fixed = fixture("fixed.yaml");
    assert_eq!(fs::read_to_string(first).unwrap(), fixed.split_once("---\n").unwrap().0);
    assert_eq!(fs::read_to_string(second).unwrap(), workload);
}
