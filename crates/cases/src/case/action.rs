//! Who may do what with an order, and when. Handlers and the list of `allowed` actions ask the same rule.

use kernel::{Principal, Scope};

use super::{Case, Status, Step};
use crate::error::CaseError;

/// Something that a member of staff does with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read it.
    Read,
    /// Correct its fields.
    Amend,
    /// Review the fresh order.
    Review,
    /// Give it to a unit.
    Dispatch,
    /// Accept it.
    Accept,
    /// Give it back to the centre.
    SendBack,
    /// Pass it on to a unit below or to a person.
    Assign,
    /// Report the result.
    GiveFeedback,
    /// Review the result.
    ReviewResult,
    /// Ask the citizen.
    Visit,
    /// Put it away.
    Close,
    /// Take it up again.
    Reopen,
    /// Write a note.
    Note,
    /// Ask for more speed.
    Urge,
}

impl Action {
    /// All actions that change an order, in the order of its life.
    pub const ALL: &'static [Self] = &[
        Self::Amend,
        Self::Review,
        Self::Dispatch,
        Self::Accept,
        Self::SendBack,
        Self::Assign,
        Self::GiveFeedback,
        Self::ReviewResult,
        Self::Visit,
        Self::Close,
        Self::Reopen,
        Self::Note,
        Self::Urge,
    ];

    /// Returns the code: the noun of the address that does it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Amend => "edit",
            Self::Review => "review",
            Self::Dispatch => "dispatch",
            Self::Accept => "acceptance",
            Self::SendBack => "return",
            Self::Assign => "assignment",
            Self::GiveFeedback => "feedback",
            Self::ReviewResult => "result_review",
            Self::Visit => "return_visit",
            Self::Close => "closure",
            Self::Reopen => "reopen",
            Self::Note => "note",
            Self::Urge => "urge",
        }
    }

    /// Returns the names in Chinese and English.
    #[must_use]
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Read => ("查看", "read"),
            Self::Amend => ("修改", "edit"),
            Self::Review => ("班长审核", "review"),
            Self::Dispatch => ("派单", "dispatch"),
            Self::Accept => ("签收", "accept"),
            Self::SendBack => ("退回中心", "return to the centre"),
            Self::Assign => ("转下级", "assign"),
            Self::GiveFeedback => ("办理反馈", "report the result"),
            Self::ReviewResult => ("结果审核", "review the result"),
            Self::Visit => ("回访", "return visit"),
            Self::Close => ("办结归档", "close"),
            Self::Reopen => ("重新办理", "reopen"),
            Self::Note => ("备注", "note"),
            Self::Urge => ("催办", "urge"),
        }
    }

    /// Returns the capability that it takes.
    #[must_use]
    pub fn capability(self) -> &'static str {
        match self {
            Self::Read => "case.read",
            Self::Amend => "case.edit",
            Self::Review => "case.review",
            Self::Dispatch => "case.dispatch",
            Self::Accept => "case.accept",
            Self::SendBack => "case.return",
            Self::Assign => "case.assign",
            Self::GiveFeedback => "case.handle",
            Self::ReviewResult => "case.result_review",
            Self::Visit => "case.return_visit",
            Self::Close => "case.close",
            Self::Reopen => "case.reopen",
            Self::Note => "case.note",
            Self::Urge => "case.urge",
        }
    }

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

    /// What a unit does with an order, only the unit in charge does (or one above it that has the scope);
    /// having written the order, or helping with it, is not enough. What lies with one person of the unit is
    /// that person's, until somebody with the whole subtree moves it.
    fn is_in_right_hands(self, case: &Case, person: &Principal) -> bool {
        let Some(scope) = person.scope(self.capability()) else { return false };
        if !matches!(self, Self::Accept | Self::SendBack | Self::Assign | Self::GiveFeedback) {
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
    pub fn fits(self, case: &Case) -> Result<(), CaseError> {
        let at = |step| case.task(step).is_some();
        let fits = match self {
            Self::Read | Self::Note => true,
            Self::Amend => {
                !case.status.is_settled() && (at(Step::Review) || at(Step::Amendment) || at(Step::Dispatch))
            }
            Self::Review => at(Step::Review),
            Self::Dispatch => at(Step::Dispatch),
            Self::Accept => at(Step::Acceptance),
            Self::SendBack | Self::Assign => at(Step::Acceptance) || at(Step::Handling),
            Self::GiveFeedback => at(Step::Handling),
            Self::ReviewResult => at(Step::ResultReview),
            Self::Visit => at(Step::ReturnVisit),
            Self::Close => at(Step::Closure),
            Self::Reopen => case.status.is_settled() && case.status != Status::Approved,
            Self::Urge => at(Step::Acceptance) || at(Step::Handling),
        };
        if fits { Ok(()) } else { Err(CaseError::WrongStep { action: self, status: case.status }) }
    }

    /// Returns the codes of what `person` may do with `case` now.
    #[must_use]
    pub fn allowed(case: &Case, person: &Principal) -> Vec<&'static str> {
        Self::ALL
            .iter()
            .filter(|action| action.fits(case).is_ok() && action.permit(case, person).is_ok())
            .map(|action| action.code())
            .collect()
    }
}
