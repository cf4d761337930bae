//! The time line of an order: every step with who, when and what was said.

use kernel::Lang;

macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident = $code:literal, $zh:literal, $en:literal;)*) => {
        /// What a line tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum EntryKind { $($(#[$meta])* $kind,)* }

        impl EntryKind {
            /// Returns the code that is stored.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$kind => $code,)* }
            }

            /// Returns the title of a stored code; a code of a later version stands for itself.
            #[must_use]
            pub fn title(code: &str, lang: Lang) -> &str {
                match code { $($code => lang.pick($zh, $en),)* other => other }
            }
        }
    };
}

kinds!(
    /// Written.
    Created = "created", "登记工单", "Order written";
    /// Written and answered at once.
    AnsweredAtOnce = "answered_at_once", "登记并即时答复", "Written and answered at once";
    /// Fields corrected.
    Amended = "amended", "修改工单", "Order amended";
    /// Passed by the shift leader.
    ReviewPassed = "review_passed", "班长审核通过", "Review passed";
    /// Rejected by the shift leader.
    ReviewRejected = "review_rejected", "班长审核退回修改", "Review: to be amended";
    /// Given to a unit.
    Dispatched = "dispatched", "派单", "Dispatched";
    /// Accepted by the unit.
    Accepted = "accepted", "签收受理", "Accepted";
    /// Given back to the centre.
    SentBack = "returned", "退回中心", "Returned to the centre";
    /// Passed on within the unit's tree.
    Assigned = "assigned", "转下级办理", "Assigned";
    /// Result reported.
    FeedbackGiven = "feedback_given", "办理结果反馈", "Result reported";
    /// Result approved.
    ResultPassed = "result_passed", "结果审核通过", "Result approved";
    /// Result rejected.
    ResultRejected = "result_rejected", "结果审核退回重办", "Result rejected";
    /// Citizen asked.
    Visited = "visited", "回访", "Return visit";
    /// Citizen not reached.
    NotReached = "not_reached", "回访未接通", "Return visit: not reached";
    /// Put away.
    Closed = "closed", "办结归档", "Closed and archived";
    /// Taken up again.
    Reopened = "reopened", "重新办理", "Reopened";
    /// Note written.
    Noted = "noted", "备注", "Note";
    /// More speed asked for.
    Urged = "urged", "催办", "Urged";
    /// Rated by the citizen.
    Rated = "rated", "市民评价", "Rated by the citizen";
    /// Bad rating followed up.
    FollowedUp = "followed_up", "差评跟进", "Bad rating followed up";
    /// Recording bound.
    RecordingBound = "recording_bound", "关联通话录音", "Recording bound";
    /// Limit turned yellow.
    DeadlineNear = "deadline_near", "时限预警", "Deadline near";
    /// Limit missed.
    DeadlineMissed = "deadline_missed", "超过时限", "Deadline missed";
    /// More time asked for.
    ExtensionAsked = "extension_asked", "申请延期", "Extension asked for";
    /// More time granted.
    ExtensionGranted = "extension_granted", "同意延期", "Extension granted";
    /// More time refused.
    ExtensionRefused = "extension_refused", "不同意延期", "Extension refused";
    /// The unit objects.
    Objected = "objected", "提出派单异议", "Objection to the dispatch";
    /// The objection is right.
    ObjectionUpheld = "objection_upheld", "异议成立", "Objection upheld";
    /// The objection is wrong.
    ObjectionRejected = "objection_rejected", "异议不成立", "Objection rejected";
    /// A leader has said whose it is.
    ObjectionRuled = "objection_ruled", "领导裁定承办单位", "Leader's ruling";
    /// Supervised.
    Supervised = "supervised", "督办", "Supervised";
    /// Supervision answered.
    SupervisionAnswered = "supervision_answered", "督办回复", "Supervision answered";
    /// Answer to a supervision evaluated.
    SupervisionEvaluated = "supervision_evaluated", "督办评价", "Supervision evaluated";
    /// Not accepted.
    NotAccepted = "not_accepted", "不予受理", "Not accepted";
    /// Void.
    Voided = "voided", "废弃", "Void";
    /// Taken up where it was ended.
    Restored = "restored", "恢复办理", "Restored";
    /// Moved to another version of its flow.
    FlowChanged = "flow_changed", "流程版本变更", "Moved to another version of its flow";
    /// Limit computed afresh because the calendar changed.
    DeadlineMoved = "deadline_moved", "时限重新计算", "Deadline computed afresh";
);
