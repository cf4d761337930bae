//! What OpenStreetMap files are made of.

use crate::Point;

/// Keys and values.
#[derive(Clone, Debug, Default)]
pub struct Tags<'a>(pub Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a relation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A node.
    Node,
    /// A way.
    Way,
    /// Another relation.
    Relation,
}

/// A member of a relation.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// What it is.
    pub kind: MemberKind,
    /// Its id.
    pub id: i64,
    /// What it is there for.
    pub role: &'a str,
}

/// An element.
#[derive(Clone, Debug)]
pub enum Element<'a> {
    /// A place.
    Node {
        /// Its id.
        id: i64,
        /// Where it is.
        place: Point,
        /// What it is.
        tags: Tags<'a>,
    },
    /// A line of places.
    Way {
        /// Its id.
        id: i64,
        /// Its nodes.
        refs: &'a [i64],
        /// What it is.
        tags: Tags<'a>,
    },
    /// Elements that belong together.
    Relation {
        /// What it holds.
        members: &'a [Member<'a>],
        /// What it is.
        tags: Tags<'a>,
    },
}

/// Which elements are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wants {
    /// Nodes.
    pub nodes: bool,
    /// Ways.
    pub ways: bool,
    /// Relations.
    pub relations: bool,
}

impl Wants {
    /// Nodes alone.
    pub const NODES: Self = Self { nodes: true, ways: false, relations: false };
    /// Ways alone.
    pub const WAYS: Self = Self { nodes: false, ways: true, relations: false };
    /// Relations alone.
    pub const RELATIONS: Self = Self { nodes: false, ways: false, relations: true };
}
