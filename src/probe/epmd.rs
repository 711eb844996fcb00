//! What epmd is asked: which names are registered (NAMES_REQ), and the port of one of them (PORT_PLEASE2_REQ).

use super::Fault;
use super::wire::Conversation;

const NAMES_REQ: u8 = 110;
const PORT_PLEASE2_REQ: u8 = 122;
const PORT2_RESP: u8 = 119;

/// Every request goes with its length before it.
fn framed(request: &[u8]) -> Vec<u8> {
    let length = u16::try_from(request.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), request].concat()
}

/// Which names are registered, each with its port?
#[derive(Debug)]
pub struct Names;

impl Conversation for Names {
    type Answer = Vec<(String, u16)>;

    fn request(&self) -> Vec<u8> {
        framed(&[NAMES_REQ])
    }

    fn read(&self, heard: &[u8], closed: bool) -> Result<Option<Self::Answer>, Fault> {
        let Some((port, lines)) = heard.split_first_chunk() else { return Ok(None) };
        // epmd begins with its own port. Nothing else is likely to begin with two zeros.
        if u32::from_be_bytes(*port) > u32::from(u16::MAX) {
            return Err(Fault::foreign(heard));
        }
        if !closed {
            return Ok(None);
        }
        let lines = String::from_utf8_lossy(lines);
        lines
            .lines()
            .map(|line| named(line).ok_or_else(|| Fault::foreign(line.as_bytes())))
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// `name cart at port 40217`
fn named(line: &str) -> Option<(String, u16)> {
    let (name, port) = line.strip_prefix("name ")?.rsplit_once(" at port ")?;
    Some((name.to_owned(), port.trim_end().parse().ok()?))
}

/// At which port is this name, and which handshakes does it speak?
#[derive(Debug)]
pub struct Port<'n> {
    /// The part of a node's name before the `@`.
    pub of: &'n str,
}

/// What epmd knows of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registration {
    /// The port of the node's distribution.
    pub port: u16,
    /// The highest version of the handshake that it speaks.
    pub highest: u16,
    /// The lowest one.
    pub lowest: u16,
}

impl Conversation for Port<'_> {
    /// Nothing, if the name is not registered.
    type Answer = Option<Registration>;

    fn request(&self) -> Vec<u8> {
        framed(&[&[PORT_PLEASE2_REQ], self.of.as_bytes()].concat())
    }

    fn read(&self, heard: &[u8], _: bool) -> Result<Option<Self::Answer>, Fault> {
        match heard {
            [] | [PORT2_RESP] => Ok(None),
            [PORT2_RESP, 0, p1, p0, _type, _protocol, h1, h0, l1, l0, ..] => {
                let number = |high: &u8, low: &u8| u16::from_be_bytes([*high, *low]);
                Ok(Some(Some(Registration { port: number(p1, p0), highest: number(h1, h0), lowest: number(l1, l0) })))
            }
            [PORT2_RESP, 0, ..] => Ok(None),
            [PORT2_RESP, ..] => Ok(Some(None)),
            _ => Err(Fault::foreign(heard)),
        }
    }
}
