//! Who may do what with an order, and when. Handlers and the list of `allowed` actions ask the same rule.

use kernel::{Principal, Scope};

use super::application::{ApplicationKind, ApplicationState, Decider};
use super::errand::{ErrandKind, ErrandState};
use super::operation_rule::OperationRules;
use super::{Case, Status, Step};
use crate::error::CaseError;

macro_rules! actions {
    ($($(#[$meta:meta])* $action:ident = $code:literal, $zh:literal, $en:literal, $capability:literal;)*) => {
        /// Something that a member of staff does with an order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $($(#[$meta])* $action,)* }

        impl Action {
            /// All actions, in the order of an order's life.
            pub const ALL: &'static [Self] = &[$(Self::$action),*];

            /// Returns the code by which screens know it.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$action => $code,)* }
            }

            /// Returns the names in Chinese and English.
            #[must_use]
            pub fn name(self) -> (&'static str, &'static str) {
                match self { $(Self::$action => ($zh, $en),)* }
            }

            /// Returns the capability that it takes.
            #[must_use]
            pub fn capability(self) -> &'static str {
                match self { $(Self::$action => $capability,)* }
            }
        }
    };
}

actions!(
    /// Read it.
    Read = "read", "查看", "read", "case.read";
    /// Correct its fields.
    Amend = "edit", "修改", "edit", "case.edit";
    /// Review the fresh order.
    Review = "review", "班长审核", "review", "case.review";
    /// Give it to a unit.
    Dispatch = "dispatch", "派单", "dispatch", "case.dispatch";
    /// Accept it.
    Accept = "acceptance", "签收", "accept", "case.accept";
    /// Give it back to the centre.
    SendBack = "return", "退回中心", "return to the centre", "case.return";
    /// Pass it on to a unit below or to a person.
    Assign = "assignment", "转下级", "assign", "case.assign";
    /// Report the result.
    GiveFeedback = "feedback", "办理反馈", "report the result", "case.handle";
    /// Review the result.
    ReviewResult = "result_review", "结果审核", "review the result", "case.result_review";
    /// Ask the citizen.
    Visit = "return_visit", "回访", "return visit", "case.return_visit";
    /// Tell the citizen by telephone.
    Tell = "telling", "告知市民", "tell the citizen", "case.return_visit";
    /// Put it away.
    Close = "closure", "办结归档", "close", "case.close";
    /// Take it up again.
    Reopen = "reopen", "重新办理", "reopen", "case.reopen";
    /// Decide on more time.
    DecideExtension = "extension_decision", "延期审批", "decide on the extension", "case.decide";
    /// Review a unit's objection.
    DecideObjection = "objection_decision", "异议审核", "review the objection", "case.decide";
    /// Say as a leader whose it is.
    RuleObjection = "objection_ruling", "领导裁定", "rule on the objection", "case.lead";
    /// Answer a supervision.
    ReplySupervision = "supervision_reply", "督办回复", "answer the supervision", "case.handle";
    /// Look at the answer to a supervision.
    EvaluateSupervision = "supervision_evaluation", "督办评价", "evaluate the supervision", "case.supervise";
    /// Decide on a strike-out.
    DecideStrikeOut = "strike_out_decision", "剔除审批", "decide on the strike-out", "case.decide";
    /// Decide whether it is handled again.
    DecideRedo = "redo_decision", "重办审批", "decide on handling again", "case.lead";
    /// Answer the citizen's application for reconsideration.
    Reconsider = "reconsideration_decision", "复查复核", "reconsider", "case.lead";
    /// Answer as a helping unit.
    AnswerCoHandling = "co_handling_answer", "协办反馈", "answer as a helper", "case.handle";
    /// Report on the spot.
    ReportToSummons = "summons_report", "报到", "report on the spot", "case.handle";
    /// Answer as a summoned unit.
    AnswerSummons = "summons_answer", "报到处置反馈", "answer the summons", "case.handle";
    /// Answer as a delegate.
    AnswerDelegation = "delegation_answer", "委派回复", "answer as a delegate", "case.handle";
    /// Sign, or disagree.
    Sign = "countersignature_answer", "签署会签意见", "countersign", "case.read";
    /// Ask for more time.
    AskExtension = "extension", "申请延期", "ask for an extension", "case.handle";
    /// Object to the dispatch.
    Object = "objection", "派单异议", "object to the dispatch", "case.return";
    /// Supervise.
    Supervise = "supervision", "督办", "supervise", "case.supervise";
    /// Write a note.
    Note = "note", "备注", "note", "case.note";
    /// Agree on another way of telling the citizen.
    AgreeReply = "reply", "变更答复方式", "change the way of reply", "case.edit";
    /// Ask for more speed.
    Urge = "urge", "催办", "urge", "case.urge";
    /// Handle it in the centre.
    HandleOurselves = "self_handling", "中心自办", "handle in the centre", "case.dispatch";
    /// Write an instruction.
    Instruct = "instruction", "领导批示", "write an instruction", "case.instruct";
    /// Ask whether it shall be handled again.
    AskRedo = "redo", "申请重办", "ask for handling again", "case.return_visit";
    /// Ask that it does not count.
    AskStrikeOut = "strike_out", "申请剔除", "ask for a strike-out", "case.handle";
    /// Record praise.
    Praise = "praise", "登记表扬", "record praise", "case.praise";
    /// Give a link to an outside helper.
    Share = "links", "外部协办链接", "give a link", "case.share";
    /// Ask more units to help.
    InviteCoHandlers = "co_handling", "增加协办", "ask for help", "case.dispatch";
    /// Summon units to the spot.
    Summon = "summons", "吹哨", "summon units", "case.summon";
    /// Let a colleague handle it.
    Delegate = "delegation", "委派", "delegate", "case.assign";
    /// Ask people to countersign.
    Countersign = "countersignature", "发起会签", "ask for countersigning", "case.countersign";
    /// Add people to the round, or take them off.
    ChangeSigners = "signers", "加签减签", "change who signs", "case.countersign";
    /// Pass it to another unit.
    Transfer = "transfer", "转办", "transfer", "case.dispatch";
    /// Say where it is, on the spot.
    Locate = "position", "现场定位", "say where it is", "case.handle";
    /// Take back what one has just passed on.
    Recall = "recall", "撤回", "take back", "case.read";
    /// Put it behind another order.
    Merge = "merger", "并单", "merge", "case.merge";
    /// Take it out from behind another order.
    Unmerge = "unmerger", "撤销并单", "take out", "case.merge";
    /// Make orders of their own of several matters.
    Split = "split", "拆单", "split", "case.merge";
    /// Move it to another step.
    Jump = "jump", "跳转", "move to another step", "case.lead";
    /// Say that the hotline may not deal with it.
    RefuseAcceptance = "non_acceptance", "不予受理", "do not accept", "case.void";
    /// Say that it is no matter at all.
    Void = "voiding", "废弃", "void", "case.void";
    /// Take back that it was ended early.
    Restore = "restoration", "恢复办理", "restore", "case.void";
);

