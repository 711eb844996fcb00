//! The distribution handshake, as far as the challenge: the node tells its full name there, before it asks for proof of the
//! cookie.

use std::hash::{BuildHasher, RandomState};

use super::epmd::Registration;
use super::wire::Conversation;
use super::{Answer, Fault};

/// A handshake message is a name and a few numbers; a name has at most 255 characters.
const LONGEST: usize = 2048;

/// The flags without which a node refuses a peer, *before* it tells its name, and logs that. From `dist.h`.
mod flag {
    const EXTENDED_REFERENCES: u64 = 0x4;
    const FUN_TAGS: u64 = 0x10;
    const NEW_FUN_TAGS: u64 = 0x80;
    const EXTENDED_PIDS_PORTS: u64 = 0x100;
    const EXPORT_PTR_TAG: u64 = 0x200;
    const BIT_BINARIES: u64 = 0x400;
    const NEW_FLOATS: u64 = 0x800;
    const UTF8_ATOMS: u64 = 0x1_0000;
    const MAP_TAG: u64 = 0x2_0000;
    const BIG_CREATION: u64 = 0x4_0000;
    const HANDSHAKE_23: u64 = 0x100_0000;
    const UNLINK_ID: u64 = 0x200_0000;
    const MANDATORY_25_DIGEST: u64 = 0x400_0000;
    const V4_NC: u64 = 0x4_0000_0000;

    /// Not a capability: the node makes up the name of its peer.
    pub(super) const NAME_ME: u64 = 0x2_0000_0000;

    /// All that versions before OTP 23 ask for.
    pub(super) const OLD: u64 = EXTENDED_REFERENCES
        | FUN_TAGS
        | NEW_FUN_TAGS
        | EXTENDED_PIDS_PORTS
        | EXPORT_PTR_TAG
        | BIT_BINARIES
        | NEW_FLOATS
        | UTF8_ATOMS
        | MAP_TAG
        | BIG_CREATION;

    /// All that OTP 23 to 28 ask for. PUBLISHED is not among them: so the probe is hidden.
    pub(super) const CURRENT: u64 = OLD | HANDSHAKE_23 | UNLINK_ID | MANDATORY_25_DIGEST | V4_NC;
}

/// A version of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// Version 5, of OTP 22 and before.
    Old,
    /// Version 6, of OTP 23 and later.
    Current,
}

impl Handshake {
    /// The newest that both sides speak.
    pub fn of(node: Registration) -> Option<Self> {
        [Self::Current, Self::Old].into_iter().find(|ours| (node.lowest..=node.highest).contains(&ours.version()))
    }

    /// The number of the version.
    pub fn version(self) -> u16 {
        match self {
            Self::Old => 5,
            Self::Current => 6,
        }
    }
}

/// The beginning of a connection: this is who I am, and who are you?
#[derive(Debug)]
pub struct Hello<'q> {
    /// The version to speak.
    pub handshake: Handshake,
    /// The name to give. Without it, one that disturbs nobody.
    pub peer: Option<&'q str>,
}

impl Conversation for Hello<'_> {
    type Answer = Answer;

    fn request(&self) -> Vec<u8> {
        let message = match (self.handshake, self.peer) {
            (Handshake::Old, peer) => old_name(peer.unwrap_or(&bounded_name())),
            (Handshake::Current, Some(peer)) => current_name(flag::CURRENT, 1, peer),
            // The node takes the name from a pool and puts it back, so that no number of probes fills its atom table.
            (Handshake::Current, None) => current_name(flag::CURRENT | flag::NAME_ME, 0, "beamgate-probe"),
        };
        [&length(&message), message.as_slice()].concat()
    }

    fn read(&self, heard: &[u8], _: bool) -> Result<Option<Answer>, Fault> {
        if heard.starts_with(&TLS_ALERT) {
            return Err(Fault::Tls);
        }
        let Some((status, rest)) = message(heard)? else { return Ok(None) };
        allowed(status)?;
        let Some((challenge, _)) = message(rest)? else { return Ok(None) };
        challenger(challenge).ok_or_else(|| Fault::foreign(challenge)).map(Some)
    }
}

/// The content type "alert" and the major version of all of TLS.
const TLS_ALERT: [u8; 2] = [0x15, 0x03];

fn length(text: &[u8]) -> [u8; 2] {
    u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes()
}

fn current_name(flags: u64, creation: u32, name: &str) -> Vec<u8> {
    [b"N", &flags.to_be_bytes()[..], &creation.to_be_bytes(), &length(name.as_bytes()), name.as_bytes()].concat()
}

fn old_name(name: &str) -> Vec<u8> {
    let flags = u32::try_from(flag::OLD).unwrap_or(u32::MAX);
    [b"n", &Handshake::Old.version().to_be_bytes()[..], &flags.to_be_bytes(), name.as_bytes()].concat()
}

/// An old node keeps each name that it hears for ever, so there are not too many of them.
fn bounded_name() -> String {
    let number = RandomState::new().hash_one("") % 1000;
    format!("beamgate-probe-{number}@beamgate-probe")
}

/// The first message, and what follows it.
type Split<'h> = (&'h [u8], &'h [u8]);

fn message(heard: &[u8]) -> Result<Option<Split<'_>>, Fault> {
    let Some((length, rest)) = heard.split_first_chunk() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes(*length));
    if length == 0 || length > LONGEST {
        return Err(Fault::foreign(heard));
    }
    Ok(rest.split_at_checked(length))
}

fn allowed(message: &[u8]) -> Result<(), Fault> {
    match message.strip_prefix(b"s") {
        Some(b"ok" | b"ok_simultaneous") => Ok(()),
        // What follows is the name that the node has made up for the probe.
        Some(status) if status.starts_with(b"named:") => Ok(()),
        Some(b"nok") => Err(Fault::Simultaneous),
        Some(b"alive") => Err(Fault::AlreadyConnected),
        Some(b"not_allowed") => Err(Fault::NotAllowed),
        _ => Err(Fault::foreign(message)),
    }
}

/// Who sent this challenge. More may follow the name in a newer version.
fn challenger(message: &[u8]) -> Option<Answer> {
    let (handshake, name) = match message {
        [b'N', rest @ ..] => {
            let (_flags_challenge_creation, rest) = rest.split_at_checked(8 + 4 + 4)?;
            let (length, rest) = rest.split_first_chunk()?;
            (Handshake::Current, rest.get(..usize::from(u16::from_be_bytes(*length)))?)
        }
        [b'n', rest @ ..] => {
            let (_version_flags_challenge, name) = rest.split_at_checked(2 + 4 + 4)?;
            (Handshake::Old, name)
        }
        _ => return None,
    };
    // Nodes send Latin-1 as long as a name fits into it.
    let name = str::from_utf8(name).map_or_else(|_| name.iter().copied().map(char::from).collect(), str::to_owned);
    name.contains('@').then_some(Answer { name, handshake })
}
