//! Stopping: the word is given once and everybody hears it, also who listens later.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

/// The word to stop. Clones share it.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }
}

impl Stop {
    /// Tells everybody to stop.
    pub fn tell(&self) {
        self.0.send_replace(true);
    }

    /// Waits for the word.
    pub async fn told(&self) {
        let mut listener = self.0.subscribe();
        // An error would mean that the sender is gone; it lives in `self`.
        let _ = listener.wait_for(|told| *told).await;
    }

    /// Returns a bell for one background task; it rings when the word is given.
    #[must_use]
    pub fn bell(&self) -> Arc<Notify> {
        let bell = Arc::new(Notify::new());
        let (ringing, stop) = (bell.clone(), self.clone());
        tokio::spawn(async move {
            stop.told().await;
            // `notify_one` is kept for a task that is busy at this moment.
            ringing.notify_one();
        });
        bell
    }
}

/// Waits for Ctrl-C or a termination signal.
pub async fn signalled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
