//! What an agent does with the own call besides talking: ask, hand over, confer, park, let something be said.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path};
use kernel::{Audience, HttpResult, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::seat::{my_call, my_sitting};
use crate::call::state::{Command, Phrase, Refusal, Target};
use crate::call::{CallHandle, CallMessage, CallView};
use crate::core::Core;
use crate::error::VoiceError;
use crate::sip_port::is_number;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(consult, take_back))
        .routes(routes!(transfer, cancel_transfer))
        .routes(routes!(send_on_detour, fetch_from_detour))
        .routes(routes!(confer))
        .routes(routes!(drop_party))
        .routes(routes!(park, retrieve))
        .routes(routes!(list_parked_calls))
        .routes(routes!(say))
        .routes(routes!(ask_for_help))
}

/// Whom a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DestinationKind {
    /// A seat in the house.
    Seat,
    /// A number outside.
    Outside,
    /// Whoever is free next.
    Queue,
    /// Whoever is being asked now.
    Consulted,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CallDestination)]
struct Destination {
    /// Whom.
    kind: DestinationKind,
    /// Seat or outside number.
    number: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CallDetourBody)]
struct DetourBody {
    /// The flow.
    flow: String,
    /// The node to begin at; the flow's own beginning when absent.
    node: Option<String>,
    /// Whether the citizen comes back to this seat.
    back: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
struct PhraseBody {
    /// `seat_number`, `please_wait`, `thanks_for_waiting`, `goodbye`, or `own`.
    phrase: String,
    /// Which of my own phrases.
    own: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
struct HelpBody {
    /// What the agent needs.
    note: Option<String>,
}

/// Calls that wait to be fetched.
#[derive(Serialize, ToSchema)]
struct ParkedCalls {
    /// The calls.
    items: Vec<CallView>,
}

fn refuse(code: &str, zh: &str, en: &str) -> Problem {
    Problem::invalid().field("number", code, zh, en)
}

/// Reads whom a call goes to; a seat must be there and free.
pub(super) fn target(core: &Core, me: &Principal, outside: bool, number: Option<&str>) -> HttpResult<Target> {
    let number: String =
        number.unwrap_or_default().chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    if outside {
        me.require("call.dial")?;
        if !is_number(&number) {
            return Err(refuse(
                "number",
                "请输入可拨打的号码。",
                "Please enter a number that can be dialled.",
            ));
        }
        return Ok(Target::Outside(number));
    }
    if number.is_empty() || number.chars().count() > 20 {
        return Err(refuse("seat", "请选择座席。", "Please choose a seat."));
    }
    if core.desk.sitting_of(&me.person_id).is_some_and(|sitting| sitting.seat_no == number) {
        return Err(refuse("self", "不能选择自己的座席。", "This is your own seat."));
    }
    if !core.desk.is_free(&number) {
        return Err(VoiceError::SeatBusy.into());
    }
    Ok(Target::Seat(number))
}

fn read(core: &Core, me: &Principal, body: &Destination) -> HttpResult<Target> {
    match body.kind {
        DestinationKind::Seat => target(core, me, false, body.number.as_deref()),
        DestinationKind::Outside => target(core, me, true, body.number.as_deref()),
        DestinationKind::Queue | DestinationKind::Consulted => Err(Problem::invalid().field(
            "kind",
            "kind",
            "此处只能选择座席或外线号码。",
            "Only a seat or an outside number fits here.",
        )),
    }
}

/// Only whoever answers for the call decides about it.
pub(super) async fn decide(
    core: &Core,
    me: &Principal,
    id: &str,
    command: Command,
) -> HttpResult<StatusCode> {
    led_call(core, me, id)?.ask(command).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Finds a running call that the person's seat answers for.
fn led_call(core: &Core, me: &Principal, id: &str) -> Result<CallHandle, VoiceError> {
    let call = my_call(core, me, id)?;
    let mine = my_sitting(core, me)?.seat_no;
    if call.view().seat_no.as_deref() == Some(mine.as_str()) { Ok(call) } else { Err(VoiceError::NoCall) }
}

/// Rings somebody to be asked while the citizen waits; `voice.call_state` tells what comes of it.
#[utoipa::path(post, path = "/voice/calls/{id}/consultation", operation_id = "create_call_consultation", tag = "voice",
    params(("id" = String, Path)), request_body = Destination, responses((status = 202)))]
async fn consult(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Json(body): Json<Destination>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    my_call(&core, &me, &id)?;
    let target = read(&core, &me, &body)?;
    decide(&core, &me, &id, Command::Consult(target)).await
}

/// Leaves whom was asked and goes on with the citizen.
#[utoipa::path(delete, path = "/voice/calls/{id}/consultation", operation_id = "delete_call_consultation", tag = "voice",
    params(("id" = String, Path)), responses((status = 202)))]
