//! The words of a work order, each with its code and its names.

use kernel::{Lang, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Makes an enumeration of words, each with its code and its Chinese and English name.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$word_meta:meta])* $word:ident = $code:tt, $zh:literal, $en:literal;)* }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        pub enum $name {
            $($(#[$word_meta])* #[serde(rename = $code)] $word,)*
        }

        impl $name {
            /// All words in their order.
            pub const ALL: &'static [Self] = &[$(Self::$word),*];

            /// Returns the code that is stored and sent.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$word => $code,)* }
            }

            /// Reads a code.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$word),)* _ => None }
            }

            /// Returns the name on screen.
            #[must_use]
            pub fn name(self, lang: kernel::Lang) -> &'static str {
                match self { $(Self::$word => lang.pick($zh, $en),)* }
            }
        }
    };
}
pub(super) use words;

words!(
    /// The type of an order (类型).
    Kind {
        /// A question.
        Consult = "consult", "咨询", "Enquiry";
        /// A complaint.
        Complaint = "complaint", "投诉", "Complaint";
        /// A tip about an offence.
        Report = "report", "举报", "Report";
        /// A call for help.
        Help = "help", "求助", "Request for help";
        /// A proposal.
        Suggestion = "suggestion", "建议", "Suggestion";
        /// Something is broken.
        Repair = "repair", "报修", "Repair";
        /// Praise.
        Praise = "praise", "表扬", "Praise";
        /// Hard to settle: several offices, or no rule for it.
        Difficult = "difficult", "疑难", "Difficult matter";
        /// An opinion on public affairs.
        Reflection = "reflection", "反映", "Reflection";
        /// A nuisance call, written down because it came.
        Nuisance = "nuisance", "骚扰", "Nuisance";
        /// Anything else.
        Other = "other", "其他", "Other";
    }
);

words!(
    /// How an order came.
    Source {
        /// By telephone.
        Phone = "phone", "电话", "Phone";
        /// Through the portal's form.
        Portal = "portal", "网站", "Web";
        /// At a counter, by letter, or otherwise through a member of staff.
        Staff = "staff", "工作人员", "Staff";
        /// Found by a unit itself.
        Discovered = "discovered", "主动发现", "Found by a unit";
        /// Taken in from the system that was used before.
        Import = "import", "历史导入", "Imported";
    }
);

words!(
    /// How much an order hurries.
    Urgency {
        /// As usual.
        Normal = "normal", "一般", "Normal";
        /// Before others.
        Urgent = "urgent", "紧急", "Urgent";
        /// At once.
        Critical = "critical", "特急", "Critical";
    }
);

words!(
    /// Where an order stands (ORD-08).
    Status {
        /// Written, and not given to anybody yet.
        DraftLogged = "draft_logged", "记录待分配", "Logged";
        /// Given to a unit that has not accepted it.
        Assigned = "assigned", "分配待处理", "Assigned";
        /// Accepted.
        InProgress = "in_progress", "开始处理", "In progress";
        /// The unit has reported its result.
        Handled = "handled", "处理完毕待审核", "Awaiting review";
        /// The centre has approved the result.
        Approved = "approved", "审核完毕", "Approved";
        /// The unit gave it back to the centre.
        Returned = "returned", "已退回", "Returned";
        /// The agent answered it at once.
        ClosedAtOnce = "closed_at_once", "即时办结", "Answered at once";
        /// Put away.
        Archived = "archived", "已归档", "Archived";
        /// The hotline may not deal with it; the citizen is told why (不予受理).
        NotAccepted = "not_accepted", "不予受理", "Not accepted";
        /// It was no matter at all (废弃).
        Voided = "voided", "已废弃", "Void";
        /// Another order answers for it (并单).
        Merged = "merged", "已并单", "Merged";
    }
);

