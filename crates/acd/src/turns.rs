//! A sorted list that also knows places: who is first, and how many stand before somebody.

use crate::types::CallKey;

/// Order of waiting calls: those that came back first, then by when they count as having come.
pub(crate) type Turn = (u8, i64, u64);

/// Entries of a piece before it is cut in two.
const PIECE: usize = 256;

/// Waiting calls by turn, in pieces, so that adding, removing and counting touch a few hundred entries at
/// most, whether ten wait or ten thousand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns {
    pieces: Vec<Vec<(Turn, CallKey)>>,
    len: usize,
}

impl Turns {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn first(&self) -> Option<&(Turn, CallKey)> {
        self.pieces.first().and_then(|piece| piece.first())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Turn, CallKey)> {
        self.pieces.iter().flatten()
    }

    /// Index of the only piece that may hold `turn`.
    fn piece_of(&self, turn: &Turn) -> usize {
        self.pieces
            .partition_point(|piece| piece.last().is_some_and(|(last, _)| last < turn))
            .min(self.pieces.len().saturating_sub(1))
    }

    pub(crate) fn insert(&mut self, turn: Turn, call: CallKey) {
        if self.pieces.is_empty() {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        let at = self.piece_of(&turn);
        let piece = &mut self.pieces[at];
        let Err(place) = piece.binary_search_by(|(other, _)| other.cmp(&turn)) else { return };
        piece.insert(place, (turn, call));
        self.len += 1;
        if piece.len() >= PIECE {
            let half = piece.split_off(PIECE / 2);
            self.pieces.insert(at + 1, half);
        }
    }

    pub(crate) fn remove(&mut self, turn: &Turn) -> bool {
        if self.pieces.is_empty() {
            return false;
        }
        let at = self.piece_of(turn);
        let piece = &mut self.pieces[at];
        let Ok(place) = piece.binary_search_by(|(other, _)| other.cmp(turn)) else { return false };
        piece.remove(place);
        if piece.is_empty() {
            self.pieces.remove(at);
        }
        self.len -= 1;
        true
    }

    /// Tells how many stand before `turn`.
    pub(crate) fn before(&self, turn: &Turn) -> usize {
        if self.pieces.is_empty() {
            return 0;
        }
        let at = self.piece_of(turn);
        let whole: usize = self.pieces[..at].iter().map(Vec::len).sum();
        whole + self.pieces[at].partition_point(|(other, _)| other < turn)
    }

    pub(crate) fn contains(&self, turn: &Turn) -> bool {
        !self.pieces.is_empty()
            && self.pieces[self.piece_of(turn)].binary_search_by(|(other, _)| other.cmp(turn)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn places_are_those_of_a_plain_sorted_list() {
        let mut turns = Turns::default();
        let mut plain = BTreeMap::new();
        let mut seed = 7_u64;
        for round in 0..6_000_u64 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let turn = (u8::from(seed >> 60 > 2), i64::try_from((seed >> 33) % 1_500).unwrap(), 0);
            if round % 3 == 2 {
                assert_eq!(turns.remove(&turn), plain.remove(&turn).is_some());
            } else {
                turns.insert(turn, "c".into());
                plain.insert(turn, ());
            }
            assert_eq!(turns.len(), plain.len());
            assert_eq!(turns.first().map(|(turn, _)| turn), plain.keys().next());
            assert_eq!(turns.before(&turn), plain.range(..turn).count());
            assert_eq!(turns.contains(&turn), plain.contains_key(&turn));
        }
        assert!(turns.iter().map(|(turn, _)| turn).eq(plain.keys()));
    }
}
