//! What `Config.config/2` and `config/3` have set, merged as Elixir merges it (`Config`, `__merge__/2`: keyword lists deep,
//! everything else by the later).

use std::collections::BTreeMap;

use super::value::{Item, Value, pair};
use crate::place::Loc;
use crate::world::code::Unread;

/// The settings that matter to clustering, by application and key.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    set: BTreeMap<(String, String), Item>,
    /// Why anything else may be set as well: an import that is not read.
    pub(super) anything: Vec<Unread>,
    /// How many files were imported.
    pub(super) imports: usize,
}

/// Whether a setting matters to clustering.
fn matters(app: &str, key: &str) -> bool {
    match app {
        "libcluster" => key == "topologies",
        "peerage" => matches!(key, "via" | "dns_name" | "app_name"),
        _ => key == "dns_cluster_query",
    }
}

impl Config {
    pub(super) fn get(&self, app: &str, key: &str) -> Option<&Item> {
        self.set.get(&(app.to_owned(), key.to_owned()))
    }

    /// Whether a setting is one that is kept.
    pub(super) fn keeps(app: &str, key: &str) -> bool {
        matters(app, key)
    }

    /// All settings.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, &str, &Item)> {
        self.set.iter().map(|((app, key), item)| (app.as_str(), key.as_str(), item))
    }

    /// `config :app, :key, value`.
    pub(super) fn set(&mut self, app: &str, key: &str, item: Item) {
        if !matters(app, key) {
            return;
        }
        let place = (app.to_owned(), key.to_owned());
        let merged = match self.set.remove(&place) {
            Some(before) => merge(before, item),
            None => item,
        };
        self.set.insert(place, merged);
    }

    /// `config :app, options` with options that are not evaluated.
    pub(super) fn lose(&mut self, app: &str, at: &Loc, why: &str) {
        let keys: &[&str] = match app {
            "libcluster" => &["topologies"],
            "peerage" => &["via", "dns_name", "app_name"],
            _ => &["dns_cluster_query"],
        };
        for key in keys {
            self.set(app, key, Item { value: Value::Unknown(why.to_owned()), at: at.clone() });
        }
    }

    /// What is so after one of two branches, whichever it was.
    pub(super) fn join(self, other: Self, at: &Loc, why: &str) -> Self {
        let unknown = || Item { value: Value::Unknown(why.to_owned()), at: at.clone() };
        let mut anything = self.anything;
        anything.extend(other.anything);
        anything.dedup();
        let mut theirs = other.set;
        let mut set = BTreeMap::new();
        for (place, item) in self.set {
            let joined = theirs.remove(&place).map_or_else(unknown, |their| join(item, their, at, why));
            set.insert(place, joined);
        }
        set.extend(theirs.into_keys().map(|place| (place, unknown())));
        Self { set, anything, imports: self.imports.max(other.imports) }
    }

    pub(super) fn weight(&self) -> usize {
        self.set.values().map(|item| item.value.weight()).sum::<usize>() + self.anything.len()
    }
}

/// The entries of a keyword list, owned, with what is not evaluated as no pair.
fn entries(item: &Item) -> Option<Vec<(Option<String>, Item)>> {
    let entries = item.value.entries()?.into_iter();
    Some(
        entries
            .map(|entry| match entry {
                Ok((key, value)) => (Some(key.to_owned()), value.clone()),
                Err(unknown) => (None, unknown.clone()),
            })
            .collect(),
    )
}

fn merge(before: Item, after: Item) -> Item {
    if matches!(before.value, Value::Unknown(_)) {
        return opened(after, &before);
    }
    let (Some(old), Some(new)) = (entries(&before), entries(&after)) else { return after };
    let has = |list: &[(Option<String>, Item)], key: &Option<String>| {
        key.is_some() && list.iter().any(|(known, _)| known == key)
    };
    let mut merged: Vec<Item> = old.iter().filter(|(key, _)| !has(&new, key)).map(of_entry).collect();
    for (key, value) in new {
        let was = old.iter().find(|(known, _)| key.is_some() && *known == key);
        let value = was.map_or_else(|| value.clone(), |(_, was)| merge(was.clone(), value.clone()));
        merged.push(of_entry(&(key, value)));
    }
    Item { value: Value::List(merged), at: after.at }
}

fn of_entry((key, value): &(Option<String>, Item)) -> Item {
    match key {
        Some(key) => pair(key, value.clone()),
        None => value.clone(),
    }
}

/// A keyword list that something else, which is not known, was merged into.
fn opened(item: Item, by: &Item) -> Item {
    let Some(list) = entries(&item) else { return item };
    let mut open: Vec<Item> = list.into_iter().map(|(key, value)| of_entry(&(key, opened(value, by)))).collect();
    open.push(by.clone());
    Item { value: Value::List(open), at: item.at }
}

fn join(one: Item, other: Item, at: &Loc, why: &str) -> Item {
    if one.value == other.value {
        return one;
    }
    let unknown = |value: Value| Item { value, at: at.clone() };
    let (Some(ours), Some(mut theirs)) = (entries(&one), entries(&other)) else {
        return unknown(Value::Unknown(why.to_owned()));
    };
    let mut joined = Vec::new();
    for (key, value) in ours {
        let position = theirs.iter().position(|(known, _)| *known == key);
        let value = match position.map(|position| theirs.remove(position).1) {
            Some(their) => join(value, their, at, why),
            None => unknown(Value::Unknown(why.to_owned())),
        };
        joined.push(of_entry(&(key, value)));
    }
    joined.extend(theirs.into_iter().map(|(key, _)| of_entry(&(key, unknown(Value::Unknown(why.to_owned()))))));
    Item { value: Value::List(joined), at: one.at }
}
