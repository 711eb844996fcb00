//! The truth about shell scripts is the shell: every answer of the reader is held against `/bin/sh`.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

#[path = "shell_oracle/cases.rs"]
mod cases;
#[path = "shell_oracle/generated.rs"]
mod generated;
#[path = "shell_oracle/machine.rs"]
mod machine;

use std::collections::BTreeSet;

use beamgate::name::shell::{Outcome, Running};
use beamgate::name::template::Template;
use cases::{CASES, Case};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use machine::{Machine, Pod, agrees, value};

#[test]
fn the_reader_agrees_with_the_shell() {
    let machine = Machine::new("table");
    let failures: Vec<String> = CASES.iter().flat_map(|case| check(&machine, case)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// How many scripts are made up in each run.
const GENERATED: usize = 300;

#[test]
fn the_reader_agrees_with_the_shell_on_scripts_that_nobody_wrote() {
    let machine = Machine::new("generated");
    let pod = Pod::new(&[("UNKNOWN", "?")], true);
    let mut runner = TestRunner::deterministic();
    if let Ok(seed) = std::env::var("SHELL_SEED") {
        let seed = [seed.parse::<u8>().unwrap(); 32];
        runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    }
    let generator = generated::script();
    let scripts: Vec<String> = (0..GENERATED).map(|_| generator.new_tree(&mut runner).unwrap().current()).collect();
    for (number, script) in scripts.iter().enumerate() {
        machine.write(&format!("case-{number}.sh"), script);
    }
    let names: Vec<String> = generated::ASSIGNED.into_iter().chain([THROUGH]).map(str::to_owned).collect();
    machine.run(&batch(scripts.len()), &pod, &names);

    let (mut failures, mut certain, mut all) = (Vec::new(), 0, 0);
    for (number, script) in scripts.iter().enumerate() {
        let outcome = pod.read(script);
        let records = machine.records(&format!("variables-{number}")).unwrap_or_default();
        let made = generated::ASSIGNED.iter().map(|name| known(&outcome, &pod, name));
        certain += made.filter(|read| read.as_ref().is_none_or(|read| read.unknown().is_none())).count();
        all += generated::ASSIGNED.len();
        failures.extend(disagreements(script, &pod, &outcome, &names, &records));
    }
    assert!(
        failures.is_empty(),
        "{}\n\n{} in all",
        failures[..failures.len().min(8)].join("\n\n---\n"),
        failures.len()
    );
    assert!(certain * 2 > all, "only {certain} of {all} are known: the test says little");
}

/// All scripts in one shell, each in a subshell of its own, with functions for the slowest shims.
fn batch(count: usize) -> String {
    format!(
        r#". "$OUT/dump.sh"
        hostname() {{ case "$1" in -i) echo 10.1.2.3;; -f) echo "$FQDN";; *) echo cart-0;; esac; }}
        number=0
        while [ "$number" -lt {count} ]; do
            ( trap 'set +eu; dump > "$OUT/variables-$number"' EXIT; . "$OUT/case-$number.sh"; THROUGH=yes )
            number=$((number + 1))
        done"#
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        let _ = Pod::new(&[], false).read(&text);
    }

    #[test]
    fn no_heap_of_tokens_makes_it_panic(tokens in prop::collection::vec(select(TOKENS), 0..60)) {
        let _ = Pod::new(&[], false).read(&tokens.concat());
    }
}

const TOKENS: &[&str] = &[
    "if ", "then ", "else ", "elif ", "fi", ";", ";;", "\n", " ", "case ", "in ", "esac", "for ", "while ", "do ",
    "done", "{ ", " }", "(", ")", "|", "||", "&&", "&", "$(", "`", "${", "}", "$", "\"", "'", "\\", "<<EOF\n", "<",
    ">", "EOF", "A=", "A", "é", "export ", "local ", "f() ", "f ", "set -- ", "eval ", ". ", "#", "##*", "%", ":-",
    ":=", "[ ", " ]", "-z ", "echo ", "| sed s/", "/./-/g", "tr ", "cut -d", "-f", "<%=", "<%", "%>", "$((", "))", "!",
    "*", "[", "~", "$@", "$1", "exec ", "return", "\u{fffc}", "printf ",
];

#[test]
fn hostile_scripts_are_read_in_bounded_time() {
    let nested = |open: &str, count: usize| open.repeat(count);
    let scripts = [
        nested("$(", 30_000),
        nested("${A:-", 10_000),
        nested("( ", 30_000),
        nested("if x; then ", 5_000),
        nested("\"$(", 10_000),
        nested("`", 60_000),
        nested("<%", 30_000),
        nested("<<E ", 15_000),
        nested("a && ", 12_000) + "b",
        nested("x || A=1\n", 7_000),
        "A=aaaaaaaaaaaaaaaa\n".to_owned() + &nested("A=$A$A\n", 5_000),
        "A=$POD_IP\n".to_owned() + &nested("A=\"$A$A\"; echo $A $A\n", 3_000),
        "f() { f; f; }; f".to_owned(),
        (0..4_000).map(|number| format!("A{number}=1\n")).collect::<String>() + &nested("x && B=2\n", 3_000),
        "A=".to_owned() + &nested("a", 250) + "\n" + &nested("B=${A##*a*a*a*a*a*b}\n", 2_000),
        nested("f() { x && A=1; }; f; f; f\n", 2_000),
        nested("[[ ", 20_000),
        nested("$((", 20_000),
        nested("a\n", 30_000),
        "A=$(".to_owned() + &nested("x || B=1\n", 6_000) + ")",
        "f() { ".to_owned() + &nested("{ ", 30) + "f; " + &nested("}; ", 30) + "}; f",
        "f() { ".to_owned() + &nested("A=$(", 18) + "f" + &nested(")", 18) + "; }; f",
        nested("A=$POD_IP$A; case $A in *1*2*3*) B=1;; esac\n", 1_300),
    ];
    for script in scripts {
        let start = std::time::Instant::now();
        let _ = Pod::new(&[], false).read(&script);
        let taken = start.elapsed();
        assert!(taken.as_secs() < 5, "{taken:?} for {:?}…", script.chars().take(30).collect::<String>());
    }
}

