//! Names that are not known yet: literals and symbols, each remembering where it was written.
//!
//! `app@$(MY_POD_IP)` becomes `app@{pod-ip}` at admission and `app@10.42.1.7` on the node. Two templates can be compared
//! long before the pod exists, and the answer is three-valued: what nobody can know is never an error.

use std::fmt;

use crate::place::Loc;
use crate::world::pod::KeyRef;

/// What a node knows of itself only once it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sym {
    /// `status.podIP`.
    PodIp,
    /// `status.podIP` with dashes for dots, as in `10-42-1-7.shop.pod.cluster.local`.
    PodIpDashed,
    /// `status.podIPs`, joined by commas: on a cluster of one address family the same as the first.
    PodIps,
    /// `status.hostIP`.
    HostIp,
    /// `metadata.name` of the pod.
    PodName,
    /// What `hostname` prints in the pod.
    Hostname,
    /// `spec.nodeName`, the machine's name.
    NodeName,
    /// `metadata.namespace`.
    Namespace,
    /// The DNS domain of the cluster.
    ClusterDomain,
    /// `metadata.uid` of the pod.
    Uid,
}

impl Sym {
    /// Those that the `node-name` annotation can say.
    pub const PLACEHOLDERS: [(&'static str, Self); 7] = [
        ("pod-ip", Self::PodIp),
        ("pod-ip-dashed", Self::PodIpDashed),
        ("pod-name", Self::PodName),
        ("hostname", Self::Hostname),
        ("namespace", Self::Namespace),
        ("cluster-domain", Self::ClusterDomain),
        ("host-ip", Self::HostIp),
    ];

    /// Its name between braces.
    pub fn name(self) -> &'static str {
        match self {
            Self::PodIp => "pod-ip",
            Self::PodIpDashed => "pod-ip-dashed",
            Self::PodIps => "pod-ips",
            Self::HostIp => "host-ip",
            Self::PodName => "pod-name",
            Self::Hostname => "hostname",
            Self::NodeName => "node-name",
            Self::Namespace => "namespace",
            Self::ClusterDomain => "cluster-domain",
            Self::Uid => "pod-uid",
        }
    }

    /// Whether each pod has a value of its own.
    pub fn differs_between_pods(self) -> bool {
        matches!(self, Self::PodIp | Self::PodIpDashed | Self::PodIps | Self::PodName | Self::Hostname | Self::Uid)
    }
}

/// Why a reference in an environment variable stays as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unexpanded {
    /// The variable is defined further down.
    Later,
    /// Nothing defines it.
    Undefined,
    /// It was written `$$(X)`.
    Escaped,
    /// The value came out of a ConfigMap, where nothing is expanded.
    FromConfigMap(String),
}

/// Why something is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The value is in a Secret, which is never read.
    Secret(KeyRef),
    /// The value is in a ConfigMap that is not in the input.
    ConfigMap(String),
    /// An `envFrom` that cannot be read may define it.
    EnvFrom(String),
    /// The image may set it: `ENV`, `rel/env.sh`, `vm.args`.
    Image,
    /// A file that an init container writes.
    File,
    /// A field of the downward API that has no symbol.
    Field(String),
    /// Shell that the reader does not follow, with its text.
    Shell(String),
    /// The manifest is a template whose placeholder something else fills.
    Placeholder(String),
    /// A program whose way of naming nodes is not known.
    Program(String),
    /// A script that its volume lets nobody run.
    NotRun(String),
    /// A list that the app has and no manifest shows.
    List(&'static str),
    /// It is longer than anything that a program can be started with.
    TooLong,
    /// A file, called so, that is longer than any that is read.
    LongFile(&'static str),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(key) => write!(f, "Secret `{}` is never read", key.name),
            Self::ConfigMap(name) => write!(f, "ConfigMap `{name}` is not in the input"),
            Self::EnvFrom(name) => write!(f, "`envFrom` of `{name}`, which is not in the input, may set it"),
            Self::Image => f.write_str("the image decides it"),
            Self::File => f.write_str("an init container writes it"),
            Self::Field(path) => write!(f, "the field `{path}` is known only on the cluster"),
            Self::Shell(text) => write!(f, "the shell decides it: `{text}`"),
            Self::Placeholder(text) => write!(f, "`{text}` is filled in later"),
            Self::Program(name) => write!(f, "`{name}` decides it"),
            Self::NotRun(path) => write!(f, "nobody may run `{path}`: its volume has no `defaultMode` with an x"),
            Self::List(list) => write!(f, "{list} says it, which is not in the input"),
            Self::LongFile(name) => write!(f, "`{name}` is too long to be read"),
            Self::TooLong => f.write_str("no program starts with a value this long"),
        }
    }
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// These characters.
    Lit(String),
    /// What this stands for once the pod runs.
    Sym(Sym),
    /// A reference that stays literally as it is written, `$(X)`, and why.
    Unexpanded(String, Unexpanded),
    /// Something that is not known.
    Opaque(Why),
}

