//! The dictionary: lists of words that screens offer and that a city extends.

use contract::identity::DictionaryChanged;
use kernel::{Audit, Ctx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::directory::Touched;
use crate::error::IdentityError;
use crate::{Identity, store};

/// One word of one list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DictionaryEntry {
    /// The list, such as `district`.
    pub kind: String,
    /// The code that is stored.
    pub code: String,
    /// What Chinese screens show.
    pub zh: String,
    /// What English screens show.
    pub en: String,
    /// Its place in the list.
    pub sort: i64,
    /// Whether it can be chosen; what was chosen before keeps its name.
    pub active: bool,
    /// For optimistic locking.
    pub version: i64,
}

/// A new or changed word.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DictionaryChange {
    /// The version that the writer saw; 0 for a new word.
    #[serde(default)]
    pub version: i64,
    /// What Chinese screens show.
    pub zh: String,
    /// What English screens show; empty for the Chinese.
    #[serde(default)]
    pub en: String,
    /// Its place in the list.
    #[serde(default)]
    pub sort: i64,
    /// Whether it can be chosen.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// Lists of the first day: kind, code, Chinese, English.
const DEFAULTS: &[(&str, &str, &str, &str)] = &[
    ("gender", "male", "男", "Male"),
    ("gender", "female", "女", "Female"),
    ("unit_kind", "centre", "热线中心", "Hotline centre"),
    ("unit_kind", "department", "市级部门", "City department"),
    ("unit_kind", "district", "区县", "District"),
    ("unit_kind", "street", "乡镇街道", "Town or street"),
    ("unit_kind", "enterprise", "加盟企业", "Member enterprise"),
    ("unit_kind", "sub_unit", "下属单位", "Sub-unit"),
    ("contact_tag", "vip", "重点服务", "Special care"),
    ("contact_tag", "elderly", "老年人", "Elderly"),
    ("contact_tag", "disabled", "残障人士", "Disabled"),
    ("contact_tag", "frequent", "频繁来电", "Frequent caller"),
    ("contact_tag", "blacklist", "黑名单", "Blocked"),
    ("case_source", "phone", "电话", "Telephone"),
    ("case_source", "portal", "网站", "Web portal"),
    ("case_urgency", "normal", "一般", "Normal"),
    ("case_urgency", "urgent", "紧急", "Urgent"),
    ("case_urgency", "critical", "特急", "Critical"),
    (
        "non_acceptance_ground",
        "litigation",
        "涉法涉诉：已经或应当通过诉讼、仲裁、复议解决",
        "Before a court, or for one",
    ),
    (
        "non_acceptance_ground",
        "final",
        "信访三级终结：已复核终结",
        "Petition closed after the third instance",
    ),
    ("non_acceptance_ground", "discipline", "纪检监察机关管辖", "For discipline inspection"),
    ("non_acceptance_ground", "emergency", "应由110、119、120等紧急热线受理", "For an emergency number"),
    ("non_acceptance_ground", "secret", "涉及国家秘密、商业秘密、个人隐私", "Concerns secrets or privacy"),
    ("non_acceptance_ground", "outside", "超出本市行政职权范围", "Outside the city's powers"),
    ("non_acceptance_ground", "unlawful", "违反法律法规或社会公序良俗", "Against law or decency"),
    (
        "non_acceptance_ground",
        "in_progress",
        "正在办理且未超期的同一事项",
        "The same matter is being handled in time",
    ),
    ("void_ground", "duplicate", "重复登记", "Written twice"),
    ("void_ground", "nuisance", "骚扰或恶意来电", "Nuisance"),
    ("void_ground", "test", "测试工单", "Test"),
    ("void_ground", "mistake", "误登记", "Written by mistake"),
    ("void_ground", "withdrawn", "市民撤回", "Withdrawn by the citizen"),
    ("break_reason", "rest", "小休", "Rest"),
    ("break_reason", "meal", "用餐", "Meal"),
    ("break_reason", "meeting", "会议", "Meeting"),
    ("break_reason", "training", "培训", "Training"),
    ("skill", "general", "综合", "General"),
    ("skill", "policy", "政策咨询", "Policy advice"),
    ("skill", "english", "英语", "English"),
    ("skill", "dialect", "方言", "Dialect"),
    ("skill", "minority_language", "少数民族语言", "Minority language"),
    ("skill", "business", "涉企服务", "Enterprises"),
    ("skill", "utilities", "公用事业", "Utilities"),
    ("skill", "social_security", "社会保障", "Social security"),
    ("skill", "traffic", "交通出行", "Traffic"),
    ("skill", "escalation", "升级处理", "Escalation"),
];

