//! The results in the bucket, newest first.
//!
//! OSS lists keys in the order of their bytes and says nothing of faces. The gallery keeps of
//! each result the little that is searched by, so that a page of tens of thousands costs nothing;
//! the photos themselves are fetched by browsers, a screenful at a time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use parking_lot::Mutex;
use serde::Serialize;

/// More results than this are not shown.
pub(crate) const MAX_RESULTS: usize = 200_000;

/// Where a result stands: the newest first, then by key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    modified: Reverse<i64>,
    key: String,
}

/// A result as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) etag: String,
    pub(crate) size_bytes: u64,
    /// In milliseconds since 1970.
    pub(crate) modified_ms: i64,
}

#[derive(Debug, Clone)]
struct Entry {
    etag: String,
    size_bytes: u64,
    faces: Faces,
}

/// How many faces a result has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Faces {
    /// Not counted yet.
    Unseen,
    /// It does not say.
    Unknown,
    Counted(usize),
}

/// Which results are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// Part of the key, in lower case.
    pub(crate) text: String,
    pub(crate) least_faces: Option<usize>,
    pub(crate) most_faces: Option<usize>,
}

/// One page of results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// How many results the search finds.
    pub(crate) found: usize,
    /// How many there are.
    pub(crate) total: usize,
    /// How many of them have faces that are not counted yet.
    pub(crate) uncounted: usize,
    /// Whether the bucket was listed to its end.
    pub(crate) is_complete: bool,
    /// Where the next page starts.
    pub(crate) next: Option<String>,
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Item {
    pub(crate) key: String,
    pub(crate) size_bytes: u64,
    pub(crate) modified_ms: i64,
    pub(crate) faces: Option<usize>,
}

/// The results in the bucket.
#[derive(Debug, Default)]
pub(crate) struct Gallery(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<Place, Entry>,
    places: HashMap<String, Reverse<i64>>,
    uncounted: usize,
    is_complete: bool,
}

impl Gallery {
    /// Takes over what the bucket holds now. Faces that were counted stay counted.
    pub(crate) fn replace(&self, listed: Vec<Listed>, is_complete: bool) {
        let mut old = self.0.lock();
        let mut new = State {
            is_complete,
            ..State::default()
        };
        for result in listed {
            let faces = old.entry(&result.key).map(|entry| match entry {
                entry if entry.etag == result.etag => entry.faces,
                _ => Faces::Unseen,
            });
            new.put(result, faces.unwrap_or(Faces::Unseen));
        }
        *old = new;
    }

    /// Adds a result of which the faces are known.
    pub(crate) fn add(&self, result: Listed, faces: Option<usize>) {
        let faces = faces.map_or(Faces::Unknown, Faces::Counted);
        self.0.lock().put(result, faces);
    }

    /// The newest results whose faces are not counted yet.
    pub(crate) fn unseen(&self, count: usize) -> Vec<String> {
        let state = self.0.lock();
        let unseen = state.entries.iter();
        let unseen = unseen.filter(|(_, entry)| entry.faces == Faces::Unseen);
        unseen
            .take(count)
            .map(|(place, _)| place.key.clone())
            .collect()
    }

    /// Notes how many faces a result has, if it says.
    pub(crate) fn seen(&self, key: &str, faces: Option<usize>) {
        let mut state = self.0.lock();
        let faces = faces.map_or(Faces::Unknown, Faces::Counted);
        if let Some(entry) = state.entry_mut(key) {
            let was_unseen = entry.faces == Faces::Unseen;
            entry.faces = faces;
            state.uncounted -= usize::from(was_unseen);
        }
    }

    /// One page of the results that are wanted, behind the place that an earlier page names.
    pub(crate) fn page(&self, search: &Search, after: Option<&str>, count: usize) -> Page {
        let state = self.0.lock();
        let start = after.and_then(Place::parse);
        let start = start.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let wanted = |(place, entry): &(&Place, &Entry)| search.finds(place, entry);
        let mut behind = state
            .entries
            .range((start, Bound::Unbounded))
            .filter(wanted);
        let page: Vec<_> = behind.by_ref().take(count).collect();
        let next = behind
            .next()
            .and(page.last())
            .map(|(place, _)| place.text());
        Page {
            items: page
                .iter()
                .map(|(place, entry)| item(place, entry))
                .collect(),
            found: state.entries.iter().filter(wanted).count(),
            total: state.entries.len(),
            uncounted: state.uncounted,
            is_complete: state.is_complete,
            next,
        }
    }
}

impl State {
    fn put(&mut self, result: Listed, faces: Faces) {
        let Listed {
            key,
            etag,
            size_bytes,
            modified_ms,
        } = result;
        let modified = Reverse(modified_ms);
        if let Some(modified) = self.places.insert(key.clone(), modified) {
            let key = key.clone();
            let replaced = self.entries.remove(&Place { modified, key });
            let was_unseen = replaced.is_some_and(|entry| entry.faces == Faces::Unseen);
            self.uncounted -= usize::from(was_unseen);
        }
        self.uncounted += usize::from(faces == Faces::Unseen);
        let entry = Entry {
            etag,
            size_bytes,
            faces,
        };
        self.entries.insert(Place { modified, key }, entry);
    }

    fn place(&self, key: &str) -> Option<Place> {
        let modified = *self.places.get(key)?;
        let key = key.to_owned();
        Some(Place { modified, key })
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(&self.place(key)?)
    }

    fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        let place = self.place(key)?;
        self.entries.get_mut(&place)
    }
}

impl Place {
    fn text(&self) -> String {
        format!("{}:{}", self.modified.0, self.key)
    }

    fn parse(text: &str) -> Option<Self> {
        let (modified, key) = text.split_once(':')?;
        Some(Self {
            modified: Reverse(modified.parse().ok()?),
            key: key.to_owned(),
        })
    }
}

impl Search {
    fn finds(&self, place: &Place, entry: &Entry) -> bool {
        let by_text = self.text.is_empty() || place.key.to_lowercase().contains(&self.text);
        let (least, most) = (self.least_faces, self.most_faces);
        let by_faces = match entry.faces {
            _ if least.is_none() && most.is_none() => true,
            Faces::Counted(faces) => {
                faces >= least.unwrap_or(0) && faces <= most.unwrap_or(usize::MAX)
            }
            Faces::Unseen | Faces::Unknown => false,
        };
        by_text && by_faces
    }
}

fn item(place: &Place, entry: &Entry) -> Item {
    let faces = match entry.faces {
        Faces::Counted(faces) => Some(faces),
        Faces::Unseen | Faces::Unknown => None,
    };
    Item {
        key: place.key.clone(),
        size_bytes: entry.size_bytes,
        modified_ms: place.modified.0,
        faces,
    }
}

#[cfg(test)]
mod tests;
