//! The profiles of `policies/`, and who ships with which.

use beamgate::policy::config::{Enforce, Policy};
use beamgate::rules;
use beamgate::rules::finding::Severity;

use crate::{document, root, text};

const PROFILES: [&str; 3] = ["default", "observe", "strict"];

fn profile(name: &str) -> Policy {
    Policy::read(&root().join(format!("policies/{name}.toml"))).unwrap()
}

#[test]
fn they_say_what_they_are_called() {
    for (name, enforce, fail_on) in [
        ("default", Enforce::Deny, None),
        ("observe", Enforce::Warn, None),
        ("strict", Enforce::Strict, Some(Severity::Warning)),
    ] {
        let policy = profile(name);
        assert_eq!((policy.config.webhook.enforce, policy.config.fail_on), (enforce, fail_on), "{name}");
        assert!(policy.facts().unwrap().injection, "{name}");
        assert!(policy.config.webhook.exempt.is_empty(), "{name}");
    }
}

/// The default is what there is without a file, said aloud; and what others raise was a warning.
#[test]
fn they_raise_warnings_and_lower_nothing() {
    assert!(profile("default").config.rules.is_empty());
    assert!(profile("observe").config.rules.is_empty());
    let strict = profile("strict").config;
    assert!(!strict.rules.is_empty());
    for name in strict.rules.keys() {
        let rule = rules::find(name.get_ref()).unwrap();
        assert_eq!(rule.severity, Severity::Warning, "{}", rule.id());
        assert_eq!(strict.severity(rule, Severity::Warning), Some(Severity::Error), "{}", rule.id());
    }
}

/// Each line that says something stands below one that says why.
#[test]
fn every_key_is_explained() {
    for name in PROFILES {
        let file = text(&format!("policies/{name}.toml"));
        let mut explained = false;
        for line in file.lines() {
            let says = line.contains('=') && !line.starts_with('#');
            assert!(!says || explained, "{name}: {line}");
            explained = line.starts_with('#') || (says && explained);
        }
    }
}

#[test]
fn they_are_what_is_installed() {
    // kustomize reads nothing that is outside of its folder, so there are copies.
    for (folder, name) in [("base", "default"), ("components/lint-only", "observe")] {
        let copy = text(&format!("deploy/kustomize/{folder}/beamgate.toml"));
        assert_eq!(copy, text(&format!("policies/{name}.toml")), "{folder}");
    }
    let values = text("deploy/helm/values.yaml");
    assert_eq!(document(&values).text("policy").unwrap(), text("policies/default.toml"));
}
