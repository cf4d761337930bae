//! What a clerk found without anybody asking (主动发现, DEP-02): a line of the work log, which is settled on the
//! spot or becomes an order.

use kernel::Timestamp;

use super::draft::{CONTENT_MAX, Draft, TITLE_MAX};
use super::word::words;
use super::{Citizen, Kind, Place, Source, Urgency};
use crate::error::{CaseError, Check, TEXT_MAX};

/// A find is written down at most so long after it was made.
const LATE_MS: i64 = 90 * 86_400_000;
/// A device's clock may be ahead by so much.
const AHEAD_MS: i64 = 5 * 60_000;

words!(
    /// What became of a find.
    DiscoveryState {
        /// Written down.
        Logged = "logged", "已记录", "Logged";
        /// An order was made of it.
        Ordered = "ordered", "已生成工单", "Order made";
        /// It was settled on the spot.
        Settled = "settled", "现场处置", "Settled on the spot";
    }
);

words!(
    /// Who handles the order that is made of it.
    Handling {
        /// The unit that found it.
        Own = "own", "本单位办理", "Our unit";
        /// Whomever the centre gives it to.
        Centre = "centre", "上报中心派单", "The centre dispatches it";
    }
);

/// A find as it is written down.
#[derive(Clone, Debug)]
pub struct DiscoveryDraft {
    /// When it was found.
    pub found_at: Timestamp,
    /// The category; needed once an order is made of it.
    pub category_id: Option<String>,
    /// What it is.
    pub title: String,
    /// What was seen.
    pub content: String,
    /// Where.
    pub place: Place,
}

/// How an order is made of a find.
#[derive(Clone, Debug)]
pub struct Making {
    /// The type.
    pub kind: Kind,
    /// How much it hurries.
    pub urgency: Urgency,
    /// Who handles it.
    pub handling: Handling,
}

impl DiscoveryDraft {
    /// Checks every field; the category apart, which the caller looks up.
    pub(crate) fn check(&self, check: &mut Check, now: Timestamp) {
        check.text("title", &self.title, TITLE_MAX);
        check.text("content", &self.content, CONTENT_MAX);
        self.place.check(check);
        if self.found_at.0 > now.0 + AHEAD_MS || self.found_at.0 < now.0 - LATE_MS {
            check.refuse(
                "found_at",
                "out_of_range",
                "发现时间应在最近 90 天之内。",
                "It was found within the last 90 days.",
            );
        }
    }

    /// Returns the draft of the order: who found it is who reports it, and no citizen's file is opened.
    #[must_use]
    pub fn order(&self, making: &Making, finder: &str) -> Draft {
        Draft {
            kind: making.kind,
            category_id: self.category_id.clone(),
            title: self.title.clone(),
            content: self.content.clone(),
            citizen: Citizen {
                contact_id: None,
                name: finder.to_owned(),
                phone: None,
                gender: None,
                reply: None,
            },
            confidential: false,
            place: self.place.clone(),
            call_id: None,
            preliminary_opinion: None,
            answer: None,
            urgency: making.urgency,
            source: Source::Discovered,
        }
    }
}

/// Checks what was done on the spot.
///
/// # Errors
/// [`CaseError::Invalid`] when nothing or too much is said.
pub fn check_settlement(note: &str) -> Result<(), CaseError> {
    let mut check = Check::default();
    check.text("note", note, TEXT_MAX);
    check.done()
}

/// Tells that it is no longer open to what was tried.
#[must_use]
pub fn no_longer_logged() -> CaseError {
    CaseError::Refused {
        code: "discovery.done",
        zh: "该记录已处置或已生成工单，请刷新后查看。".to_owned(),
        en: "It was settled or became an order already; please reload.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(found_at: i64) -> DiscoveryDraft {
        DiscoveryDraft {
            found_at: Timestamp(found_at),
            category_id: None,
            title: "井盖破损".to_owned(),
            content: "人民路 12 号门前井盖破损".to_owned(),
            place: Place::default(),
        }
    }

    #[test]
    fn a_find_is_of_these_days() {
        let now = Timestamp(1_772_413_200_000);
        for (found_at, good) in [
            (now.0, true),
            (now.0 + AHEAD_MS + 1, false),
            (now.0 - LATE_MS, true),
            (now.0 - LATE_MS - 1, false),
        ] {
            let mut check = Check::default();
            draft(found_at).check(&mut check, now);
            assert_eq!(check.done().is_ok(), good, "{found_at}");
        }
    }

    #[test]
    fn the_order_names_the_finder_and_its_source() {
        let making = Making { kind: Kind::Repair, urgency: Urgency::Normal, handling: Handling::Own };
        let order = draft(1).order(&making, "王办");
        assert_eq!((order.citizen.name.as_str(), order.source), ("王办", Source::Discovered));
        assert!(order.check().is_ok());
    }
}
