//! What can go wrong with orders, and what a client is told of it.

use axum::http::StatusCode;
use kernel::calendar::CalendarError;
use kernel::{BoxError, DbError, Problem, ToProblem};

use crate::case::action::Action;
use crate::case::{Status, Step};

/// One field that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The path of the field in the request.
    pub field: &'static str,
    /// A stable code.
    pub code: &'static str,
    /// What is wrong, in Chinese.
    pub zh: String,
    /// What is wrong, in English.
    pub en: String,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// There is no such order, or the person may not know of it.
    #[error("no such order")]
    NotFound,
    /// The person may read the order, but not do this.
    #[error("{0:?} is not granted here")]
    Forbidden(Action),
    /// The order is not at the step for it.
    #[error("{action:?} does not fit an order that is {status:?}")]
    WrongStep {
        /// What was tried.
        action: Action,
        /// Where the order stands.
        status: Status,
    },
    /// Somebody changed the order first.
    #[error("the order changed meanwhile; it has version {current}")]
    Stale {
        /// The present version.
        current: i64,
    },
    /// Fields need correction.
    #[error("{} fields refused", .0.len())]
    Invalid(Vec<Refusal>),
    /// The citizen has rated this order, or cannot rate it yet.
    #[error("the order cannot be rated")]
    NotRatable {
        /// Whether there is a rating already.
        rated: bool,
    },
    /// The rating was followed up by somebody else.
    #[error("the rating was followed up already")]
    FollowedUp,
    /// A rule of the city stands against it.
    #[error("refused: {code}")]
    Refused {
        /// A stable code.
        code: &'static str,
        /// Why, in Chinese.
        zh: String,
        /// Why, in English.
        en: String,
    },
    /// A link has ended.
    #[error("gone: {code}")]
    Gone {
        /// `link.expired`, `link.revoked` or `link.settled`.
        code: &'static str,
    },
    /// The drawn flow cannot take this step.
    #[error("the flow refused the step {step:?}: {reason}")]
    Flow {
        /// The step.
        step: Option<Step>,
        /// What the engine says.
        reason: String,
    },
    /// The order's flow does not offer this at its present task.
    #[error("task {element_id:?} can't be completed by {action:?}")]
    NotDrawn {
        /// The user task.
        element_id: String,
        /// The action.
        action: String,
    },
    /// The drawing has faults.
    #[error("the drawing has {} faults", .0.len())]
    Drawing(Vec<flow::FlowProblem>),
    /// A draft, a name or a rule of flows is refused.
    #[error("there is a draft of this flow already")]
    DraftExists {
        /// The draft.
        id: String,
    },
    /// Answers of a form are refused.
    #[error("{} answers of a form refused", .0.len())]
    Form(Vec<forms::Refusal>),
    /// A form cannot be published.
    #[error("the form has {} faults", .0.len())]
    FormFaults(Vec<forms::Fault>),
    /// The form was published anew while somebody filled it in.
    #[error("the form changed meanwhile; it is {form_id} now")]
    FormChanged {
        /// The version in force.
        form_id: String,
        /// What is different.
        differences: Vec<forms::Difference>,
    },
    /// Nothing is to be filled in here by this person.
    #[error("the form is not to be filled in here")]
    FormClosed,
    /// There is a draft of the form.
    #[error("there is a draft of this form already")]
    FormDraftExists {
        /// The draft.
        id: String,
    },
    /// The calendar cannot compute a limit.
    #[error("the limit cannot be computed")]
    Calendar(#[from] CalendarError),
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// Another part of the house failed.
    #[error("a port failed: {0}")]
    Port(BoxError),
    /// What is stored cannot be read.
    #[error("stored {what} is unreadable: {reason}")]
    Stored {
        /// What it is.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// A published version of the catalogue does not change.
    #[error("this version of the catalogue is published")]
    Published,
    /// A catalogue is published only after a trial of its present rows.
    #[error("the catalogue was not tried since its last change")]
    NotTried,
    /// Somebody has too many runs going on.
    #[error("too many runs at once")]
    TooManyRuns,
    /// An uploaded file is no table.
    #[error("the file is no table: {0}")]
    Sheet(#[from] crate::sheet::SheetError),
    /// An export has too many rows.
    #[error("{rows} rows are too many for one file")]
    TooManyRows {
        /// So many match.
        rows: i64,
        /// So many fit.
        most: i64,
    },
    /// A template has faults.
    #[error("the template has {} faults", .0.len())]
    Template(Vec<crate::document::Fault>),
    /// The file could not be made.
    #[error("the file could not be made")]
    Export(#[from] rust_xlsxwriter::XlsxError),
}

impl CaseError {
    /// Says that a rule of the city stands against it.
    pub(crate) fn refused(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Refused { code, zh: zh.into(), en: en.into() }
    }

    /// Says that one field was refused.
    pub(crate) fn field(
        field: &'static str,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Self::Invalid(vec![Refusal { field, code, zh: zh.into(), en: en.into() }])
    }
}

impl From<sqlx::Error> for CaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

impl ToProblem for CaseError {
    fn problem(&self) -> Problem {
        match self {
            Self::NotFound => Problem::not_found(),
            Self::Forbidden(action) => Problem::new(StatusCode::FORBIDDEN, "permission.denied")
                .detail_zh(format!("您没有对此工单进行“{}”的权限。", action.name().0))
                .detail_en(format!("You may not do this with this order: {}.", action.name().1))
                .with("action", action.code().into()),
            Self::WrongStep { action, status } => Problem::new(StatusCode::CONFLICT, "case.wrong_step")
                .detail_zh(format!(
                    "工单当前为“{}”，不能进行“{}”。",
                    status.name(kernel::Lang::Zh),
                    action.name().0
                ))
                .detail_en(format!(
                    "The order is “{}”; this cannot be done now: {}.",
                    status.name(kernel::Lang::En),
                    action.name().1
                ))
                .with("status", status.code().into()),
            Self::Stale { current } => Problem::stale_version(*current),
            Self::Invalid(refusals) => refusals.iter().fold(Problem::invalid(), |problem, refusal| {
                problem.field(refusal.field, refusal.code, &refusal.zh, &refusal.en)
            }),
            Self::NotRatable { rated: true } => Problem::new(StatusCode::CONFLICT, "rating.given")
                .detail_zh("该工单已经评价过。")
                .detail_en("This order has been rated already."),
            Self::NotRatable { rated: false } => Problem::new(StatusCode::CONFLICT, "rating.too_early")
                .detail_zh("工单办结后方可评价。")
                .detail_en("An order can be rated once it is settled."),
            Self::FollowedUp => Problem::new(StatusCode::CONFLICT, "rating.followed_up")
                .detail_zh("该评价已由他人跟进。")
                .detail_en("Somebody else has followed up this rating."),
            Self::Refused { code, zh, en } => {
                Problem::new(StatusCode::CONFLICT, code).detail_zh(zh).detail_en(en)
            }
            Self::Published => Problem::new(StatusCode::CONFLICT, "catalogue.published")
                .detail_zh("已发布的目录不能修改，请复制为新的草稿。")
                .detail_en("A published version does not change; copy it into a new draft."),
            Self::NotTried => Problem::new(StatusCode::CONFLICT, "catalogue.not_tried")
                .detail_zh("请先用历史工单试运行，确认结果后再发布。")
                .detail_en("Try it on past orders first, then publish."),
            Self::TooManyRuns => Problem::new(StatusCode::TOO_MANY_REQUESTS, "run.too_many")
                .detail_zh("您已有多个任务正在进行，请等它们完成。")
                .detail_en("Several of your runs are still going on; please wait for them.")
                .retry_after(10),
            Self::Sheet(error) => {
                let (zh, en) = match error {
                    crate::sheet::SheetError::TooLarge => {
                        ("文件过大，请拆分后再导入。", "The file is too large; please split it.")
                    }
                    crate::sheet::SheetError::Empty => ("文件中没有内容。", "There is nothing in the file."),
                    crate::sheet::SheetError::Unreadable(_) => (
                        "无法读取此文件，请上传 .xlsx 或 CSV 文件。",
                        "This file cannot be read; send .xlsx or CSV.",
                    ),
                };
                Problem::invalid().field("file", "unreadable", zh, en)
            }
            Self::Gone { code: "upload.ended" } => Problem::new(StatusCode::GONE, "upload.ended")
                .detail_zh("上传已超时，请刷新页面后重新选择文件。")
                .detail_en("The time to send files is over; please reload the page and choose them again."),
            Self::Gone { code } => Problem::new(StatusCode::GONE, code)
                .detail_zh(match *code {
                    "link.revoked" => "此链接已被撤销，如需继续协助请联系发送人。",
                    "link.settled" => "此事项已办结，链接不再开放。感谢您的协助。",
                    _ => "此链接已过有效期，请联系发送人重新获取。",
                })
                .detail_en(match *code {
                    "link.revoked" => "This link was taken back. Please ask whoever sent it.",
                    "link.settled" => {
                        "The matter is settled and the link is closed. Thank you for your help."
                    }
                    _ => "This link has expired. Please ask whoever sent it for another.",
                }),
            Self::TooManyRows { rows, most } => {
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "export.too_many_rows")
                    .detail_zh(format!("符合条件的有 {rows} 条，一次最多导出 {most} 条，请缩小范围。"))
                    .detail_en(format!("{rows} orders match; a file takes {most}. Please narrow the filter."))
            }
            Self::Db(error) => error.problem(),
            Self::NotDrawn { .. } => Problem::new(StatusCode::CONFLICT, "flow.not_drawn")
                .detail_zh("此工单的流程在当前环节没有这个去向。")
                .detail_en("The flow of this order does not offer this at its present step."),
            Self::Drawing(problems) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "flow.refused")
                .detail_zh(format!("流程图有{}处问题，不能发布。", problems.len()))
                .detail_en(format!("The drawing has {} faults and cannot be published.", problems.len()))
                .with("problems", serde_json::json!(problems)),
            Self::Template(faults) => {
                let (zh, en) = faults.first().map_or_else(Default::default, |fault| {
                    let at = |text: &str| {
                        [&fault.place, &fault.placeholder, text]
                            .iter()
                            .filter(|part| !part.is_empty())
                            .map(ToString::to_string)
                            .collect::<Vec<_>>()
                            .join(" ")
                    };
                    (at(&fault.zh), at(&fault.en))
                });
                let told: Vec<serde_json::Value> = faults
                    .iter()
                    .map(|fault| {
                        serde_json::json!({
                            "place": fault.place, "placeholder": fault.placeholder, "zh": fault.zh, "en": fault.en
                        })
                    })
                    .collect();
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "template.refused")
                    .detail_zh(zh)
                    .detail_en(en)
                    .with("faults", serde_json::json!(told))
            }
            Self::DraftExists { id } => Problem::new(StatusCode::CONFLICT, "flow.draft_exists")
                .detail_zh("该流程已有草稿，请在草稿上修改。")
                .detail_en("There is a draft of this flow already; please work on it.")
                .with("draft_id", id.as_str().into()),
            Self::Form(refusals) => refusals.iter().fold(Problem::invalid(), |problem, refusal| {
                problem.field(&format!("form.{}", refusal.field), refusal.code, &refusal.zh, &refusal.en)
            }),
            Self::FormFaults(faults) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "form.refused")
                .detail_zh(format!("表单有{}处问题，不能发布。", faults.len()))
                .detail_en(format!("The form has {} faults and cannot be published.", faults.len()))
                .with("problems", serde_json::json!(faults)),
            Self::FormChanged { form_id, differences } => Problem::new(StatusCode::CONFLICT, "form.changed")
                .detail_zh("表单已更新为新版本，已填写的内容均已保留，请核对后再提交。")
                .detail_en("The form has a new version. What you filled in is kept; please look at it again.")
                .with("form_id", form_id.as_str().into())
                .with("differences", serde_json::json!(differences)),
            Self::FormClosed => Problem::new(StatusCode::CONFLICT, "form.closed")
                .detail_zh("工单当前环节没有需要您填写的表单。")
                .detail_en("There is no form for you to fill in at the present step."),
            Self::FormDraftExists { id } => Problem::new(StatusCode::CONFLICT, "form.draft_exists")
                .detail_zh("该表单已有草稿，请在草稿上修改。")
                .detail_en("There is a draft of this form already; please work on it.")
                .with("draft_id", id.as_str().into()),
            Self::Flow { .. } | Self::Calendar(_) | Self::Port(_) | Self::Stored { .. } | Self::Export(_) => {
                Problem::from_internal(self)
            }
        }
    }
}

