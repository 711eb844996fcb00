//! How `beamgate trace` tells what it has followed, and what is to be known of a run.

use std::fmt::Write as _;

use super::session::Session;
use crate::manifest::Notice;
use crate::name::boot::{Boot, Crash, Undistributed};
use crate::place::Loc;
use crate::rules::TraceVerdict;
use crate::trace::Trace;
use crate::world::facts::Source;

/// Lines of `what  text`, and the command to check it by hand.
#[derive(Default)]
pub(super) struct Told(pub(super) String);

impl Told {
    pub(super) fn step(&mut self, what: &str, text: &str) {
        let _ = writeln!(self.0, "{what:>9}  {text}");
    }

    pub(super) fn more(&mut self, text: &str) {
        self.step("", text);
    }

    pub(super) fn check(&mut self, command: &str) {
        let _ = writeln!(self.0, "{:>9}  $ {command}", "");
    }
}

/// What is to be known of the run.
pub(super) fn notes(notices: &[Notice]) -> String {
    notices.iter().fold(String::new(), |mut text, notice| {
        text.extend(["note: ", &notice.text, "\n"]);
        if let Some(command) = &notice.command {
            text.extend(["      run `", command, "`\n"]);
        }
        text
    })
}

/// Where something is written.
pub(super) struct At {
    /// The object.
    pub(super) object: String,
    /// The place in it, an RFC 6901 JSON pointer.
    pub(super) pointer: String,
    /// The same for people, keyed.
    shown: String,
    /// The file, the line and the column; none of what is on a cluster.
    pub(super) file: Option<(String, u32, u32)>,
}

impl At {
    /// The place in a session.
    pub(super) fn of(session: &Session, world: usize, at: &Loc) -> Self {
        let file = session.position(world, at);
        let object = session.worlds.get(world).and_then(|scene| scene.world.object(at.object));
        Self {
            object: object.map_or_else(String::new, |object| object.title()),
            pointer: at.pointer.to_json_pointer(),
            shown: at.pointer.to_string(),
            file,
        }
    }

    /// A text, and this place behind it.
    pub(super) fn behind(&self, text: &str) -> String {
        match &self.file {
            Some((name, line, column)) => format!("{text}  ({name}:{line}:{column})"),
            None if self.object.is_empty() => text.to_owned(),
            None => format!("{text}  ({}, {})", self.object, self.shown),
        }
    }
}

/// A text and where it was written.
pub(super) fn placed(session: &Session, world: usize, text: &str, at: &Loc) -> String {
    At::of(session, world, at).behind(text)
}

pub(super) fn verdict(verdict: &TraceVerdict, source: Source) -> String {
    match verdict {
        TraceVerdict::Forms => "forms".to_owned(),
        TraceVerdict::Breaks => "breaks".to_owned(),
        TraceVerdict::Open(_) => format!("open: what is {source} does not decide it"),
        TraceVerdict::NotOptedIn => "not checked: it declares no strategy".to_owned(),
        TraceVerdict::OwnClustering(server) => format!("not checked: {server} clusters by itself"),
    }
}

/// What becomes of a node's name.
pub(super) fn boots(trace: &Trace<'_>, boot: &Boot) -> String {
    match boot {
        Boot::Named(name) => trace.identity.show(name),
        Boot::Undistributed(why) => undistributed(why),
        Boot::Crash(crash) => crash_text(*crash).to_owned(),
        Boot::Opaque(why) => format!("unknown: {why}"),
    }
}

fn undistributed(why: &Undistributed) -> String {
    match why {
        Undistributed::None => "nothing: RELEASE_DISTRIBUTION is none".to_owned(),
        Undistributed::Misspelt(value) => format!("nothing: RELEASE_DISTRIBUTION is `{value}`"),
        Undistributed::Verb => "nothing: the command starts no node".to_owned(),
        Undistributed::NoName => "nothing: the command gives no name".to_owned(),
    }
}

fn crash_text(crash: Crash) -> &'static str {
    match crash {
        Crash::ShortName => "nothing: the VM refuses a dotted host with short names",
        Crash::LongName => "nothing: the VM finds no host for a long name",
        Crash::InvalidName => "nothing: the VM refuses the name",
        Crash::Words => "nothing: the name falls apart into arguments",
    }
}
