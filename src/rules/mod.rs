//! The rules: one folder for each stage of a connection's journey, one file for each rule.
//!
//! A rule is a page (its file's doc comment), a card ([`Rule`]) and a check over a [`Trace`]. It reads no files and opens
//! no sockets, and it does not know whether a linter or a webhook asks.

mod access;
mod agreement;
pub mod cel;
pub mod change;
mod declaration;
mod discovery;
mod env;
pub mod finding;
pub mod fingerprint;
mod judge;
mod lifecycle;
mod naming;
mod reach;
mod trust;
mod ways;

pub use cel::{Cel, Condition};
pub(crate) use discovery::{govern, headless_service};
pub use judge::{Judged, TraceVerdict, judge, judge_those, judge_trace};
pub(crate) use naming::PROGRAMS;
pub(crate) use trust::{UNREAD_COOKIES, WELL_KNOWN_COOKIES};

use crate::discovery::edit_distance;
use crate::membership::Sibling;
use crate::trace::Trace;
use crate::world::object::Object;
use change::Change;
use finding::{Effect, Finding, Findings, Safety, Severity};

/// A rule's card.
#[derive(Debug)]
pub struct Rule {
    /// `204` for BG204. The hundreds are the stage.
    pub code: u16,
    /// `service-without-ports`.
    pub slug: &'static str,
    /// How loud it is by default.
    pub severity: Severity,
    /// What the fault does.
    pub effect: Effect,
    /// Who mends what it finds.
    pub mends: Mends,
    /// What it says, in one line of the rule table.
    pub summary: &'static str,
    /// The rule's own source file, whose doc comment is its page.
    pub source: &'static str,
    /// Who reports it.
    pub check: Check,
    /// The same in CEL.
    pub cel: Cel,
}

/// Who mends what a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mends {
    /// `beamgate fix`, wherever the manifests leave no choice.
    Program(Safety),
    /// Somebody, who has to know or to decide this.
    Person(&'static str),
}

/// Who reports a rule.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// A function over the trace of a workload.
    Trace(fn(&Trace<'_>, &mut Findings)),
    /// A function over what a strategy asks and needs: over the trace of a workload, and over each further way in which its nodes
    /// look for others. What it finds there is a warning at most: the cluster of its own pods forms without it.
    Ways(fn(&Trace<'_>, &mut Findings)),
    /// A function over the trace of a workload and those whose nodes its nodes find.
    Siblings(fn(&Trace<'_>, &[Sibling<'_>], &mut Findings)),
    /// A function over what was and what will be: who reads files sees no change, the webhook does.
    Change(fn(&Change<'_>, &mut Findings)),
    /// Whoever reads the input, because it is about the input itself.
    Input,
}

impl Rule {
    /// `BG204`.
    pub fn id(&self) -> String {
        format!("BG{:03}", self.code)
    }

    /// `BG204 service-without-ports`.
    pub fn title(&self) -> String {
        format!("{} {}", self.id(), self.slug)
    }

    /// The rule's page, in Markdown.
    pub fn page(&self) -> String {
        let lines = self.source.lines().take_while(|line| line.starts_with("//!"));
        let mut page = String::new();
        for line in lines {
            let text = line.trim_start_matches("//!");
            page.push_str(text.strip_prefix(' ').unwrap_or(text));
            page.push('\n');
        }
        page
    }

    /// A section of the page, without its title.
    pub fn section(&self, title: &str) -> String {
        let page = self.page();
        let begins = format!("## {title}");
        let lines = page.lines().skip_while(|line| *line != begins).skip(1);
        let lines: Vec<&str> = lines.take_while(|line| !line.starts_with("## ")).collect();
        lines.join("\n").trim().to_owned()
    }

    /// Where the page is published.
    pub fn url(&self) -> String {
        format!("https://beamgate.dev/rules/{}", self.id())
    }
}

/// The rules of each stage, in the order of the journey.
static STAGES: [&[&Rule]; 8] = [
    declaration::RULES,
    naming::RULES,
    discovery::RULES,
    agreement::RULES,
    access::RULES,
    reach::RULES,
    trust::RULES,
    lifecycle::RULES,
];

/// All rules, by code. Later rules see what earlier ones found.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    STAGES.iter().flat_map(|stage| stage.iter().copied())
}

/// The rule with this code (`BG204`, `204`) or slug.
pub fn find(name: &str) -> Option<&'static Rule> {
    let digits = name.strip_prefix("BG").or_else(|| name.strip_prefix("bg")).unwrap_or(name);
    let code = digits.parse::<u16>().ok();
    all().find(|rule| rule.slug == name || Some(rule.code) == code)
}

/// Adds the other workloads of which a finding about two is true as well.
fn so_it_is_with<'s, 'w: 's>(others: impl Iterator<Item = &'s Sibling<'w>>, finding: &mut Finding) {
    let titles: Vec<String> = others.map(|sibling| sibling.trace.object.title()).collect();
    if !titles.is_empty() {
        finding.note(format!("so it is with {}", titles.join(", ")));
    }
}

/// ` --namespace shop`, for a command about an object.
fn in_namespace(object: &Object) -> String {
    object.namespace.as_ref().map_or_else(String::new, |namespace| format!(" --namespace {}", word(namespace)))
}

/// A word of a command that people copy into a shell: what anybody may have written is no command of its own.
pub fn word(text: &str) -> std::borrow::Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:@/-".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.into(),
        false => format!("'{}'", text.replace('\'', r"'\''")).into(),
    }
}

/// What to say of a name that is no rule's.
pub fn unknown(name: &str) -> String {
    let distance = |known: &str| edit_distance(&known.to_lowercase(), &name.to_lowercase());
    // One wrong character in a code is a typo, two are another code.
    let known = all().flat_map(|rule| [(rule.id(), 1), (rule.slug.to_owned(), 4)]);
    let near = known.filter(|(known, most)| distance(known) <= *most).min_by_key(|(known, _)| distance(known));
    let near = near.map_or_else(String::new, |(known, _)| format!(" did you mean `{known}`?"));
    format!("`{name}` is no rule;{near} `beamgate rules` lists them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_answered_with_what_was_meant() {
        let typo = |name| unknown(name).replacen("`beamgate rules` lists them", "…", 1);
        assert_eq!(typo("BG2O4"), "`BG2O4` is no rule; did you mean `BG204`? …");
        assert_eq!(typo("name-mismach"), "`name-mismach` is no rule; did you mean `name-mismatch`? …");
        assert_eq!(typo("colour"), "`colour` is no rule; …");
    }

    #[test]
    fn rules_are_sorted_and_their_pages_begin_with_their_titles() {
        let codes: Vec<u16> = all().map(|rule| rule.code).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        for rule in all() {
            let page = rule.page();
            assert!(page.starts_with(&format!("# {} ({})\n", rule.slug, rule.id())), "{}", rule.slug);
            for section in ["## At run time", "## Example", "## Fix"] {
                assert!(page.contains(section), "{} has no section {section}", rule.slug);
            }
        }
    }
}
