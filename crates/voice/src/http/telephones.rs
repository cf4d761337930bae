//! `/voice/telephones`: desk telephones of seats, and which telephone a seat answers on.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use contract::identity::SeatId;
use kernel::http::{Auth, Cell, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::{Audit, Cursor, HttpResult, Page, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::seat::my_sitting;
use crate::accounts::new_password;
use crate::core::Core;
use crate::desk::PhoneChoice;
use crate::error::VoiceError;
use crate::sip_port::{Place, Telephone};
use crate::store::telephones::{self, Account};

/// Seats that get an account at once.
const SEATS_MAX: usize = 100;
/// Longest note, in characters.
const NOTE_CHARS: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_telephones, create_telephones))
        .routes(routes!(export_telephones))
        .routes(routes!(show_settings))
        .routes(routes!(delete_telephone))
        .routes(routes!(reset_password))
        .routes(routes!(choose_telephone))
}

/// What narrows the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TelephonesQuery {
    /// Part of a seat's number, a note, an address or a make.
    q: Option<String>,
    /// `registered`, `lost`, or nothing.
    state: Option<String>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// Where a telephone is registered from.
#[derive(Clone, Serialize, ToSchema)]
struct TelephoneBinding {
    /// Address that it was seen at.
    address: String,
    /// `udp`, `tcp`, `tls`.
    transport: String,
    /// What it says that it is.
    user_agent: String,
    /// Since when, epoch milliseconds.
    since: i64,
    /// When it lapses unless it registers again, epoch milliseconds.
    expires_at: i64,
}

/// A desk telephone.
#[derive(Clone, Serialize, ToSchema)]
struct TelephoneRow {
    /// The seat.
    seat_id: String,
    /// Its number, which is also the telephone's user name.
    seat_no: String,
    /// Where it stands, of which make it is.
    note: String,
    /// Whether it is registered now.
    registered: bool,
    /// Where from; the newest, which is the one that rings, stands first.
    bindings: Vec<TelephoneBinding>,
    /// Whether the seat answers on it.
    chosen: bool,
    /// Whether somebody works at the seat now.
    signed_in: bool,
    /// When the account was made, epoch milliseconds.
    created_at: i64,
    /// Who made it.
    created_by: String,
    /// When its password was made, epoch milliseconds.
    password_at: i64,
}

/// What is typed into a telephone beside its own user name and password.
#[derive(Serialize, ToSchema)]
struct TelephoneSettings {
    /// Realm, which telephones call domain or authentication realm.
    realm: String,
    /// Address and port for UDP.
    udp: String,
    /// Address and port for TCP, when it is served.
    tcp: Option<String>,
    /// Address and port for TLS, when it is served.
    tls: Option<String>,
    /// Whether telephones over TLS are rung with encrypted sound (SRTP with SDES) only.
    must_encrypt: bool,
}

#[derive(Deserialize, ToSchema)]
struct NewTelephones {
    /// The seats, 100 at most; those that have a telephone keep it.
    seat_ids: Vec<String>,
    /// Where they stand, of which make they are.
    note: Option<String>,
}

/// A password, shown once.
#[derive(Serialize, ToSchema)]
struct TelephonePassword {
    /// The seat.
    seat_id: String,
    /// User name.
    user: String,
    /// Password; it is not stored and cannot be shown again.
    password: String,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
struct TelephonesCreated {
    /// Seats that have a telephone now.
    items: Vec<TelephonePassword>,
    /// Seats that had one before, or are not known.
    left_out: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TelephoneKind {
    /// The one in the page.
    Page,
    /// The one on the desk.
    Desk,
}

#[derive(Deserialize, ToSchema)]
struct TelephoneChoice {
    /// The telephone that rings from the next call on.
    kind: TelephoneKind,
    /// Whether a desk telephone is asked to answer by itself.
    auto_answer: Option<bool>,
}

/// My seat's telephones.
#[derive(Serialize, ToSchema)]
pub(super) struct MyTelephones {
    /// The telephone that rings: `page` or `desk`.
    kind: String,
    /// Whether the page's telephone is registered.
    page: bool,
    /// Whether the desk's telephone is registered.
    desk: bool,
    /// Whether the seat has a desk telephone at all.
    has_desk: bool,
    /// Whether the desk telephone is asked to answer by itself.
    auto_answer: bool,
}

/// Returns what a seat can answer on.
pub(super) fn my_telephones(core: &Core, seat_no: &str) -> MyTelephones {
    let choice = core.desk.phone_choice(seat_no);
    MyTelephones {
        kind: if choice.place == Place::Desk { "desk" } else { "page" }.to_owned(),
        page: core.desk.has_phone(seat_no, Place::Page),
        desk: core.desk.has_phone(seat_no, Place::Desk),
        has_desk: core.accounts.has(seat_no),
        auto_answer: choice.auto_answer,
    }
}

async fn rows(core: &Core, query: &TelephonesQuery) -> Result<Vec<TelephoneRow>, VoiceError> {
    let mut bound: HashMap<String, Vec<Telephone>> = HashMap::new();
    for telephone in core.stack.telephones() {
        bound.entry(telephone.seat.clone()).or_default().push(telephone);
    }
    let q = query.q.as_deref().unwrap_or_default().trim().to_lowercase();
    let fits = |row: &TelephoneRow| {
        let state = match query.state.as_deref() {
            Some("registered") => row.registered,
            Some("lost") => !row.registered,
            _ => true,
        };
        let texts = row.bindings.iter().flat_map(|b| [b.address.as_str(), b.user_agent.as_str()]);
        let mut texts = texts.chain([row.seat_no.as_str(), row.note.as_str()]);
        state && (q.is_empty() || texts.any(|text| text.to_lowercase().contains(&q)))
    };
    let accounts = telephones::all(&core.kit.db).await?;
    let rows = accounts.into_iter().map(|account| {
        let bindings = bound.remove(&account.seat_no).unwrap_or_default();
        row(core, account, bindings)
    });
    Ok(rows.filter(fits).collect())
}

fn row(core: &Core, account: Account, mut bindings: Vec<Telephone>) -> TelephoneRow {
    bindings.sort_by_key(|telephone| std::cmp::Reverse(telephone.expires_at));
    TelephoneRow {
        registered: !bindings.is_empty(),
        bindings: bindings
            .into_iter()
            .map(|telephone| TelephoneBinding {
                address: telephone.seen_at.to_string(),
                transport: telephone.transport.to_owned(),
                user_agent: telephone.user_agent,
                since: telephone.since,
                expires_at: telephone.expires_at,
            })
            .collect(),
        chosen: account.chosen == 1,
        signed_in: core.desk.sitting_at(&account.seat_no).is_some(),
        seat_id: account.seat_id,
        seat_no: account.seat_no,
        note: account.note,
        created_at: account.created_at,
        created_by: account.created_name,
        password_at: account.password_at,
    }
}

/// Lists desk telephones by the number of their seat.
#[utoipa::path(get, path = "/voice/telephones", operation_id = "list_telephones", tag = "voice",
    params(TelephonesQuery), responses((status = 200, body = Page<TelephoneRow>)))]