/// A part and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The part.
    pub part: Part,
    /// Where.
    pub at: Loc,
}

/// A string that may hold symbols.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template(Vec<Piece>);

impl Template {
    /// The empty string.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Literal text.
    pub fn lit(text: impl Into<String>, at: &Loc) -> Self {
        Self::of(Part::Lit(text.into()), at)
    }

    /// A symbol.
    pub fn sym(sym: Sym, at: &Loc) -> Self {
        Self::of(Part::Sym(sym), at)
    }

    /// Something that is not known.
    pub fn opaque(why: Why, at: &Loc) -> Self {
        Self::of(Part::Opaque(why), at)
    }

    /// One part.
    pub fn of(part: Part, at: &Loc) -> Self {
        Self(vec![Piece { part, at: at.clone() }])
    }

    /// Its pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Adds a piece; literal text joins a literal neighbour that was written in the same value.
    pub fn push(&mut self, piece: Piece) {
        if let Part::Lit(text) = &piece.part {
            if text.is_empty() {
                return;
            }
            if let Some(Piece { part: Part::Lit(last), at }) = self.0.last_mut()
                && at.object == piece.at.object
                && at.pointer == piece.at.pointer
            {
                last.push_str(text);
                if let (crate::place::Focus::Within(_, end), crate::place::Focus::Within(_, new)) =
                    (&mut at.focus, &piece.at.focus)
                {
                    *end = *new;
                }
                return;
            }
        }
        self.0.push(piece);
    }

    /// Adds literal text.
    pub fn push_lit(&mut self, text: &str, at: &Loc) {
        self.push(Piece { part: Part::Lit(text.to_owned()), at: at.clone() });
    }

    /// Adds a symbol.
    pub fn push_sym(&mut self, sym: Sym, at: &Loc) {
        self.push(Piece { part: Part::Sym(sym), at: at.clone() });
    }

    /// Adds another template.
    pub fn append(&mut self, other: &Self) {
        for piece in &other.0 {
            self.push(piece.clone());
        }
    }

    /// Whether it is the empty string.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, where everything is literal.
    pub fn literal(&self) -> Option<String> {
        match self.0.as_slice() {
            // Most are of one piece, and soon copied.
            [only] => only.part.text().map(str::to_owned),
            all => all.iter().map(|piece| piece.part.text()).collect(),
        }
    }

    /// Why it is not known, if some part is not.
    pub fn unknown(&self) -> Option<&Why> {
        self.0.iter().find_map(|piece| match &piece.part {
            Part::Opaque(why) => Some(why),
            _ => None,
        })
    }

    /// The same, with what was never expanded not known. In a declaration `$(X)` points at a variable: where the manifest has no
    /// `X`, the image may.
    #[must_use]
    pub fn with_references_open(&self) -> Self {
        let mut open = Self::empty();
        for piece in &self.0 {
            let part = match &piece.part {
                Part::Unexpanded(_, Unexpanded::Undefined | Unexpanded::Later) => Part::Opaque(Why::Image),
                Part::Unexpanded(text, _) => Part::Opaque(Why::Placeholder(text.clone())),
                part => part.clone(),
            };
            open.push(Piece { part, at: piece.at.clone() });
        }
        open
    }

    /// The same, with the placeholders of a `node-name` annotation as symbols; what has an unknown one is not known.
    #[must_use]
    pub fn with_placeholders(&self) -> Self {
        let mut name = Self::empty();
        for piece in &self.0 {
            match &piece.part {
                Part::Lit(text) => name.append(
                    &Self::parse(text, &piece.at).unwrap_or_else(|bad| Self::opaque(Why::Placeholder(bad), &piece.at)),
                ),
                _ => name.push(piece.clone()),
            }
        }
        name
    }

    /// The symbols in it.
    pub fn syms(&self) -> impl Iterator<Item = Sym> {
        self.0.iter().filter_map(|piece| match piece.part {
            Part::Sym(sym) => Some(sym),
            _ => None,
        })
    }

    /// Whether its literal text holds a character.
    pub fn contains(&self, c: char) -> bool {
        self.0.iter().any(|piece| piece.part.text().is_some_and(|text| text.contains(c)))
    }

