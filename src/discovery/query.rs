//! What a strategy asks, and of whom.

use std::fmt;

use crate::name::template::Why;
use crate::place::Loc;
use crate::world::selector::Selector;

/// What a strategy asks.
#[derive(Debug, Clone)]
pub enum Query {
    /// The records of a Service's name.
    Service(ServiceRef, Record),
    /// The objects that carry labels.
    Labels(LabelQuery),
    /// Nothing that DNS or the API server answers: whom it asks instead.
    Elsewhere(&'static str),
    /// It cannot be known from here, and why.
    Unknown(Why),
    /// The declaration leaves out what to ask; said by rule 003.
    Undeclared,
}

/// A request to the API server for everything that carries labels.
#[derive(Debug, Clone)]
pub struct LabelQuery {
    /// What is listed.
    pub on: Resource,
    /// The labels.
    pub selector: Selector,
    /// Where the selector was written.
    pub at: Loc,
    /// The namespace.
    pub namespace: Option<String>,
}

/// What a label query lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// `endpoints`, which carry the labels of their *Service*.
    Endpoints,
    /// `pods`.
    Pods,
}

impl Resource {
    /// The name in URLs and roles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Endpoints => "endpoints",
            Self::Pods => "pods",
        }
    }
}

/// The type of DNS record that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Addresses.
    A,
    /// Host names and ports.
    Srv,
}

/// A Service addressed by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRef {
    /// `metadata.name`.
    pub name: String,
    /// The namespace in which it is looked for.
    pub namespace: Option<String>,
    /// Where it was written.
    pub at: Loc,
    /// The variable of the container that holds it, if it is not written in the declaration itself.
    pub variable: Option<String>,
    /// How much of the full name is written.
    pub form: Form,
    /// Whether the resolver's search list completes it. `inet_res:lookup` does not use one.
    pub search: bool,
    /// The domain that follows `svc`.
    pub cluster_domain: String,
}

/// How much of a Service's full name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `cart`, where the resolver's search list has to find the rest.
    Bare,
    /// `cart.shop`.
    InNamespace,
    /// `cart.shop.svc`.
    InZone,
    /// `cart.shop.svc.cluster.local`.
    Full,
    /// The strategy asks for the Service by its name and makes the full name of it.
    Composed,
}

impl ServiceRef {
    /// Whether the query says the namespace itself.
    pub fn says_namespace(&self) -> bool {
        matches!(self.form, Form::InNamespace | Form::InZone | Form::Full)
    }

    /// Whether the query is one that DNS can answer: a part of a name needs the search list.
    pub fn is_asked_in_full(&self) -> bool {
        self.search || matches!(self.form, Form::Full | Form::Composed)
    }

    /// The name as the strategy is given it, and as it logs it.
    pub fn written(&self) -> String {
        let namespace = self.namespace.as_deref().unwrap_or("<namespace>");
        match self.form {
            Form::Bare | Form::Composed => self.name.clone(),
            Form::InNamespace => format!("{}.{namespace}", self.name),
            Form::InZone => format!("{}.{namespace}.svc", self.name),
            Form::Full => self.fqdn(),
        }
    }

    /// The full name that DNS knows it by.
    pub fn fqdn(&self) -> String {
        let namespace = self.namespace.as_deref().unwrap_or("<namespace>");
        format!("{}.{namespace}.svc.{}", self.name, self.cluster_domain)
    }
}

/// `shop/cart`.
impl fmt::Display for ServiceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