async fn take_back(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    decide(&core, &me, &id, Command::TakeBack).await
}

/// Hands the call over: to whom was asked, in one step to a seat or number, or back to the queue.
#[utoipa::path(put, path = "/voice/calls/{id}/transfer", operation_id = "update_call_transfer", tag = "voice",
    params(("id" = String, Path)), request_body = Destination, responses((status = 202)))]
async fn transfer(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Json(body): Json<Destination>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    my_call(&core, &me, &id)?;
    let command = match body.kind {
        DestinationKind::Queue => Command::TransferToQueue,
        DestinationKind::Consulted => Command::CompleteTransfer,
        DestinationKind::Seat | DestinationKind::Outside => Command::Transfer(read(&core, &me, &body)?),
    };
    decide(&core, &me, &id, command).await
}

/// Undoes a transfer that nobody has answered.
#[utoipa::path(delete, path = "/voice/calls/{id}/transfer", operation_id = "delete_call_transfer", tag = "voice",
    params(("id" = String, Path)), responses((status = 202)))]
async fn cancel_transfer(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    decide(&core, &me, &id, Command::CancelTransfer).await
}

/// Sends the citizen through a call flow; `back` brings them to this seat again, with what the flow found out
/// in the call's `detour`. Without it the seat is done with the call.
#[utoipa::path(put, path = "/voice/calls/{id}/detour", operation_id = "create_call_detour", tag = "voice",
    params(("id" = String, Path)), request_body = DetourBody, responses((status = 202)))]
async fn send_on_detour(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Json(body): Json<DetourBody>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    my_call(&core, &me, &id)?;
    let node = body.node.filter(|node| !node.is_empty());
    super::detours::check(&core, &body.flow, node.as_deref())?;
    decide(&core, &me, &id, Command::Detour { flow: body.flow, node, back: body.back }).await
}

/// Fetches the citizen back before the flow has come to its end.
#[utoipa::path(delete, path = "/voice/calls/{id}/detour", operation_id = "delete_call_detour", tag = "voice",
    params(("id" = String, Path)), responses((status = 202)))]
async fn fetch_from_detour(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    let call = my_call(&core, &me, &id)?;
    if call.view().state != "detour" {
        return Err(VoiceError::Refused(Refusal::NotNow).into());
    }
    decide(&core, &me, &id, Command::TakeBack).await
}

/// Lets somebody talk with the citizen too: whom was asked, or a seat or number that is rung meanwhile.
#[utoipa::path(post, path = "/voice/calls/{id}/conference", operation_id = "create_call_conference", tag = "voice",
    params(("id" = String, Path)), request_body = Destination, responses((status = 202)))]
async fn confer(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Json(body): Json<Destination>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    my_call(&core, &me, &id)?;
    let command = match body.kind {
        DestinationKind::Consulted => Command::Conference,
        _ => Command::Invite(read(&core, &me, &body)?),
    };
    decide(&core, &me, &id, command).await
}

