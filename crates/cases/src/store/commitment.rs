//! Rows of `cases_commitment`.

use contract::cases::{PublicCommitment, PublicCommitmentFilter};
use contract::identity::UnitBrief;
use kernel::db::Statement;
use kernel::{Audit, Ctx, Cursor, Page, Principal, Scope};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

use super::list::plain;
use crate::Cases;
use crate::case::commitment::{CommitmentState, CommitmentText};
use crate::error::CaseError;

/// Rows of a page on the portal.
const PAGE: usize = 20;
/// So many fit into one export.
pub const EXPORT_MAX: usize = 10_000;

/// A promise as its writers and editors see it.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_commitment` under their own names")]
pub struct Commitment {
    pub id: String,
    pub unit_id: String,
    pub unit_path: String,
    pub service: String,
    pub audience: String,
    pub content: String,
    pub standard: String,
    pub process: String,
    pub time_limit: String,
    pub basis: String,
    pub contact: String,
    pub state: String,
    pub note: Option<String>,
    pub published: Option<String>,
    pub published_at: Option<i64>,
    pub published_by: Option<String>,
    pub updated_by: String,
    pub updated_at: i64,
    pub version: i64,
}

const SELECT: &str = "select id, unit_id, unit_path, service, audience, content, standard, process, time_limit, \
     basis, contact, state, note, published, published_at, published_by, updated_by, updated_at, version \
     from cases_commitment where ";

/// What narrows the list.
#[derive(Clone, Debug, Default)]
pub struct CommitmentFilter {
    /// A part of the service or its content.
    pub text: Option<String>,
    /// Where it stands.
    pub state: Option<CommitmentState>,
    /// The unit or one below, by path.
    pub unit_path: Option<String>,
    /// From here on.
    pub cursor: Option<String>,
}

/// What a change does to the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitmentStep {
    /// It is handed in.
    HandIn,
    /// It is published.
    Publish,
    /// It is sent back with a note.
    SendBack,
    /// It is no longer shown.
    Withdraw,
}

impl Commitment {
    /// Returns the words as they are being written.
    #[must_use]
    pub fn text(&self) -> CommitmentText {
        CommitmentText {
            service: self.service.clone(),
            audience: self.audience.clone(),
            content: self.content.clone(),
            standard: self.standard.clone(),
            process: self.process.clone(),
            time_limit: self.time_limit.clone(),
            basis: self.basis.clone(),
            contact: self.contact.clone(),
        }
    }
}

/// Returns how far somebody reads promises: who writes them, and who publishes.
pub(crate) fn reach(by: &Principal) -> Option<Scope> {
    by.scope("commitment.write").max(by.scope("publication.write"))
}

fn push_reach(sql: &mut Statement, by: &Principal, reach: Option<Scope>) {
    match reach {
        Some(Scope::All) => sql.push("1 = 1"),
        Some(Scope::Subtree) => {
            sql.push("substr(unit_path, 1, length(").bind(&by.unit_path).push(")) = ").bind(&by.unit_path)
        }
        Some(Scope::Unit | Scope::Own) => sql.push("unit_id = ").bind(&by.unit_id),
        None => sql.push("1 = 0"),
    };
}

fn gone() -> CaseError {
    CaseError::Refused {
        code: "commitment.wrong_state",
        zh: "该承诺当前状态不能这样操作，请刷新后查看。".to_owned(),
        en: "This does not fit the promise's present state; please reload.".to_owned(),
    }
}

fn taken() -> CaseError {
    let mut check = crate::error::Check::default();
    check.refuse(
        "service",
        "taken",
        "本单位已有同名服务事项。",
        "The unit has a service of this name already.",
    );
    check.done().expect_err("it was just refused")
}

