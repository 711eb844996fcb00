//! The names in a log: their shape, the node's own one, and where it differs from what is dialled.

use std::net::Ipv4Addr;

use crate::name::env::Env;
use crate::name::same::{Identity, Same};
use crate::name::spelling;
use crate::name::template::Template;
use crate::place::{ObjectId, Pointer};

/// What a value looks like, which tells what it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// It has a reference in it that nobody expanded: `cart@$(MY_POD_IP)`.
    Reference,
    /// A part of the host is missing: `cart@.cart.shop.svc.cluster.local`.
    Hole,
    /// `cart@10.42.1.7`.
    Ip,
    /// `cart@10-42-1-7.shop.pod.cluster.local`.
    DashedIp,
    /// The name of a Service: `cart@cart.shop.svc.cluster.local`.
    Service,
    /// The name of a pod behind one: `cart@cart-0.cart.shop.svc.cluster.local`.
    Pod,
    /// A host without a dot: `cart@cart-0`.
    Short,
    /// The API server saw no token.
    Anonymous,
    /// It saw one.
    Account,
    /// Anything else.
    Plain,
}

impl Shape {
    /// The shape of a value.
    pub fn of(value: &str) -> Self {
        if value.contains("$(") || value.contains("${") {
            return Self::Reference;
        }
        if value.contains("system:anonymous") {
            return Self::Anonymous;
        }
        if value.contains("system:serviceaccount") {
            return Self::Account;
        }
        match value.split_once('@') {
            Some((base, host)) if !base.is_empty() => Self::of_host(host),
            _ => Self::Plain,
        }
    }

    fn of_host(host: &str) -> Self {
        let labels: Vec<&str> = host.split('.').collect();
        if host.parse::<Ipv4Addr>().is_ok() {
            return Self::Ip;
        }
        if labels.contains(&"") {
            return Self::Hole;
        }
        if is_dashed_ip(labels[0]) {
            return Self::DashedIp;
        }
        match labels.iter().position(|label| *label == "svc") {
            Some(2) => Self::Service,
            Some(3..) => Self::Pod,
            _ if labels.len() == 1 => Self::Short,
            _ => Self::Plain,
        }
    }
}

fn is_dashed_ip(label: &str) -> bool {
    label.replace('-', ".").parse::<Ipv4Addr>().is_ok()
}

/// Where the name that is dialled and that of the node differ, other than that they are of two pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// They are made alike.
    None,
    /// They part after so many characters.
    After(usize),
}

/// Compares the two names as names of any pods of one workload.
pub fn difference(dialled: &str, own: &str) -> Difference {
    match Identity::default().same(&general(dialled), &general(own)) {
        Same::No { .. } => Difference::After(common(dialled, own)),
        Same::Yes | Same::Open(_) => Difference::None,
    }
}

/// The lines of a manifest that name a node as it is dialled, where a manifest can say it.
pub fn lines(dialled: &str) -> Option<String> {
    let is_sure = matches!(Shape::of(dialled), Shape::Ip | Shape::Pod);
    is_sure.then(|| spelling::lines("RELEASE_NODE", &general(dialled), &Env::default())).flatten()
}

/// The name with a symbol for what each pod has for itself.
fn general(name: &str) -> Template {
    let at = Pointer::root().of(ObjectId(0));
    let (base, host) = name.split_once('@').unwrap_or((name, ""));
    let rest = &host[host.find('.').unwrap_or(host.len())..];
    let text = match Shape::of(name) {
        Shape::Ip => format!("{base}@{{pod-ip}}"),
        Shape::DashedIp => format!("{base}@{{pod-ip-dashed}}{rest}"),
        Shape::Pod | Shape::Short => format!("{base}@{{pod-name}}{rest}"),
        _ => return Template::lit(name, &at),
    };
    Template::parse(&text, &at).unwrap_or_else(|_| Template::lit(name, &at))
}

fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// What stands before a node's own name: in the VM's reports, on its command line, in a prompt and in what loggers add.
const BEFORE_OWN: [&str; 7] =
    ["'global' at node '", "RELEASE_NODE=", "-name ", "-sname ", "iex(", "\"node\":\"", "node="];

