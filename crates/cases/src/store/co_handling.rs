//! Helping and summoned units, delegated colleagues, and people who countersign.

use contract::cases::CaseId;
use contract::identity::PersonId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::co_handling::{self, Call};
use crate::case::countersignature::{self, Round, SIGNERS_MAX};
use crate::case::delegation;
use crate::case::dispatch::CO_UNITS_MAX;
use crate::case::errand::ErrandKind;
use crate::error::{CaseError, Check};

impl Cases {
    /// Asks more units to help, or summons units to the spot.
    ///
    /// # Errors
    /// Those of taking it up, of [`co_handling::invite`] and [`co_handling::summon`].
    #[expect(clippy::too_many_arguments, reason = "who, which order, what kind of call, and its two fields")]
    pub async fn call_units(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        action: Action,
        unit_ids: &[String],
        text: &str,
    ) -> Result<Case, CaseError> {
        let mut check = Check::default();
        let mut units = Vec::new();
        for unit_id in unit_ids.iter().take(CO_UNITS_MAX + 1) {
            units.extend(self.unit_for_orders(&mut check, "unit_ids", unit_id).await?);
        }
        let call = Call { units, text: text.to_owned() };
        let rule = |case: &mut Case, rules: &_| {
            check.done()?;
            if action == Action::Summon {
                co_handling::summon(case, &call, by, rules, ctx.now)
            } else {
                co_handling::invite(case, &call, by, rules, ctx.now)
            }
        };
        self.perform(ctx, by, id, version, action, rule).await
    }

    /// Reports on the spot.
    ///
    /// # Errors
    /// Those of taking it up, and of [`co_handling::report`].
    pub async fn report_to_summons(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        text: &str,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| co_handling::report(case, text, by, ctx.now);
        self.perform(ctx, by, id, version, Action::ReportToSummons, rule).await
    }

    /// Answers for one's own part: as a helper, as a summoned unit, or as a delegate.
    ///
    /// # Errors
    /// Those of taking it up, and of [`co_handling::answer`].
    pub async fn answer_errand(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        action: Action,
        text: &str,
    ) -> Result<Case, CaseError> {
        let kind = match action {
            Action::AnswerSummons => ErrandKind::Summons,
            Action::AnswerDelegation => ErrandKind::Delegation,
            _ => ErrandKind::CoHandling,
        };
        let rule = |case: &mut Case, _: &_| co_handling::answer(case, kind, text, by, ctx.now);
        self.perform(ctx, by, id, version, action, rule).await
    }

    /// Delegates to a colleague.
    ///
    /// # Errors
    /// Those of taking it up, of [`delegation::delegate`], and [`CaseError::Invalid`] for whoever is not of the
    /// unit in charge.
    pub async fn delegate(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        people: &[String],
        text: &str,
    ) -> Result<Case, CaseError> {
        let mut check = Check::default();
        let person_id = match people {
            [one] => one.as_str(),
            _ => {
                check.refuse("people", "one", "请选择一名人员。", "Please choose one person.");
                ""
            }
        };
        let person = self.ports().directory.person(&PersonId(person_id.to_owned())).await;
        let person = person.map_err(CaseError::Port)?;
        let rule = |case: &mut Case, _: &_| {
            check.done()?;
            let of_the_unit = person.as_ref().is_some_and(|person| {
                case.unit.as_ref().is_some_and(|unit| unit.id == person.unit_id.as_str())
            });
            if !of_the_unit {
                let mut check = Check::default();
                check.refuse(
                    "people",
                    "not_below",
                    "只能委派给承办单位的人员。",
                    "Only to people of the unit.",
                );
                check.done()?;
            }
            delegation::delegate(case, person_id, text, by, ctx.now)
        };
        self.perform(ctx, by, id, version, Action::Delegate, rule).await
    }

    /// Asks people to countersign.
    ///
    /// # Errors
    /// Those of taking it up, of [`countersignature::ask`], and [`CaseError::Invalid`] for people who do not exist.
    pub async fn countersign(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        round: &Round,
    ) -> Result<Case, CaseError> {
        let known = self.know(&round.people).await;
        let rule = |case: &mut Case, _: &_| {
            known?;
            countersignature::ask(case, round, by, ctx.now)
        };
        self.perform(ctx, by, id, version, Action::Countersign, rule).await
    }

    /// Adds people to the open round, or takes them off.
    ///
    /// # Errors
    /// Those of taking it up, of [`countersignature::change_signers`], and [`CaseError::Invalid`] for people who do
    /// not exist.
    pub async fn change_signers(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        add: &[String],
        remove: &[String],
    ) -> Result<Case, CaseError> {
        let known = self.know(add).await;
        let rule = |case: &mut Case, _: &_| {
            known?;
            countersignature::change_signers(case, add, remove, by, ctx.now)
        };
        self.perform(ctx, by, id, version, Action::ChangeSigners, rule).await
    }

    /// Signs.
    ///
    /// # Errors
    /// Those of taking it up, and of [`countersignature::sign`].
    pub async fn sign(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        agree: bool,
        opinion: &str,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| countersignature::sign(case, agree, opinion, by, ctx.now);
        self.perform(ctx, by, id, version, Action::Sign, rule).await
    }

    async fn know(&self, people: &[String]) -> Result<(), CaseError> {
        let mut check = Check::default();
        for person in people.iter().take(SIGNERS_MAX + 1) {
            let found = self.ports().directory.person(&PersonId(person.clone())).await;
            if found.map_err(CaseError::Port)?.is_none() {
                check.refuse("people", "unknown", "没有这个人员。", "There is no such person.");
            }
        }
        check.done()
    }
}
