//! Turns: one change at a time looks for, and perhaps opens, a file with a certain number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::OwnedMutexGuard;

/// From so many numbers on, those that nobody uses are forgotten.
const SWEEP_AT: usize = 1_024;

type Turn = tokio::sync::Mutex<()>;

/// Who is at which number. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<String, Weak<Turn>>>>);

impl Turns {
    /// Waits until nobody else is at `number`; the turn ends when what is returned is dropped.
    pub(crate) async fn take(&self, number: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().expect("no holder of this lock can panic");
            if turns.len() >= SWEEP_AT {
                turns.retain(|_, turn| turn.strong_count() > 0);
            }
            match turns.get(number).and_then(Weak::upgrade) {
                Some(turn) => turn,
                None => {
                    let turn = Arc::new(Turn::new(()));
                    turns.insert(number.to_owned(), Arc::downgrade(&turn));
                    turn
                }
            }
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::{SWEEP_AT, Turns};

    #[tokio::test]
    async fn one_at_a_time_and_numbers_are_forgotten() {
        let turns = Turns::default();
        let first = turns.take("1").await;
        let mut second = Box::pin(turns.take("1"));
        tokio::select! {
            biased;
            _ = second.as_mut() => panic!("the first still has its turn"),
            () = std::future::ready(()) => {}
        }
        drop(turns.take("2").await);
        drop(first);
        drop(second.await);
        for n in 0..3 * SWEEP_AT {
            drop(turns.take(&n.to_string()).await);
        }
        assert!(turns.0.lock().unwrap().len() <= SWEEP_AT);
    }
}
