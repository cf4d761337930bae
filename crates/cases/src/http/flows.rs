//! `GET /flows`, `GET /flows/{id}/xml`, `POST /flow-comparisons`, `GET|PUT /flow-rules` and `GET /cases/{id}/flow`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use contract::cases::CaseId;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::Kind;
use crate::design::{FlowRule, XML_MAX};
use crate::error::{CaseError, Check};
use crate::store::flow::rules_mark;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(list_flows))
        .routes(routes!(get_flow_xml))
        .routes(routes!(compare_flows))
        .routes(routes!(get_flow_rules, set_flow_rules))
        .routes(routes!(get_case_flow))
}

/// A published flow.
#[derive(Serialize, ToSchema)]
struct FlowView {
    id: String,
    name: String,
    version: i64,
    /// Whether new orders run it.
    active: bool,
    published_at: i64,
    published_by: String,
    /// The title on the drawing.
    title: String,
    /// What was said when it was published.
    note: String,
    /// So many open orders run it.
    running: i64,
}

/// Lists published flows, newest first.
#[utoipa::path(
    get, path = "/flows", operation_id = "list_flows", tag = "flows",
    responses((status = 200, description = "The flows", body = Vec<FlowView>))
)]
async fn list_flows(State(cases): State<Cases>, Auth(by): Auth) -> HttpResult<Json<Vec<FlowView>>> {
    by.require("flow.read")?;
    let flows = cases.flows().await?.into_iter().map(|flow| FlowView {
        id: flow.id,
        name: flow.name,
        version: flow.version,
        active: flow.active != 0,
        published_at: flow.published_at,
        published_by: flow.published_by,
        title: flow.title.unwrap_or_default(),
        note: flow.note.unwrap_or_default(),
        running: flow.running,
    });
    Ok(Json(flows.collect()))
}

/// Returns the drawing of a flow as BPMN 2.0 XML.
#[utoipa::path(
    get, path = "/flows/{id}/xml", operation_id = "get_flow_xml", tag = "flows",
    params(("id" = String, Path, description = "The flow")),
    responses((status = 200, description = "BPMN 2.0", body = String, content_type = "application/xml"))
)]
async fn get_flow_xml(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Response> {
    by.require("flow.read")?;
    let xml = cases.flow_xml(&id).await?;
    Ok(([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response())
}

/// Two drawings.
#[derive(Debug, Deserialize, ToSchema)]
struct ComparisonRequest {
    /// The old one, BPMN 2.0.
    old_xml: String,
    /// The new one.
    new_xml: String,
}

/// An element that differs.
#[derive(Serialize, ToSchema)]
struct DifferenceView {
    element_id: String,
    /// Its BPMN name.
    element: String,
    /// Its name on the drawing.
    name: String,
    /// `added`, `removed` or `changed`.
    change: &'static str,
    /// What of it differs.
    details: Vec<DetailView>,
}

/// A fact of an element, old and new.
#[derive(Serialize, ToSchema)]
struct DetailView {
    what: String,
    old: String,
    new: String,
}

/// Compares what two drawings mean, element by element; where things stand does not matter.
#[utoipa::path(
    post, path = "/flow-comparisons", operation_id = "compare_flows", tag = "flows", request_body = ComparisonRequest,
    responses(
        (status = 200, description = "The differences", body = Vec<DifferenceView>),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn compare_flows(
    State(_cases): State<Cases>,
    Auth(by): Auth,
    Json(body): Json<ComparisonRequest>,
) -> HttpResult<Json<Vec<DifferenceView>>> {
    by.require("flow.read")?;
    let mut check = Check::default();
    for (field, xml) in [("old_xml", &body.old_xml), ("new_xml", &body.new_xml)] {
        if xml.len() > XML_MAX {
            check.refuse(field, "size", "流程图过大。", "The drawing is too large.");
        }
    }
    check.done()?;
    let differences = flow::compare(&body.old_xml, &body.new_xml).map_err(|reason| {
        let mut check = Check::default();
        check.refuse(
            "new_xml",
            "malformed",
            format!("XML读不懂：{reason}"),
            format!("Not readable: {reason}"),
        );
        check.done().err().unwrap_or(CaseError::NotFound)
    })?;
    let views = differences.into_iter().map(|one| DifferenceView {
        element_id: one.element_id,
        element: one.element,
        name: one.name,
        change: match one.change {
            flow::ChangeKind::Added => "added",
            flow::ChangeKind::Removed => "removed",
            flow::ChangeKind::Changed => "changed",
        },
        details: one.details.into_iter().map(|(what, old, new)| DetailView { what, old, new }).collect(),
    });
    Ok(Json(views.collect()))
}

/// Which flow orders run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct FlowRuleBody {
    /// Orders of this type; all when absent.
    #[serde(default)]
    r#type: Option<Kind>,
    /// Orders of this category and those below; all when absent.
    #[serde(default)]
    category_id: Option<String>,
    /// The flow by its name.
    flow_name: String,
}

/// All rules; the first that fits counts, and the standard flow where none does.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct FlowRulesBody {
    /// The mark of the rules that were read; it changes with them.
    mark: String,
    rules: Vec<FlowRuleBody>,
}

fn rules_body(rules: &[FlowRule]) -> FlowRulesBody {
    let bodies = rules.iter().map(|rule| FlowRuleBody {
        r#type: rule.kind,
        category_id: rule.category_id.clone(),
        flow_name: rule.flow_name.clone(),
    });
    FlowRulesBody { mark: rules_mark(rules), rules: bodies.collect() }
}

/// Shows which flow orders run.
#[utoipa::path(
    get, path = "/flow-rules", operation_id = "get_flow_rules", tag = "flows",
    responses((status = 200, description = "The rules", body = FlowRulesBody))
)]
async fn get_flow_rules(State(cases): State<Cases>, Auth(by): Auth) -> HttpResult<Json<FlowRulesBody>> {
    by.require("flow.read")?;
    Ok(Json(rules_body(&cases.flow_rules())))
}

