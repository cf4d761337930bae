//! What happens to entries. Payloads are ids and facts.

use kernel::event::{Audience, Event};
use serde::{Deserialize, Serialize};

use super::{AnswerId, EntryId};

macro_rules! event {
    ($(#[$meta:meta])* $name:ident = $text:literal { $($(#[$field_meta:meta])* $field:ident : $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $name {
            /// The entry.
            pub entry_id: EntryId,
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl Event for $name {
            const NAME: &'static str = $text;
            fn subject(&self) -> String {
                self.entry_id.0.clone()
            }
            fn audience(&self) -> Vec<Audience> {
                vec![Audience::Capability("knowledge.read".to_owned())]
            }
        }
    };
}

event!(
    /// A version of an entry was published.
    KnowledgePublished = "knowledge.entry_published" {
        /// The version's number.
        version: i64,
        /// The unit that maintains it.
        unit_id: Option<String>,
    }
);
event!(
    /// An entry is no longer to be found.
    KnowledgeWithdrawn = "knowledge.entry_withdrawn" {
        /// Why, as a code: `expired`, `withdrawn`, `deleted`.
        reason: String,
    }
);
event!(
    /// An answer was read, sent or pasted.
    KnowledgeUsed = "knowledge.entry_used" {
        /// The answer.
        answer_id: Option<AnswerId>,
        /// Who used it; a citizen has no account.
        person_id: Option<String>,
        /// What for, as a code: `read`, `sent`, `pasted`, `portal`, `robot`.
        purpose: String,
    }
);
