//! From paths to worlds, with files on disk and tools that are scripts.
#![cfg(unix)]
#![allow(clippy::unwrap_used)] // in helpers of tests, which the lint does not know as tests

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use beamgate::manifest::{Input, Options, Origin, Tools, load};
use beamgate::place::{ObjectId, Pointer};
use beamgate::world::node::Node;

/// A folder that is gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("beamgate-manifest-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Self(std::env::temp_dir().join(name));
        for (path, text) in files {
            folder.write(path, text);
        }
        folder
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// The folder as the only input.
    fn all(&self) -> &[PathBuf] {
        std::slice::from_ref(&self.0)
    }

    /// A text without this folder's name, which differs from run to run.
    fn relative(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.display()), "").replace(&self.0.display().to_string(), ".")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn options(tools: Tools) -> Options<'static> {
    Options { wanted: &|kind| kind != "Secret", render: true, tools, stdin_name: None }
}

fn read_with(inputs: &[PathBuf], tools: Tools, stdin: &str) -> Input<(String, Origin)> {
    load(inputs, &options(tools), &mut stdin.as_bytes(), |node: &Node<'_>, info| {
        Some((node.path(&["metadata", "name"])?.scalar()?.to_owned(), info.origin()))
    })
}

fn names(input: &Input<(String, Origin)>) -> Vec<Vec<&str>> {
    input.worlds.iter().map(|world| world.objects.iter().map(|(name, _)| name.as_str()).collect()).collect()
}

fn object(kind: &str, name: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n")
}

