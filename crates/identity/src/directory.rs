//! Who and what belongs where, kept in memory, since every request and every dispatch asks.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use contract::identity::{
    Directory, PersonBrief, PersonId, Receiver, SeatBrief, SeatId, UnitBrief, UnitId, WordBrief,
};
use kernel::{BoxError, Db, DbError, Principal, Scope, Timestamp};

use crate::Identity;
use crate::person::StoredPerson;
use crate::role::Role;
use crate::seat::Seat;
use crate::store;
use crate::unit::{Unit, is_under};

/// After so long another process's changes are looked for.
const FRESH_MILLIS: i64 = 2000;

/// What a change made old.
#[derive(Clone, Debug)]
pub(crate) enum Touched {
    Units,
    Person(PersonId),
    Roles,
    Seats,
    /// So much that everything is read afresh.
    All,
    Nothing,
}

#[derive(Clone, Debug)]
pub(crate) struct KnownPerson {
    pub(crate) brief: PersonBrief,
    pub(crate) account: String,
    pub(crate) email: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) active: bool,
    pub(crate) must_change: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    generation: i64,
    looked_at: Timestamp,
    pub(crate) units: HashMap<UnitId, Unit>,
    pub(crate) people: HashMap<PersonId, KnownPerson>,
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) seats: HashMap<String, Seat>,
}

impl Snapshot {
    fn put_person(&mut self, person: &StoredPerson, roles: Vec<String>) {
        self.people.insert(
            person.id.clone(),
            KnownPerson {
                brief: person.brief(),
                account: person.account.clone(),
                email: person.email.clone(),
                roles,
                active: person.active,
                must_change: person.must_change,
            },
        );
    }

    /// Returns what a person may do: each capability in the widest scope that a role gives. A field is
    /// masked unless some role shows it. Before a forced change of password they may do nothing.
    pub(crate) fn principal(&self, id: &PersonId, session_id: &str) -> Option<Principal> {
        let person = self.people.get(id).filter(|person| person.active)?;
        let roles: Vec<&Role> = person.roles.iter().filter_map(|role| self.roles.get(role)).collect();
        let mut grants: HashMap<String, Scope> = HashMap::new();
        if !person.must_change {
            for (name, scope) in roles.iter().flat_map(|role| &role.grants) {
                let widest = grants.entry(name.clone()).or_insert(*scope);
                *widest = (*widest).max(*scope);
            }
        }
        let masks = crate::role::MASKS
            .iter()
            .filter(|mask| roles.iter().all(|role| role.masks.contains(**mask)))
            .map(|mask| (*mask).to_owned())
            .collect();
        Some(Principal {
            person_id: id.0.clone(),
            account: person.account.clone(),
            name: person.brief.name.clone(),
            job_no: person.brief.job_no.clone(),
            unit_id: person.brief.unit_id.0.clone(),
            unit_path: self
                .units
                .get(&person.brief.unit_id)
                .map(|unit| unit.path.clone())
                .unwrap_or_default(),
            roles: person.roles.clone(),
            grants: Arc::new(grants),
            masks: Arc::new(masks),
            session_id: session_id.to_owned(),
        })
    }

    /// Returns the roles of a person, with `changed` in the place of the one that it would replace.
    pub(crate) fn together<'a>(&'a self, person: &KnownPerson, changed: &'a Role) -> Vec<&'a Role> {
        let others = person.roles.iter().filter(|other| **other != changed.id);
        others.filter_map(|other| self.roles.get(other)).chain([changed]).collect()
    }

    fn has(&self, person: &KnownPerson, capability: &str) -> bool {
        person
            .roles
            .iter()
            .filter_map(|role| self.roles.get(role))
            .any(|role| role.grants.contains_key(capability))
    }
}

/// The snapshot behind a lock that is held for lookups only.
#[derive(Debug, Default)]
pub(crate) struct Directories(RwLock<Snapshot>);

impl Directories {
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> T {
        look(&self.0.read().expect("no holder of this lock can panic"))
    }

