//! What an outbound task is: its mode, pace, times and questions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::questions::Question;
use super::retry::RetryRules;

/// Lines that one task may use at most.
pub const LINES_MAX: i64 = 500;
/// Characters of a script at most.
pub const SCRIPT_MAX: usize = 4_000;

/// How numbers are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CampaignMode)]
pub enum Mode {
    /// The agent reads about the citizen first and dials by a click (预览外呼).
    Preview,
    /// Whoever is ready gets the next call by itself (渐进外呼).
    Progressive,
    /// A call flow speaks; nobody sits at the line (语音通知).
    Notice,
}

impl Mode {
    /// Returns the word that is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Progressive => "progressive",
            Self::Notice => "notice",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Preview, Self::Progressive, Self::Notice].into_iter().find(|mode| mode.name() == name)
    }
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CampaignState)]
pub enum State {
    /// Is being prepared.
    Draft,
    /// Calls.
    Running,
    /// Calls nobody new for now.
    Paused,
    /// Ended by somebody before its list was through.
    Stopped,
    /// Its list is through.
    Done,
}

impl State {
    /// Returns the word that is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Done => "done",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Draft, Self::Running, Self::Paused, Self::Stopped, Self::Done]
            .into_iter()
            .find(|state| state.name() == name)
    }

    /// Tells whether somebody may bring it from here to there.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft | Self::Paused | Self::Done, Self::Running)
                | (Self::Running, Self::Paused)
                | (Self::Running | Self::Paused, Self::Stopped)
        )
    }

    /// Tells whether its list may be added to and its settings changed.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Stopped)
    }
}

/// What a task is set to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CampaignPlan)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// `visit` (回访), `survey` (调查), `notice` (通知).
    pub purpose: String,
    /// How numbers are called.
    pub mode: Mode,
    /// What the agent says, or what the voice says in a notice without a flow; `{{name}}` and the list's own
    /// columns may stand in it.
    pub script: String,
    /// What is asked; the answers are counted.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// The call flow of a notice; the script is spoken when absent.
    #[serde(default)]
    pub flow_id: Option<String>,
    /// Key of the table of working times in which people may be called.
    pub hours_id: String,
    /// Lines used at the same time at most.
    pub lines_max: i64,
    /// Agents who are left ready for citizens who call.
    #[serde(default)]
    pub keep_ready: i64,
    /// When who was not reached is called again.
    #[serde(default)]
    pub retry: RetryRules,
}

impl Plan {
    /// Returns what is wrong: field, Chinese, English.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut found = Vec::new();
        let name = self.name.trim().chars().count();
        if !(1..=60).contains(&name) {
            found.push(("name", "请填写名称，最多 60 字。", "A name of at most 60 characters."));
        }
        if !["visit", "survey", "notice"].contains(&self.purpose.as_str()) {
            found.push(("purpose", "请选择用途。", "Please choose what it is for."));
        }
        if self.script.chars().count() > SCRIPT_MAX {
            found.push(("script", "话术最多 4000 字。", "The script has at most 4,000 characters."));
        }
        if self.mode == Mode::Notice && self.flow_id.is_none() && self.script.trim().is_empty() {
            found.push((
                "script",
                "请填写通知内容或选择流程。",
                "Please write what is said, or choose a flow.",
            ));
        }
        if self.mode == Mode::Notice && self.script.chars().count() > crate::callflow::model::TEXT_MAX {
            found.push(("script", "语音通知最多 1000 字。", "A notice has at most 1,000 characters."));
        }
        if !(1..=LINES_MAX).contains(&self.lines_max) {
            found.push(("lines_max", "并发线路为 1 至 500。", "Between 1 and 500 lines."));
        }
        if !(0..=LINES_MAX).contains(&self.keep_ready) {
            found.push(("keep_ready", "保留座席为 0 至 500。", "Between 0 and 500 agents are kept."));
        }
        if self.hours_id.is_empty() || self.hours_id.len() > 40 {
            found.push(("hours_id", "请选择可呼叫时段。", "Please choose the times for calling."));
        }
        if let Some((zh, en)) = self.retry.problem() {
            found.push(("retry", zh, en));
        }
        if let Some((zh, en)) = super::questions::problem(&self.questions) {
            found.push(("questions", zh, en));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_task_stays_stopped() {
        for next in [State::Running, State::Paused, State::Draft, State::Done] {
            assert!(!State::Stopped.may_become(next));
        }
        assert!(State::Paused.may_become(State::Running), "a pause ends");
        assert!(State::Done.may_become(State::Running), "a longer list is called on");
        assert!(!State::Draft.may_become(State::Stopped));
    }
}
