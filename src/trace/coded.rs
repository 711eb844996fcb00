//! What the app's own code says of the workload, in the words of a declaration.

use super::Trace;
use crate::discovery::configured;
use crate::name::env::Lookup;
use crate::place::Loc;
use crate::world::code::{Code, Coded, Way};
use crate::world::declared::{Key, STRATEGY, code_of};

/// A line of a declaration, as the code has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The annotation; the label without one.
    pub key: Option<Key>,
    /// What it says, `$(X)` standing for a variable of the container.
    pub text: String,
    /// Where the code says so.
    pub at: Loc,
    /// Variables that the pod does not set, and that the code has something in the place of.
    pub defaults: Vec<String>,
}

impl Line {
    /// The name of the label or annotation.
    pub fn name(&self) -> String {
        self.key.map_or_else(|| STRATEGY.to_owned(), Key::annotation)
    }
}

/// Lines of a declaration to paste into `metadata`.
pub fn pasted(lines: &[Line]) -> String {
    let mut text = String::new();
    for is_label in [true, false] {
        let mut some = lines.iter().filter(|line| line.key.is_none() == is_label).peekable();
        if some.peek().is_some() {
            text += if is_label { "labels:\n" } else { "annotations:\n" };
        }
        some.for_each(|line| text += &format!("  {}: {}\n", line.name(), line.text));
    }
    text
}

impl<'w> Trace<'w> {
    /// What the app's code says, if it was given.
    pub fn code(&self) -> Option<&'w Code> {
        code_of(self.object, &self.world.facts)
    }

    /// How the nodes find each other by the app's code. `dns_cluster` does nothing where the variable of its query is not set.
    pub fn coded_ways(&self) -> Vec<&'w Way> {
        let is_asked = |way: &&Way| {
            let query = way.option(Key::Service).and_then(|query| query.value.as_ref()?.variable());
            !matches!(query, Some((name, None)) if way.strategy.value == "DNSCluster" && !self.may_set(name))
        };
        self.code().map_or_else(Vec::new, |code| code.ways.iter().filter(is_asked).collect())
    }

    /// The declaration that says what the code says, as far as that was evaluated. What goes without saying is left out.
    pub fn lines_of(&self, way: &Way) -> Vec<Line> {
        let strategy = &way.strategy;
        let first = Line { key: None, text: strategy.value.clone(), at: strategy.at.clone(), defaults: Vec::new() };
        let lines = way.options.iter().filter_map(|(key, option)| {
            let (text, defaults) = self.spell(option.value.as_ref()?);
            Some(Line { key: Some(*key), text, at: option.at.clone(), defaults })
        });
        let goes_without_saying = |line: &Line| match line.key {
            Some(Key::ClusterDomain) => line.text == self.world.facts.cluster_domain,
            Some(Key::Namespace) => self.object.namespace.as_ref() == Some(&line.text),
            _ => false,
        };
        [first].into_iter().chain(lines).filter(|line| !goes_without_saying(line)).collect()
    }

    /// The options that a strategy cannot do without and the code was not evaluated for.
    pub fn unread_options(way: &Way) -> Vec<(&'static str, Key)> {
        let is_unread = |key| way.option(key).is_some_and(|option| option.value.is_none());
        configured::options(&way.strategy.value).iter().copied().filter(|(_, key)| is_unread(*key)).collect()
    }

    /// A text of the code as an annotation says it, and the variables that the pod does not set.
    pub fn spell(&self, coded: &Coded) -> (String, Vec<String>) {
        let mut defaults = Vec::new();
        let text = coded.spell(&|name| self.may_set(name), &mut defaults);
        (text, defaults)
    }

    /// Whether the pod, or a script on the way to the app, sets a variable, or may.
    fn may_set(&self, name: &str) -> bool {
        let booted = self.naming.as_ref().map(|naming| &naming.env);
        [Some(&self.env), booted].into_iter().flatten().any(|env| !matches!(env.lookup(name), Lookup::Unset))
    }
}
