//! Kinds of notices and their words.

use kernel::Lang;
use serde_json::{Map, Value};

/// What somebody is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A limit is about to end.
    DueSoon,
    /// A limit was missed.
    Overdue,
    /// Nobody acknowledged the alarm of a missed limit.
    Alarm,
    /// A citizen is not satisfied with what the unit did.
    BadRating,
    /// Somebody asked for more speed.
    Urged,
    /// The centre supervises the order.
    Supervised,
    /// A unit gave the order back.
    Returned,
    /// The order was given to the unit.
    Dispatched,
    /// The order was passed on to a unit below or to a person.
    Assigned,
    /// Somebody wrote a note.
    Noted,
    /// A text of the knowledge base waits for review.
    KnowledgeReview,
    /// Somebody says that an answer of the knowledge base is wrong.
    KnowledgeReport,
    /// An entry of the knowledge base has to be read again.
    KnowledgeDue,
    /// An entry of the knowledge base expires within a week.
    KnowledgeExpiring,
    /// An entry of the knowledge base has expired.
    KnowledgeExpired,
    /// Figures show something unusual.
    Warned,
    /// A report that somebody has subscribed to could not be sent.
    ReportFailed,
    /// The unit took over the orders of a dissolved one.
    Succeeded,
    /// Another unit wrote, answered, or waits for an answer.
    Exchange,
    /// Somebody applies for an account, or one waits for its rights.
    Registration,
    /// What is overdue and unread, once a day.
    Digest,
}

impl Kind {
    /// All kinds, in the order in which rules are shown.
    pub const ALL: &'static [Self] = &[
        Self::Dispatched,
        Self::Assigned,
        Self::DueSoon,
        Self::Overdue,
        Self::Alarm,
        Self::BadRating,
        Self::Urged,
        Self::Supervised,
        Self::Returned,
        Self::Noted,
        Self::Exchange,
        Self::KnowledgeReview,
        Self::KnowledgeReport,
        Self::KnowledgeDue,
        Self::KnowledgeExpiring,
        Self::KnowledgeExpired,
        Self::Warned,
        Self::ReportFailed,
        Self::Succeeded,
        Self::Registration,
        Self::Digest,
    ];

    /// Returns the code that is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DueSoon => "due_soon",
            Self::Overdue => "overdue",
            Self::Alarm => "alarm",
            Self::BadRating => "bad_rating",
            Self::Urged => "urged",
            Self::Supervised => "supervised",
            Self::Returned => "returned",
            Self::Dispatched => "dispatched",
            Self::Assigned => "assigned",
            Self::Noted => "noted",
            Self::Exchange => "exchange",
            Self::KnowledgeReview => "knowledge_review",
            Self::KnowledgeReport => "knowledge_report",
            Self::KnowledgeDue => "knowledge_due",
            Self::KnowledgeExpiring => "knowledge_expiring",
            Self::KnowledgeExpired => "knowledge_expired",
            Self::Warned => "warned",
            Self::ReportFailed => "report_failed",
            Self::Succeeded => "succeeded",
            Self::Registration => "registration",
            Self::Digest => "digest",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// Returns the name on screen.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::DueSoon => lang.pick("即将到期", "Due soon"),
            Self::Overdue => lang.pick("已超期", "Overdue"),
            Self::Alarm => lang.pick("超期报警", "Alarm"),
            Self::BadRating => lang.pick("群众不满意", "Citizen not satisfied"),
            Self::Urged => lang.pick("催办", "Urged"),
            Self::Supervised => lang.pick("督办", "Supervised"),
            Self::Returned => lang.pick("退回", "Given back"),
            Self::Dispatched => lang.pick("新派工单", "New order"),
            Self::Assigned => lang.pick("转办到人", "Assigned"),
            Self::Noted => lang.pick("新备注", "New note"),
            Self::Exchange => lang.pick("业务交流", "Exchange between units"),
            Self::KnowledgeReview => lang.pick("知识待审核", "Knowledge to review"),
            Self::KnowledgeReport => lang.pick("知识纠错", "Knowledge said to be wrong"),
            Self::KnowledgeDue => lang.pick("知识到期复审", "Knowledge due for reading"),
            Self::KnowledgeExpiring => lang.pick("知识即将失效", "Knowledge about to expire"),
            Self::KnowledgeExpired => lang.pick("知识已失效", "Knowledge expired"),
            Self::Warned => lang.pick("预警", "Early warning"),
            Self::ReportFailed => lang.pick("报表邮件未送达", "Report not mailed"),
            Self::Succeeded => lang.pick("单位撤并移交", "Orders of a dissolved unit"),
            Self::Registration => lang.pick("账号申请", "Account applied for"),
            Self::Digest => lang.pick("每日汇总", "Daily digest"),
        }
    }

    /// Tells whether it goes out even in quiet hours.
    #[must_use]
    pub fn is_urgent(self) -> bool {
        matches!(self, Self::Urged | Self::Supervised | Self::Warned | Self::Alarm)
    }
}

