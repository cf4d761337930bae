//! Units, people and seats.

mod registration;

use async_trait::async_trait;
use kernel::event::{Audience, Event};
use kernel::{BoxError, Principal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use registration::{
    RegistrationChanged, RegistrationDesk, RegistrationDraft, RegistrationReceipt, RegistrationUnit,
    RegistrationView,
};

kernel::id!(
    /// Names a unit (单位).
    UnitId
);
kernel::id!(
    /// Names a member of staff (人员).
    PersonId
);
kernel::id!(
    /// Names a seat (座席).
    SeatId
);

/// What others need to know of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitBrief {
    /// The unit.
    pub id: UnitId,
    /// The unit above.
    pub parent_id: Option<UnitId>,
    /// 1 centre, 2 departments and districts, 3 their sub-units.
    pub level: i64,
    /// The unit's code.
    pub code: String,
    /// The unit's name.
    pub name: String,
    /// The path of ids, `/root/…/unit/`.
    pub path: String,
    /// Whether it still takes orders.
    pub active: bool,
}

/// What others need to know of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonBrief {
    /// The person.
    pub id: PersonId,
    /// The name on screen.
    pub name: String,
    /// The person's unit.
    pub unit_id: UnitId,
    /// Job number.
    pub job_no: Option<String>,
}

/// Somebody who gets what was made for them without their asking: their rights now, and where they are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// What they may do and see; it belongs to no session.
    pub principal: Principal,
    /// Their e-mail address.
    pub email: Option<String>,
}

/// What others need to know of a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeatBrief {
    /// The seat.
    pub id: SeatId,
    /// Its number, also its SIP user name.
    pub no: String,
    /// Who sits there.
    pub person_id: Option<PersonId>,
    /// The unit that runs it.
    pub unit_id: UnitId,
    /// Skills that calls are routed by.
    pub skills: Vec<String>,
}

/// A word of the dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordBrief {
    /// What Chinese screens show.
    pub zh: String,
    /// What English screens show.
    pub en: String,
    /// Whether it can be chosen.
    pub active: bool,
}

/// Answers who and what belongs where. Kept in memory by `identity`, so asking is cheap.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Finds a unit.
    async fn unit(&self, id: &UnitId) -> Result<Option<UnitBrief>, BoxError>;
    /// Finds a unit by its code.
    async fn unit_by_code(&self, code: &str) -> Result<Option<UnitBrief>, BoxError>;
    /// Returns the unit and all below.
    async fn units_under(&self, id: &UnitId) -> Result<Vec<UnitBrief>, BoxError>;
    /// Finds a person.
    async fn person(&self, id: &PersonId) -> Result<Option<PersonBrief>, BoxError>;
    /// Finds a person with the rights of this moment; none for whoever may not sign in.
    async fn receiver(&self, id: &PersonId) -> Result<Option<Receiver>, BoxError> {
        let _ = id;
        Ok(None)
    }
    /// Finds active people whose name or account holds a text, or whose job number it is, at most `limit`.
    async fn people_like(&self, text: &str, limit: usize) -> Result<Vec<PersonBrief>, BoxError> {
        let _ = (text, limit);
        Ok(Vec::new())
    }
    /// Returns the people of a unit who have a capability.
    async fn people_with(&self, unit: &UnitId, capability: &str) -> Result<Vec<PersonBrief>, BoxError>;
    /// Finds the seat that belongs to a person.
    async fn seat_of(&self, person: &PersonId) -> Result<Option<SeatBrief>, BoxError>;
    /// Finds a seat.
    async fn seat(&self, id: &SeatId) -> Result<Option<SeatBrief>, BoxError> {
        let _ = id;
        Ok(None)
    }
    /// Finds a word of the dictionary; without a dictionary there is none.
    async fn word(&self, list: &str, code: &str) -> Result<Option<WordBrief>, BoxError> {
        let _ = (list, code);
        Ok(None)
    }
    /// Finds a role by its id; without roles there is none.
    async fn role(&self, id: &str) -> Result<Option<WordBrief>, BoxError> {
        let _ = id;
        Ok(None)
    }
}

/// What of another slice hangs on a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitHoldings {
    /// Open orders that it handles or helps with.
    pub orders: i64,
    /// Open tasks.
    pub tasks: i64,
    /// Rows of the published dispatch catalogue that name it.
    pub catalogue_rows: i64,
}

impl UnitHoldings {
    /// Tells whether anything hangs on it.
    #[must_use]
    pub fn any(&self) -> bool {
        self.orders + self.tasks + self.catalogue_rows > 0
    }
}

/// Knows what hangs on a unit, so that none is closed over it.
#[async_trait]
pub trait UnitCharge: Send + Sync {
    /// Counts what hangs on a unit with this id and code.
    async fn holdings(&self, id: &UnitId, code: &str) -> Result<UnitHoldings, BoxError>;
}

/// A unit was dissolved; whatever hangs on it is the successor's from now on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnitDissolved {
    /// The unit.
    pub unit_id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Who takes over; none when nothing hung on it.
    pub successor_id: Option<UnitId>,
}

impl Event for UnitDissolved {
    const NAME: &'static str = "identity.unit_dissolved";
    fn subject(&self) -> String {
        self.unit_id.0.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("unit.read".to_owned())]
    }
}

/// A unit was made, changed, moved or deactivated.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnitChanged {
    /// The unit.
    pub unit_id: UnitId,
    /// Whether it has another place in the tree now, and with it everything below.
    #[serde(default)]
    pub moved: bool,
}

impl Event for UnitChanged {
    const NAME: &'static str = "identity.unit_changed";
    fn subject(&self) -> String {
        self.unit_id.0.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Staff]
    }
}

/// A person was added, changed, deactivated or given other roles.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PersonChanged {
    /// The person.
    pub person_id: PersonId,
}

impl Event for PersonChanged {
    const NAME: &'static str = "identity.person_changed";
    fn subject(&self) -> String {
        self.person_id.0.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Person(self.person_id.0.clone()), Audience::Capability("person.read".to_owned())]
    }
}

/// A role was given other rights.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RoleChanged {
    /// The role.
    pub role_id: String,
}

impl Event for RoleChanged {
    const NAME: &'static str = "identity.role_changed";
    fn subject(&self) -> String {
        self.role_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Staff]
    }
}

/// A seat was made, changed or given to somebody else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SeatChanged {
    /// The seat.
    pub seat_id: SeatId,
}

impl Event for SeatChanged {
    const NAME: &'static str = "identity.seat_changed";
    fn subject(&self) -> String {
        self.seat_id.0.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("seat.write".to_owned())]
    }
}

/// A session was ended, by its owner or by an administrator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionRevoked {
    /// The session.
    pub session_id: String,
    /// Whose it was.
    pub person_id: PersonId,
}

impl Event for SessionRevoked {
    const NAME: &'static str = "identity.session_revoked";
    fn subject(&self) -> String {
        self.session_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Person(self.person_id.0.clone())]
    }
}

/// A live parameter has another value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ParameterChanged {
    /// The key.
    pub key: String,
}

impl Event for ParameterChanged {
    const NAME: &'static str = "identity.parameter_changed";
    fn subject(&self) -> String {
        self.key.clone()
    }
}

/// A list of the dictionary was changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DictionaryChanged {
    /// The list.
    pub kind: String,
}

impl Event for DictionaryChanged {
    const NAME: &'static str = "identity.dictionary_changed";
    fn subject(&self) -> String {
        self.kind.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Staff]
    }
}
