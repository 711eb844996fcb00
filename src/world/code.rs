//! What an app's own code says of how its nodes find each other, as far as it can be read without running it.

use super::declared::{Key, Sourced};
use crate::place::Loc;

/// What the code of an app says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code {
    /// How its nodes find each other: the topologies of libcluster, `dns_cluster`, `peerage`.
    pub ways: Vec<Way>,
    /// Whether libcluster is certainly started with these topologies and no others.
    pub settled: bool,
    /// What was not evaluated, though it could matter.
    pub unread: Vec<Unread>,
}

/// One way to find nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What the code calls it: the name of the topology, or the key of the setting.
    pub name: String,
    /// The strategy, as the label says it.
    pub strategy: Sourced<String>,
    /// Its options, as the annotations call them; none where the value was not evaluated.
    pub options: Vec<(Key, Sourced<Option<Coded>>)>,
    /// Whether it certainly has no other options.
    pub closed: bool,
}

/// A text of the code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coded(pub Vec<Piece>);

/// A piece of such a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These characters.
    Lit(String),
    /// A variable of the container, and what stands in for it where it is not set.
    Variable(String, Option<Coded>),
}

/// Something that was not evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Where.
    pub at: Loc,
    /// What it is: "`Cart.peers()` is not evaluated".
    pub what: String,
}

impl Way {
    /// An option, where the code has it: without a value if that was not evaluated.
    pub fn option(&self, key: Key) -> Option<&Sourced<Option<Coded>>> {
        self.options.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }
}

impl Coded {
    /// Literal text.
    pub fn lit(text: impl Into<String>) -> Self {
        Self(vec![Piece::Lit(text.into())])
    }

    /// The text, where it depends on no variable.
    pub fn literal(&self) -> Option<String> {
        let texts = self.0.iter().map(|piece| match piece {
            Piece::Lit(text) => Some(text.as_str()),
            Piece::Variable(..) => None,
        });
        texts.collect()
    }

    /// The variable that is all of it.
    pub fn variable(&self) -> Option<(&str, Option<&Self>)> {
        match self.0.as_slice() {
            [Piece::Variable(name, default)] => Some((name, default.as_ref())),
            _ => None,
        }
    }

    /// Adds another text.
    pub fn append(&mut self, other: &Self) {
        for piece in &other.0 {
            match (self.0.last_mut(), piece) {
                (Some(Piece::Lit(last)), Piece::Lit(text)) => last.push_str(text),
                _ => self.0.push(piece.clone()),
            }
        }
    }

    /// As an annotation says it, `$(X)` for a variable; a variable that is not `set` gives way to what stands in for it. The names of
    /// those that did are added to `defaults`.
    pub fn spell(&self, set: &dyn Fn(&str) -> bool, defaults: &mut Vec<String>) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                // A dollar that is meant literally is written twice.
                Piece::Lit(literal) => text.push_str(&literal.replace("$(", "$$(")),
                Piece::Variable(name, Some(default)) if !set(name) => {
                    defaults.push(name.clone());
                    text.push_str(&default.spell(set, defaults));
                }
                Piece::Variable(name, _) => text.extend(["$(", name, ")"]),
            }
        }
        text
    }

    /// What it comes to if every variable holds `$(X)`, its own name, or if none is set.
    pub fn filled(&self, set: bool) -> String {
        let fill = |piece: &Piece| match (piece, set) {
            (Piece::Lit(text), _) => text.clone(),
            (Piece::Variable(name, _), true) => format!("$({name})"),
            (Piece::Variable(_, default), false) => default.as_ref().map_or_else(String::new, |text| text.filled(set)),
        };
        self.0.iter().map(fill).collect()
    }

    /// How much there is of it.
    pub fn weight(&self) -> usize {
        let weigh = |piece: &Piece| match piece {
            Piece::Lit(text) => 1 + text.len() / 64,
            Piece::Variable(_, default) => 1 + default.as_ref().map_or(0, Self::weight),
        };
        self.0.iter().map(weigh).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_spelt_as_an_annotation_says_it() {
        let variable = |name: &str, default| Coded(vec![Piece::Variable(name.to_owned(), default)]);
        let mut text = Coded::lit("a$(b).");
        text.append(&variable("NAMESPACE", Some(Coded::lit("shop"))));
        text.append(&Coded::lit(".svc"));
        let spell = |set: bool| {
            let mut defaults = Vec::new();
            (text.spell(&|_| set, &mut defaults), defaults)
        };
        assert_eq!(spell(true), ("a$$(b).$(NAMESPACE).svc".to_owned(), vec![]));
        assert_eq!(spell(false), ("a$$(b).shop.svc".to_owned(), vec!["NAMESPACE".to_owned()]));
        assert_eq!(variable("X", None).spell(&|_| false, &mut Vec::new()), "$(X)");
    }
}
