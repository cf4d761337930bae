//! `/voice/trunks`: how the lines to carriers and gateways do.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use kernel::http::{Auth, Cell, Json, download_workbook, local_time};
use kernel::{HttpResult, Principal, Problem};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::TrunkTransport;
use crate::core::Core;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(list_trunks)).routes(routes!(export_trunks))
}

/// A trunk.
#[derive(Serialize, ToSchema)]
struct TrunkRow {
    /// Its name.
    name: String,
    /// `udp`, `tcp`, `tls`.
    transport: String,
    /// Addresses that calls may come from.
    peers: Vec<String>,
    /// Numbers that it brings; all when empty.
    numbers: Vec<String>,
    /// Where calls outward go; absent for a trunk that only brings calls.
    outbound: Option<String>,
    /// `reachable`, `silent`, `unknown`: not asked yet, or never.
    state: String,
    /// Since when, epoch milliseconds.
    since: Option<i64>,
    /// How long its last answer took, in milliseconds.
    round_trip_ms: Option<i64>,
    /// Whether the carrier takes our registration; absent when none is wished for.
    registered: Option<bool>,
    /// Until when, epoch milliseconds.
    registered_until: Option<i64>,
    /// What the carrier answered when it refused to register us; 0 when it did not answer.
    refusal: Option<u16>,
    /// What is wrong, in the words of the network.
    fault: Option<String>,
    /// Calls that it carries now.
    calls: usize,
    /// Calls that it can carry; absent without a limit.
    channels: Option<usize>,
}

/// All trunks.
#[derive(Serialize, ToSchema)]
struct TrunkRows {
    /// In the order of the configuration.
    items: Vec<TrunkRow>,
}

/// Whoever runs the floor sees whether lines are down, whoever runs the system too.
fn may_read(me: &Principal) -> Result<(), Problem> {
    if me.has("call.monitor") { Ok(()) } else { me.require("telephone.write").map(|_| ()) }
}

fn rows(core: &Core) -> Vec<TrunkRow> {
    let states = core.stack.trunk_states();
    let trunks = core.config.trunks.iter().zip(states);
    trunks
        .map(|(trunk, state)| TrunkRow {
            name: trunk.name.clone(),
            transport: match trunk.transport {
                TrunkTransport::Udp => "udp",
                TrunkTransport::Tcp => "tcp",
                TrunkTransport::Tls => "tls",
            }
            .to_owned(),
            peers: trunk.peers.clone(),
            numbers: trunk.numbers.clone(),
            outbound: state.peer.map(|peer| peer.to_string()),
            state: match state.reachable {
                Some(true) => "reachable",
                Some(false) => "silent",
                None => "unknown",
            }
            .to_owned(),
            since: state.since,
            round_trip_ms: state.round_trip_ms,
            registered: state.registered,
            registered_until: state.registered_until,
            refusal: state.refusal,
            fault: state.fault,
            calls: state.calls,
            channels: trunk.channels,
        })
        .collect()
}

/// Lists the trunks of the configuration and how they do.
#[utoipa::path(get, path = "/voice/trunks", operation_id = "list_trunks", tag = "voice",
    responses((status = 200, body = TrunkRows)))]
async fn list_trunks(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<TrunkRows>> {
    may_read(&me)?;
    Ok(Json(TrunkRows { items: rows(&core) }))
}

/// Exports the trunks as a table for spreadsheets.
#[utoipa::path(get, path = "/voice/trunks.xlsx", operation_id = "export_trunks", tag = "voice",
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_trunks(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Response> {
    may_read(&me)?;
    let zone = core.kit.config.zone.clone();
    let lines = rows(&core).into_iter().map(|row| {
        let state = match row.state.as_str() {
            "reachable" => "正常",
            "silent" => "无应答",
            _ => "未检测",
        };
        let registered = row.registered.map(|yes| if yes { "已注册" } else { "未注册" }.to_owned());
        vec![
            Cell::from(row.name),
            row.transport.to_uppercase().into(),
            row.peers.join(" ").into(),
            row.outbound.into(),
            state.to_owned().into(),
            row.since.map(|at| local_time(&zone, at)).into(),
            registered.into(),
            i64::try_from(row.calls).unwrap_or(i64::MAX).into(),
            row.channels.map(|channels| channels.to_string()).into(),
            row.fault.into(),
        ]
    });
    let heads = vec![
        "中继",
        "传输",
        "对端地址",
        "呼出地址",
        "状态",
        "状态时间",
        "注册",
        "在用通道",
        "通道数",
        "故障",
    ];
    download_workbook("trunks", heads, lines.collect()).await
}
