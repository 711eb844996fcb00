//! All objects of one kind, by namespace and name.

use std::collections::HashMap;

use super::State;
use super::sketch::Sketch;

/// What a watch says. The names are those of the moments in which it says it.
#[derive(Debug, Clone)]
pub enum Event {
    /// A list begins.
    Listing,
    /// The list has this object.
    Listed(Sketch),
    /// The list is complete: what was not in it is gone.
    Complete,
    /// The object was made or changed.
    Put(Sketch),
    /// The object is gone.
    Gone(Sketch),
    /// The watch is broken, and is tried again.
    Broken,
    /// The API server refuses to list it: whatever was known is not any more.
    Refused,
    /// The API server refuses to go on with the watch, which begins again where it stood once it may.
    Halted,
    /// The watch has begun, or begun again where it stood.
    Started,
}

/// All objects of one kind.
#[derive(Debug)]
pub(super) struct Table<T> {
    pub(super) state: State,
    /// Whether it was complete once, so that a watch that goes on without a list continues from there.
    listed: bool,
    /// Which list is the last. One that begins does not throw away what is known until it is complete, nor hold it twice.
    round: u32,
    by_namespace: HashMap<Box<str>, HashMap<Box<str>, Entry<T>>>,
}

#[derive(Debug)]
struct Entry<T> {
    round: u32,
    kept: Box<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { state: State::Waiting, listed: false, round: 0, by_namespace: HashMap::new() }
    }
}

impl<T> Table<T> {
    /// Takes in what the watch says; `keep` makes of an object what is kept, if anything is.
    pub(super) fn take(&mut self, event: Event, keep: impl FnOnce(Sketch) -> Option<T>) {
        match event {
            Event::Listing => self.round = self.round.wrapping_add(1),
            Event::Listed(object) => self.put(object, keep),
            Event::Complete => {
                self.sweep();
                self.listed = true;
                self.state = State::Synced;
            }
            Event::Put(object) => {
                self.put(object, keep);
                self.recover();
            }
            Event::Gone(object) => {
                self.remove(&object);
                self.recover();
            }
            Event::Started => self.recover(),
            Event::Broken if self.listed => self.state = State::Broken,
            Event::Broken => self.state = State::Waiting,
            Event::Refused => {
                self.state = State::Refused;
                self.listed = false;
            }
            // What is there stays, and is not trusted: no list follows when the watch goes on.
            Event::Halted => self.state = State::Refused,
        }
    }

    /// Of one namespace; the empty name is that of those which are in none. Nothing while the kind is not known.
    pub(super) fn within<'t>(&'t self, namespace: &str) -> impl Iterator<Item = &'t T> + use<'t, T> {
        let objects = self.by_namespace.get(namespace).filter(|_| self.state == State::Synced);
        objects.into_iter().flat_map(HashMap::values).map(|entry| &*entry.kept)
    }

    /// Of all namespaces.
    pub(super) fn everywhere(&self) -> impl Iterator<Item = &T> {
        let known = self.state == State::Synced;
        self.by_namespace.values().filter(move |_| known).flat_map(HashMap::values).map(|entry| &*entry.kept)
    }

    /// One of them.
    pub(super) fn named(&self, namespace: &str, name: &str) -> Option<&T> {
        let objects = self.by_namespace.get(namespace).filter(|_| self.state == State::Synced)?;
        objects.get(name).map(|entry| &*entry.kept)
    }

    /// Those of a name, in whatever namespace.
    pub(super) fn called<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t T> {
        let known = self.state == State::Synced;
        self.by_namespace.values().filter(move |_| known).filter_map(|objects| Some(&*objects.get(name)?.kept))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_namespace.values().map(HashMap::len).sum()
    }

    fn put(&mut self, object: Sketch, keep: impl FnOnce(Sketch) -> Option<T>) {
        let (namespace, name) = (object.namespace.clone(), object.name.clone());
        match keep(object) {
            Some(kept) => {
                let entry = Entry { round: self.round, kept: Box::new(kept) };
                self.by_namespace.entry(namespace).or_default().insert(name, entry);
            }
            None => self.forget(&namespace, &name),
        }
    }

    fn remove(&mut self, object: &Sketch) {
        self.forget(&object.namespace, &object.name);
    }

    fn forget(&mut self, namespace: &str, name: &str) {
        if let Some(objects) = self.by_namespace.get_mut(namespace) {
            objects.remove(name);
            if objects.is_empty() {
                self.by_namespace.remove(namespace);
            }
        }
    }

    fn sweep(&mut self) {
        let round = self.round;
        self.by_namespace.retain(|_, objects| {
            objects.retain(|_, entry| entry.round == round);
            !objects.is_empty()
        });
    }

    fn recover(&mut self) {
        if self.listed {
            self.state = State::Synced;
        }
    }
}
