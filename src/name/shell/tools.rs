//! The programs that people use in `$(…)`. Each prints a value, or nobody knows what.

use super::Surroundings;
use super::pattern::split_first;
use super::sed;
use super::state::{alphabet, is_too_long};
use crate::name::template::{Part, Sym, Template, Why};
use crate::place::Loc;

/// A program that is run.
pub(super) struct Run<'a> {
    pub(super) arguments: &'a [Template],
    /// Whether the number of arguments is known.
    pub(super) certain: bool,
    pub(super) stdin: Option<&'a Template>,
    pub(super) from: &'a Surroundings<'a>,
    pub(super) at: &'a Loc,
    /// `sed 's/./-/g'` was seen.
    pub(super) ate_everything: bool,
}

impl Run<'_> {
    /// What it prints: `None` where that is not known.
    pub(super) fn program(&mut self, name: &str) -> Option<Template> {
        match name {
            "echo" => return self.echo(),
            "printf" if self.certain => return self.printf(),
            _ if !self.certain => return None,
            _ => {}
        }
        let words: Vec<String> = self.arguments.iter().map(Template::literal).collect::<Option<_>>()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match name {
            "hostname" => self.hostname(&words),
            "uname" if words == ["-n"] || words == ["--nodename"] => Some(self.line(&self.from.hostname)),
            "cat" if words.is_empty() || words == ["-"] => self.stdin.cloned(),
            "cat" if words.len() == 1 && !words[0].starts_with('-') => {
                Some(file(&self.arguments[0], &self.from.hostname, self.at))
            }
            "tr" => translate(self.stdin?, &words, self.from.dotless),
            "sed" => {
                let (printed, ate) = sed::run(self.stdin?, &words, self.from.dotless)?;
                self.ate_everything = ate;
                printed
            }
            "cut" => self.cut(&words),
            "head" if words == ["-1"] || words == ["-n1"] || words == ["-n", "1"] => self.first_line(),
            "awk" if words.len() == 1 => self.first_word(words[0]),
            _ => None,
        }
    }

    fn line(&self, text: &Template) -> Template {
        let mut line = text.clone();
        line.push_lit("\n", self.at);
        line
    }

    fn echo(&self) -> Option<Template> {
        let bare = self.arguments.first().and_then(Template::literal).as_deref() == Some("-n");
        let arguments = &self.arguments[usize::from(bare)..];
        // Shells differ on options and on backslashes. Words that may be several, or none, have unknown spaces between.
        let first = arguments.first().and_then(|word| word.pieces().first()).map(|piece| &piece.part);
        let option = match first {
            Some(Part::Opaque(_)) => arguments.len() > 1,
            part => part.and_then(Part::text).is_some_and(|text| text.starts_with('-')),
        };
        let backslash = arguments.iter().any(|word| word.contains('\\'));
        if option || backslash || (!self.certain && (bare || arguments.len() > 1)) {
            return None;
        }
        let mut line = Template::empty();
        for (index, argument) in arguments.iter().enumerate() {
            line.push_lit(if index > 0 { " " } else { "" }, self.at);
            line.append(argument);
        }
        Some(if bare { line } else { self.line(&line) })
    }

    fn printf(&self) -> Option<Template> {
        let (format, values) = self.arguments.split_first()?;
        let format = format.literal()?;
        if format.starts_with('-') {
            return None;
        }
        let mut values = values.iter();
        let mut line = Template::empty();
        loop {
            let before = values.len();
            self.format(&format, &mut values, &mut line)?;
            // The format is used again for the values that are left.
            if values.len() == 0 || values.len() == before || is_too_long(&line) {
                return Some(line);
            }
        }
    }

    fn format<'b>(
        &self,
        format: &str,
        values: &mut impl Iterator<Item = &'b Template>,
        line: &mut Template,
    ) -> Option<()> {
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => match chars.next()? {
                    's' => line.append(values.next().unwrap_or(&Template::empty())),
                    '%' => line.push_lit("%", self.at),
                    _ => return None,
                },
                '\\' => line.push_lit(escape(chars.next()?)?, self.at),
                c => line.push_lit(c.encode_utf8(&mut [0; 4]), self.at),
            }
        }
        Some(())
    }

    fn hostname(&self, words: &[&str]) -> Option<Template> {
        let name = &self.from.hostname;
        match words {
            [] => Some(self.line(name)),
            ["-f" | "--fqdn" | "--long"] => Some(self.line(self.from.fqdn.as_ref().unwrap_or(name))),
            ["-i" | "--ip-address"] => Some(self.line(&self.from.pod_ip)),
            ["-s" | "--short"] => {
                let split = split_first(name, '.', self.from.dotless)?;
                Some(self.line(&split.map_or_else(|| name.clone(), |(before, _)| before)))
            }
            _ => None,
        }
    }

    fn cut(&self, words: &[&str]) -> Option<Template> {
        let (delimiter, field) = match words {
            ["-d", delimiter, "-f", field] | ["-f", field, "-d", delimiter] => (*delimiter, *field),
            ["-d", delimiter, field] | [field, "-d", delimiter] => (*delimiter, field.strip_prefix("-f")?),
            [delimiter, "-f", field] | ["-f", field, delimiter] => (delimiter.strip_prefix("-d")?, *field),
            [a, b] => match a.strip_prefix("-d") {
                Some(delimiter) => (delimiter, b.strip_prefix("-f")?),
                None => (b.strip_prefix("-d")?, a.strip_prefix("-f")?),
            },
            _ => return None,
        };
        let mut delimiters = delimiter.chars();
        let (c, None) = (delimiters.next()?, delimiters.next()) else { return None };
        let line = self.only_line()?;
        let (number, rest) = field.strip_suffix('-').map_or((field, false), |number| (number, true));
        let cut = self.field(&line, c, number.parse().ok()?, rest)?;
        Some(self.line(&cut))
    }

    fn field(&self, line: &Template, c: char, number: usize, rest: bool) -> Option<Template> {
        let dotless = self.from.dotless;
        let mut after = line.clone();
        for skipped in 1..number.clamp(1, 64) {
            match split_first(&after, c, dotless)? {
                Some((_, tail)) => after = tail,
                // A line without the delimiter is printed whole.
                None if skipped == 1 => return Some(line.clone()),
                None => return Some(Template::empty()),
            }
        }
        if rest || number == 0 {
            return (number > 0).then_some(after);
        }
        Some(split_first(&after, c, dotless)?.map_or(after, |(before, _)| before))
    }

    /// The input, if it is one line.
    fn only_line(&self) -> Option<Template> {
        let input = self.stdin?;
        let mut line = Template::empty();
        let last = input.pieces().len().checked_sub(1)?;
        for (index, piece) in input.pieces().iter().enumerate() {
            let mut piece = piece.clone();
            match &mut piece.part {
                Part::Opaque(_) => return None,
                Part::Lit(text) => {
                    if index == last {
                        text.truncate(text.strip_suffix('\n').unwrap_or(text).len());
                    }
                    if text.contains('\n') {
                        return None;
                    }
                }
                _ => {}
            }
            line.push(piece);
        }
        Some(line)
    }

    fn first_line(&self) -> Option<Template> {
        let input = self.stdin.filter(|input| input.unknown().is_none())?;
        Some(self.line(&split_first(input, '\n', true)?.map_or_else(|| input.clone(), |(before, _)| before)))
    }

    /// `awk '{print $1}'`.
    fn first_word(&self, program: &str) -> Option<Template> {
        let compact: String = program.split_whitespace().collect();
        let line = self.only_line().filter(|_| compact == "{print$1}")?;
        Some(self.line(line.words().first().unwrap_or(&Template::empty())))
    }
}

