//! `/audit`: the log, its export and its verification.

use axum::extract::State;
use axum::response::Response;
use kernel::audit::Verdict;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Query, ReqCtx, download_workbook, local_time};
use kernel::{Audit, Cursor, HttpResult, Page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::IdentityError;
use crate::{Identity, store};

/// A row of the log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// The row.
    pub(crate) id: String,
    /// Its place in the chain; absent for the moment until it is sealed.
    pub(crate) seq: Option<i64>,
    /// When, epoch milliseconds.
    pub(crate) at: i64,
    /// The kind of doer.
    pub(crate) actor_kind: String,
    /// The doer.
    pub(crate) actor_id: String,
    /// The doer's name at that time.
    pub(crate) actor_name: String,
    /// From where.
    pub(crate) ip: Option<String>,
    /// The request.
    pub(crate) trace_id: String,
    /// What was done.
    pub(crate) action: String,
    /// To what kind of thing.
    pub(crate) subject_kind: String,
    /// To which.
    pub(crate) subject_id: String,
    /// Facts.
    pub(crate) detail: Value,
    /// Its seal.
    pub(crate) hash: Option<String>,
}

/// What the list is narrowed by.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// The doer's id or name.
    pub(crate) actor: Option<String>,
    /// An action such as `case.create`, or all of a noun such as `case`.
    pub(crate) action: Option<String>,
    /// The id of a thing, or its kind.
    pub(crate) subject: Option<String>,
    /// From this instant, epoch milliseconds.
    pub(crate) from: Option<i64>,
    /// Before this instant, epoch milliseconds.
    pub(crate) to: Option<i64>,
    /// The word of the page before.
    pub(crate) cursor: Option<String>,
    /// Rows of a page.
    pub(crate) limit: Option<u32>,
}

/// What a verification of the whole chain found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Verification {
    /// Whether every sealed row agrees with its seal.
    intact: bool,
    /// Sealed rows, when intact.
    rows: Option<i64>,
    /// The last seal: noted elsewhere it proves later that nothing was cut off.
    head: Option<String>,
    /// The first row that does not agree.
    broken_seq: Option<i64>,
    /// What is wrong with it.
    reason: Option<String>,
}

pub(crate) fn routes() -> OpenApiRouter<Identity> {
    OpenApiRouter::new()
        .routes(routes!(list_audit))
        .routes(routes!(export_audit))
        .routes(routes!(get_audit_verification))
}

/// Lists the log, newest first.
#[utoipa::path(
    get, path = "/audit", operation_id = "list_audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = Page<AuditEntry>))
)]
async fn list_audit(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    Query(query): Query<AuditQuery>,
) -> HttpResult<Json<Page<AuditEntry>>> {
    principal.require("audit.read")?;
    let limit = kernel::page::limit(query.limit);
    let after =
        query.cursor.as_deref().and_then(|word| Cursor::decode(word, 1)).and_then(|mut keys| keys.pop());
    let mut conn = identity.kit.db.reader().acquire().await.map_err(IdentityError::from)?;
    let rows = store::audit::list(&mut conn, &query, after, limit + 1).await?;
    Ok(Json(Page::cut(rows, limit, |row| Cursor::encode(std::slice::from_ref(&row.id)))))
}

/// Exports the log as an Excel workbook.
#[utoipa::path(
    get, path = "/audit.xlsx", operation_id = "export_audit", tag = "audit", params(AuditQuery),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>))
)]
async fn export_audit(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<AuditQuery>,
) -> HttpResult<Response> {
    principal.require("audit.read")?;
    let mut conn = identity.kit.db.reader().acquire().await.map_err(IdentityError::from)?;
    let entries = store::audit::list(&mut conn, &query, None, EXPORT_ROWS_MAX).await?;
    drop(conn);
    let mut tx = identity.kit.db.begin().await?;
    tx.audit(&ctx, Audit::new("audit.export", "audit", "").detail(json!({"rows": entries.len()})));
    tx.commit().await?;
    let zone = &identity.kit.config.zone;
    let rows: Vec<Vec<Cell>> = entries
        .into_iter()
        .map(|row| {
            vec![
                row.seq.into(),
                local_time(zone, row.at).into(),
                row.actor_name.into(),
                row.action.into(),
                row.subject_kind.into(),
                row.subject_id.into(),
                row.ip.into(),
                if row.detail.is_null() { Cell::Empty } else { row.detail.to_string().into() },
                row.hash.into(),
            ]
        })
        .collect();
    let head = ctx.lang.pick(
        vec!["序号", "时间", "操作人", "操作", "对象类型", "对象", "地址", "内容", "校验值"],
        vec!["Number", "Time", "Who", "Action", "Kind", "Subject", "Address", "Detail", "Seal"],
    );
    download_workbook("audit", head, rows).await
}

/// Verifies the whole chain.
#[utoipa::path(
    get, path = "/audit/verification", operation_id = "get_audit_verification", tag = "audit",
    responses((status = 200, body = Verification))
)]
async fn get_audit_verification(
    State(identity): State<Identity>,
    Auth(principal): Auth,
) -> HttpResult<Json<Verification>> {
    principal.require("audit.verify")?;
    Ok(Json(match kernel::audit::verify(&identity.kit.db).await? {
        Verdict::Intact { rows, head } => {
            Verification { intact: true, rows: Some(rows), head: Some(head), broken_seq: None, reason: None }
        }
        Verdict::Broken { seq, reason } => Verification {
            intact: false,
            rows: None,
            head: None,
            broken_seq: Some(seq),
            reason: Some(reason.to_owned()),
        },
    }))
}
