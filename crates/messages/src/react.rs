//! What is told when something happens to an order.

use contract::cases::{
    AlarmRaised, CaseAssigned, CaseDispatched, CaseId, CaseReturned, CaseUrged, CitizenReplyDue,
    DeadlineMissed, DeadlineNear, ExchangeWritten, RatingGiven, UnitSucceeded,
};
use contract::identity::{PersonId, RegistrationChanged, UnitId};
use kernel::{Envelope, Event as _, Subscription};
use serde_json::{Map, Value, json};

use crate::Messages;
use crate::error::MessageError;
use crate::kind::Kind;
use crate::rule::Rule;

/// A rating of so many stars or fewer says that somebody is not satisfied.
const BAD_STARS: i64 = 2;
/// What happened longer ago is nobody's news.
const NEWS_MS: i64 = 86_400_000;

/// Whom an event concerns.
#[derive(Clone, Debug, Default)]
struct Concern {
    case_id: String,
    unit_id: Option<String>,
    person_id: Option<String>,
    limit: Option<String>,
}

/// Returns the slice's reactions.
#[must_use]
pub fn subscriptions(messages: &Messages) -> Vec<Subscription> {
    let (telling, replying) = (messages.clone(), messages.clone());
    let replies = Subscription::new("messages.tell_citizen", &[CitizenReplyDue::NAME], move |envelope| {
        let messages = replying.clone();
        async move {
            messages.tell_citizen(&envelope).await?;
            Ok(())
        }
    });
    vec![
        replies,
        Subscription::new(
            "messages.tell",
            &[
                DeadlineNear::NAME,
                DeadlineMissed::NAME,
                CaseUrged::NAME,
                CaseReturned::NAME,
                CaseDispatched::NAME,
                CaseAssigned::NAME,
                UnitSucceeded::NAME,
                RegistrationChanged::NAME,
                AlarmRaised::NAME,
                RatingGiven::NAME,
                ExchangeWritten::NAME,
            ],
            move |envelope| {
                let messages = telling.clone();
                async move {
                    messages.react(&envelope).await?;
                    Ok(())
                }
            },
        ),
    ]
}

fn concern(envelope: &Envelope) -> Result<Option<(Kind, Concern)>, serde_json::Error> {
    let id = |id: CaseId| id.0;
    Ok(Some(match envelope.name.as_str() {
        DeadlineNear::NAME => {
            let event: DeadlineNear = envelope.read()?;
            let limit = Some(event.name);
            (
                Kind::DueSoon,
                Concern {
                    case_id: id(event.case_id),
                    unit_id: event.unit_id,
                    person_id: event.person_id,
                    limit,
                },
            )
        }
        DeadlineMissed::NAME => {
            let event: DeadlineMissed = envelope.read()?;
            let limit = Some(event.name);
            (
                Kind::Overdue,
                Concern {
                    case_id: id(event.case_id),
                    unit_id: event.unit_id,
                    person_id: event.person_id,
                    limit,
                },
            )
        }
        CaseUrged::NAME => {
            let event: CaseUrged = envelope.read()?;
            (
                Kind::Urged,
                Concern {
                    case_id: id(event.case_id),
                    unit_id: event.unit_id,
                    person_id: event.person_id,
                    limit: None,
                },
            )
        }
        CaseReturned::NAME => {
            let event: CaseReturned = envelope.read()?;
            (Kind::Returned, Concern { case_id: id(event.case_id), ..Concern::default() })
        }
        CaseDispatched::NAME => {
            let event: CaseDispatched = envelope.read()?;
            (
                Kind::Dispatched,
                Concern { case_id: id(event.case_id), unit_id: Some(event.unit_id), ..Concern::default() },
            )
        }
        CaseAssigned::NAME => {
            let event: CaseAssigned = envelope.read()?;
            (
                Kind::Assigned,
                Concern {
                    case_id: id(event.case_id),
                    unit_id: event.unit_id,
                    person_id: event.person_id,
                    limit: None,
                },
            )
        }
        _ => return Ok(None),
    }))
}