impl Cases {
    /// Lists promises within the reader's scope, changed last first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn commitments(
        &self,
        by: &Principal,
        filter: &CommitmentFilter,
        limit: usize,
    ) -> Result<Page<Commitment>, CaseError> {
        let mut sql = Statement::new(SELECT);
        push_reach(&mut sql, by, reach(by));
        if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            let pattern = format!("%{}%", plain(text));
            sql.push(" and (service like ").bind(pattern.clone()).push(" escape '\\' or content like ");
            sql.bind(pattern).push(" escape '\\')");
        }
        if let Some(state) = filter.state {
            sql.push(" and state = ").bind(state.code());
        }
        if let Some(path) = &filter.unit_path {
            sql.push(" and substr(unit_path, 1, length(").bind(path).push(")) = ").bind(path);
        }
        if let Some(keys) = filter.cursor.as_deref().and_then(|word| Cursor::decode(word, 2)) {
            let at = keys[0].parse::<i64>().unwrap_or_default();
            sql.push(" and (updated_at < ").bind(at).push(" or (updated_at = ").bind(at);
            sql.push(" and id < ").bind(keys[1].clone()).push("))");
        }
        sql.push(" order by updated_at desc, id desc limit ");
        sql.bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let rows = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(Page::cut(rows, limit, |row: &Commitment| {
            Cursor::encode(&[row.updated_at.to_string(), row.id.clone()])
        }))
    }

    /// Finds a promise that somebody with `capability` may change, at the version that they saw.
    async fn commitment_at(
        &self,
        conn: &mut AnyConnection,
        by: &Principal,
        capability: &str,
        id: &str,
        version: i64,
    ) -> Result<Commitment, CaseError> {
        let mut sql = Statement::new(SELECT);
        push_reach(&mut sql, by, by.scope(capability));
        sql.push(" and id = ").bind(id);
        let found: Option<Commitment> = sql.query_as().fetch_optional(conn).await?;
        let found = found.ok_or(CaseError::NotFound)?;
        if found.version != version {
            return Err(CaseError::Stale { current: found.version });
        }
        Ok(found)
    }

    /// Writes a new promise of a unit. Returns its id.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] field by field, or when the unit has one of this name.
    pub async fn add_commitment(
        &self,
        ctx: &Ctx,
        unit: &UnitBrief,
        text: &CommitmentText,
    ) -> Result<String, CaseError> {
        text.check()?;
        let id = kernel::id::new_id();
        let mut tx = self.kit().db.begin().await?;
        let text = text.trimmed();
        let written = sqlx::query(
            "insert into cases_commitment (id, unit_id, unit_path, service, audience, content, standard, process, \
             time_limit, basis, contact, state, updated_by, created_at, updated_at, version) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'draft', $12, $13, $13, 1) \
             on conflict (unit_id, service) do nothing",
        )
        .bind(&id)
        .bind(unit.id.as_str())
        .bind(&unit.path)
        .bind(&text.service)
        .bind(&text.audience)
        .bind(&text.content)
        .bind(&text.standard)
        .bind(&text.process)
        .bind(&text.time_limit)
        .bind(&text.basis)
        .bind(&text.contact)
        .bind(&ctx.actor.name)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        if written.rows_affected() == 0 {
            return Err(taken());
        }
        tx.audit(
            ctx,
            Audit::new("commitment.add", "commitment", id.clone())
                .detail(json!({"unit_id": unit.id, "service": text.service})),
        );
        tx.commit().await?;
        Ok(id)
    }

    /// Changes the words of a promise; what everybody reads stays until it is published again.
    ///
    /// # Errors
    /// [`CaseError::Invalid`], [`CaseError::Stale`].
    pub async fn change_commitment(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        version: i64,
        text: &CommitmentText,
    ) -> Result<(), CaseError> {
        text.check()?;
        let mut tx = self.kit().db.begin().await?;
        let found = self.commitment_at(tx.conn(), by, "commitment.write", id, version).await?;
        let text = text.trimmed();
        let changed = sqlx::query(
            "update cases_commitment set service = $3, audience = $4, content = $5, standard = $6, process = $7, \
             time_limit = $8, basis = $9, contact = $10, state = 'draft', updated_by = $11, updated_at = $12, \
             version = version + 1 where id = $1 and version = $2",
        )
        .bind(id)
        .bind(version)
        .bind(&text.service)
        .bind(&text.audience)
        .bind(&text.content)
        .bind(&text.standard)
        .bind(&text.process)
        .bind(&text.time_limit)
        .bind(&text.basis)
        .bind(&text.contact)
        .bind(&ctx.actor.name)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await
        .map_err(kernel::DbError::from);
        let changed = match changed {
            Err(error) if error.is_unique_violation() => return Err(taken()),
            other => other?,
        };
        if changed.rows_affected() == 0 {
            return Err(CaseError::Stale { current: version + 1 });
        }
        tx.audit(
            ctx,
            Audit::new("commitment.change", "commitment", id)
                .detail(json!({"service": text.service, "from": found.text(), "to": text})),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Hands a promise in, publishes it, sends it back, or takes it from everybody's sight.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] when a promise to be published is not whole; [`CaseError::Stale`];
    /// `commitment.wrong_state`.
    pub async fn move_commitment(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        version: i64,
        step: CommitmentStep,
        note: &str,
    ) -> Result<(), CaseError> {
        use CommitmentState as State;
        let capability =
            if step == CommitmentStep::HandIn { "commitment.write" } else { "publication.write" };
        let mut tx = self.kit().db.begin().await?;
        let found = self.commitment_at(tx.conn(), by, capability, id, version).await?;
        let state = State::parse(&found.state).unwrap_or(State::Draft);
        let mut check = crate::error::Check::default();
        let (fits, to, action) = match step {
            CommitmentStep::HandIn => {
                found.text().check_whole()?;
                let fits = matches!(state, State::Draft | State::Returned | State::Withdrawn);
                (fits, State::Waiting, "commitment.hand_in")
            }
            CommitmentStep::Publish => {
                found.text().check_whole()?;
                (state == State::Waiting, State::Published, "commitment.publish")
            }
            CommitmentStep::SendBack => {
                check.text("note", note, 500);
                (state == State::Waiting, State::Returned, "commitment.send_back")
            }
            CommitmentStep::Withdraw => {
                (found.published_at.is_some(), State::Withdrawn, "commitment.withdraw")
            }
        };
        check.done()?;
        if !fits {
            return Err(gone());
        }
        let mut sql = Statement::new("update cases_commitment set state = ");
        sql.bind(to.code()).push(", note = ").bind(Some(note.trim()).filter(|note| !note.is_empty()));
        match step {
            CommitmentStep::Publish => {
                let unit = self.unit_name(&found.unit_id).await?.unwrap_or_default();
                let text = found.text();
                let searched =
                    [&unit, &text.service, &text.audience, &text.content, &text.standard, &text.basis]
                        .map(|part| part.to_lowercase())
                        .join("\n");
                sql.push(", published = ").bind(json!(text).to_string());
                sql.push(", published_text = ").bind(searched);
                sql.push(", published_at = ").bind(ctx.now.0).push(", published_by = ").bind(&ctx.actor.name);
            }
            CommitmentStep::Withdraw => {
                sql.push(
                    ", published = null, published_text = null, published_at = null, published_by = null",
                );
            }
            CommitmentStep::HandIn | CommitmentStep::SendBack => {}
        }
        sql.push(", updated_by = ").bind(&ctx.actor.name).push(", updated_at = ").bind(ctx.now.0);
        sql.push(", version = version + 1 where id = ").bind(id).push(" and version = ").bind(version);
        if sql.query().execute(tx.conn()).await?.rows_affected() == 0 {
            return Err(CaseError::Stale { current: version + 1 });
        }
        tx.audit(
            ctx,
            Audit::new(action, "commitment", id)
                .detail(json!({"service": found.service, "note": note.trim()})),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a promise that nobody reads.
    ///
    /// # Errors
    /// [`CaseError::Stale`]; `commitment.wrong_state` while it is published.
    pub async fn delete_commitment(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        version: i64,
    ) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let found = self.commitment_at(tx.conn(), by, "commitment.write", id, version).await?;
        if found.published_at.is_some() {
            return Err(gone());
        }
        sqlx::query("delete from cases_commitment where id = $1").bind(id).execute(tx.conn()).await?;
        tx.audit(
            ctx,
            Audit::new("commitment.delete", "commitment", id)
                .detail(json!({"unit_id": found.unit_id, "text": found.text()})),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Finds a unit's promise by its service: id, version and words.
    pub(crate) async fn commitment_of(
        &self,
        unit_id: &str,
        service: &str,
    ) -> Result<Option<Commitment>, CaseError> {
        let mut sql = Statement::new(SELECT);
        sql.push("unit_id = ").bind(unit_id).push(" and service = ").bind(service.trim());
        Ok(sql.query_as().fetch_optional(self.kit().db.reader()).await?)
    }

    /// Lists what everybody may read, published last first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn public_commitments(
        &self,
        filter: &PublicCommitmentFilter,
    ) -> Result<Page<PublicCommitment>, CaseError> {
        let mut sql = Statement::new(SELECT);
        sql.push("published_at is not null");
        for word in filter.q.to_lowercase().split_whitespace().take(5) {
            sql.push(" and published_text like ").bind(format!("%{}%", plain(word))).push(" escape '\\'");
        }
        if let Some(keys) = filter.cursor.as_deref().and_then(|cursor| Cursor::decode(cursor, 2)) {
            let at = keys[0].parse::<i64>().unwrap_or_default();
            sql.push(" and (published_at < ").bind(at).push(" or (published_at = ").bind(at);
            sql.push(" and id < ").bind(keys[1].clone()).push("))");
        }
        sql.push(" order by published_at desc, id desc limit ").bind(i64::try_from(PAGE).unwrap_or(20) + 1);
        let rows: Vec<Commitment> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        let page = Page::cut(rows, PAGE, |row| {
            Cursor::encode(&[row.published_at.unwrap_or_default().to_string(), row.id.clone()])
        });
        let mut items = Vec::with_capacity(page.items.len());
        for row in page.items {
            let text: CommitmentText =
                serde_json::from_str(row.published.as_deref().unwrap_or("{}")).unwrap_or_default();
            items.push(PublicCommitment {
                id: row.id,
                unit: self.unit_name(&row.unit_id).await?.unwrap_or_default(),
                service: text.service,
                audience: text.audience,
                content: text.content,
                standard: text.standard,
                process: text.process,
                time_limit: text.time_limit,
                basis: text.basis,
                contact: text.contact,
                published_at: row.published_at.unwrap_or_default(),
            });
        }
        Ok(Page { items, next_cursor: page.next_cursor, total: None })
    }
}
