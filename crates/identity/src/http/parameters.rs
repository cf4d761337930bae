//! `/parameters`.

use axum::extract::State;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::parameters::Parameter;
use kernel::{HttpResult, Lang};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Identity;

/// A parameter with its present value.
#[derive(Serialize, Deserialize, ToSchema)]
struct ParameterInfo {
    /// The key.
    key: String,
    /// What it means, in the reader's language.
    label: String,
    /// What is in force.
    value: Value,
    /// What is in force while nobody has set it.
    default: Value,
    /// `integer`, `number`, `boolean`, `string`, `array` or `object`.
    kind: String,
    /// How often it was changed; for optimistic locking.
    version: i64,
}

impl ParameterInfo {
    fn of(parameter: Parameter, lang: Lang) -> Self {
        let kind = match &parameter.spec.default {
            Value::Number(number) if number.is_i64() => "integer",
            Value::Number(_) => "number",
            Value::Bool(_) => "boolean",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::String(_) | Value::Null => "string",
        };
        Self {
            key: parameter.spec.key.to_owned(),
            label: lang.pick(parameter.spec.zh, parameter.spec.en).to_owned(),
            value: parameter.value,
            default: parameter.spec.default,
            kind: kind.to_owned(),
            version: parameter.version,
        }
    }
}

/// A parameter's new value.
#[derive(Deserialize, ToSchema)]
struct ParameterChange {
    /// The version that the writer saw.
    version: i64,
    /// The value, of the default's type.
    value: Value,
}

pub(crate) fn routes() -> OpenApiRouter<Identity> {
    OpenApiRouter::new().routes(routes!(list_parameters)).routes(routes!(put_parameter))
}

/// Lists all parameters.
#[utoipa::path(
    get, path = "/parameters", operation_id = "list_parameters", tag = "parameters",
    responses((status = 200, body = Vec<ParameterInfo>))
)]
async fn list_parameters(
    State(identity): State<Identity>,
    Auth(_reader): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<ParameterInfo>>> {
    identity.look_for_changes().await?;
    let list = identity.kit.parameters.all();
    Ok(Json(list.into_iter().map(|parameter| ParameterInfo::of(parameter, ctx.lang)).collect()))
}

/// Sets a parameter; it is in force at once.
#[utoipa::path(
    put, path = "/parameters/{key}", operation_id = "update_parameter", tag = "parameters",
    request_body = ParameterChange, params(("key" = String, Path, description = "The key")),
    responses((status = 200, body = ParameterInfo), (status = 409, body = kernel::problem::ProblemBody))
)]
async fn put_parameter(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(key): Path<String>,
    Json(body): Json<ParameterChange>,
) -> HttpResult<Json<ParameterInfo>> {
    principal.require("parameter.write")?;
    let parameter = identity.set_parameter(&ctx, &key, body.value, body.version).await?;
    Ok(Json(ParameterInfo::of(parameter, ctx.lang)))
}
