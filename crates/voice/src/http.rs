//! Routes of the slice.

mod calls;
mod figures;
mod missed;
mod queues;
mod recordings;
mod seat;

use std::sync::Arc;

use kernel::Capability;
use utoipa_axum::router::OpenApiRouter;

use crate::core::Core;

/// What the routes ask for.
pub const CAPABILITIES: &[Capability] = &[
    Capability { name: "call.answer", zh: "接听来电", en: "Answer calls", scoped: false },
    Capability { name: "call.read", zh: "查看通话记录", en: "Read the list of calls", scoped: true },
    Capability { name: "call.listen", zh: "收听录音", en: "Listen to recordings", scoped: true },
    Capability {
        name: "call.export", zh: "导出通话记录", en: "Export the list of calls", scoped: false
    },
    Capability {
        name: "call.handle_missed", zh: "处理未接来电", en: "See to missed calls", scoped: false
    },
    Capability {
        name: "call.monitor", zh: "监控座席状态", en: "Watch seats and the queue", scoped: false
    },
];

/// Returns all routes, below `/api/v1`.
pub fn router(core: Arc<Core>) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(seat::routes())
        .merge(calls::routes())
        .merge(missed::routes())
        .merge(recordings::routes())
        .merge(queues::routes())
        .merge(figures::routes())
        .with_state(core)
}