/// Collects what is wrong with the fields of a request.
#[derive(Debug, Default)]
pub struct Check(Vec<Refusal>);

impl Check {
    /// Notes that a field was refused.
    pub fn refuse(
        &mut self,
        field: &'static str,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.0.push(Refusal { field, code, zh: zh.into(), en: en.into() });
    }

    /// Wants a text of 1 to `most` characters.
    pub fn text(&mut self, field: &'static str, text: &str, most: usize) {
        if text.trim().is_empty() {
            self.refuse(field, "required", "请填写此项。", "Please fill this in.");
        } else {
            self.optional(field, text, most);
        }
    }

    /// Wants a text of at most `most` characters.
    pub fn optional(&mut self, field: &'static str, text: &str, most: usize) {
        let length = text.chars().count();
        if length > most {
            self.refuse(
                field,
                "too_long",
                format!("最多 {most} 个字，现有 {length} 个。"),
                format!("At most {most} characters; there are {length}."),
            );
        } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t') {
            self.refuse(
                field,
                "malformed",
                "含有无法显示的字符。",
                "There are characters that cannot be shown.",
            );
        }
    }

    /// Passes when nothing was refused.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] with every refused field.
    pub fn done(self) -> Result<(), CaseError> {
        if self.0.is_empty() { Ok(()) } else { Err(CaseError::Invalid(self.0)) }
    }
}

/// The longest opinion, reason or note, in characters.
pub const TEXT_MAX: usize = 2000;
