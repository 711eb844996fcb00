//! Clusters drawn: in the DOT language of Graphviz, and as a flowchart of Mermaid.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::{Arrow, Drawn, Map, Member};

pub(super) fn dot(map: &Map) -> String {
    let mut out = String::from("digraph clusters {\n  rankdir=LR;\n  node [shape=box];\n");
    let node = |member: &usize| format!("w{member} [label=\"{}\"];\n", lines(&map.members[*member], dot_text, "\\n"));
    for (number, members) in map.clusters.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{0} {{\n    label=\"cluster {0}\";", number + 1);
        members.iter().for_each(|member| out.extend(["    ", &node(member)]));
        out.push_str("  }\n");
    }
    map.unknown.iter().for_each(|member| out.extend(["  ", &node(member)]));
    for (arrow, both_ways) in arrows(map) {
        let style = match arrow.outcome {
            Drawn::Joins => "style=solid",
            Drawn::Splits => "style=dashed, color=red",
            Drawn::Open => "style=dotted",
        };
        let direction = if both_ways { ", dir=both" } else { "" };
        let label = arrow.why.as_ref().map_or_else(String::new, |why| format!(", label=\"{}\"", dot_text(why)));
        let _ = writeln!(out, "  w{} -> w{} [{style}{direction}{label}];", arrow.from, arrow.to);
    }
    out + "}\n"
}

pub(super) fn mermaid(map: &Map) -> String {
    let mut out = String::from("flowchart LR\n");
    let node = |member: &usize| format!("w{member}[\"{}\"]\n", lines(&map.members[*member], mermaid_text, "<br/>"));
    for (number, members) in map.clusters.iter().enumerate() {
        let _ = writeln!(out, "  subgraph c{0} [\"cluster {0}\"]", number + 1);
        members.iter().for_each(|member| out.extend(["    ", &node(member)]));
        out.push_str("  end\n");
    }
    map.unknown.iter().for_each(|member| out.extend(["  ", &node(member)]));
    for (arrow, both_ways) in arrows(map) {
        let line = match (arrow.outcome, both_ways) {
            (Drawn::Joins, false) => "-->",
            (Drawn::Joins, true) => "<-->",
            (Drawn::Splits, false) => "--x",
            (Drawn::Splits, true) => "x--x",
            (Drawn::Open, false) => "-.->",
            (Drawn::Open, true) => "<-.->",
        };
        let label = arrow.why.as_ref().map_or_else(String::new, |why| format!("|\"{}\"|", mermaid_text(why)));
        let _ = writeln!(out, "  w{} {line}{label} w{}", arrow.from, arrow.to);
    }
    out
}

/// What is written into a box: the workload, its nodes' name, and what gives them their cookie.
fn lines(member: &Member, escape: fn(&str) -> String, newline: &str) -> String {
    let cookie = format!("cookie: {}", member.cookie);
    let lines = [Some(member.title.as_str()), member.boots.as_deref(), Some(cookie.as_str())];
    lines.into_iter().flatten().map(escape).collect::<Vec<_>>().join(newline)
}

/// Each arrow, and whether it stands for the way back too: where the same comes of both, one is drawn.
fn arrows(map: &Map) -> impl Iterator<Item = (&Arrow, bool)> {
    let known: HashSet<_> = map.arrows.iter().map(|arrow| (arrow.from, arrow.to, arrow.outcome, &arrow.why)).collect();
    map.arrows.iter().filter_map(move |arrow| {
        let both_ways = known.contains(&(arrow.to, arrow.from, arrow.outcome, &arrow.why));
        (!both_ways || arrow.from < arrow.to).then_some((arrow, both_ways))
    })
}

/// Text between quotes of the DOT language, in whose labels a backslash begins an escape.
fn dot_text(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => " ".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// Text between quotes of Mermaid, which knows HTML and entities of its own: `#quot;`.
fn mermaid_text(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' => "#quot;".to_owned(),
        '#' | '&' | '<' | '>' | '`' | '\\' => format!("#{};", u32::from(c)),
        c if c.is_control() => " ".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_label_is_escaped() {
        let text = "a\"b\\n`c`<b>#1;\n&d";
        assert_eq!(dot_text(text), "a\\\"b\\\\n`c`<b>#1; &d");
        assert_eq!(mermaid_text(text), "a#quot;b#92;n#96;c#96;#60;b#62;#35;1; #38;d");
    }
}
