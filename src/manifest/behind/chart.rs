//! Lines that Helm rendered to the lines of their templates.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::Behind;
use crate::manifest::locate::{Place, span};
use crate::manifest::source::{Source, number};
use crate::world::node::Span;

/// What stands above each document.
const SOURCE: &str = "# Source: ";

/// The file that makes a folder a chart.
pub(super) fn card(folder: &Path) -> PathBuf {
    folder.join("Chart.yaml")
}

/// What the templates take their values from.
pub(super) fn values(folder: &Path) -> PathBuf {
    folder.join("values.yaml")
}

/// The templates that a rendered text comes from.
pub(super) fn templates(folder: &Path, rendered: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = rendered.lines().filter_map(|line| template(folder, line)).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// `# Source: cart/templates/service.yaml`, which begins with the name of the chart.
fn template(folder: &Path, line: &str) -> Option<PathBuf> {
    let (_, path) = line.strip_prefix(SOURCE)?.trim_end().split_once('/')?;
    Some(folder.join(path))
}

pub(in crate::manifest) struct Trail<'s> {
    rendered: &'s Source,
    /// The place of each rendered line that has one.
    lines: HashMap<usize, (u32, &'s Source, usize)>,
    card: Option<u32>,
}

impl<'s> Trail<'s> {
    pub(super) fn new(behind: &'s Behind, sources: &'s [Source], rendered: &'s Source) -> Self {
        let mut by_template: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        let mut current = None;
        for (index, line) in rendered.text.lines().enumerate() {
            if line.starts_with(SOURCE) {
                current = template(&behind.folder, line);
            } else if let (Some(path), false) = (&current, line.starts_with("---")) {
                by_template.entry(path.clone()).or_default().push(index);
            }
        }
        let all: Vec<&str> = rendered.text.lines().collect();
        let mut lines = HashMap::new();
        for (path, indices) in by_template {
            let Some((number, source)) = behind.source(&path, sources) else { continue };
            let shown: Vec<&str> = indices.iter().filter_map(|index| all.get(*index).copied()).collect();
            let written: Vec<&str> = source.text.lines().collect();
            for (index, line) in indices.iter().zip(pairs(&written, &shown)) {
                lines.extend(line.map(|line| (*index, (number, source, line))));
            }
        }
        let card = behind.source(&card(&behind.folder), sources).map(|(number, _)| number);
        Self { rendered, lines, card }
    }

    /// The line of the template; the chart itself where that is unknown.
    pub(super) fn place(&self, rendered: Span) -> Option<Place> {
        let line = self.rendered.position(rendered.start).line as usize;
        let Some((template, source, written)) = line.checked_sub(1).and_then(|index| self.lines.get(&index)) else {
            return self.card.map(|source| Place { source, span: Span::default() });
        };
        let (bytes, shown) = (source.line(number(*written + 1)), self.rendered.line(number(line)));
        let from = rendered.start.saturating_sub(shown.start) as usize;
        let to = rendered.end.min(shown.end).saturating_sub(shown.start) as usize;
        let within = within(source.slice(bytes), self.rendered.slice(shown), from..to.max(from));
        let start = bytes.start as usize;
        Some(Place { source: *template, span: span(start + within.start..start + within.end) })
    }
}

/// The bytes of a template's line that some bytes of the line which came of it mean: the same ones, if the lines are the same;
/// else the value, or all of it.
fn within(written: &str, rendered: &str, bytes: Range<usize>) -> Range<usize> {
    let content = |line: &str| line.len() - line.trim_start().len()..line.trim_end().len();
    let (all, shown) = (content(written), content(rendered));
    if written.trim() == rendered.trim() {
        let moved = |at: usize| (at.max(shown.start) - shown.start + all.start).min(all.end);
        return moved(bytes.start)..moved(bytes.end);
    }
    let value = |line: &str| line.find(": ").map(|at| at + 2);
    let is_value = value(rendered).is_some_and(|at| bytes.start >= at);
    let start = value(written).filter(|_| is_value).unwrap_or(all.start);
    let end = written.find(" #").map_or(all.end, |comment| written[..comment].trim_end().len());
    start..end.max(start)
}

/// For each rendered line the line that it comes from: the same one; of those that were replaced the one with its key; else the
/// one above that writes, which calls something of more lines. What is indented otherwise is another line: nothing moves a line
/// that is no action.
fn pairs(written: &[&str], rendered: &[&str]) -> Vec<Option<usize>> {
    let ended = |lines: &[&'_ str]| lines.iter().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    let writes = |line: &usize| writes(written[*line]);
    let mut found = vec![None; rendered.len()];
    for op in capture_diff_slices(Algorithm::Patience, &ended(written), &ended(rendered)) {
        match op {
            DiffOp::Equal { old_index, new_index, len } => {
                (0..len).for_each(|at| found[new_index + at] = Some(old_index + at));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                let mut from = old_index;
                for at in new_index..new_index + new_len {
                    let named = (from..old_index + old_len).find(|line| may_become(written[*line], rendered[at]));
                    // What has no line of its own comes from the action above it; one with a key begins with a line of its own.
                    let begins = |line: &usize| *line < from || written[*line].trim_start().starts_with("{{");
                    let last = from.min(old_index + old_len - 1);
                    let near = || (old_index..=last).rev().filter(begins).find(writes);
                    let next = || (from..old_index + old_len).find(writes);
                    found[at] = named.or_else(near).or_else(next).or(Some(old_index));
                    from = named.map_or(from, |line| line + 1);
                }
            }
            DiffOp::Insert { old_index, new_index, new_len } => {
                let above = (0..old_index).rev().find(writes);
                let line = above.or(old_index.checked_sub(1));
                (new_index..new_index + new_len).for_each(|at| found[at] = line);
            }
            DiffOp::Delete { .. } => {}
        }
    }
    found
}

/// Whether a line of a template is a rendered one, or says its key and leaves the value to an action.
fn may_become(written: &str, rendered: &str) -> bool {
    let key = |line: &'_ str| line.split_once(':').map(|(key, _)| key.trim_end().to_owned());
    written.trim_end() == rendered.trim_end()
        || is_action(written) && key(written).is_some_and(|written| key(rendered) == Some(written))
}

fn is_action(line: &str) -> bool {
    line.contains("{{")
}

/// Whether a line has an action that writes something: comments, assignments and what controls others do not.
fn writes(line: &str) -> bool {
    const CONTROL: [&str; 8] = ["if", "else", "end", "range", "with", "define", "break", "continue"];
    line.split("{{").skip(1).any(|action| {
        let action = action.split("}}").next().unwrap_or(action).trim_start_matches('-').trim_start();
        let word = action.split(|c: char| c.is_whitespace() || c == '-').next().unwrap_or_default();
        let assigns = action.starts_with('$') && action.contains('=');
        !(action.starts_with("/*") || assigns || CONTROL.contains(&word))
    })
}

/// The values that a line of a template takes: `node.host` of `{{ .Values.node.host }}`.
pub(super) fn taken(line: &str) -> Vec<String> {
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let after = line.match_indices(".Values.").map(|(at, word)| &line[at + word.len()..]);
    let paths = after.map(|rest| rest.split(|c| !is_path(c)).next().unwrap_or("").trim_end_matches('.').to_owned());
    paths.filter(|path| !path.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendered_lines_have_their_lines_in_the_template() {
        let written: Vec<&str> = "\
{{- if .Values.on }}
kind: Service
metadata:
  name: {{ .Release.Name }}
  labels:
    {{- include \"labels\" . | nindent 4 }}
spec:
  clusterIP: {{ .Values.ip }} # ours
{{- end }}"
            .lines()
            .collect();
        let rendered: Vec<&str> =
            "kind: Service\nmetadata:\n  name: rel\n  labels:\n    a: b\n    c: d\nspec:\n  clusterIP: None # ours"
                .lines()
                .collect();
        let lines: Vec<usize> = pairs(&written, &rendered).into_iter().map(Option::unwrap).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 5, 6, 7]);
    }

    /// The lines, counted from one.
    fn places(written: &str, rendered: &str) -> Vec<usize> {
        let (written, rendered): (Vec<&str>, Vec<&str>) = (written.lines().collect(), rendered.lines().collect());
        pairs(&written, &rendered).into_iter().map(|line| line.unwrap() + 1).collect()
    }

    #[test]
    fn what_a_definition_writes_is_where_it_is_called() {
        let written = "\
spec:
  template: {{ template \"cart.pod\" . }}
  {{- if .Values.on }}
  volumeClaimTemplates:
    - metadata:
        name: mnesia
        annotations:
        {{- range $key, $value := .Values.annotations }}
          {{ $key }}: {{ $value }}
        {{- end }}
      spec:
        accessModes:
        resources:
          requests:
            storage: 1Gi
  {{- end }}
";
        let pod = "\
spec:
  template:
    metadata:
      annotations:
      labels:
        app: cart
    spec:
      containers:
        - name: cart
          resources:
            requests:
              cpu: 1
";
        assert_eq!(places(written, pod), [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        let claims = "  volumeClaimTemplates:
    - metadata:
        name: mnesia
        annotations:
          owner: shop
      spec:
        accessModes:
        resources:
          requests:
            storage: 1Gi
";
        let of_claims = &places(written, &format!("{pod}{claims}"))[12..];
        assert_eq!(of_claims, [4, 5, 6, 7, 9, 11, 12, 13, 14, 15]);
    }

    #[test]
    fn actions_that_control_others_write_nothing() {
        for line in
            ["{{- if .x }}", "{{ end -}}", "{{else}}", "{{- /* why */}}", "{{- $a := .x }}", "  {{- end}}", "a: b"]
        {
            assert!(!writes(line), "{line}");
        }
        for line in ["{{ .x }}", "{{- if .x }}{{ .y }}{{ end }}", "{{- toYaml $x }}", "a: {{- $x }}", "{{ ifSet }}"] {
            assert!(writes(line), "{line}");
        }
    }

    #[test]
    fn bytes_mean_the_same_or_the_value() {
        for (written, rendered, bytes, meant) in [
            ("    a: None # ours", "  a: None # ours", 5..9, "None"),
            ("  a: {{ .x }} # ours", "a: None", 3..7, "{{ .x }}"),
            ("  a: {{ .x }}", "a: None", 0..1, "a: {{ .x }}"),
            ("  {{- toYaml . | nindent 2 }}", "  a: None", 5..9, "{{- toYaml . | nindent 2 }}"),
            ("a:{{ .x }}", "a: b", 3..4, "a:{{ .x }}"),
        ] {
            assert_eq!(&written[within(written, rendered, bytes)], meant);
        }
    }

    #[test]
    fn the_values_of_a_line_are_known() {
        assert_eq!(taken("a: {{ .Values.node.host | quote }}-{{ $.Values.x }}"), ["node.host", "x"]);
        assert_eq!(taken("a: {{ .Release.Name }}"), Vec::<String>::new());
    }
}