/// The content of a file: an init container may have written it, but everybody's `/etc/hostname` is the kubelet's.
pub(super) fn file(name: &Template, hostname: &Template, at: &Loc) -> Template {
    match name.literal().as_deref() {
        Some("/etc/hostname") => {
            let mut line = hostname.clone();
            line.push_lit("\n", at);
            line
        }
        _ => Template::opaque(Why::File, at),
    }
}

/// The character behind a backslash.
fn escape(c: char) -> Option<&'static str> {
    Some(match c {
        'n' => "\n",
        't' => "\t",
        '\\' => "\\",
        _ => return None,
    })
}

/// `tr a b` and `tr -d a`.
fn translate(input: &Template, words: &[&str], dotless: bool) -> Option<Template> {
    match words {
        ["-d", gone] => {
            let gone = set(gone)?;
            map(input, dotless, &|c| if gone.contains(&c) { String::new() } else { c.to_string() })
        }
        [from, to] if !from.starts_with('-') || *from == "-" => {
            let (from, to) = (set(from)?, set(to)?);
            let last = *to.last()?;
            let image = |c: char| {
                // The last one of a character that is named twice counts.
                let index = from.iter().rposition(|known| *known == c);
                index.map_or(c, |index| to.get(index).copied().unwrap_or(last)).to_string()
            };
            map(input, dotless, &image)
        }
        _ => None,
    }
}

/// The characters that a set of `tr` names.
fn set(text: &str) -> Option<Vec<char>> {
    match text {
        "[:upper:]" => return Some(('A'..='Z').collect()),
        "[:lower:]" => return Some(('a'..='z').collect()),
        "[:digit:]" => return Some(('0'..='9').collect()),
        "[:space:]" => return Some(" \t\n\r\u{b}\u{c}".chars().collect()),
        _ if text.contains("[:") || text.contains("[=") || text.contains('*') || !text.is_ascii() => return None,
        _ => {}
    }
    let mut set = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let from = if c == '\\' { escape(chars.next()?)?.chars().next()? } else { c };
        let mut ahead = chars.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) if to != '\\' && from <= to => {
                set.extend(from..=to);
                chars = ahead;
            }
            (Some('-'), Some(_)) => return None,
            _ => set.push(from),
        }
    }
    Some(set)
}

/// Replaces each character. A symbol stays itself if none of its characters changes; a pod's address may lose its dots.
pub(super) fn map(input: &Template, dotless: bool, image: &dyn Fn(char) -> String) -> Option<Template> {
    let mut output = Template::empty();
    for piece in input.pieces() {
        match &piece.part {
            Part::Lit(text) | Part::Unexpanded(text, _) => {
                output.push_lit(&text.chars().map(image).collect::<String>(), &piece.at);
            }
            Part::Opaque(_) => output.push(piece.clone()),
            Part::Sym(sym) => output.push_sym(mapped(*sym, dotless, image)?, &piece.at),
        }
    }
    Some(output)
}

fn mapped(sym: Sym, dotless: bool, image: &dyn Fn(char) -> String) -> Option<Sym> {
    let stays = |c: char| image(c) == c.to_string();
    if alphabet(sym, dotless).chars().all(stays) {
        return Some(sym);
    }
    let dashed = sym == Sym::PodIp
        && image('.') == "-"
        && alphabet(sym, dotless).chars().filter(|c| *c != '.').all(|c| stays(c) || (c == ':' && image(c) == "-"));
    dashed.then_some(Sym::PodIpDashed)
}