/// The names that a line gives to the node that wrote it.
pub(super) fn own(line: &str) -> impl Iterator<Item = String> + '_ {
    // Most lines name nobody.
    let line = if line.contains('@') { line } else { "" };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let after = BEFORE_OWN.iter().filter_map(move |before| {
        let mut found = line.match_indices(before).filter(|(at, _)| !line[..*at].ends_with(is_word));
        found.next().map(|(at, _)| &line[at + before.len()..])
    });
    let names = after.map(|after| {
        let after = after.trim_start_matches([':', '"', '\'']);
        let end =
            after.find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | ',' | ';' | '\\'));
        after[..end.unwrap_or(after.len())].to_owned()
    });
    let within = |name: String| match name.split_once(')') {
        Some((name, _)) if !name.contains("$(") => name.to_owned(),
        _ => name,
    };
    names.map(within).filter(|name| {
        let parts = name.split_once('@');
        parts.is_some_and(|(base, host)| {
            !host.is_empty() && base.starts_with(|c: char| c.is_ascii_alphabetic()) && !base.contains(['/', ':', '='])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_tell_what_a_name_was_made_of() {
        for (value, shape) in [
            ("cart@10.42.1.7", Shape::Ip),
            ("cart@10-42-1-7.shop.pod.cluster.local", Shape::DashedIp),
            ("cart@10-42-1-7.cart.shop.svc.cluster.local", Shape::DashedIp),
            ("cart@cart-0.cart.shop.svc.cluster.local", Shape::Pod),
            ("cart@cart.shop.svc.cluster.local", Shape::Service),
            ("cart@.cart.shop.svc.cluster.local", Shape::Hole),
            ("app@cart-0..shop.svc.cluster.local", Shape::Hole),
            ("cart@", Shape::Hole),
            ("cart@cart-0", Shape::Short),
            ("cart@$(MY_POD_IP)", Shape::Reference),
            ("cart@db.example.org", Shape::Plain),
            ("cart", Shape::Plain),
        ] {
            assert_eq!(Shape::of(value), shape, "{value}");
        }
    }

    #[test]
    fn names_of_two_pods_do_not_differ_and_those_of_two_kinds_do() {
        let dialled = "cart@cart-0.cart.shop.svc.cluster.local";
        assert_eq!(difference("cart@10.42.1.7", "cart@10.42.2.19"), Difference::None);
        assert_eq!(difference(dialled, "cart@cart-1.cart.shop.svc.cluster.local"), Difference::None);
        assert_eq!(difference(dialled, "cart@10.42.2.19"), Difference::After(5));
        assert_eq!(difference(dialled, "cart@cart-0.cart.shop.svc.example.org"), Difference::After(26));
        assert_eq!(difference("cart@10.42.1.7", "app@10.42.1.7"), Difference::After(0));
        assert_eq!(difference("cart@10.42.1.7", "cart@$(MY_POD_IP)"), Difference::After(5));
        assert_eq!(difference("cart@10.42.1.7", "cart@10.42.1.7.shop"), Difference::After(14));
    }

    #[test]
    fn a_line_may_say_who_wrote_it() {
        let named = |line: &str| own(line).collect::<Vec<_>>();
        for line in [
            "'global' at node 'cart@10.42.1.7' requested disconnect from node 'cart@10.42.1.8' in order to",
            r#"{"msg":"x","node":"cart@10.42.1.7","pid":1}"#,
            "12:00:01.000 node=cart@10.42.1.7 [info] hello",
            "iex(cart@10.42.1.7)1> ",
            "exec erl -name cart@10.42.1.7 -boot start",
            "RELEASE_NODE=cart@10.42.1.7",
        ] {
            assert_eq!(named(line), ["cart@10.42.1.7"], "{line}");
        }
        assert_eq!(named("RELEASE_NODE=cart@$(MY_POD_IP)"), ["cart@$(MY_POD_IP)"]);
        for line in ["unable to connect to :\"cart@10.42.1.7\"", "node=42", "iex(1)> a@b", "-name ://u@h"] {
            assert!(named(line).is_empty(), "{line}");
        }
    }
}
