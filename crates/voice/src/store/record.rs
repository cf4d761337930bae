//! Writes what calls report.

use contract::voice::{
    CallAnswered, CallEnded, CallId, CallMissed, CallRated, CallbackWished, MessageLeft, RecordingFinished,
    RecordingId,
};
use kernel::{Audit, Ctx, DbError, Timestamp, Tx};
use serde_json::json;

use crate::call::record::{CallRow, FlowRecord, Record};

/// Writes one record and the events that follow from it.
///
/// # Errors
/// When a statement fails.
pub async fn write(tx: &mut Tx, now: Timestamp, record: &Record) -> Result<(), DbError> {
    let ctx = Ctx::system("voice", now);
    match record {
        Record::Call(row) => upsert_call(tx, row).await?,
        Record::Answered(row) => {
            upsert_call(tx, row).await?;
            tx.emit(
                &ctx,
                &CallAnswered {
                    call_id: CallId(row.id.clone()),
                    agent_id: row.agent_id.clone().unwrap_or_default(),
                    waited_ms: row.waited_ms,
                },
            );
        }
        Record::Ended(row) => end_call(tx, &ctx, row).await?,
        Record::Event(row) => {
            sqlx::query(
                "insert into voice_call_event (call_id, no, at, kind, detail) values ($1, $2, $3, $4, $5) \
                 on conflict (call_id, no) do nothing",
            )
            .bind(&row.call_id)
            .bind(row.no)
            .bind(row.at)
            .bind(row.kind)
            .bind(&row.detail)
            .execute(tx.conn())
            .await?;
        }
        Record::RecordingOpened(row) => {
            sqlx::query(
                "insert into voice_recording (id, call_id, path, started_at, duration_ms, bytes, state) \
                 values ($1, $2, $3, $4, 0, 0, 'open') on conflict (id) do nothing",
            )
            .bind(&row.id)
            .bind(&row.call_id)
            .bind(&row.path)
            .bind(row.started_at)
            .execute(tx.conn())
            .await?;
        }
        Record::CampaignCalled { attempt_id, call_id, result, at, talked_ms, keys } => {
            let ended = super::campaign_calls::Ended {
                attempt_id,
                call_id,
                result,
                at: *at,
                talked_ms: *talked_ms,
                keys,
            };
            super::campaign_calls::end(tx, &ended).await?;
        }
        Record::Flow(one) => write_flow(tx, &ctx, one).await?,
        Record::RecordingEnded(end) => super::recordings::finish(tx, &ctx, end).await?,
        Record::CalledBack { missed_id, call_id, agent_id, agent_name } => {
            sqlx::query(
                "update voice_missed_call set handled_at = $2, handled_by = $3, handled_name = $4, \
                 handled_note = $5 where call_id = $1 and handled_at is null",
            )
            .bind(missed_id)
            .bind(now.0)
            .bind(agent_id)
            .bind(agent_name)
            .bind(format!("已回拨接通（{call_id}）"))
            .execute(tx.conn())
            .await?;
        }
        Record::SatDown(row) => {
            sqlx::query(
                "insert into voice_seat_session \
                 (id, seat_no, seat_id, person_id, person_name, signed_in_at) values ($1, $2, $3, $4, $5, $6) \
                 on conflict (id) do nothing",
            )
            .bind(&row.id)
            .bind(&row.seat_no)
            .bind(&row.seat_id)
            .bind(&row.person_id)
            .bind(&row.person_name)
            .bind(row.signed_in_at)
            .execute(tx.conn())
            .await?;
        }
        Record::StoodUp { id, at } => {
            sqlx::query("update voice_seat_session set signed_out_at = $2 where id = $1")
                .bind(id)
                .bind(*at)
                .execute(tx.conn())
                .await?;
        }
        Record::Visit(row) => super::visits::write_visit(tx, row).await?,
        Record::Trace(row) => super::visits::write_trace(tx, row).await?,
        Record::Hit { list, number } => super::numbers::count(tx, list, number).await?,
        Record::SeatState { sitting, no, at, state, call_id } => {
            sqlx::query(
                "insert into voice_seat_state (session_id, no, at, state, call_id) values ($1, $2, $3, $4, $5) \
                 on conflict (session_id, no) do nothing",
            )
            .bind(sitting)
            .bind(*no)
            .bind(*at)
            .bind(*state)
            .bind(call_id.as_deref())
            .execute(tx.conn())
            .await?;
        }
    }
    Ok(())
}

