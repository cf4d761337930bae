//! Closes a unit for good (撤并): a successor takes over what hangs on it.

use contract::identity::{PersonChanged, SeatChanged, UnitChanged, UnitDissolved, UnitHoldings, UnitId};
use kernel::{Audit, Ctx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Unit;
use crate::directory::Touched;
use crate::error::IdentityError;
use crate::person::StoredPerson;
use crate::{Change, Identity, store};

/// What becomes of the people of a dissolved unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeopleGo {
    /// They move to the successor.
    #[default]
    Move,
    /// Their accounts are closed.
    Close,
}

/// How a unit is dissolved.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Dissolution {
    /// The version that was read.
    pub version: i64,
    /// Who takes over; needed while anything hangs on the unit.
    #[serde(default)]
    pub successor_id: Option<UnitId>,
    /// What becomes of its people.
    #[serde(default)]
    pub people: PeopleGo,
}

/// What hangs on a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DissolutionPreview {
    /// Active units directly below; they have to go first.
    pub units: i64,
    /// Active people.
    pub people: i64,
    /// What of other slices.
    #[serde(flatten)]
    pub holdings: UnitHoldings,
}

/// Tells that a unit is no more.
pub(super) fn dissolved(unit: &Unit) -> UnitDissolved {
    UnitDissolved {
        unit_id: unit.id.clone(),
        code: unit.code.clone(),
        name: unit.name.clone(),
        successor_id: unit.successor_id.clone(),
    }
}

impl Identity {
    /// Counts what other slices hang on a unit.
    pub(super) async fn holdings(&self, id: &UnitId) -> Result<UnitHoldings, IdentityError> {
        let code = self.directory.read(|snapshot| snapshot.units.get(id).map(|unit| unit.code.clone()));
        match (self.charge.get(), code) {
            (Some(charge), Some(code)) => charge.holdings(id, &code).await.map_err(IdentityError::Port),
            _ => Ok(UnitHoldings::default()),
        }
    }

    /// Counts everything that hangs on a unit.
    ///
    /// # Errors
    /// When there is no such unit, or a neighbour fails.
    pub async fn preview_dissolution(&self, id: &UnitId) -> Result<DissolutionPreview, IdentityError> {
        let holdings = self.holdings(id).await?;
        let mut conn = self.kit.db.reader().acquire().await?;
        store::unit::find(&mut conn, id).await?.ok_or(IdentityError::NotFound)?;
        let (units, people) = store::unit::in_use(&mut conn, id).await?;
        Ok(DissolutionPreview { units, people, holdings })
    }

    /// Dissolves a unit. Its people move or go, its seats move; orders, tasks and the catalogue follow by the event.
    ///
    /// # Errors
    /// When the version is stale, units hang below it, something hangs on it and no active successor is named, or
    /// closing its accounts would take the last administrator of a kind or the person who asks.
    pub async fn dissolve_unit(
        &self,
        ctx: &Ctx,
        id: &UnitId,
        wish: Dissolution,
    ) -> Result<Unit, IdentityError> {
        let holdings = self.holdings(id).await?;
        let mut change = self.begin_change().await?;
        let old = store::unit::find(change.tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        if old.version != wish.version {
            return Err(IdentityError::Stale { current: old.version });
        }
        if !old.active {
            return Err(IdentityError::UnitGone);
        }
        let (units, people) = store::unit::in_use(change.tx.conn(), id).await?;
        let needs = holdings.any() || (people > 0 && wish.people == PeopleGo::Move);
        if units > 0 || old.parent_id.is_none() || (needs && wish.successor_id.is_none()) {
            return Err(IdentityError::UnitInUse { units, people, holdings });
        }
        if let Some(successor) = &wish.successor_id {
            store::unit::find(change.tx.conn(), successor)
                .await?
                .filter(|unit| unit.active && unit.id != old.id)
                .ok_or_else(|| {
                    IdentityError::field(
                        "successor_id",
                        "unknown",
                        "承接单位不存在、已停用，或就是本单位。",
                        "The successor is unknown, inactive, or the unit itself.",
                    )
                })?;
        }
        let gone = self.part_with_people(ctx, &mut change, &old, &wish).await?;
        let unit = Unit { active: false, successor_id: wish.successor_id, version: old.version + 1, ..old };
        store::unit::update(change.tx.conn(), &unit, ctx.now).await?;
        change.tx.audit(
            ctx,
            Audit::new("unit.dissolve", "unit", unit.id.0.clone()).detail(json!({
                "code": unit.code, "name": unit.name, "successor_id": unit.successor_id,
                "people": wish.people, "people_count": gone, "holdings": holdings,
            })),
        );
        change.tx.emit(ctx, &UnitChanged { unit_id: unit.id.clone(), moved: false });
        change.tx.emit(ctx, &dissolved(&unit));
        self.finish(change, Touched::All).await?;
        Ok(unit)
    }

    /// Moves or closes the people and moves the seats. Returns how many people it were.
    async fn part_with_people(
        &self,
        ctx: &Ctx,
        change: &mut Change,
        unit: &Unit,
        wish: &Dissolution,
    ) -> Result<usize, IdentityError> {
        let people: Vec<StoredPerson> = store::person::of_unit(change.tx.conn(), &unit.id).await?;
        if wish.people == PeopleGo::Close && people.iter().any(|one| one.id.0 == ctx.actor.id) {
            return Err(IdentityError::field(
                "people",
                "self",
                "您自己也在该单位，不能注销自己的账号。",
                "You are one of them; your own account cannot be closed by you.",
            ));
        }
        if wish.people == PeopleGo::Close || wish.successor_id.is_none() {
            let leaving: Vec<_> = people.iter().map(|one| one.id.clone()).collect();
            self.check_not_all(&leaving)?;
        }
        for old in &people {
            let mut person = StoredPerson { version: old.version + 1, ..old.clone() };
            match (wish.people, &wish.successor_id) {
                (PeopleGo::Move, Some(successor)) => person.unit_id = successor.clone(),
                _ => {
                    person.active = false;
                    store::session::end_all(change.tx.conn(), &old.id, None, ctx.now).await?;
                    store::seat::leave(change.tx.conn(), &old.id).await?;
                }
            }
            store::person::update(change.tx.conn(), &person, ctx.now).await?;
            change.tx.audit(
                ctx,
                Audit::new("person.change", "person", old.id.0.clone()).detail(json!({
                    "from": {"unit_id": old.unit_id, "active": old.active},
                    "to": {"unit_id": person.unit_id, "active": person.active},
                })),
            );
            change.tx.emit(ctx, &PersonChanged { person_id: old.id.clone() });
        }
        if let Some(successor) = &wish.successor_id {
            let seats = store::seat::all(change.tx.conn()).await?;
            for mut seat in seats.into_iter().filter(|seat| seat.unit_id == unit.id) {
                seat.unit_id = successor.clone();
                seat.version += 1;
                store::seat::update(change.tx.conn(), &seat).await?;
                change.tx.emit(ctx, &SeatChanged { seat_id: seat.id });
            }
        }
        Ok(people.len())
    }
}