async fn list_telephones(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<TelephonesQuery>,
) -> HttpResult<Json<Page<TelephoneRow>>> {
    me.require("telephone.write")?;
    let limit = kernel::page::limit(query.limit);
    let after = query.cursor.as_deref().and_then(|word| Cursor::decode(word, 1)).and_then(|mut k| k.pop());
    let mut found = rows(&core, &query).await?;
    found.retain(|row| after.as_ref().is_none_or(|after| row.seat_no > *after));
    found.truncate(limit + 1);
    Ok(Json(Page::cut(found, limit, |row| Cursor::encode(std::slice::from_ref(&row.seat_no)))))
}

/// Gives seats a desk telephone. The passwords are in the answer and nowhere else.
#[utoipa::path(post, path = "/voice/telephones", operation_id = "create_telephones", tag = "voice",
    request_body = NewTelephones,
    responses((status = 201, body = TelephonesCreated), (status = 422, body = kernel::problem::ProblemBody)))]
async fn create_telephones(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(new): Json<NewTelephones>,
) -> HttpResult<(StatusCode, Json<TelephonesCreated>)> {
    me.require("telephone.write")?;
    let note = new.note.unwrap_or_default().trim().to_owned();
    let mut problem = Problem::invalid();
    if !(1..=SEATS_MAX).contains(&new.seat_ids.len()) {
        problem =
            problem.field("seat_ids", "count", "请选择 1 至 100 个座席。", "Choose from 1 to 100 seats.");
    }
    if note.chars().count() > NOTE_CHARS {
        problem = problem.field("note", "length", "备注最多 100 字。", "A note of at most 100 characters.");
    }
    if problem.has_fields() {
        return Err(problem);
    }
    let directory = core.ports.directory.as_ref().ok_or(VoiceError::NoSeat)?;
    let (mut seats, mut left_out) = (Vec::new(), Vec::new());
    for id in new.seat_ids {
        match directory.seat(&SeatId(id.clone())).await.map_err(VoiceError::Port)? {
            Some(seat) => seats.push(seat),
            None => left_out.push(id),
        }
    }
    let mut items = Vec::new();
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    for seat in seats {
        let (password, ha1) = new_password(&seat.no, &core.config.realm);
        let made = telephones::insert(&mut tx, &ctx, (seat.id.as_str(), &seat.no), &ha1, &note)
            .await
            .map_err(VoiceError::from)?;
        if !made {
            left_out.push(seat.id.0);
            continue;
        }
        let detail = serde_json::json!({ "seat_no": seat.no });
        tx.audit(&ctx, Audit::new("telephone.create", "telephone", seat.id.0.clone()).detail(detail));
        items.push(TelephonePassword { seat_id: seat.id.0, user: seat.no, password });
    }
    tx.commit().await.map_err(VoiceError::from)?;
    crate::telephones::load(&core).await.map_err(VoiceError::from)?;
    Ok((StatusCode::CREATED, Json(TelephonesCreated { items, left_out })))
}

