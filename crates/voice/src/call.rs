//! One call: its rules ([`state`]) and the task that carries them out ([`actor`]).

pub mod actor;
mod aside;
mod flowing;
mod leg;
pub mod record;
pub mod replay;
pub mod state;
mod steps;
mod taking;
pub mod telephone;
mod view;

pub use actor::{CallHandle, CallMessage, Side};
pub use taking::{Dialling, announce, dial, take};
pub use view::{CallView, PartyView};
