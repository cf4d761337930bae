//! People in the database.

use contract::identity::{PersonId, UnitId};
use kernel::{DbError, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row};

use super::filter::Filter;
use crate::person::StoredPerson;

const COLUMNS: &str = "identity_person.id, identity_person.account, identity_person.name, \
     identity_person.job_no, identity_person.phone, identity_person.email, identity_person.unit_id, \
     identity_person.password_hash, identity_person.must_change, identity_person.totp_secret, \
     identity_person.totp_enabled, identity_person.totp_step, identity_person.active, \
     identity_person.last_login_at, identity_person.version";

impl FromRow<'_, AnyRow> for StoredPerson {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let truth = |column: &str| row.try_get::<i64, _>(column).map(|value| value != 0);
        Ok(Self {
            id: PersonId(row.try_get("id")?),
            account: row.try_get("account")?,
            name: row.try_get("name")?,
            job_no: row.try_get("job_no")?,
            phone: row.try_get("phone")?,
            email: row.try_get("email")?,
            unit_id: UnitId(row.try_get("unit_id")?),
            password_hash: row.try_get("password_hash")?,
            must_change: truth("must_change")?,
            totp_secret: row.try_get("totp_secret")?,
            totp_enabled: truth("totp_enabled")?,
            totp_step: row.try_get("totp_step")?,
            active: truth("active")?,
            last_login_at: row.try_get("last_login_at")?,
            version: row.try_get("version")?,
        })
    }
}

pub(crate) async fn all(conn: &mut AnyConnection) -> Result<Vec<StoredPerson>, DbError> {
    let sql = format!("select {COLUMNS} from identity_person");
    Ok(sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await?)
}

pub(crate) async fn find(conn: &mut AnyConnection, id: &PersonId) -> Result<Option<StoredPerson>, DbError> {
    let sql = format!("select {COLUMNS} from identity_person where id = $1");
    Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(conn).await?)
}

/// Returns the active people of a unit.
pub(crate) async fn of_unit(conn: &mut AnyConnection, unit: &UnitId) -> Result<Vec<StoredPerson>, DbError> {
    let sql =
        format!("select {COLUMNS} from identity_person where unit_id = $1 and active = 1 order by account");
    Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(unit.as_str()).fetch_all(conn).await?)
}

pub(crate) async fn by_account(
    conn: &mut AnyConnection,
    account: &str,
) -> Result<Option<StoredPerson>, DbError> {
    let sql = format!("select {COLUMNS} from identity_person where account = $1");
    Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(account).fetch_optional(conn).await?)
}

pub(crate) async fn insert(
    conn: &mut AnyConnection,
    person: &StoredPerson,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into identity_person (id, account, name, job_no, phone, unit_id, password_hash, \
         password_changed_at, must_change, totp_secret, totp_enabled, totp_step, active, last_login_at, \
         version, created_at, updated_at, email) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, null, 0, 0, 1, null, 1, $8, $8, $10)",
    )
    .bind(person.id.as_str())
    .bind(&person.account)
    .bind(&person.name)
    .bind(person.job_no.clone())
    .bind(person.phone.clone())
    .bind(person.unit_id.as_str())
    .bind(&person.password_hash)
    .bind(now.0)
    .bind(i64::from(person.must_change))
    .bind(person.email.clone())
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn update(
    conn: &mut AnyConnection,
    person: &StoredPerson,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "update identity_person set name = $2, job_no = $3, phone = $4, unit_id = $5, active = $6, \
         version = $7, updated_at = $8, email = $9 where id = $1",
    )
    .bind(person.id.as_str())
    .bind(&person.name)
    .bind(person.job_no.clone())
    .bind(person.phone.clone())
    .bind(person.unit_id.as_str())
    .bind(i64::from(person.active))
    .bind(person.version)
    .bind(now.0)
    .bind(person.email.clone())
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn set_password(
    conn: &mut AnyConnection,
    id: &PersonId,
    hash: &str,
    must_change: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "update identity_person set password_hash = $2, must_change = $3, password_changed_at = $4, \
         updated_at = $4 where id = $1",
    )
    .bind(id.as_str())
    .bind(hash)
    .bind(i64::from(must_change))
    .bind(now.0)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn set_totp(
    conn: &mut AnyConnection,
    id: &PersonId,
    secret: Option<&str>,
    enabled: bool,
    step: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "update identity_person set totp_secret = $2, totp_enabled = $3, totp_step = $4 where id = $1",
    )
    .bind(id.as_str())
    .bind(secret.map(ToOwned::to_owned))
    .bind(i64::from(enabled))
    .bind(step)
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes a sign-in and the one-time code's step; false when a later or the same step was used before.
pub(crate) async fn note_sign_in(
    conn: &mut AnyConnection,
    id: &PersonId,
    step: Option<i64>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let changed = sqlx::query(
        "update identity_person set last_login_at = $2, totp_step = case when $3 > 0 then $3 else totp_step \
         end where id = $1 and ($3 = 0 or totp_step < $3)",
    )
    .bind(id.as_str())
    .bind(now.0)
    .bind(step.unwrap_or(0))
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// What a list of people is narrowed by.
#[derive(Default)]
pub(crate) struct PeopleFilter {
    pub(crate) text: Option<String>,
    pub(crate) unit_id: Option<String>,
    /// The reader's own unit, when the scope ends there.
    pub(crate) within_unit: Option<String>,
    /// Paths of units: only people in or below all of them.
    pub(crate) under: Vec<String>,
    pub(crate) role: Option<String>,
    pub(crate) active: Option<bool>,
    pub(crate) person_id: Option<String>,
    pub(crate) after_account: Option<String>,
}

pub(crate) async fn list(
    conn: &mut AnyConnection,
    wanted: PeopleFilter,
    limit: usize,
) -> Result<Vec<StoredPerson>, DbError> {
    let mut filter = Filter::new(&format!("select {COLUMNS} from identity_person"));
    if let Some(text) = wanted.text.filter(|text| !text.trim().is_empty()) {
        filter.contains(
            &["account", "name", "coalesce(job_no, '')", "coalesce(phone, '')", "coalesce(email, '')"],
            &text,
        );
    }
    if let Some(id) = wanted.person_id {
        filter.and("id = {}", id);
    }
    if let Some(unit_id) = wanted.unit_id {
        filter.and("unit_id = {}", unit_id);
    }
    if let Some(unit_id) = wanted.within_unit {
        filter.and("unit_id = {}", unit_id);
    }
    for path in wanted.under {
        filter.and("unit_id in (select id from identity_unit where substr(path, 1, length({})) = {})", path);
    }
    if let Some(role) = wanted.role {
        filter.and("id in (select person_id from identity_person_role where role_id = {})", role);
    }
    if let Some(active) = wanted.active {
        filter.and("active = {}", i64::from(active));
    }
    if let Some(account) = wanted.after_account {
        filter.and("account > {}", account);
    }
    Ok(filter.fetch(conn, "account", limit).await?)
}

pub(crate) async fn exists(conn: &mut AnyConnection) -> Result<bool, DbError> {
    let any: Option<i64> = sqlx::query_scalar("select cast(1 as bigint) from identity_person limit 1")
        .fetch_optional(conn)
        .await?;
    Ok(any.is_some())
}