impl Action {
    /// Checks that `person` may do this with orders like `case`, whatever its step.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when the person may not even read it, so that its existence is not told;
    /// [`CaseError::Forbidden`] when reading is all.
    pub fn permit(self, case: &Case, person: &Principal) -> Result<(), CaseError> {
        let within = |scope: Option<Scope>| scope.is_some_and(|scope| case.is_within(scope, person));
        if !within(person.scope(Action::Read.capability())) {
            return Err(CaseError::NotFound);
        }
        if !within(person.scope(self.capability())) || !self.is_in_right_hands(case, person) {
            return Err(CaseError::Forbidden(self));
        }
        Ok(())
    }

    /// Tells whether only the unit in charge does this.
    fn is_the_units(self) -> bool {
        matches!(
            self,
            Self::Accept
                | Self::SendBack
                | Self::Assign
                | Self::GiveFeedback
                | Self::AskExtension
                | Self::Object
                | Self::Summon
                | Self::Delegate
                | Self::AskStrikeOut
                | Self::Share
                | Self::Countersign
                | Self::ChangeSigners
                | Self::Locate
        )
    }

    /// Tells which errand this answers: only those do it who owe it.
    fn errand(self) -> Option<ErrandKind> {
        match self {
            Self::ReplySupervision => Some(ErrandKind::Supervision),
            Self::AnswerCoHandling => Some(ErrandKind::CoHandling),
            Self::ReportToSummons | Self::AnswerSummons => Some(ErrandKind::Summons),
            Self::AnswerDelegation => Some(ErrandKind::Delegation),
            Self::Sign => Some(ErrandKind::Countersignature),
            _ => None,
        }
    }

