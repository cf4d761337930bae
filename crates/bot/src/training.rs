//! Judging the robot before anything goes live: the same questions are asked with what is live and with what is
//! written.

use serde::Serialize;
use utoipa::ToSchema;

use crate::Bot;
use crate::error::BotError;
use crate::robot::answering::{Calibration, Found, Taught};
use crate::store::training::{Trial, taught};

/// Judged answers that are learnt from.
const JUDGED_MAX: i64 = 2_000;
/// Bins of the calibration error.
const BINS: usize = 5;

/// How a question went.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RobotTrialResult)]
pub struct TrialResult {
    /// The question.
    pub question: String,
    /// The title of the entry that should answer it; empty when a person should.
    pub expected: String,
    /// The title that answers it with what is live; empty when a person would.
    pub before: String,
    /// Whether that is right.
    pub right_before: bool,
    /// The title that answers it with what is written.
    pub after: String,
    /// Whether that is right.
    pub right_after: bool,
}

/// How all of them went.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RobotTrialReport)]
pub struct TrialReport {
    /// Each question.
    pub results: Vec<TrialResult>,
    /// Right with what is live.
    pub right_before: i64,
    /// Right with what is written.
    pub right_after: i64,
}

/// How far what the robot said of its sureness was true, by what citizens said of its answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = RobotSureness)]
pub struct Sureness {
    /// Answers that citizens judged.
    pub judged: i64,
    /// Share of them that was helpful.
    pub helpful: f64,
    /// Mean distance of confidence from that share.
    pub ece: f64,
}

impl Bot {
    /// Asks all questions of the test set with what is live and with what is written.
    ///
    /// # Errors
    /// When the database or the knowledge base fails.
    pub async fn try_teaching(&self) -> Result<TrialReport, BotError> {
        let trials = self.trials().await?;
        let live = self.teaching();
        let written: Vec<Taught> = self.teachings().await?.into_iter().map(taught).collect();
        let mut report = TrialReport { results: Vec::new(), right_before: 0, right_after: 0 };
        for trial in trials {
            let (before, right_before) = self.ask_trial(&trial, &live).await?;
            let (after, right_after) = self.ask_trial(&trial, &written).await?;
            report.right_before += i64::from(right_before);
            report.right_after += i64::from(right_after);
            report.results.push(TrialResult {
                question: trial.question,
                expected: trial.title,
                before,
                right_before,
                after,
                right_after,
            });
        }
        Ok(report)
    }

    async fn ask_trial(&self, trial: &Trial, known: &[Taught]) -> Result<(String, bool), BotError> {
        let expected = trial.entry_id.as_deref();
        Ok(match self.find_answer(&trial.question, known).await? {
            Found::Answer { passage, .. } => {
                let right = expected == Some(passage.entry_id.as_str());
                (passage.title, right)
            }
            // A question back that offers the right entry is half an answer and not counted as right.
            Found::Which(which, _) => {
                (which.iter().map(|passage| passage.title.as_str()).collect::<Vec<_>>().join(" / "), false)
            }
            Found::Nothing(_) => (String::new(), expected.is_none()),
        })
    }

    /// Learns how sure to be from what citizens said of answers, and says how far that was true.
    ///
    /// # Errors
    /// When the database or the knowledge base fails.
    pub async fn learn_sureness(&self) -> Result<Sureness, BotError> {
        let judged = self.judged_answers(JUDGED_MAX).await?;
        let mut bins = [[0.0_f64; 3]; BINS];
        let mut helpful = 0.0;
        for (extra, right) in &judged {
            let Some(confidence) = extra.confidence else { continue };
            let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
            bin[0] += 1.0;
            bin[1] += confidence;
            bin[2] += f64::from(u8::from(*right));
            helpful += f64::from(u8::from(*right));
        }
        let count: f64 = bins.iter().map(|bin| bin[0]).sum();
        // The newest are asked again, to see what was to be seen when they were answered.
        let mut lessons = Vec::new();
        for (extra, right) in judged.iter().take(200) {
            let Some(source) = &extra.source else { continue };
            let passages = self.passages(&extra.question).await?;
            let at = passages.iter().position(|passage| passage.entry_id.as_str() == source.entry_id);
            if let Some(at) = at {
                let next = passages.get(at + 1).map_or(0.0, |next| next.score);
                let lexicon = self.lexicon();
                let features =
                    crate::robot::answering::features(&extra.question, &passages[at], next, &lexicon);
                lessons.push((features, *right));
            }
        }
        let learnt = std::sync::Arc::new(Calibration::learn(&lessons));
        *self.0.chats.calibration.write().expect("no holder of this lock can panic") = learnt;
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        Ok(Sureness {
            judged: count as i64,
            helpful: round(if count > 0.0 { helpful / count } else { 0.0 }),
            ece: round(bins.iter().map(|bin| (bin[1] - bin[2]).abs()).sum::<f64>() / count.max(1.0)),
        })
    }
}