/// Gives a desk telephone another password; it has to register again.
#[utoipa::path(put, path = "/voice/telephones/{seat_id}/password", operation_id = "update_telephone_password",
    tag = "voice", params(("seat_id" = String, Path)), responses((status = 200, body = TelephonePassword)))]
async fn reset_password(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(seat_id): Path<String>,
) -> HttpResult<Json<TelephonePassword>> {
    me.require("telephone.write")?;
    let accounts = telephones::all(&core.kit.db).await.map_err(VoiceError::from)?;
    let account =
        accounts.into_iter().find(|account| account.seat_id == seat_id).ok_or_else(Problem::not_found)?;
    let (password, ha1) = new_password(&account.seat_no, &core.config.realm);
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !telephones::set_password(&mut tx, &ctx, &seat_id, &ha1).await.map_err(VoiceError::from)? {
        return Err(Problem::not_found());
    }
    let detail = serde_json::json!({ "seat_no": account.seat_no });
    tx.audit(&ctx, Audit::new("telephone.password", "telephone", seat_id.clone()).detail(detail));
    tx.commit().await.map_err(VoiceError::from)?;
    crate::telephones::load(&core).await.map_err(VoiceError::from)?;
    Ok(Json(TelephonePassword { seat_id, user: account.seat_no, password }))
}

/// Takes a seat's desk telephone away; the seat answers on its page again.
#[utoipa::path(delete, path = "/voice/telephones/{seat_id}", operation_id = "delete_telephone", tag = "voice",
    params(("seat_id" = String, Path)), responses((status = 204)))]
async fn delete_telephone(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(seat_id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("telephone.write")?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !telephones::remove(&mut tx, &seat_id).await.map_err(VoiceError::from)? {
        return Err(Problem::not_found());
    }
    tx.audit(&ctx, Audit::new("telephone.delete", "telephone", seat_id));
    tx.commit().await.map_err(VoiceError::from)?;
    crate::telephones::load(&core).await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows what is typed into a desk telephone.
#[utoipa::path(get, path = "/voice/telephone-settings", operation_id = "show_telephone_settings", tag = "voice",
    responses((status = 200, body = TelephoneSettings)))]
async fn show_settings(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<TelephoneSettings>> {
    me.require("telephone.write")?;
    let [tcp, tls] = core.stack.stream_addresses();
    Ok(Json(TelephoneSettings {
        realm: core.config.realm.clone(),
        udp: core.stack.local().to_string(),
        tcp: tcp.map(|address| address.to_string()),
        tls: tls.map(|address| address.to_string()),
        must_encrypt: core.config.srtp_telephones,
    }))
}

/// Exports desk telephones as a table for spreadsheets.
#[utoipa::path(get, path = "/voice/telephones.xlsx", operation_id = "export_telephones", tag = "voice",
    params(TelephonesQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_telephones(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<TelephonesQuery>,
) -> HttpResult<Response> {
    me.require("telephone.write")?;
    let zone = core.kit.config.zone.clone();
    let lines = rows(&core, &query).await?.into_iter().map(|row| {
        let newest = row.bindings.first();
        vec![
            Cell::from(row.seat_no.clone()),
            row.note.clone().into(),
            if row.registered { "已注册" } else { "未注册" }.to_owned().into(),
            newest.map(|binding| binding.address.clone()).into(),
            newest.map(|binding| binding.transport.to_uppercase()).into(),
            newest.map(|binding| binding.user_agent.clone()).into(),
            newest.map(|binding| local_time(&zone, binding.since)).into(),
            local_time(&zone, row.created_at).into(),
            row.created_by.clone().into(),
        ]
    });
    let heads = vec!["座席", "备注", "状态", "地址", "传输", "话机型号", "注册时间", "建立时间", "建立人"];
    download_workbook("telephones", heads, lines.collect()).await
}

/// Chooses the telephone that my seat answers on, from the next call on.
#[utoipa::path(put, path = "/voice/seat/telephone", operation_id = "update_seat_telephone", tag = "voice",
    request_body = TelephoneChoice, responses((status = 200, body = MyTelephones)))]
async fn choose_telephone(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<TelephoneChoice>,
) -> HttpResult<Json<MyTelephones>> {
    me.require("call.answer")?;
    let sitting = my_sitting(&core, &me)?;
    let before = core.desk.phone_choice(&sitting.seat_no);
    let desk = body.kind == TelephoneKind::Desk;
    let auto_answer = body.auto_answer.unwrap_or(before.auto_answer);
    if desk && !core.accounts.has(&sitting.seat_no) {
        return Err(VoiceError::NoTelephone.into());
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    telephones::choose(&mut tx, &sitting.seat_no, desk, auto_answer).await.map_err(VoiceError::from)?;
    let detail = serde_json::json!({ "kind": body.kind, "auto_answer": auto_answer });
    tx.audit(&ctx, Audit::new("telephone.choose", "seat", sitting.seat_id.clone()).detail(detail));
    tx.commit().await.map_err(VoiceError::from)?;
    let place = if desk { Place::Desk } else { Place::Page };
    core.desk.choose_phone(&sitting.seat_no, PhoneChoice { place, auto_answer });
    Ok(Json(my_telephones(&core, &sitting.seat_no)))
}
