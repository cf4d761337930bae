//! Standard phrases.

use kernel::db::Statement;
use kernel::{Cursor, Db, DbError, Page, Tx};
use sqlx::FromRow;

/// A phrase that agents read out.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Phrase {
    /// Id.
    pub id: String,
    /// When it fits.
    pub topic: String,
    /// Its name.
    pub title: String,
    /// The words.
    pub body: String,
    /// Last change, epoch milliseconds.
    pub updated_at: i64,
}

/// Returns a page of phrases by topic and title.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    q: Option<&str>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Phrase>, DbError> {
    let mut query =
        Statement::new("select id, topic, title, body, updated_at from voice_standard_phrase where 1 = 1");
    if let Some(q) = q.map(str::trim).filter(|q| !q.is_empty()) {
        let like = format!("%{}%", q.replace(['%', '_', '\\'], ""));
        query.push(" and (topic like ").bind(like.clone());
        query.push(" or title like ").bind(like.clone());
        query.push(" or body like ").bind(like).push(")");
    }
    if let Some(keys) = cursor.and_then(|cursor| Cursor::decode(cursor, 3)) {
        query.push(" and (topic > ").bind(keys[0].clone());
        query.push(" or (topic = ").bind(keys[0].clone());
        query.push(" and (title > ").bind(keys[1].clone());
        query.push(" or (title = ").bind(keys[1].clone());
        query.push(" and id > ").bind(keys[2].clone()).push("))))");
    }
    query.push(" order by topic, title, id limit ");
    query.bind(i64::try_from(limit).unwrap_or(200) + 1);
    let rows: Vec<Phrase> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, limit, |row| Cursor::encode(&[row.topic.clone(), row.title.clone(), row.id.clone()])))
}

/// Writes a phrase, new or changed; false when a change finds nothing to change.
///
/// # Errors
/// When a statement fails.
pub async fn save(tx: &mut Tx, phrase: &Phrase, new: bool) -> Result<bool, DbError> {
    let sql = if new {
        "insert into voice_standard_phrase (id, topic, title, body, updated_at) values ($1, $2, $3, $4, $5)"
    } else {
        "update voice_standard_phrase set topic = $2, title = $3, body = $4, updated_at = $5 where id = $1"
    };
    let changed = sqlx::query(sql)
        .bind(&phrase.id)
        .bind(&phrase.topic)
        .bind(&phrase.title)
        .bind(&phrase.body)
        .bind(phrase.updated_at)
        .execute(tx.conn())
        .await?
        .rows_affected();
    Ok(changed > 0)
}

/// Removes a phrase; false when it was not there.
///
/// # Errors
/// When a statement fails.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<bool, DbError> {
    let gone =
        sqlx::query("delete from voice_standard_phrase where id = $1").bind(id).execute(tx.conn()).await?;
    Ok(gone.rows_affected() > 0)
}