async fn upsert_call(tx: &mut Tx, row: &CallRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_call (id, direction, origin, caller, called, started_at, answered_at, ended_at, \
         seat_no, agent_id, agent_name, contact_id, result, hung_up_by, waited_ms, talked_ms, recording_id) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
         on conflict (id) do update set answered_at = excluded.answered_at, ended_at = excluded.ended_at, \
         seat_no = excluded.seat_no, agent_id = excluded.agent_id, agent_name = excluded.agent_name, \
         contact_id = excluded.contact_id, result = excluded.result, hung_up_by = excluded.hung_up_by, \
         waited_ms = excluded.waited_ms, talked_ms = excluded.talked_ms, recording_id = excluded.recording_id",
    )
    .bind(&row.id)
    .bind(&row.direction)
    .bind(&row.origin)
    .bind(&row.caller)
    .bind(&row.called)
    .bind(row.started_at)
    .bind(row.answered_at)
    .bind(row.ended_at)
    .bind(row.seat_no.as_deref())
    .bind(row.agent_id.as_deref())
    .bind(row.agent_name.as_deref())
    .bind(row.contact_id.as_deref())
    .bind(row.result.as_deref())
    .bind(row.hung_up_by.as_deref())
    .bind(row.waited_ms)
    .bind(row.talked_ms)
    .bind(row.recording_id.as_deref())
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn end_call(tx: &mut Tx, ctx: &Ctx, row: &CallRow) -> Result<(), DbError> {
    upsert_call(tx, row).await?;
    let call_id = CallId(row.id.clone());
    let result = row.result.clone().unwrap_or_default();
    tx.emit(
        ctx,
        &CallEnded {
            call_id: call_id.clone(),
            result: result.clone(),
            agent_id: row.agent_id.clone(),
            talked_ms: row.talked_ms,
        },
    );
    if result == "missed" {
        let added = sqlx::query(
            "insert into voice_missed_call (call_id, caller, at, waited_ms) values ($1, $2, $3, $4) \
             on conflict (call_id) do nothing",
        )
        .bind(&row.id)
        .bind(&row.caller)
        .bind(row.started_at)
        .bind(row.waited_ms)
        .execute(tx.conn())
        .await?
        .rows_affected();
        if added > 0 {
            tx.emit(ctx, &CallMissed { call_id, waited_ms: row.waited_ms });
        }
    }
    Ok(())
}

/// Tells others that a recording can be played.
pub(super) fn announce_recording(
    tx: &mut Tx,
    ctx: &Ctx,
    id: &str,
    call_id: &str,
    duration_ms: i64,
    repaired: bool,
) {
    tx.emit(
        ctx,
        &RecordingFinished {
            recording_id: RecordingId(id.to_owned()),
            call_id: CallId(call_id.to_owned()),
            duration_ms,
            repaired,
        },
    );
}

/// Writes what a call flow left behind.
async fn write_flow(tx: &mut Tx, ctx: &Ctx, record: &FlowRecord) -> Result<(), DbError> {
    match record {
        FlowRecord::Message(row) => {
            if super::messages::insert(tx, row).await? {
                let (message_id, call_id) = (row.id.clone(), CallId(row.call_id.clone()));
                tx.emit(ctx, &MessageLeft { message_id, call_id, length_ms: row.length_ms });
            }
        }
        FlowRecord::Treated(row) => {
            let ctx = Ctx::person(&row.person_id, &row.person_name, ctx.now);
            super::messages::heard(tx, &ctx, &row.message_id).await?;
            let action = match row.note {
                None => "message.listen",
                Some(note) => {
                    if !super::messages::done(tx, &ctx, &row.message_id, note).await? {
                        return Ok(());
                    }
                    "message.close"
                }
            };
            let detail = json!({ "by": "telephone", "call": row.call_id });
            tx.audit(&ctx, Audit::new(action, "message", row.message_id.clone()).detail(detail));
        }
        FlowRecord::Callback(row) => {
            if super::callbacks::insert(tx, row).await? {
                let (callback_id, call_id) = (row.id.clone(), CallId(row.call_id.clone()));
                tx.emit(ctx, &CallbackWished { callback_id, call_id });
            }
        }
        FlowRecord::Survey(row) => {
            super::surveys::put(tx, row).await?;
            if let Some(stars) = row.stars {
                tx.emit(
                    ctx,
                    &CallRated {
                        call_id: CallId(row.call_id.clone()),
                        agent_id: row.agent_id.clone(),
                        stars,
                    },
                );
            }
        }
        FlowRecord::Count { at, version, row } => super::flow_counts::add(tx, *at, *version, row).await?,
    }
    Ok(())
}
