//! What reading YAML costs at the very least: the events of a parser, made and thrown away.

use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// A pass over all texts with the parser that the linter is built on.
pub(crate) fn saphyr(texts: &[String]) -> Duration {
    timed(texts, |text| {
        for event in saphyr_parser::Parser::new_from_str(text) {
            black_box(event.expect("the apps are YAML"));
        }
    })
}

/// A pass over all texts with libyaml as it was carried over to Rust.
pub(crate) fn libyaml_safer(texts: &[String]) -> Duration {
    timed(texts, |text| {
        let mut parser = libyaml_safer::Parser::new();
        let mut bytes = text.as_bytes();
        parser.set_input_string(&mut bytes);
        let is_end = |event: &libyaml_safer::Event| matches!(event.data, libyaml_safer::EventData::StreamEnd);
        while !is_end(&black_box(parser.parse().expect("the apps are YAML"))) {}
    })
}

fn timed(texts: &[String], pass: impl Fn(&str)) -> Duration {
    let start = Instant::now();
    texts.iter().for_each(|text| pass(text));
    start.elapsed()
}

/// libyaml itself: a program of a few lines of C that has read the files and makes a pass whenever it is asked.
pub(crate) struct Libyaml {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Libyaml {
    /// Compiles and starts it; nothing where there is no C compiler or no libyaml.
    pub(crate) fn start(scratch: &Path, files: &Path) -> io::Result<Option<Self>> {
        let program = scratch.join("libyaml");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/lint/libyaml.c");
        let compiled = Command::new("cc").arg("-O2").arg("-o").arg(&program).arg(source).arg("-lyaml").output();
        if !compiled.is_ok_and(|compiled| compiled.status.success()) {
            return Ok(None);
        }
        let paths = std::fs::read_dir(files)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        let mut child = Command::new(program).args(paths).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(ask), Some(answer)) = (child.stdin.take(), child.stdout.take()) else { return Ok(None) };
        Ok(Some(Self { child, ask, answer: BufReader::new(answer) }))
    }

    /// A pass over all files.
    pub(crate) fn pass(&mut self) -> io::Result<Duration> {
        self.ask.write_all(b"\n")?;
        let mut line = String::new();
        self.answer.read_line(&mut line)?;
        line.trim().parse().map(Duration::from_nanos).map_err(io::Error::other)
    }

    /// Waits for its end.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        drop(self.ask);
        self.child.wait().map(drop)
    }
}
