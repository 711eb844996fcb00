//! Connections. What epmd and the nodes are asked is one request and one answer each, and the reading of an answer is a
//! function of the bytes so far; so the same conversations go over a socket and through the API of a cluster.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::Fault;

/// No answer is longer: epmd's list of a few thousand names.
const MOST: usize = 64 * 1024;

/// One request and its answer.
pub trait Conversation {
    /// What the answer says.
    type Answer;

    /// What to send.
    fn request(&self) -> Vec<u8>;

    /// What was heard so far says, or nothing yet.
    ///
    /// # Errors
    /// What was heard is a refusal, or is not an answer.
    fn read(&self, heard: &[u8], closed: bool) -> Result<Option<Self::Answer>, Fault>;
}

/// What leads to a host.
pub trait Wire {
    /// Connects to a port, sends the request, reads the answer and hangs up.
    ///
    /// # Errors
    /// There is no answer in time, or it is none.
    fn converse<C: Conversation>(&mut self, port: u16, conversation: &C, until: Instant) -> Result<C::Answer, Fault>;
}

/// What was heard of an answer, up to a bound.
#[derive(Debug)]
pub struct Hearing<'c, C> {
    conversation: &'c C,
    heard: Vec<u8>,
}

impl<'c, C: Conversation> Hearing<'c, C> {
    /// Nothing was heard yet.
    pub fn of(conversation: &'c C) -> Self {
        Self { conversation, heard: Vec::new() }
    }

    /// The answer, if these bytes complete it. No bytes means that the other side has closed the connection.
    ///
    /// # Errors
    /// It is a refusal, or no answer.
    pub fn hear(&mut self, more: &[u8]) -> Result<Option<C::Answer>, Fault> {
        self.heard.extend_from_slice(more);
        let closed = more.is_empty();
        match self.conversation.read(&self.heard, closed)? {
            Some(answer) => Ok(Some(answer)),
            None if closed && self.heard.is_empty() => Err(Fault::Closed),
            None if closed || self.heard.len() > MOST => Err(Fault::foreign(&self.heard)),
            None => Ok(None),
        }
    }
}

/// A host that is reached over TCP.
#[derive(Debug, Clone, Copy)]
pub struct Tcp(SocketAddr);

impl Tcp {
    /// The host of an address, whose port does not matter.
    pub fn to(address: SocketAddr) -> Self {
        Self(address)
    }
}

impl Wire for Tcp {
    fn converse<C: Conversation>(&mut self, port: u16, conversation: &C, until: Instant) -> Result<C::Answer, Fault> {
        self.0.set_port(port);
        let mut stream = TcpStream::connect_timeout(&self.0, left(until)?).map_err(|error| Fault::of(&error))?;
        stream.set_write_timeout(Some(left(until)?)).map_err(|error| Fault::of(&error))?;
        // Whoever hangs up at once may have said why: that is read.
        if let Err(error) = stream.write_all(&conversation.request())
            && !is_hung_up(&error)
        {
            return Err(Fault::of(&error));
        }
        let mut hearing = Hearing::of(conversation);
        let mut buffer = [0; 4096];
        loop {
            stream.set_read_timeout(Some(left(until)?)).map_err(|error| Fault::of(&error))?;
            let count = match stream.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_hung_up(&error) => 0,
                Err(error) => return Err(Fault::of(&error)),
            };
            if let Some(answer) = hearing.hear(&buffer[..count])? {
                return Ok(answer);
            }
        }
    }
}

fn is_hung_up(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe)
}

/// Sockets take no timeout of zero.
fn left(until: Instant) -> Result<Duration, Fault> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(Fault::TimedOut) } else { Ok(left) }
}

/// The addresses of a host.
pub(super) fn resolve(host: &str, port: u16, until: Instant) -> Result<Vec<SocketAddr>, Fault> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let asked = host.to_owned();
    let mut found = in_time(move || Ok((asked.as_str(), port).to_socket_addrs()?.collect::<Vec<_>>()), until, host)?;
    found.sort_by_key(SocketAddr::is_ipv6);
    Ok(found)
}

/// The system's resolver knows no timeout, so it is left behind if it takes too long.
fn in_time<T: Send + 'static>(
    resolver: impl FnOnce() -> io::Result<T> + Send + 'static,
    until: Instant,
    host: &str,
) -> Result<T, Fault> {
    let (tell, told) = mpsc::channel();
    // Nobody waits for what comes too late.
    thread::spawn(move || drop(tell.send(resolver())));
    match told.recv_timeout(left(until)?) {
        Ok(Ok(found)) => Ok(found),
        Err(RecvTimeoutError::Timeout) => Err(Fault::TimedOut),
        Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(Fault::NoAddress(host.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_that_is_slow_has_not_said_that_there_is_no_such_host() {
        let slow = || {
            thread::sleep(Duration::from_secs(60));
            Ok(())
        };
        assert_eq!(in_time(slow, Instant::now() + Duration::from_millis(50), "cart"), Err(Fault::TimedOut));
        let unknown = || Err::<(), _>(io::Error::other("unknown"));
        assert_eq!(
            in_time(unknown, Instant::now() + Duration::from_secs(60), "cart"),
            Err(Fault::NoAddress("cart".to_owned()))
        );
    }
}
