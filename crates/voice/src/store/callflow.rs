//! Call flows: drafts and published versions.

use kernel::{Ctx, Db, DbError, Tx};
use sqlx::FromRow;

use crate::callflow::defaults::SHIPPED;

/// A flow as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct FlowRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it is for.
    pub note: String,
    /// The graph that is worked on, JSON.
    pub draft: String,
    /// How often it was changed; for optimistic locking.
    pub version: i64,
    /// Number of the version in force; 0 none.
    pub published: i64,
    /// When it was changed.
    pub updated_at: i64,
    /// By whom.
    pub updated_name: String,
}

/// A published version.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct VersionRow {
    /// The flow.
    pub flow_id: String,
    /// Its number, from 1.
    pub no: i64,
    /// The graph, JSON.
    pub graph: String,
    /// What was changed.
    pub note: String,
    /// When.
    pub published_at: i64,
    /// By whom.
    pub published_name: String,
}

const FLOW: &str =
    "select id, name, note, draft, version, published, updated_at, updated_name from voice_flow";

/// Returns all flows, by id.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db) -> Result<Vec<FlowRow>, DbError> {
    let mut query = kernel::db::Statement::new(FLOW);
    query.push(" order by id");
    Ok(query.query_as().fetch_all(db.reader()).await?)
}

/// Finds a flow.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: &str) -> Result<Option<FlowRow>, DbError> {
    let mut query = kernel::db::Statement::new(FLOW);
    query.push(" where id = ").bind(id.to_owned());
    Ok(query.query_as().fetch_optional(db.reader()).await?)
}

/// Returns the versions of a flow, newest first.
///
/// # Errors
/// When the database fails.
pub async fn versions(db: &Db, flow: &str) -> Result<Vec<VersionRow>, DbError> {
    Ok(sqlx::query_as(
        "select flow_id, no, graph, note, published_at, published_name from voice_flow_version \
         where flow_id = $1 order by no desc limit 200",
    )
    .bind(flow)
    .fetch_all(db.reader())
    .await?)
}

/// Returns the versions in force: id, number, graph.
///
/// # Errors
/// When the database fails.
pub async fn in_force(db: &Db) -> Result<Vec<(String, i64, String)>, DbError> {
    Ok(sqlx::query_as(
        "select v.flow_id, v.no, v.graph from voice_flow_version v \
         join voice_flow f on f.id = v.flow_id and f.published = v.no",
    )
    .fetch_all(db.reader())
    .await?)
}

/// Returns a number that is another after every change of what flows are made of.
///
/// # Errors
/// When the database fails.
pub async fn stamp(db: &Db) -> Result<i64, DbError> {
    let parts: Vec<(i64,)> = sqlx::query_as(
        "select cast(coalesce(sum(version), 0) * 1000003 + count(*) as bigint) from voice_flow union all \
         select cast(coalesce(sum(version), 0) * 1000003 + count(*) as bigint) from voice_flow_number union all \
         select cast(coalesce(sum(version), 0) * 1000003 + count(*) as bigint) from voice_hours union all \
         select cast(coalesce(sum(version), 0) * 1000003 + count(*) as bigint) from voice_access_code union all \
         select cast(coalesce(sum(version), 0) * 1000003 + count(*) as bigint) from voice_prompt",
    )
    .fetch_all(db.reader())
    .await?;
    Ok(parts.iter().fold(0_i64, |sum, (part,)| sum.wrapping_mul(31).wrapping_add(*part)))
}

/// Writes a new flow; false when the id is taken.
///
/// # Errors
/// When a statement fails.
pub async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    id: &str,
    name: &str,
    note: &str,
    draft: &str,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into voice_flow (id, name, note, draft, version, published, updated_at, updated_name) \
         values ($1, $2, $3, $4, 1, 0, $5, $6) on conflict (id) do nothing",
    )
    .bind(id)
    .bind(name)
    .bind(note)
    .bind(draft)
    .bind(ctx.now.0)
    .bind(&ctx.actor.name)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Changes name, note and draft; false when `version` is not the present one.
///
/// # Errors
/// When a statement fails.
pub async fn save(
    tx: &mut Tx,
    ctx: &Ctx,
    id: &str,
    version: i64,
    (name, note, draft): (&str, &str, &str),
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update voice_flow set name = $3, note = $4, draft = $5, version = version + 1, updated_at = $6, \
         updated_name = $7 where id = $1 and version = $2",
    )
    .bind(id)
    .bind(version)
    .bind(name)
    .bind(note)
    .bind(draft)
    .bind(ctx.now.0)
    .bind(&ctx.actor.name)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Puts the draft in force as the next version and returns its number; `None` when `version` is
/// not the present one.
///
/// # Errors
/// When a statement fails.
pub async fn publish(
    tx: &mut Tx,
    ctx: &Ctx,
    id: &str,
    version: i64,
    note: &str,
) -> Result<Option<i64>, DbError> {
    let done = sqlx::query(
        "update voice_flow set version = version + 1, updated_at = $3, updated_name = $4, published = \
         1 + (select coalesce(max(no), 0) from voice_flow_version where flow_id = $1) \
         where id = $1 and version = $2",
    )
    .bind(id)
    .bind(version)
    .bind(ctx.now.0)
    .bind(&ctx.actor.name)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Ok(None);
    }
    sqlx::query(
        "insert into voice_flow_version (flow_id, no, graph, note, published_at, published_by, published_name) \
         select id, published, draft, $2, $3, $4, $5 from voice_flow where id = $1",
    )
    .bind(id)
    .bind(note)
    .bind(ctx.now.0)
    .bind(&ctx.actor.id)
    .bind(&ctx.actor.name)
    .execute(tx.conn())
    .await?;
    let no: i64 = sqlx::query_scalar("select published from voice_flow where id = $1")
        .bind(id)
        .fetch_one(tx.conn())
        .await?;
    Ok(Some(no))
}

/// Removes a flow that no number leads to; false when there is none, or a number leads to it.
///
/// # Errors
/// When a statement fails.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<bool, DbError> {
    let done = sqlx::query(
        "delete from voice_flow where id = $1 and not exists (select 1 from voice_flow_number where flow_id = $1)",
    )
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Writes the shipped flows that this house never had, and puts them in force. What an administrator removed
/// stays away.
///
/// # Errors
/// When the database fails.
pub async fn seed(db: &Db, ctx: &Ctx) -> Result<(), DbError> {
    let had: Vec<(String,)> =
        sqlx::query_as("select id from voice_flow_shipped").fetch_all(db.reader()).await?;
    let missing: Vec<_> = SHIPPED.iter().filter(|shipped| had.iter().all(|(id,)| id != shipped.id)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    for shipped in missing {
        sqlx::query("insert into voice_flow_shipped (id) values ($1) on conflict (id) do nothing")
            .bind(shipped.id)
            .execute(tx.conn())
            .await?;
        let graph = serde_json::to_string(&shipped.flow()).unwrap_or_default();
        if insert(&mut tx, ctx, shipped.id, shipped.name, shipped.note, &graph).await? {
            publish(&mut tx, ctx, shipped.id, 1, "随系统提供").await?;
        }
    }
    tx.commit().await
}
