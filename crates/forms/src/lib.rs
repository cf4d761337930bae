//! Forms of orders: a schema of 24 field types, what each reader may see and fill in at each step, checks field
//! by field, bounded scripts, and the comparison of two versions.
//!
//! A pure library: no database, no network, no clock. Answers, reader and day go in; accepted answers or
//! refusals come out.
//!
//! ```
//! use forms::{Form, Reader, Step};
//! use serde_json::json;
//!
//! let form = Form::parse(r#"{"format":1,"fields":[
//!     {"key":"lamp_no","type":"line","label":{"zh":"灯杆编号"},"required":true}]}"#).unwrap();
//! let reader = Reader { node: "create", ..Reader::default() };
//! let given = json!({ "lamp_no": "L-1024" });
//! let step = Step { answers: given.as_object().unwrap(), whole: true, ..Step::default() };
//! assert!(form.check(&reader, &step, &forms::Effects::default()).is_ok());
//! ```

pub mod access;
mod answer;
mod check;
pub mod compare;
mod date;
mod fault;
pub mod schema;
pub mod script;
mod shown;
mod verify;

pub use access::{May, Reader};
pub use check::{Refusal, Step};
pub use compare::Difference;
pub use fault::Fault;
pub use schema::{Field, FieldType, Form, Label, Reference, ReferenceKind};
pub use script::{Effects, ScriptError};
pub use shown::Cell;