impl Messages {
    /// Tells whom the rule of the event's kind names.
    ///
    /// # Errors
    /// When the database or the directory fails.
    pub async fn react(&self, envelope: &Envelope) -> Result<(), MessageError> {
        let now = self.kit().now();
        if now.0 - envelope.at.0 > NEWS_MS {
            return Ok(());
        }
        if envelope.name == UnitSucceeded::NAME {
            return self.tell_successor(envelope).await;
        }
        if envelope.name == RegistrationChanged::NAME {
            return self.tell_of_registration(envelope).await;
        }
        if envelope.name == AlarmRaised::NAME {
            return self.tell_of_alarm(envelope).await;
        }
        if envelope.name == RatingGiven::NAME {
            return self.tell_of_rating(envelope).await;
        }
        if envelope.name == ExchangeWritten::NAME {
            return self.tell_of_exchange(envelope).await;
        }
        let read = concern(envelope).map_err(|error| MessageError::Port(error.into()))?;
        let Some((kind, concern)) = read else { return Ok(()) };
        let rule = self.rule(kind).await?;
        if !rule.active {
            return Ok(());
        }
        let mut people: Vec<String> = Vec::new();
        if rule.handler {
            match (&concern.person_id, &concern.unit_id) {
                (Some(person), _) => people.push(person.clone()),
                (None, Some(unit)) => people.extend(self.people(unit, "case.handle").await?),
                (None, None) => {
                    people.extend(self.people(self.ports().centre.as_str(), "case.dispatch").await?)
                }
            }
        }
        if rule.leader
            && let Some(unit) = &concern.unit_id
        {
            people.extend(self.people(unit, "overview.read").await?);
        }
        if rule.supervisor {
            let capability = if concern.unit_id.is_some() { "case.result_review" } else { "case.dispatch" };
            people.extend(self.people(self.ports().centre.as_str(), capability).await?);
        }
        people.sort();
        people.dedup();
        // Nobody is told of what they did themselves.
        people.retain(|person| *person != envelope.actor.id);
        let case_id = CaseId(concern.case_id.clone());
        let brief = self.ports().cases.brief(&case_id).await.map_err(MessageError::Port)?;
        let Some(brief) = brief else { return Ok(()) };
        let facts = json!({
            "number": brief.number, "title": brief.title, "limit": concern.limit, "by": envelope.actor.name,
        });
        let facts: Map<String, Value> = facts.as_object().cloned().unwrap_or_default();
        let key = format!("event.{}", envelope.seq);
        let ctx = envelope.ctx("messages", now);
        self.tell(&ctx, &rule, &people, &key, &facts, ("case", &concern.case_id)).await
    }

    /// Tells the successor's clerks, and its leaders where the rule says so, how many orders came.
    async fn tell_successor(&self, envelope: &Envelope) -> Result<(), MessageError> {
        let event: UnitSucceeded = envelope.read().map_err(|error| MessageError::Port(error.into()))?;
        let rule = self.rule(Kind::Succeeded).await?;
        if !rule.active {
            return Ok(());
        }
        let mut people: Vec<String> = Vec::new();
        if rule.handler {
            people.extend(self.people(&event.successor_id, "case.handle").await?);
        }
        if rule.leader {
            people.extend(self.people(&event.successor_id, "overview.read").await?);
        }
        if rule.supervisor {
            people.extend(self.people(self.ports().centre.as_str(), "case.dispatch").await?);
        }
        people.sort();
        people.dedup();
        let facts = json!({ "number": event.unit_name, "orders": event.orders });
        let facts: Map<String, Value> = facts.as_object().cloned().unwrap_or_default();
        let key = format!("event.{}", envelope.seq);
        let ctx = envelope.ctx("messages", self.kit().now());
        self.tell(&ctx, &rule, &people, &key, &facts, ("unit_tasks", &event.successor_id)).await
    }

    /// Tells who decides on an application: the nearest administrators above the applicant's unit, else the
    /// system's; of an approved one, who gives rights.
    async fn tell_of_registration(&self, envelope: &Envelope) -> Result<(), MessageError> {
        let event: RegistrationChanged = envelope.read().map_err(|error| MessageError::Port(error.into()))?;
        let capability = match event.state.as_str() {
            "pending" => "registration.decide",
            "approved" => "role.write",
            _ => return Ok(()),
        };
        let rule = self.rule(Kind::Registration).await?;
        let unit = self.ports().directory.unit(&event.unit_id).await.map_err(MessageError::Port)?;
        let Some(unit) = unit.filter(|_| rule.active && rule.handler) else { return Ok(()) };
        let mut people = Vec::new();
        for id in unit.path.split('/').filter(|id| !id.is_empty()).rev() {
            people = self.people(id, capability).await?;
            if !people.is_empty() {
                break;
            }
        }
        people.retain(|person| *person != envelope.actor.id);
        let facts = json!({ "number": unit.name, "state": event.state });
        let facts: Map<String, Value> = facts.as_object().cloned().unwrap_or_default();
        let key = format!("event.{}", envelope.seq);
        let ctx = envelope.ctx("messages", self.kit().now());
        self.tell(&ctx, &rule, &people, &key, &facts, ("registration", &event.registration_id)).await
    }

