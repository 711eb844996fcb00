//! Scripts out of ConfigMaps: read where it is certain that they run, and as those on a command line are.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::path::Path;

use beamgate::report::model::WorkloadVerdict;

/// What runs, what is mounted, and which ConfigMaps there are.
#[derive(Clone)]
struct App {
    command: String,
    mount: &'static str,
    volume: &'static str,
    maps: Vec<(&'static str, String)>,
}

impl App {
    /// A script that `/scripts/start.sh` is.
    fn mounted(script: &str) -> Self {
        Self {
            command: "command: [/scripts/start.sh, /app/bin/cart, start]".to_owned(),
            mount: "{name: scripts, mountPath: /scripts}",
            volume: "{name: scripts, configMap: {name: scripts}}",
            maps: vec![("scripts", format!("start.sh: {script:?}"))],
        }
    }

    fn manifests(&self) -> String {
        let maps = self.maps.iter().map(|(name, data)| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: shop}}\ndata: {{{data}}}\n"
            )
        });
        let Self { command, mount, volume, .. } = self;
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: cart, namespace: shop}}\nspec: {{clusterIP: None, selector: {{app: cart}}}}\n---\n\
             apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: cart, namespace: shop}}\nspec:\n  replicas: 2\n  \
             selector: {{matchLabels: {{app: cart}}}}\n  template:\n    metadata:\n      \
             labels: {{app: cart, beamgate.dev/strategy: Kubernetes.DNS}}\n      \
             annotations: {{beamgate.dev/basename: cart, beamgate.dev/service: cart}}\n    spec:\n      containers:\n        \
             - name: cart\n          image: cart:1\n          {command}\n          env:\n            \
             - {{name: POD_IP, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}\n            \
             - {{name: RELEASE_DISTRIBUTION, value: name}}\n            \
             - {{name: RELEASE_COOKIE, valueFrom: {{secretKeyRef: {{name: cart, key: cookie}}}}}}\n          \
             volumeMounts: [{mount}]\n      volumes: [{volume}]\n{}",
            maps.collect::<String>()
        )
    }

    fn said(&self) -> (WorkloadVerdict, Vec<String>) {
        let text = self.manifests();
        let report = beamgate::cli::lint::report(Path::new("-"), &mut text.as_bytes()).unwrap();
        assert!(report.skipped.is_empty(), "{text}");
        let mut found: Vec<String> = report.findings.iter().map(|finding| finding.rule.id()).collect();
        // Which of its words a shell replaces itself by is another question for a file.
        found.retain(|code| code != "BG702");
        found.sort();
        (report.workloads[0].verdict.clone(), found)
    }

    fn forms(&self) -> bool {
        self.said().0 == WorkloadVerdict::Forms
    }
}

const GOOD: &str = "export RELEASE_NODE=cart@$POD_IP\nexec \"$@\"\n";

#[test]
fn a_script_in_a_file_is_read_as_on_the_command_line() {
    let run = "exec /app/bin/cart start";
    for script in [
        format!("export RELEASE_NODE=cart@$POD_IP\n{run}\n"),
        format!("export RELEASE_NODE=store@$POD_IP\n{run}\n"),
        format!("export RELEASE_NODE=cart@$(hostname -i | sed 's/./-/g')\n{run}\n"),
        format!("export RELEASE_NODE=cart@127.0.0.1\n{run}\n"),
        format!("RELEASE_NODE=cart@$POD_IP\n{run}\n"),
        format!("export RELEASE_NODE=cart@$POD_IP RELEASE_DISTRIBUTION=sname\n{run}\n"),
        format!(". /etc/profile\n{run}\n"),
        "export RELEASE_NODE=cart@$POD_IP\nexec elixir --name cart@$POD_IP -S mix phx.server\n".to_owned(),
        "if [ -n \"$NOBODY_KNOWS\" ]; then export RELEASE_NODE=a@b.c; fi\n".to_owned() + run,
        "exec /app/bin/cart eval 'Cart.migrate()'\n".to_owned(),
        "case ${1:-} in esac (\n".to_owned(),
    ] {
        let by_path = App::mounted(&script);
        let on_the_line = App { command: format!("command: [/bin/sh, -c, {script:?}]"), ..by_path.clone() };
        let by_a_shell = App { command: "command: [/bin/sh, -e, /scripts/start.sh]".to_owned(), ..by_path.clone() };
        let by_a_script =
            App { command: "command: [/bin/sh, -c, 'exec /scripts/start.sh']".to_owned(), ..by_path.clone() };
        let as_arguments = App { command: "args: [/scripts/start.sh]".to_owned(), ..by_path.clone() };
        for app in [by_path, by_a_shell, by_a_script, as_arguments] {
            assert_eq!(app.said(), on_the_line.said(), "{} of {script}", app.command);
        }
    }
}

#[test]
fn what_does_not_certainly_run_is_not_read() {
    let app = App::mounted(GOOD);
    assert!(app.forms());
    let command = |command: &str| App { command: format!("command: {command}"), ..app.clone() };
    assert!(!command("[/scripts/other.sh, /app/bin/cart, start]").forms(), "no such key");
    assert!(!command("[/bin/sh, -s, /scripts/start.sh]").forms());
    assert!(!command("[/usr/bin/python3, /scripts/start.sh]").forms());
    assert!(!App::mounted(&format!("#!/usr/bin/env escript\n{GOOD}")).forms());
    assert!(App::mounted(&format!("#!/usr/bin/env -S bash -eu\n{GOOD}")).forms());
    let mount = |mount: &'static str| App { mount, ..app.clone() };
    assert!(!mount("{name: scripts, mountPath: /scripts, subPathExpr: $(POD_IP)}").forms());
    assert!(!mount("{name: scripts, mountPath: /scripts}, {name: other, mountPath: /scripts/start.sh}").forms());
    assert!(mount("{name: scripts, mountPath: /scripts/start.sh, subPath: start.sh}").forms());
    assert!(!App { volume: "{name: scripts, emptyDir: {}}", ..app.clone() }.forms());
    let volume = "{name: scripts, configMap: {name: scripts, items: [{key: other, path: start.sh}]}}";
    assert!(!App { volume, ..app.clone() }.forms());
    assert!(!App { maps: Vec::new(), ..app }.forms());
}

#[test]
fn an_env_sh_out_of_a_config_map_has_the_last_word() {
    let env_sh = |text: &str| App {
        command: "command: [/app/bin/cart, start]".to_owned(),
        mount: "{name: scripts, mountPath: /app/releases/1.0.0/env.sh, subPath: env.sh}",
        maps: vec![("scripts", format!("env.sh: {text:?}"))],
        ..App::mounted("")
    };
    assert!(env_sh("export RELEASE_NODE=cart@$POD_IP\n").forms());
    assert_eq!(
        env_sh("export RELEASE_NODE=store@$POD_IP\n").said(),
        (WorkloadVerdict::Breaks, vec!["BG301".to_owned()])
    );
    // What it leaves out the image may say.
    assert_eq!(env_sh("true\n").said().0, WorkloadVerdict::Open);
    let unseen = App { maps: Vec::new(), ..env_sh("") };
    assert_eq!(unseen.said().0, WorkloadVerdict::Open);
    let other = App {
        mount: "{name: scripts, mountPath: /app/releases/1.0.0/env.sh, subPath: env.sh}, {name: scripts, mountPath: /app/releases/1.0.1/env.sh, subPath: env.sh}",
        ..env_sh("export RELEASE_NODE=cart@$POD_IP\n")
    };
    assert_eq!(other.said().0, WorkloadVerdict::Open, "which of the versions runs the image says");
}
