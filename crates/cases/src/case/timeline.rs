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
    /// Taken in from an older system, where it had been closed.
    Imported = "imported", "从原系统导入", "Taken in from the older system";
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
    /// Another way of telling the citizen agreed.
    ReplyAgreed = "reply_agreed", "变更答复方式", "Way of reply agreed";
    /// Citizen told.
    CitizenTold = "citizen_told", "已告知市民", "Citizen told";
    /// Citizen could not be told.
    CitizenNotTold = "citizen_not_told", "未能告知市民", "Citizen not told";
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
    /// More units asked to help.
    CoHandlersAsked = "co_handlers_asked", "请求协办", "Help asked for";
    /// A helper answered.
    CoHandlingAnswered = "co_handling_answered", "协办反馈", "Helper answered";
    /// Units summoned.
    Summoned = "summoned", "街乡吹哨", "Units summoned";
    /// A summoned unit came.
    SummonsReported = "summons_reported", "部门报到", "Summoned unit came";
    /// A summoned unit answered.
    SummonsAnswered = "summons_answered", "报到处置反馈", "Summoned unit answered";
    /// A colleague handles it.
    Delegated = "delegated", "委派", "Delegated";
    /// The delegate answered.
    DelegationAnswered = "delegation_answered", "委派回复", "Delegate answered";
    /// People asked to sign.
    CountersignatureAsked = "countersignature_asked", "发起会签", "Countersigning asked for";
    /// Somebody signed.
    Countersigned = "countersigned", "签署会签意见", "Countersigned";
    /// Who signs was changed.
    SignersChanged = "signers_changed", "加签减签", "Signers changed";
    /// Passed to another unit.
    Transferred = "transferred", "转办", "Transferred";
    /// Handed over because its unit was dissolved.
    HandedOver = "handed_over", "单位撤并移交", "Handed over: unit dissolved";
    /// Taken back by the sender.
    Recalled = "recalled", "撤回", "Taken back";
    /// Moved to another step.
    Jumped = "jumped", "跳转", "Moved to another step";
    /// Put behind another order.
    Merged = "merged", "并入主单", "Merged";
    /// Another order was put behind this one.
    MergedIn = "merged_in", "并入其他工单", "Another order merged in";
    /// Taken out from behind another order.
    Unmerged = "unmerged", "撤销并单", "Taken out again";
    /// The main order answered.
    SettledWithMain = "settled_with_main", "随主单办结", "Settled with the main order";
    /// Parts split off.
    Split = "split", "拆单", "Split";
    /// Written as a part of another.
    SplitOff = "split_off", "由拆单产生", "Split off from another order";
    /// A part was written.
    PartWritten = "part_written", "分单已登记", "Part written";
    /// Handled by the centre itself.
    HandledByCentre = "handled_by_centre", "中心自办", "Handled by the centre";
    /// A leader's instruction.
    Instructed = "instructed", "领导批示", "Leader's instruction";
    /// Handling again asked for.
    RedoAsked = "redo_asked", "申请重办", "Handling again asked for";
    /// Handling again granted.
    RedoGranted = "redo_granted", "同意重办", "Handled again";
    /// Handling again refused.
    RedoRefused = "redo_refused", "不同意重办", "Not handled again";
    /// The citizen asks for reconsideration.
    ReconsiderationAsked = "reconsideration_asked", "市民申请复查", "Reconsideration asked for";
    /// The citizen asks for re-examination.
    ReExaminationAsked = "re_examination_asked", "市民申请复核", "Re-examination asked for";
    /// Re-examined: handled again.
    ReExaminationGranted = "re_examination_granted", "复核：重新办理", "Re-examined: handled again";
    /// Re-examined: the answer stands for good.
    ReExaminationRefused = "re_examination_refused", "复核：维持，不再受理", "Re-examined: the answer stands for good";
    /// Reconsidered: handled again.
    ReconsiderationGranted = "reconsideration_granted", "复查：重新办理", "Reconsidered: handled again";
    /// Reconsidered: the answer stands.
    ReconsiderationRefused = "reconsideration_refused", "复查：维持原答复", "Reconsidered: the answer stands";
    /// Strike-out asked for.
    StrikeOutAsked = "strike_out_asked", "申请剔除考核", "Strike-out asked for";
    /// Struck out.
    StruckOut = "struck_out", "同意剔除考核", "Struck out";
    /// Strike-out refused.
    StrikeOutRefused = "strike_out_refused", "不同意剔除考核", "Strike-out refused";
    /// Praise recorded.
    Praised = "praised", "登记表扬", "Praise";
    /// Supplement by the citizen.
    Supplemented = "supplemented", "市民补充", "Supplement by the citizen";
    /// The citizen urges.
    UrgedByCitizen = "urged_by_citizen", "市民催办", "Urged by the citizen";
    /// The citizen withdraws.
    WithdrawnByCitizen = "withdrawn_by_citizen", "市民撤回", "Withdrawn by the citizen";
    /// An outside helper got a link.
    Shared = "shared", "生成外部协办链接", "Link for an outside helper";
    /// The link was taken back.
    Unshared = "unshared", "撤销外部协办链接", "Link taken back";
    /// The outside helper reported.
    OutsideResult = "outside_result", "外部协办反馈", "Outside helper reported";
    /// Put where the clerk stands.
    Located = "located", "现场定位", "Located on the spot";
    /// A form filled in.
    FormFilled = "form_filled", "填写表单", "Form filled in";
    /// An opinion: agreed.
    OpinionAgreed = "opinion_agreed", "审批：同意", "Opinion: agreed";
    /// An opinion: disagreed.
    OpinionDisagreed = "opinion_disagreed", "审批：不同意", "Opinion: disagreed";
    /// An opinion: abstained.
    OpinionAbstained = "opinion_abstained", "审批：弃权", "Opinion: abstained";
    /// Limit computed afresh because the calendar changed.
    DeadlineMoved = "deadline_moved", "时限重新计算", "Deadline computed afresh";
);
