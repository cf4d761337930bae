//! Seats (座席): the desks at which calls are answered.

use contract::identity::{PersonId, SeatBrief, SeatChanged, SeatId, UnitId};
use kernel::http::Idem;
use kernel::{Audit, Ctx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::directory::Touched;
use crate::error::IdentityError;
use crate::{Identity, created, store};

/// A seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Seat {
    /// The seat.
    pub id: SeatId,
    /// Its number, also its SIP user name.
    pub no: String,
    /// What it is called.
    pub name: String,
    /// The unit that runs it.
    pub unit_id: UnitId,
    /// Who sits there.
    pub person_id: Option<PersonId>,
    /// Skills that calls are routed by.
    pub skills: Vec<String>,
    /// Whether it is in use.
    pub active: bool,
    /// For optimistic locking.
    pub version: i64,
}

impl Seat {
    /// Returns what other slices know of it.
    #[must_use]
    pub fn brief(&self) -> SeatBrief {
        SeatBrief {
            id: self.id.clone(),
            no: self.no.clone(),
            person_id: self.person_id.clone(),
            unit_id: self.unit_id.clone(),
            skills: self.skills.clone(),
        }
    }
}

/// What a new seat is made of.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewSeat {
    /// A fixed id, for seeding; requests cannot set it.
    #[serde(skip)]
    pub id: Option<SeatId>,
    /// The number, 3 to 10 digits.
    pub no: String,
    /// What it is called; empty for its number.
    #[serde(default)]
    pub name: String,
    /// The unit that runs it.
    pub unit_id: UnitId,
    /// Who sits there.
    pub person_id: Option<PersonId>,
    /// Skills.
    #[serde(default)]
    pub skills: Vec<String>,
}

/// What changes in a seat; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct SeatChange {
    /// The version that the writer saw.
    pub version: i64,
    /// What it is called.
    pub name: Option<String>,
    /// The unit that runs it.
    pub unit_id: Option<UnitId>,
    /// Who sits there; empty for nobody.
    pub person_id: Option<String>,
    /// Skills.
    pub skills: Option<Vec<String>>,
    /// Whether it is in use.
    pub active: Option<bool>,
}

impl Identity {
    /// Makes a seat.
    ///
    /// # Errors
    /// When the number is malformed or taken, or unit or person are unknown.
    pub async fn create_seat(&self, ctx: &Ctx, new: NewSeat, idem: &Idem) -> Result<Seat, IdentityError> {
        if !(3..=10).contains(&new.no.len()) || !new.no.chars().all(|c| c.is_ascii_digit()) {
            return Err(IdentityError::field(
                "no",
                "malformed",
                "座席号为 3 至 10 位数字。",
                "The number has 3 to 10 digits.",
            ));
        }
        let seat = Seat {
            id: new.id.unwrap_or_else(SeatId::generate),
            name: if new.name.trim().is_empty() { new.no.clone() } else { new.name.trim().to_owned() },
            no: new.no,
            unit_id: new.unit_id,
            person_id: new.person_id,
            skills: new.skills,
            active: true,
            version: 1,
        };
        let mut change = self.begin_change().await?;
        self.check_seat(&seat)?;
        store::seat::insert(change.tx.conn(), &seat).await.map_err(taken)?;
        change.tx.audit(
            ctx,
            Audit::new("seat.create", "seat", seat.id.0.clone())
                .detail(json!({"no": seat.no, "person_id": seat.person_id})),
        );
        change.tx.emit(ctx, &SeatChanged { seat_id: seat.id.clone() });
        created(&self.kit, &mut change.tx, idem, &seat);
        self.finish(change, Touched::Seats).await?;
        Ok(seat)
    }

    /// Changes a seat.
    ///
    /// # Errors
    /// When the version is stale, or unit or person are unknown or the person has another seat.
    pub async fn change_seat(&self, ctx: &Ctx, id: &SeatId, wish: SeatChange) -> Result<Seat, IdentityError> {
        let mut change = self.begin_change().await?;
        let old = store::seat::find(change.tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        if old.version != wish.version {
            return Err(IdentityError::Stale { current: old.version });
        }
        let seat = Seat {
            name: wish.name.filter(|name| !name.trim().is_empty()).unwrap_or(old.name),
            unit_id: wish.unit_id.unwrap_or(old.unit_id),
            person_id: match wish.person_id {
                None => old.person_id.clone(),
                Some(person) if person.is_empty() => None,
                Some(person) => Some(PersonId(person)),
            },
            skills: wish.skills.unwrap_or(old.skills),
            active: wish.active.unwrap_or(old.active),
            version: old.version + 1,
            ..old
        };
        self.check_seat(&seat)?;
        store::seat::update(change.tx.conn(), &seat).await.map_err(taken)?;
        change.tx.audit(
            ctx,
            Audit::new("seat.change", "seat", id.0.clone()).detail(json!({
                "no": seat.no, "from": old.person_id, "to": seat.person_id, "skills": seat.skills,
                "active": seat.active,
            })),
        );
        change.tx.emit(ctx, &SeatChanged { seat_id: id.clone() });
        self.finish(change, Touched::Seats).await?;
        Ok(seat)
    }

    fn check_seat(&self, seat: &Seat) -> Result<(), IdentityError> {
        self.directory.read(|snapshot| {
            if !snapshot.units.contains_key(&seat.unit_id) {
                return Err(IdentityError::field("unit_id", "unknown", "单位不存在。", "No such unit."));
            }
            match &seat.person_id {
                Some(id) if !snapshot.people.get(id).is_some_and(|person| person.active) => {
                    Err(IdentityError::field(
                        "person_id",
                        "unknown",
                        "人员不存在或已停用。",
                        "No such active person.",
                    ))
                }
                _ => Ok(()),
            }
        })
    }
}

fn taken(error: kernel::DbError) -> IdentityError {
    let person = matches!(&error, kernel::DbError::Sql(sqlx::Error::Database(cause))
        if cause.message().contains("person"));
    IdentityError::or_taken(error, if person { "person_id" } else { "no" })
}
