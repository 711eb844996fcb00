//! The truth about shell scripts is the shell: every answer of the reader is held against `/bin/sh`.

#[path = "shell_oracle/cases.rs"]
mod cases;
#[path = "shell_oracle/machine.rs"]
mod machine;

use std::collections::BTreeSet;

use beamgate::name::shell::{Outcome, Running};
use beamgate::name::template::Template;
use cases::{CASES, Case};
use machine::{Machine, Pod, agrees, value};

#[test]
fn the_reader_agrees_with_the_shell() {
    let machine = Machine::new("table");
    let failures: Vec<String> = CASES.iter().flat_map(|case| check(&machine, case)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(machine: &Machine, case: &Case) -> Vec<String> {
    let pod = Pod::new(case.env, case.subdomain);
    let outcome = pod.read(case.script);
    let names = names(&outcome, case.expect.iter().map(|(name, _)| *name));
    machine.write("case.sh", &case.script.replace("<%= @release.name %>", "app"));
    machine.run("trap 'set +eu; . \"$OUT/dump.sh\"; dump > \"$OUT/variables\"' EXIT; . ./case.sh", &pod, &names);

    let mut failures = said_otherwise(case, &pod, &outcome);
    if let Some(records) = machine.records("variables") {
        for (name, real) in names.iter().zip(&records) {
            if !agrees(known(&outcome, &pod, name).as_ref(), value(real)) && outcome.fails.is_none() {
                failures.push(format!(
                    "{}\n`{name}` is {real:?}, read as {:?}",
                    case.script,
                    known(&outcome, &pod, name)
                ));
            }
        }
    }
    let (environment, words) = (machine.records("environment"), machine.records("command"));
    if let (Some(command), Some(environment), Some(words)) = (&outcome.command, environment, words) {
        failures.extend(runs_otherwise(case, &outcome, command, &words, names.iter().zip(&environment)));
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
    let names: BTreeSet<&str> = own.chain(more).filter(|name| !matches!(*name, "command" | "IFS")).collect();
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
