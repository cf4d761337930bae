//! Callers who were connected with an emergency service.

use kernel::db::Statement;
use kernel::{Cursor, Db, DbError, Page, Tx};
use sqlx::FromRow;

/// A connection with an emergency service.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct EmergencyRow {
    /// Id.
    pub id: String,
    /// The call.
    pub call_id: String,
    /// When, epoch milliseconds.
    pub at: i64,
    /// The service, such as `110`.
    pub service: String,
    /// What was dialled.
    pub number: String,
    /// The caller's number, unmasked.
    pub caller: String,
    /// The order that it is about.
    pub case_id: Option<String>,
    /// Its number.
    pub case_number: Option<String>,
    /// What the agent wrote.
    pub note: String,
    /// The seat.
    pub seat_no: String,
    /// The person there.
    pub person_id: String,
    /// Their name.
    pub person_name: String,
}

/// Writes one.
///
/// # Errors
/// When a statement fails.
pub async fn insert(tx: &mut Tx, row: &EmergencyRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_emergency_transfer (id, call_id, at, service, number, caller, case_id, case_number, \
         note, seat_no, person_id, person_name) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(&row.id)
    .bind(&row.call_id)
    .bind(row.at)
    .bind(&row.service)
    .bind(&row.number)
    .bind(&row.caller)
    .bind(&row.case_id)
    .bind(&row.case_number)
    .bind(&row.note)
    .bind(&row.seat_no)
    .bind(&row.person_id)
    .bind(&row.person_name)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns a page, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    service: Option<&str>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<EmergencyRow>, DbError> {
    let mut query = Statement::new(
        "select id, call_id, at, service, number, caller, case_id, case_number, note, seat_no, person_id, \
         person_name from voice_emergency_transfer where 1 = 1",
    );
    if let Some(service) = service.filter(|service| !service.is_empty()) {
        query.push(" and service = ").bind(service.to_owned());
    }
    let after = cursor.and_then(|cursor| Cursor::decode(cursor, 2));
    if let Some((at, id)) = after.and_then(|keys| Some((keys[0].parse::<i64>().ok()?, keys[1].clone()))) {
        query.push(" and (at < ").bind(at).push(" or (at = ").bind(at);
        query.push(" and id < ").bind(id).push("))");
    }
    query.push(" order by at desc, id desc limit ").bind(i64::try_from(limit).unwrap_or(200) + 1);
    let rows: Vec<EmergencyRow> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, limit, |row| Cursor::encode(&[row.at.to_string(), row.id.clone()])))
}
