//! What the reader of shell scripts says beside the values: places, exports, commands, and what it did not follow.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::ops::Range;

use beamgate::name::shell::{Outcome, Surroundings, Variable, read, read_template};
use beamgate::name::template::{Part, Template, Why};
use beamgate::place::{Focus, Loc, ObjectId, Pointer};

fn script_at() -> Loc {
    Pointer::root().of(ObjectId::text(0))
}

fn env_at(name: &str) -> Loc {
    Pointer::keys(&["spec"]).item("name", name, 0).of(ObjectId(0))
}

fn template(text: &str, at: &Loc) -> Template {
    Template::parse(text, at).unwrap()
}

fn get(name: &str) -> Variable {
    match name {
        "POD_IP" => Variable::Set(template("{pod-ip}", &env_at("POD_IP"))),
        "RELEASE_NODE" => Variable::Set(template("old", &env_at("RELEASE_NODE"))),
        "IMAGE" => Variable::Unknown(Why::Image),
        _ => Variable::Unset,
    }
}

fn pod() -> Surroundings<'static> {
    Surroundings {
        get: &get,
        hostname: template("{hostname}", &script_at()),
        fqdn: None,
        pod_ip: template("{pod-ip}", &script_at()),
        dotless: true,
        arguments: None,
        release: None,
    }
}

fn reading(script: &str) -> Outcome {
    read(script, &|span: Range<usize>| script_at().within(span), &pod())
}

