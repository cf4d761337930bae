//! Reads the audit log that the kernel writes.

use kernel::DbError;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};

use super::filter::Filter;
use crate::http::audit::{AuditEntry, AuditQuery};

impl FromRow<'_, AnyRow> for AuditEntry {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let detail: String = row.try_get("detail")?;
        Ok(Self {
            id: row.try_get("id")?,
            seq: row.try_get("seq")?,
            at: row.try_get("at")?,
            actor_kind: row.try_get("actor_kind")?,
            actor_id: row.try_get("actor_id")?,
            actor_name: row.try_get("actor_name")?,
            ip: row.try_get("ip")?,
            trace_id: row.try_get("trace_id")?,
            action: row.try_get("action")?,
            subject_kind: row.try_get("subject_kind")?,
            subject_id: row.try_get("subject_id")?,
            detail: serde_json::from_str(&detail).unwrap_or(serde_json::Value::String(detail)),
            hash: row.try_get("hash")?,
        })
    }
}

/// Lists rows, newest first, after the row `after`.
pub(crate) async fn list(
    conn: &mut AnyConnection,
    wanted: &AuditQuery,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<AuditEntry>, DbError> {
    let mut filter = Filter::new(
        "select kernel_audit.id, kernel_audit.seq, kernel_audit.at, actor_kind, actor_id, actor_name, ip, \
         trace_id, action, subject_kind, subject_id, detail, hash from kernel_audit \
         left join kernel_audit_seal on kernel_audit_seal.audit_id = kernel_audit.id \
         and kernel_audit_seal.seq = kernel_audit.seq",
    );
    if let Some(actor) = wanted.actor.as_deref().filter(|text| !text.is_empty()) {
        filter.and("(actor_id = {} or actor_name = {})", actor);
    }
    if let Some(action) = wanted.action.as_deref().filter(|text| !text.is_empty()) {
        filter.and("(action = {} or substr(action, 1, length({}) + 1) = {} || '.')", action);
    }
    if let Some(subject) = wanted.subject.as_deref().filter(|text| !text.is_empty()) {
        filter.and("(subject_id = {} or subject_kind = {})", subject);
    }
    if let Some(from) = wanted.from {
        filter.and("kernel_audit.at >= {}", from);
    }
    if let Some(to) = wanted.to {
        filter.and("kernel_audit.at < {}", to);
    }
    if let Some(id) = after {
        filter.and("kernel_audit.id < {}", id);
    }
    Ok(filter.fetch(conn, "kernel_audit.id desc", limit).await?)
}
