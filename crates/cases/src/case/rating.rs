//! The citizen's rating (评价, FBK-04), and what becomes of a bad one (FBK-06).

use contract::cases::RatingGiven;
use serde_json::json;

use super::change::{Change, CourseInput, Fact};
use super::timeline::EntryKind;
use super::{Case, Step};
use crate::error::{CaseError, Check, TEXT_MAX};

/// So many stars or fewer are followed up.
pub const BAD_STARS: i64 = 2;
/// The longest comment of a citizen, in characters.
pub const COMMENT_MAX: usize = 1000;

/// How a rating came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RatingSource {
    /// The citizen gave it on the portal.
    Portal,
    /// The citizen gave it in a return visit.
    Visit,
}

impl RatingSource {
    /// Returns the code that is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Visit => "visit",
        }
    }

    /// Reads a stored code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "portal" => Some(Self::Portal),
            "visit" => Some(Self::Visit),
            _ => None,
        }
    }
}

/// A rating.
#[derive(Clone, Debug)]
pub struct Rating {
    /// Its id.
    pub id: String,
    /// 1 to 5.
    pub stars: i64,
    /// What the citizen said.
    pub comment: String,
    /// How it came.
    pub source: RatingSource,
}

impl Rating {
    /// Tells whether somebody has to follow it up.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.stars <= BAD_STARS
    }
}

/// Rates a settled order.
///
/// # Errors
/// [`CaseError::NotRatable`] a second time or too early; [`CaseError::Invalid`] for stars out of range.
pub fn rate(case: &mut Case, rating: &Rating) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.optional("comment", &rating.comment, COMMENT_MAX);
    if !(1..=5).contains(&rating.stars) {
        check.refuse("stars", "out_of_range", "请给出 1 至 5 星。", "Please give 1 to 5 stars.");
    }
    check.done()?;
    if !case.can_be_rated() {
        return Err(CaseError::NotRatable { rated: case.rated_by == Some(RatingSource::Portal) });
    }
    let mut change = Change::new(EntryKind::Rated, "case.rate")
        .saying(&rating.comment)
        .with(json!({ "stars": rating.stars, "source": rating.source.code() }));
    apply(case, rating, &mut change);
    Ok(change)
}

/// Puts a rating into the order; a bad one opens a task for a shift leader.
pub(super) fn apply(case: &mut Case, rating: &Rating, change: &mut Change) {
    case.stars = Some(rating.stars);
    case.rated_by = Some(rating.source);
    change.facts.push(Fact::Rated(RatingGiven {
        case_id: case.id.clone(),
        rating_id: rating.id.clone(),
        stars: rating.stars,
        source: rating.source.code().to_owned(),
        unit_id: case.unit.as_ref().map(|unit| unit.id.clone()),
    }));
    if rating.is_bad() {
        change.course.push(CourseInput::OpenAside { step: Step::FollowUp });
    }
}

/// What a shift leader did about a bad rating.
#[derive(Clone, Debug)]
pub struct FollowUp {
    /// What was found and said to the citizen.
    pub opinion: String,
    /// Whether the order is worked on again.
    pub reopen: bool,
}

/// Follows a bad rating up; with `reopen` the order goes back to the dispatcher.
///
/// # Errors
/// [`CaseError::Invalid`] without an opinion.
pub fn follow_up(case: &mut Case, follow_up: &FollowUp, now: kernel::Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("opinion", &follow_up.opinion, TEXT_MAX);
    check.done()?;
    let mut change = Change::new(EntryKind::FollowedUp, "rating.follow_up")
        .saying(&follow_up.opinion)
        .with(json!({ "reopen": follow_up.reopen }));
    change = change.steering(CourseInput::CloseAside { step: Step::FollowUp });
    if follow_up.reopen {
        let reopening = super::closure::Closure { reason: follow_up.opinion.clone() };
        let reopened = super::closure::reopen(case, &reopening, now)?;
        change.course.extend(reopened.course);
        change.limits.extend(reopened.limits);
        change.facts.extend(reopened.facts);
    }
    Ok(change)
}
