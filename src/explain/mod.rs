//! From the log of a node to the rules: which lines are symptoms, what they name, and what may be behind them.
//!
//! The words that are looked for are those of [`Symptom`], and which rules speak of a symptom their own pages say. So what
//! is explained here is what the proofs have seen on a cluster.

mod name;
mod pattern;
mod suspects;

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::mem::discriminant;

use pattern::{Match, Pattern};

use crate::symptom::Symptom;

pub use name::{Difference, Shape, difference, lines};
pub use suspects::suspects;

/// No line is longer that anybody wrote for people; what follows is not read.
const LONGEST: u64 = 64 * 1024;

/// How many lines a crash report goes on with what its first line leaves out.
const REPORT: usize = 12;

/// How many values of one kind are kept.
const VALUES: usize = 3;

/// A symptom that a log shows, and how often.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    /// As it was first seen.
    pub symptom: Symptom,
    /// Other values that it names elsewhere, of the same shape.
    pub also: Vec<String>,
    /// The first line, counted from 1.
    pub line: usize,
    /// How many lines show it.
    pub count: usize,
}

/// What is in a log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// How many lines it has.
    pub lines: usize,
    /// What it shows, in the order of the first lines.
    pub seen: Vec<Seen>,
    /// What the node that wrote it is called, and the line that says so; nothing if several are named.
    pub own: Option<(String, usize)>,
}

/// Reads a log, however long it is.
///
/// # Errors
/// What the reader says.
pub fn read(input: &mut dyn BufRead) -> io::Result<Log> {
    let patterns = Pattern::all();
    let mut log = Log::default();
    let mut begun = VecDeque::new();
    let (mut names, mut bytes) = (Vec::new(), Vec::new());
    while next_line(input, &mut bytes)? {
        log.lines += 1;
        let line = String::from_utf8_lossy(&bytes);
        for name in name::own(&line) {
            if names.len() < 2 && !names.iter().any(|(known, _)| *known == name) {
                names.push((name, log.lines));
            }
        }
        log.take_line(&line, &patterns, &mut begun);
    }
    // A node that fails to boot says why, and then this.
    let fails_otherwise = log.seen.iter().any(|seen| seen.symptom != Symptom::Words);
    log.seen.retain(|seen| seen.symptom != Symptom::Words || !fails_otherwise);
    log.own = names.pop().filter(|_| names.is_empty());
    Ok(log)
}

/// A symptom whose first line was read, and what one of the next has to say.
struct Begun {
    symptom: Symptom,
    words: String,
    line: usize,
}

impl Log {
    fn take_line(&mut self, line: &str, patterns: &[Pattern], begun: &mut VecDeque<Begun>) {
        while begun.front().is_some_and(|begun| begun.line + REPORT < self.lines) {
            begun.pop_front();
        }
        let ends = begun.iter().position(|begun| line.contains(&begun.words));
        if let Some(begun) = ends.and_then(|at| begun.remove(at)) {
            self.add(begun.symptom, begun.line);
        }
        for pattern in patterns {
            match pattern.find(line) {
                Some(Match::Whole(symptom)) => return self.add(symptom, self.lines),
                Some(Match::IfBelow(symptom, words)) => begun.push_back(Begun { symptom, words, line: self.lines }),
                None => {}
            }
        }
    }

    fn add(&mut self, symptom: Symptom, line: usize) {
        let shape = |symptom: &Symptom| symptom.value().map(Shape::of);
        let is_same = |seen: &&mut Seen| {
            discriminant(&seen.symptom) == discriminant(&symptom) && shape(&seen.symptom) == shape(&symptom)
        };
        let Some(seen) = self.seen.iter_mut().find(is_same) else {
            self.seen.push(Seen { symptom, also: Vec::new(), line, count: 1 });
            return;
        };
        seen.count += 1;
        let is_new =
            |value: &&str| seen.symptom.value() != Some(*value) && !seen.also.iter().any(|known| known == value);
        if let Some(value) = symptom.value().filter(is_new).filter(|_| seen.also.len() < VALUES) {
            seen.also.push(value.to_owned());
        }
    }
}

/// The next line without its end, and no more of it than is ever looked at.
fn next_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if input.take(LONGEST).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    let mut rest = Vec::new();
    while !line.ends_with(b"\n") && !rest.ends_with(b"\n") {
        rest.clear();
        if input.take(LONGEST).read_until(b'\n', &mut rest)? == 0 {
            break;
        }
    }
    Ok(true)
}
