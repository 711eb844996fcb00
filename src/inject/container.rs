//! What a container gets: variables, in their order.

use std::borrow::Cow;

use super::decide::Inputs;
use crate::fix::Edit;
use crate::name::env::Env;
use crate::name::inputs::Input;
use crate::name::spelling::{field, holder, usual, usually};
use crate::name::template::{Sym, Template};
use crate::name::tokens::references;
use crate::world::pod::{Container, EnvSource, EnvVar};

/// The symbols that every script which names a node asks for.
const USUAL: [Sym; 2] = [Sym::PodIp, Sym::Namespace];

/// How many references of a name are followed. One that has more is longer than a name may be.
const REFERENCES: usize = 100;

/// The changes of one container.
#[derive(Debug)]
pub(super) struct Changes<'c> {
    container: &'c Container,
    /// Its index among the pod's.
    number: usize,
    /// Its `env` as the changes leave it.
    env: Vec<Cow<'c, EnvVar>>,
    /// How many variables were put before all others.
    before: usize,
    /// The changes.
    pub(super) edits: Vec<Edit>,
    /// What was done, for people: `MY_POD_IP`.
    pub(super) said: Vec<String>,
}

impl<'c> Changes<'c> {
    pub(super) fn of(number: usize, container: &'c Container) -> Self {
        let env = container.env.iter().map(Cow::Borrowed).collect();
        Self { container, number, env, before: 0, edits: Vec::new(), said: Vec::new() }
    }

    /// Adds a variable before all that were written.
    fn prepend(&mut self, name: &str, sym: Sym) {
        let Some(field) = field(sym).filter(|_| !self.has(name)) else { return };
        self.insert(self.before, EnvVar::new(name, EnvSource::Field(field.to_owned())));
        self.before += 1;
    }

    /// Adds a variable behind all others.
    pub(super) fn append(&mut self, name: &str, source: EnvSource) {
        if !self.has(name) {
            self.insert(self.env.len(), EnvVar::new(name, source));
        }
    }

    /// Whether a variable is there, whatever it is.
    pub(super) fn has(&self, name: &str) -> bool {
        self.env.iter().any(|var| var.name == name)
    }

    /// Adds the inputs that are wanted and not there.
    pub(super) fn add_inputs(&mut self, env: &Env, wanted: Inputs, declared: &[Input]) {
        if wanted == Inputs::Usual {
            for sym in USUAL {
                let is_declared = declared.iter().any(|input| input.sym == sym);
                if let Some(name) = usual(sym).filter(|_| !is_declared && holder(sym, env, None).is_none()) {
                    self.prepend(name, sym);
                }
            }
        }
        if wanted != Inputs::None {
            declared.iter().for_each(|input| self.prepend(&input.name, input.sym));
        }
    }

    /// Adds the variables that a name refers to.
    pub(super) fn add_missing(&mut self, missing: &[(String, Sym)]) {
        missing.iter().for_each(|(name, sym)| self.prepend(name, *sym));
    }

    /// Lets these variables find what they refer to. Gives what stands in the way, a sentence each.
    pub(super) fn settle(&mut self, users: &[&str], declared: &[Input]) -> Vec<String> {
        let mut stuck = Vec::new();
        for user in users {
            // Each step fills one gap, and there are no more gaps than references.
            for _ in 0..REFERENCES {
                let Some(index) = self.env.iter().rposition(|var| var.name == *user) else { break };
                match self.gap(index, declared, &mut Vec::new()) {
                    Some(Gap::Below { from, to }) => match self.bystander(index, from, to) {
                        Some(other) => {
                            let (input, user) = (&self.env[from].name, &self.env[to].name);
                            stuck.push(format!(
                                "`{input}` stays below `{user}`, which refers to it: moved up, it would change `{other}`"
                            ));
                            break;
                        }
                        None => self.raise(from, to),
                    },
                    Some(Gap::Missing(name, sym)) => self.prepend(&name, sym),
                    None => break,
                }
            }
        }
        stuck
    }