fn said(outcome: &Outcome, name: &str) -> String {
    let value = outcome.variable(name).and_then(|assigned| assigned.value.as_ref());
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn command(outcome: &Outcome) -> Option<Vec<String>> {
    outcome.command.as_ref().map(|command| command.words.iter().map(ToString::to_string).collect())
}

#[test]
fn each_part_remembers_where_it_was_written() {
    let script = "export RELEASE_NODE=\"app@$POD_IP\"; A=$(curl x)";
    let outcome = reading(script);
    let node = outcome.variable("RELEASE_NODE").unwrap();
    assert_eq!(&script[node.at.clone()], "RELEASE_NODE=\"app@$POD_IP\"");
    let pieces = node.value.as_ref().unwrap().pieces();
    let Focus::Within(from, to) = pieces[0].at.focus else { panic!("{:?}", pieces[0]) };
    assert_eq!(&script[from as usize..to as usize], "app@");
    assert_eq!(pieces[1].at, env_at("POD_IP"));

    let unknown = &outcome.variable("A").unwrap().value.as_ref().unwrap().pieces()[0];
    assert_eq!(unknown.part, Part::Opaque(Why::Shell("curl x".to_owned())));
    assert_eq!(unknown.at, script_at().within(39..45));
}

#[test]
fn what_is_unknown_says_why() {
    let why = |script: &str| reading(script).variable("A").and_then(|a| a.value.as_ref()?.unknown().cloned()).unwrap();
    assert_eq!(why("A=$IMAGE"), Why::Image);
    assert_eq!(why("A=${IMAGE:-x}"), Why::Image);
    assert_eq!(why("A=<%= @release.name %>"), Why::Placeholder("<%= @release.name %>".to_owned()));
    assert_eq!(why("A=$(cat /etc/app/node)"), Why::File);
    assert_eq!(why("if [ -f /x ]; then\n  A=1\nfi"), Why::Shell("if [ -f /x ]; then A=1 fi".to_owned()));
    assert_eq!(why("A=1; . ./more.sh"), Why::Shell(". ./more.sh".to_owned()));
}

#[test]
fn the_dot_that_eats_everything_is_shown() {
    let script = "export A=$(echo $POD_IP | sed 's/./-/g')";
    let eaten = reading(script).sed_eats_everything;
    assert_eq!(eaten.iter().map(|span| &script[span.clone()]).collect::<Vec<_>>(), ["sed 's/./-/g'"]);
    assert!(reading(r"export A=$(echo $POD_IP | sed 's/\./-/g')").sed_eats_everything.is_empty());
}

#[test]
fn exports_are_told_from_plain_variables() {
    let outcome = reading("RELEASE_NODE=new A=1; B=2; export B C; C=3; IMAGE=4; unset B");
    let exported = |name: &str| outcome.variable(name).unwrap().exported;
    assert!(exported("RELEASE_NODE"), "it came from the environment");
    assert!(exported("C"));
    assert!(!exported("A") && !exported("B") && !exported("IMAGE"));
    assert_eq!(outcome.variable("B").unwrap().value, None);
}

#[test]
fn variables_of_one_command_belong_to_it() {
    let outcome = reading("RELEASE_NODE=app@$POD_IP exec bin/app start");
    let running = outcome.command.as_ref().unwrap();
    assert!(running.exec);
    assert_eq!(running.with[0].0, "RELEASE_NODE");
    assert_eq!(running.with[0].1.value.as_ref().unwrap().to_string(), "app@{pod-ip}");
    assert!(running.with[0].1.exported);
    assert!(!reading("A=1 bin/app start").command.unwrap().exec);
}

#[test]
fn the_command_that_keeps_running_is_found_or_is_not_clear() {
    let words = |script: &str| command(&reading(script)).map(|words| words.join(" "));
    assert_eq!(words("bin/migrate && exec bin/server").as_deref(), Some("bin/server"));
    assert_eq!(words("until nc -z db 5432; do sleep 1; done; exec bin/app start").as_deref(), Some("bin/app start"));
    assert_eq!(words("export A=1"), None);
    assert_eq!(words("bin/setup; bin/app start &"), None);
    assert_eq!(words("while true; do bin/app start; done"), None);
    assert_eq!(words("case $IMAGE in a) exec x;; *) exec y;; esac"), None);
    assert_eq!(words("[ -f /x ] || exit 1; exec y").as_deref(), Some("y"));
    assert_eq!(words("exec \"$@\"").as_deref(), Some("{?}"));
}

#[test]
fn arguments_are_followed_where_they_are_known() {
    let arguments = Some(vec![template("bin/app", &script_at()), template("a b", &script_at())]);
    let from = Surroundings { arguments, ..pod() };
    let outcome = read("export A=$2; exec \"$@\"", &|span| script_at().within(span), &from);
    assert_eq!(command(&outcome).unwrap(), ["bin/app", "a b"]);
    assert_eq!(said(&outcome, "A"), "a b");
}

#[test]
fn the_runtime_sets_the_hostname() {
    assert_eq!(said(&reading("A=app@$HOSTNAME"), "A"), "app@{hostname}");
    assert_eq!(said(&reading("A=$(cat < /etc/hostname)"), "A"), "{hostname}");
    let dotted = Surroundings { dotless: false, ..pod() };
    let outcome =
        read("A=$(hostname -s) B=$(hostname | tr . -) C=$(hostname)", &|span| script_at().within(span), &dotted);
    assert_eq!([said(&outcome, "A"), said(&outcome, "B"), said(&outcome, "C")], ["{?}", "{?}", "{hostname}"]);
}

#[test]
fn the_kubelet_fills_in_first() {
    let at = env_at("sh");
    let mut script = Template::lit("export RELEASE_NODE='app@", &at.clone().within(0..25));
    script.append(&template("{pod-ip}", &at.clone().within(25..34)));
    script.append(&Template::lit("'; exec bin/app start", &at.clone().within(34..55)));
    let outcome = read_template(&script, &pod());
    assert_eq!(said(&outcome, "RELEASE_NODE"), "app@{pod-ip}");
    let running = outcome.command.unwrap();
    assert_eq!(running.words[1].pieces()[0].at, at.within(50..55));
}

#[test]
fn what_may_set_anything_is_told() {
    for script in [
        ". ./vars",
        "eval \"$X\"",
        "A='open",
        "export $(cat .env)",
        "<% if @x do %>A=1<% end %>",
        "a &>/dev/null",
        "B=(1 2)",
    ] {
        let outcome = reading(script);
        assert!(outcome.anything.is_some() && !outcome.unread.is_empty(), "{script}: {outcome:?}");
    }
    for script in ["A=1", "cd /app", "curl x", "<%# comment %>\nA=1", "command -v nc", "for i in 1; do sleep $i; done"]
    {
        assert_eq!(reading(script).anything, None, "{script}");
    }
}

#[test]
fn loops_follow_the_functions_that_they_call() {
    let outcome = reading("log() { echo \"$1\"; }; A=1; B=1; set_b() { B=2; }; for i in 1 2; do log x; set_b; done");
    assert_eq!((said(&outcome, "A"), said(&outcome, "B"), outcome.anything), ("1".to_owned(), "{?}".to_owned(), None));
}

#[test]
fn a_file_that_is_sourced_may_define_what_is_called() {
    let outcome = reading(". ./lib.sh; A=1; B=$(hostname); bin/x; C=1");
    assert_eq!([said(&outcome, "A"), said(&outcome, "C")], ["1", "1"]);
    assert_eq!(said(&reading(". ./lib.sh; A=1; setup"), "A"), "{?}");
    assert_eq!(said(&reading("for i in 1; do f() { A=2; }; done; A=1; f"), "A"), "{?}");
}

#[test]
fn a_script_that_must_stop_says_where() {
    let stops = |script: &str| reading(script).stops.map(|(span, _)| script[span].to_owned());
    assert_eq!(stops("set -u; A=$NOPE; B=1").as_deref(), Some("$NOPE"));
    assert_eq!(stops("A=${NOPE:?not set}").as_deref(), Some("${NOPE:?not set}"));
    assert_eq!(stops("A=${IMAGE:?not set}"), None);
    assert_eq!(stops("[ -f /x ] && exit 1; A=1"), None);
    assert_eq!(said(&reading("A=1; exit 1; A=2"), "A"), "1");
}

#[test]
fn windows_line_ends_stay_in_the_value() {
    assert_eq!(said(&reading("A=name\r\nB=1\r\n"), "A"), "name\r");
}