    fn write(&self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.0.write().expect("no holder of this lock can panic"));
    }

    /// Reads everything afresh.
    pub(crate) async fn reload(&self, db: &Db, now: Timestamp) -> Result<(), DbError> {
        let mut conn = db.reader().acquire().await?;
        let mut fresh = Snapshot {
            // Read first: a change that commits meanwhile has a later number and is looked for again.
            generation: store::generation(&mut conn).await?,
            looked_at: now,
            ..Snapshot::default()
        };
        fresh.units =
            store::unit::all(&mut conn).await?.into_iter().map(|unit| (unit.id.clone(), unit)).collect();
        fresh.roles =
            store::role::all(&mut conn).await?.into_iter().map(|role| (role.id.clone(), role)).collect();
        fresh.seats =
            store::seat::all(&mut conn).await?.into_iter().map(|seat| (seat.id.0.clone(), seat)).collect();
        let mut roles: HashMap<String, Vec<String>> = HashMap::new();
        for (person, role) in store::role::holders(&mut conn, None).await? {
            roles.entry(person).or_default().push(role);
        }
        for person in store::person::all(&mut conn).await? {
            let held = roles.remove(&person.id.0).unwrap_or_default();
            fresh.put_person(&person, held);
        }
        self.write(|snapshot| *snapshot = fresh);
        Ok(())
    }

    /// Takes over a change of this process that made `generation`.
    pub(crate) async fn refresh(
        &self,
        db: &Db,
        touched: Touched,
        generation: i64,
        now: Timestamp,
    ) -> Result<(), DbError> {
        if matches!(touched, Touched::All) || self.read(|snapshot| snapshot.generation) != generation - 1 {
            return self.reload(db, now).await;
        }
        let mut conn = db.reader().acquire().await?;
        match touched {
            Touched::Units => {
                let units = store::unit::all(&mut conn).await?;
                self.write(|snapshot| {
                    snapshot.units = units.into_iter().map(|unit| (unit.id.clone(), unit)).collect();
                });
            }
            Touched::Roles => {
                let roles = store::role::all(&mut conn).await?;
                self.write(|snapshot| {
                    snapshot.roles = roles.into_iter().map(|role| (role.id.clone(), role)).collect();
                });
            }
            Touched::Seats => {
                let seats = store::seat::all(&mut conn).await?;
                self.write(|snapshot| {
                    snapshot.seats = seats.into_iter().map(|seat| (seat.id.0.clone(), seat)).collect();
                });
            }
            Touched::Person(id) => {
                let person = store::person::find(&mut conn, &id).await?;
                let roles = store::role::of_person(&mut conn, &id).await?;
                self.write(|snapshot| match person {
                    Some(person) => {
                        if !person.active {
                            snapshot.seats.values_mut().for_each(|seat| {
                                seat.person_id.take_if(|holder| *holder == person.id);
                            });
                        }
                        snapshot.put_person(&person, roles);
                    }
                    None => drop(snapshot.people.remove(&id)),
                });
            }
            Touched::All | Touched::Nothing => {}
        }
        self.write(|snapshot| snapshot.generation = snapshot.generation.max(generation));
        Ok(())
    }
}

impl Identity {
    /// Looks for changes of other processes, once in a while.
    pub(crate) async fn look_for_changes(&self) -> Result<(), DbError> {
        let now = self.kit.now();
        let (known, looked_at) = self.directory.read(|snapshot| (snapshot.generation, snapshot.looked_at));
        if now.millis_since(looked_at) < FRESH_MILLIS {
            return Ok(());
        }
        let mut conn = self.kit.db.reader().acquire().await?;
        let generation = store::generation(&mut conn).await?;
        drop(conn);
        if generation == known {
            self.directory.write(|snapshot| snapshot.looked_at = now);
            return Ok(());
        }
        self.directory.reload(&self.kit.db, now).await?;
        self.kit.parameters.reload(&self.kit.db).await?;
        self.gate.forget_all();
        Ok(())
    }
}