    /// A variable between the two that refers to the lower one without finding it, and that the name is not made of: it means
    /// what it says, and would mean something else.
    fn bystander(&self, name: usize, from: usize, to: usize) -> Option<&str> {
        let input = &self.env[from].name;
        let refers = |index: &usize| match &self.env[*index].source {
            EnvSource::Value(text) => references(text).any(|name| name == *input),
            _ => false,
        };
        let parts = self.parts(name);
        let other = (to + 1..from).filter(|index| !parts.contains(index)).find(refers)?;
        Some(&self.env[other].name)
    }

    /// The variables that a value is made of, itself among them.
    fn parts(&self, user: usize) -> Vec<usize> {
        let mut parts = vec![user];
        let mut next = 0;
        while let Some(part) = parts.get(next).copied() {
            next += 1;
            let EnvSource::Value(text) = &self.env[part].source else { continue };
            for name in references(text).take(REFERENCES) {
                let above = self.env[..part].iter().rposition(|var| var.name == name);
                if let Some(above) = above.filter(|above| !parts.contains(above)) {
                    parts.push(above);
                }
            }
        }
        parts
    }

    /// The first reference of a value, or of those that it refers to, that does not find what it means. `seen` are those that
    /// were looked at: two references to one variable are one, or there would be as many ways as there are spellings.
    fn gap(&self, user: usize, declared: &[Input], seen: &mut Vec<usize>) -> Option<Gap> {
        if seen.contains(&user) || seen.len() >= REFERENCES {
            return None;
        }
        seen.push(user);
        let EnvSource::Value(text) = &self.env.get(user)?.source else { return None };
        references(text).take(REFERENCES).find_map(|name| {
            let is_it = |var: &Cow<'_, EnvVar>| var.name == name;
            if let Some(above) = self.env[..user].iter().rposition(is_it) {
                return self.gap(above, declared, seen);
            }
            let mut below = self.env[user + 1..].iter().enumerate().filter(|(_, var)| is_it(var));
            match (below.next(), below.next()) {
                (Some((index, var)), None) => {
                    let is_input = matches!(var.source, EnvSource::Field(_));
                    is_input.then_some(Gap::Below { from: user + 1 + index, to: user })
                }
                (Some(_), Some(_)) => None,
                (None, _) => {
                    let known = declared.iter().find(|input| input.name == name).map(|input| input.sym);
                    let sym = known.or_else(|| usually(name)).filter(|_| !self.has(name))?;
                    Some(Gap::Missing(name.to_owned(), sym))
                }
            }
        })
    }

    fn insert(&mut self, index: usize, var: EnvVar) {
        self.said.push(var.name.clone());
        self.env.insert(index, Cow::Owned(var.clone()));
        self.edits.push(Edit::Insert { container: self.number, index, var });
    }

    fn raise(&mut self, from: usize, to: usize) {
        self.said.push(format!("{} (moved)", self.env[from].name));
        self.env[to..=from].rotate_right(1);
        self.edits.push(Edit::Move { container: self.number, from, to });
    }

    /// `cart: MY_POD_IP RELEASE_NODE`; nothing where nothing was done.
    pub(super) fn summary(&self) -> Option<String> {
        (!self.said.is_empty()).then(|| format!("{}: {}", self.container.name, self.said.join(" ")))
    }
}

/// Why a reference does not find what it means.
enum Gap {
    /// It stands below.
    Below { from: usize, to: usize },
    /// It is not there, and its name says what it is.
    Missing(String, Sym),
}

/// The environment as it is once the declared inputs are there.
pub(super) fn with_declared(env: &Env, declared: &[Input]) -> Env {
    let mut all = env.clone();
    for input in declared.iter().filter(|input| env.get(&input.name).is_none()) {
        let value = Template::sym(input.sym, &input.at);
        all.set(&input.name, value, input.at.clone());
    }
    all
}
