//! # cookie-well-known (BG605)
//!
//! The cookie is a word out of a tutorial, or the name of the app itself: one of the first that anybody tries. Who reaches
//! the distribution port of a node and knows its cookie runs any code on it.
//!
//! ## At run time
//!
//! Nothing: the nodes form a cluster, and so does whoever guesses the word.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: RELEASE_COOKIE
//!     value: secret
//! ```
//!
//! ## Fix
//!
//! A random one, in a Secret:
//!
//! ```sh
//! kubectl create secret generic cart-cookie --from-literal=cookie="$(openssl rand -hex 32)"
//! ```
//!
//! This is said instead of BG601, also of a cookie that the release fixes with `cookie:` in `mix.exs`, where that is read and the
//! pod gives no other. What is in a Secret is not read, whatever the Secret and its key are called.
//!
//! ## Facts
//!
//! relx takes the release's name for the cookie by default (`-setcookie {{rel_name}}`), VerneMQ `vmq`.
//!
//! Not proven here: Nothing fails: whoever guesses the cookie gets in.

use super::{Written, written};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::trust::cookie_literal::put_into_a_secret;
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 605,
    slug: "cookie-well-known",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the cookie is a word that anybody would try",
    source: include_str!("cookie_well_known.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.startsRelease && variables.cookie.matches('^[^?${<]+$') &&
                    variables.plainCookie in variables.guessable",
        certain: true,
        says: "the cookie in RELEASE_COOKIE is one of the first that anybody tries; fix: put a new cookie into a \
               Secret",
    }],
    "cookies in the VM's flags, in ConfigMaps and in scripts",
);

/// Cookies of tutorials and templates, without what people put between the words.
pub(crate) const WELL_KNOWN: [&str; 24] = [
    "abc",
    "abc123",
    "changeit",
    "changeme",
    "cookie",
    "default",
    "dev",
    "elixir",
    "erlang",
    "erlangcookie",
    "letmein",
    "monster",
    "mycookie",
    "mysecret",
    "mysecretcookie",
    "nocookie",
    "password",
    "releasecookie",
    "secret",
    "secretcookie",
    "supersecret",
    "test",
    "topsecret",
    "vmq",
];

fn check(trace: &Trace<'_>, found: &mut Findings) {
    for cookie in written(trace).into_iter().filter(|cookie| is_one(trace, cookie)) {
        let message = format!("the cookie in {} is one of the first that anybody tries", cookie.what);
        let finding = cookie.found(found, &RULE, message);
        finding.label(cookie.at.clone(), "a well-known cookie");
        finding.symptom(Symptom::Seen("whoever reaches the node and guesses the word runs code on it".to_owned()));
        put_into_a_secret(trace, &cookie, finding);
    }
}

/// Whether a cookie is a well-known one, or what the app itself is called.
pub(super) fn is_one(trace: &Trace<'_>, cookie: &Written) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', '.', ' '], "");
    let word = plain(&cookie.text);
    let base = trace.own_base().and_then(|base| base.literal());
    let own = [Some(&trace.object.name), base.as_ref()].into_iter().flatten().any(|name| plain(name) == word);
    own || WELL_KNOWN.contains(&word.as_str())
}
