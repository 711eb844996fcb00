//! What was answered, for people and for scripts.

use std::io::{self, Write};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use crate::probe::{Node, ProbeError};

const SCHEMA: &str = "beamgate.dev/probe/v1";

/// A host, or a pod, and the nodes on it.
#[derive(Debug)]
pub(super) struct Host {
    /// The address as it was given, or the name of the pod.
    pub(super) host: String,
    /// Whether it is one of several pods.
    pub(super) pod: bool,
    /// The name that peers dial.
    pub(super) dials: Option<String>,
    /// What is registered there.
    pub(super) nodes: Result<Vec<Node>, Trouble>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(in crate::cli) struct Trouble {
    /// One word: `refused`, `timed-out`, `not-registered`, `tls`.
    pub(in crate::cli) reason: &'static str,
    /// One sentence.
    pub(in crate::cli) message: String,
    /// What to do next.
    pub(in crate::cli) next: &'static str,
}

impl From<&ProbeError> for Trouble {
    fn from(error: &ProbeError) -> Self {
        Self { reason: error.fault.word(), message: error.to_string(), next: error.next() }
    }
}

impl From<ProbeError> for Trouble {
    fn from(error: ProbeError) -> Self {
        Self::from(&error)
    }
}

impl Host {
    /// Whether all answer, and answer what is dialled.
    pub(super) fn is_fine(&self) -> bool {
        let is_fine = |node: &Node| node.answer.is_ok() && self.agrees(node) != Some(false);
        self.nodes.as_ref().is_ok_and(|nodes| nodes.iter().all(is_fine))
    }

    /// Whether the node answers what is dialled: nodes compare the names as they are, character for character.
    fn agrees(&self, node: &Node) -> Option<bool> {
        Some(*self.dials.as_ref()? == node.answer.as_ref().ok()?.name)
    }
}

pub(super) fn human(hosts: &[Host], out: &mut dyn Write) -> io::Result<()> {
    for host in hosts {
        let of = if host.pod { format!("{}: ", host.host) } else { String::new() };
        match &host.nodes {
            Ok(nodes) => nodes.iter().try_for_each(|node| tell_node(&of, host, node, out))?,
            Err(trouble) => tell_trouble(&of, trouble, out)?,
        }
    }
    Ok(())
}

fn tell_node(of: &str, host: &Host, node: &Node, out: &mut dyn Write) -> io::Result<()> {
    let answer = match &node.answer {
        Ok(answer) => answer,
        Err(error) => return tell_trouble(of, &error.into(), out),
    };
    let name = printable(&answer.name);
    match &host.dials {
        None => {
            let (basename, port) = (printable(&node.basename), node.port);
            writeln!(out, "{of}{basename} at port {port} answers {name} (handshake {})", answer.handshake.version())
        }
        Some(dialled) => {
            writeln!(out, "{of}peers dial {dialled}, it answers {name}")?;
            let common = dialled.chars().zip(name.chars()).take_while(|(one, other)| one == other).count();
            match host.agrees(node) {
                Some(false) => writeln!(
                    out,
                    "   = peers dial  {dialled}\n     it answers  {name}\n                 {:common$}^ differs from here",
                    ""
                ),
                _ => Ok(()),
            }
        }
    }
}

fn tell_trouble(of: &str, trouble: &Trouble, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{of}{}", printable(&trouble.message))?;
    writeln!(out, "   = next: {}", trouble.next)
}

/// Names come from the network: none moves the cursor.
pub(in crate::cli) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// What live nodes have answered.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "beamgate probe")]
struct Document<'h> {
    /// The version of this format.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    /// The hosts or pods that were asked.
    hosts: Vec<Asked<'h>>,
}

/// A host or a pod.
#[derive(Serialize, JsonSchema)]
struct Asked<'h> {
    /// The address as it was given, or `pod/cart-0`.
    host: &'h str,
    /// The name that peers dial, as --dial gives it.
    dials: Option<&'h str>,
    /// The nodes that are registered with epmd there.
    nodes: Vec<Registered<'h>>,
    /// Why there are none.
    error: Option<&'h Trouble>,
}

/// A node that is registered with epmd.
#[derive(Serialize, JsonSchema)]
struct Registered<'h> {
    /// The part before the `@`, as epmd knows it.
    name: &'h str,
    /// The port of the distribution.
    port: u16,
    /// The name that the node answers.
    answers: Option<&'h str>,
    /// The version of the handshake: 5, or 6 from OTP 23 on.
    handshake: Option<u16>,
    /// Whether it answers what peers dial.
    agrees: Option<bool>,
    /// Why it does not answer.
    error: Option<Trouble>,
}

pub(super) fn json(hosts: &[Host], out: &mut dyn Write) -> io::Result<()> {
    let document = Document { schema: SCHEMA, hosts: hosts.iter().map(asked).collect() };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn asked(host: &Host) -> Asked<'_> {
    let registered = |node| registered(host, node);
    Asked {
        host: &host.host,
        dials: host.dials.as_deref(),
        nodes: host.nodes.iter().flatten().map(registered).collect(),
        error: host.nodes.as_ref().err(),
    }
}

fn registered<'h>(host: &Host, node: &'h Node) -> Registered<'h> {
    let answer = node.answer.as_ref().ok();
    Registered {
        name: &node.basename,
        port: node.port,
        answers: answer.map(|answer| answer.name.as_str()),
        handshake: answer.map(|answer| answer.handshake.version()),
        agrees: host.agrees(node),
        error: node.answer.as_ref().err().map(Trouble::from),
    }
}

/// The JSON Schema of what `--format json` writes.
pub fn schema() -> String {
    let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Document<'_>>();
    format!("{:#}\n", schema.as_value())
}
