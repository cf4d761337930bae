//! `POST /cases/{id}/co-handling`, `/summons`, `/delegation`, `/countersignature`, each with the answers to it.

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operation::{TextRequest, operation};
use crate::Cases;
use crate::case::action::Action;
use crate::case::countersignature::{Round, SignRule};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(invite_co_handlers))
        .routes(routes!(answer_co_handling))
        .routes(routes!(summon_units))
        .routes(routes!(report_to_summons))
        .routes(routes!(answer_summons))
        .routes(routes!(delegate_case))
        .routes(routes!(answer_delegation))
        .routes(routes!(ask_countersignature))
        .routes(routes!(change_signers))
        .routes(routes!(countersign_case))
}

/// Units that are asked for something.
#[derive(Debug, Deserialize, ToSchema)]
struct UnitsRequest {
    /// The version that was read.
    version: i64,
    /// The units, 1 to 10.
    #[serde(default)]
    unit_ids: Vec<String>,
    /// What each is to do.
    #[serde(default)]
    text: String,
}

/// People who are asked for something.
#[derive(Debug, Deserialize, ToSchema)]
struct PeopleRequest {
    /// The version that was read.
    version: i64,
    /// The people.
    #[serde(default)]
    people: Vec<String>,
    /// What is asked for.
    #[serde(default)]
    text: String,
}

/// A round of countersigning.
#[derive(Debug, Deserialize, ToSchema)]
struct RoundRequest {
    /// The version that was read.
    version: i64,
    /// Who signs, 1 to 20.
    #[serde(default)]
    people: Vec<String>,
    /// When it has passed; everybody agrees when absent.
    #[serde(default)]
    rule: Option<SignRule>,
    /// What they are asked.
    #[serde(default)]
    text: String,
}

/// Who comes and goes.
#[derive(Debug, Deserialize, ToSchema)]
struct SignersRequest {
    /// The version that was read.
    version: i64,
    /// People who sign too (加签).
    #[serde(default)]
    add: Vec<String>,
    /// People who need not sign (减签).
    #[serde(default)]
    remove: Vec<String>,
}

/// A signature.
#[derive(Debug, Deserialize, ToSchema)]
struct SignatureRequest {
    /// The version that was read.
    version: i64,
    /// Whether one agrees.
    #[serde(default)]
    agree: bool,
    /// Why; required when one does not.
    #[serde(default)]
    opinion: String,
}

operation!(
    /// Asks more units to help (协办).
    invite_co_handlers, "/cases/{id}/co-handling", UnitsRequest,
    |cases, ctx, by, id, body| {
        let action = Action::InviteCoHandlers;
        cases.call_units(&ctx, &by, &id, body.version, action, &body.unit_ids, &body.text).await
    }
);

operation!(
    /// Answers as a helping unit (协办反馈).
    answer_co_handling, "/cases/{id}/co-handling/answer", TextRequest,
    |cases, ctx, by, id, body| {
        cases.answer_errand(&ctx, &by, &id, body.version, Action::AnswerCoHandling, &body.text).await
    }
);

operation!(
    /// Summons units to the spot (街乡吹哨).
    summon_units, "/cases/{id}/summons", UnitsRequest,
    |cases, ctx, by, id, body| {
        cases.call_units(&ctx, &by, &id, body.version, Action::Summon, &body.unit_ids, &body.text).await
    }
);

operation!(
    /// Reports on the spot (部门报到).
    report_to_summons, "/cases/{id}/summons/report", TextRequest,
    |cases, ctx, by, id, body| cases.report_to_summons(&ctx, &by, &id, body.version, &body.text).await
);

operation!(
    /// Answers as a summoned unit (报到处置反馈).
    answer_summons, "/cases/{id}/summons/answer", TextRequest,
    |cases, ctx, by, id, body| {
        cases.answer_errand(&ctx, &by, &id, body.version, Action::AnswerSummons, &body.text).await
    }
);

operation!(
    /// Lets a colleague of the unit handle it (委派).
    delegate_case, "/cases/{id}/delegation", PeopleRequest,
    |cases, ctx, by, id, body| cases.delegate(&ctx, &by, &id, body.version, &body.people, &body.text).await
);

operation!(
    /// Answers as a delegate (委派回复).
    answer_delegation, "/cases/{id}/delegation/answer", TextRequest,
    |cases, ctx, by, id, body| {
        cases.answer_errand(&ctx, &by, &id, body.version, Action::AnswerDelegation, &body.text).await
    }
);

operation!(
    /// Asks people to countersign (会签、票签、或签).
    ask_countersignature, "/cases/{id}/countersignature", RoundRequest,
    |cases, ctx, by, id, body| {
        let round = Round { people: body.people, rule: body.rule.unwrap_or(SignRule::All), text: body.text };
        cases.countersign(&ctx, &by, &id, body.version, &round).await
    }
);

operation!(
    /// Adds people to the open round (加签), or takes them off (减签).
    change_signers, "/cases/{id}/countersignature/signers", SignersRequest,
    |cases, ctx, by, id, body| cases.change_signers(&ctx, &by, &id, body.version, &body.add, &body.remove).await
);

operation!(
    /// Signs, or disagrees (签署会签意见).
    countersign_case, "/cases/{id}/countersignature/answer", SignatureRequest,
    |cases, ctx, by, id, body| cases.sign(&ctx, &by, &id, body.version, body.agree, &body.opinion).await
);