words!(
    /// What somebody has to do with an order.
    Step {
        /// The shift leader reviews the fresh order.
        Review = "review", "班长审核", "Review";
        /// The writer corrects what the shift leader rejected.
        Amendment = "amendment", "修改工单", "Amend";
        /// The dispatcher gives it to a unit.
        Dispatch = "dispatch", "派单", "Dispatch";
        /// The unit accepts it.
        Acceptance = "acceptance", "签收", "Accept";
        /// The unit handles it and reports the result.
        Handling = "handling", "办理反馈", "Handle";
        /// The centre reviews the result.
        ResultReview = "result_review", "结果审核", "Review the result";
        /// The centre asks the citizen.
        ReturnVisit = "return_visit", "回访", "Return visit";
        /// The centre puts it away.
        Closure = "closure", "办结归档", "Close";
        /// The shift leader follows up a bad rating.
        FollowUp = "follow_up", "差评跟进", "Follow up";
        /// The centre decides on more time.
        ExtensionReview = "extension_review", "延期审批", "Decide on extension";
        /// The centre reviews a unit's objection.
        ObjectionReview = "objection_review", "异议审核", "Review the objection";
        /// A leader says whose the order is.
        ObjectionRuling = "objection_ruling", "领导裁定", "Leader's ruling";
        /// The centre decides on a strike-out.
        StrikeOutReview = "strike_out_review", "剔除审批", "Decide on strike-out";
        /// A leader decides on handling again.
        RedoReview = "redo_review", "重办审批", "Decide on handling again";
        /// A leader looks at the answer again.
        Reconsideration = "reconsideration", "复查复核", "Reconsideration";
        /// The unit answers a supervision.
        SupervisionReply = "supervision_reply", "督办回复", "Answer the supervision";
        /// Whoever supervised looks at the answer.
        SupervisionEvaluation = "supervision_evaluation", "督办评价", "Evaluate the supervision";
        /// A unit helps.
        CoHandling = "co_handling", "协办", "Co-handle";
        /// A summoned unit comes and acts.
        Summons = "summons", "吹哨报到", "Answer the summons";
        /// A colleague handles in another's stead.
        Delegation = "delegation", "委派办理", "Delegated handling";
        /// Somebody gives an opinion and signs.
        Countersignature = "countersignature", "会签", "Countersign";
        /// The centre tells the citizen by telephone.
        Telling = "telling", "告知市民", "Tell the citizen";
    }
);

impl Step {
    /// Returns what one must be able to do to take this step.
    #[must_use]
    pub fn capability(self) -> &'static str {
        match self {
            Self::Review => "case.review",
            Self::Amendment => "case.edit",
            Self::Dispatch => "case.dispatch",
            Self::Acceptance => "case.accept",
            Self::Handling => "case.handle",
            Self::ResultReview => "case.result_review",
            Self::ReturnVisit | Self::Telling => "case.return_visit",
            Self::Closure => "case.close",
            Self::FollowUp => "rating.follow_up",
            Self::ExtensionReview | Self::ObjectionReview | Self::StrikeOutReview => "case.decide",
            Self::ObjectionRuling | Self::RedoReview | Self::Reconsideration => "case.lead",
            Self::SupervisionReply | Self::CoHandling | Self::Summons | Self::Delegation => "case.handle",
            Self::SupervisionEvaluation => "case.supervise",
            Self::Countersignature => "case.read",
        }
    }

    /// Tells whether one person has to do it, who is named in the task.
    #[must_use]
    pub fn is_a_persons(self) -> bool {
        matches!(self, Self::Amendment | Self::Delegation | Self::Countersignature)
    }

    /// Tells whether a unit has to do it that is named in the task.
    #[must_use]
    pub fn is_of_a_unit(self) -> bool {
        self.is_the_units() || matches!(self, Self::SupervisionReply | Self::CoHandling | Self::Summons)
    }

    /// Tells whether it is a step of the course that the unit in charge takes.
    #[must_use]
    pub fn is_the_units(self) -> bool {
        matches!(self, Self::Acceptance | Self::Handling)
    }
}

impl Status {
    /// Returns the stage of the closed loop (ORD-09).
    #[must_use]
    pub fn stage(self, lang: Lang) -> &'static str {
        match self {
            Self::DraftLogged => lang.pick("受理", "Intake"),
            Self::Assigned | Self::Returned => lang.pick("流转", "Routing"),
            Self::InProgress => lang.pick("处理", "Handling"),
            Self::Handled | Self::Approved => lang.pick("反馈", "Feedback"),
            Self::ClosedAtOnce | Self::Archived | Self::NotAccepted | Self::Voided | Self::Merged => {
                lang.pick("归档", "Archive")
            }
        }
    }

    /// Tells whether nothing more is to be done by anybody's limit.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Approved | Self::ClosedAtOnce | Self::Archived)
    }

    /// Tells whether the order was ended before it was settled.
    #[must_use]
    pub fn is_ended_early(self) -> bool {
        matches!(self, Self::NotAccepted | Self::Voided | Self::Merged)
    }
}

/// The colour of a limit (SLA-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Color {
    /// In time.
    Green,
    /// About to be overdue.
    Yellow,
    /// Overdue.
    Red,
}

impl Color {
    /// Returns the colour at `now`; none without a limit.
    #[must_use]
    pub fn of(yellow_at: Option<Timestamp>, due_at: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        let due_at = due_at?;
        Some(if now > due_at {
            Self::Red
        } else if yellow_at.is_some_and(|at| now >= at) {
            Self::Yellow
        } else {
            Self::Green
        })
    }

    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "green" => Some(Self::Green),
            "yellow" => Some(Self::Yellow),
            "red" => Some(Self::Red),
            _ => None,
        }
    }
}
