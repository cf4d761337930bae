//! Rows of `cases_flow` (published flows) and `cases_flow_rule` (which of them an order runs), and each order's run through one in `cases_case`.

use std::collections::HashMap;
use std::sync::Arc;

use contract::cases::{CaseId, FlowPublished};
use kernel::{Audit, Ctx, Tx};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

use crate::case::{Case, Kind};
use crate::course::{Course, Flow};
use crate::design::{self, FlowRule, RULES_MAX};
use crate::error::{CaseError, Check};
use crate::{Cases, STANDARD_FLOW};

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
    pub title: Option<String>,
    pub note: Option<String>,
    /// So many open orders run it.
    pub running: i64,
}

/// What is published.
#[derive(Clone, Debug)]
pub struct Publication<'a> {
    /// The name by which versions belong together.
    pub name: &'a str,
    /// The drawing.
    pub xml: &'a str,
    /// What is different about it.
    pub note: &'a str,
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
    /// Publishes a flow: new orders run it, running ones stay on theirs. The same drawing is not published
    /// twice. Returns its id.
    ///
    /// # Errors
    /// [`CaseError::Drawing`] when orders could not run it; [`CaseError::Invalid`] when the name is not one.
    pub async fn publish_flow(&self, ctx: &Ctx, publication: &Publication<'_>) -> Result<String, CaseError> {
        design::check_name(publication.name)?;
        let faults = design::faults(publication.xml);
        if !faults.is_empty() {
            return Err(CaseError::Drawing(faults));
        }
        let mut tx = self.kit().db.begin().await?;
        let id = insert_version(&mut tx, ctx, publication).await?;
        tx.commit().await?;
        self.reload_flows().await?;
        Ok(id)
    }

    /// Publishes a flow of the house where there is none yet, or where the newest came from the house too. What
    /// people have published stays in force.
    pub(crate) async fn ship_flow(&self, ctx: &Ctx, name: &str, xml: &str) -> Result<(), CaseError> {
        let known: Vec<(String, String)> = sqlx::query_as(
            "select digest, published_by from cases_flow where name = $1 order by version desc",
        )
        .bind(name)
        .fetch_all(self.kit().db.reader())
        .await?;
        let digest = kernel::crypto::sha256_hex(xml.as_bytes());
        let by_people = known.first().is_some_and(|(_, by)| *by != ctx.actor.name);
        if by_people || known.iter().any(|(known, _)| *known == digest) {
            return Ok(());
        }
        let mut tx = self.kit().db.begin().await?;
        insert_version(&mut tx, ctx, &Publication { name, xml, note: "" }).await?;
        Ok(tx.commit().await?)
    }

    /// Reads again which flows new orders run, and by which rules.
    pub(crate) async fn reload_flows(&self) -> Result<(), CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        let rows: Vec<(String, String)> =
            sqlx::query_as("select name, id from cases_flow where active = 1 order by name, version")
                .fetch_all(&mut *conn)
                .await?;
        let mut active = HashMap::new();
        for (name, id) in rows {
            active.insert(name, self.flow(&id, &mut conn).await?);
        }
        let rules: Vec<(Option<String>, Option<String>, String)> =
            sqlx::query_as("select type, category_id, flow_name from cases_flow_rule order by ordinal")
                .fetch_all(&mut *conn)
                .await?;
        let rules = rules.into_iter().map(|(kind, category_id, flow_name)| FlowRule {
            kind: kind.as_deref().and_then(Kind::parse),
            category_id,
            flow_name,
        });
        self.set_flows(active, rules.collect());
        Ok(())
    }

    /// Says which flow orders run, in place of all rules so far. `seen` is the mark of the rules that were read.
    ///
    /// # Errors
    /// [`CaseError::Stale`] when others changed them; [`CaseError::Invalid`] when a rule names what is not there.
    pub async fn set_flow_rules(&self, ctx: &Ctx, seen: &str, rules: &[FlowRule]) -> Result<(), CaseError> {
        if rules_mark(&self.flow_rules()) != seen {
            return Err(CaseError::Stale { current: 0 });
        }
        let mut check = Check::default();
        if rules.len() > RULES_MAX {
            let (zh, en) = (format!("最多{RULES_MAX}条规则。"), format!("At most {RULES_MAX} rules."));
            check.refuse("rules", "too_many", zh, en);
        }
        for rule in rules {
            if let Some(category) = &rule.category_id {
                self.check_category(&mut check, category);
            }
            if !self.has_active_flow(&rule.flow_name) {
                check.refuse("flow_name", "unknown", "没有这个流程。", "There is no such flow.");
            }
        }
        check.done()?;
        let mut tx = self.kit().db.begin().await?;
        sqlx::query("delete from cases_flow_rule").execute(tx.conn()).await?;
        for (ordinal, rule) in (0_i64..).zip(rules) {
            sqlx::query(
                "insert into cases_flow_rule (ordinal, type, category_id, flow_name) values ($1, $2, $3, $4)",
            )
            .bind(ordinal)
            .bind(rule.kind.map(Kind::code))
            .bind(rule.category_id.as_ref())
            .bind(&rule.flow_name)
            .execute(tx.conn())
            .await?;
        }
        let detail: Vec<_> = rules
            .iter()
            .map(|rule| json!({"type": rule.kind.map(Kind::code), "category_id": rule.category_id, "flow": rule.flow_name}))
            .collect();
        tx.audit(ctx, Audit::new("flow.set_rules", "flow", STANDARD_FLOW).detail(json!(detail)));
        tx.commit().await?;
        self.reload_flows().await
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

    /// Lists published flows, newest first, with the number of open orders that run each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn flows(&self) -> Result<Vec<FlowLine>, CaseError> {
        Ok(sqlx::query_as(
            "select f.id, f.name, f.version, f.active, f.published_at, f.published_by, f.title, f.note, \
             (select count(*) from cases_case c where c.flow_id = f.id and c.archived_at is null \
             and c.status <> 'closed_at_once') as running \
             from cases_flow f order by f.published_at desc, f.name, f.version desc limit 500",
        )
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Returns the flow that an order runs, its drawing, and the run.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when `by` may not read the order.
    pub async fn case_flow(
        &self,
        by: &kernel::Principal,
        case_id: &CaseId,
    ) -> Result<(FlowLine, String, Course), CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        super::work::read(&mut conn, by, case_id).await?;
        let (flow_id, state, _) = instance(&mut conn, case_id).await?;
        let course = Course::restore(self.flow(&flow_id, &mut conn).await?, &state)?;
        let line = sqlx::query_as(
            "select id, name, version, active, published_at, published_by, title, note, cast(0 as bigint) as running \
             from cases_flow where id = $1",
        )
        .bind(&flow_id)
        .fetch_one(&mut *conn)
        .await?;
        drop(conn);
        Ok((line, self.flow_xml(&flow_id).await?, course))
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

/// Writes a version and puts it in force.
pub(crate) async fn insert_version(
    tx: &mut Tx,
    ctx: &Ctx,
    publication: &Publication<'_>,
) -> Result<String, CaseError> {
    let Publication { name, xml, note } = publication;
    let digest = kernel::crypto::sha256_hex(xml.as_bytes());
    let newest: Option<(String, String, i64, i64)> = sqlx::query_as(
        "select id, digest, version, active from cases_flow where name = $1 order by version desc limit 1",
    )
    .bind(*name)
    .fetch_optional(tx.conn())
    .await?;
    if let Some((id, known, _, 1)) = &newest
        && *known == digest
    {
        return Ok(id.clone());
    }
    let id = kernel::id::new_id();
    let flow = Flow::parse(&id, xml)?;
    let version = newest.map_or(0, |newest| newest.2) + 1;
    sqlx::query("update cases_flow set active = 0 where name = $1").bind(*name).execute(tx.conn()).await?;
    sqlx::query(
        "insert into cases_flow (id, name, version, digest, xml, active, published_at, published_by, title, note) \
         values ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9)",
    )
    .bind(&id)
    .bind(*name)
    .bind(version)
    .bind(digest)
    .bind(*xml)
    .bind(ctx.now.0)
    .bind(&ctx.actor.name)
    .bind(flow.model.name())
    .bind(*note)
    .execute(tx.conn())
    .await?;
    let published = FlowPublished { flow_id: id.clone(), name: (*name).to_owned(), version };
    tx.emit(ctx, &published);
    let detail = json!({"name": name, "version": version, "note": note});
    tx.audit(ctx, Audit::new("flow.publish", "flow", &id).detail(detail));
    Ok(id)
}

/// A mark that changes with the rules.
#[must_use]
pub fn rules_mark(rules: &[FlowRule]) -> String {
    let text: String = rules
        .iter()
        .map(|rule| format!("{:?}/{:?}/{}\n", rule.kind.map(Kind::code), rule.category_id, rule.flow_name))
        .collect();
    kernel::crypto::sha256_hex(text.as_bytes())
}
