//! The course of an entry: draft, review in stages, published, expired or withdrawn; and published ones that are
//! worked at again while readers keep what holds.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::KnowledgeError;

/// What readers have of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KnowledgeState)]
pub enum State {
    /// 未发布: nothing was ever published.
    Unpublished,
    /// 已发布.
    Published,
    /// 已过期.
    Expired,
    /// 已下架.
    Withdrawn,
}

impl State {
    /// Returns the code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unpublished => "unpublished",
            Self::Published => "published",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads a code; anything else was never published.
    #[must_use]
    pub fn parse(code: &str) -> Self {
        match code {
            "published" => Self::Published,
            "expired" => Self::Expired,
            "withdrawn" => Self::Withdrawn,
            _ => Self::Unpublished,
        }
    }
}

/// What maintainers are doing with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KnowledgeWork)]
pub enum Work {
    /// Nothing: what is published is all there is.
    #[serde(rename = "")]
    None,
    /// 草稿.
    Draft,
    /// 审核中.
    InReview,
    /// 已退回.
    Returned,
}

impl Work {
    /// Returns the code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Returned => "returned",
        }
    }

    /// Reads a code; anything else is no work.
    #[must_use]
    pub fn parse(code: &str) -> Self {
        match code {
            "draft" => Self::Draft,
            "in_review" => Self::InReview,
            "returned" => Self::Returned,
            _ => Self::None,
        }
    }
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// For readers.
    pub state: State,
    /// For maintainers.
    pub work: Work,
    /// The version that readers have, or had.
    pub published_no: Option<i64>,
    /// The version that is worked at.
    pub work_no: Option<i64>,
    /// The newest version's number.
    pub last_no: i64,
    /// The stage of review that is open, from 1.
    pub stage: i64,
    /// How many stages there are.
    pub stages: i64,
}

/// What a reviewer's decision leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The next stage is open.
    NextStage,
    /// The version is published.
    Published,
    /// The author has it back.
    Returned,
}

impl Course {
    /// An entry with a first draft.
    #[must_use]
    pub fn begun() -> Self {
        Self {
            state: State::Unpublished,
            work: Work::Draft,
            published_no: None,
            work_no: Some(1),
            last_no: 1,
            stage: 0,
            stages: 0,
        }
    }

    /// Says under which number a saved text goes; a returned text becomes a draft again.
    ///
    /// # Errors
    /// While it is being reviewed.
    pub fn save(&mut self) -> Result<i64, KnowledgeError> {
        let no = match (self.work, self.work_no) {
            (Work::InReview, _) => return Err(KnowledgeError::Wrong("in_review")),
            (Work::None, _) | (_, None) => {
                self.last_no += 1;
                self.last_no
            }
            (_, Some(no)) => no,
        };
        self.work = Work::Draft;
        self.work_no = Some(no);
        Ok(no)
    }

    /// Sends the draft to review in so many stages.
    ///
    /// # Errors
    /// When there is no draft.
    pub fn submit(&mut self, stages: i64) -> Result<i64, KnowledgeError> {
        let no = self.draft()?;
        self.work = Work::InReview;
        (self.stage, self.stages) = (1, stages.clamp(1, 5));
        Ok(no)
    }

    /// Takes the draft back from review.
    ///
    /// # Errors
    /// When it is not being reviewed.
    pub fn take_back(&mut self) -> Result<i64, KnowledgeError> {
        let no = self.reviewed()?;
        self.work = Work::Draft;
        (self.stage, self.stages) = (0, 0);
        Ok(no)
    }

    /// Decides the open stage. Neither an author nor whoever decided an earlier stage may.
    ///
    /// # Errors
    /// When it is not being reviewed, or by the wrong person.
    pub fn decide(
        &mut self,
        passed: bool,
        by: &str,
        authors: &[String],
        decided: &[String],
    ) -> Result<Outcome, KnowledgeError> {
        let no = self.reviewed()?;
        if authors.iter().any(|author| author == by) {
            return Err(KnowledgeError::OwnText);
        }
        if passed && decided.iter().any(|earlier| earlier == by) {
            return Err(KnowledgeError::SameReviewer);
        }
        if !passed {
            self.work = Work::Returned;
            (self.stage, self.stages) = (0, 0);
            return Ok(Outcome::Returned);
        }
        if self.stage < self.stages {
            self.stage += 1;
            return Ok(Outcome::NextStage);
        }
        *self = Self {
            state: State::Published,
            work: Work::None,
            published_no: Some(no),
            work_no: None,
            last_no: self.last_no,
            stage: 0,
            stages: 0,
        };
        Ok(Outcome::Published)
    }

