//! # stale-ignore (BG005)
//!
//! An `ignore` that silences nothing any more (the fault is gone, or its date has passed) would silence the next real finding
//! of that code. One without a reason tells nobody whether it may go.
//!
//! ## At run time
//!
//! Nothing: this is about the comment or annotation alone.
//!
//! ## Example
//!
//! The Service is headless by now:
//!
//! ```yaml
//! annotations:
//!   beamgate.dev/ignore: "BG202: the Service becomes headless with the next release"
//! ```
//!
//! ## Fix
//!
//! Remove it. Where it is still needed, it looks like this, one line for each:
//!
//! ```yaml
//! annotations:
//!   beamgate.dev/ignore: "BG202: the Service is replaced in March"
//! ```
//!
//! or, in a file, in the line itself or the one above it:
//!
//! ```yaml
//! # beamgate: ignore[BG202] until=2027-03-01 the Service is replaced in March
//! ```
//!
//! Whoever reads the input reports this, after all other rules have been heard.
//!
//! ## Facts
//!
//! None: this is a rule of beamgate's own.
//!
//! Not proven here: It is about the manifest's comments, which the cluster does not see.

use crate::rules::finding::{Effect, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};

pub(super) static RULE: Rule = Rule {
    code: 5,
    slug: "stale-ignore",
    severity: Severity::Warning,
    effect: Effect::Hygiene,
    mends: Mends::Program(Safety::Unsafe),
    summary: "an ignore that silences nothing, has expired or gives no reason",
    source: include_str!("stale_ignore.rs"),
    check: Check::Input,
    cel: Cel::Not("an ignore is stale if nothing is found, so it needs all the rules"),
};
