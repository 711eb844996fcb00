//! Manifests in styles and with comments that chance decides.

use beamgate::manifest::yaml;
use proptest::prelude::*;
use serde::Serialize as _;
use serde_json::{Value as Json, json};

/// What holds several objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Documents,
    /// A `List`.
    List,
    /// A `List` in JSON, with so many blanks to an indentation.
    Json(usize),
}

/// How chance writes a document.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    pub(crate) indent: usize,
    pub(crate) dash: usize,
    pub(crate) crlf: bool,
    /// Whether the last line ends.
    pub(crate) open_end: bool,
    /// Whether what is there already may be said by an alias.
    pub(crate) aliases: bool,
    /// What holds the objects.
    pub(crate) holder: Holder,
    /// What is decided on the way, one after the other.
    pub(crate) dice: Vec<u8>,
}

pub(crate) fn style() -> impl Strategy<Value = Style> {
    let dice = prop::collection::vec(any::<u8>(), 40..200);
    let holder = prop_oneof![
        8 => Just(Holder::Documents),
        2 => Just(Holder::List),
        1 => (0..5_usize).prop_map(Holder::Json),
    ];
    let style = |(indent, [flush, crlf, open_end], dice, holder): (_, [bool; 3], _, _)| Style {
        indent,
        dash: if flush { 0 } else { indent },
        crlf,
        open_end,
        aliases: false,
        holder,
        dice,
    };
    (2..5_usize, any::<[bool; 3]>(), dice, holder).prop_map(style)
}

/// Writes values; each comment has a number of its own.
pub(crate) struct Writer<'s> {
    style: &'s Style,
    next: usize,
    comments: usize,
    /// What has an anchor in this document.
    anchored: Vec<Json>,
    out: String,
}

