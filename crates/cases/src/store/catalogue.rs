//! Rows of `cases_catalogue` and `cases_catalogue_row`: versions of the dispatch catalogue. A version is
//! written as a draft, tried on past orders, and published; from then on it does not change.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::db::Statement;
use kernel::{Audit, Ctx};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

use crate::Cases;
use crate::case::catalogue::{Catalogue, Row};
use crate::error::{CaseError, Check};

/// So many rows one version may have.
pub const ROWS_MAX: usize = 20_000;

/// A version.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_catalogue` under their own names")]
pub struct CatalogueVersion {
    pub id: String,
    pub version: i64,
    /// `draft`, `published`, `retired`.
    pub state: String,
    pub note: String,
    pub made_at: i64,
    pub made_by: String,
    pub changed_at: i64,
    pub trial_at: Option<i64>,
    pub trial: Option<String>,
    pub published_at: Option<i64>,
    pub published_by: Option<String>,
    pub rows: i64,
}

impl CatalogueVersion {
    /// Tells whether the rows were tried as they are now.
    #[must_use]
    pub fn is_tried(&self) -> bool {
        self.trial_at.is_some_and(|at| at >= self.changed_at)
    }
}

#[derive(FromRow)]
struct RowRow {
    id: String,
    code: String,
    item: String,
    category_code: Option<String>,
    keywords: String,
    unit_code: Option<String>,
    co_unit_codes: String,
    regions: String,
    tier: Option<String>,
    basis: String,
    automatic: i64,
    active: i64,
    version: i64,
}

impl TryFrom<RowRow> for Row {
    type Error = CaseError;

    fn try_from(row: RowRow) -> Result<Self, CaseError> {
        let stored =
            |error: serde_json::Error| CaseError::Stored { what: "catalogue row", reason: error.to_string() };
        Ok(Self {
            keywords: serde_json::from_str(&row.keywords).map_err(stored)?,
            co_unit_codes: serde_json::from_str(&row.co_unit_codes).map_err(stored)?,
            regions: serde_json::from_str(&row.regions).map_err(stored)?,
            id: row.id,
            code: row.code,
            item: row.item,
            category_code: row.category_code,
            unit_code: row.unit_code,
            tier: row.tier,
            basis: row.basis,
            automatic: row.automatic != 0,
            active: row.active != 0,
            version: row.version,
        })
    }
}

const VERSIONS: &str = "select c.id, c.version, c.state, c.note, c.made_at, c.made_by, c.changed_at, c.trial_at, \
    c.trial, c.published_at, c.published_by, \
    (select count(*) from cases_catalogue_row r where r.catalogue_id = c.id) as rows from cases_catalogue c ";

/// How lines of a file meet the rows that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Rows of the same code are replaced, the others stay.
    Update,
    /// Whatever the file does not have goes.
    Replace,
}

