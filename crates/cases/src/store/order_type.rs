//! Rows of `cases_order_type`.

use std::sync::Arc;

use kernel::{Audit, Ctx};
use serde_json::json;
use sqlx::FromRow;

use crate::Cases;
use crate::case::Kind;
use crate::case::order_type::{OrderType, OrderTypeDraft};
use crate::error::{CaseError, Check};

/// The most order types.
const TYPES_MAX: i64 = 500;

#[derive(FromRow)]
struct Row {
    id: String,
    zh: String,
    en: String,
    kind: String,
    category_id: Option<String>,
    form_name: Option<String>,
    flow_name: Option<String>,
    for_citizens: i64,
    active: i64,
    ordinal: i64,
    templates: String,
    version: i64,
    updated_at: i64,
    updated_by: String,
}

impl TryFrom<Row> for OrderType {
    type Error = CaseError;

    fn try_from(row: Row) -> Result<Self, CaseError> {
        Ok(Self {
            draft: OrderTypeDraft {
                kind: super::case::word("type", &row.kind, Kind::parse)?,
                templates: serde_json::from_str(&row.templates)
                    .map_err(|error| CaseError::Stored { what: "templates", reason: error.to_string() })?,
                zh: row.zh,
                en: row.en,
                category_id: row.category_id,
                form_name: row.form_name,
                flow_name: row.flow_name,
                for_citizens: row.for_citizens != 0,
                active: row.active != 0,
                ordinal: row.ordinal,
            },
            id: row.id,
            version: row.version,
            updated_at: row.updated_at,
            updated_by: row.updated_by,
        })
    }
}

impl Cases {
    /// Returns all order types, in their order.
    #[must_use]
    pub fn order_types(&self) -> Arc<Vec<OrderType>> {
        self.shelf().types.clone()
    }

    pub(super) async fn read_order_types(&self) -> Result<Vec<OrderType>, CaseError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select id, zh, en, type as kind, category_id, form_name, flow_name, for_citizens, active, ordinal, \
             templates, version, updated_at, updated_by from cases_order_type order by ordinal, zh, id",
        )
        .fetch_all(self.kit().db.reader())
        .await?;
        rows.into_iter().map(OrderType::try_from).collect()
    }

    fn check_order_type(&self, draft: &OrderTypeDraft) -> Result<(), CaseError> {
        let mut check = Check::default();
        draft.check(&mut check)?;
        if let Some(category) = &draft.category_id {
            self.check_category(&mut check, category);
        }
        if draft.form_name.as_deref().is_some_and(|name| self.active_form(name).is_none()) {
            check.refuse(
                "form_name",
                "unknown",
                "没有已发布的此表单。",
                "No form of this name is published.",
            );
        }
        if draft.flow_name.as_deref().is_some_and(|name| !self.has_active_flow(name)) {
            check.refuse("flow_name", "unknown", "没有这个流程。", "There is no such flow.");
        }
        check.done()
    }

    /// Makes an order type. Returns its id.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] field by field.
    pub async fn add_order_type(&self, ctx: &Ctx, draft: &OrderTypeDraft) -> Result<String, CaseError> {
        self.check_order_type(draft)?;
        let id = kernel::id::new_id();
        let mut tx = self.kit().db.begin().await?;
        let count: i64 =
            sqlx::query_scalar("select count(*) from cases_order_type").fetch_one(tx.conn()).await?;
        if count >= TYPES_MAX {
            return Err(CaseError::refused(
                "order_type.too_many",
                format!("最多{TYPES_MAX}个业务类型。"),
                format!("At most {TYPES_MAX} order types."),
            ));
        }
        sqlx::query(
            "insert into cases_order_type (id, zh, en, type, category_id, form_name, flow_name, for_citizens, active, \
             ordinal, templates, version, updated_at, updated_by) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13)",
        )
        .bind(&id)
        .bind(draft.zh.trim())
        .bind(draft.en.trim())
        .bind(draft.kind.code())
        .bind(draft.category_id.as_ref())
        .bind(draft.form_name.as_ref())
        .bind(draft.flow_name.as_ref())
        .bind(i64::from(draft.for_citizens))
        .bind(i64::from(draft.active))
        .bind(draft.ordinal)
        .bind(json!(draft.templates).to_string())
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        tx.audit(ctx, Audit::new("order_type.add", "order_type", &id).detail(json!({ "zh": draft.zh })));
        tx.commit().await?;
        self.reload_forms().await?;
        Ok(id)
    }

    /// Changes an order type. Orders that were written keep their form and flow.
    ///
    /// # Errors
    /// [`CaseError::NotFound`]; [`CaseError::Stale`] when somebody else changed it; [`CaseError::Invalid`].
    pub async fn change_order_type(
        &self,
        ctx: &Ctx,
        id: &str,
        version: i64,
        draft: &OrderTypeDraft,
    ) -> Result<(), CaseError> {
        let before = self.shelf().order_type(id).ok_or(CaseError::NotFound)?;
        self.check_order_type(draft)?;
        let mut tx = self.kit().db.begin().await?;
        let changed = sqlx::query(
            "update cases_order_type set zh = $3, en = $4, type = $5, category_id = $6, form_name = $7, \
             flow_name = $8, for_citizens = $9, active = $10, ordinal = $11, templates = $12, \
             version = version + 1, updated_at = $13, updated_by = $14 where id = $1 and version = $2",
        )
        .bind(id)
        .bind(version)
        .bind(draft.zh.trim())
        .bind(draft.en.trim())
        .bind(draft.kind.code())
        .bind(draft.category_id.as_ref())
        .bind(draft.form_name.as_ref())
        .bind(draft.flow_name.as_ref())
        .bind(i64::from(draft.for_citizens))
        .bind(i64::from(draft.active))
        .bind(draft.ordinal)
        .bind(json!(draft.templates).to_string())
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(CaseError::Stale { current: before.version });
        }
        let detail = json!({
            "zh": draft.zh, "form": draft.form_name, "flow": draft.flow_name, "active": draft.active,
        });
        tx.audit(ctx, Audit::new("order_type.change", "order_type", id).detail(detail));
        tx.commit().await?;
        self.reload_forms().await
    }
}
