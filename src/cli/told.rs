//! How `beamgate trace` tells what it has followed.

use std::fmt::Write as _;

use super::session::Session;
use crate::name::boot::{Boot, Crash, Undistributed};
use crate::place::Loc;
use crate::rules::TraceVerdict;
use crate::trace::Trace;

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

/// A text and where it was written.
pub(super) fn placed(session: &Session, world: usize, text: &str, at: &Loc) -> String {
    let Some(place) = session.locate(world, at) else { return text.to_owned() };
    let Some(source) = session.input.sources.get(place.file) else { return text.to_owned() };
    let position = source.position(place.span.start);
    format!("{text}  ({}:{}:{})", source.name, position.line, position.column)
}

pub(super) fn verdict(verdict: &TraceVerdict) -> String {
    match verdict {
        TraceVerdict::Forms => "forms".to_owned(),
        TraceVerdict::Breaks => "breaks".to_owned(),
        TraceVerdict::Open(_) => "open: what is in the input does not decide it".to_owned(),
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
