//! Rows of `knowledge_entry`, `knowledge_version` and `knowledge_change`.

use contract::knowledge::EntryId;
use kernel::db::Statement;
use kernel::{Audit, Ctx, Principal, Scope, Tx};
use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use crate::Knowledge;
use crate::entry::Content;
use crate::entry::course::{Course, State, Work};
use crate::error::KnowledgeError;

/// An entry as it is stored.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_entry` under their own names")]
pub struct EntryRow {
    pub id: String,
    pub number: String,
    pub unit_id: String,
    pub unit_path: String,
    pub region: String,
    pub business: String,
    pub kind: String,
    pub title: String,
    pub state: String,
    pub work: String,
    pub published_no: Option<i64>,
    pub work_no: Option<i64>,
    pub last_no: i64,
    pub stage: i64,
    pub stages: i64,
    pub publisher: String,
    pub published_at: Option<i64>,
    pub valid_from: Option<i64>,
    pub expires_at: Option<i64>,
    pub review_due_at: Option<i64>,
    pub public: i64,
    pub views: i64,
    pub last_viewed_at: Option<i64>,
    pub created_at: i64,
    pub created_by: String,
    pub updated_at: i64,
    pub version: i64,
}

pub(crate) const COLUMNS: &str = "e.id, e.number, e.unit_id, e.unit_path, e.region, e.business, e.kind, e.title, e.state, \
     e.work, e.published_no, e.work_no, e.last_no, e.stage, e.stages, e.publisher, e.published_at, e.valid_from, \
     e.expires_at, e.review_due_at, e.public, e.views, e.last_viewed_at, e.created_at, e.created_by, e.updated_at, \
     e.version";

/// A version as it is stored.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_version` under their own names")]
pub struct VersionRow {
    pub entry_id: String,
    pub no: i64,
    pub content: String,
    pub authors: String,
    pub author_name: String,
    pub saved_at: i64,
    pub submitted_at: Option<i64>,
    pub published_at: Option<i64>,
}

impl VersionRow {
    /// Reads what the version says.
    ///
    /// # Errors
    /// When it was stored in another form.
    pub fn content(&self) -> Result<Content, KnowledgeError> {
        Ok(serde_json::from_str(&self.content)?)
    }

    /// Returns everybody who wrote on it.
    #[must_use]
    pub fn authors(&self) -> Vec<String> {
        self.authors.split(' ').filter(|id| !id.is_empty()).map(ToOwned::to_owned).collect()
    }
}

impl EntryRow {
    /// Returns where the entry stands.
    #[must_use]
    pub fn course(&self) -> Course {
        Course {
            state: State::parse(&self.state),
            work: Work::parse(&self.work),
            published_no: self.published_no,
            work_no: self.work_no,
            last_no: self.last_no,
            stage: self.stage,
            stages: self.stages,
        }
    }

    /// Puts the entry where its course says.
    pub(crate) fn follow(&mut self, course: Course) {
        course.state.code().clone_into(&mut self.state);
        course.work.code().clone_into(&mut self.work);
        self.published_no = course.published_no;
        self.work_no = course.work_no;
        self.last_no = course.last_no;
        self.stage = course.stage;
        self.stages = course.stages;
    }

    /// Tells whether staff find it now.
    #[must_use]
    pub fn is_found(&self, now: i64) -> bool {
        self.state == State::Published.code()
            && self.expires_at.is_none_or(|at| now < at)
            && self.valid_from.is_none_or(|at| at <= now)
    }

    /// Tells whether a person has a capability for this entry.
    #[must_use]
    pub fn is_within(&self, by: &Principal, capability: &str) -> bool {
        match by.scope(capability) {
            None => false,
            Some(Scope::All) => true,
            Some(Scope::Subtree) => self.unit_path.starts_with(&by.unit_path),
            Some(Scope::Unit) => self.unit_id == by.unit_id,
            Some(Scope::Own) => self.created_by == by.person_id,
        }
    }

    /// Tells whether a person maintains this entry, in whatever part.
    #[must_use]
    pub fn is_maintained_by(&self, by: &Principal) -> bool {
        self.is_within(by, "knowledge.write") || self.is_within(by, "knowledge.review")
    }
}

/// Narrows a list to what a person maintains: the own unit, units below, or everything.
pub(crate) fn narrow(sql: &mut Statement, by: &Principal, capabilities: &[&str]) {
    let widest = capabilities.iter().filter_map(|capability| by.scope(capability)).max();
    match widest {
        Some(Scope::All) => {}
        Some(Scope::Subtree) => {
            // Not by a range: what lies between two texts depends on the database's collation.
            sql.push(" and substr(e.unit_path, 1, length(").bind(&by.unit_path);
            sql.push(")) = ").bind(&by.unit_path);
        }
        Some(Scope::Unit) => {
            sql.push(" and e.unit_id = ").bind(&by.unit_id);
        }
        Some(Scope::Own) => {
            sql.push(" and e.created_by = ").bind(&by.person_id);
        }
        None => {
            sql.push(" and 1 = 0");
        }
    }
}

