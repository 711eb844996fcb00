//! # port-not-pinned (BG502)
//!
//! The network policies let peers connect to certain ports, and nothing in the manifests says which port the distribution takes:
//! the system gives it another one at each start, anywhere between 32768 and 60999. epmd answers, and the connection to the port
//! that it tells is blocked.
//!
//! ## At run time
//!
//! `unable to connect to :"cart@10.42.1.7"`, every five seconds; `Node.list()` stays empty, although `epmd -names`
//! answers.
//!
//! ## Example
//!
//! ```yaml
//!   ingress:
//!     - from:
//!         - podSelector:
//!             matchLabels:
//!               app: cart
//!       ports:
//!         - port: 4369
//! ```
//!
//! ## Fix
//!
//! Say which ports the distribution may take, and let those pass. More than one, so that `rpc` and `remote` beside the node
//! find one as well:
//!
//! ```yaml
//! env:
//!   - name: ERL_AFLAGS
//!     value: -kernel inet_dist_listen_min 9100 inet_dist_listen_max 9110
//! ```
//!
//! ```yaml
//!       ports:
//!         - port: 4369
//!         - port: 9100
//!           endPort: 9110
//! ```
//!
//! The image may say the port, in `vm.args`, which is not read: so this is a warning.
//!
//! ## Facts
//!
//! OTP 25, `inet_tcp_dist.erl`; `net.ipv4.ip_local_port_range` of Linux. Whether a policy is enforced depends on the cluster's
//! network plugin.

use super::{EPHEMERAL, key, not_connected, peers, titles};
use crate::reach::Direction;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;
use crate::trace::listening::Distribution;
use crate::world::selector::Selected;

pub(super) static RULE: Rule = Rule {
    code: 502,
    slug: "port-not-pinned",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Person("which ports the distribution takes is for whoever writes the policies to say"),
    summary: "policies let certain ports pass, and nothing says which one the distribution takes",
    source: include_str!("port_not_pinned.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on network policies"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(listening) = peers(trace).filter(|listening| listening.distribution == Distribution::Unsaid) else {
        return;
    };
    for direction in [Direction::Ingress, Direction::Egress] {
        let passes = |wanted| trace.between_peers(direction, wanted).passes;
        // What blocks epmd too is BG501's.
        if listening.wanted().into_iter().any(|(_, wanted)| passes(wanted) == Selected::No) {
            return;
        }
        let passage = trace.between_peers(direction, EPHEMERAL);
        if passage.passes != Selected::No {
            continue;
        }
        let message =
            format!("{} lets certain ports pass, and nothing says which the distribution takes", titles(&passage));
        let finding = found.suspect(&RULE, message);
        for policy in &passage.policies {
            finding.label(policy.at(&["spec", key(direction)]), "not every port that the node may get");
        }
        if let Some(container) = trace.container {
            finding.label(trace.at_container(container), "no `inet_dist_listen_min` in its flags");
        }
        finding
            .symptom(not_connected(trace))
            .note("unless the image says the port, in `vm.args`")
            .fix(Safety::Unsafe, "say which ports the distribution takes, and let them pass")
            .snippet(
                "env:\n  - name: ERL_AFLAGS\n    value: -kernel inet_dist_listen_min 9100 inet_dist_listen_max 9110",
            );
        return;
    }
}
