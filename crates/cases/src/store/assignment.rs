//! Assignment within a unit's tree.

use contract::cases::CaseId;
use contract::identity::PersonId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::action::Action;
use crate::case::assignment::{self, Assignment};
use crate::case::{Case, rerouting};
use crate::error::{CaseError, Check};

/// To whom an order is passed.
#[derive(Clone, Debug)]
pub enum Assignee {
    /// A unit.
    Unit(String),
    /// A person, and with it that person's unit.
    Person(String),
}

impl Cases {
    /// Passes an order on to a unit below or to a person.
    ///
    /// # Errors
    /// Those of taking it up, of [`assignment::assign`], and [`CaseError::Invalid`] for whoever does not
    /// exist.
    pub async fn assign(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        assignee: &Assignee,
        opinion: &str,
    ) -> Result<Case, CaseError> {
        let mut check = Check::default();
        let (unit, person_id) = match assignee {
            Assignee::Unit(unit_id) => (self.unit_for_orders(&mut check, "unit_id", unit_id).await?, None),
            Assignee::Person(person_id) => {
                let person = self.ports().directory.person(&PersonId(person_id.clone())).await;
                match person.map_err(CaseError::Port)? {
                    Some(person) => (
                        self.unit_for_orders(&mut check, "person_id", person.unit_id.as_str()).await?,
                        Some(person.id.0),
                    ),
                    None => {
                        check.refuse("person_id", "unknown", "没有这个人员。", "There is no such person.");
                        (None, None)
                    }
                }
            }
        };
        let mut work = self.take_up(by, id, version, Action::Assign).await?;
        check.done()?;
        let unit = unit.expect("the check refuses when there is none");
        let assignment = Assignment { unit, person_id, opinion: opinion.to_owned() };
        rerouting::send(&mut work.case, by, ctx.now);
        let change = assignment::assign(&mut work.case, &assignment)?;
        work.finish(ctx, change).await
    }
}