    /// Throws the draft away. Returns whether nothing is left of the entry.
    ///
    /// # Errors
    /// When there is no draft.
    pub fn discard(&mut self) -> Result<bool, KnowledgeError> {
        self.draft()?;
        self.work = Work::None;
        self.work_no = None;
        Ok(self.published_no.is_none())
    }

    /// Takes what is published away from readers.
    ///
    /// # Errors
    /// When nothing is.
    pub fn withdraw(&mut self) -> Result<(), KnowledgeError> {
        match self.state {
            State::Published | State::Expired => {
                self.state = State::Withdrawn;
                Ok(())
            }
            _ => Err(KnowledgeError::Wrong("not_published")),
        }
    }

    /// Gives back what was withdrawn; `expired` says that its time is over meanwhile.
    ///
    /// # Errors
    /// When it was not withdrawn.
    pub fn restore(&mut self, expired: bool) -> Result<(), KnowledgeError> {
        if self.state != State::Withdrawn {
            return Err(KnowledgeError::Wrong("not_withdrawn"));
        }
        self.state = if expired { State::Expired } else { State::Published };
        Ok(())
    }

    fn draft(&self) -> Result<i64, KnowledgeError> {
        match (self.work, self.work_no) {
            (Work::Draft | Work::Returned, Some(no)) => Ok(no),
            (Work::InReview, _) => Err(KnowledgeError::Wrong("in_review")),
            _ => Err(KnowledgeError::Wrong("no_draft")),
        }
    }

    fn reviewed(&self) -> Result<i64, KnowledgeError> {
        match (self.work, self.work_no) {
            (Work::InReview, Some(no)) => Ok(no),
            _ => Err(KnowledgeError::Wrong("not_in_review")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn two_stages_need_two_reviewers_and_neither_is_the_author() {
        let mut course = Course::begun();
        assert!(matches!(course.decide(true, "b", &[], &[]), Err(KnowledgeError::Wrong(_))));
        course.submit(2).unwrap();
        let authors = people(&["a"]);
        assert!(matches!(course.decide(true, "a", &authors, &[]), Err(KnowledgeError::OwnText)));
        assert_eq!(course.decide(true, "b", &authors, &[]).unwrap(), Outcome::NextStage);
        let decided = people(&["b"]);
        assert!(matches!(course.decide(true, "b", &authors, &decided), Err(KnowledgeError::SameReviewer)));
        assert_eq!(course.decide(true, "c", &authors, &decided).unwrap(), Outcome::Published);
        assert_eq!((course.state, course.work, course.published_no), (State::Published, Work::None, Some(1)));
    }

    #[test]
    fn readers_keep_what_holds_while_the_next_version_is_written_and_returned() {
        let mut course = Course::begun();
        course.submit(1).unwrap();
        course.decide(true, "b", &[], &[]).unwrap();
        assert_eq!(course.save().unwrap(), 2);
        course.submit(1).unwrap();
        assert!(matches!(course.save(), Err(KnowledgeError::Wrong("in_review"))));
        assert_eq!(course.decide(false, "b", &[], &[]).unwrap(), Outcome::Returned);
        assert_eq!((course.state, course.published_no), (State::Published, Some(1)));
        assert_eq!(course.save().unwrap(), 2, "a returned text is the same version");
        assert!(!course.discard().unwrap());
        assert_eq!(course.save().unwrap(), 3, "a number is never given twice");
    }

    #[test]
    fn what_was_withdrawn_comes_back_unless_its_time_is_over() {
        let mut course = Course::begun();
        assert!(course.withdraw().is_err());
        assert!(course.discard().unwrap(), "nothing is left of an entry that was never published");
        course = Course { state: State::Published, published_no: Some(1), ..Course::begun() };
        course.withdraw().unwrap();
        course.restore(true).unwrap();
        assert_eq!(course.state, State::Expired);
        assert!(course.restore(false).is_err());
    }
}
