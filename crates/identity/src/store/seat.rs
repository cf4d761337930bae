//! Seats in the database.

use contract::identity::{PersonId, SeatId, UnitId};
use kernel::DbError;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};

use crate::seat::Seat;

impl FromRow<'_, AnyRow> for Seat {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: SeatId(row.try_get("id")?),
            no: row.try_get("no")?,
            name: row.try_get("name")?,
            unit_id: UnitId(row.try_get("unit_id")?),
            person_id: row.try_get::<Option<String>, _>("person_id")?.map(PersonId),
            skills: serde_json::from_str(&row.try_get::<String, _>("skills")?).unwrap_or_default(),
            active: row.try_get::<i64, _>("active")? != 0,
            version: row.try_get("version")?,
        })
    }
}

pub(crate) async fn all(conn: &mut AnyConnection) -> Result<Vec<Seat>, DbError> {
    Ok(sqlx::query_as(
        "select id, no, name, unit_id, person_id, skills, active, version from identity_seat order by no",
    )
    .fetch_all(conn)
    .await?)
}

pub(crate) async fn find(conn: &mut AnyConnection, id: &SeatId) -> Result<Option<Seat>, DbError> {
    Ok(sqlx::query_as(
        "select id, no, name, unit_id, person_id, skills, active, version from identity_seat where id = $1",
    )
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?)
}

pub(crate) async fn insert(conn: &mut AnyConnection, seat: &Seat) -> Result<(), DbError> {
    sqlx::query(
        "insert into identity_seat (id, no, name, unit_id, person_id, skills, active, version) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(seat.id.as_str())
    .bind(&seat.no)
    .bind(&seat.name)
    .bind(seat.unit_id.as_str())
    .bind(seat.person_id.as_ref().map(|id| id.0.clone()))
    .bind(serde_json::to_string(&seat.skills).unwrap_or_else(|_| "[]".to_owned()))
    .bind(i64::from(seat.active))
    .bind(seat.version)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn update(conn: &mut AnyConnection, seat: &Seat) -> Result<(), DbError> {
    sqlx::query(
        "update identity_seat set name = $2, unit_id = $3, person_id = $4, skills = $5, active = $6, \
         version = $7 where id = $1",
    )
    .bind(seat.id.as_str())
    .bind(&seat.name)
    .bind(seat.unit_id.as_str())
    .bind(seat.person_id.as_ref().map(|id| id.0.clone()))
    .bind(serde_json::to_string(&seat.skills).unwrap_or_else(|_| "[]".to_owned()))
    .bind(i64::from(seat.active))
    .bind(seat.version)
    .execute(conn)
    .await?;
    Ok(())
}

/// Frees the seat of somebody who leaves.
pub(crate) async fn leave(conn: &mut AnyConnection, person: &PersonId) -> Result<(), DbError> {
    sqlx::query("update identity_seat set person_id = null, version = version + 1 where person_id = $1")
        .bind(person.as_str())
        .execute(conn)
        .await?;
    Ok(())
}
