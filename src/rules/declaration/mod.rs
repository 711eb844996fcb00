//! Declaration (0xx): what people say of the app.

use super::Rule;
use crate::discovery::edit_distance;

mod bad_declaration;
mod contradicts_code;
mod env_value_not_string;
mod incomplete_declaration;
mod misplaced_declaration;
mod stale_ignore;
mod undeclared_strategy;
mod unreadable_input;

pub(super) static RULES: &[&Rule] = &[
    &undeclared_strategy::RULE,
    &bad_declaration::RULE,
    &incomplete_declaration::RULE,
    &misplaced_declaration::RULE,
    &stale_ignore::RULE,
    &env_value_not_string::RULE,
    &unreadable_input::RULE,
    &contradicts_code::RULE,
];

/// The word that was probably meant.
fn meant<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_lowercase();
    let distance = |known: &str| edit_distance(&known.to_lowercase(), &word);
    let allowed = (word.chars().count() / 2).min(3);
    known
        .into_iter()
        .map(|known| (distance(known), known))
        .min()
        .filter(|(far, _)| *far <= allowed)
        .map(|(_, known)| known)
}

/// `; did you mean `pods`?`
fn did_you_mean(meant: Option<&str>) -> String {
    meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn misspellings_are_recognised_and_other_words_are_not() {
        let modes = ["ip", "dns", "hostname"];
        for (word, expected) in
            [("host-name", Some("hostname")), ("IP", Some("ip")), ("dsn", None), ("dn", Some("dns")), ("srv", None)]
        {
            assert_eq!(meant(word, modes), expected, "{word}");
        }
    }
}
