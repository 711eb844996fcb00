//! `vm.args` as the reader takes it apart, against what the VM itself makes of it.
//!
//! `tests/vm_args/ask` writes what `erl -args_file` has, one argument in each line, into the `.said` beside each file.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::fs;
use std::path::Path;

use beamgate::name::env::Env;
use beamgate::name::template::Template;
use beamgate::name::vm_args::{Replaces, words, words_of_template};
use beamgate::place::{Loc, ObjectId, Pointer};
use proptest::prelude::*;

fn root() -> Loc {
    Pointer::root().of(ObjectId::text(0))
}

fn literal(words: &[Template]) -> Vec<String> {
    words.iter().map(|word| word.literal().unwrap_or_else(|| "?".to_owned())).collect()
}

/// The VM keeps flags of the emulator and variables for itself.
fn without_the_emulators(words: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-env" => drop(words.nth(1)),
            "+K" => drop(words.next()),
            word if word.starts_with('+') => {}
            _ => kept.push(word),
        }
    }
    kept
}

#[test]
fn the_reader_takes_a_file_apart_as_the_vm_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vm_args");
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "args") {
            continue;
        }
        files += 1;
        let read = words(&fs::read_to_string(&file).unwrap(), &root(), &Replaces::Nothing);
        let said = fs::read_to_string(file.with_extension("said")).unwrap();
        let said = said.strip_suffix("--\n").unwrap();
        let read: String = without_the_emulators(literal(&read)).iter().map(|word| format!("{word}\n")).collect();
        assert_eq!(read, said, "{}", file.display());
    }
    assert!(files > 5);
}

#[test]
fn what_is_filled_in_is_known_only_where_its_variable_is() {
    let mut env = Env::default();
    env.set("HOST", Template::lit("10.0.0.1", &root()), root());
    let text = "-name cart@${HOST} -x ${PORT:-1} ${HOSTNAME} -y <%= @release.name %>z <%# nothing %>";
    let shown = |replaces: &Replaces<'_>| {
        words_of_template(text, &root(), replaces).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(&Replaces::From(&env)), "-name cart@10.0.0.1 -x {?} {hostname} -y {?}z".replace("{?}", &opaque()));
    assert_eq!(
        shown(&Replaces::Nothing),
        text.replace("<%= @release.name %>", &opaque()).replace(" <%# nothing %>", "")
    );
    let unknown = shown(&Replaces::Unknown);
    assert_eq!(unknown, "-name cart@{?} -x {?} {?} -y {?}z".replace("{?}", &opaque()));
}

#[test]
fn distillery_fills_in_variables_without_defaults() {
    let mut env = Env::default();
    env.set("HOST", Template::lit("10.0.0.1", &root()), root());
    let shown = |env: &Env| {
        let words = words("-name cart@${HOST} -x ${HOST:-1}", &root(), &Replaces::From(env));
        words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    env.set("REPLACE_OS_VARS", Template::lit("true", &root()), root());
    assert_eq!(shown(&env), format!("-name cart@10.0.0.1 -x {}", opaque()));
    env.set("RELX_REPLACE_OS_VARS", Template::lit("true", &root()), root());
    assert_eq!(shown(&env), "-name cart@10.0.0.1 -x 10.0.0.1");
}

#[test]
fn nothing_evaluates_the_tags_of_a_file_that_is_no_template() {
    let read = words("-name <%= x %>@${HOST}", &root(), &Replaces::Nothing);
    assert_eq!(literal(&read), ["-name", "<%=", "x", "%>@${HOST}"]);
}

#[test]
fn a_variable_has_room_but_for_some_of_its_copies() {
    let mut env = Env::default();
    env.set("LONG", Template::lit("x".repeat(60_000), &root()), root());
    let read = words(&"${LONG}\n".repeat(8_000), &root(), &Replaces::From(&env));
    assert_eq!(read.len(), 8_000);
    let known = read.iter().filter_map(Template::literal).count();
    assert!((1..50).contains(&known), "{known}");
}

#[test]
fn what_nothing_closes_is_looked_for_once() {
    let text = "<% ${ ".repeat(100_000);
    let start = std::time::Instant::now();
    let read = words_of_template(&text, &root(), &Replaces::Unknown);
    assert_eq!(read.len(), 200_000);
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "it took {:?}", start.elapsed());
    // What is closed before is filled in all the same.
    let read = words_of_template("<%= a %> ${B} <% ${", &root(), &Replaces::Unknown);
    assert_eq!(literal(&read), ["?", "?", "<%", "${"]);
}

/// How something that is not known is shown.
fn opaque() -> String {
    Template::opaque(beamgate::name::template::Why::Image, &root()).to_string()
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(text in "[-a#\"'\\\\ \n\\$\\{\\}<%=>:é]{0,60}") {
        let env = Env::default();
        for replaces in [Replaces::Nothing, Replaces::Unknown, Replaces::From(&env)] {
            for piece in words_of_template(&text, &root(), &replaces).iter().flat_map(Template::pieces) {
                if let beamgate::place::Focus::Within(start, end) = piece.at.focus {
                    prop_assert!(text.get(start as usize..end as usize).is_some());
                }
            }
        }
    }
}
