//! The chart with its defaults, and what an upgrade leaves as it is.

use super::drift::written;
use super::install;
use super::works::{self, Fault, works};
use crate::parts::Seen;

pub(super) const HEAD: &str = "\
## The chart

";

pub(super) fn play(seen: &mut Seen) {
    install::namespace();
    let said = install::upgrade(&[]);
    seen.expect(!said.contains("Warning"), format!("helm install says: {said}"));
    seen.rows += works::HEAD;
    works("`helm install`", &install::released(), Fault::Denied, seen);
    let before = written();
    install::upgrade(&["--set=podAnnotations.example=other"]);
    seen.expect(written() == before, "helm upgrade changes the certificates, or whom the API server trusts");
    seen.rows += "\n| what is done then | seen |\n|---|---|\n";
    seen.row(["`helm upgrade`", "the certificates and `caBundle` stay"]);
}
