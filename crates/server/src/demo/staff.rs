//! Units, people, seats and categories.

use std::collections::HashMap;

use cases::case::Kind;
use cases::store::category::CategoryDraft;
use contract::identity::UnitBrief;
use identity::{NewPassword, NewPerson, NewSeat, NewUnit, UnitChange};
use kernel::http::Idem;
use kernel::{BoxError, Ctx, Principal};

use super::data::DemoCity;
use crate::City;

/// An agent's seat.
#[derive(Clone)]
pub(crate) struct Seat {
    /// The agent's account.
    pub account: String,
    /// The seat's number.
    pub no: String,
    /// The seat.
    pub id: String,
    /// The agent.
    pub person_id: String,
    /// The agent's name.
    pub name: String,
}

/// Who works in the city.
pub(crate) struct Staff {
    units: HashMap<String, UnitBrief>,
    people: HashMap<String, Principal>,
    agents: Vec<Seat>,
}

impl Staff {
    /// Finds a unit by its code in the files.
    pub(crate) fn unit(&self, code: &str) -> Result<&UnitBrief, BoxError> {
        self.units.get(code).ok_or_else(|| format!("the demonstration city has no unit {code}").into())
    }

    /// Finds a person by account.
    pub(crate) fn person(&self, account: &str) -> Result<&Principal, BoxError> {
        self.people
            .get(account)
            .ok_or_else(|| format!("the demonstration city has nobody called {account}").into())
    }

    /// Returns the seats of those who answer calls.
    pub(crate) fn agents(&self) -> &[Seat] {
        &self.agents
    }
}

/// Tells whether anybody has an account.
pub(crate) async fn anybody(city: &City) -> Result<bool, BoxError> {
    let people: i64 =
        sqlx::query_scalar("select count(*) from identity_person").fetch_one(city.kit.db.reader()).await?;
    Ok(people > 0)
}

/// Creates units, people, seats and categories.
pub(crate) async fn create(city: &City, ctx: &Ctx, written: &DemoCity) -> Result<Staff, BoxError> {
    let units = create_units(city, ctx, written).await?;
    let (people, agents) = create_people(city, ctx, written, &units).await?;
    create_categories(city, ctx, written).await?;
    Ok(Staff { units, people, agents })
}

async fn create_units(
    city: &City,
    ctx: &Ctx,
    written: &DemoCity,
) -> Result<HashMap<String, UnitBrief>, BoxError> {
    let mut units: HashMap<String, UnitBrief> = HashMap::new();
    for unit in &written.units {
        let made = match &unit.parent {
            // The first start has made the centre; it only gets its name here.
            None => {
                let wish = UnitChange {
                    version: 1,
                    code: Some(unit.code.clone()),
                    name: Some(unit.name.clone()),
                    phone: unit.phone.clone(),
                    ..UnitChange::default()
                };
                city.identity.change_unit(ctx, &city.identity.root_unit_id(), wish).await?
            }
            Some(parent) => {
                let parent = units.get(parent).ok_or_else(|| format!("{}: no unit {parent}", unit.code))?;
                let new = NewUnit {
                    id: None,
                    parent_id: Some(parent.id.clone()),
                    code: unit.code.clone(),
                    name: unit.name.clone(),
                    kind: unit.kind.clone(),
                    phone: unit.phone.clone(),
                };
                city.identity.create_unit(ctx, new, &Idem::none()).await?
            }
        };
        units.insert(unit.code.clone(), made.brief());
    }
    Ok(units)
}

async fn create_people(
    city: &City,
    ctx: &Ctx,
    written: &DemoCity,
    units: &HashMap<String, UnitBrief>,
) -> Result<(HashMap<String, Principal>, Vec<Seat>), BoxError> {
    // One hash for all: two hundred of them would take a minute, and the password is public anyway.
    let password = written.people.demo_password.clone();
    let hash = tokio::task::spawn_blocking(move || identity::hash_password(&password)).await??;
    let (mut people, mut agents) = (HashMap::new(), Vec::new());
    for person in &written.people.people {
        let unit =
            units.get(&person.unit).ok_or_else(|| format!("{}: no unit {}", person.account, person.unit))?;
        let new = NewPerson {
            id: None,
            account: person.account.clone(),
            name: person.name.clone(),
            job_no: person.job_no.clone(),
            phone: None,
            email: Some(format!("{}@yunzhou.example", person.account)),
            unit_id: unit.id.clone(),
            roles: person.roles.clone(),
            password: NewPassword::Hash(hash.clone()),
            must_change: false,
        };
        let made = city.identity.create_person(ctx, new, &Idem::none()).await?;
        if let Some(no) = &person.seat {
            let seat = NewSeat {
                id: None,
                no: no.clone(),
                name: String::new(),
                unit_id: unit.id.clone(),
                person_id: Some(made.id.clone()),
                skills: person.skills.clone(),
            };
            let seat = city.identity.create_seat(ctx, seat, &Idem::none()).await?;
            if person.roles.iter().any(|role| role == "agent") {
                agents.push(Seat {
                    account: person.account.clone(),
                    no: no.clone(),
                    id: seat.id.0,
                    person_id: made.id.0.clone(),
                    name: made.name.clone(),
                });
            }
        }
        let deputy = cases::seed::deputy(made.id.as_str(), &made.name, unit.id.as_str(), &unit.path);
        people.insert(person.account.clone(), deputy);
    }
    Ok((people, agents))
}

async fn create_categories(city: &City, ctx: &Ctx, written: &DemoCity) -> Result<(), BoxError> {
    let drafts: Vec<CategoryDraft> = written
        .categories
        .iter()
        .zip(0_i64..)
        .map(|(category, ordinal)| CategoryDraft {
            parent_code: category.parent.clone(),
            code: category.code.clone(),
            name: category.name.clone(),
            kind: category.default_type.as_deref().and_then(Kind::parse),
            unit_code: category.unit.clone(),
            ordinal,
        })
        .collect();
    city.cases.add_categories(ctx, &drafts).await?;
    Ok(())
}
