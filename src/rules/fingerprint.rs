//! Who a finding is, across runs, edits and requests.

use super::Rule;
use super::finding::Finding;
use crate::place::{ObjectId, Pointer, Step};

/// Who a finding is, across runs: its rule, its workload, the keyed place of its primary label and the objects that it
/// relates. No index, value, message, file or line goes in, so that an edited value at a known place is an old finding.
///
/// `related` is the titles of all objects that the finding points at, in any order.
pub fn fingerprint<'a>(
    rule: &Rule,
    workload: Option<&str>,
    primary: Option<(&'a str, &Pointer)>,
    related: impl IntoIterator<Item = &'a str>,
) -> String {
    let (object, pointer) = primary.map_or(("", String::new()), |(object, pointer)| (object, unnumbered(pointer)));
    let mut others: Vec<&str> = related.into_iter().filter(|other| *other != object).collect();
    others.sort_unstable();
    others.dedup();

    let id = rule.id();
    let mut parts = vec![id.as_str(), workload.unwrap_or(""), object, &pointer];
    parts.extend(others);
    // A separator that no name contains keeps ("ab", "c") and ("a", "bc") apart.
    format!("{:016x}", fnv1a(parts.join("\0").as_bytes()))
}

/// Who a finding of a judgement is. A webhook subtracts by it what was there before.
pub fn of_finding(finding: &Finding, title: impl Fn(ObjectId) -> String) -> String {
    let labels = || finding.labels.iter().map(|label| &label.at);
    let titles: Vec<String> = labels().map(|at| title(at.object)).collect();
    let primary = titles.first().map(String::as_str).zip(labels().next().map(|at| &at.pointer));
    let subject = finding.subject.map(&title);
    fingerprint(finding.rule, subject.as_deref(), primary, titles.iter().map(String::as_str))
}

/// The keyed pointer without the positions of nameless items.
fn unnumbered(pointer: &Pointer) -> String {
    pointer
        .steps()
        .iter()
        .fold(Pointer::root(), |path, step| match step {
            Step::Key(key) => path.key(key.clone()),
            Step::Item { key, value, .. } => path.item(key, value, 0),
            Step::Index(_) => path.key("[]"),
        })
        .to_string()
}

/// FNV-1a, 64 bits: the same on every machine and in every version, which the standard library's hasher is not.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::finding::{Effect, Severity};
    use crate::rules::{Cel, Check, Mends};

    static RULE: Rule = Rule {
        code: 204,
        slug: "service-without-ports",
        severity: Severity::Error,
        effect: Effect::Breaks,
        mends: Mends::Person("nothing"),
        summary: "",
        source: "",
        check: Check::Input,
        cel: Cel::Not(""),
    };

    fn env(container: usize, variable: usize) -> Pointer {
        let containers = Pointer::keys(&["spec", "template", "spec", "containers"]);
        containers.item("name", "app", container).key("env").item("name", "RELEASE_NODE", variable).key("value")
    }

    fn of(pointer: &Pointer, related: &[&'static str]) -> String {
        fingerprint(&RULE, Some("Deployment shop/web"), Some(("Deployment shop/web", pointer)), related.iter().copied())
    }

    #[test]
    fn fingerprints_survive_reordering_and_nothing_else() {
        let known = of(&env(0, 0), &["Service shop/web", "Role shop/web"]);
        assert_eq!(of(&env(1, 7), &["Role shop/web", "Service shop/web", "Role shop/web"]), known);
        assert_eq!(of(&env(0, 0), &["Role shop/web", "Deployment shop/web", "Service shop/web"]), known);

        assert_ne!(of(&env(0, 0), &["Service shop/web"]), known);
        assert_ne!(of(&env(0, 0).key("x"), &["Service shop/web", "Role shop/web"]), known);
        let args = Pointer::keys(&["args"]);
        assert_eq!(of(&args.index(0), &[]), of(&args.index(4), &[]));
    }

    #[test]
    fn fingerprints_never_change_between_versions() {
        // Baselines in other people's repositories hold these.
        assert_eq!(of(&env(0, 0), &["Service shop/web"]), "41f0f0eb7ade85d1");
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
