//! The library of prompts: names, and the sounds of each language with their versions.

use kernel::{Ctx, Db, DbError, Tx};
use sqlx::FromRow;

/// A prompt of the city's own, or one that ships and was recorded anew.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct PromptRow {
    /// Key.
    pub id: String,
    /// Name.
    pub name: String,
    /// How often it was changed.
    pub version: i64,
}

/// A sound of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SoundRow {
    /// Id.
    pub id: String,
    /// The prompt.
    pub prompt_id: String,
    /// `zh` or `en`.
    pub language: String,
    /// Its number within prompt and language.
    pub no: i64,
    /// `upload`, `recorded` or `voice`.
    pub source: String,
    /// The text that was spoken.
    pub text: String,
    /// The file of A-law.
    pub file: String,
    /// Its length.
    pub duration_ms: i64,
    /// 1 for the one that callers hear.
    pub in_force: i64,
    /// When.
    pub created_at: i64,
    /// By whom.
    pub created_name: String,
}

const SOUND: &str = "select id, prompt_id, language, no, source, text, file, duration_ms, in_force, created_at, \
                     created_name from voice_prompt_sound";

/// Returns all prompts that are stored.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db) -> Result<Vec<PromptRow>, DbError> {
    let text = "select id, name, version from voice_prompt order by id";
    Ok(sqlx::query_as(text).fetch_all(db.reader()).await?)
}

/// Returns all sounds in force, or all of a prompt, newest first.
///
/// # Errors
/// When the database fails.
pub async fn sounds(db: &Db, prompt: Option<&str>) -> Result<Vec<SoundRow>, DbError> {
    let mut query = kernel::db::Statement::new(SOUND);
    match prompt {
        Some(prompt) => query.push(" where prompt_id = ").bind(prompt.to_owned()),
        None => query.push(" where in_force = 1"),
    };
    query.push(" order by prompt_id, language, no desc");
    Ok(query.query_as().fetch_all(db.reader()).await?)
}

/// Finds a sound.
///
/// # Errors
/// When the database fails.
pub async fn sound(db: &Db, id: &str) -> Result<Option<SoundRow>, DbError> {
    let mut query = kernel::db::Statement::new(SOUND);
    query.push(" where id = ").bind(id.to_owned());
    Ok(query.query_as().fetch_optional(db.reader()).await?)
}

/// Writes a prompt's name; false when `version` is not the present one (0 for a new one).
///
/// # Errors
/// When a statement fails.
pub async fn put(tx: &mut Tx, ctx: &Ctx, id: &str, name: &str, version: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into voice_prompt (id, name, version, created_at) values ($1, $2, $3 + 1, $4) \
         on conflict (id) do update set name = excluded.name, version = excluded.version \
         where voice_prompt.version = $3",
    )
    .bind(id)
    .bind(name)
    .bind(version)
    .bind(ctx.now.0)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Adds a sound and puts it in force; its number is the next one.
///
/// # Errors
/// When a statement fails.
pub async fn add_sound(tx: &mut Tx, row: &SoundRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_prompt_sound (id, prompt_id, language, no, source, text, file, duration_ms, in_force, \
         created_at, created_name) select $1, $2, $3, 1 + coalesce((select max(no) from voice_prompt_sound \
         where prompt_id = $2 and language = $3), 0), $4, $5, $6, $7, 0, $8, $9",
    )
    .bind(&row.id)
    .bind(&row.prompt_id)
    .bind(&row.language)
    .bind(&row.source)
    .bind(&row.text)
    .bind(&row.file)
    .bind(row.duration_ms)
    .bind(row.created_at)
    .bind(&row.created_name)
    .execute(tx.conn())
    .await?;
    put_in_force(tx, &row.prompt_id, &row.language, Some(&row.id)).await
}

/// Puts one sound in force; without one, callers hear what ships.
///
/// # Errors
/// When a statement fails.
pub async fn put_in_force(
    tx: &mut Tx,
    prompt: &str,
    language: &str,
    sound: Option<&str>,
) -> Result<(), DbError> {
    sqlx::query(
        "update voice_prompt_sound set in_force = case when id = $3 then 1 else 0 end \
         where prompt_id = $1 and language = $2",
    )
    .bind(prompt)
    .bind(language)
    .bind(sound.unwrap_or(""))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes a prompt of the city's own with its sounds.
///
/// # Errors
/// When a statement fails.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<bool, DbError> {
    sqlx::query("delete from voice_prompt_sound where prompt_id = $1").bind(id).execute(tx.conn()).await?;
    let done = sqlx::query("delete from voice_prompt where id = $1").bind(id).execute(tx.conn()).await?;
    Ok(done.rows_affected() > 0)
}
