//! From expanded words to the arguments of a command.

use super::eval::Eval;
use super::expand::{Chunk, Mode};
use super::syntax::Word;
use crate::name::template::{Part, Piece, Template};
use crate::place::Loc;

impl Eval<'_> {
    /// The arguments that words become, and whether their number is certain.
    pub(super) fn fields(&mut self, words: &[Word]) -> (Vec<Template>, bool) {
        let mut all = Fields { done: Vec::new(), certain: true };
        let plain_spaces = !self.state.vars.contains_key("IFS");
        for word in words {
            let chunks = self.expand(word);
            if !self.state.alive {
                break;
            }
            let unknown = self.opaque(&word.span);
            all.add(&chunks, &unknown, plain_spaces);
        }
        (all.done, all.certain)
    }
}

struct Fields {
    done: Vec<Template>,
    certain: bool,
}

impl Fields {
    fn add(&mut self, chunks: &[Chunk], unknown: &Template, plain_spaces: bool) {
        if globs(chunks) || (!plain_spaces && chunks.iter().any(splits)) {
            self.certain = false;
            return self.done.push(unknown.clone());
        }
        let before = self.done.len();
        let mut current: Option<Template> = None;
        for chunk in chunks {
            match chunk {
                Chunk::Break => self.done.extend(current.take()),
                Chunk::Nothing => {}
                Chunk::Piece { part, at, mode } => self.piece(part, at, *mode, &mut current),
            }
        }
        self.done.extend(current);
        let nothing = chunks.iter().any(|chunk| matches!(chunk, Chunk::Nothing));
        if nothing && self.done[before..].iter().all(Template::is_empty) {
            self.done.truncate(before);
        }
    }

    fn piece(&mut self, part: &Part, at: &Loc, mode: Mode, current: &mut Option<Template>) {
        let Some(text) = part.text().filter(|_| mode == Mode::Split) else {
            self.certain &= mode != Mode::Split || !matches!(part, Part::Opaque(_));
            let value = Piece { part: part.clone(), at: at.clone() };
            return current.get_or_insert_default().push(value);
        };
        for (index, field) in text.split([' ', '\t', '\n']).enumerate() {
            if index > 0 {
                self.done.extend(current.take());
            }
            if !field.is_empty() {
                current.get_or_insert_default().push_lit(field, at);
            }
        }
    }
}

fn splits(chunk: &Chunk) -> bool {
    matches!(chunk, Chunk::Piece { mode: Mode::Split, .. })
}

/// Whether names of files may take the place of a word, or a shell may read its braces as a list.
fn globs(chunks: &[Chunk]) -> bool {
    let mut open = String::new();
    for chunk in chunks {
        if let Chunk::Piece { part, mode, .. } = chunk
            && *mode != Mode::Quoted
        {
            open.push_str(part.text().unwrap_or("_"));
        }
    }
    let list = open.contains('{') && open.contains('}') && (open.contains(',') || open.contains(".."));
    list || open.contains(['*', '?']) || open.find('[').is_some_and(|index| open[index..].contains(']'))
}
