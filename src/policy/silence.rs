//! Silence with a reason: the `beamgate.dev/ignore` annotation and `# beamgate: ignore[…]` comments.
//!
//! An ignore that silences nothing, has expired or gives no reason is itself a finding (BG005), so that none outlives the
//! fault that it was written for.

use jiff::civil::Date;

use crate::place::Loc;
use crate::rules::Rule;
use crate::world::declared::Key;
use crate::world::object::{Object, value_of};

/// A wish for silence.
#[derive(Debug, Clone)]
pub struct Ignore {
    /// The codes or slugs, as written.
    pub codes: Vec<String>,
    /// The last day on which it counts.
    pub until: Option<Date>,
    /// Why; empty if nothing was said.
    pub reason: String,
    /// What keeps it from being understood.
    pub fault: Option<&'static str>,
}

/// An entry of an annotation, and where it is.
#[derive(Debug, Clone)]
pub struct Annotated {
    /// What it says.
    pub ignore: Ignore,
    /// The annotation.
    pub at: Loc,
}

impl Ignore {
    /// Whether it is about a rule.
    pub fn is_about(&self, rule: &Rule) -> bool {
        self.codes.iter().any(|code| code.eq_ignore_ascii_case(&rule.id()) || code == rule.slug)
    }

    /// Why it does not count today, if it does not.
    pub fn flaw(&self, today: Date) -> Option<String> {
        if let Some(fault) = self.fault {
            return Some(fault.to_owned());
        }
        if let Some(until) = self.until.filter(|until| *until < today) {
            return Some(format!("it expired on {until}"));
        }
        self.reason.is_empty().then(|| "it gives no reason".to_owned())
    }
}

/// The wishes for silence on an object and on its pod template.
pub fn wishes(object: &Object) -> Vec<Annotated> {
    let key = Key::Ignore.annotation();
    let own = value_of(&object.annotations, &key).map(|value| (value, object.at_annotation(&key)));
    let template = object.workload().and_then(|workload| {
        let value = value_of(&workload.template.annotations, &key)?;
        Some((value, workload.template.at_annotation(&key).of(object.id)))
    });
    // A bare pod is its own template.
    let template = template.filter(|(_, at)| own.as_ref().is_none_or(|(_, own)| own != at));
    own.into_iter().chain(template).flat_map(|(value, at)| annotation(value, &at)).collect()
}

/// The wish that silences a rule today, by its position.
pub fn silenced(wishes: &[Annotated], rule: &Rule, today: Date) -> Option<usize> {
    wishes.iter().position(|one| one.ignore.flaw(today).is_none() && one.ignore.is_about(rule))
}

/// Reads the annotation: `CODE[,CODE]: reason`, one on each line.
pub fn annotation(value: &str, at: &Loc) -> Vec<Annotated> {
    let lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (codes, reason) = line.split_once(':').unwrap_or((line, ""));
            let codes: Vec<String> =
                codes.split(',').map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()).collect();
            let fault = codes.is_empty().then_some("it names no rule");
            Annotated { ignore: Ignore { codes, until: None, reason: reason.trim().to_owned(), fault }, at: at.clone() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{ObjectId, Pointer};

    #[test]
    fn annotations_are_read_by_line() {
        let read = annotation("BG204: we know\n\nBG301,name-mismatch: too\nBG302\n", &Pointer::root().of(ObjectId(0)));
        let said: Vec<_> = read.iter().map(|one| (one.ignore.codes.join("+"), one.ignore.reason.as_str())).collect();
        assert_eq!(said, [("BG204".into(), "we know"), ("BG301+name-mismatch".into(), "too"), ("BG302".into(), "")]);
        assert!(read[2].ignore.flaw(jiff::civil::date(2026, 1, 1)).is_some());
    }
}
