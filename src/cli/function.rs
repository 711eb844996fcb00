//! `beamgate lint -`, `fix -` and `inject -` as KRM functions: a `ResourceList` comes in, one with results goes out.
//!
//! What is said here is what kpt and kustomize read of the KRM functions specification.

use std::io::{self, Read};
use std::path::PathBuf;

use anyhow::{Context, bail};
use serde_json::{Value as Json, json};

use super::fix::FixArgs;
use super::lint::LintArgs;
use super::session::InputArgs;
use crate::manifest::read::MAX_BYTES;
use crate::manifest::resource_list::{Item, ResourceList};
use crate::place::unescaped;
use crate::report::Report;
use crate::report::model::ReportedFinding;
use crate::rules::Rule;
use crate::rules::finding::Severity;

/// Standard input, where it is the only input: a list for a function, or anything else.
pub(super) struct Piped {
    pub(super) bytes: Vec<u8>,
    pub(super) list: Option<ResourceList>,
}

impl Piped {
    /// Reads it, if nothing else is to be read. More than can be read of a stream is left for whoever says so.
    pub(super) fn read(paths: &[PathBuf], stdin: &mut dyn Read) -> io::Result<Option<Self>> {
        if !matches!(paths, [path] if path.as_os_str() == "-") {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        stdin.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        let list = std::str::from_utf8(&bytes).ok().and_then(ResourceList::read);
        Ok(Some(Self { bytes, list }))
    }
}

/// The entries of a list's `functionConfig`: the `data` of a ConfigMap, or the `spec` of an object of ours.
fn settings(list: &ResourceList) -> anyhow::Result<Vec<(&str, String)>> {
    let Some(config) = &list.config else { return Ok(Vec::new()) };
    let is_ours = config["apiVersion"].as_str().is_some_and(|version| version.starts_with("beamgate.dev/"));
    let map = match config["kind"].as_str() {
        _ if is_ours => &config["spec"],
        Some("ConfigMap") => &config["data"],
        kind => bail!("the functionConfig is a {}, not a ConfigMap", kind.unwrap_or("nameless kind")),
    };
    let text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    };
    Ok(map.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), text(value))).collect())
}

/// What an option is told that several commands have.
fn configure_input(input: &mut InputArgs, key: &str, value: &str) -> bool {
    match key {
        "namespace" => input.namespace = Some(value.to_owned()),
        "cluster-domain" => input.cluster_domain = Some(value.to_owned()),
        _ => return false,
    }
    true
}

/// Takes the options of `beamgate inject` from the list, by the names that they have on the command line.
pub(super) fn configure_inject(input: &mut InputArgs, list: &ResourceList) -> anyhow::Result<()> {
    for (key, value) in settings(list)? {
        if !configure_input(input, key, &value) {
            bail!("functionConfig: `{key}` is none of namespace, cluster-domain");
        }
    }
    Ok(())
}

/// Takes the options of `beamgate lint` from the list, by the names that they have on the command line.
pub(super) fn configure_lint(args: &mut LintArgs, list: &ResourceList) -> anyhow::Result<()> {
    for (key, value) in settings(list)? {
        match key {
            _ if configure_input(&mut args.input, key, &value) => {}
            "complete" => args.input.complete = words(&value),
            "select" => args.select = words(&value),
            "ignore" => args.ignore = words(&value),
            "fail-on" => args.fail_on = Some(severity(&value)?),
            other => bail!(
                "functionConfig: `{other}` is none of namespace, cluster-domain, complete, select, ignore, fail-on"
            ),
        }
    }
    Ok(())
}

/// Takes the options of `beamgate fix` from the list, by the names that they have on the command line.
pub(super) fn configure_fix(args: &mut FixArgs, list: &ResourceList) -> anyhow::Result<()> {
    for (key, value) in settings(list)? {
        match key {
            _ if configure_input(&mut args.input, key, &value) => {}
            "complete" => args.input.complete = words(&value),
            "select" => args.select = words(&value),
            "unsafe" => args.all = value.parse().context("functionConfig: unsafe")?,
            "fail-on" => args.fail_on = Some(severity(&value)?),
            other => bail!(
                "functionConfig: `{other}` is none of namespace, cluster-domain, complete, select, unsafe, fail-on"
            ),
        }
    }
    Ok(())
}