fn check(machine: &Machine, case: &Case) -> Vec<String> {
    let pod = Pod::new(case.env, case.subdomain);
    let outcome = pod.read(case.script);
    let names = names(&outcome, case.expect.iter().map(|(name, _)| *name));
    machine.write("case.sh", &case.script.replace("<%= @release.name %>", "app"));
    machine.run(
        "trap 'set +eu; . \"$OUT/dump.sh\"; dump > \"$OUT/variables\"' EXIT; . ./case.sh; THROUGH=yes",
        &pod,
        &names,
    );

    let mut failures = said_otherwise(case, &pod, &outcome);
    if let Some(records) = machine.records("variables") {
        failures.extend(disagreements(case.script, &pod, &outcome, &names, &records));
    }
    let (environment, words) = (machine.records("environment"), machine.records("command"));
    if let (Some(command), Some(environment), Some(words)) = (&outcome.command, environment, words) {
        failures.extend(runs_otherwise(case, &outcome, command, &words, names.iter().zip(&environment)));
    }
    failures
}

/// Set behind the script, so that it says whether the script got there.
const THROUGH: &str = "THROUGH";

/// Where the reader says something else than the shell did.
fn disagreements(script: &str, pod: &Pod<'_>, outcome: &Outcome, names: &[String], records: &[String]) -> Vec<String> {
    let through = names.iter().zip(records).any(|(name, real)| name == THROUGH && value(real).is_some());
    match (&outcome.stops, through) {
        (Some(stop), true) => return vec![format!("{script}\ndoes not stop at {stop:?}")],
        // The reader follows scripts that may stop as if they did not. And shells that exit in a function put its `local`
        // variables away first.
        (None, false) => return Vec::new(),
        (Some(_), false) if script.contains("local ") => return Vec::new(),
        _ => {}
    }
    let mut failures = Vec::new();
    for (name, real) in names.iter().zip(records).filter(|(name, _)| *name != THROUGH) {
        let read = known(outcome, pod, name);
        if !agrees(read.as_ref(), value(real)) {
            failures.push(format!("{script}\n`{name}` is {real:?}, read as {:?}", read.map(|read| read.to_string())));
        }
    }
    failures
}

/// Where the reader says something else than the table.
fn said_otherwise(case: &Case, pod: &Pod<'_>, outcome: &Outcome) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, expected) in case.expect {
        let said = match (*name, &outcome.command) {
            ("command", None) => "?".to_owned(),
            ("command", Some(command)) => command.words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            (name, _) => known(outcome, pod, name).map_or_else(|| "-".to_owned(), |value| value.to_string()),
        };
        if said != *expected {
            failures.push(format!("{}\n`{name}` was read as `{said}`, the table says `{expected}`", case.script));
        }
    }
    failures
}

fn runs_otherwise<'a>(
    case: &Case,
    outcome: &Outcome,
    command: &Running,
    words: &[String],
    environment: impl Iterator<Item = (&'a String, &'a String)>,
) -> Vec<String> {
    let mut failures = Vec::new();
    let same = words.len() == command.words.len()
        && words.iter().zip(&command.words).all(|(real, read)| agrees(Some(read), Some(real)));
    if !same {
        failures.push(format!("{}\nruns {words:?}, read as {:?}", case.script, command.words));
    }
    for (name, real) in environment {
        let own = command.with.iter().find(|(known, _)| known == name).map(|(_, assigned)| assigned);
        let Some(assigned) = own.or_else(|| outcome.variable(name)) else { continue };
        let read = assigned.value.as_ref().filter(|_| assigned.exported);
        if !agrees(read, value(real)) {
            failures.push(format!("{}\nthe command sees `{name}` as {real:?}, read as {read:?}", case.script));
        }
    }
    failures
}

fn names<'a>(outcome: &'a Outcome, more: impl Iterator<Item = &'a str>) -> Vec<String> {
    let own = outcome.variables.iter().map(|(name, _)| name.as_str());
    let names: BTreeSet<&str> =
        own.chain(more).chain([THROUGH]).filter(|name| !matches!(*name, "command" | "IFS")).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// What the reader knows of a variable after the script.
fn known(outcome: &Outcome, pod: &Pod<'_>, name: &str) -> Option<Template> {
    match outcome.variable(name) {
        Some(assigned) => assigned.value.clone(),
        None if outcome.anything.is_some() => Some(machine::template("{?}")),
        None => match pod.env.get(name) {
            Some(beamgate::name::shell::Variable::Set(value)) => Some(value.clone()),
            Some(beamgate::name::shell::Variable::Unknown(_)) => Some(machine::template("{?}")),
            _ => None,
        },
    }
}
