//! # cookie-differs (BG603)
//!
//! Two workloads find each other's nodes, or one those of the other, and take their cookies from different places. If the
//! cookies are not the same after all, each refuses the other, and both try again for ever.
//!
//! ## At run time
//!
//! `** Connection attempt from node ... rejected. Invalid challenge reply. **` on the node that is dialled, and
//! `unable to connect to` on the one that dials, every five seconds, beside a cluster that forms. `Node.list()` shows the nodes
//! of one workload only.
//!
//! ## Example
//!
//! ```yaml
//! # Deployment web
//!           - name: RELEASE_COOKIE
//!             valueFrom:
//!               secretKeyRef:
//!                 name: cart-cookie
//!                 key: cookie
//! # Deployment worker
//!           - name: RELEASE_COOKIE
//!             valueFrom:
//!               secretKeyRef:
//!                 name: worker-cookie
//!                 key: cookie
//! ```
//!
//! ## Fix
//!
//! Read the same key of the same Secret. If they are not to be one cluster, let each find its own pods alone.
//!
//! ## What it is silent about
//!
//! What Secrets hold is never read, so two that hold the same are found as well: ignore that with a reason. A workload without a
//! cookie of its own is BG602's. Where a script, a file or an `envFrom` may give the cookie, or the two are in different
//! namespaces, nothing is said.
//!
//! ## Facts
//!
//! OTP 25.2.3, `dist_util.erl`, `recv_challenge_reply/3`: it was measured with two cookies.

use crate::membership::{Sibling, Split};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule, so_it_is_with};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::cookie::Cookie;

pub(super) static RULE: Rule = Rule {
    code: 603,
    slug: "cookie-differs",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Person("which of the cookies is the right one"),
    summary: "two workloads find each other and have different cookies",
    source: include_str!("cookie_differs.rs"),
    check: Check::Siblings(check),
    cel: Cel::Not("it depends on other workloads"),
};

fn check(trace: &Trace<'_>, siblings: &[Sibling<'_>], found: &mut Findings) {
    let is_refused = |sibling: &&Sibling<'_>| sibling.links().any(|link| link.split() == Some(&Split::Cookies));
    let mut refused = siblings.iter().filter(is_refused);
    let Some(sibling) = refused.next() else { return };
    let (us, them) = (trace.object.title(), sibling.trace.object.title());
    let (ours, theirs) = (trace.cookie(), sibling.trace.cookie());
    // What two Secrets hold may be the same.
    let finding = match (&ours, &theirs) {
        (Cookie::Text(_), Cookie::Text(_)) => {
            found.refute(&RULE, format!("{us} finds the nodes of {them}, which have another cookie"))
        }
        _ => found.suspect(
            &RULE,
            format!("{us} finds the nodes of {them}, and takes its cookie from {ours}; they take theirs from {theirs}"),
        ),
    };
    finding.label(trace.at_cookie(), "its cookie").label(sibling.trace.at_cookie(), "their cookie");
    finding.hides(sibling.trace.literal_cookies());
    if let Some(at) = trace.way(sibling.link.way).at_query() {
        finding.label(at.clone(), if sibling.link.meant { "finds them" } else { "finds both" });
    }
    finding
        .symptom(Symptom::CookieRejected)
        .fix(Safety::Unsafe, "take both from one place, or let each find its own pods alone");
    so_it_is_with(refused, finding);
}