fn words(value: &str) -> Vec<String> {
    value.split(',').map(|word| word.trim().to_owned()).collect()
}

fn severity(value: &str) -> anyhow::Result<Severity> {
    serde_json::from_value(json!(value)).context("functionConfig: fail-on")
}

/// The list with a result for each finding.
pub(super) fn linted(list: &ResourceList, report: &Report) -> String {
    let result = |finding| of_finding(finding, &[], item_of(finding, report, list));
    list.with(&[], report.sorted().into_iter().map(result).collect())
}

/// The item that a finding points into.
pub(super) fn item_of<'l>(finding: &ReportedFinding, report: &Report, list: &'l ResourceList) -> Option<&'l Item> {
    let place = finding.primary()?.place?;
    // It may be a place in another text, such as `beamgate.toml`.
    let is_in_list = report.files.get(place.file).is_some_and(|file| file.text == list.text());
    if is_in_list { list.item_at(place.span.start) } else { None }
}

/// A result that says a finding, and this of it.
pub(super) fn of_finding(finding: &ReportedFinding, more: &[String], item: Option<&Item>) -> Json {
    let mut said = vec![format!("{}: {}", finding.rule.title(), finding.message)];
    said.extend(finding.at_run_time.as_ref().map(|text| format!("at run time: {text}")));
    said.extend(finding.fix.as_ref().map(|fix| format!("fix ({}): {}", fix.safety, fix.title)));
    said.extend_from_slice(more);
    let result = result(finding.severity, &said.join("; "), item);
    pointed(result, finding.rule, finding.primary().map(|label| label.json_pointer.as_str()), &finding.fingerprint)
}

/// The same with the field, and with what tells findings apart.
pub(super) fn pointed(mut result: Json, rule: &Rule, pointer: Option<&str>, fingerprint: &str) -> Json {
    if let Some(pointer) = pointer.filter(|pointer| !pointer.is_empty()) {
        result["field"] = json!({ "path": field_path(pointer) });
    }
    result["tags"] = json!({ "rule": rule.id(), "fingerprint": fingerprint });
    result
}

/// A result about an item, which says from which file it is.
pub(super) fn result(severity: Severity, message: &str, item: Option<&Item>) -> Json {
    let mut result = json!({ "message": message, "severity": severity });
    let Some(item) = item.map(|item| &item.value) else { return result };
    let metadata = &item["metadata"];
    let mut reference = json!({ "apiVersion": item["apiVersion"], "kind": item["kind"], "name": metadata["name"] });
    if metadata["namespace"].is_string() {
        reference["namespace"] = metadata["namespace"].clone();
    }
    result["resourceRef"] = reference;
    if let Some(path) = annotation(metadata, "path") {
        let index = annotation(metadata, "index").and_then(|index| index.parse::<u32>().ok());
        result["file"] = json!({ "path": path, "index": index.unwrap_or(0) });
    }
    result
}

/// What an orchestrator says of an item; older ones say it under another name.
fn annotation<'j>(metadata: &'j Json, name: &str) -> Option<&'j str> {
    let keys = [format!("internal.config.kubernetes.io/{name}"), format!("config.kubernetes.io/{name}")];
    keys.iter().find_map(|key| metadata["annotations"][key].as_str())
}

/// `spec.containers[0].env[3].value` of an RFC 6901 pointer; a key that has dots itself stands in brackets.
fn field_path(pointer: &str) -> String {
    let mut path = String::new();
    for step in pointer.split('/').skip(1).map(unescaped) {
        let is_index = step.bytes().all(|byte| byte.is_ascii_digit());
        match is_index || step.contains('.') {
            true => path.push_str(&format!("[{step}]")),
            false if path.is_empty() => path.push_str(&step),
            false => path.push_str(&format!(".{step}")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_become_field_paths() {
        assert_eq!(field_path("/spec/containers/0/env/3/value"), "spec.containers[0].env[3].value");
        assert_eq!(field_path("/metadata/annotations/beamgate.dev~1mode"), "metadata.annotations[beamgate.dev/mode]");
    }
}
