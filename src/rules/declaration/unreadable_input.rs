//! # unreadable-input (BG007)
//!
//! A file that was named, or that is evidently a manifest, cannot be read: it is not there, it is not UTF-8, or it is not
//! YAML. Nothing in it was checked, and what other files say of its objects may be judged wrongly.
//!
//! ## At run time
//!
//! `kubectl apply` is refused with much the same words: `error converting YAML to JSON`.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: v1
//! kind: Service
//! metadata:
//!   name: cart
//!    namespace: shop   # one space too many
//! ```
//!
//! ## Fix
//!
//! Repair the file. Raw Helm templates are no YAML and are rendered where they can be; other broken files without an
//! `apiVersion` and a `kind` are counted and skipped.
//!
//! Whoever reads the input reports this.
//!
//! ## Facts
//!
//! None: this is a rule of beamgate's own.

use crate::rules::finding::{Effect, Severity};
use crate::rules::{Cel, Check, Mends, Rule};

pub(super) static RULE: Rule = Rule {
    code: 7,
    slug: "unreadable-input",
    severity: Severity::Error,
    effect: Effect::Risks,
    mends: Mends::Person("what the text was meant to say"),
    summary: "a file could not be read; nothing in it was checked",
    source: include_str!("unreadable_input.rs"),
    check: Check::Input,
    cel: Cel::Not("it is about files"),
};