#[async_trait]
impl Directory for Identity {
    async fn unit(&self, id: &UnitId) -> Result<Option<UnitBrief>, BoxError> {
        self.look_for_changes().await?;
        Ok(self.directory.read(|snapshot| snapshot.units.get(id).map(Unit::brief)))
    }

    async fn unit_by_code(&self, code: &str) -> Result<Option<UnitBrief>, BoxError> {
        self.look_for_changes().await?;
        Ok(self
            .directory
            .read(|snapshot| snapshot.units.values().find(|unit| unit.code == code).map(Unit::brief)))
    }

    async fn units_under(&self, id: &UnitId) -> Result<Vec<UnitBrief>, BoxError> {
        self.look_for_changes().await?;
        let mut units: Vec<UnitBrief> = self.directory.read(|snapshot| {
            let Some(root) = snapshot.units.get(id) else { return Vec::new() };
            snapshot.units.values().filter(|unit| is_under(&unit.path, &root.path)).map(Unit::brief).collect()
        });
        units.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
        Ok(units)
    }

    async fn person(&self, id: &PersonId) -> Result<Option<PersonBrief>, BoxError> {
        self.look_for_changes().await?;
        Ok(self.directory.read(|snapshot| snapshot.people.get(id).map(|person| person.brief.clone())))
    }

    async fn receiver(&self, id: &PersonId) -> Result<Option<Receiver>, BoxError> {
        self.look_for_changes().await?;
        Ok(self.directory.read(|snapshot| {
            let principal = snapshot.principal(id, "")?;
            Some(Receiver { principal, email: snapshot.people.get(id)?.email.clone() })
        }))
    }

    async fn people_like(&self, text: &str, limit: usize) -> Result<Vec<PersonBrief>, BoxError> {
        self.look_for_changes().await?;
        let text = text.trim().to_lowercase();
        let mut people: Vec<PersonBrief> = self.directory.read(|snapshot| {
            let alike = |person: &&KnownPerson| {
                person.active
                    && (person.brief.name.to_lowercase().contains(&text)
                        || person.account.contains(&text)
                        || person.brief.job_no.as_ref().is_some_and(|no| no.to_lowercase() == text))
            };
            snapshot.people.values().filter(alike).map(|person| person.brief.clone()).collect()
        });
        people.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        people.truncate(limit);
        Ok(people)
    }

    async fn people_with(&self, unit: &UnitId, capability: &str) -> Result<Vec<PersonBrief>, BoxError> {
        self.look_for_changes().await?;
        let mut people: Vec<PersonBrief> = self.directory.read(|snapshot| {
            snapshot
                .people
                .values()
                .filter(|person| person.active && person.brief.unit_id == *unit)
                .filter(|person| snapshot.has(person, capability))
                .map(|person| person.brief.clone())
                .collect()
        });
        people.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(people)
    }

    async fn seat(&self, id: &SeatId) -> Result<Option<SeatBrief>, BoxError> {
        self.look_for_changes().await?;
        Ok(self.directory.read(|snapshot| snapshot.seats.get(id.as_str()).map(Seat::brief)))
    }

    async fn seat_of(&self, person: &PersonId) -> Result<Option<SeatBrief>, BoxError> {
        self.look_for_changes().await?;
        Ok(self.directory.read(|snapshot| {
            snapshot
                .seats
                .values()
                .find(|seat| seat.active && seat.person_id.as_ref() == Some(person))
                .map(Seat::brief)
        }))
    }

    async fn word(&self, list: &str, code: &str) -> Result<Option<WordBrief>, BoxError> {
        let mut conn = self.kit.db.reader().acquire().await?;
        let entry = store::dictionary::find(&mut conn, list, code).await?;
        Ok(entry.map(|entry| WordBrief { zh: entry.zh, en: entry.en, active: entry.active }))
    }

    async fn role(&self, id: &str) -> Result<Option<WordBrief>, BoxError> {
        self.look_for_changes().await?;
        Ok(self.directory.read(|snapshot| {
            snapshot.roles.get(id).map(|role| WordBrief {
                zh: role.name_zh.clone(),
                en: role.name_en.clone(),
                active: true,
            })
        }))
    }
}