    /// What stands before and after the first such character of its literal text.
    pub fn split_once(&self, c: char) -> Option<(Self, Self)> {
        let (index, at) =
            self.0.iter().enumerate().find_map(|(index, piece)| Some((index, piece.part.text()?.find(c)?)))?;
        let piece = &self.0[index];
        let text = piece.part.text()?;
        let mut before = Self(self.0[..index].to_vec());
        before.push(Piece { part: Part::Lit(text[..at].to_owned()), at: piece.at.clone() });
        let mut after = Self::empty();
        after.push(Piece { part: Part::Lit(text[at + c.len_utf8()..].to_owned()), at: piece.at.clone() });
        after.append(&Self(self.0[index + 1..].to_vec()));
        Some((before, after))
    }

    /// The words between white space, as a start script's unquoted `$RELEASE_NODE` and the VM's flags are split.
    pub fn words(&self) -> Vec<Self> {
        let mut words = vec![Self::empty()];
        for piece in &self.0 {
            let Part::Lit(text) = &piece.part else {
                if let Some(word) = words.last_mut() {
                    word.push(piece.clone());
                }
                continue;
            };
            for (number, chunk) in text.split(char::is_whitespace).enumerate() {
                if number > 0 {
                    words.push(Self::empty());
                }
                if let Some(word) = words.last_mut() {
                    word.push_lit(chunk, &piece.at);
                }
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    /// The same with each symbol replaced by something else, or kept.
    #[must_use]
    pub fn replace(&self, with: impl Fn(Sym) -> Option<Template>) -> Self {
        let mut replaced = Self::empty();
        for piece in &self.0 {
            match &piece.part {
                Part::Sym(sym) => match with(*sym) {
                    Some(other) => replaced.append(&other),
                    None => replaced.push(piece.clone()),
                },
                _ => replaced.push(piece.clone()),
            }
        }
        replaced
    }

    /// Reads the placeholders of a `node-name` annotation: `app@{pod-ip-dashed}.{namespace}.pod.{cluster-domain}`.
    ///
    /// # Errors
    /// The placeholder that is not known.
    pub fn parse(text: &str, at: &Loc) -> Result<Self, String> {
        let mut template = Self::empty();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').ok_or_else(|| rest[open..].to_owned())? + open;
            let name = &rest[open + 1..close];
            let known = Sym::PLACEHOLDERS.iter().find(|(known, _)| *known == name);
            template.push_lit(&rest[..open], at);
            template.push_sym(known.ok_or_else(|| rest[open..=close].to_owned())?.1, at);
            rest = &rest[close + 1..];
        }
        template.push_lit(rest, at);
        Ok(template)
    }
}

impl Part {
    /// The characters that it certainly is.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Lit(text) | Self::Unexpanded(text, _) => Some(text),
            Self::Sym(_) | Self::Opaque(_) => None,
        }
    }
}

/// `app@{pod-ip}`; what is not known is `{?}`.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match &piece.part {
                Part::Lit(text) | Part::Unexpanded(text, _) => f.write_str(text)?,
                Part::Sym(sym) => write!(f, "{{{}}}", sym.name())?,
                Part::Opaque(_) => f.write_str("{?}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{ObjectId, Pointer};

    fn here() -> Loc {
        Pointer::root().of(ObjectId(0))
    }

    #[test]
    fn placeholders_become_symbols() {
        let text = "app@{pod-ip-dashed}.{namespace}.pod.{cluster-domain}";
        let name = Template::parse(text, &here()).unwrap();
        assert_eq!(name.to_string(), text);
        assert_eq!(name.syms().collect::<Vec<_>>(), [Sym::PodIpDashed, Sym::Namespace, Sym::ClusterDomain]);
        assert_eq!(Template::parse("app@{pod_ip}", &here()), Err("{pod_ip}".to_owned()));
    }

    #[test]
    fn names_split_at_the_sign() {
        let name = Template::parse("app@h-{pod-ip}.x", &here()).unwrap();
        let (before, after) = name.split_once('@').unwrap();
        assert_eq!((before.to_string().as_str(), after.to_string().as_str()), ("app", "h-{pod-ip}.x"));
    }

    #[test]
    fn words_split_as_in_an_unquoted_substitution() {
        let flags = Template::parse("-name  app@{pod-ip} -setcookie c", &here()).unwrap();
        let words: Vec<String> = flags.words().iter().map(ToString::to_string).collect();
        assert_eq!(words, ["-name", "app@{pod-ip}", "-setcookie", "c"]);
    }
}
