//! The questions of an outbound task: what may be answered, and how answers are counted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Questions of a task at most.
const QUESTIONS_MAX: usize = 50;
/// Choices of a question at most.
const OPTIONS_MAX: usize = 20;
/// Characters of an answer in words at most.
const WORDS_MAX: usize = 1_000;

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CampaignQuestionKind)]
pub enum QuestionKind {
    /// One of the choices.
    Single,
    /// Any of the choices.
    Multi,
    /// 1 to 5.
    Score,
    /// In words.
    Text,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CampaignQuestion)]
pub struct Question {
    /// Id, unique in the task.
    pub id: String,
    /// How it is answered.
    pub kind: QuestionKind,
    /// What is asked.
    pub title: String,
    /// The choices.
    #[serde(default)]
    pub options: Vec<String>,
    /// Whether a talk is complete only with an answer.
    #[serde(default)]
    pub required: bool,
}

/// Tells what is wrong with a list of questions, in both languages.
#[must_use]
pub fn problem(questions: &[Question]) -> Option<(&'static str, &'static str)> {
    if questions.len() > QUESTIONS_MAX {
        return Some(("最多 50 道题。", "At most 50 questions."));
    }
    let mut ids = BTreeSet::new();
    for question in questions {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let fits = (1..=40).contains(&question.id.len()) && question.id.chars().all(plain);
        if !fits || !ids.insert(&question.id) {
            return Some(("题目编号重复或无效。", "The id of a question is taken or malformed."));
        }
        if !(1..=200).contains(&question.title.trim().chars().count()) {
            return Some(("题目为 1 至 200 字。", "A question has 1 to 200 characters."));
        }
        let chooses = matches!(question.kind, QuestionKind::Single | QuestionKind::Multi);
        let distinct: BTreeSet<_> = question.options.iter().map(|option| option.trim()).collect();
        let sound = question.options.iter().all(|option| (1..=60).contains(&option.trim().chars().count()));
        if chooses && (!(2..=OPTIONS_MAX).contains(&question.options.len()) || !sound) {
            return Some(("选择题需要 2 至 20 个选项。", "A choice has 2 to 20 options."));
        }
        if chooses && distinct.len() != question.options.len() {
            return Some(("选项不能重复。", "Two options are the same."));
        }
    }
    None
}

/// Checks answers, by question id; returns what is kept of them. A talk that is not complete may leave
/// answers out.
///
/// # Errors
/// The id of the first question whose answer does not fit.
pub fn read(questions: &[Question], given: &Map<String, Value>, complete: bool) -> Result<Value, String> {
    let mut kept = Map::new();
    for question in questions {
        let refuse = || question.id.clone();
        let answer = given.get(&question.id).filter(|answer| !answer.is_null());
        let Some(answer) = answer else {
            if complete && question.required {
                return Err(refuse());
            }
            continue;
        };
        let is_option = |text: &str| question.options.iter().any(|option| option == text);
        let fits = match question.kind {
            QuestionKind::Single => answer.as_str().is_some_and(is_option),
            QuestionKind::Multi => answer.as_array().is_some_and(|chosen| {
                let texts: BTreeSet<_> = chosen.iter().filter_map(Value::as_str).collect();
                texts.len() == chosen.len()
                    && texts.iter().all(|text| is_option(text))
                    && !(complete && question.required && texts.is_empty())
            }),
            QuestionKind::Score => answer.as_i64().is_some_and(|score| (1..=5).contains(&score)),
            QuestionKind::Text => answer.as_str().is_some_and(|text| {
                let length = text.trim().chars().count();
                length <= WORDS_MAX && !(complete && question.required && length == 0)
            }),
        };
        if !fits {
            return Err(refuse());
        }
        kept.insert(question.id.clone(), answer.clone());
    }
    Ok(Value::Object(kept))
}

/// What was answered to a question.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = CampaignTally)]
pub struct Tally {
    /// Id of the question.
    pub id: String,
    /// What was asked.
    pub title: String,
    /// How it is answered.
    pub kind: QuestionKind,
    /// Citizens who answered it.
    pub answered: i64,
    /// Choices or scores, with how often each was given.
    pub counts: Vec<TallyCount>,
    /// Mean of the scores.
    pub mean: Option<f64>,
}

