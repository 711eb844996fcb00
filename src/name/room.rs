//! How long a container's variables may become.
//!
//! References double a value with each variable: thirty short lines say eight gigabytes. Linux starts no program with that,
//! so it is not worked out either. The limits are those of `fs/exec.c` and `include/uapi/linux/binfmts.h` of Linux 6.12.

use super::template::Template;

/// The longest variable or argument in bytes: `MAX_ARG_STRLEN`, 32 pages.
const LONGEST: usize = 128 << 10;

/// All variables, or all arguments, of a program in bytes: a quarter of the usual limit of its stack.
const ALL: usize = 2 << 20;

/// The most parts of one value. A name, which has 255 characters, has hardly ten.
const MOST: usize = 1000;

/// What a part costs here beyond its text.
const PART: usize = 64;

/// Room for what references and ConfigMaps bring into the environment, or into the command line, of one container. What stands
/// in the manifest itself is there already.
#[derive(Debug)]
pub(super) struct Room {
    left: usize,
    /// Of the value that is being made.
    value: usize,
}

impl Room {
    pub(super) fn of_a_container() -> Self {
        Self { left: ALL, value: 0 }
    }

    /// Another value begins.
    pub(super) fn begin(&mut self) {
        self.value = 0;
    }

    /// Makes room for more of the value; `false` where there is none.
    fn take(&mut self, bytes: usize) -> bool {
        self.value = self.value.saturating_add(bytes);
        if self.value > LONGEST {
            return false;
        }
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// Makes room for a part of the value that has this text.
    pub(super) fn take_text(&mut self, text: &str) -> bool {
        self.take(PART + text.len())
    }

    /// Whether the program cannot be started at all.
    pub(super) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Makes room for a copy of another value.
    pub(super) fn take_copy(&mut self, value: &Template) -> bool {
        let of_text = value.pieces().iter().map(|piece| piece.part.text().map_or(0, str::len));
        self.take(value.pieces().len() * PART + of_text.sum::<usize>())
    }
}

/// Whether a value has more parts than any that is of use.
pub(super) fn has_too_many_parts(value: &Template) -> bool {
    value.pieces().len() > MOST
}
