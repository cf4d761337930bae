//! Makes, moves, renames and deactivates units.

use contract::identity::{UnitChanged, UnitId};
use kernel::http::Idem;
use kernel::{Audit, Ctx};
use serde_json::json;

use super::dissolution::dissolved;
use super::{NewUnit, Unit, UnitChange, check_move, check_text, place};
use crate::directory::Touched;
use crate::error::IdentityError;
use crate::{Identity, created, store};

impl Identity {
    /// Makes a unit.
    ///
    /// # Errors
    /// When its code is taken, its parent is unknown or inactive, or the level too deep.
    pub async fn create_unit(&self, ctx: &Ctx, new: NewUnit, idem: &Idem) -> Result<Unit, IdentityError> {
        check_text(&new.code, &new.name)?;
        let mut change = self.begin_change().await?;
        let parent = match &new.parent_id {
            Some(id) => {
                Some(store::unit::find(change.tx.conn(), id).await?.filter(|unit| unit.active).ok_or_else(
                    || {
                        IdentityError::field(
                            "parent_id",
                            "unknown",
                            "上级单位不存在或已停用。",
                            "No such active unit.",
                        )
                    },
                )?)
            }
            None if store::unit::count(change.tx.conn()).await? == 0 => None,
            None => return Err(IdentityError::UnitLevel),
        };
        let id = new.id.unwrap_or_else(UnitId::generate);
        let (level, path) = place(&id, parent.as_ref())?;
        let usual = ["centre", "department", "sub_unit"][usize::try_from(level - 1).unwrap_or(2).min(2)];
        let unit = Unit {
            id,
            parent_id: new.parent_id,
            level,
            code: new.code.trim().to_owned(),
            name: new.name.trim().to_owned(),
            kind: if new.kind.is_empty() { usual.to_owned() } else { new.kind },
            path,
            phone: new.phone.filter(|phone| !phone.trim().is_empty()),
            active: true,
            successor_id: None,
            version: 1,
        };
        store::unit::insert(change.tx.conn(), &unit, ctx.now)
            .await
            .map_err(|error| IdentityError::or_taken(error, "code"))?;
        change.tx.audit(
            ctx,
            Audit::new("unit.create", "unit", unit.id.0.clone())
                .detail(json!({"code": unit.code, "name": unit.name, "path": unit.path})),
        );
        change.tx.emit(ctx, &UnitChanged { unit_id: unit.id.clone(), moved: false });
        created(&self.kit, &mut change.tx, idem, &unit);
        self.finish(change, Touched::Units).await?;
        Ok(unit)
    }

    /// Changes a unit; a move takes everything below along.
    ///
    /// # Errors
    /// When the version is stale, the move is impossible, or the unit is still in use.
    pub async fn change_unit(&self, ctx: &Ctx, id: &UnitId, wish: UnitChange) -> Result<Unit, IdentityError> {
        let holdings = if wish.active == Some(false) { self.holdings(id).await? } else { Default::default() };
        let mut change = self.begin_change().await?;
        let old = store::unit::find(change.tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        if old.version != wish.version {
            return Err(IdentityError::Stale { current: old.version });
        }
        let mut unit = old.clone();
        if let Some(parent_id) = wish.parent_id.filter(|parent| Some(parent) != old.parent_id.as_ref()) {
            let parent = store::unit::find(change.tx.conn(), &parent_id).await?.ok_or_else(|| {
                IdentityError::field("parent_id", "unknown", "上级单位不存在。", "No such unit.")
            })?;
            check_move(&old, &parent, store::unit::deepest(change.tx.conn(), &old.path).await?)?;
            (unit.level, unit.path) = place(&old.id, Some(&parent))?;
            unit.parent_id = Some(parent_id);
            store::unit::relocate(change.tx.conn(), &old, &unit).await?;
        }
        unit.code = wish.code.unwrap_or(unit.code);
        unit.name = wish.name.unwrap_or(unit.name);
        check_text(&unit.code, &unit.name)?;
        unit.kind = wish.kind.unwrap_or(unit.kind);
        if let Some(phone) = wish.phone {
            unit.phone = Some(phone).filter(|phone| !phone.trim().is_empty());
        }
        unit.active = wish.active.unwrap_or(unit.active);
        if old.active && !unit.active {
            let (units, people) = store::unit::in_use(change.tx.conn(), id).await?;
            if units + people > 0 || holdings.any() || unit.parent_id.is_none() {
                return Err(IdentityError::UnitInUse { units, people, holdings });
            }
            change.tx.emit(ctx, &dissolved(&unit));
        }
        if unit.active {
            unit.successor_id = None;
        }
        unit.version += 1;
        store::unit::update(change.tx.conn(), &unit, ctx.now)
            .await
            .map_err(|error| IdentityError::or_taken(error, "code"))?;
        change.tx.audit(
            ctx,
            Audit::new("unit.change", "unit", unit.id.0.clone()).detail(json!({
                "from": {"code": old.code, "name": old.name, "path": old.path, "active": old.active},
                "to": {"code": unit.code, "name": unit.name, "path": unit.path, "active": unit.active},
            })),
        );
        change.tx.emit(ctx, &UnitChanged { unit_id: unit.id.clone(), moved: unit.path != old.path });
        self.finish(change, Touched::Units).await?;
        Ok(unit)
    }
}