/// Says which flow new orders run, in place of all rules so far.
#[utoipa::path(
    put, path = "/flow-rules", operation_id = "set_flow_rules", tag = "flows", request_body = FlowRulesBody,
    responses(
        (status = 200, description = "The rules", body = FlowRulesBody),
        (status = 409, description = "Somebody else changed them", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn set_flow_rules(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<FlowRulesBody>,
) -> HttpResult<Json<FlowRulesBody>> {
    by.require("flow.write")?;
    let rules: Vec<FlowRule> = body
        .rules
        .into_iter()
        .map(|rule| FlowRule { kind: rule.r#type, category_id: rule.category_id, flow_name: rule.flow_name })
        .collect();
    cases.set_flow_rules(&ctx, &body.mark, &rules).await?;
    Ok(Json(rules_body(&cases.flow_rules())))
}

/// An order's run on its drawing.
#[derive(Serialize, ToSchema)]
struct CaseFlowView {
    flow_id: String,
    name: String,
    title: String,
    version: i64,
    /// The drawing, BPMN 2.0.
    xml: String,
    /// Elements on which the order stands.
    active: Vec<String>,
    /// Flows that were taken.
    taken: Vec<String>,
    /// Tasks that were done.
    done: Vec<String>,
}

/// Shows where an order stands on the drawing of its flow, and which way it came.
#[utoipa::path(
    get, path = "/cases/{id}/flow", operation_id = "get_case_flow", tag = "flows",
    params(("id" = String, Path, description = "The order")),
    responses(
        (status = 200, description = "The run", body = CaseFlowView),
        (status = 404, description = "No such order", body = ProblemBody),
    )
)]
async fn get_case_flow(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<CaseId>,
) -> HttpResult<Json<CaseFlowView>> {
    let (line, xml, course) = cases.case_flow(&by, &id).await?;
    let run = course.instance();
    Ok(Json(CaseFlowView {
        flow_id: line.id,
        name: line.name,
        title: line.title.unwrap_or_default(),
        version: line.version,
        xml,
        active: run.active_elements().map(str::to_owned).collect(),
        taken: run.taken_flows().map(str::to_owned).collect(),
        done: run.outcomes().keys().cloned().collect(),
    }))
}
