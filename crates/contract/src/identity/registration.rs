//! Applications for an account of a unit's clerk.

use async_trait::async_trait;
use kernel::event::{Audience, Event};
use kernel::http::Idem;
use kernel::{BoxError, Ctx, Lang, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::UnitId;

/// What an applicant writes.
#[derive(Clone, Debug)]
pub struct RegistrationDraft {
    /// The name.
    pub name: String,
    /// The telephone number, by which the unit knows who it is.
    pub phone: String,
    /// The job number.
    pub job_no: Option<String>,
    /// The unit.
    pub unit_id: UnitId,
    /// What the applicant does there.
    pub post: String,
    /// Why an account is needed.
    pub reason: String,
    /// The password that the account will have.
    pub password: String,
}

/// What an applicant keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrationReceipt {
    /// The application's number.
    pub number: String,
    /// The code that opens it.
    pub query_code: String,
}

/// How an application stands, as its writer reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrationView {
    /// The application's number.
    pub number: String,
    /// `pending`, `approved` (the account waits for its rights), `ready`, `refused` or `expired`.
    pub state: String,
    /// The state's name.
    pub state_name: String,
    /// The unit's name.
    pub unit_name: String,
    /// When it was written, epoch milliseconds.
    pub created_at: i64,
    /// When it was decided, epoch milliseconds.
    pub decided_at: Option<i64>,
    /// The name to sign in with, once approved.
    pub account: Option<String>,
    /// Why it was refused.
    pub answer: Option<String>,
}

/// A unit to apply at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrationUnit {
    /// The unit.
    pub id: UnitId,
    /// Its name.
    pub name: String,
    /// The name of the unit above; absent directly below the centre.
    pub above: Option<String>,
}

/// Takes applications of people who have no account yet.
#[async_trait]
pub trait RegistrationDesk: Send + Sync {
    /// Tells whether the city takes applications.
    fn is_open(&self) -> bool;
    /// Finds units by a part of their name, at most 20.
    async fn units(&self, q: &str) -> Result<Vec<RegistrationUnit>, BoxError>;
    /// Takes an application. Nothing that it answers tells which accounts exist.
    async fn register(
        &self,
        ctx: &Ctx,
        draft: RegistrationDraft,
        idem: &Idem,
    ) -> Result<RegistrationReceipt, Problem>;
    /// Shows an application to whoever has its number and code.
    async fn look_up(
        &self,
        number: &str,
        code: &str,
        lang: Lang,
    ) -> Result<Option<RegistrationView>, BoxError>;
}

/// An application came, was approved, given its rights, or refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegistrationChanged {
    /// The application.
    pub registration_id: String,
    /// Its unit.
    pub unit_id: UnitId,
    /// `pending`, `approved`, `ready` or `refused`.
    pub state: String,
}

impl Event for RegistrationChanged {
    const NAME: &'static str = "identity.registration_changed";
    fn subject(&self) -> String {
        self.registration_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![
            Audience::Capability("registration.decide".to_owned()),
            Audience::Capability("role.write".to_owned()),
            Audience::Unit(self.unit_id.0.clone()),
        ]
    }
}
