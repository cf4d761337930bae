//! Applications for an account in the database.

use contract::identity::{PersonId, UnitId};
use kernel::{DbError, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row};

use super::filter::Filter;
use crate::registration::StoredRegistration;

const COLUMNS: &str = "identity_registration.id, number, code_digest, name, phone, job_no, unit_id, post, \
     reason, password_hash, state, person_id, answer, decided_by, decided_at, created_at, version";

impl FromRow<'_, AnyRow> for StoredRegistration {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            number: row.try_get("number")?,
            code_digest: row.try_get("code_digest")?,
            name: row.try_get("name")?,
            phone: row.try_get("phone")?,
            job_no: row.try_get("job_no")?,
            unit_id: UnitId(row.try_get("unit_id")?),
            post: row.try_get("post")?,
            reason: row.try_get("reason")?,
            password_hash: row.try_get("password_hash")?,
            state: row.try_get("state")?,
            person_id: row.try_get::<Option<String>, _>("person_id")?.map(PersonId),
            answer: row.try_get("answer")?,
            decided_by: row.try_get("decided_by")?,
            decided_at: row.try_get("decided_at")?,
            created_at: row.try_get("created_at")?,
            version: row.try_get("version")?,
        })
    }
}

/// Counts what waits: of a unit, and altogether.
pub(crate) async fn waiting(conn: &mut AnyConnection, unit: &UnitId) -> Result<(i64, i64), DbError> {
    Ok(sqlx::query_as(
        "select cast(coalesce(sum(case when unit_id = $1 then 1 else 0 end), 0) as bigint), \
         cast(count(*) as bigint) from identity_registration where state = 'pending'",
    )
    .bind(unit.as_str())
    .fetch_one(conn)
    .await?)
}

pub(crate) async fn insert(conn: &mut AnyConnection, new: &StoredRegistration) -> Result<(), DbError> {
    sqlx::query(
        "insert into identity_registration (id, number, code_digest, name, phone, job_no, unit_id, post, \
         reason, password_hash, state, created_at, version) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(&new.id)
    .bind(&new.number)
    .bind(&new.code_digest)
    .bind(&new.name)
    .bind(&new.phone)
    .bind(new.job_no.clone())
    .bind(new.unit_id.as_str())
    .bind(&new.post)
    .bind(&new.reason)
    .bind(&new.password_hash)
    .bind(&new.state)
    .bind(new.created_at)
    .bind(new.version)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a decision.
pub(crate) async fn update(conn: &mut AnyConnection, changed: &StoredRegistration) -> Result<(), DbError> {
    sqlx::query(
        "update identity_registration set state = $2, person_id = $3, answer = $4, decided_by = $5, \
         decided_at = $6, version = $7, password_hash = $8 where id = $1",
    )
    .bind(&changed.id)
    .bind(&changed.state)
    .bind(changed.person_id.as_ref().map(|id| id.0.clone()))
    .bind(changed.answer.clone())
    .bind(changed.decided_by.clone())
    .bind(changed.decided_at)
    .bind(changed.version)
    .bind(&changed.password_hash)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn find(conn: &mut AnyConnection, id: &str) -> Result<Option<StoredRegistration>, DbError> {
    let sql = format!("select {COLUMNS} from identity_registration where id = $1");
    Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_optional(conn).await?)
}

pub(crate) async fn by_number(
    conn: &mut AnyConnection,
    number: &str,
) -> Result<Option<StoredRegistration>, DbError> {
    let sql = format!("select {COLUMNS} from identity_registration where number = $1");
    Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(number).fetch_optional(conn).await?)
}

/// What a list of applications is narrowed by.
#[derive(Default)]
pub(crate) struct RegistrationFilter {
    /// A part of the name, the telephone number, the job number or the application's number.
    pub(crate) text: Option<String>,
    /// `pending`, `approved`, `ready`, `refused`, `expired`.
    pub(crate) state: Option<String>,
    pub(crate) unit_id: Option<String>,
    /// The reader's own unit, when the scope ends there.
    pub(crate) within_unit: Option<String>,
    /// The path of the unit in or below which it has to be.
    pub(crate) under: Option<String>,
    /// Only those for which an account was made.
    pub(crate) with_account: bool,
    pub(crate) before_id: Option<String>,
}

const HAS_ROLE: &str = "exists (select 1 from identity_person_role where identity_person_role.person_id = identity_registration.person_id)";

/// Lists applications, newest first.
pub(crate) async fn list(
    conn: &mut AnyConnection,
    wanted: RegistrationFilter,
    limit: usize,
) -> Result<Vec<StoredRegistration>, DbError> {
    let mut filter = Filter::new(&format!("select {COLUMNS} from identity_registration"));
    if let Some(text) = wanted.text.filter(|text| !text.trim().is_empty()) {
        filter.contains(&["name", "phone", "coalesce(job_no, '')", "number"], &text);
    }
    match wanted.state.as_deref() {
        Some("approved") => filter.and(&format!("state = {{}} and not {HAS_ROLE}"), "approved"),
        Some("ready") => filter.and(&format!("state = {{}} and {HAS_ROLE}"), "approved"),
        Some(state) if !state.is_empty() => filter.and("state = {}", state),
        _ => &mut filter,
    };
    if wanted.with_account {
        filter.and("state = {}", "approved");
    }
    for unit_id in [wanted.unit_id, wanted.within_unit].into_iter().flatten() {
        filter.and("unit_id = {}", unit_id);
    }
    if let Some(path) = wanted.under {
        filter.and("unit_id in (select id from identity_unit where substr(path, 1, length({})) = {})", path);
    }
    if let Some(id) = wanted.before_id {
        filter.and("identity_registration.id < {}", id);
    }
    Ok(filter.fetch(conn, "identity_registration.id desc", limit).await?)
}

/// Ends applications from before an instant on which nobody decided.
pub(crate) async fn expire(
    conn: &mut AnyConnection,
    before: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "update identity_registration set state = 'expired', password_hash = '', decided_at = $2, \
         version = version + 1 where state = 'pending' and created_at < $1",
    )
    .bind(before.0)
    .bind(now.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes what came to nothing before an instant.
pub(crate) async fn forget(conn: &mut AnyConnection, before: Timestamp) -> Result<(), DbError> {
    sqlx::query(
        "delete from identity_registration where state in ('refused', 'expired') and decided_at < $1",
    )
    .bind(before.0)
    .execute(conn)
    .await?;
    Ok(())
}