pub(crate) async fn find(conn: &mut AnyConnection, id: &str) -> Result<EntryRow, KnowledgeError> {
    let sql = format!("select {COLUMNS} from knowledge_entry e where e.id = $1");
    sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_optional(conn).await?.ok_or(KnowledgeError::NotFound)
}

pub(crate) async fn version(
    conn: &mut AnyConnection,
    entry_id: &str,
    no: i64,
) -> Result<VersionRow, KnowledgeError> {
    sqlx::query_as(
        "select entry_id, no, content, authors, author_name, saved_at, submitted_at, published_at \
         from knowledge_version where entry_id = $1 and no = $2",
    )
    .bind(entry_id)
    .bind(no)
    .fetch_optional(conn)
    .await?
    .ok_or(KnowledgeError::NotFound)
}

/// Takes an entry up to change it: it must be there, be this person's, and be as it was read.
pub(crate) async fn take_up(
    tx: &mut Tx,
    by: &Principal,
    id: &str,
    version: i64,
    capability: &str,
) -> Result<EntryRow, KnowledgeError> {
    let row = find(tx.conn(), id).await?;
    if !row.is_maintained_by(by) && row.state != State::Published.code() {
        return Err(KnowledgeError::NotFound);
    }
    if !row.is_within(by, capability) {
        return Err(KnowledgeError::Forbidden);
    }
    if row.version != version {
        return Err(KnowledgeError::Stale { current: row.version });
    }
    Ok(row)
}

/// Writes an entry that was taken up. Whoever wrote meanwhile wins.
pub(crate) async fn put_down(tx: &mut Tx, row: &mut EntryRow, now: i64) -> Result<(), KnowledgeError> {
    let before = row.version;
    row.version += 1;
    row.updated_at = now;
    let changed = sqlx::query(
        "update knowledge_entry set region = $3, business = $4, kind = $5, title = $6, state = $7, work = $8, \
         published_no = $9, work_no = $10, last_no = $11, stage = $12, stages = $13, publisher = $14, \
         published_at = $15, valid_from = $16, expires_at = $17, review_due_at = $18, public = $19, updated_at = $20, \
         version = $21 where id = $1 and version = $2",
    )
    .bind(&row.id)
    .bind(before)
    .bind(&row.region)
    .bind(&row.business)
    .bind(&row.kind)
    .bind(&row.title)
    .bind(&row.state)
    .bind(&row.work)
    .bind(row.published_no)
    .bind(row.work_no)
    .bind(row.last_no)
    .bind(row.stage)
    .bind(row.stages)
    .bind(&row.publisher)
    .bind(row.published_at)
    .bind(row.valid_from)
    .bind(row.expires_at)
    .bind(row.review_due_at)
    .bind(row.public)
    .bind(row.updated_at)
    .bind(row.version)
    .execute(tx.conn())
    .await?
    .rows_affected();
    if changed == 1 { Ok(()) } else { Err(KnowledgeError::Stale { current: row.version }) }
}

/// Writes what was done into the entry's change log and the audit log.
pub(crate) fn record(tx: &mut Tx, ctx: &Ctx, row: &EntryRow, action: &'static str, note: &str) {
    tx.insert(
        "knowledge_change (id, entry_id, at, person_id, person_name, action, note)",
        [
            kernel::id::new_id().into(),
            (&row.id).into(),
            ctx.now.0.into(),
            (&ctx.actor.id).into(),
            (&ctx.actor.name).into(),
            action.into(),
            note.into(),
        ],
    );
    tx.audit(
        ctx,
        Audit::new("knowledge.change", "knowledge_entry", &row.id).detail(json!({
            "number": row.number, "what": action, "state": row.state, "work": row.work, "version": row.last_no,
        })),
    );
}

impl Knowledge {
    /// Finds an entry as a maintainer sees it.
    ///
    /// # Errors
    /// [`KnowledgeError::NotFound`] also when it is not this person's.
    pub async fn maintained(&self, by: &Principal, id: &EntryId) -> Result<EntryRow, KnowledgeError> {
        let row = find(&mut *self.kit().db.reader().acquire().await?, id.as_str()).await?;
        if row.is_maintained_by(by) { Ok(row) } else { Err(KnowledgeError::NotFound) }
    }
}
