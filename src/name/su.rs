//! `su` and `runuser`: a shell of another user, and what it runs (util-linux 2.38 and BusyBox 1.35, by their manuals).

use super::template::Template;

/// The command line of `su` or `runuser`.
#[derive(Debug, Default)]
pub(super) struct Su {
    /// Whether it starts afresh, with nothing of the environment.
    pub(super) logs_in: bool,
    /// The word that its shell reads.
    pub(super) text: Option<usize>,
    /// Whether it is said which shell that is; else it is the user's own, which may be `/usr/sbin/nologin`.
    pub(super) says_shell: bool,
    /// The program that `runuser -u USER` starts.
    pub(super) program: Option<usize>,
}

impl Su {
    /// None where an option is not known.
    pub(super) fn of(words: &[Template]) -> Option<Self> {
        let mut su = Self::default();
        let (mut index, mut is_shell) = (1, true);
        while let Some(word) = words.get(index) {
            let word = word.literal()?;
            let Some(option) = word.strip_prefix('-') else {
                if !is_shell {
                    su.program = Some(index);
                    break;
                }
                index += 1;
                continue;
            };
            let letters = if option.starts_with('-') { "" } else { option };
            su.logs_in |= option.is_empty() || letters.contains('l') || option == "-login";
            is_shell &= !(letters.ends_with('u') || option == "-user");
            if letters.ends_with('c') || matches!(option, "-command" | "-session-command") {
                su.text = Some(index + 1);
            }
            su.says_shell |= letters.ends_with('s') || option == "-shell" || option.starts_with("-shell=");
            index += match option {
                "" | "-login" | "-preserve-environment" | "-fast" | "-pty" => 1,
                "-command" | "-session-command" | "-shell" | "-group" | "-supp-group" | "-user" => 2,
                "-" if !is_shell => 1,
                _ if option.starts_with("-shell=") => 1,
                _ if letters.is_empty() || !letters.chars().all(|letter| "lmpfPcsgGwu".contains(letter)) => {
                    return None;
                }
                _ => 1 + usize::from(letters.ends_with(['c', 's', 'g', 'G', 'w', 'u'])),
            };
        }
        Some(su)
    }
}

/// The word of `su`'s command line that is a script: `su app -s /bin/sh -c SCRIPT`.
pub(super) fn text(words: &[Template]) -> Option<usize> {
    let path = words.first()?.literal()?;
    is_one(&path).then(|| Su::of(words).filter(|su| su.says_shell)?.text).flatten()
}

/// Whether a program has a shell run something as another user.
pub(super) fn is_one(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("su" | "runuser"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{ObjectId, Pointer};

    #[test]
    fn what_su_has_a_shell_run_is_found() {
        let at = Pointer::root().of(ObjectId(0));
        let found = |line: &str| {
            let words: Vec<Template> = line.split(' ').map(|word| Template::lit(word, &at)).collect();
            text(&words).and_then(|index| words.get(index)?.literal())
        };
        for line in [
            "su app -s /bin/sh -c it",
            "/bin/su -s /bin/sh -c it app",
            "su --shell=/bin/sh -mc it app",
            "runuser app --shell sh --command it",
        ] {
            assert_eq!(found(line).as_deref(), Some("it"), "{line}");
        }
        for line in ["su app", "su app -c it", "sudo -c it", "runuser -u app -- bin/cart -c it"] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