    /// Tells those of the level that an alarm has come to; the first level had the notice of the missed limit.
    async fn tell_of_alarm(&self, envelope: &Envelope) -> Result<(), MessageError> {
        let event: AlarmRaised = envelope.read().map_err(|error| MessageError::Port(error.into()))?;
        let rule = self.rule(Kind::Alarm).await?;
        if !event.escalated || !rule.active {
            return Ok(());
        }
        let people = match (&event.unit_id, event.level) {
            (Some(unit), 2) if rule.leader => self.people(unit, "overview.read").await?,
            (_, 3) if rule.supervisor => {
                self.people(self.ports().centre.as_str(), "case.result_review").await?
            }
            _ => Vec::new(),
        };
        let facts = json!({ "limit": event.limit_name });
        self.tell_of_order(envelope, &rule, people, &event.case_id, facts).await
    }

    /// Tells the unit that a citizen is not satisfied with what it did (FBK-06).
    async fn tell_of_rating(&self, envelope: &Envelope) -> Result<(), MessageError> {
        let event: RatingGiven = envelope.read().map_err(|error| MessageError::Port(error.into()))?;
        let rule = self.rule(Kind::BadRating).await?;
        let Some(unit) = event.unit_id.filter(|_| rule.active && event.stars <= BAD_STARS) else {
            return Ok(());
        };
        let mut people = Vec::new();
        if rule.handler {
            people.extend(self.people(&unit, "case.handle").await?);
        }
        if rule.leader {
            people.extend(self.people(&unit, "overview.read").await?);
        }
        if rule.supervisor {
            people.extend(self.people(self.ports().centre.as_str(), "case.result_review").await?);
        }
        let facts = json!({ "stars": event.stars.to_string() });
        self.tell_of_order(envelope, &rule, people, &event.case_id, facts).await
    }

    /// Tells those who write for the units, and their leaders where the rule says so.
    async fn tell_of_exchange(&self, envelope: &Envelope) -> Result<(), MessageError> {
        let event: ExchangeWritten = envelope.read().map_err(|error| MessageError::Port(error.into()))?;
        let rule = self.rule(Kind::Exchange).await?;
        if !rule.active {
            return Ok(());
        }
        let mut people = Vec::new();
        for unit in &event.unit_ids {
            if rule.handler {
                people.extend(self.people(unit, "exchange.write").await?);
            }
            if rule.leader {
                people.extend(self.people(unit, "overview.read").await?);
            }
        }
        people.sort();
        people.dedup();
        people.retain(|person| *person != envelope.actor.id);
        let writer = UnitId(event.by_unit.clone());
        let writer = self.ports().directory.unit(&writer).await.map_err(MessageError::Port)?;
        let name = writer.map(|unit| unit.name).unwrap_or_default();
        let facts = json!({ "number": name, "title": event.subject, "what": event.what });
        let facts: Map<String, Value> = facts.as_object().cloned().unwrap_or_default();
        let key = format!("event.{}", envelope.seq);
        let ctx = envelope.ctx("messages", self.kit().now());
        self.tell(&ctx, &rule, &people, &key, &facts, ("exchange", &event.exchange_id)).await
    }

    /// Tells people something of an order, with its number and title beside `facts`.
    async fn tell_of_order(
        &self,
        envelope: &Envelope,
        rule: &Rule,
        mut people: Vec<String>,
        case_id: &CaseId,
        facts: Value,
    ) -> Result<(), MessageError> {
        people.sort();
        people.dedup();
        people.retain(|person| *person != envelope.actor.id);
        let brief = self.ports().cases.brief(case_id).await.map_err(MessageError::Port)?;
        let Some(brief) = brief.filter(|_| !people.is_empty()) else { return Ok(()) };
        let mut facts: Map<String, Value> = facts.as_object().cloned().unwrap_or_default();
        facts.insert("number".to_owned(), brief.number.into());
        facts.insert("title".to_owned(), brief.title.into());
        let key = format!("event.{}", envelope.seq);
        let ctx = envelope.ctx("messages", self.kit().now());
        self.tell(&ctx, rule, &people, &key, &facts, ("case", case_id.as_str())).await
    }

    async fn people(&self, unit_id: &str, capability: &str) -> Result<Vec<String>, MessageError> {
        let unit = UnitId(unit_id.to_owned());
        let people =
            self.ports().directory.people_with(&unit, capability).await.map_err(MessageError::Port)?;
        Ok(people.into_iter().map(|person| PersonId(person.id.0).0).collect())
    }
}
