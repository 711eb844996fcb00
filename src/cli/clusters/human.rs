//! Clusters for people.

use super::{Arrow, Drawn, Map};
use crate::cli::told::Told;

pub(super) fn tell(map: &Map) -> String {
    let mut told = Told::default();
    for (number, members) in map.clusters.iter().enumerate() {
        told.0.push_str(&format!("cluster {}: {}\n\n", number + 1, workloads(members.len())));
        for member in members {
            tell_member(map, *member, &mut told);
        }
    }
    if !map.unknown.is_empty() {
        let titles: Vec<&str> = map.unknown.iter().map(|member| map.members[*member].title.as_str()).collect();
        told.0.push_str(&format!(
            "not known, for they declare no strategy and nobody finds them: {}\n",
            titles.join(", ")
        ));
    }
    let (all, clusters) = (map.clusters.iter().map(Vec::len).sum(), map.clusters.len());
    let plural = if clusters == 1 { "" } else { "s" };
    told.0.push_str(&format!("{} in {clusters} cluster{plural}\n", workloads(all)));
    told.0
}

fn workloads(count: usize) -> String {
    format!("{count} workload{}", if count == 1 { "" } else { "s" })
}

fn tell_member(map: &Map, number: usize, told: &mut Told) {
    let member = &map.members[number];
    told.0.push_str(&format!("{}\n", member.placed));
    told.step("declares", member.strategy.as_deref().unwrap_or("no strategy, and is found all the same"));
    told.step("boots as", &member.told);
    told.step("cookie", &member.cookie.to_string());
    for arrow in map.arrows.iter().filter(|arrow| arrow.from == number) {
        let (what, text) = finds(map, arrow);
        told.step(what, &text);
    }
    told.0.push('\n');
}

fn finds(map: &Map, arrow: &Arrow) -> (&'static str, String) {
    let other = &map.members[arrow.to].title;
    let why = arrow.why.as_deref().unwrap_or_default();
    match arrow.outcome {
        Drawn::Joins if arrow.why.is_none() => ("joins", other.clone()),
        Drawn::Joins => ("joins", format!("{other}, {why}")),
        Drawn::Splits => ("finds", format!("{other}, and never connects: {why}")),
        Drawn::Open => ("may join", format!("{other}: {why}")),
    }
}
