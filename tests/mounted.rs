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
    /// Further variables.
    env: &'static str,
}

impl App {
    /// A script that `/scripts/start.sh` is.
    fn mounted(script: &str) -> Self {
        let script = if script.starts_with("#!") { script.to_owned() } else { format!("#!/bin/sh\n{script}") };
        Self {
            command: "command: [/scripts/start.sh, /app/bin/cart, start]".to_owned(),
            mount: "{name: scripts, mountPath: /scripts}",
            volume: "{name: scripts, configMap: {name: scripts, defaultMode: 0755}}",
            maps: vec![("scripts", format!("start.sh: {script:?}"))],
            env: "",
        }
    }

    fn manifests(&self) -> String {
        let maps = self.maps.iter().map(|(name, data)| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: shop}}\ndata: {{{data}}}\n"
            )
        });
        let Self { command, mount, volume, env, .. } = self;
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: cart, namespace: shop}}\nspec: {{clusterIP: None, selector: {{app: cart}}}}\n---\n\
             apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: cart, namespace: shop}}\nspec:\n  replicas: 2\n  \
             selector: {{matchLabels: {{app: cart}}}}\n  template:\n    metadata:\n      \
             labels: {{app: cart, beamgate.dev/strategy: Kubernetes.DNS}}\n      \
             annotations: {{beamgate.dev/basename: cart, beamgate.dev/service: cart}}\n    spec:\n      containers:\n        \
             - name: cart\n          image: cart:1\n          {command}\n          env:\n            \
             - {{name: POD_IP, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}\n            \
             - {{name: RELEASE_DISTRIBUTION, value: name}}\n            {env}\
             - {{name: RELEASE_COOKIE, valueFrom: {{secretKeyRef: {{name: cart, key: cookie}}}}}}\n          \
             volumeMounts: [{mount}]\n      volumes: [{volume}]\n{}",
            maps.collect::<String>()
        )
    }

    fn said(&self) -> (WorkloadVerdict, Vec<String>) {
        said(&self.manifests())
    }

    fn forms(&self) -> bool {
        self.said().0 == WorkloadVerdict::Forms
    }
}

