//! Asking the citizen whether the matter is settled (回访).

use serde_json::json;

use super::change::{Change, CourseInput};
use super::rating::{self, Rating, RatingSource};
use super::timeline::EntryKind;
use super::{Case, Step};
use crate::error::{CaseError, Check, TEXT_MAX};

/// After so many calls that nobody answered the order goes on without a visit.
pub const ATTEMPTS_MAX: i64 = 3;

/// What the citizen said.
#[derive(Clone, Debug)]
pub struct ReturnVisit {
    /// Whether the citizen was reached.
    pub reached: bool,
    /// Stars, 1 to 5, if the citizen gave any.
    pub satisfied: Option<i64>,
    /// What the citizen said.
    pub comment: String,
}

/// Writes a visit down. Who was not reached is called again, three times in all. Stars count as the
/// citizen's rating unless there is one already.
///
/// # Errors
/// [`CaseError::Invalid`] for stars out of range, or stars of a citizen who was not reached.
pub fn visit(
    case: &mut Case,
    visit: &ReturnVisit,
    rating_id: &str,
) -> Result<(Change, Option<Rating>), CaseError> {
    let mut check = Check::default();
    check.optional("comment", &visit.comment, TEXT_MAX);
    match visit.satisfied {
        Some(stars) if !(1..=5).contains(&stars) => {
            check.refuse("satisfied", "out_of_range", "请给出 1 至 5 星。", "Please give 1 to 5 stars.");
        }
        Some(_) if !visit.reached => {
            check.refuse(
                "satisfied",
                "not_reached",
                "未接通时不能填写满意度。",
                "Nobody was reached who could say so.",
            );
        }
        None if visit.reached && case.stars.is_none() => {
            check.refuse(
                "satisfied",
                "required",
                "请记录市民的满意度。",
                "Please write down how satisfied the citizen is.",
            );
        }
        _ => {}
    }
    check.done()?;
    case.visits += 1;
    let kind = if visit.reached { EntryKind::Visited } else { EntryKind::NotReached };
    let mut change = Change::new(kind, "case.return_visit")
        .saying(&visit.comment)
        .with(json!({ "reached": visit.reached, "stars": visit.satisfied, "attempt": case.visits }));
    if visit.reached || case.visits >= ATTEMPTS_MAX {
        change = change.completing(Step::ReturnVisit, "done");
    }
    if visit.reached {
        change = change.steering(CourseInput::CloseAside { step: Step::Telling });
    }
    let Some(stars) = visit.satisfied.filter(|_| case.stars.is_none()) else { return Ok((change, None)) };
    let rating = Rating {
        id: rating_id.to_owned(),
        stars,
        comment: visit.comment.clone(),
        source: RatingSource::Visit,
    };
    rating::apply(case, &rating, &mut change);
    Ok((change, Some(rating)))
}