fn script(folder: &Folder, name: &str, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    folder.write(name, &format!("#!/bin/sh\n{text}\n"));
    let path = folder.path(name);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn folders_are_walked_as_git_sees_them() {
    let pod = |name: &str| object("Pod", name);
    let folder = Folder::with(&[
        ("b.yaml", &pod("b")),
        ("a/z.yml", &pod("z")),
        ("a/x.json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}"#),
        (".gitignore", "ignored/\n"),
        ("ignored/i.yaml", &pod("i")),
        (".k8s/h.yaml", &pod("h")),
        (".git/g.yaml", &pod("g")),
        ("notes.txt", &pod("t")),
        ("secret.yaml", &object("Secret", "s")),
    ]);
    std::os::unix::fs::symlink(&folder.0, folder.path("a/loop")).unwrap();
    let input = read_with(folder.all(), Tools::none(), "");
    assert_eq!(names(&input), [["h", "x", "z", "b"]]);
    assert_eq!(input.skipped.unwanted, 1);

    let named = [folder.path("ignored/i.yaml"), folder.path("notes.txt"), folder.path("notes.txt")];
    let input = read_with(&named, Tools::none(), "");
    assert_eq!(names(&input), [["i", "t"]]);

    let input = read_with(&["-".into(), folder.path("b.yaml")], Tools::none(), &pod("stdin"));
    assert_eq!(names(&input), [["stdin", "b"]]);
    assert_eq!(input.sources[0].name, "<stdin>");
}

#[test]
fn what_is_broken_loses_nothing_else() {
    let folder = Folder::with(&[
        (
            "a.yaml",
            &format!("{}---\napiVersion: v1\nkind: Pod\na: b: c\n---\n{}", object("Pod", "a"), object("Pod", "c")),
        ),
        ("b.yaml", "a: [1\n"),
        ("c.yaml", &format!("{}---\na: {{{{ .Values.x }}}}: y\n", object("Pod", "d"))),
        ("d.yaml", "replicas: ${A: b}\n"),
    ]);
    folder.write("e.yaml", "");
    fs::write(folder.path("e.yaml"), b"a: \xff\xfe").unwrap();
    let input = read_with(&[folder.0.clone(), folder.path("gone.yaml")], Tools::none(), "");
    assert_eq!(names(&input), [["a", "c", "d"]]);
    let problems: Vec<_> = input.problems.iter().map(|p| (folder.relative(&p.name), p.kubernetes, p.named)).collect();
    let expected =
        [("gone.yaml", false, true), ("e.yaml", false, false), ("a.yaml", true, false), ("b.yaml", false, false)];
    assert_eq!(problems, expected.map(|(name, kubernetes, named)| (name.to_owned(), kubernetes, named)));
    assert_eq!((input.skipped.broken, input.skipped.templates), (1, 2));
    let broken = &input.problems[2];
    let position = input.sources[broken.source.unwrap() as usize].position(broken.span.start);
    assert_eq!((position.line, position.column), (8, 5));
}

#[test]
fn places_are_found_again() {
    let text = format!(
        "{}---\napiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: Pod, metadata: {{name: é, x: 1}}}}\n",
        object("Pod", "a")
    );
    let input = read_with(&["-".into()], Tools::none(), &text);
    let (_, origin) = &input.worlds[0].objects[1];
    let loc = Pointer::keys(&["metadata", "x"]).of(ObjectId(0));
    let place = input.locate(origin, &loc).unwrap();
    assert_eq!(input.sources[0].slice(place.span), "1");
    let gone = Pointer::keys(&["metadata", "labels", "y"]).of(ObjectId(0));
    assert_eq!(input.sources[0].slice(input.locate(origin, &gone).unwrap().span), "metadata");
}

/// A base, two overlays, one of them over a component, and a stray manifest.
fn kustomized() -> Folder {
    Folder::with(&[
        ("base/kustomization.yaml", "resources:\n- web.yaml\n"),
        ("base/web.yaml", &object("Pod", "web")),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\npatches:\n- path: patch.yaml\ncomponents: [../extra]\nconfigMapGenerator:\n- name: c\n  files: [env.yaml, k=other.yaml]\n",
        ),
        ("prod/patch.yaml", &object("Pod", "patch")),
        ("prod/env.yaml", &object("Pod", "env")),
        ("prod/other.yaml", &object("Pod", "other")),
        (
            "extra/kustomization.yml",
            "kind: Component\nresources: [more.yaml]\npatchesStrategicMerge:\n- p.yaml\n- |-\n  a: 1\n",
        ),
        ("extra/more.yaml", &object("Pod", "more")),
        ("extra/p.yaml", &object("Pod", "p")),
        ("remote/kustomization.yaml", "resources: [\"https://example.com/x.yaml\", own.yaml]\n"),
        ("remote/own.yaml", &object("Pod", "own")),
        ("stray.yaml", &object("Pod", "stray")),
    ])
}

#[test]
fn without_tools_patches_are_still_no_objects() {
    let folder = kustomized();
    let input = read_with(folder.all(), Tools::none(), "");
    assert_eq!(names(&input), [["web", "more", "own", "stray"]]);
    let said: Vec<_> = input.notices.iter().map(|notice| folder.relative(&notice.text)).collect();
    let expected = [
        "the kustomization in prod was not rendered: kustomize is not installed",
        "the kustomization in remote was not rendered: it needs `https://example.com/x.yaml` from the network",
    ];
    assert_eq!(said, expected);
    assert_eq!(folder.relative(input.notices[0].command.as_ref().unwrap()), "kubectl kustomize prod | beamgate lint -");
}

#[test]
fn roots_are_rendered_and_their_files_are_not_judged_again() {
    let folder = kustomized();
    let tools = Folder::with(&[]);
    let kubectl = script(&tools, "kubectl", "echo \"apiVersion: v1\nkind: Pod\nmetadata: {name: $1-$(basename $2)}\"");
    let input = read_with(folder.all(), Tools { kubectl: Some(kubectl), ..Tools::none() }, "");
    assert_eq!(names(&input), [vec!["own", "stray"], vec!["kustomize-prod"]]);
    assert_eq!(folder.relative(input.worlds[1].name.as_ref().unwrap()), "prod (rendered)");

    // A named file is judged, whatever consumes it.
    let named = [folder.0.clone(), folder.path("prod/patch.yaml")];
    assert!(names(&read_with(&named, Tools::none(), "")).concat().contains(&"patch"));
}

#[test]
fn the_real_kubectl_renders_where_there_is_one() {
    let Some(kubectl) = Tools::on_path().kubectl else { return };
    let folder = Folder::with(&[
        ("base/kustomization.yaml", "resources:\n- web.yaml\n"),
        ("base/web.yaml", &object("Pod", "web")),
        ("prod/kustomization.yaml", "resources: [../base]\nnamePrefix: prod-\n"),
    ]);
    let input = read_with(folder.all(), Tools { kubectl: Some(kubectl), ..Tools::none() }, "");
    assert_eq!(names(&input), [vec![], vec!["prod-web"]], "{:?}", input.notices);
}

#[test]
fn charts_are_rendered_or_said_to_be_skipped() {
    let template = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n";
    let folder = Folder::with(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
        ("chart/values.yaml", "a: 1\n"),
        ("chart/templates/pod.yaml", template),
        ("chart/templates/quoted.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{{ .Values.x }}\"}\n"),
        ("chart/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"),
        ("chart/charts/sub/templates/pod.yaml", template),
        ("stray.yaml", &object("Pod", "stray")),
    ]);
    let input = read_with(folder.all(), Tools::none(), "");
    assert_eq!(names(&input), [["stray"]]);
    assert_eq!((input.problems.len(), input.skipped.templates, input.notices.len()), (0, 3, 1), "{:?}", input.notices);
    let command = input.notices[0].command.as_ref().unwrap();
    assert_eq!(folder.relative(command), "helm template chart | beamgate lint -");

    let named = read_with(&[folder.path("chart/templates/pod.yaml")], Tools::none(), "");
    assert_eq!((named.problems.len(), named.notices.len()), (0, 1));

    let tools = Folder::with(&[]);
    let helm = script(&tools, "helm", "echo \"apiVersion: v1\nkind: Pod\nmetadata: {name: $2}\"");
    let on_path = Tools::among(tools.0.as_os_str());
    assert_eq!(on_path, Tools { helm: Some(helm), ..Tools::none() });
    let input = read_with(folder.all(), on_path, "");
    assert_eq!(names(&input), [["stray"], ["chart"]]);
    assert_eq!((input.notices.len(), input.skipped.templates), (0, 0));

    script(&tools, "helm", "echo 'Error: no such chart' >&2; exit 1");
    let input = read_with(folder.all(), Tools::among(tools.0.as_os_str()), "");
    assert!(input.notices[0].text.ends_with("it failed: Error: no such chart"), "{:?}", input.notices);
}