/// How often something was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CampaignTallyCount)]
pub struct TallyCount {
    /// The choice or score.
    pub option: String,
    /// How often.
    pub times: i64,
}

/// Counts answers; answers in words are counted, not shown.
#[must_use]
pub fn tally(questions: &[Question], answers: &[Value]) -> Vec<Tally> {
    questions
        .iter()
        .map(|question| {
            let mut counts: BTreeMap<String, i64> = BTreeMap::new();
            let (mut answered, mut sum) = (0, 0);
            for answer in answers.iter().filter_map(|given| given.get(&question.id)) {
                answered += 1;
                match answer {
                    Value::String(text) if question.kind == QuestionKind::Single => {
                        *counts.entry(text.clone()).or_default() += 1;
                    }
                    Value::Array(chosen) => {
                        for text in chosen.iter().filter_map(Value::as_str) {
                            *counts.entry(text.to_owned()).or_default() += 1;
                        }
                    }
                    Value::Number(score) => {
                        sum += score.as_i64().unwrap_or(0);
                        *counts.entry(score.to_string()).or_default() += 1;
                    }
                    _ => {}
                }
            }
            let order: Vec<String> = match question.kind {
                QuestionKind::Single | QuestionKind::Multi => question.options.clone(),
                QuestionKind::Score => (1..=5).map(|score| score.to_string()).collect(),
                QuestionKind::Text => Vec::new(),
            };
            let scored = question.kind == QuestionKind::Score && answered > 0;
            Tally {
                id: question.id.clone(),
                title: question.title.clone(),
                kind: question.kind,
                answered,
                mean: scored.then(|| sum as f64 / answered as f64),
                counts: order
                    .into_iter()
                    .map(|option| TallyCount { times: counts.get(&option).copied().unwrap_or(0), option })
                    .collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn questions() -> Vec<Question> {
        let question = |id: &str, kind, options: &[&str], required| Question {
            id: id.to_owned(),
            kind,
            title: "您满意吗？".to_owned(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            required,
        };
        vec![
            question("a", QuestionKind::Single, &["是", "否"], true),
            question("b", QuestionKind::Multi, &["水", "电", "气"], false),
            question("c", QuestionKind::Score, &[], true),
            question("d", QuestionKind::Text, &[], false),
        ]
    }

    #[test]
    fn only_answers_that_fit_are_kept() {
        let given = |value: Value| value.as_object().cloned().unwrap();
        let good = given(json!({"a": "是", "b": ["水", "气"], "c": 4, "d": "尽快修", "x": "不在题中"}));
        let kept = read(&questions(), &good, true).unwrap();
        assert_eq!(kept, json!({"a": "是", "b": ["水", "气"], "c": 4, "d": "尽快修"}));
        for (bad, at) in [
            (json!({"a": "也许", "c": 4}), "a"),
            (json!({"a": "是", "b": ["水", "水"], "c": 4}), "b"),
            (json!({"a": "是", "c": 6}), "c"),
            (json!({"a": "是"}), "c"),
            (json!({"a": "是", "c": 4, "d": "长".repeat(1_001)}), "d"),
        ] {
            assert_eq!(read(&questions(), &given(bad), true), Err(at.to_owned()));
        }
        assert_eq!(read(&questions(), &given(json!({})), false), Ok(json!({})), "who broke off");
    }

    #[test]
    fn answers_are_counted_by_choice() {
        let answers =
            [json!({"a": "是", "b": ["水"], "c": 5}), json!({"a": "否", "b": ["水", "电"], "c": 2})];
        let tallies = tally(&questions(), &answers);
        let times = |at: usize| tallies[at].counts.iter().map(|count| count.times).collect::<Vec<_>>();
        assert_eq!((times(0), times(1)), (vec![1, 1], vec![2, 1, 0]));
        assert_eq!((tallies[2].mean, tallies[3].answered), (Some(3.5), 0));
    }
}