/// Returns the words of the first day.
#[must_use]
pub fn default_entries() -> Vec<DictionaryEntry> {
    (1_i64..)
        .zip(DEFAULTS)
        .map(|(sort, (kind, code, zh, en))| DictionaryEntry {
            kind: (*kind).to_owned(),
            code: (*code).to_owned(),
            zh: (*zh).to_owned(),
            en: (*en).to_owned(),
            sort,
            active: true,
            version: 1,
        })
        .collect()
}

impl Identity {
    /// Adds or changes a word.
    ///
    /// # Errors
    /// When the version is stale, or kind, code or text are malformed.
    pub async fn put_entry(
        &self,
        ctx: &Ctx,
        kind: &str,
        code: &str,
        wish: DictionaryChange,
    ) -> Result<DictionaryEntry, IdentityError> {
        let tame = |word: &str| {
            (1..=60).contains(&word.len())
                && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        };
        if !tame(kind) || !tame(code) {
            return Err(IdentityError::field(
                "code",
                "malformed",
                "编码为 1 至 60 个字母、数字或 - _ . 。",
                "Codes have 1 to 60 letters, digits or - _ .",
            ));
        }
        if wish.zh.trim().is_empty() || wish.zh.chars().count() > 100 || wish.en.chars().count() > 200 {
            return Err(IdentityError::field("zh", "required", "请填写名称。", "A name is needed."));
        }
        let mut change = self.begin_change().await?;
        let old = store::dictionary::find(change.tx.conn(), kind, code).await?;
        let current = old.as_ref().map_or(0, |entry| entry.version);
        if current != wish.version {
            return Err(IdentityError::Stale { current });
        }
        let entry = DictionaryEntry {
            kind: kind.to_owned(),
            code: code.to_owned(),
            en: if wish.en.trim().is_empty() { wish.zh.clone() } else { wish.en },
            zh: wish.zh,
            sort: wish.sort,
            active: wish.active,
            version: current + 1,
        };
        store::dictionary::put(change.tx.conn(), &entry).await?;
        change.tx.audit(
            ctx,
            Audit::new("dictionary.change", "dictionary", format!("{kind}/{code}"))
                .detail(json!({"from": old, "to": entry})),
        );
        change.tx.emit(ctx, &DictionaryChanged { kind: kind.to_owned() });
        self.finish(change, Touched::Nothing).await?;
        Ok(entry)
    }

    /// Removes a word that was entered by mistake; what is in use is better deactivated.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn delete_entry(&self, ctx: &Ctx, kind: &str, code: &str) -> Result<(), IdentityError> {
        let mut change = self.begin_change().await?;
        let old =
            store::dictionary::find(change.tx.conn(), kind, code).await?.ok_or(IdentityError::NotFound)?;
        store::dictionary::delete(change.tx.conn(), kind, code).await?;
        change.tx.audit(
            ctx,
            Audit::new("dictionary.delete", "dictionary", format!("{kind}/{code}"))
                .detail(json!({"from": old})),
        );
        change.tx.emit(ctx, &DictionaryChanged { kind: kind.to_owned() });
        self.finish(change, Touched::Nothing).await
    }
}
