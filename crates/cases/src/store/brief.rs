//! What lists and other slices show of an order in one line.

use contract::cases::{CaseBrief, CaseId};
use sqlx::FromRow;

use crate::case::Citizen;

/// Selects the columns of [`BriefRow`].
pub(super) const SELECT: &str = "select id, number, title, status, created_at, confidential, contact_name, contact_phone \
                                 from cases_case ";

/// A row in short.
#[derive(FromRow)]
pub(super) struct BriefRow {
    pub(super) id: String,
    pub(super) number: String,
    title: String,
    pub(super) status: String,
    pub(super) created_at: i64,
    confidential: i64,
    contact_name: String,
    contact_phone: Option<String>,
}

impl BriefRow {
    /// Returns the title. Nobody knows here who will read it, so that of a confidential order names nobody.
    pub(super) fn title(&self) -> String {
        if self.confidential == 0 {
            return self.title.clone();
        }
        let citizen = Citizen {
            name: self.contact_name.clone(),
            phone: self.contact_phone.clone(),
            ..Citizen::default()
        };
        citizen.masked_in(&self.title)
    }

    /// Returns id, number and title.
    pub(super) fn named(self) -> (String, String, String) {
        let title = self.title();
        (self.id, self.number, title)
    }
}

impl From<BriefRow> for CaseBrief {
    fn from(row: BriefRow) -> Self {
        Self {
            title: row.title(),
            id: CaseId(row.id),
            number: row.number,
            status: row.status,
            created_at: row.created_at,
        }
    }
}
