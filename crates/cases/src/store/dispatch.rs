//! Dispatch to units.

use contract::cases::CaseId;
use contract::identity::UnitId;
use kernel::{Ctx, Principal};

use super::catalogue_choice::{self, Manner};
use crate::Cases;
use crate::case::action::Action;
use crate::case::dispatch::{self, CO_UNITS_MAX, Dispatch, DispatchMode};
use crate::case::{Case, UnitRef, co_handling, rerouting};
use crate::error::{CaseError, Check};

/// Where an order shall go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Order<'a> {
    /// The unit in charge.
    pub unit_id: &'a str,
    /// Units that help.
    pub co_units: &'a [String],
    /// What the unit is asked to do.
    pub opinion: &'a str,
    /// The tier of the limit.
    pub tier: Option<&'a str>,
    /// Why it is not the unit that the catalogue proposed.
    pub override_reason: &'a str,
    /// Whether the catalogue dispatches by itself.
    pub automatic: bool,
    /// How it is given; as usual when absent.
    pub mode: Option<DispatchMode>,
    /// What the letter of an entrusted order says.
    pub letter: &'a str,
}

impl Cases {
    /// Gives an order to a unit, and asks others to help.
    ///
    /// # Errors
    /// As [`Cases::dispatch_as`].
    #[expect(clippy::too_many_arguments, reason = "who, which order, and the three fields of the form")]
    pub async fn dispatch(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        unit_id: &str,
        co_units: &[String],
        opinion: &str,
    ) -> Result<Case, CaseError> {
        let order = Order { unit_id, co_units, opinion, ..Order::default() };
        self.dispatch_as(ctx, by, id, version, order).await
    }

    /// Gives an order to a unit, and notes what was made of the catalogue's proposal.
    ///
    /// # Errors
    /// Those of taking it up, of [`dispatch::dispatch`], and [`CaseError::Invalid`] for units that do not
    /// exist or take no orders.
    pub async fn dispatch_as(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        order: Order<'_>,
    ) -> Result<Case, CaseError> {
        let mut check = Check::default();
        check.optional("override_reason", order.override_reason, 500);
        let unit = self.unit_for_orders(&mut check, "unit_id", order.unit_id).await?;
        let mut co_units = Vec::new();
        for co_unit_id in order.co_units.iter().take(CO_UNITS_MAX + 1) {
            co_units.extend(self.unit_for_orders(&mut check, "co_units", co_unit_id).await?);
        }
        let mut work = self.take_up(by, id, version, Action::Dispatch).await?;
        check.done()?;
        let unit = unit.expect("the check refuses when there is none");
        if let Some(proposed) = self.propose(&work.case).await? {
            let manner = match (order.automatic, proposed.unit.id.as_str() == unit.id) {
                (true, _) => Manner::Automatic,
                (false, true) => Manner::Accepted,
                (false, false) => Manner::Overridden,
            };
            let (conn, reason) = (work.tx.conn(), order.override_reason.trim());
            catalogue_choice::insert(conn, ctx, id, &proposed, &unit.id, manner, reason).await?;
        }
        let tier = order.tier.filter(|tier| !tier.is_empty()).map(ToOwned::to_owned);
        let (opinion, letter) = (order.opinion.to_owned(), order.letter.to_owned());
        let dispatch = Dispatch {
            unit,
            co_units,
            opinion,
            tier,
            mode: order.mode.unwrap_or(DispatchMode::Dispatch),
            letter,
        };
        rerouting::send(&mut work.case, by, ctx.now);
        let change = dispatch::dispatch(&mut work.case, &dispatch, ctx.now)?;
        let rules = work.rules.operations.clone();
        co_handling::with_dispatch(&mut work.case, &dispatch.co_units, order.opinion, by, &rules, ctx.now);
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
