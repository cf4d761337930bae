//! Routes of the slice.

mod callbacks;
mod callflow;
mod calls;
mod campaign_targets;
mod campaign_work;
mod campaigns;
mod detours;
mod dialling;
mod emergencies;
mod figures;
mod floor;
mod flow_tables;
mod message_pins;
mod messages;
mod missed;
mod numbers;
mod operations;
mod own_phrases;
mod phone_book;
mod phrases;
mod prompts;
mod queue_settings;
mod queues;
mod recordings;
mod seat;
mod skills;
mod summaries;
mod summary_fields;
mod supervision;
mod surveys;
mod telephones;
mod trace;
mod trunks;
mod whatif;

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
        name: "call.handle_missed",
        zh: "处理未接来电、留言和回电",
        en: "See to missed calls, messages and call-backs",
        scoped: false,
    },
    Capability {
        name: "callflow.write",
        zh: "维护呼叫流程和语音素材",
        en: "Change call flows and prompts",
        scoped: false,
    },
    Capability {
        name: "call.dial",
        zh: "外呼与转外线",
        en: "Call and transfer to outside numbers",
        scoped: false,
    },
    Capability {
        name: "campaign.read",
        zh: "查看外呼任务与结果",
        en: "Read outbound tasks and their results",
        scoped: true,
    },
    Capability {
        name: "campaign.write",
        zh: "管理外呼任务",
        en: "Make and run outbound tasks",
        scoped: false,
    },
    Capability { name: "call.listen_in", zh: "监听通话", en: "Listen to running calls", scoped: false },
    Capability { name: "call.whisper", zh: "耳语指导", en: "Whisper to agents", scoped: false },
    Capability { name: "call.barge", zh: "强插通话", en: "Join running calls", scoped: false },
    Capability { name: "call.take_over", zh: "拦截通话", en: "Take calls over", scoped: false },
    Capability { name: "call.release", zh: "强拆通话", en: "Cut running calls", scoped: false },
    Capability { name: "call.kick", zh: "强制签出座席", en: "Sign seats out by force", scoped: true },
    Capability { name: "call.download", zh: "下载录音", en: "Download recordings", scoped: false },
    Capability {
        name: "phone_book.write",
        zh: "维护电话簿、标准用语与小结字段",
        en: "Keep the phone book, standard phrases and fields of summaries",
        scoped: false,
    },
    Capability {
        name: "call.monitor", zh: "监控座席状态", en: "Watch seats and the queue", scoped: true
    },
    Capability {
        name: "floor.manage",
        zh: "管理现场（审批小休、设置座席状态）",
        en: "Manage the floor: breaks and states",
        scoped: true,
    },
    Capability {
        name: "queue.write",
        zh: "设置队列与技能等级",
        en: "Set queues and skill levels",
        scoped: false,
    },
    Capability {
        name: "telephone.write",
        zh: "管理话机、查看中继",
        en: "Keep desk telephones, see trunks",
        scoped: false,
    },
    Capability {
        name: "number.write",
        zh: "维护 VIP 与黑名单",
        en: "Keep the lists of important and unwanted callers",
        scoped: false,
    },
];

/// Returns all routes, below `/api/v1`.
pub fn router(core: Arc<Core>) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(seat::routes())
        .merge(calls::routes())
        .merge(operations::routes())
        .merge(campaigns::routes())
        .merge(campaign_targets::routes())
        .merge(campaign_work::routes())
        .merge(detours::routes())
        .merge(dialling::routes())
        .merge(emergencies::routes())
        .merge(supervision::routes())
        .merge(summaries::routes())
        .merge(phone_book::routes())
        .merge(phrases::routes())
        .merge(own_phrases::routes())
        .merge(summary_fields::routes())
        .merge(missed::routes())
        .merge(recordings::routes())
        .merge(queues::routes())
        .merge(figures::routes())
        .merge(floor::routes())
        .merge(queue_settings::routes())
        .merge(skills::routes())
        .merge(numbers::routes())
        .merge(trace::routes())
        .merge(callflow::routes())
        .merge(flow_tables::routes())
        .merge(prompts::routes())
        .merge(messages::routes())
        .merge(message_pins::routes())
        .merge(callbacks::routes())
        .merge(surveys::routes())
        .merge(whatif::routes())
        .merge(telephones::routes())
        .merge(trunks::routes())
        .with_state(core)
}
