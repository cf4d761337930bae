//! Answers to other slices' questions.

use std::sync::Arc;

use async_trait::async_trait;
use contract::contacts::{ContactId, HistoryItem, HistorySource};
use contract::voice::{
    CallBrief, CallId, CallLookup, CallProgress, CallTokens, CitizenCall, RecordingBrief, RecordingId,
};
use kernel::{BoxError, Ctx};

use crate::core::Core;
use crate::error::VoiceError;
use crate::{pop, store};

/// Knows calls and recordings, and lets citizens call.
pub struct VoiceLookup(Arc<Core>);

impl VoiceLookup {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self(core)
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0
    }
}

#[async_trait]
impl CallLookup for VoiceLookup {
    async fn call(&self, id: &CallId) -> Result<Option<CallBrief>, BoxError> {
        let stored = store::calls::find(&self.0.kit.db, id.as_str()).await?;
        let brief = stored.map(|call| CallBrief {
            id: id.clone(),
            caller: call.caller,
            started_at: call.started_at,
            agent_id: call.agent_id,
        });
        // A call that has just begun may not be written yet.
        Ok(brief.or_else(|| {
            let view = self.0.desk.call(id.as_str())?.view();
            let agent = view.seat_no.as_deref().and_then(|seat| self.0.desk.sitting_at(seat));
            Some(CallBrief {
                id: id.clone(),
                caller: view.caller,
                started_at: view.started_at,
                agent_id: agent.map(|sitting| sitting.person_id),
            })
        }))
    }

    async fn recordings_of(&self, id: &CallId) -> Result<Vec<RecordingBrief>, BoxError> {
        let rows = store::recordings::of_call(&self.0.kit.db, id.as_str()).await?;
        Ok(rows
            .into_iter()
            .filter(|row| row.state != "failed")
            .map(|row| RecordingBrief {
                finished: row.state == "finished",
                id: RecordingId(row.id),
                call_id: CallId(row.call_id),
                started_at: row.started_at,
                duration_ms: row.duration_ms,
            })
            .collect())
    }
}

#[async_trait]
impl HistorySource for VoiceLookup {
    async fn history(
        &self,
        _contact: Option<&ContactId>,
        phones: &[String],
        limit: i64,
    ) -> Result<Vec<HistoryItem>, BoxError> {
        let calls = store::calls::of_numbers(&self.0.kit.db, phones, limit).await?;
        Ok(calls.iter().map(pop::history).collect())
    }
}

#[async_trait]
impl CallTokens for VoiceLookup {
    async fn issue_citizen(&self, ctx: &Ctx, phone: Option<&str>) -> Result<CitizenCall, BoxError> {
        let phone =
            phone.filter(|phone| phone.len() <= 20 && phone.chars().all(|c| c.is_ascii_digit() || c == '+'));
        let (user, until) = self.0.tokens.issue_citizen(phone, ctx.now).ok_or(VoiceError::Busy)?;
        let realm = &self.0.config.realm;
        Ok(CitizenCall {
            ws_path: "/sip".to_owned(),
            uri: format!("sip:{user}@{realm}"),
            password: String::new(),
            target: format!("sip:{}@{realm}", self.0.config.hotline),
            expires_at: until.0,
        })
    }

    async fn progress(&self, token: &str) -> Option<CallProgress> {
        let id = self.0.tokens.call_of(token)?;
        let call = self.0.desk.call(&id)?;
        let place = self.0.desk.position(&id);
        Some(CallProgress {
            answered: call.view().answered_at.is_some(),
            before: place.and_then(|(position, _)| i64::try_from(position.saturating_sub(1)).ok()),
            wait_secs: place.and_then(|(_, wait_ms)| wait_ms).map(|wait_ms| wait_ms / 1000),
        })
    }
}