/// What is said of the first workload, and all that was found.
fn said(text: &str) -> (WorkloadVerdict, Vec<String>) {
    let report = beamgate::cli::lint::report(Path::new("-"), &mut text.as_bytes()).unwrap();
    assert!(report.skipped.is_empty(), "{text}");
    let mut found: Vec<String> = report.findings.iter().map(|finding| finding.rule.id()).collect();
    // Which of its words a shell replaces itself by is another question for a file.
    found.retain(|code| code != "BG702");
    found.sort();
    (report.workloads[0].verdict.clone(), found)
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

/// A pod that names its node well: all else says so too, says otherwise, or is not known.
const NAMED: &str = "- {name: RELEASE_NODE, value: cart@$(POD_IP)}\n            ";

/// A command of a pod that names its node, with what else it has.
fn named(command: &str) -> App {
    App { command: format!("command: {command}"), env: NAMED, ..App::mounted("exec /app/bin/cart start\n") }
}

#[test]
fn what_runs_and_cannot_be_read_may_rename_the_node() {
    let start = || named("[/scripts/start.sh]");
    assert!(start().forms());
    let open = |app: App, why: &str| {
        assert_eq!(app.said(), (WorkloadVerdict::Open, vec!["BG307".to_owned()]), "{why}: {}", app.command);
    };
    for command in ["[/scripts/start.sh]", "[sh, /scripts/start.sh]", "[sh, -c, exec /scripts/start.sh]"] {
        open(App { maps: Vec::new(), ..named(command) }, "no ConfigMap");
    }
    open(App { maps: vec![("scripts", "other: x".to_owned())], ..start() }, "no key");
    open(App { maps: App::mounted("#!/usr/bin/env python3\n").maps, ..start() }, "no shell");
    for volume in [
        "{name: scripts, secret: {secretName: scripts}}",
        "{name: scripts, configMap: {name: none, optional: true}}",
        "{name: scripts, projected: {sources: [{configMap: {name: scripts}}, {secret: {name: scripts}}]}}",
        "{name: scripts, emptyDir: {}}",
        "{name: scripts, csi: {driver: secrets-store.csi.k8s.io}}",
    ] {
        open(App { volume, ..start() }, volume);
    }
    let at = |mount: &'static str| App { mount, ..start() };
    open(at("{name: scripts, mountPath: /scripts, subPathExpr: $(POD_IP)}"), "an expression");
    let program = |volume| App {
        volume,
        mount: "{name: scripts, mountPath: /app/bin/server, subPath: start.sh}",
        ..named("[/app/bin/server]")
    };
    open(program("{name: scripts, secret: {secretName: scripts}}"), "the start script itself");
    open(
        App { mount: "{name: scripts, mountPath: /usr/local/bin}", maps: Vec::new(), ..named("[start.sh]") },
        "a PATH",
    );
}

#[test]
fn a_path_may_be_written_in_many_ways() {
    let is_read = |app: App| {
        let maps = App::mounted("export RELEASE_NODE=store@$POD_IP\nexec /app/bin/cart start\n").maps;
        let app = App { maps, ..app };
        assert_eq!(app.said(), (WorkloadVerdict::Breaks, vec!["BG301".to_owned()]), "{}, {}", app.command, app.volume);
    };
    is_read(named("[/scripts/../scripts/./start.sh]"));
    is_read(named("[./start.sh]\n          workingDir: /scripts"));
    is_read(named("[sh, start.sh]\n          workingDir: /scripts/"));
    is_read(named("[bash, --norc, -eo, pipefail, /scripts/start.sh, -c, /app/bin/cart eval x]"));
    is_read(App {
        mount: "{name: scripts, mountPath: /scripts/start.sh, subPath: ./start.sh}",
        ..named("[/scripts/start.sh]")
    });
    is_read(App {
        mount: "{name: scripts, mountPath: /scripts, subPath: bin}",
        volume: "{name: scripts, configMap: {name: scripts, items: [{key: start.sh, path: bin/go, mode: 0555}]}}",
        ..named("[/scripts/go]")
    });
    is_read(App {
        volume: "{name: scripts, projected: {defaultMode: 0755, sources: [{configMap: {name: scripts}}]}}",
        ..named("[/scripts/start.sh]")
    });
}

#[test]
fn a_script_that_nobody_may_run_is_not_taken_for_run() {
    let good = || App { maps: App::mounted(GOOD).maps, ..named("[/scripts/start.sh, /app/bin/cart, start]") };
    assert!(good().forms());
    let open = (WorkloadVerdict::Open, vec!["BG307".to_owned()]);
    const BARE: &str = "{name: scripts, configMap: {name: scripts}}";
    assert_eq!(App { volume: BARE, ..good() }.said(), open, "0644");
    assert_eq!(App { volume: "{name: scripts, configMap: {name: scripts, defaultMode: 0444}}", ..good() }.said(), open);
    let by_shell = "command: [sh, /scripts/start.sh, /app/bin/cart, start]".to_owned();
    assert!(App { volume: BARE, command: by_shell.clone(), ..good() }.forms());
    // The kernel runs nothing without an interpreter, and to a shell a carriage return is a letter.
    assert_eq!(App { maps: vec![("scripts", format!("start.sh: {GOOD:?}"))], ..good() }.said(), open);
    let windows = format!("start.sh: {:?}", GOOD.replace('\n', "\r\n"));
    assert_eq!(App { maps: vec![("scripts", windows)], command: by_shell, ..good() }.said(), open);
}

#[test]
fn any_volume_over_the_releases_own_script_leaves_the_name_open() {
    let at = |mount: &'static str, volume: &'static str| App { mount, volume, ..named("[/app/bin/cart, start]") };
    const SECRET: &str = "{name: scripts, secret: {secretName: scripts}}";
    const DISK: &str = "{name: scripts, emptyDir: {}}";
    assert!(at("{name: scripts, mountPath: /app/tmp}", DISK).forms());
    assert!(at("{name: scripts, mountPath: /srv/data}", SECRET).forms());
    for (mount, volume) in [
        ("{name: scripts, mountPath: /app/releases/1.0.0/env.sh, subPath: env.sh}", SECRET),
        ("{name: scripts, mountPath: /app/releases/1.0.0/env.sh, subPathExpr: $(POD_IP)}", DISK),
        ("{name: scripts, mountPath: /app/releases/1.0.0}", "{name: scripts, configMap: {name: scripts}}"),
        ("{name: scripts, mountPath: /app/releases}", DISK),
        ("{name: scripts, mountPath: /app}", DISK),
        (
            "{name: scripts, mountPath: /srv/releases/1.0.0/env.sh, subPath: start.sh}",
            "{name: scripts, configMap: {name: scripts}}",
        ),
    ] {
        assert_eq!(at(mount, volume).said().0, WorkloadVerdict::Open, "{mount} {volume}");
    }
}

#[test]
fn a_shell_runs_its_file_and_not_what_stands_behind() {
    assert!(named("[sh, /app/start.sh, -c, /app/bin/cart eval x]").forms());
    assert!(!named("[sh, -e, -c, -u, /app/bin/cart eval x]").forms());
    assert!(named("[bash, --login, -o, pipefail, -c, exec /app/bin/cart start]").forms());
}

#[test]
fn what_env_sets_counts() {
    let breaks = |command: &str, code: &str| {
        assert_eq!(named(command).said(), (WorkloadVerdict::Breaks, vec![code.to_owned()]), "{command}");
    };
    breaks("[env, RELEASE_NODE=store@$(POD_IP), /app/bin/cart, start]", "BG301");
    breaks("[tini, --, env, LANG=C, RELEASE_NODE=cart@127.0.0.1, /app/bin/cart, start]", "BG109");
    breaks("[sh, -c, 'exec env RELEASE_NODE=store@$POD_IP /app/bin/cart start']", "BG301");
    breaks("[su, app, -s, /bin/sh, -c, 'export RELEASE_NODE=store@$POD_IP; exec /app/bin/cart start']", "BG301");
    breaks("[sh, -c, 'exec su app -s /bin/sh -c \"RELEASE_NODE=store@$POD_IP /app/bin/cart start\"']", "BG301");
    assert!(named("[env, LANG=C, /app/bin/cart, start]").forms());
    assert!(named("[su, app, -s, /bin/sh, -c, /app/bin/cart start]").forms());
    assert!(named("[sudo, -E, -u, app, /app/bin/cart, start]").forms());
    for command in [
        "[env, -i, /app/bin/cart, start]",
        "[chpst, -e, /env, /app/bin/cart, start]",
        "[setpriv, --reset-env, /app/bin/cart, start]",
        "[sh, -c, exec -c /app/bin/cart start]",
        "[sudo, -u, app, /app/bin/cart, start]",
        "[sh, -c, exec sudo -u app /app/bin/cart start]",
        "[su, app, -c, /app/bin/cart start]",
        "[su, '-', app, -c, /app/bin/cart start]",
        "[/command/with-contenv, /app/bin/cart, start]",
    ] {
        assert_eq!(named(command).said(), (WorkloadVerdict::Open, vec!["BG307".to_owned()]), "{command}");
    }
}

#[test]
fn a_livebooks_variable_makes_no_livebook() {
    const BOTH: &str = "- {name: RELEASE_NODE, value: cart@$(POD_IP)}\n            \
                        - {name: LIVEBOOK_NODE, value: livebook@livebook.tools}\n            ";
    let app = |command: &str| App { command: command.to_owned(), env: BOTH, ..App::mounted("") };
    assert!(app("command: [/app/bin/cart, start]").forms());
    assert!(app("command: [sh, -c, exec /app/bin/cart start]").forms());
    for unclear in ["", "command: [/app/bin/server]", "command: [/entrypoint.sh]", "args: [start]"] {
        assert_eq!(app(unclear).said(), (WorkloadVerdict::Open, vec!["BG307".to_owned()]), "{unclear}");
    }
    let (verdict, found) = app("command: [/app/bin/livebook, start]").said();
    assert_eq!(verdict, WorkloadVerdict::Breaks, "{found:?}");
}

#[test]
fn a_script_that_a_script_starts_is_read() {
    const BAD: &str = "export RELEASE_NODE=store@$POD_IP\nexec /app/bin/cart start\n";
    for command in [
        "[sh, -c, /scripts/start.sh]",
        "[sh, -c, 'sleep 1; sh /scripts/start.sh']",
        "[sh, -c, exec sh /scripts/start.sh]",
        "[sh, -c, \"exec tini -- sh -ec 'exec /scripts/start.sh'\"]",
        "[sh, -c, \"sh -c 'export RELEASE_NODE=store@$POD_IP; exec /app/bin/cart start'\"]",
    ] {
        let app = App { maps: App::mounted(BAD).maps, ..named(command) };
        assert_eq!(app.said(), (WorkloadVerdict::Breaks, vec!["BG301".to_owned()]), "{command}");
    }
    let inner = "[sh, -c, \"exec sh -c 'exec /app/bin/cart start'\"]";
    assert!(named(inner).forms());
    assert_eq!(named("[sh, -c, 'exec sh -c \"$NOBODY_KNOWS\"']").said().0, WorkloadVerdict::Open);
}

#[test]
fn what_is_left_of_a_long_chain_may_rename_the_node() {
    let script = |number: usize, text: &str| format!("{number}.sh: {text:?}");
    let chain = |length: usize, last: &str| {
        let next = (1..length).map(|number| script(number, &format!("#!/bin/sh\nexec /scripts/{}.sh\n", number + 1)));
        let all: Vec<String> = next.chain([script(length, &format!("#!/bin/sh\n{last}"))]).collect();
        App { maps: vec![("scripts", all.join(", "))], ..named("[/scripts/1.sh]") }
    };
    assert!(chain(3, "exec /app/bin/cart start\n").forms());
    assert_eq!(chain(4, "exec /app/bin/cart start\n").said(), (WorkloadVerdict::Open, vec!["BG307".to_owned()]));
    assert_eq!(chain(2, "exec /scripts/1.sh\n").said(), (WorkloadVerdict::Open, vec!["BG307".to_owned()]), "a loop");
    let chained = chain(4, "exec /app/bin/cart start\n").manifests();
    let report = beamgate::cli::lint::report(Path::new("-"), &mut chained.as_bytes()).unwrap();
    assert!(report.findings[0].message.contains("`/scripts/4.sh` decides it"), "{}", report.findings[0].message);
}

/// A mix release that a pod names well, and over whose `vm.args` one out of a ConfigMap is mounted.
fn with_vm_args(text: &str) -> App {
    App {
        mount: "{name: scripts, mountPath: /app/releases/1.0.0/vm.args, subPath: vm.args}",
        maps: vec![("scripts", format!("vm.args: {text:?}"))],
        ..named("[/app/bin/cart, start]")
    }
}

#[test]
fn the_vm_args_of_a_mix_release_stands_behind_its_name() {
    assert!(with_vm_args("+P 1000\n-kernel inet_dist_listen_min 9100\n").forms());
    let broken = (WorkloadVerdict::Breaks, vec!["BG103".to_owned()]);
    assert_eq!(with_vm_args("## Emulator\n-sname cart\n").said(), broken, "a short name beats every long one");
    assert!(with_vm_args("-name store@127.0.0.1\n").forms(), "of two long ones the first counts");
    let none = App { env: "- {name: RELEASE_VM_ARGS, value: /scripts/vm.args}\n            ", ..with_vm_args("") };
    let said = |text: &str, value: &str| {
        let mut text =
            App { maps: with_vm_args(text).maps, mount: "{name: scripts, mountPath: /scripts}", ..none.clone() }
                .manifests();
        text = text.replace(
            "{name: RELEASE_DISTRIBUTION, value: name}",
            &format!("{{name: RELEASE_DISTRIBUTION, value: {value}}}"),
        );
        let report = beamgate::cli::lint::report(Path::new("-"), &mut text.as_bytes()).unwrap();
        (
            report.workloads[0].verdict.clone(),
            report.findings.iter().map(|finding| finding.rule.id()).collect::<Vec<_>>(),
        )
    };
    let unshared = (WorkloadVerdict::Breaks, vec!["BG109".to_owned()]);
    assert_eq!(said("-name cart@127.0.0.1\n", "none"), unshared, "the script gives no name, and the file does");
    assert_eq!(said("-sname cart\n", "name").0, WorkloadVerdict::Breaks);
}

#[test]
fn what_a_finding_says_of_a_mounted_vm_args_has_its_place() {
    let block = "data:\n  vm.args: |\n    +P 1000\n    -sname cart\n";
    let text = with_vm_args("FLAGS").manifests().replace("data: {vm.args: \"FLAGS\"}\n", block);
    let report = beamgate::cli::lint::report(Path::new("-"), &mut text.as_bytes()).unwrap();
    let finding = report.findings.iter().find(|finding| finding.rule.id() == "BG103").unwrap();
    let place = finding.labels[0].place.unwrap().span;
    assert_eq!(&text[place.start as usize..place.end as usize], "cart");
    assert!(text[..place.start as usize].ends_with("-sname "));
}

/// The same in a release of which the command shows that it is relx's.
fn foreground(app: App) -> App {
    App { command: "command: [/app/bin/cart, foreground]".to_owned(), ..app }
}

#[test]
fn the_vm_args_of_relx_is_all_that_names_its_node() {
    let relx = |key: &str, mount: &'static str, text: &str, env: &'static str| {
        let maps = vec![("scripts", format!("{key}: {text:?}"))];
        App { mount, maps, env, ..foreground(with_vm_args("")) }
    };
    let source = "{name: scripts, mountPath: /app/releases/1.0.0/vm.args.src, subPath: vm.args.src}";
    assert!(relx("vm.args.src", source, "-name cart@${POD_IP}\n", "").forms());
    let bad = relx("vm.args.src", source, "-name store@${POD_IP}\n", "").said();
    assert_eq!(bad, (WorkloadVerdict::Breaks, vec!["BG301".to_owned()]));
    let said = "- {name: VMARGS_PATH, value: /scripts/vm.args}\n            ";
    let folder = "{name: scripts, mountPath: /scripts}";
    assert_eq!(
        relx("vm.args", folder, "-name cart@127.0.0.1\n", said).said(),
        (WorkloadVerdict::Breaks, vec!["BG109".to_owned()])
    );
    let unfilled = relx("vm.args", folder, "-name cart@${POD_IP}\n", said).said();
    assert_eq!(unfilled.0, WorkloadVerdict::Open, "whether it is filled in the start script says");
    // Where something shows a mix release, too, it may be either's.
    let open = (WorkloadVerdict::Open, vec!["BG307".to_owned()]);
    for command in ["command: [/app/bin/cart, start]", "args: [start]", ""] {
        let both = relx("vm.args", folder, "-name cart@127.0.0.1\n", said);
        assert_eq!(App { command: command.to_owned(), ..both }.said(), open, "{command}");
        let both = relx("vm.args.src", source, "-name store@${POD_IP}\n", "");
        assert_eq!(App { command: command.to_owned(), ..both }.said(), open, "{command}");
    }
}

#[test]
fn a_port_of_relx_makes_no_release_of_relx() {
    let port = "- {name: RELEASE_NODE, value: cart@$(POD_IP)}\n            - {name: ERL_DIST_PORT, value: '9100'}\n            ";
    let app = App { env: port, ..with_vm_args("-name store@127.0.0.1\n") };
    assert!(app.forms(), "{:?}", app.said());
}

#[test]
fn relx_reads_one_of_several_files() {
    const FOLDER: &str = "{name: scripts, mountPath: /scripts}";
    const OWN: &str = "{name: scripts, mountPath: /app/vm.args, subPath: vm.args}";
    const VERSIONS: &str = "{name: scripts, mountPath: /app/releases/1.0.0/vm.args, subPath: vm.args}";
    const PATH: &str = "- {name: VMARGS_PATH, value: /scripts/vm.args}\n            ";
    let good = "vm.args: '-name cart@10.0.0.1'";
    let with = |mount: &'static str, env: &'static str, maps: &str| {
        App { mount, env, maps: vec![("scripts", maps.to_owned())], ..foreground(with_vm_args("")) }.said().0
    };
    let all = WorkloadVerdict::Breaks;
    assert_eq!(with(VERSIONS, "", good), all);
    assert_eq!(with(OWN, "", good), all);
    assert_eq!(with(FOLDER, PATH, good), all);
    let two = "{name: scripts, mountPath: /app/vm.args, subPath: vm.args}, {name: scripts, mountPath: /app/releases/1.0.0/vm.args, subPath: vm.args}";
    assert_eq!(with(two, "", good), WorkloadVerdict::Open);
    let source = "vm.args: '-name cart@10.0.0.1', vm.args.src: '-name cart@10.0.0.1'";
    assert_eq!(with(FOLDER, PATH, source), WorkloadVerdict::Open, "the source is filled in instead");
    // It cannot write what it fills in.
    let filled = "- {name: RELX_REPLACE_OS_VARS, value: 'true'}\n            ";
    assert_eq!(with(VERSIONS, filled, good), WorkloadVerdict::Open);
    let out = "- {name: RELX_REPLACE_OS_VARS, value: 'true'}\n            - {name: RELX_OUT_FILE_PATH, value: /tmp}\n            ";
    assert_eq!(with(VERSIONS, out, good), all);
}

#[test]
fn the_files_of_a_version_that_does_not_run_decide_nothing() {
    let runs = |version: &str, app: App| {
        let text = app.manifests();
        let vsn = format!("- {{name: RELEASE_VSN, value: {version}}}\n            - {{name: RELEASE_COOKIE,");
        said(&text.replace("- {name: RELEASE_COOKIE,", &vsn)).0
    };
    let short = || with_vm_args("-sname cart\n");
    assert_eq!(runs("1.0.0", short()), WorkloadVerdict::Breaks);
    assert_eq!(runs("1.0.1", short()), WorkloadVerdict::Forms);
    let env_sh = || App {
        mount: "{name: scripts, mountPath: /app/releases/1.0.0/env.sh, subPath: env.sh}",
        maps: vec![("scripts", "env.sh: 'export RELEASE_NODE=store@$POD_IP'".to_owned())],
        ..short()
    };
    assert_eq!(runs("1.0.0", env_sh()), WorkloadVerdict::Breaks);
    assert_eq!(runs("1.0.1", env_sh()), WorkloadVerdict::Forms);
    let two = "{name: scripts, mountPath: /app/releases/1.0.0/vm.args, subPath: vm.args}, {name: scripts, mountPath: /app/releases/1.0.1/vm.args, subPath: other}";
    assert_eq!(runs("1.0.0", App { mount: two, ..short() }), WorkloadVerdict::Breaks);
}

#[test]
fn what_may_say_another_path_leaves_a_mounted_vm_args_open() {
    let with_env_from = |app: App| {
        let text = app.manifests();
        said(&text.replace(
            "          volumeMounts:",
            "          envFrom: [{secretRef: {name: more}}]\n          volumeMounts:",
        ))
    };
    let open = WorkloadVerdict::Open;
    assert_eq!(with_env_from(with_vm_args("-sname cart\n")).0, open);
    let elsewhere =
        App { mount: "{name: scripts, mountPath: /etc/cart/vm.args, subPath: vm.args}", ..with_vm_args("-sname x\n") };
    assert_eq!(with_env_from(elsewhere.clone()).0, WorkloadVerdict::Forms, "nothing is mounted over it");
    let secret = "- {name: RELEASE_NODE, value: cart@$(POD_IP)}\n            - {name: RELEASE_VM_ARGS, valueFrom: {secretKeyRef: {name: a, key: b}}}\n            ";
    assert_eq!(App { env: secret, ..elsewhere }.said().0, open);
}

#[test]
fn a_file_that_a_vm_args_names_may_name_the_node() {
    for text in ["-args_file /etc/more.args\n", "-name a@127.0.0.1\n-args_file /etc/more.args\n"] {
        assert_eq!(with_vm_args(text).said(), (WorkloadVerdict::Open, vec!["BG307".to_owned()]), "{text}");
        let app = foreground(with_vm_args(text));
        assert_eq!(App { env: "", ..app }.said().0, WorkloadVerdict::Open, "{text}");
    }
}

#[test]
fn a_vm_args_that_cannot_be_read_leaves_the_name_open() {
    let why = |app: &App| {
        let report = beamgate::cli::lint::report(Path::new("-"), &mut app.manifests().as_bytes()).unwrap();
        assert_eq!(report.workloads[0].verdict, WorkloadVerdict::Open, "{}", app.manifests());
        report.findings.iter().find(|finding| finding.rule.id() == "BG307").map(|found| found.message.clone()).unwrap()
    };
    let app = || with_vm_args("-sname cart\n");
    let secret = App { volume: "{name: scripts, secret: {secretName: flags}}", ..app() };
    assert!(why(&secret).ends_with("Secret `flags` is never read"));
    assert!(why(&App { maps: Vec::new(), ..app() }).ends_with("ConfigMap `scripts` is not in the input"));
    let disk = App { volume: "{name: scripts, emptyDir: {}}", ..app() };
    assert!(why(&disk).ends_with("`/app/releases/1.0.0/vm.args` decides it"));
    let long = with_vm_args(&format!("-sname cart\n{}", "#\n".repeat(1 << 15)));
    assert!(why(&long).ends_with("`vm.args` is too long to be read"));
    let two = "{name: scripts, mountPath: /app/releases/1.0.0/vm.args, subPath: vm.args}, {name: scripts, mountPath: /app/releases/1.0.1/vm.args, subPath: vm.args}";
    assert!(why(&App { mount: two, ..app() }).ends_with("the image decides it"));
    // Nothing shows whose release it is, and each takes the name from elsewhere.
    let unclear = App { env: "", ..app() };
    let text = unclear.manifests().replace("{name: RELEASE_DISTRIBUTION, value: name}", "{name: ANY, value: x}");
    let report = beamgate::cli::lint::report(Path::new("-"), &mut text.as_bytes()).unwrap();
    let finding = report.findings.iter().find(|finding| finding.rule.id() == "BG307").unwrap();
    assert_eq!(finding.message, "the names were not compared: `vm.args` decides it");
    assert_eq!(finding.labels[0].text, "names the node, if anything reads it");
    // Elsewhere it is the app's own business.
    assert!(App { mount: "{name: scripts, mountPath: /etc/cart/vm.args, subPath: vm.args}", ..app() }.forms());
}

#[test]
fn only_what_goes_through_elixir_reads_its_options() {
    const OPTIONS: &str = "- {name: ELIXIR_ERL_OPTIONS, value: -name store@$(POD_IP)}\n            ";
    let said =
        |command: &str| App { command: format!("command: {command}"), env: OPTIONS, ..App::mounted("") }.said().0;
    for (of_erl, of_elixir) in [
        ("[erl, -name, cart@$(POD_IP)]", "[elixir, --name, cart@$(POD_IP), --no-halt]"),
        ("[sh, -c, 'exec erl -name cart@$POD_IP']", "[sh, -c, 'exec elixir --name cart@$POD_IP']"),
    ] {
        assert_eq!(said(of_erl), WorkloadVerdict::Forms, "{of_erl}");
        assert_eq!(said(of_elixir), WorkloadVerdict::Breaks, "{of_elixir}");
    }
    let relx = App { env: OPTIONS, ..foreground(with_vm_args("-name cart@10.0.0.1\n")) };
    let found = relx.said().1;
    assert_eq!(found, ["BG109"], "the name in the file counts, which is the same in every pod");
}
