//! Command lines as the reader understands them, against what the programs make of them.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use beamgate::name::launcher::Program;
use beamgate::name::template::Template;
use beamgate::place::{ObjectId, Pointer};

fn templates(words: &[&str]) -> Vec<Template> {
    words.iter().map(|word| Template::lit(*word, &Pointer::root().of(ObjectId(0)))).collect()
}

/// The flags that name a node and give it a cookie, in their order.
fn flags(words: &[Template]) -> Vec<String> {
    let of_interest = ["-name", "-sname", "-setcookie", "-args_file"];
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    let pairs = words.windows(2).filter(|pair| of_interest.contains(&pair[0].as_str()));
    pairs.map(|pair| pair.join(" ")).collect()
}

/// The words of a line, with quotation marks around those that have spaces.
fn words(line: &str) -> Vec<&str> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(index, part)| if index % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
        .collect()
}

#[test]
fn the_flags_of_elixir_are_those_that_it_gives_to_the_vm() {
    let (lines, said) = (include_str!("command_line/lines.txt"), include_str!("command_line/said.txt"));
    assert_eq!(lines.lines().count(), said.lines().count());
    for (line, said) in lines.lines().zip(said.lines()) {
        let command: Vec<&str> = ["elixir"].into_iter().chain(words(line)).collect();
        let read = match Program::of(&templates(&command)) {
            Program::Vm(words) => Some(flags(&words)),
            _ => None,
        };
        let given: Vec<&str> = said.split_whitespace().collect();
        assert_eq!(read, Some(flags(&templates(&given))), "{line}");
    }
}

#[test]
fn a_script_of_elixir_keeps_its_words_for_itself() {
    let program = Program::of(&templates(&["mix", "run", "--name", "cart@10.0.0.1"]));
    assert_eq!(program, Program::Vm(Vec::new()));
}
