//! How many pages follow one conversation: each holds a connection and looks at the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Pages that follow one conversation at once: a few tabs, and those that the network has not yet let go.
const STREAMS_MAX: usize = 6;

/// Counts the pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<String, usize>>>);

/// A page that follows; it is counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Following {
    streams: Streams,
    id: String,
}

impl Streams {
    /// Counts a page; none when there are too many.
    pub(crate) fn follow(&self, id: &str) -> Option<Following> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(id.to_owned()).or_default();
        if *count >= STREAMS_MAX {
            return None;
        }
        *count += 1;
        Some(Following { streams: self.clone(), id: id.to_owned() })
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut counts = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_conversation_is_followed_by_few_pages_and_forgotten_with_the_last() {
        let streams = Streams::default();
        let mut pages: Vec<Following> = (0..STREAMS_MAX).map(|_| streams.follow("a").unwrap()).collect();
        assert!(streams.follow("a").is_none());
        assert!(streams.follow("b").is_some(), "others are followed");
        pages.pop();
        assert!(streams.follow("a").is_some());
        pages.clear();
        assert!(streams.0.lock().unwrap().is_empty());
    }
}