/// Sends somebody out of the conference.
#[utoipa::path(delete, path = "/voice/calls/{id}/parties/{no}", operation_id = "delete_call_party", tag = "voice",
    params(("id" = String, Path), ("no" = u32, Path)), responses((status = 202)))]
async fn drop_party(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path((id, no)): Path<(String, u32)>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    decide(&core, &me, &id, Command::DropParty(no)).await
}

/// Puts the citizen aside for any seat to fetch.
#[utoipa::path(put, path = "/voice/calls/{id}/parking", operation_id = "create_call_parking", tag = "voice",
    params(("id" = String, Path)), responses((status = 202)))]
async fn park(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    decide(&core, &me, &id, Command::Park).await
}

/// Fetches a parked citizen to my seat.
#[utoipa::path(delete, path = "/voice/calls/{id}/parking", operation_id = "delete_call_parking", tag = "voice",
    params(("id" = String, Path)), responses((status = 202)))]
async fn retrieve(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    let seat = my_sitting(&core, &me)?.seat_no;
    if !core.desk.is_free(&seat) {
        return Err(VoiceError::SeatBusy.into());
    }
    let call = core.desk.call(&id).ok_or(VoiceError::NoCall)?;
    call.ask(Command::Retrieve { seat }).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Lists parked calls, the longest first.
#[utoipa::path(get, path = "/voice/parked-calls", operation_id = "list_parked_calls", tag = "voice",
    responses((status = 200, body = ParkedCalls)))]
async fn list_parked_calls(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<ParkedCalls>> {
    me.require("call.answer")?;
    let masked = me.is_masked("phone");
    let mut items: Vec<CallView> = core
        .desk
        .call_views()
        .into_iter()
        .filter(|view| view.state == "parked")
        .map(|view| if masked { view.masked() } else { view })
        .collect();
    items.sort_by_key(|view| view.started_at);
    Ok(Json(ParkedCalls { items }))
}

/// Lets something be said to the citizen.
#[utoipa::path(post, path = "/voice/calls/{id}/phrases", operation_id = "create_call_phrase", tag = "voice",
    params(("id" = String, Path)), request_body = PhraseBody, responses((status = 202)))]
async fn say(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Json(body): Json<PhraseBody>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    if body.phrase == Phrase::Own.name() {
        let call = led_call(&core, &me, &id)?;
        let own = body.own.unwrap_or_default();
        let (title, sound) = super::own_phrases::sound(&core, &me, &own).await?;
        call.say_own(title, sound).await?;
        return Ok(StatusCode::ACCEPTED);
    }
    let all = [Phrase::SeatNumber, Phrase::PleaseWait, Phrase::ThanksForWaiting, Phrase::Goodbye];
    let phrase = all.into_iter().find(|phrase| phrase.name() == body.phrase).ok_or_else(|| {
        Problem::invalid().field("phrase", "unknown", "没有这条语音。", "There is no such phrase.")
    })?;
    decide(&core, &me, &id, Command::Say(phrase)).await
}

/// Asks the shift leaders for help; their screens show it with the call.
#[utoipa::path(post, path = "/voice/calls/{id}/help-requests", operation_id = "create_call_help_request", tag = "voice",
    params(("id" = String, Path)), request_body = HelpBody, responses((status = 202)))]
async fn ask_for_help(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Json(body): Json<HelpBody>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    let call = my_call(&core, &me, &id)?;
    let sitting = my_sitting(&core, &me)?;
    let note: String = body.note.unwrap_or_default().trim().chars().take(200).collect();
    call.send(CallMessage::Step("help_asked", sitting.seat_no.clone()));
    let told = serde_json::json!({
        "call_id": id, "seat_no": sitting.seat_no, "person_name": sitting.person_name, "note": note,
    });
    core.kit.hub.push(&[Audience::Capability("call.monitor".to_owned())], "voice.help_asked", &told);
    Ok(StatusCode::ACCEPTED)
}
