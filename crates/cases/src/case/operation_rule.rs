//! The city's own rules for operations: how often, how long, who decides. All are parameters that hold at once.

use kernel::Kit;
use kernel::parameters::ParameterSpec;
use serde_json::json;

/// The rules in force.
#[derive(Clone, Debug)]
pub struct OperationRules {
    /// So often an order's limit is extended.
    pub extensions_max: i64,
    /// So many working days at a time.
    pub extension_days_max: i64,
    /// So often a unit gives an order back by itself; after that the centre reviews its objection.
    pub free_returns: i64,
    /// After so many returns a leader says whose the order is.
    pub returns_before_leader: i64,
    /// Working days for the answer to a supervision, where nobody says otherwise.
    pub supervision_days: u32,
    /// Working days for a co-handling unit.
    pub co_handling_days: u32,
    /// Working days for a summoned unit.
    pub summons_days: u32,
    /// Whether the server urges by itself when a limit turns yellow.
    pub auto_urge: bool,
    /// Whether the server supervises by itself when a limit is missed.
    pub auto_supervise: bool,
    /// For so many days after the archive the citizen may apply for reconsideration or reopening.
    pub reconsideration_days: i64,
    /// Within so many days a reconsideration is answered.
    pub reconsideration_limit_days: i64,
    /// For so many days after that answer the citizen may apply for re-examination.
    pub re_examination_days: i64,
    /// Within so many days a re-examination is answered.
    pub re_examination_limit_days: i64,
    /// Whether the citizen is told as soon as the unit reports; else only when the result stands.
    pub tell_on_feedback: bool,
    /// Whether somebody calls then too, where a call was agreed.
    pub call_on_feedback: bool,
}

const NUMBERS: &[(&str, i64, &str, &str)] = &[
    ("cases.extensions_max", 2, "每件工单最多延期次数", "Extensions of an order at most"),
    ("cases.extension_days_max", 10, "每次最多延期（工作日）", "Days of an extension at most (working days)"),
    (
        "cases.free_returns",
        1,
        "可直接退回次数，超出须经异议审核",
        "Returns without review; later ones are reviewed",
    ),
    (
        "cases.returns_before_leader",
        2,
        "退回几次后由领导裁定承办单位",
        "Returns after which a leader decides",
    ),
    (
        "cases.supervision_days",
        2,
        "督办回复时限（工作日）",
        "Limit for answering a supervision (working days)",
    ),
    ("cases.co_handling_days", 5, "协办时限（工作日）", "Limit for co-handling (working days)"),
    ("cases.summons_days", 1, "吹哨报到时限（工作日）", "Limit for a summoned unit (working days)"),
    ("cases.auto_urge", 1, "临期自动催办（1 开启，0 关闭）", "Urge by itself when yellow (1 on, 0 off)"),
    (
        "cases.auto_supervise",
        1,
        "超期自动督办（1 开启，0 关闭）",
        "Supervise by itself when overdue (1 on, 0 off)",
    ),
    (
        "cases.reconsideration_days",
        30,
        "归档后可申请复查的天数",
        "Days after the archive in which reconsideration may be asked for",
    ),
    (
        "cases.reconsideration_limit_days",
        30,
        "复查办理时限（天）",
        "Days within which a reconsideration is answered",
    ),
    (
        "cases.re_examination_days",
        30,
        "复查答复后可申请复核的天数",
        "Days after the answer in which re-examination may be asked for",
    ),
    (
        "cases.re_examination_limit_days",
        30,
        "复核办理时限（天）",
        "Days within which a re-examination is answered",
    ),
    (
        "cases.tell_on_feedback",
        1,
        "单位反馈后立即以短信或邮件告知市民（1 立即，0 审核通过后）",
        "Tell the citizen by SMS or mail as soon as the unit reports (1 at once, 0 after the review)",
    ),
    (
        "cases.call_on_feedback",
        0,
        "约定电话或传真的，单位反馈后也立即生成告知任务（1 开启，0 关闭）",
        "Where a call or fax was agreed, a task to tell opens as soon as the unit reports (1 on, 0 off)",
    ),
];

/// Returns the parameters from which the rules are read.
#[must_use]
pub fn parameters() -> Vec<ParameterSpec> {
    let spec = |(key, default, zh, en): &(&'static str, i64, &'static str, &'static str)| ParameterSpec {
        key,
        default: json!(default),
        zh,
        en,
    };
    NUMBERS.iter().map(spec).collect()
}

impl OperationRules {
    /// Reads the rules in force.
    #[must_use]
    pub fn read(kit: &Kit) -> Self {
        let number = |key: &str| {
            let otherwise = NUMBERS.iter().find(|spec| spec.0 == key).map_or(0, |spec| spec.1);
            kit.parameters.i64(key, otherwise).clamp(0, 1000)
        };
        let days = |key: &str| u32::try_from(number(key)).unwrap_or_default();
        Self {
            extensions_max: number("cases.extensions_max"),
            extension_days_max: number("cases.extension_days_max"),
            free_returns: number("cases.free_returns"),
            returns_before_leader: number("cases.returns_before_leader"),
            supervision_days: days("cases.supervision_days"),
            co_handling_days: days("cases.co_handling_days"),
            summons_days: days("cases.summons_days"),
            auto_urge: number("cases.auto_urge") != 0,
            auto_supervise: number("cases.auto_supervise") != 0,
            reconsideration_days: number("cases.reconsideration_days"),
            reconsideration_limit_days: number("cases.reconsideration_limit_days"),
            re_examination_days: number("cases.re_examination_days"),
            re_examination_limit_days: number("cases.re_examination_limit_days"),
            tell_on_feedback: number("cases.tell_on_feedback") != 0,
            call_on_feedback: number("cases.call_on_feedback") != 0,
        }
    }
}
