//! What is to be probed, as it is said on the command line.

use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::probe::EPMD;

/// What is to be probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A host, and the port of its epmd.
    Host(String, u16),
    /// A workload in a cluster: its kind as it was written, its name, and the port of epmd in its pods.
    Workload(String, String, u16),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(said: &str) -> Result<Self, String> {
        if let Some((kind, rest)) = said.split_once('/') {
            let (name, port) = rest.split_once(':').map_or((rest, None), |(name, port)| (name, Some(port)));
            if name.is_empty() {
                return Err("a name is missing after the `/`".to_owned());
            }
            return Ok(Self::Workload(kind.to_owned(), name.to_owned(), port_or_default(port)?));
        }
        let (host, port) = host_and_port(said);
        if host.is_empty() {
            return Err("the host is missing".to_owned());
        }
        let port = port_or_default(port)?;
        Ok(Self::Host(host.to_owned(), port))
    }
}

fn port_or_default(said: Option<&str>) -> Result<u16, String> {
    let Some(said) = said else { return Ok(EPMD) };
    said.parse().ok().filter(|port| *port != 0).ok_or_else(|| format!("`{said}` is no port"))
}

/// `[fd00::1]:4369`, `fd00::1`, `fe80::1%eth0`, `10.42.1.49:4369`, `localhost`
fn host_and_port(said: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = said.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').unwrap_or_default()) });
    }
    // A zone says on which network a local address is, and may not be told from a port.
    let (address, zone) = said.split_once('%').unwrap_or((said, ""));
    if address.parse::<Ipv6Addr>().is_ok() && !zone.contains(':') {
        return (said, None);
    }
    said.split_once(':').map_or((said, None), |(host, port)| (host, Some(port)))
}

/// The full name of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodeName(pub(super) String);

impl NodeName {
    /// The part before the `@`: what epmd knows.
    pub(super) fn basename(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

impl FromStr for NodeName {
    type Err = String;

    fn from_str(said: &str) -> Result<Self, String> {
        let is_plain = !said.contains(|c: char| c.is_whitespace() || c.is_control()) && said.chars().count() <= 255;
        match said.split('@').collect::<Vec<_>>().as_slice() {
            [basename, host] if is_plain && !basename.is_empty() && !host.is_empty() => Ok(Self(said.to_owned())),
            _ => Err("a node is called NAME@HOST".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_with_and_without_a_port() {
        let host = |host: &str, port| Ok(Target::Host(host.to_owned(), port));
        assert_eq!("10.42.1.49".parse(), host("10.42.1.49", 4369));
        assert_eq!("10.42.1.49:4370".parse(), host("10.42.1.49", 4370));
        assert_eq!("fd00::1".parse(), host("fd00::1", 4369));
        assert_eq!("fe80::1%eth0".parse(), host("fe80::1%eth0", 4369));
        assert_eq!("[fe80::1%eth0]:4370".parse(), host("fe80::1%eth0", 4370));
        assert_eq!("[fd00::1]".parse(), host("fd00::1", 4369));
        assert_eq!("[fd00::1]:4370".parse(), host("fd00::1", 4370));
        assert_eq!("cart-0.cart:1".parse(), host("cart-0.cart", 1));
        for wrong in
            ["", ":4369", "fe80::1%eth0:4369", "cart:", "cart:0", "cart:65536", "[fd00::1]4369", "a:b:c", "pod/"]
        {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn workloads_have_a_kind() {
        let workload = |port| Ok(Target::Workload("sts".to_owned(), "cart".to_owned(), port));
        assert_eq!("sts/cart".parse(), workload(4369));
        assert_eq!("sts/cart:4370".parse(), workload(4370));
    }

    #[test]
    fn nodes_have_two_halves() {
        assert!("cart@10.42.1.49".parse::<NodeName>().is_ok());
        for wrong in ["cart", "cart@", "@host", "a@b@c", "a @b", ""] {
            assert!(wrong.parse::<NodeName>().is_err(), "{wrong}");
        }
    }
}
