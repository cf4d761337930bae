//! Units in the database.

use contract::identity::UnitId;
use kernel::{DbError, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};

use crate::unit::Unit;

impl FromRow<'_, AnyRow> for Unit {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: UnitId(row.try_get("id")?),
            parent_id: row.try_get::<Option<String>, _>("parent_id")?.map(UnitId),
            level: row.try_get("level")?,
            code: row.try_get("code")?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            path: row.try_get("path")?,
            phone: row.try_get("phone")?,
            active: row.try_get::<i64, _>("active")? != 0,
            successor_id: row.try_get::<Option<String>, _>("successor_id")?.map(UnitId),
            version: row.try_get("version")?,
        })
    }
}

pub(crate) async fn all(conn: &mut AnyConnection) -> Result<Vec<Unit>, DbError> {
    Ok(sqlx::query_as(
        "select id, parent_id, level, code, name, kind, path, phone, active, successor_id, version from identity_unit",
    )
    .fetch_all(conn)
    .await?)
}

pub(crate) async fn find(conn: &mut AnyConnection, id: &UnitId) -> Result<Option<Unit>, DbError> {
    Ok(sqlx::query_as(
        "select id, parent_id, level, code, name, kind, path, phone, active, successor_id, version from identity_unit \
         where id = $1",
    )
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?)
}

pub(crate) async fn count(conn: &mut AnyConnection) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar("select count(*) from identity_unit").fetch_one(conn).await?)
}

pub(crate) async fn insert(conn: &mut AnyConnection, unit: &Unit, now: Timestamp) -> Result<(), DbError> {
    sqlx::query(
        "insert into identity_unit (id, parent_id, level, code, name, kind, path, phone, active, version, \
         created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
    )
    .bind(unit.id.as_str())
    .bind(unit.parent_id.as_ref().map(|id| id.0.clone()))
    .bind(unit.level)
    .bind(&unit.code)
    .bind(&unit.name)
    .bind(&unit.kind)
    .bind(&unit.path)
    .bind(unit.phone.clone())
    .bind(i64::from(unit.active))
    .bind(unit.version)
    .bind(now.0)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn update(conn: &mut AnyConnection, unit: &Unit, now: Timestamp) -> Result<(), DbError> {
    sqlx::query(
        "update identity_unit set parent_id = $2, level = $3, code = $4, name = $5, kind = $6, path = $7, \
         phone = $8, active = $9, version = $10, updated_at = $11, successor_id = $12 where id = $1",
    )
    .bind(unit.id.as_str())
    .bind(unit.parent_id.as_ref().map(|id| id.0.clone()))
    .bind(unit.level)
    .bind(&unit.code)
    .bind(&unit.name)
    .bind(&unit.kind)
    .bind(&unit.path)
    .bind(unit.phone.clone())
    .bind(i64::from(unit.active))
    .bind(unit.version)
    .bind(now.0)
    .bind(unit.successor_id.as_ref().map(|id| id.0.clone()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the deepest level of the unit with this path and all below.
pub(crate) async fn deepest(conn: &mut AnyConnection, path: &str) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar(
        "select coalesce(max(level), 0) from identity_unit where substr(path, 1, length($1)) = $1",
    )
    .bind(path)
    .fetch_one(conn)
    .await?)
}

/// Gives everything below a moved unit its new path and level. Versions rise, since what a reader saw is old.
pub(crate) async fn relocate(conn: &mut AnyConnection, old: &Unit, new: &Unit) -> Result<(), DbError> {
    sqlx::query(
        "update identity_unit set path = $1 || substr(path, cast($2 as integer)), level = level + $3, \
         version = version + 1 where substr(path, 1, length($4)) = $4 and id <> $5",
    )
    .bind(&new.path)
    .bind(i64::try_from(old.path.chars().count() + 1).unwrap_or(i64::MAX))
    .bind(new.level - old.level)
    .bind(&old.path)
    .bind(old.id.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the numbers of active units directly below and of active people.
pub(crate) async fn in_use(conn: &mut AnyConnection, id: &UnitId) -> Result<(i64, i64), DbError> {
    Ok(sqlx::query_as(
        "select (select count(*) from identity_unit where parent_id = $1 and active = 1), \
         (select count(*) from identity_person where unit_id = $1 and active = 1)",
    )
    .bind(id.as_str())
    .fetch_one(conn)
    .await?)
}
