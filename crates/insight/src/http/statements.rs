//! `POST /report-statements`: a statement over the facts, for those who may write their own.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use serde_json::Value as Any;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Insight;
use crate::fact::{TABLES, Value};

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new().routes(routes!(run_report_statement)).routes(routes!(list_fact_tables))
}

/// A statement.
#[derive(Debug, Deserialize, ToSchema)]
struct StatementRequest {
    /// One `select` over the tables of facts.
    sql: String,
}

/// What came out.
#[derive(Serialize, ToSchema)]
struct StatementAnswer {
    /// Names of the columns.
    columns: Vec<String>,
    /// Rows: texts, numbers or nothing.
    #[schema(value_type = Vec<Vec<Object>>)]
    rows: Vec<Vec<Any>>,
    /// Whether there would have been more.
    cut: bool,
}

/// A table of facts.
#[derive(Serialize, ToSchema)]
struct FactTableView {
    name: String,
    about: String,
    columns: Vec<FactColumnView>,
}

/// A column.
#[derive(Serialize, ToSchema)]
struct FactColumnView {
    name: String,
    /// `text`, `int`, `real`.
    kind: String,
    about: String,
}

/// Runs a statement over what the reader may see. It can only read.
#[utoipa::path(
    post, path = "/report-statements", operation_id = "run_report_statement", tag = "reports",
    request_body = StatementRequest,
    responses(
        (status = 200, description = "What came out", body = StatementAnswer),
        (status = 422, description = "It cannot be run, takes too long or needs too much", body = ProblemBody),
    )
)]
async fn run_report_statement(
    State(insight): State<Insight>,
    Auth(by): Auth,
    Json(body): Json<StatementRequest>,
) -> HttpResult<Json<StatementAnswer>> {
    by.require("report.sql")?;
    let reach = by.require("report.read")?;
    let answer = insight.run_statement(&by, reach, &body.sql).await?;
    let shown = |value: Value| match value {
        Value::Text(text) => text.map_or(Any::Null, Any::from),
        Value::Int(number) => number.map_or(Any::Null, Any::from),
        Value::Real(number) => number.map_or(Any::Null, Any::from),
    };
    let rows = answer.rows.into_iter().map(|row| row.into_iter().map(shown).collect()).collect();
    Ok(Json(StatementAnswer { columns: answer.columns, rows, cut: answer.cut }))
}

/// Lists the tables of facts with their columns.
#[utoipa::path(
    get, path = "/fact-tables", operation_id = "list_fact_tables", tag = "reports",
    responses((status = 200, description = "The tables", body = Vec<FactTableView>))
)]
async fn list_fact_tables(Auth(by): Auth) -> HttpResult<Json<Vec<FactTableView>>> {
    by.require("report.sql")?;
    let view = |table: &&crate::fact::Table| FactTableView {
        name: table.name.to_owned(),
        about: table.about.to_owned(),
        columns: table
            .all_columns()
            .map(|column| FactColumnView {
                name: column.name.to_owned(),
                kind: format!("{:?}", column.kind).to_lowercase(),
                about: column.about.to_owned(),
            })
            .collect(),
    };
    Ok(Json(TABLES.iter().map(view).collect()))
}