impl Writer<'_> {
    pub(crate) fn of(style: &Style, objects: &[Json]) -> String {
        let mut writer = Writer { style, next: 0, comments: 0, anchored: Vec::new(), out: String::new() };
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let objects = if style.holder == Holder::Documents { objects } else { std::slice::from_ref(&list) };
        for (number, object) in objects.iter().enumerate() {
            if number > 0 {
                writer.out.push_str("---\n");
                writer.anchored.clear();
            }
            match style.holder {
                Holder::Json(indent) => writer.out.push_str(&in_json(object, indent)),
                _ => writer.entries(object, 0, false),
            }
        }
        let text = if style.open_end { writer.out.trim_end_matches('\n').to_owned() } else { writer.out };
        if style.crlf { text.replace('\n', "\r\n") } else { text }
    }

    fn roll(&mut self, sides: u8) -> u8 {
        let die = self.style.dice[self.next % self.style.dice.len()];
        self.next += 1;
        die % sides
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# comment {}:", self.comments)
    }

    /// A blank line or one of comment, now and then.
    fn above(&mut self, column: usize) {
        if self.roll(9) == 0 {
            self.out.push('\n');
        }
        if self.roll(6) == 0 {
            let comment = self.comment();
            self.out.push_str(&format!("{}{comment}\n", " ".repeat(column)));
        }
    }

    fn end_of_line(&mut self) {
        if self.roll(6) == 0 {
            let comment = self.comment();
            self.out.push_str(&format!(" {comment}"));
        }
        self.out.push('\n');
    }

    fn entries(&mut self, map: &Json, column: usize, on_dash: bool) {
        let mut keys: Vec<&String> = map.as_object().unwrap().keys().collect();
        if let Some(number) = self.mergeable(map, on_dash) {
            let merged = self.anchored[number].as_object().unwrap();
            keys.retain(|key| !merged.contains_key(*key));
            self.out.push_str(&format!("{}<<: *a{number}\n", " ".repeat(column)));
        }
        keys.sort_by_key(|key| (*key != "name" && *key != "apiVersion", *key != "kind"));
        for (number, key) in keys.into_iter().enumerate() {
            if number > 0 || !on_dash {
                self.above(column);
                self.out.push_str(&" ".repeat(column));
            }
            let quoted = self.roll(9) == 0;
            self.out.push_str(&if quoted { format!("\"{key}\":") } else { format!("{key}:") });
            self.value(&map[key], column);
        }
    }

    /// A map that was said before and is a part of this one.
    fn mergeable(&mut self, map: &Json, on_dash: bool) -> Option<usize> {
        let map = map.as_object()?;
        let is_part = |known: &Json| {
            let known = known.as_object().filter(|known| !known.is_empty() && known.len() < map.len());
            known.is_some_and(|known| known.iter().all(|(key, value)| map.get(key) == Some(value)))
        };
        let known = self.anchored.iter().position(is_part).filter(|_| self.style.aliases && !on_dash)?;
        (self.roll(2) == 0).then_some(known)
    }

    /// An alias for what was said before, or now and then an anchor for what may be said again. Whether all is said.
    fn alias(&mut self, value: &Json) -> bool {
        let known = self.anchored.iter().position(|known| known == value);
        match known.filter(|_| self.roll(2) == 0) {
            Some(number) => {
                self.out.push_str(&format!(" *a{number}"));
                self.end_of_line();
                true
            }
            None if known.is_none() && self.roll(3) == 0 => {
                self.out.push_str(&format!(" &a{}", self.anchored.len()));
                self.anchored.push(value.clone());
                false
            }
            None => false,
        }
    }

    fn value(&mut self, value: &Json, column: usize) {
        if self.style.aliases && self.alias(value) {
            return;
        }
        let is_flow = self.roll(5) == 0;
        match value {
            Json::Object(map) if !map.is_empty() && !is_flow => {
                self.end_of_line();
                self.entries(value, column + self.style.indent, false);
            }
            Json::Array(items) if !items.is_empty() && !is_flow => {
                self.end_of_line();
                for item in items {
                    self.item(item, column + self.style.dash);
                }
            }
            Json::String(text) if self.roll(8) == 0 && is_a_line(text) => {
                let mark = if self.roll(2) == 0 { '|' } else { '>' };
                self.out.push_str(&format!(" {mark}-"));
                self.end_of_line();
                self.out.push_str(&format!("{}{text}\n", " ".repeat(column + self.style.indent)));
            }
            Json::String(text) => {
                let scalar = self.scalar(text, column + self.style.indent);
                self.out.push_str(&format!(" {scalar}"));
                if text.contains('\n') { self.out.push('\n') } else { self.end_of_line() }
            }
            other => {
                let flow = self.flow(other);
                self.out.push_str(&format!(" {flow}"));
                self.end_of_line();
            }
        }
    }

    fn item(&mut self, item: &Json, column: usize) {
        self.above(column);
        self.out.push_str(&" ".repeat(column));
        self.out.push('-');
        match item {
            Json::Object(map) if !map.is_empty() && self.roll(5) > 0 => {
                self.out.push(' ');
                self.entries(item, column + 2, true);
            }
            other => self.value(other, column),
        }
    }

    fn scalar(&mut self, text: &str, column: usize) -> String {
        if text.contains('\n') {
            let lines = text.lines().map(|line| format!("\n{}{line}", " ".repeat(column)));
            return format!("|{}", lines.collect::<String>());
        }
        match self.roll(4) {
            0 => format!("'{}'", text.replace('\'', "''")),
            1 => Json::from(text).to_string(),
            _ => plain(text),
        }
    }

    fn flow(&mut self, value: &Json) -> String {
        match value {
            Json::Object(map) => {
                let entries: Vec<String> =
                    map.iter().map(|(key, value)| format!("{key}: {}", self.flow(value))).collect();
                if self.roll(2) == 0 {
                    format!("{{{}}}", entries.join(", "))
                } else {
                    format!("{{ {} }}", entries.join(" , "))
                }
            }
            Json::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(","))
            }
            Json::String(text) if text.contains(['\n', ',', '{', '}', '[', ']']) => {
                Json::from(text.as_str()).to_string()
            }
            Json::String(text) => self.scalar(text, 0),
            other => other.to_string(),
        }
    }
}

/// JSON, all in one line or indented by so many blanks.
fn in_json(value: &Json, indent: usize) -> String {
    if indent == 0 {
        return format!("{value}\n");
    }
    let blanks = " ".repeat(indent);
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(blanks.as_bytes());
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, formatter)).unwrap();
    String::from_utf8(out).unwrap() + "\n"
}

/// Whether a text may stand in a line below `|-`.
fn is_a_line(text: &str) -> bool {
    !text.is_empty() && !text.contains('\n') && text.trim() == text
}

/// Plain where that says the same.
fn plain(text: &str) -> String {
    let alone = yaml::parse(text, 0..text.len()).ok().flatten().map(|parsed| parsed.root.to_json());
    let is_plain = alone == Some(Json::from(text)) && !text.starts_with(['|', '>', '"', '\'']);
    if is_plain { text.to_owned() } else { Json::from(text).to_string() }
}
