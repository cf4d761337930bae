//! Dispatch to units.

use contract::cases::CaseId;
use contract::identity::UnitId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::action::Action;
use crate::case::dispatch::{self, CO_UNITS_MAX, Dispatch};
use crate::case::{Case, UnitRef};
use crate::error::{CaseError, Check};

impl Cases {
    /// Gives an order to a unit, and asks others to help.
    ///
    /// # Errors
    /// Those of taking it up, of [`dispatch::dispatch`], and [`CaseError::Invalid`] for units that do not
    /// exist or take no orders.
    #[expect(clippy::too_many_arguments, reason = "who, which order, and the three fields of the form")]
    pub async fn dispatch(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        unit_id: &str,
        co_unit_ids: &[String],
        opinion: &str,
    ) -> Result<Case, CaseError> {
        let mut check = Check::default();
        let unit = self.unit_for_orders(&mut check, "unit_id", unit_id).await?;
        let mut co_units = Vec::new();
        for co_unit_id in co_unit_ids.iter().take(CO_UNITS_MAX + 1) {
            co_units.extend(self.unit_for_orders(&mut check, "co_units", co_unit_id).await?);
        }
        let mut work = self.take_up(by, id, version, Action::Dispatch).await?;
        check.done()?;
        let unit = unit.expect("the check refuses when there is none");
        let dispatch = Dispatch { unit, co_units, opinion: opinion.to_owned() };
        let change = dispatch::dispatch(&mut work.case, &dispatch, ctx.now)?;
        work.finish(ctx, change).await
    }

    /// Finds a unit that takes orders, or refuses the field.
    pub(crate) async fn unit_for_orders(
        &self,
        check: &mut Check,
        field: &'static str,
        id: &str,
    ) -> Result<Option<UnitRef>, CaseError> {
        let unit = self.ports().directory.unit(&UnitId(id.to_owned())).await.map_err(CaseError::Port)?;
        match unit {
            Some(unit) if unit.active => Ok(Some(UnitRef { id: unit.id.0, path: unit.path })),
            Some(_) => {
                check.refuse(
                    field,
                    "inactive",
                    "该单位已停用，不能接收工单。",
                    "This unit no longer takes orders.",
                );
                Ok(None)
            }
            None => {
                check.refuse(field, "unknown", "没有这个单位。", "There is no such unit.");
                Ok(None)
            }
        }
    }
}