/// Returns the sentence of a notice. A kind of a later version shows its facts.
#[must_use]
pub fn sentence(kind: &str, facts: &Map<String, Value>, lang: Lang) -> String {
    let fact = |name: &str| facts.get(name).and_then(Value::as_str).unwrap_or_default();
    let (number, title) = (fact("number"), fact("title"));
    let order = format!("{number} {title}");
    let limit = match fact("limit") {
        "dispatch" => lang.pick("派单时限", "limit for dispatch"),
        "accept" => lang.pick("签收时限", "limit for acceptance"),
        "close" => lang.pick("办理时限", "limit for handling"),
        _ => lang.pick("时限", "limit"),
    };
    let by = fact("by");
    match Kind::parse(kind) {
        Some(Kind::DueSoon) => lang
            .pick(format!("{order} 的{limit}即将到期。"), format!("{order}: the {limit} is about to end.")),
        Some(Kind::Overdue) => lang.pick(
            format!("{order} 的{limit}已超期，请尽快处理。"),
            format!("{order}: the {limit} was missed."),
        ),
        Some(Kind::Alarm) => lang.pick(
            format!("{order} 的{limit}超期报警无人确认，已上报到您，请立即确认处理。"),
            format!("{order}: nobody acknowledged the alarm of the {limit}; please do."),
        ),
        Some(Kind::BadRating) => {
            let stars = fact("stars");
            lang.pick(
                format!("市民对 {order} 的办理不满意（{stars} 星），请了解情况；是否重新办理由中心回访后决定。"),
                format!(
                    "The citizen is not satisfied with {order} ({stars} of 5); please look into it. The centre decides whether it is handled again."
                ),
            )
        }
        Some(Kind::Urged) => lang.pick(format!("{by}催办 {order}。"), format!("{by} urges {order}.")),
        Some(Kind::Supervised) => {
            lang.pick(format!("{by}督办 {order}。"), format!("{by} supervises {order}."))
        }
        Some(Kind::Returned) => lang.pick(
            format!("{order} 已被退回，请重新派单。"),
            format!("{order} was given back; please dispatch it anew."),
        ),
        Some(Kind::Dispatched) => {
            lang.pick(format!("收到新派工单 {order}，请及时签收。"), format!("A new order: {order}."))
        }
        Some(Kind::Assigned) => {
            lang.pick(format!("{by}将 {order} 转给您办理。"), format!("{by} passed {order} on to you."))
        }
        Some(Kind::Noted) => {
            lang.pick(format!("{by}在 {order} 添加了备注。"), format!("{by} wrote a note in {order}."))
        }
        Some(Kind::Exchange) => match fact("what") {
            "late" => lang.pick(
                format!("{number}的业务交流《{title}》已过希望答复的日期，请尽快回复。"),
                format!("{number} still waits for your answer to “{title}”."),
            ),
            "answer" => lang.pick(
                format!("{number}在业务交流《{title}》中有新回复。"),
                format!("{number} wrote in “{title}”."),
            ),
            _ => lang.pick(
                format!("收到{number}的业务交流《{title}》，请查看。"),
                format!("{number} wrote to your unit: “{title}”."),
            ),
        },
        Some(Kind::KnowledgeReview) => {
            lang.pick(format!("知识《{order}》等待审核。"), format!("The text “{order}” waits for review."))
        }
        Some(Kind::KnowledgeReport) => {
            let note = fact("note");
            lang.pick(
                format!("有人指出知识《{order}》有误：{note}"),
                format!("Somebody says that “{order}” is wrong: {note}"),
            )
        }
        Some(Kind::KnowledgeDue) => {
            lang.pick(format!("知识《{order}》已到复审日期。"), format!("“{order}” has to be read again."))
        }
        Some(Kind::KnowledgeExpiring) => lang
            .pick(format!("知识《{order}》将在7天内失效。"), format!("“{order}” expires within seven days.")),
        Some(Kind::KnowledgeExpired) => lang.pick(
            format!("知识《{order}》已失效，读者不再看到。"),
            format!("“{order}” has expired; readers no longer have it."),
        ),
        Some(Kind::Warned) => {
            let (zh, en) = (fact("zh"), fact("en"));
            lang.pick(
                format!("{number} 预警：{zh}，请及时接手核实。"),
                format!("Warning {number}: {en}. Please look into it."),
            )
        }
        Some(Kind::ReportFailed) => {
            let (zh, en) = (fact("zh"), fact("en"));
            lang.pick(
                format!("订阅的报表“{number}”未能发给{by}：{zh}。"),
                format!("The report “{number}” was not mailed to {by}: {en}."),
            )
        }
        Some(Kind::Succeeded) => {
            let orders = facts.get("orders").and_then(Value::as_i64).unwrap_or_default();
            lang.pick(
                format!("{number}已撤并，{orders} 件在办工单由本单位承接，时限不变，请在待办中查看。"),
                format!(
                    "{number} was dissolved; your unit took over {orders} open orders with their limits."
                ),
            )
        }
        Some(Kind::Registration) => match fact("state") {
            "approved" => lang.pick(
                format!("{number}有账号已通过审批，等待分配角色。"),
                format!("{number}: an approved account waits for its rights."),
            ),
            _ => lang.pick(
                format!("{number}有新的账号申请，等待审批。"),
                format!("{number}: somebody applies for an account."),
            ),
        },
        Some(Kind::Digest) => {
            let count = |name: &str| facts.get(name).and_then(Value::as_i64).unwrap_or_default();
            let (overdue, unread, first) = (count("overdue"), count("unread"), fact("first"));
            let first_zh = if first.is_empty() { String::new() } else { format!("，最早的是 {first}") };
            let first_en = if first.is_empty() { String::new() } else { format!(", the oldest {first}") };
            lang.pick(
                format!("超期工单 {overdue} 件{first_zh}；未读消息 {unread} 条。"),
                format!("{overdue} orders overdue{first_en}; {unread} unread notices."),
            )
        }
        None => order.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Lang;
    use serde_json::json;

    use super::{Kind, sentence};

    #[test]
    fn every_kind_has_words_in_both_languages() {
        let facts = json!({ "number": "YZ1", "title": "路灯", "limit": "close", "by": "王主任", "overdue": 2, "first": "YZ0" });
        let facts = facts.as_object().unwrap();
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.code()), Some(*kind));
            let (zh, en) = (sentence(kind.code(), facts, Lang::Zh), sentence(kind.code(), facts, Lang::En));
            assert_ne!(zh, en);
            assert!(zh.contains("YZ"), "{zh}");
        }
        assert_eq!(sentence("overdue", facts, Lang::Zh), "YZ1 路灯 的办理时限已超期，请尽快处理。");
        assert_eq!(sentence("of_tomorrow", facts, Lang::Zh), "YZ1 路灯");
    }
}
