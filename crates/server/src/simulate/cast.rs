//! Who plays: callers and answers of `demo/simulate.json`, staff of `demo/people.json`.

use std::collections::HashMap;

use serde::Deserialize;

#[derive(Deserialize)]
struct Script {
    callers: Vec<Caller>,
    answers: Vec<Answer>,
}

/// A citizen.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Caller {
    pub name: String,
    pub gender: String,
    pub phone: String,
    /// The first words.
    pub say: String,
    /// Patience in the queue.
    pub wait_secs: u64,
    /// Length of the conversation.
    pub talk_secs: u64,
    /// How content they are in the end.
    pub stars: i64,
    pub order: Order,
}

/// What a citizen wants.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Order {
    #[serde(rename = "type")]
    pub kind: String,
    /// Code of the category.
    pub category: String,
    pub title: String,
    pub content: String,
    /// Code of the district.
    pub district: String,
    pub address: String,
    /// Code of the unit that has to deal with it.
    pub unit: String,
    pub urgency: String,
}

#[derive(Deserialize)]
struct Answer {
    /// Code of the first level.
    category: String,
    text: String,
}

#[derive(Deserialize)]
struct People {
    demo_password: String,
    people: Vec<Person>,
}

#[derive(Deserialize)]
struct Person {
    account: String,
    unit: String,
    roles: Vec<String>,
    seat: Option<String>,
}

#[derive(Deserialize)]
struct Districts {
    districts: Vec<District>,
}

#[derive(Deserialize)]
struct District {
    code: String,
    name: String,
}

/// An agent's account and seat.
#[derive(Clone, Debug)]
pub(super) struct AgentPart {
    pub account: String,
    pub seat: String,
}

/// All who play.
pub(super) struct Cast {
    pub password: String,
    pub callers: Vec<Caller>,
    /// Agents with a seat, without those that are left to the person who tries the system.
    pub agents: Vec<AgentPart>,
    answers: Vec<Answer>,
    people: Vec<Person>,
    districts: HashMap<String, String>,
}

/// The account that each role's first visitor is shown; simulated staff leave them alone.
const VISITORS: [&str; 4] = ["agent01", "shift01", "dispatch01", "review01"];

impl Cast {
    /// Reads the demonstration city's files.
    pub fn read() -> serde_json::Result<Self> {
        let script: Script = serde_json::from_str(include_str!("../../demo/simulate.json"))?;
        let people: People = serde_json::from_str(include_str!("../../demo/people.json"))?;
        let Districts { districts } = serde_json::from_str(include_str!("../../demo/districts.json"))?;
        let agents = people
            .people
            .iter()
            .filter(|person| person.roles.iter().any(|role| role == "agent"))
            .filter(|person| !VISITORS.contains(&person.account.as_str()))
            .filter_map(|person| {
                Some(AgentPart { account: person.account.clone(), seat: person.seat.clone()? })
            })
            .collect();
        Ok(Self {
            password: people.demo_password,
            callers: script.callers,
            agents,
            answers: script.answers,
            people: people.people,
            districts: districts.into_iter().map(|district| (district.code, district.name)).collect(),
        })
    }

    /// Returns accounts that hold a role at the centre.
    pub fn staff(&self, role: &str) -> Vec<&str> {
        let holds = |person: &&Person| person.roles.iter().any(|held| held == role);
        let free = |person: &&Person| !VISITORS.contains(&person.account.as_str());
        self.people.iter().filter(holds).filter(free).map(|person| person.account.as_str()).collect()
    }

    /// Returns the account that works for a unit.
    pub fn clerk(&self, unit: &str) -> Option<&str> {
        let of = |role: &str| {
            let holds =
                |person: &&Person| person.unit == unit && person.roles.iter().any(|held| held == role);
            self.people.iter().find(holds).map(|person| person.account.as_str())
        };
        of("unit_clerk").or_else(|| of("unit_admin"))
    }

    /// Returns an answer of a unit for a category; `turn` chooses among several.
    pub fn answer(&self, category: &str, turn: usize) -> &str {
        let fitting: Vec<_> =
            self.answers.iter().filter(|answer| category.starts_with(&answer.category)).collect();
        let all = if fitting.is_empty() { self.answers.iter().collect() } else { fitting };
        all.get(turn % all.len().max(1)).map_or("已办结。", |answer| answer.text.as_str())
    }

    /// Returns a district's name.
    pub fn district<'a>(&'a self, code: &'a str) -> &'a str {
        self.districts.get(code).map_or(code, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_cast_can_play() {
        let cast = Cast::read().unwrap();
        assert!(cast.callers.len() >= 60 && cast.agents.len() >= 6);
        assert!(!cast.agents.iter().any(|agent| agent.account == "agent01"));
        for role in ["shift_leader", "dispatcher", "reviewer"] {
            assert!(!cast.staff(role).is_empty(), "{role}");
        }
        for caller in &cast.callers {
            assert!(cast.clerk(&caller.order.unit).is_some(), "nobody works for {}", caller.order.unit);
            assert!(!cast.answer(&caller.order.category, 5).is_empty());
            assert_ne!(cast.district(&caller.order.district), caller.order.district);
        }
        let masked: HashSet<_> =
            cast.callers.iter().map(|caller| contract::contacts::mask_phone(&caller.phone)).collect();
        assert_eq!(
            masked.len(),
            cast.callers.len(),
            "an agent who sees masked numbers can tell callers apart"
        );
    }
}