impl Cases {
    /// Returns all versions, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn catalogues(&self) -> Result<Vec<CatalogueVersion>, CaseError> {
        let sql = format!("{VERSIONS} order by c.version desc");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(self.kit().db.reader()).await?)
    }

    /// Finds a version.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn catalogue_version(&self, id: &str) -> Result<CatalogueVersion, CaseError> {
        let sql = format!("{VERSIONS} where c.id = $1");
        let found: Option<CatalogueVersion> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(self.kit().db.reader()).await?;
        found.ok_or(CaseError::NotFound)
    }

    /// Returns the rows of a version, by code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn catalogue_rows(&self, id: &str) -> Result<Vec<Row>, CaseError> {
        let rows: Vec<RowRow> = sqlx::query_as(
            "select id, code, item, category_code, keywords, unit_code, co_unit_codes, regions, tier, basis, \
             automatic, active, version from cases_catalogue_row where catalogue_id = $1 order by code",
        )
        .bind(id)
        .fetch_all(self.kit().db.reader())
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Reads the published version into memory.
    pub(crate) async fn reload_catalogue(&self) -> Result<(), CaseError> {
        let published: Option<(String, i64)> = sqlx::query_as(
            "select id, version from cases_catalogue where state = 'published' order by version desc limit 1",
        )
        .fetch_optional(self.kit().db.reader())
        .await?;
        let catalogue = match published {
            None => None,
            Some((id, version)) => {
                let rows = self.catalogue_rows(&id).await?;
                Some(Arc::new(Catalogue::new(id, version, rows)))
            }
        };
        self.set_catalogue(catalogue);
        Ok(())
    }

    /// Begins a draft, empty or with the rows of another version.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] for the other version, [`CaseError::Invalid`] for a long note.
    pub async fn draft_catalogue(
        &self,
        ctx: &Ctx,
        from: Option<&str>,
        note: &str,
    ) -> Result<String, CaseError> {
        let mut check = Check::default();
        check.optional("note", note, 200);
        check.done()?;
        let rows = match from {
            None => Vec::new(),
            Some(from) => {
                self.catalogue_version(from).await?;
                self.catalogue_rows(from).await?
            }
        };
        let id = kernel::id::new_id();
        let mut tx = self.kit().db.begin().await?;
        let (newest,): (i64,) =
            sqlx::query_as("select cast(coalesce(max(version), 0) as bigint) from cases_catalogue")
                .fetch_one(tx.conn())
                .await?;
        sqlx::query(
            "insert into cases_catalogue (id, version, state, note, made_at, made_by, changed_at) \
             values ($1, $2, 'draft', $3, $4, $5, $6)",
        )
        .bind(&id)
        .bind(newest + 1)
        .bind(note.trim())
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        insert_rows(tx.conn(), &id, &rows).await?;
        tx.audit(ctx, Audit::new("catalogue.draft", "catalogue", &id).detail(json!({ "from": from })));
        tx.commit().await?;
        Ok(id)
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// [`CaseError::NotFound`], or [`CaseError::Published`].
    pub async fn drop_catalogue(&self, ctx: &Ctx, id: &str) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        expect_draft(tx.conn(), id).await?;
        sqlx::query("delete from cases_catalogue_row where catalogue_id = $1")
            .bind(id)
            .execute(tx.conn())
            .await?;
        sqlx::query("delete from cases_catalogue where id = $1").bind(id).execute(tx.conn()).await?;
        tx.audit(ctx, Audit::new("catalogue.drop", "catalogue", id));
        Ok(tx.commit().await?)
    }

    /// Writes a row of a draft: a new one when it has no id.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] field by field, [`CaseError::Stale`], [`CaseError::Published`].
    pub async fn write_catalogue_row(&self, ctx: &Ctx, id: &str, mut row: Row) -> Result<Row, CaseError> {
        let mut check = Check::default();
        self.check_row(&mut check, &row).await?;
        check.done()?;
        let mut tx = self.kit().db.begin().await?;
        expect_draft(tx.conn(), id).await?;
        let taken: Option<(String,)> =
            sqlx::query_as("select id from cases_catalogue_row where catalogue_id = $1 and code = $2")
                .bind(id)
                .bind(&row.code)
                .fetch_optional(tx.conn())
                .await?;
        if taken.is_some_and(|(other,)| other != row.id) {
            let mut check = Check::default();
            check.refuse("code", "taken", "编号已被使用。", "This code is taken.");
            check.done()?;
        }
        if row.id.is_empty() {
            let (rows,): (i64,) =
                sqlx::query_as("select count(*) from cases_catalogue_row where catalogue_id = $1")
                    .bind(id)
                    .fetch_one(tx.conn())
                    .await?;
            if usize::try_from(rows).unwrap_or(usize::MAX) >= ROWS_MAX {
                return Err(CaseError::TooManyRows { rows: rows + 1, most: ROWS_MAX as i64 });
            }
            insert_rows(tx.conn(), id, std::slice::from_ref(&row)).await?;
        } else {
            let changed = update_row(tx.conn(), id, &row).await?;
            if !changed {
                let current: Option<(i64,)> = sqlx::query_as(
                    "select version from cases_catalogue_row where id = $1 and catalogue_id = $2",
                )
                .bind(&row.id)
                .bind(id)
                .fetch_optional(tx.conn())
                .await?;
                return Err(current.map_or(CaseError::NotFound, |(current,)| CaseError::Stale { current }));
            }
        }
        touch(tx.conn(), ctx, id).await?;
        let stored: RowRow = sqlx::query_as(
            "select id, code, item, category_code, keywords, unit_code, co_unit_codes, regions, tier, basis, \
             automatic, active, version from cases_catalogue_row where catalogue_id = $1 and code = $2",
        )
        .bind(id)
        .bind(&row.code)
        .fetch_one(tx.conn())
        .await?;
        row = stored.try_into()?;
        tx.audit(
            ctx,
            Audit::new("catalogue.write_row", "catalogue", id)
                .detail(json!({ "code": row.code, "item": row.item })),
        );
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a row out of a draft.
    ///
    /// # Errors
    /// [`CaseError::NotFound`], or [`CaseError::Published`].
    pub async fn drop_catalogue_row(&self, ctx: &Ctx, id: &str, row_id: &str) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        expect_draft(tx.conn(), id).await?;
        let gone = sqlx::query("delete from cases_catalogue_row where catalogue_id = $1 and id = $2")
            .bind(id)
            .bind(row_id)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(CaseError::NotFound);
        }
        touch(tx.conn(), ctx, id).await?;
        tx.audit(ctx, Audit::new("catalogue.drop_row", "catalogue", id).detail(json!({ "row": row_id })));
        Ok(tx.commit().await?)
    }

    /// Checks a row also against units and categories.
    ///
    /// # Errors
    /// When the directory fails.
    pub async fn check_row(&self, check: &mut Check, row: &Row) -> Result<(), CaseError> {
        row.check(check);
        if let Some(code) = &row.category_code
            && self.categories().by_code(code).is_none()
        {
            check.refuse(
                "category_code",
                "unknown",
                format!("没有编码为“{code}”的事项分类。"),
                format!("There is no category “{code}”."),
            );
        }
        let units = row
            .unit_code
            .iter()
            .map(|code| ("unit_code", code))
            .chain(row.co_unit_codes.iter().map(|code| ("co_unit_codes", code)))
            .chain(row.regions.iter().map(|(_, code)| ("regions", code)));
        for (field, code) in units {
            let unit = self.ports().directory.unit_by_code(code).await.map_err(CaseError::Port)?;
            match unit {
                Some(unit) if unit.active => {}
                Some(unit) => check.refuse(
                    field,
                    "inactive",
                    format!("单位“{}”已停用。", unit.name),
                    format!("The unit “{}” no longer takes orders.", unit.name),
                ),
                None => check.refuse(
                    field,
                    "unknown",
                    format!("没有编码为“{code}”的单位。"),
                    format!("There is no unit “{code}”."),
                ),
            }
        }
        Ok(())
    }

    /// Lays rows over those of a draft. The rows were checked.
    ///
    /// # Errors
    /// [`CaseError::Published`], or [`CaseError::TooManyRows`].
    pub async fn merge_catalogue(
        &self,
        ctx: &Ctx,
        id: &str,
        rows: &[Row],
        merge: Merge,
    ) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        expect_draft(tx.conn(), id).await?;
        if merge == Merge::Replace {
            sqlx::query("delete from cases_catalogue_row where catalogue_id = $1")
                .bind(id)
                .execute(tx.conn())
                .await?;
        } else {
            for chunk in rows.chunks(200) {
                let mut sql = Statement::new("delete from cases_catalogue_row where catalogue_id = ");
                sql.bind(id).push(" and code in (").bind_all(chunk.iter().map(|row| &row.code)).push(")");
                sql.query().execute(tx.conn()).await?;
            }
        }
        insert_rows(tx.conn(), id, rows).await?;
        let (now,): (i64,) =
            sqlx::query_as("select count(*) from cases_catalogue_row where catalogue_id = $1")
                .bind(id)
                .fetch_one(tx.conn())
                .await?;
        if usize::try_from(now).unwrap_or(usize::MAX) > ROWS_MAX {
            return Err(CaseError::TooManyRows { rows: now, most: ROWS_MAX as i64 });
        }
        touch(tx.conn(), ctx, id).await?;
        tx.audit(ctx, Audit::new("catalogue.import", "catalogue", id).detail(json!({ "rows": rows.len() })));
        Ok(tx.commit().await?)
    }

    /// Publishes a draft that was tried as it is; the version before retires.
    ///
    /// # Errors
    /// [`CaseError::Published`], [`CaseError::NotTried`], or [`CaseError::Invalid`] without rows.
    pub async fn publish_catalogue(&self, ctx: &Ctx, id: &str) -> Result<(), CaseError> {
        let version = self.catalogue_version(id).await?;
        if version.rows == 0 {
            let mut check = Check::default();
            check.refuse("rows", "required", "目录还没有内容，不能发布。", "There are no rows to publish.");
            check.done()?;
        }
        if version.state == "draft" && !version.is_tried() {
            return Err(CaseError::NotTried);
        }
        let mut tx = self.kit().db.begin().await?;
        expect_draft(tx.conn(), id).await?;
        sqlx::query("update cases_catalogue set state = 'retired' where state = 'published'")
            .execute(tx.conn())
            .await?;
        sqlx::query(
            "update cases_catalogue set state = 'published', published_at = $2, published_by = $3 where id = $1",
        )
        .bind(id)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("catalogue.publish", "catalogue", id).detail(json!({ "version": version.version })),
        );
        tx.commit().await?;
        self.reload_catalogue().await
    }

    /// Keeps what a trial found, unless rows changed meanwhile.
    pub(crate) async fn keep_trial(
        &self,
        ctx: &Ctx,
        id: &str,
        changed_at: i64,
        result: &serde_json::Value,
    ) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        sqlx::query("update cases_catalogue set trial_at = $2, trial = $3 where id = $1 and changed_at = $4")
            .bind(id)
            .bind(ctx.now.0)
            .bind(result.to_string())
            .bind(changed_at)
            .execute(tx.conn())
            .await?;
        tx.audit(ctx, Audit::new("catalogue.trial", "catalogue", id));
        Ok(tx.commit().await?)
    }

    /// Returns the names of units by code, as far as they exist.
    pub(crate) async fn unit_names_by_code(
        &self,
        codes: &[String],
    ) -> Result<HashMap<String, String>, CaseError> {
        let mut names = HashMap::new();
        for code in codes {
            if !names.contains_key(code)
                && let Some(unit) =
                    self.ports().directory.unit_by_code(code).await.map_err(CaseError::Port)?
            {
                names.insert(code.clone(), unit.name);
            }
        }
        Ok(names)
    }
}

