//! What citizens do with their own orders, and what the portal says of it in plain words.

use contract::cases::CitizenNotice;
use kernel::{Ctx, Lang, Timestamp};

use super::supervision::nobody;
use super::work::Files;
use crate::Cases;
use crate::case::Case;
use crate::case::application::{Application, ApplicationKind, ApplicationState};
use crate::case::citizen_act::{self, CitizenAct};
use crate::error::CaseError;

impl Cases {
    /// Lets a citizen do something with an order that was found by number and code.
    ///
    /// # Errors
    /// Those of [`citizen_act::act`].
    pub(super) async fn citizen_acts(
        &self,
        ctx: &Ctx,
        found: &Case,
        act: CitizenAct,
        text: &str,
        upload_id: Option<String>,
    ) -> Result<Case, CaseError> {
        let mut work = self.open(&found.id).await?;
        let rules = work.rules.operations.clone();
        let citizen = nobody(&ctx.actor.name);
        let change = citizen_act::act(&mut work.case, act, text, &citizen, &rules, ctx.now)?;
        work.claim().await?;
        if let Some(upload_id) = upload_id {
            work.take_files(Files::Under { upload_id, step: act.code() });
        }
        work.finish(ctx, change).await
    }
}

/// Says by when an application is answered.
fn until(one: &Application, lang: Lang) -> String {
    let Some(due_at) = one.due_at() else { return String::new() };
    let days = (due_at.0 - one.asked_at.0) / 86_400_000;
    lang.pick(format!("将在 {days} 日内答复。"), format!(" It is answered within {days} days."))
}

/// Says in plain words what was asked for and decided, as far as it concerns the citizen.
pub(super) fn notices(case: &Case, main: Option<&Case>, lang: Lang) -> Vec<CitizenNotice> {
    let mut notices = Vec::new();
    let mut say = |at: Timestamp, text: String| notices.push(CitizenNotice { at: at.0, text });
    if let Some(main) = main {
        say(
            case.updated_at,
            match lang {
                Lang::Zh => format!("同一事项已有工单 {} 在办，您的诉求一并办理、一并答复。", main.number),
                Lang::En => format!(
                    "Order {} is about the same matter; both are handled and answered together.",
                    main.number
                ),
            },
        );
    }
    let opinion = |text: &Option<String>| text.clone().unwrap_or_default();
    for one in &case.applications {
        match (one.kind, one.state) {
            (ApplicationKind::Extension, ApplicationState::Approved) => say(
                one.decided_at.unwrap_or(one.asked_at),
                match lang {
                    Lang::Zh => format!("因情况复杂，办理时限延长 {} 个工作日。", one.data["days"]),
                    Lang::En => format!("The matter takes longer: {} more working days.", one.data["days"]),
                },
            ),
            (
                ApplicationKind::Redo | ApplicationKind::Reconsideration | ApplicationKind::ReExamination,
                state,
            ) => {
                let name = one.kind.name(lang);
                say(
                    one.asked_at,
                    match lang {
                        Lang::Zh => format!("已收到{name}。{}", until(one, lang)),
                        Lang::En => format!("Received: {name}.{}", until(one, lang)),
                    },
                );
                let outcome = match (state, lang) {
                    (ApplicationState::Approved, Lang::Zh) => "已同意，工单重新办理。",
                    (ApplicationState::Approved, Lang::En) => "Granted: the order is handled again.",
                    (ApplicationState::Rejected, Lang::Zh) if one.kind == ApplicationKind::ReExamination => {
                        "维持原答复。这是最终答复，同一事项不再受理。"
                    }
                    (ApplicationState::Rejected, Lang::En) if one.kind == ApplicationKind::ReExamination => {
                        "The answer stands. This is final; the matter is not taken up again."
                    }
                    (ApplicationState::Rejected, Lang::Zh) => "维持原答复。",
                    (ApplicationState::Rejected, Lang::En) => "The answer stands.",
                    _ => continue,
                };
                let text = format!("{name}：{outcome}{}", opinion(&one.opinion));
                say(one.decided_at.unwrap_or(one.asked_at), text);
            }
            _ => {}
        }
    }
    notices.sort_by_key(|notice| notice.at);
    notices
}
