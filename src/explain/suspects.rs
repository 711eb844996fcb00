//! The rules that speak of a symptom, the likeliest first.

use super::name::{Difference, Shape, difference};
use super::pattern::Pattern;
use crate::rules::{self, Rule};
use crate::symptom::Symptom;

/// How likely a rule is: the order is that of likelihood.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Likely {
    /// The names are known, and it is about their difference.
    Evident,
    /// Its page shows such a value.
    Alike,
    /// Its page shows none.
    Any,
    /// Its page shows values of other shapes only.
    Unlike,
}

/// The rules on whose pages a symptom stands under "At run time". Those of one likelihood come in the order of a
/// connection's journey.
pub fn suspects(symptom: &Symptom, own: Option<&str>) -> Vec<&'static Rule> {
    let Some(pattern) = Pattern::of_symptom(symptom) else { return Vec::new() };
    let named = rules::all().filter_map(|rule| {
        let said = words(&rule.section("At run time"));
        said.contains(pattern.words()).then(|| (likely(rule, &said, &pattern, symptom, own), rule))
    });
    let mut named: Vec<_> = named.collect();
    named.sort_by(|(a, _), (b, _)| a.cmp(b));
    named.into_iter().map(|(_, rule)| rule).collect()
}

fn likely(rule: &Rule, said: &str, pattern: &Pattern, symptom: &Symptom, own: Option<&str>) -> Likely {
    let quotes = |c: char| c.is_ascii_punctuation() && !matches!(c, '@' | ')' | '}');
    let shown = said.split(' ').map(|word| Shape::of(word.trim_matches(quotes)));
    let shown: Vec<Shape> = shown.filter(|shape| *shape != Shape::Plain).collect();
    let value = symptom.value().map_or(Shape::Plain, Shape::of);
    if let (Symptom::UnableToConnect(dialled), "name-mismatch") = (symptom, rule.slug) {
        return match own.map(|own| difference(dialled, own)) {
            Some(Difference::None) => Likely::Unlike,
            // It is what most of the others come to, and one command decides it.
            Some(Difference::After(_)) | None => Likely::Evident,
        };
    }
    let of_own = own.map(Shape::of).filter(|shape| *shape == Shape::Reference);
    if shown.contains(&value) || of_own.is_some_and(|shape| shown.contains(&shape)) {
        return Likely::Alike;
    }
    if pattern.place().is_some_and(|place| said.contains(place)) {
        return Likely::Alike;
    }
    if shown.is_empty() || (value == Shape::Plain && !shown.contains(&Shape::Reference)) {
        Likely::Any
    } else {
        Likely::Unlike
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
