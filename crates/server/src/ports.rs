//! Ports between slices that ask each other: one of the two is made first and gets the other later.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use contract::contacts::{ContactId, HistoryItem, HistorySource};
use contract::voice::{CallBrief, CallId, CallLookup, RecordingBrief};
use kernel::BoxError;

/// A port whose answerer is set once everything is made. Asked before, it knows nothing.
pub(crate) struct Later<T: ?Sized>(OnceLock<Arc<T>>);

impl<T: ?Sized> Default for Later<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T: ?Sized> Later<T> {
    /// Sets who answers; a second call has no effect.
    pub(crate) fn set(&self, answerer: Arc<T>) {
        let _ = self.0.set(answerer);
    }
}

#[async_trait]
impl CallLookup for Later<dyn CallLookup> {
    async fn call(&self, id: &CallId) -> Result<Option<CallBrief>, BoxError> {
        match self.0.get() {
            Some(calls) => calls.call(id).await,
            None => Ok(None),
        }
    }

    async fn recordings_of(&self, id: &CallId) -> Result<Vec<RecordingBrief>, BoxError> {
        match self.0.get() {
            Some(calls) => calls.recordings_of(id).await,
            None => Ok(Vec::new()),
        }
    }
}

#[async_trait]
impl HistorySource for Later<dyn HistorySource> {
    async fn history(
        &self,
        contact: Option<&ContactId>,
        phones: &[String],
        limit: i64,
    ) -> Result<Vec<HistoryItem>, BoxError> {
        match self.0.get() {
            Some(source) => source.history(contact, phones, limit).await,
            None => Ok(Vec::new()),
        }
    }
}