    /// What a unit does with an order, only the unit in charge does (or one above it that has the scope);
    /// having written the order, or helping with it, is not enough. Nor is it to let others in, by a link or
    /// by asking for signatures that hold the order up. What lies with one person of the unit is
    /// that person's, until somebody with the whole subtree moves it. An errand is answered by those who
    /// owe it. Where the citizen is told, nobody changes who may not know who that is.
    fn is_in_right_hands(self, case: &Case, person: &Principal) -> bool {
        if let Some(kind) = self.errand() {
            // Before anybody owes one, the step is wrong, not the person.
            return case.open_errands(kind).next().is_none() || case.errand_of(kind, person).is_some();
        }
        let Some(scope) = person.scope(self.capability()) else { return false };
        if self == Self::AgreeReply && !case.shows_citizen_to(person) {
            return false;
        }
        if self == Self::Recall {
            // Before anybody sent it, the step is wrong, not the person.
            return case.standing.sent.as_ref().is_none_or(|sent| sent.by == person.person_id);
        }
        if self == Self::ChangeSigners && scope != Scope::All {
            // A round is changed by whoever asked for it, or by the centre.
            let mut open = case.open_errands(ErrandKind::Countersignature);
            if open.any(|one| one.given_by.as_deref() != Some(person.person_id.as_str())) {
                return false;
            }
        }
        if !self.is_the_units() {
            return true;
        }
        let in_person = case.person_id.as_deref() == Some(person.person_id.as_str());
        let Some(unit) = &case.unit else { return scope == Scope::All };
        match scope {
            Scope::Own => in_person,
            Scope::Unit => in_person || (case.person_id.is_none() && unit.id == person.unit_id),
            Scope::Subtree => unit.path.starts_with(&person.unit_path),
            Scope::All => true,
        }
    }