#[test]
fn what_helm_refuses_is_told_with_what_would_help() {
    let folder = Folder::with(&[
        ("Cart/Chart.yaml", "apiVersion: v2\nname: Cart\nversion: 1.0.0\n"),
        ("Cart/templates/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Release.Name }}}\n"),
        ("common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n"),
        ("common/templates/_names.tpl", "{{- define \"common.name\" }}x{{ end }}\n"),
        ("common/values.yaml", "x: 1\n"),
    ]);
    let tools = Folder::with(&[]);
    let said = |text: &str| {
        script(&tools, "helm", text);
        let input = read_with(folder.all(), Tools::among(tools.0.as_os_str()), "");
        let notices = input.notices.iter().map(|notice| {
            let command = notice.command.as_ref().map(|command| folder.relative(command));
            (folder.relative(&notice.text), command)
        });
        (names(&input).concat().join(" "), notices.collect::<Vec<_>>())
    };
    // The folder's name is the release's, and a library is nobody's release.
    let (objects, notices) = said("echo \"apiVersion: v1\nkind: Pod\nmetadata: {name: $2}\"");
    assert_eq!((objects.as_str(), notices), ("cart", Vec::new()));

    for (complaint, command) in [
        ("Error: no such chart", None),
        (
            "Error: You may need to run `helm dependency build` to fetch missing dependencies: found in Chart.yaml",
            Some("helm dependency build Cart && helm template Cart | beamgate lint -"),
        ),
        (
            "Error: execution error at (Cart/templates/pod.yaml:3:1): uuid must be set",
            Some("helm template Cart -f <values> | beamgate lint -"),
        ),
    ] {
        let (_, notices) = said(&format!("echo '# Warning: old' >&2; echo '{complaint}' >&2; exit 1"));
        let text = format!("the chart in Cart was not rendered: it failed: {complaint}");
        assert_eq!(notices, [(text, command.map(str::to_owned))]);
    }
}
