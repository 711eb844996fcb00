//! Files that are not YAML yet: Helm templates and files with placeholders.

use std::path::{Path, PathBuf};

use super::yaml;

/// What a file is, if it is no manifest as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// A template of the chart in this folder.
    Helm(PathBuf),
    /// Text of some template language, outside any chart.
    Template,
    /// A manifest with `${VAR}`, `<%= … %>` or the like, which do not parse until they are replaced.
    Placeholders,
}

/// A template of a chart, which is never a manifest, whether or not it happens to be YAML.
pub fn of_chart(path: &Path, text: &str) -> Option<Raw> {
    if !text.contains("{{") {
        return None;
    }
    chart_of(path).map(Raw::Helm)
}

/// The reason why a document is no YAML, if it was not meant to be any.
pub fn unreadable(document: &str) -> Option<Raw> {
    if document.contains("{{") || document.contains("{%") {
        return Some(Raw::Template);
    }
    // A shell script in a ConfigMap holds `${VAR}`, too. Only where replacing them helps are they to blame.
    let replaced = replaced(document)?;
    yaml::check(&replaced, 0..replaced.len()).is_ok().then_some(Raw::Placeholders)
}

/// The text with a word in the place of every placeholder, if there are any.
fn replaced(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, open, close)) = next_placeholder(rest) {
        let Some(length) = rest.get(at + open..).and_then(|inside| inside.find(close)) else { break };
        out.push_str(&rest[..at]);
        out.push('x');
        rest = rest.get(at + open + length + close.len()..).unwrap_or("");
    }
    (rest.len() < text.len()).then(|| out + rest)
}

fn next_placeholder(text: &str) -> Option<(usize, usize, &'static str)> {
    let kinds = [("${", "}"), ("<%", "%>"), ("#{", "}")];
    kinds.iter().filter_map(|(open, close)| Some((text.find(open)?, open.len(), *close))).min()
}

/// The chart whose `templates/` a path is in: the one to render, which has this one as a dependency if that is in a
/// `charts/` of its own.
pub fn chart_of(path: &Path) -> Option<PathBuf> {
    let is_templates = |folder: &&Path| folder.file_name().is_some_and(|name| name == "templates");
    let charts = path.ancestors().filter(is_templates).filter_map(Path::parent);
    let mut chart = charts.filter(|chart| is_chart(chart)).last()?;
    while let Some(above) = chart.parent().filter(|above| above.ends_with("charts")).and_then(Path::parent) {
        if !is_chart(above) {
            break;
        }
        chart = above;
    }
    Some(chart.to_owned())
}

fn is_chart(folder: &Path) -> bool {
    folder.join("Chart.yaml").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_placeholders_that_break_a_document_excuse_it() {
        for (text, expected) in [
            ("a: {{ .Values.x }}\n", Some(Raw::Template)),
            ("{% if x %}\na: 1\n", Some(Raw::Template)),
            ("a: [${X}\n]: ${Y}: z\n", None),
            ("${A}\nb: 1\n", None),
            ("a: x: ${B}\n", None),
            ("a: [${B:-[]}, c]\n", Some(Raw::Placeholders)),
            ("a: <%= x: y %>\n", Some(Raw::Placeholders)),
            ("a: ${B: c}\n", Some(Raw::Placeholders)),
        ] {
            assert_eq!(unreadable(text), expected, "{text}");
        }
    }
}
