//! `GET /portal/info`.

use axum::extract::State;
use contract::cases::{CitizenCategory, CitizenChoice};
use kernel::http::{Json, ReqCtx};
use kernel::{HttpResult, Lang};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Portal, failed};

pub(crate) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(get_portal_info))
}

/// A district to choose from.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct District {
    /// Its code.
    pub code: String,
    /// Its name, which orders carry.
    pub name: String,
}

/// An account of the demonstration city.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DemoAccount {
    /// The name to sign in with.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// What the person does.
    pub role_name: String,
    /// What to try as this person.
    pub hint: String,
    /// What the person does, in English.
    #[serde(skip)]
    pub role_name_en: String,
    /// What to try, in English.
    #[serde(skip)]
    pub hint_en: String,
}

impl DemoAccount {
    fn in_language(self, lang: Lang) -> Self {
        match lang {
            Lang::Zh => self,
            Lang::En => Self { role_name: self.role_name_en.clone(), hint: self.hint_en.clone(), ..self },
        }
    }
}

/// What the city says of itself.
#[derive(Serialize, ToSchema)]
struct PortalInfo {
    city: String,
    /// The number to dial.
    hotline: String,
    types: Vec<CitizenChoice>,
    /// Two levels.
    categories: Vec<CitizenCategory>,
    districts: Vec<District>,
    /// Whether clerks of units may apply for an account.
    registration: bool,
    /// Whether this is the demonstration city.
    demo: bool,
    /// The password of all demonstration accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// Accounts of the demonstration city.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<DemoAccount>,
}

/// Says what the forms of the portal offer, and in the demonstration city who can sign in.
#[utoipa::path(
    get, path = "/portal/info", operation_id = "get_portal_info", tag = "portal",
    responses((status = 200, description = "The city", body = PortalInfo))
)]
async fn get_portal_info(State(portal): State<Portal>, ReqCtx(ctx): ReqCtx) -> HttpResult<Json<PortalInfo>> {
    let info = portal.0.desk.info(ctx.lang).await.map_err(failed)?;
    let shown = portal.0.shown.read().expect("no holder of this lock can panic").clone();
    let demo = portal.0.kit.config.demo;
    Ok(Json(PortalInfo {
        city: portal.0.config.city.clone(),
        hotline: portal.0.config.hotline.clone(),
        types: info.types,
        categories: info.categories,
        districts: shown.districts,
        registration: portal.0.registrations.is_open(),
        demo,
        password: shown.password.filter(|_| demo),
        accounts: if demo {
            shown.accounts.into_iter().map(|account| account.in_language(ctx.lang)).collect()
        } else {
            Vec::new()
        },
    }))
}
