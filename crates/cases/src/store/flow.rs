//! Rows of `cases_flow` (published flows), and each order's run through one in `cases_case`.

use std::sync::Arc;

use contract::cases::CaseId;
use kernel::{Audit, Ctx};
use sqlx::{AnyConnection, FromRow};

use crate::Cases;
use crate::case::Case;
use crate::course::{Course, Flow};
use crate::error::CaseError;

/// A published flow without its drawing.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_flow` under their own names")]
pub struct FlowLine {
    pub id: String,
    pub name: String,
    pub version: i64,
    pub active: i64,
    pub published_at: i64,
    pub published_by: String,
}

/// Reads an order's run: flow, state, version.
pub(crate) async fn instance(
    conn: &mut AnyConnection,
    case_id: &CaseId,
) -> Result<(String, String, i64), CaseError> {
    Ok(sqlx::query_as("select flow_id, flow_state, flow_version from cases_case where id = $1")
        .bind(case_id.as_str())
        .fetch_one(conn)
        .await?)
}

/// Writes an order's run, unless somebody else moved it since it was read.
pub(crate) async fn save_instance(
    conn: &mut AnyConnection,
    case: &Case,
    course: &Course,
    version: i64,
) -> Result<(), CaseError> {
    let saved = sqlx::query(
        "update cases_case set flow_state = $3, flow_version = flow_version + 1 where id = $1 and flow_version = $2",
    )
    .bind(case.id.as_str())
    .bind(version)
    .bind(course.state())
    .execute(conn)
    .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(CaseError::Stale { current: case.version }) }
}

impl Cases {
    /// Publishes a flow: new orders run it, running ones stay on theirs. The same text is not published
    /// twice. Returns its id.
    ///
    /// # Errors
    /// [`CaseError::Flow`] when the engine refuses it.
    pub async fn publish_flow(&self, ctx: &Ctx, name: &str, xml: &str) -> Result<String, CaseError> {
        let digest = kernel::crypto::sha256_hex(xml.as_bytes());
        let id = kernel::id::new_id();
        let flow = Flow::parse(&id, xml)?;
        let mut tx = self.kit().db.begin().await?;
        let newest: Option<(String, String, i64)> = sqlx::query_as(
            "select id, digest, version from cases_flow where name = $1 order by version desc limit 1",
        )
        .bind(name)
        .fetch_optional(tx.conn())
        .await?;
        if let Some((id, known, _)) = &newest
            && *known == digest
        {
            let id = id.clone();
            drop(tx);
            self.adopt_flow(name).await?;
            return Ok(id);
        }
        sqlx::query("update cases_flow set active = 0 where name = $1").bind(name).execute(tx.conn()).await?;
        sqlx::query(
            "insert into cases_flow (id, name, version, digest, xml, active, published_at, published_by) \
             values ($1, $2, $3, $4, $5, 1, $6, $7)",
        )
        .bind(&id)
        .bind(name)
        .bind(newest.map_or(0, |newest| newest.2) + 1)
        .bind(digest)
        .bind(xml)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        tx.audit(ctx, Audit::new("flow.publish", "flow", &id));
        tx.commit().await?;
        self.activate_flow(Arc::new(flow));
        Ok(id)
    }

    /// Lets new orders run the newest flow of a name.
    pub(crate) async fn adopt_flow(&self, name: &str) -> Result<(), CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        let id: String = sqlx::query_scalar(
            "select id from cases_flow where name = $1 and active = 1 order by version desc limit 1",
        )
        .bind(name)
        .fetch_one(&mut *conn)
        .await?;
        let flow = self.flow(&id, &mut conn).await?;
        self.activate_flow(flow);
        Ok(())
    }

    /// Returns the flow with an id, parsed once in the life of the process.
    pub(crate) async fn flow(&self, id: &str, conn: &mut AnyConnection) -> Result<Arc<Flow>, CaseError> {
        if let Some(flow) = self.kept_flow(id) {
            return Ok(flow);
        }
        let xml: String =
            sqlx::query_scalar("select xml from cases_flow where id = $1").bind(id).fetch_one(conn).await?;
        let flow = Arc::new(Flow::parse(id, &xml)?);
        self.keep_flow(flow.clone());
        Ok(flow)
    }

    /// Lists published flows, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn flows(&self) -> Result<Vec<FlowLine>, CaseError> {
        Ok(sqlx::query_as(
            "select id, name, version, active, published_at, published_by from cases_flow \
             order by published_at desc, version desc",
        )
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Returns the drawing of a flow.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn flow_xml(&self, id: &str) -> Result<String, CaseError> {
        sqlx::query_scalar("select xml from cases_flow where id = $1")
            .bind(id)
            .fetch_optional(self.kit().db.reader())
            .await?
            .ok_or(CaseError::NotFound)
    }
}