    /// Checks that the order is at the step for this.
    ///
    /// # Errors
    /// [`CaseError::WrongStep`].
    pub fn fits(self, case: &Case, rules: &OperationRules) -> Result<(), CaseError> {
        let at = |step| case.task(step).is_some();
        let with_unit = || at(Step::Acceptance) || at(Step::Handling);
        let open = |kind| case.open_application(kind);
        let owed = |kind| case.open_errands(kind).next().is_some();
        let flows = || case.tasks.iter().any(|task| task.token.is_some());
        let objected = || open(ApplicationKind::Objection);
        let fits = match self {
            Self::Read | Self::Note => true,
            Self::Amend => {
                !case.status.is_settled() && (at(Step::Review) || at(Step::Amendment) || at(Step::Dispatch))
            }
            Self::Review => at(Step::Review),
            Self::Dispatch => at(Step::Dispatch),
            Self::Accept => at(Step::Acceptance) && objected().is_none(),
            Self::SendBack => {
                with_unit()
                    && objected().is_none()
                    && !case.standing.ruled
                    && case.standing.returns < rules.free_returns
            }
            Self::Locate => with_unit(),
            Self::Assign => with_unit() && objected().is_none(),
            Self::GiveFeedback => at(Step::Handling) && objected().is_none(),
            Self::ReviewResult => at(Step::ResultReview),
            Self::Visit => at(Step::ReturnVisit),
            Self::Tell => at(Step::Telling),
            Self::AgreeReply => {
                at(Step::Telling)
                    || at(Step::ReturnVisit)
                    || (!case.status.is_settled() && !case.status.is_ended_early())
            }
            Self::Close => at(Step::Closure),
            Self::Reopen => case.status.is_settled() && case.status != Status::Approved,
            Self::Urge => with_unit(),
            Self::AskExtension => {
                let asked = case
                    .applications
                    .iter()
                    .filter(|one| one.kind == ApplicationKind::Extension)
                    .filter(|one| one.state == ApplicationState::Approved)
                    .count();
                at(Step::Handling)
                    && open(ApplicationKind::Extension).is_none()
                    && objected().is_none()
                    && i64::try_from(asked).is_ok_and(|asked| asked < rules.extensions_max)
            }
            Self::DecideExtension => open(ApplicationKind::Extension).is_some(),
            Self::Object => with_unit() && objected().is_none() && !case.standing.ruled,
            Self::DecideObjection => objected().is_some_and(|one| one.decider == Decider::Centre),
            Self::RuleObjection => objected().is_some_and(|one| one.decider == Decider::Leader),
            Self::Supervise => with_unit(),
            Self::ReplySupervision => case.open_errands(ErrandKind::Supervision).next().is_some(),
            Self::EvaluateSupervision => case
                .errands
                .iter()
                .any(|one| one.kind == ErrandKind::Supervision && one.state == ErrandState::Answered),
            Self::RefuseAcceptance => {
                at(Step::Review) || at(Step::Amendment) || at(Step::Dispatch) || with_unit()
            }
            Self::Void => !case.status.is_settled() && !case.status.is_ended_early(),
            Self::AnswerCoHandling => owed(ErrandKind::CoHandling),
            Self::ReportToSummons | Self::AnswerSummons => owed(ErrandKind::Summons),
            Self::AnswerDelegation => owed(ErrandKind::Delegation),
            Self::Sign | Self::ChangeSigners => owed(ErrandKind::Countersignature),
            Self::InviteCoHandlers | Self::Summon => with_unit() && objected().is_none(),
            Self::Delegate => at(Step::Handling) && objected().is_none(),
            Self::Countersign => flows() && !owed(ErrandKind::Countersignature),
            Self::Transfer => with_unit() && objected().is_none(),
            Self::Recall => {
                with_unit() && case.standing.sent.as_ref().is_some_and(|sent| sent.opened_at.is_none())
            }
            Self::Merge | Self::Split => at(Step::Review) || at(Step::Dispatch) || with_unit(),
            Self::Unmerge => case.status == Status::Merged && case.settled_at.is_none(),
            Self::DecideStrikeOut => open(ApplicationKind::StrikeOut).is_some(),
            Self::DecideRedo => open(ApplicationKind::Redo).is_some(),
            Self::Reconsider => {
                open(ApplicationKind::Reconsideration).is_some()
                    || open(ApplicationKind::ReExamination).is_some()
            }
            Self::HandleOurselves => at(Step::Dispatch),
            Self::Instruct => flows() && !case.status.is_settled(),
            Self::AskRedo => at(Step::ReturnVisit) && open(ApplicationKind::Redo).is_none(),
            Self::AskStrikeOut => {
                case.status.is_settled()
                    && case.unit.is_some()
                    && !case.standing.struck_out
                    && open(ApplicationKind::StrikeOut).is_none()
            }
            Self::Praise => case.unit.is_some(),
            Self::Share => with_unit() || at(Step::Dispatch),
            Self::Jump => flows(),
            Self::Restore => matches!(case.status, Status::NotAccepted | Status::Voided),
        };
        if fits { Ok(()) } else { Err(CaseError::WrongStep { action: self, status: case.status }) }
    }

    /// Returns the codes of what `person` may do with `case` now.
    #[must_use]
    pub fn allowed(case: &Case, person: &Principal, rules: &OperationRules) -> Vec<&'static str> {
        Self::ALL
            .iter()
            .filter(|action| **action != Self::Read)
            .filter(|action| action.fits(case, rules).is_ok() && action.permit(case, person).is_ok())
            .map(|action| action.code())
            .collect()
    }
}