async fn expect_draft(conn: &mut AnyConnection, id: &str) -> Result<(), CaseError> {
    let state: Option<(String,)> = sqlx::query_as("select state from cases_catalogue where id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    match state.as_ref().map(|(state,)| state.as_str()) {
        Some("draft") => Ok(()),
        Some(_) => Err(CaseError::Published),
        None => Err(CaseError::NotFound),
    }
}

/// Notes that rows changed: what was tried before no longer counts, even within one millisecond.
pub(super) async fn touch(conn: &mut AnyConnection, ctx: &Ctx, id: &str) -> Result<(), CaseError> {
    sqlx::query("update cases_catalogue set changed_at = $2, trial_at = null where id = $1")
        .bind(id)
        .bind(ctx.now.0)
        .execute(conn)
        .await?;
    Ok(())
}

fn list(items: &impl serde::Serialize) -> String {
    serde_json::to_string(items).expect("a list of texts is plain data")
}

pub(super) async fn insert_rows(conn: &mut AnyConnection, id: &str, rows: &[Row]) -> Result<(), CaseError> {
    for chunk in rows.chunks(50) {
        let mut sql = Statement::new(
            "insert into cases_catalogue_row (id, catalogue_id, code, item, category_code, keywords, unit_code, \
             co_unit_codes, regions, tier, basis, automatic, active, version) values ",
        );
        for row in chunk {
            sql.bind_row([
                kernel::id::new_id().into(),
                id.into(),
                row.code.trim().into(),
                row.item.trim().into(),
                row.category_code.clone().into(),
                list(&row.keywords).into(),
                row.unit_code.clone().into(),
                list(&row.co_unit_codes).into(),
                list(&row.regions).into(),
                row.tier.clone().into(),
                row.basis.trim().into(),
                row.automatic.into(),
                row.active.into(),
                1_i64.into(),
            ]);
        }
        sql.query().execute(&mut *conn).await?;
    }
    Ok(())
}

pub(super) async fn update_row(conn: &mut AnyConnection, id: &str, row: &Row) -> Result<bool, CaseError> {
    let changed = sqlx::query(
        "update cases_catalogue_row set code = $4, item = $5, category_code = $6, keywords = $7, unit_code = $8, \
         co_unit_codes = $9, regions = $10, tier = $11, basis = $12, automatic = $13, active = $14, \
         version = version + 1 where id = $1 and catalogue_id = $2 and version = $3",
    )
    .bind(&row.id)
    .bind(id)
    .bind(row.version)
    .bind(row.code.trim())
    .bind(row.item.trim())
    .bind(row.category_code.as_ref())
    .bind(list(&row.keywords))
    .bind(row.unit_code.as_ref())
    .bind(list(&row.co_unit_codes))
    .bind(list(&row.regions))
    .bind(row.tier.as_ref())
    .bind(row.basis.trim())
    .bind(i64::from(row.automatic))
    .bind(i64::from(row.active))
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() == 1)
}
